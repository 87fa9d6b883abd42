#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The names liblarder.so exports are those of tests/abi/symbols.txt, no more, no less.

    symbols.py LIBRARY             compares
    symbols.py --update LIBRARY    writes the list anew: look at the difference; a name
                                   that goes away or changes its version breaks users
"""

import argparse
import sys

import tree

GOLDEN = tree.ROOT / "tests" / "abi" / "symbols.txt"


def exported(library):
    """The set of "name@@VERSION" that a shared library defines."""
    done = tree.run("nm", "--dynamic", "--defined-only", "--with-symbol-versions", library)
    if done.returncode:
        sys.exit(f"symbols: nm: {done.stdout}")
    found = set()
    for line in done.stdout.splitlines():
        kind, name = line.split()[-2:]
        # A: the version's own name.
        if kind != "A":
            found.add(name)
    return found


def main():
    parser = argparse.ArgumentParser(description="Compares exported names with the golden list.")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("library")
    options = parser.parse_args()
    now = exported(options.library)
    if options.update:
        GOLDEN.write_text("".join(f"{name}\n" for name in sorted(now)), encoding="utf-8")
    golden = set(GOLDEN.read_text(encoding="utf-8").split())
    problems = [f"{name}: exported, not in {GOLDEN.name}" for name in sorted(now - golden)]
    problems += [f"{name}: in {GOLDEN.name}, not exported" for name in sorted(golden - now)]
    problems += [f"{name}: not a larder_ name" for name in sorted(now)
                 if not name.startswith("larder_")]
    if problems:
        print("If this is meant: tests/checks/symbols.py --update LIBRARY, "
              "and a line in the ABI section of CHANGELOG.md")
    tree.finish("symbols", problems, len(now))


if __name__ == "__main__":
    main()
