#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `larder batch` promises: lines in, lines out as they finish, modes as Fetch has them."""

import base64
import json
import socket
import subprocess
import threading
import time

from lib import LARDER, check, clean_env, finish, path

CRLF = "\r\n"


class Origin:
    """Answers raw bytes by path, one thread a connection, and remembers the heads it got."""

    def __init__(self):
        self.heads = []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.base = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        stream = peer.makefile("rb")
        while line := stream.readline():
            method, target, _ = line.decode("latin-1").split(" ")
            fields = []
            while (line := stream.readline()) not in (b"\r\n", b""):
                fields.append(line.decode("latin-1").rstrip(CRLF))
            length = sum(int(f.split(":")[1]) for f in fields
                         if f.lower().startswith("content-length:"))
            body = stream.read(length)
            self.heads.append((method, target, fields, body))
            peer.sendall(self.answer(method, target, fields, body))

    def answer(self, method, target, fields, body):
        def reply(status, *lines, content=b""):
            head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(content)}", "", ""]
            return CRLF.join(head).encode("latin-1") + content

        if target.startswith("/slow"):
            time.sleep(0.5)
        if target.startswith("/code"):
            return reply(f"{target[5:8]} Moved", "Location: /target")
        if target.startswith("/moved"):
            return reply("302 Found", "Location: /target")
        if target.startswith("/early"):
            return ("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX: \xe9\r\n\r\n"
                    .encode("latin-1") + reply("200 OK", content=b"late"))
        if target.startswith("/etag"):
            if "If-None-Match: \"v1\"" in fields:
                return reply("304 Not Modified", "ETag: \"v1\"")
            return reply("200 OK", "ETag: \"v1\"", "Cache-Control: max-age=600",
                         content=b"etag")
        if target.startswith("/broken"):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 11\r\n\r\n"
        return reply("200 OK", "Cache-Control: max-age=600", "X-Byte: \xe9", "Twice: 1",
                     "Twice: 2", content=f"{method} {target} ".encode() + body)

    def asked(self, target):
        return [head for head in self.heads if head[1] == target]


class Batch:
    def __init__(self, *options, store="batch"):
        self.process = subprocess.Popen(
            [LARDER, "batch", "--store", path(store), *options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=clean_env())

    def send(self, **request):
        self.raw(json.dumps(request).encode())

    def raw(self, line):
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def read(self):
        line = self.process.stdout.readline()
        check(line.endswith(b"\n") and line.count(b"\n") == 1, f"no whole line: {line}")
        return json.loads(line)

    def ask(self, **request):
        self.send(**request)
        return self.read()

    def close(self):
        self.process.stdin.close()
        rest = [json.loads(line) for line in self.process.stdout]
        check(self.process.wait(timeout=30) == 0, f"exit {self.process.returncode}")
        return rest


def body_of(answer):
    return base64.b64decode(answer["body"])


def single(origin):
    batch = Batch()
    got = batch.ask(id={"any": [1, None]}, method="POST", url=origin.base + "/post",
                    headers=[["X-A", "\xe9"], ["Twice", "1"], ["Twice", "2"]],
                    body=base64.b64encode(b"\x00\xff").decode())
    check(got["id"] == {"any": [1, None]}, f"id: {got}")
    check(got["status"] == 200 and got["reason"] == "OK" and got["error"] is None, f"{got}")
    check(body_of(got) == b"POST /post \x00\xff", f"body: {got}")
    check(["X-Byte", "\xe9"] in got["headers"], f"bytes as characters: {got}")
    check([v for n, v in got["headers"] if n == "Twice"] == ["1", "2"], f"order: {got}")
    check(got["url"] == origin.base + "/post" and got["previous"] == [], f"{got}")
    check(got["interim"] == [], f"{got}")
    sent = origin.asked("/post")[0]
    check("X-A: \xe9" in sent[2] and "Twice: 1" in sent[2] and "Twice: 2" in sent[2], f"{sent}")

    got = batch.ask(id=2, method="GET", url=origin.base + "/early")
    check(got["interim"] == [[103, [["Link", "</a.css>"], ["X", "\xe9"]]]], f"interim: {got}")
    check(body_of(got) == b"late", f"{got}")
    check(batch.close() == [], "nothing is left")


def modes(origin):
    batch = Batch()
    url = origin.base + "/etag"

    def how(mode):
        before = len(origin.asked("/etag"))
        got = batch.ask(id=mode, method="GET", url=url, cache=mode)
        return got, origin.asked("/etag")[before:]

    got, asked = how("only-if-cached")
    check("error" in got and got["error"] and not asked, f"nothing stored: {got}")
    got, asked = how("default")
    check(len(asked) == 1 and got["cache"]["how"] == "miss", f"miss: {got}")
    got, asked = how("default")
    check(not asked and got["cache"]["how"] == "fresh" and got["cache"]["why"] == "max-age",
          f"hit: {got}")
    got, asked = how("no-cache")
    check(len(asked) == 1 and "If-None-Match: \"v1\"" in asked[0][2]
          and got["cache"]["how"] == "revalidated" and got["status"] == 200, f"{got} {asked}")
    got, asked = how("reload")
    check(len(asked) == 1 and not [f for f in asked[0][2] if f.startswith("If-")],
          f"reload: {asked}")
    got, asked = how("no-store")
    check(len(asked) == 1 and got["cache"]["how"] == "bypass", f"no-store: {got}")
    for mode in ("force-cache", "only-if-cached"):
        got, asked = how(mode)
        check(not asked and body_of(got) == b"etag", f"{mode}: {got}")
    batch.close()


def redirects(origin):
    batch = Batch()
    url = origin.base + "/moved"
    got = batch.ask(id=1, method="GET", url=url)
    check(got["status"] == 200 and got["url"] == origin.base + "/target", f"follow: {got}")
    check([p["status"] for p in got["previous"]] == [302]
          and got["previous"][0]["url"] == url, f"previous: {got}")
    for code, wanted in ((301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")):
        got = batch.ask(id=code, method="POST", url=f"{origin.base}/code{code}",
                        body=base64.b64encode(b"x").decode())
        check(origin.heads[-1][:2] == (wanted, "/target"), f"{code}: {origin.heads[-1]}")
        check([p["status"] for p in got["previous"]] == [code], f"{code}: {got}")
    got = batch.ask(id=2, method="GET", url=url, redirect="manual")
    check(got["status"] == 302 and got["previous"] == [], f"manual: {got}")
    got = batch.ask(id=3, method="GET", url=url, redirect="error")
    check(got["error"]["code"] == "EREDIRECT" and got["id"] == 3, f"error: {got}")
    batch.close()


def bad_lines(origin):
    batch = Batch()
    for line, identity in ((b"nonsense", None), (b"[1]", None), (b'{"id": 7}', 7),
                           (b'{"id": 8, "url": 5}', 8), (b"\xff\xfe", None),
                           (b'{"id": 9, "url": "http://x/", "cache": "sometimes"}', 9),
                           (b'{"id": 10, "url": "http://x/", "headers": [["a"]]}', 10),
                           (b'{"id": 11, "url": "http://x/", "body": "%%%"}', 11),
                           (b'{"id": 12, "url": "http://x/", "headers": [["a", "\\u0100"]]}', 12),
                           (b'{"id": 13, "url": "ftp://x/"}', 13),
                           (b'{"id": 14, "url": "http://x/", "headers": [["a", "b\\r\\nc: d"]]}',
                            14)):
        batch.raw(line)
        got = batch.read()
        check(got["id"] == identity and set(got["error"]) == {"code", "message"},
              f"{line}: {got}")
    batch.raw(b"")
    got = batch.ask(id="alive", method="GET", url=origin.base + "/broken")
    check(got["error"]["code"] == "EPROTO", f"two lengths: {got}")
    got = batch.ask(id="alive", method="GET", url=origin.base + "/alive")
    check(got["status"] == 200, f"after all that: {got}")
    batch.close()


def concurrency(origin):
    batch = Batch("--jobs", "20")
    begin = time.monotonic()
    for i in range(20):
        batch.send(id=i, method="GET", url=f"{origin.base}/slow{i}", cache="no-store")
    batch.send(id="quick", method="GET", url=origin.base + "/alive")
    answers = batch.close()
    took = time.monotonic() - begin
    check({a["id"] for a in answers} == {*range(20), "quick"}, f"{len(answers)} answers")
    check(took < 10 * 0.5, f"20 requests of 0.5 s took {took:.1f} s")


def main():
    origin = Origin()
    for test in (single, modes, redirects, bad_lines, concurrency):
        test(origin)
    finish()


main()
