#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Functions that larder does without, each with what to use in its place."""

import re

import tree

BANNED = {
    "strcpy": "memcpy with a known length, or lrd_buf",
    "strcat": "lrd_buf",
    "stpcpy": "memcpy with a known length, or lrd_buf",
    "strncpy": "memcpy; strncpy may leave out the NUL",
    "strncat": "lrd_buf",
    "sprintf": "snprintf or lrd_buf",
    "vsprintf": "vsnprintf or lrd_buf",
    "strtok": "a scanner over a slice",
    "strtok_r": "a scanner over a slice",
    "atoi": "a checked number parser",
    "atol": "a checked number parser",
    "atoll": "a checked number parser",
    "atof": "a checked number parser",
    "gets": "read",
    "scanf": "a parser",
    "sscanf": "a parser",
    "fscanf": "a parser",
    "localtime": "UTC throughout",
    "gmtime": "gmtime_r; gmtime is shared by threads",
    "ctime": "a formatter with a buffer",
    "asctime": "a formatter with a buffer",
    "alloca": "lrd_buf or malloc",
    "tmpnam": "mkstemp",
    "mktemp": "mkstemp",
    "system": "posix_spawn with an argument list",
    "assert": "lrd_assert, which stays on in release builds",
}

# A test may start a shell.
TESTS_MAY = {"system"}

CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")


def main():
    problems = []
    paths = tree.files(".c", ".h", ".def")
    for path in paths:
        for number, line in tree.lines(path):
            for match in CALL.finditer(line):
                name = match.group(1)
                if name in TESTS_MAY and path.parts[0] == "tests":
                    continue
                problems.append(f"{path}:{number}: {name}() is banned: {BANNED[name]}")
            if re.match(r"\s*#\s*include\s*<assert\.h>", line) and "tests" not in path.parts:
                # static_assert is a keyword of C11 only by this header.
                text = (tree.ROOT / path).read_text(encoding="utf-8")
                if "static_assert" not in text:
                    problems.append(f"{path}:{number}: <assert.h> without static_assert")
    tree.finish("banned", problems, len(paths))


if __name__ == "__main__":
    main()
