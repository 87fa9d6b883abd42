#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md and the manual page tell people to type works: each `larder` line is run, with
an origin on this machine in the place of example.org; the C program is compiled and run."""

import os
import re
import shlex
import subprocess

from lib import (BIN, BUILD, FACTOR, SANITIZED, SOURCE, Origin, blocks, check, clean_env, finish,
                 path, say)


def read(*parts):
    with open(os.path.join(SOURCE, *parts), encoding="utf-8") as file:
        return file.read()


def commands():
    """(where, command) of every line that a reader could type."""
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        if not os.path.exists(os.path.join(SOURCE, name)):
            continue
        for block in blocks(read(name), "sh"):
            for line in block.splitlines():
                yield name, line.split("  #")[0].strip()
    page = read("tools", "larder.1").replace("\\-", "-")
    for line in re.search(r"\.SH EXAMPLES\n\.nf\n(.*?)\.fi", page, re.S).group(1).splitlines():
        yield "larder.1", line.strip()


def run_larder(where, line, origin, env):
    url = origin.url("max-age", "5.bin", "https")
    words = shlex.split(line)
    # Watching has no end; one line of it is enough here.
    if "--watch" in words:
        words += ["--count", "1"]
    words = [w.replace("https://example.org/", url).replace("https://example.org",
                                                            url.split("/max-age")[0])
             for w in words]
    if words[1] == "get":
        words[2:2] = ["--cacert", origin.cert]
    done = subprocess.run(words, env=env, cwd=path(), capture_output=True, check=False,
                          timeout=60 * FACTOR)
    check(done.returncode == 0, f"{where}: {line}: exit {done.returncode}: {done.stderr.decode()}")
    return words, done


def run_program(origin, env):
    """The C program of the README, as a reader would compile it."""
    source = blocks(read("README.md"), "c")[0]
    check("https://example.org/" in source, "the README's program fetches example.org")
    with open(path("get.c"), "w", encoding="utf-8") as out:
        out.write(source.replace("https://example.org/", origin.url("etag", "4.bin")))
    sanitize = ["-fsanitize=" + os.environ["LARDER_SANITIZE"]] if SANITIZED else []
    lib = os.path.join(BUILD, "lib")
    done = subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", *sanitize, "-o", path("get"),
                           path("get.c"), "-I" + os.path.join(SOURCE, "libclient/include"),
                           "-L" + lib, "-Wl,-rpath," + lib, "-llarder"],
                          capture_output=True, check=False, timeout=60 * FACTOR)
    check(done.returncode == 0, f"README's program: {done.stderr.decode()}")
    done = subprocess.run([path("get")], env=env, capture_output=True, check=False,
                          timeout=60 * FACTOR)
    with open(origin.file("etag", "4.bin"), "rb") as want:
        check(done.returncode == 0 and done.stdout == want.read(),
              f"README's program prints the body: {done.returncode} {done.stderr.decode()}")


def main():
    origin = Origin(files=60)
    env = clean_env(LARDER_STORE=path("store"), PATH=BIN + ":" + os.environ["PATH"])
    ran = 0
    presets = read("CMakePresets.json")
    for where, line in commands():
        if line.startswith("larder "):
            words, _ = run_larder(where, line, origin, env)
            if words[1] == "purge" and "--dry-run" not in words:
                run_larder(where, "larder get https://example.org/", origin, env)
            ran += 1
        for script in re.findall(r"(?:^|\s)(tools/[\w-]+)", line):
            check(os.access(os.path.join(SOURCE, script), os.X_OK), f"{where}: no {script}")
        for preset in re.findall(r"--preset (\w+)", line):
            check(f'"{preset}"' in presets, f"{where}: no preset {preset}")
    say(f"{ran} commands")
    check(ran >= 10, f"only {ran} commands were found")
    run_program(origin, env)
    finish()


if __name__ == "__main__":
    main()
