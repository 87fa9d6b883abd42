#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sixteen children of a process that has already used its session and its store, with the
parent going on beside them: no wrong body, no error, over http and https."""

from lib import Origin, check, end_fetcher, finish, path, say, start_fetcher, total

CHILDREN = 16


def main():
    origin = Origin(files=60)
    item_list = origin.write_list(origin.items())
    store = path("store")
    for state in ("cold", "warm"):
        reports = end_fetcher(start_fetcher(store, item_list, "-f", CHILDREN, "-n", 3,
                                            origin=origin))
        check(len(reports) == CHILDREN + 1, f"{state}: {len(reports)} reports")
        say(f"{state}: {total(reports, 'requests')} requests, {total(reports, 'fresh')} fresh, "
            f"{total(reports, 'revalidated')} revalidated")
        check(total(reports, "wrong") == 0, f"{state}: wrong bodies")
        check(total(reports, "failed") == 0, f"{state}: failed requests")
        check(total(reports, "fresh") > 0, f"{state}: nothing came from the store")
    finish()


if __name__ == "__main__":
    main()
