#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual page of errors lists every code of errors.def, with its number and its help."""

import re

import tree

CODES = tree.ROOT / "libclient" / "include" / "larder" / "errors.def"
PAGE = tree.ROOT / "libclient" / "man" / "larder_strerror.3"
ROW = re.compile(r'LARDER_ERROR\((\w+), -(\d+), "([^"]*)", "([^"]*)"\)')
ENTRY = re.compile(r'^\.BR LARDER_(\w+) " \(\\-(\d+)\)"\n((?:[^.\n].*\n)+)', re.M)


def main():
    problems = []
    rows = {name: rest for name, *rest in ROW.findall(CODES.read_text(encoding="utf-8"))}
    told = {name: rest for name, *rest in ENTRY.findall(PAGE.read_text(encoding="utf-8"))}
    for name, (number, text, help_text) in rows.items():
        if name not in told:
            problems.append(f"{PAGE.name}: LARDER_{name} is missing")
        elif told[name][0] != number:
            problems.append(f"{PAGE.name}: LARDER_{name} is -{number}")
        elif " ".join(told[name][1].split()).lower() != f"{text}: {help_text}.".lower():
            problems.append(f"{PAGE.name}: LARDER_{name}: {text}: {help_text}.")
    problems += [f"{PAGE.name}: LARDER_{name} is no error" for name in told if name not in rows]
    tree.finish("errors", problems, len(rows))


if __name__ == "__main__":
    main()
