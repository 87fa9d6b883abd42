#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each command of larder promises: its output, its JSON, its effect on the store."""

import json
import os
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lib import (LARDER, SANITIZED, check, clean_env, finish, larder, path, run, say,
                 start_larderd, stat)

seen = []


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        if self.headers.get("Transfer-Encoding"):
            body = self.read_chunked()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen.append((self.command, self.path, dict(self.headers), body))
        fields = {"Cache-Control": "max-age=600", "Content-Type": "text/plain"}
        content = f"{self.command} {self.path} {body.decode()}".encode()
        if self.path.startswith("/vary"):
            fields["Vary"] = "Accept-Language"
            content = (self.headers.get("Accept-Language") or "none").encode()
        if self.path.startswith("/secret"):
            fields["Set-Cookie"] = "sid=hunter2"
        if self.path.startswith("/hostile"):
            fields["X-Name"] = "\x9b31mred\xe2"
        if self.path.startswith("/binary"):
            content = bytes(range(256))
        if self.path.startswith("/etag"):
            fields["ETag"] = '"v1"'
            fields["Cache-Control"] = "max-age=600"
        status = 304 if self.headers.get("If-None-Match") == '"v1"' else 200
        if self.path.startswith("/missing"):
            status = 404
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 304 and self.command != "HEAD":
            self.wfile.write(content)

    def read_chunked(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_HEAD = do_POST = do_PUT = do_QUERY = answer

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def asked(since):
    return [(method, target) for method, target, _, _ in seen[since:]]


def getting(base, store):
    def get(*args, **options):
        return larder("get", *args, store=store, **options)

    done = get("-i", base + "/a")
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    check(head.startswith(b"HTTP/1.1 200 OK\r\n") and b"Content-Type: text/plain" in head
          and body == b"GET /a ", f"-i: {done.stdout}")
    done = get("-v", base + "/a")
    check(done.stdout == b"GET /a " and b"fresh (max-age, RFC 9111" in done.stderr,
          f"-v: {done.stdout} {done.stderr}")
    done = get("--cache-status", base + "/a")
    check(done.stderr.startswith(b"Cache-Status: larder; hit; ttl="), f"{done.stderr}")

    before = len(seen)
    done = get("-I", base + "/head")
    check(done.stdout.startswith(b"HTTP/1.1 200") and done.stdout.endswith(b"\r\n\r\n"),
          f"-I: {done.stdout}")
    done = get("-d", "x=1", base + "/post")
    check(done.stdout == b"POST /post x=1", f"-d: {done.stdout}")
    check(seen[-1][2]["Content-Type"] == "application/x-www-form-urlencoded", f"{seen[-1]}")
    with open(path("data"), "wb") as out:
        out.write(b"line\nline\n" * 3)
    done = get("-X", "PUT", "-H", "Content-Type: text/plain", "-d", "@" + path("data"),
               base + "/put")
    check(done.stdout == b"PUT /put " + b"line\nline\n" * 3, f"-d @: {done.stdout}")
    check(seen[-1][2]["Content-Type"] == "text/plain", "-H wins over the default type")
    check(asked(before) == [("HEAD", "/head"), ("POST", "/post"), ("PUT", "/put")],
          f"methods: {asked(before)}")
    done = get("-d", "@-", base + "/piped", input=b"from a pipe")
    check(done.stdout == b"POST /piped from a pipe"
          and seen[-1][2].get("Transfer-Encoding") == "chunked",
          f"data from a pipe is sent chunked: {done.stderr}")

    # The modes, told by what the origin sees.
    larder("get", base + "/etag", store=store)
    for args, wanted in (([], []), (["--refresh"], [("GET", "/etag")]),
                         (["--reload"], [("GET", "/etag")]),
                         (["--no-store"], [("GET", "/etag")]),
                         (["--no-cache"], [("GET", "/etag")]),
                         (["--only-if-cached"], [])):
        before = len(seen)
        done = get(*args, base + "/etag")
        check(done.stdout == b"GET /etag ", f"{args}: {done.stdout} {done.stderr}")
        check(asked(before) == wanted, f"{args}: the origin saw {asked(before)}")
        conditional = any("If-None-Match" in entry[2] for entry in seen[before:])
        check(conditional == (args == ["--refresh"]), f"{args}: conditional {conditional}")
    done = get("--only-if-cached", base + "/unknown")
    check(done.returncode == 1 and done.stdout == b"", f"--only-if-cached: {done}")
    done = get("-f", base + "/missing")
    check(done.returncode == 22 and done.stdout == b"", f"-f: {done}")
    done = get(base + "/missing")
    check(done.returncode == 0 and done.stdout == b"GET /missing ", f"a 404 is an answer: {done}")
    done = get(base + "/a", base + "/etag", "http://127.0.0.1:1/")
    check(done.returncode == 9 and done.stdout == b"GET /a GET /etag ", f"several: {done}")
    done = get("--", base + "/a")
    check(done.stdout == b"GET /a ", "-- ends the options")
    done = run(LARDER, "-s", store, "get", base + "/a")
    check(done.stdout == b"GET /a ", "options before the command")

    one = lines(get("--json", base + "/a"))[0]
    check(set(one) == {"url", "status", "reason", "version", "headers", "body", "cache"},
          f"--json: {sorted(one)}")
    check(one["status"] == 200 and one["body"] == "GET /a " and one["version"] == "1.1"
          and ["Content-Type", "text/plain"] in one["headers"], f"--json: {one}")
    check(one["cache"]["how"] == "fresh" and one["cache"]["why"] == "max-age"
          and one["cache"]["section"].startswith("RFC 9111") and one["cache"]["ttl"] > 500,
          f"--json: {one['cache']}")
    one = lines(get("--json", base + "/binary"))[0]
    check(one["encoding"] == "base64" and one["body"].startswith("AAECAwQF"), f"{one}")
    one = lines(get("--json", "-o", path("saved"), base + "/binary"))[0]
    with open(path("saved"), "rb") as saved:
        check(one["body_file"] == path("saved") and saved.read() == bytes(range(256)), f"{one}")


def listing(base, store):
    for name in ("b", "c?q=1", "vary"):
        larder("get", f"{base}/{name}", store=store)
    larder("get", "-H", "Accept-Language: fr", base + "/vary", store=store)
    larder("get", "-H", "Authorization: Bearer x", base + "/a", store=store)
    rows = lines(larder("ls", "--json", store=store))
    check(set(rows[0]) == {"url", "state", "status", "age", "ttl", "size", "partition",
                           "stored_at", "expires_at"}, f"ls --json: {sorted(rows[0])}")
    names = sorted(row["url"][len(base):] for row in rows if row["partition"] == "")
    check(names.count("/vary") == 2 and "/c?q=1" in names and "/post" not in names,
          f"ls: {names}")
    check([r["url"] for r in rows if r["partition"]] == [base + "/a"], "another partition")
    mine = [r["partition"] for r in rows if r["partition"]][0]

    def urls(*args):
        return [row["url"][len(base):] for row in lines(larder("ls", "--json", *args, store=store))]

    check(urls("--sort", "url", "-p", "") == names, "--sort url")
    check(urls("--sort", "-url", "-p", "") == names[::-1], "--sort -url")
    sizes = [r["size"] for r in lines(larder("ls", "--json", "--sort", "-size", store=store))]
    check(sizes == sorted(sizes, reverse=True) and sizes[0] == 256, f"--sort -size: {sizes}")
    check(len(urls("--limit", "2")) == 2 and len(urls("--limit", "2", "--sort", "url")) == 2,
          "--limit")
    check(urls("--prefix", base + "/c") == ["/c?q=1"], "--prefix")
    check(urls("--prefix", base.upper().replace("HTTP", "http") + "/%63") == ["/c?q=1"],
          "--prefix is normalised")
    check(len(urls("--origin", base)) == len(rows), "--origin")
    check(larder("ls", "--origin", "http://127.0.0.2", store=store).returncode == 1, "another origin")
    check(urls("-p", mine) == ["/a"], "-p")
    check(urls("-p", "anonymous", "--sort", "url") == names, "-p as it is printed")
    check(set(urls("--state", "fresh")) == set(names), "--state fresh")
    check(larder("ls", "--state", "stale", store=store).returncode == 1, "--state stale")
    table = larder("ls", "--fields", "size,url", "--sort", "url", "--limit", "1", store=store)
    check(table.stdout.decode().split() == ["size", "url", "7", "B", base + "/a"],
          f"--fields: {table.stdout}")
    # A reader that goes away is no reason to complain.
    done = run("sh", "-c", f"'{LARDER}' ls -s '{store}' --json | head -n 1")
    check(done.returncode == 0 and done.stderr == b"", f"ls | head: {done.stderr}")


def showing(base, store):
    larder("get", base + "/secret", store=store)
    larder("get", base + "/hostile", store=store)
    done = larder("show", base + "/secret", store=store)
    check(b"hunter2" not in done.stdout and b"Set-Cookie" in done.stdout
          and b"max-age=600" in done.stdout, f"show: {done.stdout}")
    check(b"hunter2" in larder("show", "--secrets", base + "/secret", store=store).stdout,
          "--secrets")
    check(b"hunter2" not in larder("show", "--json", base + "/secret", store=store).stdout,
          "show --json hides too")
    variants = lines(larder("show", "--json", base + "/vary", store=store))
    check(len(variants) == 2 and any("accept-language:fr" in v["selected_by"] for v in variants),
          f"variants: {variants}")
    one = lines(larder("show", "--json", "--body", base + "/binary", store=store))[0]
    check(one["size"] == 256 and one["encoding"] == "base64" and one["status"] == 200
          and one["body_hash"].startswith("xxh3:"), f"show --json: {one}")
    done = larder("show", "--body", base + "/binary", store=store)
    check(done.stdout == bytes(range(256)), "show --body")
    for args in (["show", base + "/hostile"], ["show", "--json", base + "/hostile"],
                 ["get", "--json", base + "/hostile"]):
        done = larder(*args, store=store)
        check(done.returncode == 0 and b"31mred" in done.stdout and b"\x9b" not in done.stdout
              and b"\xc2\x9b" not in done.stdout, f"{args}: control characters: {done.stdout}")


def purging(base, store):
    done = larder("purge", "--dry-run", base + "/vary", store=store)
    check(done.returncode == 0 and done.stdout.count(b"would remove") == 3
          and len(larder("show", "--json", base + "/vary", store=store).stdout.splitlines()) == 2,
          f"--dry-run: {done.stdout}")
    done = larder("purge", base + "/vary", store=store)
    check(b"removed 2 entries" in done.stdout, f"purge: {done.stdout}")
    check(larder("show", base + "/vary", store=store).returncode == 1, "all variants are gone")
    done = larder("purge", "-p", "", base + "/a", store=store)
    check(done.returncode == 0 and larder("show", base + "/a", store=store).returncode == 0,
          "-p spares other partitions")
    rows = lines(larder("purge", "--json", base + "/a", store=store))
    check(len(rows) == 1 and rows[0]["removed"] is True and rows[0]["partition"], f"{rows}")
    done = larder("purge", "-q", "--prefix", base + "/c", store=store)
    check(done.returncode == 0 and done.stdout == b"", f"purge --prefix: {done.stdout}")
    check(larder("purge", "--prefix", base + "/c", store=store).returncode == 1, "and again")
    check(larder("purge", "--origin", base, store=store).returncode == 0, "purge --origin")
    check(larder("ls", store=store).returncode == 1, "nothing is left")
    # What was purged is fetched again and stored again.
    before = len(seen)
    for _ in range(2):
        larder("get", base + "/a", store=store)
    check(len(seen) - before == 1, "a purged URL is stored again")

    daemon, address = start_larderd(store)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
        client.sendall(b"set k\x9b1m 0 0 1\r\nx\r\nset key 0 0 5\r\nvalue\r\n")
        client.settimeout(5)
        while client.recv(100, socket.MSG_PEEK).count(b"STORED") < 2:
            time.sleep(0.01)
    done = larder("ls", "--state", "value", store=store)
    check(b"key" in done.stdout and b"\x9b" not in done.stdout, f"values: {done.stdout}")
    done = larder("purge", "--all", store=store)
    check(done.returncode == 0 and larder("ls", store=store).returncode == 1,
          f"purge --all: {done.stdout}")
    daemon.terminate()


def explaining(base, store):
    url = base + "/explain"
    done = larder("explain", url, store=store)
    check(done.returncode == 1 and done.stdout.startswith(b"MISS "),
          f"explain of what is not stored: {done}")
    larder("get", url, store=store)
    before = len(seen)
    done = larder("explain", url, store=store)
    check(done.returncode == 0 and done.stdout.startswith(b"HIT "), f"explain of a hit: {done}")
    done = larder("explain", "--at", "+20m", url, store=store)
    check(done.returncode == 1 and b"stale by 600 s" in done.stdout and b"hint: " in done.stdout,
          f"explain of later: {done}")
    done = larder("--json", "explain", "-H", "Range: bytes=0-1", url, store=store)
    told = json.loads(done.stdout)
    check(done.returncode == 0 and told["hit"] and told["status"] == 206 and
          [step["name"] for step in told["steps"]] == ["method", "stored", "freshness", "part"],
          f"explain of a range as JSON: {done}")
    done = larder("explain", "-X", "PUT", url, store=store)
    check(done.returncode == 1 and done.stdout.startswith(b"BYPASS "), f"explain PUT: {done}")
    check(larder("explain", "--at", "soon", url, store=store).returncode == 2, "bad --at")
    check(larder("explain", store=store).returncode == 2, "explain without URL")
    check(len(seen) == before, "explain asked the origin")


def counting(base, store):
    larder("get", base + "/n", store=store)
    before = stat(store)
    for _ in range(3):
        larder("get", base + "/n", store=store)
    after = stat(store)
    check(after["counters"]["hits"] - before["counters"]["hits"] == 3, "hits are counted")
    check(after["entries"] == 1 and after["used_bytes"] <= after["budget_bytes"]
          and after["store"] == os.path.realpath(store), f"stat: {after}")
    check(0 < after["hit_ratio"] < 1, f"hit ratio: {after['hit_ratio']}")
    done = larder("stat", "-1", store=store)
    rows = dict(line.split()[:2] for line in done.stdout.decode().splitlines())
    check(int(rows["hits"]) == after["counters"]["hits"] and rows["entries"] == "1",
          f"stat -1: {rows}")
    done = larder("stat", "--watch", "0.1", "--count", "3", store=store)
    check(len(done.stdout.splitlines()) == 4 and b"hits/s" in done.stdout, f"{done.stdout}")
    done = larder("stat", "--watch", "0.1", "--count", "2", "--json", store=store)
    check(len(lines(done)) == 2, "stat --watch --json")
    check(larder("stat", "--count", "2", store=store).returncode == 2, "--count alone")
    check(b"hit ratio" in larder("stat", store=store).stdout, "stat")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([LARDER, "ls", "-s", store], stdout=full, stderr=subprocess.PIPE)
    check(done.returncode == 16, f"no room for the list: {done}")
    done = larder("verify", "--json", store=store)
    check(done.returncode == 0 and lines(done)[0]["entries"] >= 1, f"verify: {done.stdout}")


def quickness(base, store):
    """A hit, the whole process, takes at most 3 ms of the processor."""
    best = 1.0
    with open(os.devnull, "wb") as null:
        for _ in range(40):
            pid = os.posix_spawn(LARDER, [LARDER, "get", "-s", store, base + "/n"], clean_env(),
                                 file_actions=[(os.POSIX_SPAWN_DUP2, null.fileno(), 1)])
            used = os.wait4(pid, 0)[2]
            best = min(best, used.ru_utime + used.ru_stime)
    say(f"larder get of a hit: {best * 1e3:.2f} ms")
    if not SANITIZED:
        check(best <= 0.003, f"larder get of a hit took {best * 1e3:.2f} ms")


def main():
    base = serve()
    store = path("store")
    getting(base, store)
    say("get")
    listing(base, store)
    say("ls")
    showing(base, store)
    say("show")
    explaining(base, store)
    say("explain")
    purging(base, store)
    say("purge")
    counting(base, store)
    say("stat")
    quickness(base, store)
    finish()


if __name__ == "__main__":
    main()
