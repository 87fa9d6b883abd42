# SPDX-License-Identifier: MIT
"""What the checks share: the files of the project, and C text without its comments."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCE_FOLDERS = ("proto", "libclient", "cached", "tools", "tests")


def files(*suffixes, folders=SOURCE_FOLDERS):
    """Paths below ROOT with one of the suffixes, sorted. Build folders lie elsewhere."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(ROOT))
    return found


_TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S
)


def code_only(text, keep_strings=False):
    """The text with comments and the insides of strings blanked; lines stay in place."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[0]
        return " " + "\n" * token.count("\n")

    return _TOKEN.sub(blank, text)


def lines(path, keep_strings=False):
    """(number, line) of a source file without its comments."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return enumerate(code_only(text, keep_strings).split("\n"), start=1)


def run(*command, **kwargs):
    """Runs a command; its output, both streams, as text."""
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **kwargs,
    )


def finish(name, problems, looked_at):
    """Prints what was found, and exits 1 if it was anything."""
    for problem in problems:
        print(problem)
    print(f"{name}: {looked_at} looked at, {len(problems)} wrong")
    sys.exit(1 if problems else 0)
