#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One pass warms the store with one request for each URL; then eight processes fetch all of
it twice, at once, and the origin sees only what its own policies ask for."""

import collections
import subprocess

from lib import (Origin, POLICIES, check, end_fetcher, finish, larder, path, say, start_fetcher,
                 start_larderd, stat, stop, total)

WORKERS = 8
PASSES = 2


def main():
    origin = Origin()
    items = origin.items()
    item_list = origin.write_list(items)
    store = path("store")
    daemon, _ = start_larderd(store)

    # The judge first: a body that is not the file's must be noticed.
    liar = start_fetcher(path("liar"), origin.write_list(
        [("", items[5][1], items[6][2])], "lies"), origin=origin, stderr=subprocess.DEVNULL)
    check(liar.wait(30) == 9, "a wrong body is noticed")
    origin.clear_log()

    warm = end_fetcher(start_fetcher(store, item_list, origin=origin))
    log = origin.log()
    say(f"warm: {warm}")
    check(len(log) == len(items) == warm["requests"],
          f"warming {len(items)} URLs made {len(log)} requests")
    check(all(entry[1] == "200" and entry[3] == "" for entry in log),
          "warming met conditions or other statuses than 200")
    check(warm["wrong"] == 0 and warm["failed"] == 0, f"warming: {warm}")

    origin.clear_log()
    workers = [start_fetcher(store, item_list, "-n", PASSES, "-r", n + 1, origin=origin)
               for n in range(WORKERS)]
    reports = [end_fetcher(worker) for worker in workers]
    say(f"workers: {dict(sum((collections.Counter(r) for r in reports), collections.Counter()))}")
    check(total(reports, "wrong") == 0, "wrong bodies")
    check(total(reports, "failed") == 0, "failed requests")

    fetches = WORKERS * PASSES
    seen = collections.Counter((entry[2], entry[1], bool(entry[3])) for entry in origin.log())
    for policy, url, _ in items:
        after = POLICIES[policy][1]
        want = {"fresh": {}, "validate": {("304", True): fetches},
                "fetch": {("200", False): fetches}}[after]
        got = {key[1:]: n for key, n in seen.items() if key[0] == url}
        check(got == want, f"{url}: the origin saw {got}, not {want}")
    how = collections.Counter()
    for policy, _, _ in items:
        how[POLICIES[policy][1]] += fetches
    check(total(reports, "fresh") == how["fresh"], f"fresh: {total(reports, 'fresh')}")
    check(total(reports, "revalidated") == how["validate"],
          f"revalidated: {total(reports, 'revalidated')}")

    counters = stat(store).get("counters", {})
    check(counters.get("hits", 0) >= how["fresh"], f"counters: {counters}")
    listed = larder("ls", "--sort", "url", store=store)
    check(listed.returncode == 0 and len(listed.stdout.splitlines()) > how["fresh"] / fetches,
          "larder ls lists what is stored")
    check(stop(daemon) == 0, "larderd ends with 0 on SIGTERM")
    finish()


if __name__ == "__main__":
    main()
