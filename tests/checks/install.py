#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `cmake --install` leaves serves a user: a tiny program builds against the installed
tree through find_package and through pkg-config, from a prefix unknown at build time, and
both run. Every program and manual page of the tree arrives too."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import tree

CONSUMER = Path(__file__).resolve().parent / "consumer"


def must(*command, **kwargs):
    """Runs a command that has to succeed; its output."""
    done = tree.run(*command, **kwargs)
    if done.returncode:
        print("$ " + " ".join(str(word) for word in command))
        print(done.stdout)
        sys.exit(f"install: {command[0]} ended with {done.returncode}")
    return done.stdout.strip()


def by_cmake(options, prefix, work, flags):
    """Builds the consumer with find_package; the program."""
    must(options.cmake, "-S", CONSUMER, "-B", work, f"-DCMAKE_PREFIX_PATH={prefix}",
         f"-DCMAKE_C_COMPILER={options.cc}", f"-DCMAKE_C_FLAGS={flags}")
    must(options.cmake, "--build", work)
    return work / "consumer"


def by_pkg_config(options, prefix, work, flags):
    """Builds the consumer with pkg-config; the program."""
    folder = next(prefix.rglob("larder.pc")).parent
    env = dict(os.environ, PKG_CONFIG_PATH=str(folder))
    words = must("pkg-config", "--cflags", "--libs", "larder", env=env).split()
    must("pkg-config", "--validate", folder / "larder.pc")
    work.mkdir()
    program = work / "consumer"
    must(options.cc, "-std=c11", "-Wall", "-Werror", *flags.split(), CONSUMER / "main.c",
         *words, "-o", program)
    return program


def missing(prefix, build):
    """Programs and pages that were built or written, and not installed."""
    there = {path.name for path in prefix.rglob("*")}
    ours = {path.name for path in (build / "bin").glob("*") if path.name in ("larder", "larderd")}
    ours |= {page.name for page in tree.files(".1", ".3", ".5", ".7", ".8",
                                              folders=("libclient", "cached", "tools"))}
    ours |= {header.name for header in tree.files(".h", folders=("libclient/include",))}
    ours.add("liblarder.so.0")
    return [f"{name}: not installed" for name in sorted(ours - there)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--sanitize", default="")
    options = parser.parse_args()
    if not shutil.which("pkg-config"):
        sys.exit("install: pkg-config is not installed")
    flags = f"-fsanitize={options.sanitize}" if options.sanitize else ""
    with tempfile.TemporaryDirectory(prefix="larder-install-") as folder:
        prefix = Path(folder) / "prefix"
        must(options.cmake, "--install", options.build, "--prefix", prefix)
        problems = missing(prefix, options.build)
        libraries = next(prefix.rglob("liblarder.so.0")).parent
        env = dict(os.environ, LD_LIBRARY_PATH=str(libraries))
        for build in (by_cmake, by_pkg_config):
            program = build(options, prefix, Path(folder) / build.__name__, flags)
            print(f"{build.__name__}: {must(program, env=env)}")
    tree.finish("install", problems, 2)


if __name__ == "__main__":
    main()
