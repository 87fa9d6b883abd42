#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a source file opens: licence, its job in one sentence, its own header first.

Long files and wide lines are named as advice; they do not fail.
"""

import re

import tree

LONG_FILE_LINES = 500
OPENING = re.compile(r"/\*\s*(?:\n\s\*\s*)?(\S+) - \S")
QUOTED_OR_ANGLED = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def own_header(path):
    """How a source names its own header, or None when it has none."""
    header = path.with_suffix(".h")
    if path.suffix != ".c" or not (tree.ROOT / header).is_file():
        return None
    name = header.as_posix()
    return name.removeprefix("libclient/")


def main():
    problems = []
    advice = []
    paths = tree.files(".c", ".h", ".def")
    for path in paths:
        text = (tree.ROOT / path).read_text(encoding="utf-8")
        if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
            problems.append(f"{path}:1: does not open with its SPDX line")
            continue
        opening = OPENING.match(text, text.index("\n") + 1)
        if not opening or opening.group(1) != path.name:
            problems.append(f"{path}:2: does not say its job: /* {path.name} - ... */")
        if text and not text.endswith("\n"):
            problems.append(f"{path}: no newline at the end")
        for number, line in enumerate(text.split("\n"), start=1):
            if line != line.rstrip():
                problems.append(f"{path}:{number}: blanks at the end of the line")
        header = own_header(path)
        first = QUOTED_OR_ANGLED.search(text)
        if header and (not first or not f"libclient/{header}".endswith(first.group(1))):
            problems.append(f'{path}: includes its own header "{header}" not first')
        count = text.count("\n")
        if count > LONG_FILE_LINES:
            advice.append(f"advice: {path}: {count} lines; do two jobs live there?")
    for line in advice:
        print(line)
    tree.finish("shape", problems, len(paths))


if __name__ == "__main__":
    main()
