#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input through the command line: each kind has its own message and exit code, and nothing
wrong is stored."""

import atexit
import contextlib
import os
import random
import socket
import struct
import subprocess
import threading

from lib import (LARDER, TMP, Origin, check, finish, free_port, larder, make_certificate, path,
                 run, say, stat)

GOOD = (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nContent-Length: 5\r\n"
        b"Connection: close\r\n\r\nwhole")


class Scripted:
    """Answers each connection with fixed bytes and ends it in a given way."""

    def __init__(self, answer, end="close", read=True):
        self.answer, self.end, self.read = answer, end, read
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, name="x", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}/{name}"

    def _serve(self):
        while True:
            conn, _ = self.listener.accept()
            with contextlib.suppress(OSError):
                conn.settimeout(10)
                if self.read:
                    conn.recv(65536)
                conn.sendall(self.answer)
                if self.end == "hang":
                    self.kept.append(conn)
                    continue
                if self.end == "reset":
                    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, 0))
            conn.close()


def head(*fields):
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Cache-Control: max-age=3600") + fields) \
        + b"\r\n\r\n"


def failures():
    """(what, arguments, exit codes, what stderr names)."""
    dead = free_port()
    cut = Scripted(head(b"Content-Length: 100") + b"only this")
    plain = Scripted(b"this is not TLS at all, it is a line of text\r\n")
    for text in ("", "example.org", "//example.org/", "http://", "http:///path", "ftp://e.org/",
                 "http://exa mple.org/", "http://e.org:99999/", "http://[::1/", "http://e.org/\n",
                 "http://e%41.org/"):
        yield f"URL {text!r}", [text], (7,), "malformed URL"
    yield "unknown host", ["http://no-such-host.invalid/"], (8,), "no-such-host.invalid"
    yield "refused", [f"http://127.0.0.1:{dead}/"], (9,), f"127.0.0.1:{dead}"
    yield "reset", [Scripted(b"", "reset").url()], (10,), "connection lost"
    yield "closed without an answer", [Scripted(b"").url()], (10,), "connection lost"
    yield "closed within the head", [Scripted(b"HTTP/1.1 200 OK\r\nConte").url()], (10,), ""
    yield "no answer", ["--max-time", "0.5", Scripted(b"", "hang").url()], (6,), "timed out"
    yield "body never ends", ["--max-time", "0.5", Scripted(
        head(b"Content-Length: 100") + b"only this", "hang").url()], (6,), "timed out"
    yield "cut body", [cut.url()], (11,), "cut short"
    yield "cut chunked body", [Scripted(head(b"Transfer-Encoding: chunked")
                                        + b"5\r\nwhole\r\n").url()], (11,), "cut short"
    yield "cut chunk", [Scripted(head(b"Transfer-Encoding: chunked") + b"ff\r\nonly").url()], \
        (11,), "cut short"
    yield "body ended by a reset", [Scripted(
        head(b"Content-Length: 100") + b"only this", "reset").url()], (10, 11), ""
    yield "not TLS", [plain.url(scheme="https")], (12,), "TLS"
    yield "not HTTP", [Scripted(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").url()], (14,), "malformed"
    yield "two lengths", [Scripted(head(b"Content-Length: 5", b"Content-Length: 6")
                                   + b"whole!").url()], (14,), "malformed"
    yield "bad chunk size", [Scripted(head(b"Transfer-Encoding: chunked")
                                      + b"zz\r\n").url()], (14,), "malformed"
    yield "endless head", [Scripted(b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 40000).url()], \
        (15,), "limit"


def network(store):
    for what, args, codes, text in failures():
        done = larder("get", *args, store=store, timeout=60)
        message = done.stderr.decode(errors="replace")
        check(done.returncode in codes, f"{what}: exit {done.returncode}, not {codes}: {message}")
        check(message.startswith("larder get: ") and text.lower() in message.lower()
              and len(message.splitlines()) == 1, f"{what}: message {message!r}")
        listed = larder("ls", store=store)
        check(listed.returncode == 1 and listed.stdout == b"",
              f"{what}: something is stored: {listed.stdout}")
        # The same to a file: it must not be there afterwards.
        target = path("target")
        larder("get", "-o", target, *args, store=store, timeout=60)
        check(not os.path.exists(target), f"{what}: -o left a file")
        told = larder("get", "--json", *args, store=store, timeout=60)
        check(told.returncode == done.returncode, f"{what}: --json exits {told.returncode}")
    check(not [n for n in os.listdir(TMP) if n.startswith(".target")], "no temporary is left")


def messages(store):
    """A message neither shows a password nor drowns its reason in the URL."""
    done = larder("get", "http://alice:hunter2@127.0.0.1:1/", store=store)
    check(done.returncode == 7 and b"hunter2" not in done.stderr, f"password: {done.stderr}")
    done = larder("show", "http://alice:hunter2@127.0.0.1:1/", store=store)
    check(b"hunter2" not in done.stderr, f"password: {done.stderr}")
    done = larder("get", f"http://127.0.0.1:{free_port()}/" + "x" * 10000, store=store)
    check(done.returncode == 9 and b"refused" in done.stderr and len(done.stderr) < 1000,
          f"long URL: {done.returncode} {done.stderr}")


def certificates(origin, store):
    url = origin.url("max-age", "5.bin", "https")
    done = larder("get", url, store=store)
    check(done.returncode == 13 and b"certificate" in done.stderr,
          f"unknown authority: {done.returncode} {done.stderr}")
    other, _ = make_certificate(path("other"), "elsewhere.example")
    done = larder("get", "--cacert", other, url, store=store)
    check(done.returncode == 13, f"another authority: {done.returncode} {done.stderr}")
    done = larder("get", "--cacert", path("nothing.pem"), url, store=store)
    check(done.returncode == 13 and b"nothing.pem" in done.stderr,
          f"no bundle: {done.returncode} {done.stderr}")
    listed = larder("ls", store=store)
    check(listed.returncode == 1, f"nothing is stored: {listed.stdout}")
    done = larder("get", "--insecure", url, store=store)
    check(done.returncode == 0, f"--insecure: {done.returncode} {done.stderr}")
    larder("purge", "--all", store=store)


def stores(origin):
    url = origin.url("max-age", "6.bin")
    with open(origin.file("max-age", "6.bin"), "rb") as file:
        want = file.read()

    absent = path("absent")
    for command in (["ls"], ["stat"], ["show", url], ["purge", url], ["purge", "--all"],
                    ["verify"]):
        done = larder(*command, store=absent)
        check(done.returncode == 4 and b"no store" in done.stderr,
              f"{command} without a store: {done.returncode} {done.stderr}")
        check(not os.path.exists(absent), f"{command} made a store")

    file = path("a-file")
    with open(file, "wb") as out:
        out.write(b"mine")
    link = path("a-link")
    os.symlink(path("store"), link)
    loose = path("loose")
    os.mkdir(loose)
    os.chmod(loose, 0o777)
    for what, place in (("a file", file), ("a symlink", link), ("a folder open to all", loose)):
        for command in (["get", url], ["ls"], ["stat"]):
            done = larder(*command, store=place)
            check(done.returncode == 4 and place.encode() in done.stderr and done.stdout == b"",
                  f"the store is {what}: {command}: {done.returncode} {done.stderr}")
    with open(file, "rb") as unchanged:
        check(unchanged.read() == b"mine", "the file is as it was")
    done = larder("get", "--no-cache", url, store=file)
    check(done.returncode == 0 and done.stdout == want, f"--no-cache: {done.stderr}")


def usage(origin, store):
    url = origin.url("max-age", "7.bin")
    for args in (["get"], ["nonsense"], ["get", "--nonsense", url], ["get", "-X"],
                 ["get", "-H", "no colon", url], ["get", "-H", "a b: c", url],
                 ["get", "-H", "X: a\r\nY: b", url], ["get", "--max-time", "soon", url],
                 ["get", "--refresh", "--reload", url], ["get", "-o", "x", url, url],
                 ["ls", "extra"], ["ls", "--sort", "colour"], ["ls", "--fields", "url,colour"],
                 ["ls", "--state", "rotten"], ["ls", "--limit", "0"], ["show"], ["purge"],
                 ["purge", "--all", url], ["purge", "--all", "--prefix", "x"],
                 ["purge", "--origin", "nonsense"], ["stat", "x"], ["stat", "--watch", "0"]):
        done = larder(*args, store=store)
        check(done.returncode == 2 and done.stderr.startswith(b"larder"),
              f"{args}: {done.returncode} {done.stderr}")
    for args, code in ((["get", "-d", "@" + path("missing"), url], 17),
                       (["get", "-o", path("no", "folder", "x"), url], 17),
                       (["get", "-o", "/dev/full", url], 16),
                       (["get", "-f", origin.url("max-age", "missing")], 22),
                       (["get", "--only-if-cached", origin.url("etag", "3.bin")], 1),
                       (["show", origin.url("etag", "3.bin")], 1),
                       (["purge", origin.url("etag", "3.bin")], 1)):
        done = larder(*args, store=store)
        check(done.returncode == code and done.stderr.startswith(b"larder") or code == 1,
              f"{args}: {done.returncode}, not {code}: {done.stderr}")
        check(done.returncode == code, f"{args}: {done.returncode}, not {code}: {done.stderr}")
    done = run("sh", "-c", f"'{LARDER}' get -s '{store}' '{url}' >/dev/full")
    check(done.returncode in (16, 17), f"standard output is full: {done.returncode}")


def fill(folder, spare=0):
    """Takes all room there is, but for `spare` bytes."""
    with open(os.path.join(folder, "filler"), "ab", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(bytes(4096))
        filler.truncate(max(0, os.path.getsize(filler.name) - spare))


def full_disk(origin):
    disk = path("disk")
    os.mkdir(disk)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700", "none", disk],
                             capture_output=True, check=False)
    if mounted.returncode:
        say("no full disk: mounting is not permitted here")
        return
    atexit.register(lambda: subprocess.run(["umount", "-l", disk], check=False,
                                           capture_output=True))
    store = os.path.join(disk, "store")
    large = ("large", origin.url("max-age", "20m.bin"), origin.file("max-age", "20m.bin"))
    with open(large[2], "wb") as out:
        out.write(random.randbytes(20 << 20))
    done = larder("get", origin.url("max-age", "8.bin"), store=store)
    check(done.returncode == 0, f"a store on a small disk: {done.stderr.decode()}")
    fill(disk, spare=1 << 18)
    warned = 0
    for round_ in range(2):
        for what, url, file in origin.items() + [large]:
            if not url.startswith("http:"):
                continue
            got = larder("get", url, store=store)
            with open(file, "rb") as want:
                check(got.returncode == 0 and got.stdout == want.read(),
                      f"full disk, round {round_}: {url} ({what}): {got.returncode} "
                      f"{got.stderr.decode()}")
            warned += b"not stored" in got.stderr
        # Then not a single byte is left.
        fill(disk)
    say(f"full disk: {warned} warnings")
    check(warned > 0, "somebody is told that the disk is full")
    check("entries" in stat(store), "larder stat on a full disk")
    check(larder("verify", store=store).returncode == 0, "larder verify on a full disk")
    done = larder("purge", "--all", store=store)
    # The store may have given up everything for the large body: then nothing matches.
    check(done.returncode in (0, 1), f"larder purge on a full disk: {done.stderr.decode()}")
    done = larder("get", origin.url("max-age", "8.bin"), store=os.path.join(disk, "second"))
    check(done.returncode == 16 and b"no room" in done.stderr.lower(),
          f"a new store on a full disk: {done.returncode} {done.stderr.decode()}")


def corrupted(origin):
    dice = random.Random(7)
    items = [item for item in origin.items() if item[1].startswith("http:")]
    for what in ("scattered bytes", "first pages", "cut", "empty", "nothing but noise",
                 "lock file", "control"):
        store = path("corrupt-" + what.replace(" ", "-"))
        for _, url, _ in items:
            larder("get", "-q", "-o", "/dev/null", url, store=store)
        data = os.path.join(store, {"lock file": "lock.mdb",
                                    "control": "control"}.get(what, "data.mdb"))
        size = os.path.getsize(data)
        used = min(size, os.stat(data).st_blocks * 512 or size)
        with open(data, "r+b") as file:
            if what == "scattered bytes":
                for _ in range(400):
                    file.seek(dice.randrange(min(used, size)))
                    file.write(dice.randbytes(1))
            elif what == "first pages":
                file.write(bytes(8192))
            elif what == "cut":
                file.truncate(min(used, size) // 2)
            elif what == "empty":
                file.truncate(0)
            else:
                file.write(dice.randbytes(min(used, size)))
        verified = larder("verify", store=store)
        check(verified.returncode in (0, 3, 4, 18), f"{what}: verify exits "
              f"{verified.returncode}: {verified.stderr.decode()}")
        wrong = crashed = refused = 0
        for _, url, file in items:
            got = larder("get", url, store=store)
            with open(file, "rb") as want:
                wrong += got.returncode == 0 and got.stdout != want.read()
            crashed += got.returncode < 0
            refused += got.returncode > 0
            if got.returncode > 0:
                check(got.returncode in (4, 18) and got.stdout == b"",
                      f"{what}: exit {got.returncode} {got.stderr.decode()}")
        say(f"{what}: verify {verified.returncode}, wrong {wrong}, crashed {crashed}, "
            f"refused {refused}")
        check(wrong == 0 and crashed == 0, f"{what}: {wrong} wrong bodies, {crashed} crashes")
        for command in (["ls"], ["stat"], ["purge", "--all"]):
            done = larder(*command, store=store)
            check(done.returncode in (0, 1, 4, 18), f"{what}: {command}: {done.returncode} "
                  f"{done.stderr.decode()}")


def main():
    origin = Origin(files=40)
    store = path("store")
    # An empty store: whatever is listed later was wrongly stored.
    done = larder("get", "--no-store", origin.url("max-age", "5.bin"), store=store)
    check(done.returncode == 0, f"a first store: {done.stderr.decode()}")
    network(store)
    say("network")
    # After the cut body the whole one is fetched.
    healthy = Scripted(GOOD)
    done = larder("get", healthy.url(), store=store)
    check(done.returncode == 0 and done.stdout == b"whole", f"after all that: {done.stderr}")
    larder("purge", "--all", store=store)
    messages(store)
    say("messages")
    certificates(origin, store)
    say("certificates")
    stores(origin)
    say("stores")
    usage(origin, store)
    say("usage")
    full_disk(origin)
    say("full disk")
    corrupted(origin)
    finish()


if __name__ == "__main__":
    main()
