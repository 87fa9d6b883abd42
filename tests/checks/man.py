#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manual pages format without a warning. Skips (77) where groff is not installed."""

import shutil
import sys

import tree


def main():
    if not shutil.which("groff"):
        print("man: groff is not installed (`tools/setup test` installs it)")
        sys.exit(77)
    problems = []
    pages = tree.files(".1", ".3", ".5", ".7", ".8", folders=("libclient", "cached", "tools"))
    for page in pages:
        done = tree.run("groff", "-ww", "-man", "-Tutf8", "-z", page, cwd=tree.ROOT)
        problems += done.stdout.splitlines()
        if done.returncode and not done.stdout:
            problems.append(f"{page}: groff ended with {done.returncode}")
    tree.finish("man", problems, len(pages))


if __name__ == "__main__":
    main()
