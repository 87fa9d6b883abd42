#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header stands alone: the public ones as C11 and C++11 without any warning and
without our own include roots, the internal ones as C11 under the flags of the build."""

import argparse
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree

INCLUDE = "libclient/include"
PUBLIC = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only",
          "-I", INCLUDE]
INTERNAL = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
            "-iquote", ".", "-iquote", "libclient", "-I", INCLUDE]


def compile_alone(folder, command, include, suffix):
    """What the compiler says about a file of that one include; empty if all is well."""
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=suffix, delete=False) as source:
        # Twice: the guard must hold as well.
        source.write(f"#include {include}\n#include {include}\nint larder_alone;\n")
    done = tree.run(*command, source.name, cwd=tree.ROOT)
    if done.returncode == 0:
        return ""
    # The first complaint is the one to mend.
    said = [line for line in done.stdout.splitlines() if "error" in line][:1]
    return f"{include} by {command[0]} {command[1]}: {said[0] if said else done.stdout}"


def jobs(cc, cxx):
    """(command, include as written, suffix) for each compilation."""
    for header in tree.files(".h", folders=("libclient/include",)):
        name = f"<{header.relative_to(INCLUDE).as_posix()}>"
        yield [cc, "-std=c11", *PUBLIC], name, ".c"
        if cxx:
            yield [cxx, "-std=c++11", *PUBLIC], name, ".cc"
    for header in tree.files(".h"):
        if not header.is_relative_to(INCLUDE):
            yield [cc, *INTERNAL], f'"{header.as_posix()}"', ".c"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"))
    parser.add_argument("--cxx", default=os.environ.get("CXX"))
    options = parser.parse_args()
    cxx = options.cxx or next(filter(shutil.which, ("g++", "c++", "clang++")), None)
    if not cxx:
        print("advice: no C++ compiler, so public headers were read as C only")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        todo = list(jobs(options.cc, cxx))
        said = pool.map(lambda job: compile_alone(Path(folder), *job), todo)
        problems = [text.rstrip() for text in said if text]
    tree.finish("headers", problems, len(todo))


if __name__ == "__main__":
    main()
