#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that the documents and the comments name are there: a reader who follows one arrives."""

import re

import tree

# With a folder, so that names of others (config.h, mdb.c) are left alone.
NAMED = re.compile(r"(?<![\w./:$<*{}-])((?:[\w-]+/)+[\w-]+\.(?:c|h|def|md|py))(?![\w*}])")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md",
             "libclient/store/FORMAT.md")
# Headers of the system that comments name.
OUTSIDE = ("sys/", "linux/", "netinet/", "openssl/")
# What a reader is to replace in a name.
PLACEHOLDER = "NAME"


def main():
    problems = []
    sources = tree.files(".c", ".h", ".def", ".md", ".py")
    here = {path.as_posix() for path in sources} | set(DOCUMENTS)
    looked_at = [name for name in DOCUMENTS if (tree.ROOT / name).is_file()]
    looked_at += [path.as_posix() for path in sources if path.suffix in (".c", ".h", ".def")]
    for name in looked_at:
        text = (tree.ROOT / name).read_text(encoding="utf-8")
        for number, line in enumerate(text.split("\n"), start=1):
            if re.match(r"\s*#\s*include", line):
                continue
            for found in NAMED.findall(line):
                if any(path == found or path.endswith("/" + found) for path in here):
                    continue
                if not found.startswith(OUTSIDE) and PLACEHOLDER not in found:
                    problems.append(f"{name}:{number}: there is no {found}")
    tree.finish("docs", problems, len(looked_at))


if __name__ == "__main__":
    main()
