#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Workers with different credentials share a store and never see each other's answers, even
where the origin says nothing that forbids it."""

import json

from lib import (Origin, PRINCIPALS, check, end_fetcher, finish, larder, path, say,
                 start_fetcher, total)

FIELDS = {"anonymous": [], "alice": ["-H", "Authorization=Bearer alice"],
          "bob": ["-H", "Cookie=sid=bob"]}


def main():
    origin = Origin(files=120)
    store = path("store")
    lists = {who: origin.write_list(origin.items(who), f"list-{who}") for who in PRINCIPALS}

    # In turn, so that each meets what the others have left; then all at once.
    for who in PRINCIPALS:
        report = end_fetcher(start_fetcher(store, lists[who], *FIELDS[who], origin=origin))
        check(report["wrong"] == 0, f"{who} saw another's answers: {report}")
        check(report["fresh"] == 0 and report["revalidated"] == 0,
              f"{who} was served what only others had fetched: {report}")
    workers = [start_fetcher(store, lists[who], *FIELDS[who], "-n", 3, "-r", n + 1,
                             origin=origin)
               for n, who in enumerate(PRINCIPALS * 2)]
    reports = [end_fetcher(worker) for worker in workers]
    say(f"fresh {total(reports, 'fresh')}, revalidated {total(reports, 'revalidated')}")
    check(total(reports, "wrong") == 0, "wrong bodies in the mix")
    check(total(reports, "failed") == 0, "failed requests in the mix")
    check(total(reports, "fresh") > 0, "nothing was served from the store")

    # The origin saw each condition only from whoever holds the entry.
    for _, status, url, condition, who in origin.log():
        check(status in ("200", "304"), f"{url}: {status} for {who} ({condition})")

    # Three partitions, the credentials in none of their names nor anywhere in the store.
    listed = larder("ls", "--json", store=store)
    partitions = {json.loads(line)["partition"] for line in listed.stdout.splitlines()}
    check(len(partitions) == 3 and "" in partitions, f"partitions: {partitions}")
    with open(f"{store}/data.mdb", "rb") as data:
        raw = data.read()
    check(b"Bearer alice" not in raw and b"sid=bob" not in raw,
          "credentials stand in the store's file")

    # larder get follows the same rule, and -p "" asks for nobody's.
    url = origin.url("max-age", "5.bin", "https")
    for who, field in (("alice", "Authorization: Bearer alice"), ("bob", "Cookie: sid=bob")):
        got = larder("get", "--only-if-cached", "-H", field, url, store=store)
        with open(origin.file("max-age", "5.bin", who), "rb") as file:
            check(got.stdout == file.read(), f"larder get as {who}: {got.stderr.decode()}")
    got = larder("get", "--only-if-cached", "-H", "Authorization: Bearer mallory", url,
                 store=store)
    check(got.returncode == 1 and got.stdout == b"", "mallory gets nothing")
    finish()


if __name__ == "__main__":
    main()
