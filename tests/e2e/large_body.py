#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A body of 1 GiB passes through and into the store with flat memory, and comes back from the
store byte for byte, to workers and to larder get."""

import os

from lib import (Origin, check, end_fetcher, finish, larder, path, run, say,
                 start_fetcher, stat)

SIZE = 1 << 30
FLAT_KIB = 64 * 1024


def main():
    free = os.statvfs(path()).f_bavail * os.statvfs(path()).f_frsize
    if free < 4 * SIZE:
        print(f"skipped: {free >> 20} MiB free")
        raise SystemExit(77)
    origin = Origin(files=10)
    file = origin.file("max-age", "large.bin")
    with open(file, "wb") as out:
        # Random once and then shifted: no two rows alike, and quick to make.
        block = os.urandom((1 << 20) - 1)
        for _ in range(SIZE // len(block)):
            out.write(block)
        out.write(block[:SIZE % len(block)])
    url = origin.url("max-age", "large.bin")
    item_list = origin.write_list([("max-age", url, file)])
    store = path("store")

    first = end_fetcher(start_fetcher(store, item_list, origin=origin), 200)
    say(f"first: {first}")
    check(first["wrong"] == 0 and first["bytes"] == SIZE, f"first: {first}")
    check(first["stored"] == 1, "the body is stored")
    check(first["anonymous_kib"] < FLAT_KIB, f"memory grew to {first['anonymous_kib']} KiB")

    again = end_fetcher(start_fetcher(store, item_list, "-n", 2, origin=origin), 200)
    say(f"again: {again}")
    check(again["wrong"] == 0 and again["bytes"] == 2 * SIZE, f"again: {again}")
    check(again["fresh"] == 2, "both came from the store")
    check(again["anonymous_kib"] < FLAT_KIB, f"memory grew to {again['anonymous_kib']} KiB")
    check(len(origin.log()) == 1, "the origin was asked once")

    target = path("copy.bin")
    got = larder("get", "--only-if-cached", "-o", target, url, store=store, timeout=120)
    check(got.returncode == 0, f"larder get: {got.stderr.decode()}")
    check(run("cmp", target, file, timeout=120).returncode == 0, "larder get -o wrote the file")
    say(f"stat: {stat(store).get('used_bytes', 0) >> 20} MiB used")

    purged = larder("purge", url, store=store, timeout=120)
    check(purged.returncode == 0, f"larder purge: {purged.stderr.decode()}")
    left = stat(store)
    check(left.get("used_bytes", 1 << 40) < 1 << 24, f"room is given back: {left}")
    finish()


if __name__ == "__main__":
    main()
