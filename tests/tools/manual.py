#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual page and the help name the same commands, options and exit codes."""

import os
import re
import subprocess
import sys

LARDER = os.path.join(os.environ["LARDER_BIN_DIR"], "larder")
PAGE = os.path.join(os.environ["LARDER_SOURCE_DIR"], "tools", "larder.1")
GLOBAL = "OPTIONS OF ALL COMMANDS"

problems = []


def compare(what, page, tool):
    for name in sorted(page - tool):
        problems.append(f"{what}: {name} is in the manual page only")
    for name in sorted(tool - page):
        problems.append(f"{what}: {name} is in the help only")


def read_page():
    """Section -> its options; and the exit codes."""
    sections, codes, where, tag = {}, {}, None, False
    with open(PAGE, encoding="utf-8") as page:
        for line in page.read().replace("\\-", "-").splitlines():
            if line.startswith((".SS ", ".SH ")):
                where = line[4:].strip('"')
                sections[where] = set()
            elif tag and where == "EXIT STATUS" and line.startswith(".B "):
                codes[int(line[3:])] = None
            elif where == "EXIT STATUS" and codes and not line.startswith("."):
                last = list(codes)[-1]
                codes[last] = codes[last] or line
            elif tag and where:
                sections[where].update(re.findall(r"(?<![\w-])--?[\w][\w-]*", line))
            tag = line == ".TP"
    return sections, codes


def read_help(*arguments):
    """The text of a help; its own options and those of all commands."""
    text = subprocess.run([LARDER, *arguments], capture_output=True, check=True, timeout=30,
                          text=True).stdout
    own, _, common = text.partition("Options of all commands:")
    found = []
    for part in (own, common):
        found.append({word for line in part.splitlines() if line.startswith("  ")
                      for word in re.findall(r"^\s+(?:(-\w), )?(--[\w-]+)", line)[:1]
                      for word in word if word})
    return text, found


def main():
    sections, codes = read_page()
    text, (_, common) = read_help("-h")
    compare("all commands", sections[GLOBAL], common)
    commands = set(re.findall(r"^  (\w+) ", text.split("Options of all")[0], re.M))
    compare("commands", {s.split()[0] for s in sections if re.match(r"[a-z]+", s)}, commands)
    for section, options in sections.items():
        name = section.split()[0]
        if name in commands - {"help"}:
            compare(f"larder {name}", options, read_help(name, "-h")[1][0])
    listed = subprocess.run([LARDER, "help", "exits"], capture_output=True, check=True,
                            timeout=30, text=True).stdout
    tool = {int(n): t for n, t in re.findall(r"^ +(\d+)  (.*)$", listed, re.M)}
    compare("exit codes", set(map(str, codes)), set(map(str, tool)))
    for number, meaning in tool.items():
        # The page starts each with a capital and ends it with a full stop.
        want = meaning[0].upper() + meaning[1:] + "."
        if codes.get(number, want) != want:
            problems.append(f"exit {number}: {codes[number]!r} is not {want!r}")
    print(*problems, sep="\n")
    print(f"manual: {len(commands)} commands, {len(tool)} exit codes, {len(problems)} wrong")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
