#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes run downward only: who may see whom, and who may see which library.

    proto <- sys <- {policy, auth, coding, transport, store} <- cache <- session

Layers within the braces never see each other. The cache engine fetches nothing, so it
does not see the transport. Public headers stand in the same order.
"""

import re

import tree

# Layer -> the layers whose headers it may include, itself aside.
PURE = {"public:types", "public:errors"}
SYSTEM = PURE | {"proto", "sys"}
STORE = SYSTEM | {"store", "public:store"}
CACHE = STORE | {"policy", "auth", "coding", "cache", "public:cache"}
MAY_SEE = {
    "proto": PURE,
    "sys": PURE | {"proto"},
    "policy": SYSTEM,
    "auth": SYSTEM,
    "coding": SYSTEM,
    "transport": SYSTEM | {"public:transport"},
    "store": STORE,
    "cache": CACHE,
    "session": CACHE | {"transport", "session", "public:larder", "public:trace",
                        "public:transport"},
    "cached": PURE | {"proto/bytes", "proto/memcache", "sys", "store", "cache",
                      "public:store", "public:cache"},
    # The command shows what the cache has stored: it reads cache/record.h.
    "tools": STORE | {"cache", "public:cache", "public:larder"},
    # Examples are what users write.
    "examples": PURE | {"public:store", "public:cache", "public:larder"},
    "public:errors": set(),
    "public:types": {"public:errors"},
    "public:store": PURE,
    "public:cache": PURE | {"public:store"},
    "public:trace": PURE,
    "public:transport": PURE,
    "public:larder": PURE | {"public:store", "public:cache", "public:trace",
                             "public:transport"},
}

# Outside library -> the layers that may include its headers.
LIBRARIES = {
    r"lmdb\.h": {"store"},
    r"idn2\.h": {"transport"},
    r"openssl/.*": {"sys", "auth", "transport"},
    r"zlib\.h": {"coding"},
    r"brotli/.*": {"coding"},
    r"zstd.*\.h": {"coding"},
    r"xxhash\.h": {"sys", "store"},
    r"systemd/.*": {"cached"},
    r"libmemcached.*": {"cache"},
    r"curl/.*": {"examples"}, # one shows the cache with it as the transport
}

# proto and policy are pure: of libc they see what neither asks the system nor the clock.
PURE_LAYERS = {"proto", "policy"}
PURE_HEADERS = {
    "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The layer of a file given by its path from the root; None for what has none."""
    parts = path.parts
    if parts[:3] == ("libclient", "include", "larder"):
        return "public:" + path.stem
    if parts[0] == "libclient" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("tools", "examples"):
        return "examples"
    if parts[0] in ("proto", "cached", "tools"):
        return parts[0]
    return None


def resolve(path, kind, name):
    """The file of ours that an include means, from the root; None if it is not ours."""
    roots = [tree.ROOT / "libclient" / "include"]
    if kind == '"':
        roots = [(tree.ROOT / path).parent, tree.ROOT, tree.ROOT / "libclient"] + roots
    for root in roots:
        if (root / name).is_file():
            found = (root / name).resolve()
            if found.is_relative_to(tree.ROOT):
                return found.relative_to(tree.ROOT)
    return None


def may_include(layer, target):
    """Whether a layer's file may include the file target of ours."""
    seen = layer_of(target)
    if seen == layer:
        return True
    allowed = MAY_SEE[layer]
    folder = "/".join(target.parts[:2])
    return seen in allowed or folder in allowed


def check_line(path, layer, kind, name):
    """What is wrong with one include, or None."""
    target = resolve(path, kind, name)
    if target:
        if kind == '"' and "/" not in name and target.suffix == ".h" and "include" not in path.parts:
            return f'"{name}": include project headers by path from the root'
        if not may_include(layer, target):
            return f"{layer} may not include {layer_of(target) or target.parts[0]} ({name})"
        return None
    if kind == '"':
        return f'"{name}": no such file in the project'
    for pattern, layers in LIBRARIES.items():
        if re.fullmatch(pattern, name) and layer not in layers:
            return f"<{name}> belongs to {', '.join(sorted(layers)) or 'tests'}, not to {layer}"
    if layer in PURE_LAYERS and name not in PURE_HEADERS and not name.startswith("larder/"):
        return f"{layer} is pure and may not include <{name}>"
    return None


def main():
    problems = []
    paths = tree.files(".c", ".h", ".def")
    for path in paths:
        layer = layer_of(path)
        if layer is None:
            continue
        if layer not in MAY_SEE:
            problems.append(f"{path}: layer {layer} is not known to layers.py")
            continue
        for number, line in tree.lines(path, keep_strings=True):
            match = INCLUDE.match(line)
            if not match:
                continue
            problem = check_line(path, layer, match.group(1), match.group(2))
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    tree.finish("layers", problems, len(paths))


if __name__ == "__main__":
    main()
