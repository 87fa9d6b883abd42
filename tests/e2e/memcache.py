#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memcache clients that others wrote, through larderd: pymemcache and libmemcached's tools set,
get, delete and expire values, and a value outlives larderd."""

import os
import random
import signal
import sys
import time

try:
    from pymemcache.client.base import Client
except ImportError:
    # Debian's package belongs to Debian's python, which need not be the first in the path.
    if sys.executable == "/usr/bin/python3" or not os.path.exists("/usr/bin/python3"):
        print("skipped: pymemcache is missing")
        sys.exit(77)
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

from lib import (check, finish, free_port, answers, larder, need, path, run, say,
                 start_larderd, stop, wait_for)


def through_pymemcache(address):
    client = Client(address, timeout=10)
    check(client.set("greeting", b"hello", noreply=False), "set")
    check(client.get("greeting") == b"hello", "get")
    check(client.get("nothing") is None, "get of nothing")
    check(client.add("greeting", b"other", noreply=False) is False, "add of what is there")
    check(client.replace("nothing", b"x", noreply=False) is False, "replace of nothing")
    check(client.append("greeting", b" you", noreply=False), "append")
    check(client.prepend("greeting", b"oh ", noreply=False), "prepend")
    value, cas = client.gets("greeting")
    check(value == b"oh hello you", f"appended and prepended: {value}")
    check(client.cas("greeting", b"new", cas, noreply=False) is True, "cas")
    check(client.cas("greeting", b"newer", cas, noreply=False) is False, "cas that is late")
    check(client.set("n", b"41", noreply=False) and client.incr("n", 1, noreply=False) == 42,
          "incr")
    check(client.decr("n", 100, noreply=False) == 0, "decr stops at 0")
    check(client.delete("n", noreply=False) is True and client.get("n") is None, "delete")
    check(client.delete("n", noreply=False) is False, "delete of nothing")
    check(client.touch("greeting", expire=100, noreply=False) is True, "touch")
    many = {f"key{i}": os.urandom(i * 97) for i in range(200)}
    check(client.set_many(many, noreply=False) == [], "set_many")
    check(client.get_many(list(many)) == many, "get_many")
    large = os.urandom(700 * 1024)
    check(client.set("large", large, noreply=False) and client.get("large") == large,
          "a value of 700 KiB")
    check(client.set("soon", b"gone", expire=1, noreply=False), "set that expires")
    check(client.get("soon") == b"gone", "before it expires")
    time.sleep(2.2)
    check(client.get("soon") is None, "after it has expired")
    check(b"version" in client.stats(), "stats")
    client.close()


def through_tools(port):
    server = f"--servers=127.0.0.1:{port}"
    file = path("from-a-file")
    content = b"one line\nanother\n" + bytes(str(random.random()), "ascii")
    with open(file, "wb") as out:
        out.write(content)
    done = run("memccp", server, file)
    check(done.returncode == 0, f"memccp: {done.stderr.decode()}")
    done = run("memccat", server, "from-a-file")
    check(done.returncode == 0 and done.stdout.rstrip(b"\n") == content.rstrip(b"\n"),
          f"memccat: {done.stdout} {done.stderr.decode()}")
    done = run("memcexist", server, "from-a-file")
    check(done.returncode == 0, f"memcexist: {done.stderr.decode()}")
    done = run("memctouch", server, "--expire=1", "from-a-file")
    check(done.returncode == 0, f"memctouch: {done.stderr.decode()}")
    time.sleep(2.2)
    check(run("memcexist", server, "from-a-file").returncode != 0, "expired after memctouch")
    check(run("memccp", server, file).returncode == 0, "memccp again")
    check(run("memcrm", server, "from-a-file").returncode == 0, "memcrm")
    check(run("memcexist", server, "from-a-file").returncode != 0, "gone after memcrm")
    done = run("memcstat", server)
    check(done.returncode == 0 and b"version" in done.stdout, f"memcstat: {done.stdout[:300]}")


def outlives(store, daemon, address):
    client = Client(address, timeout=10)
    client.set("lasting", b"\x00binary\xff", noreply=False)
    client.close()
    for how in (signal.SIGTERM, signal.SIGKILL):
        stop(daemon, how)
        listed = larder("ls", "--state", "value", "--prefix", "lasting", store=store)
        check(listed.returncode == 0 and b"lasting" in listed.stdout,
              f"larder ls without larderd: {listed.stdout} {listed.stderr.decode()}")
        daemon, address = start_larderd(store)
        client = Client(address, timeout=10)
        check(client.get("lasting") == b"\x00binary\xff", f"a value outlives {how.name}")
        client.close()
    return daemon, address


def main():
    need("memccp", "memccat", "memcrm", "memcstat", "memctouch", "memcexist")
    store = path("store")
    daemon, address = start_larderd(store)
    through_pymemcache(address)
    say("pymemcache is content")
    daemon, address = outlives(store, daemon, address)
    say("values outlive larderd")
    check(stop(daemon) == 0, "larderd ends with 0")

    port = free_port()
    daemon, _ = start_larderd(store, "-l", "127.0.0.1", "-p", str(port))
    wait_for(lambda: answers(("127.0.0.1", port)), what="larderd over TCP")
    through_tools(port)
    say("libmemcached's tools are content")
    client = Client(("127.0.0.1", port), timeout=10)
    check(client.get("lasting") == b"\x00binary\xff", "the same store over TCP")
    client.flush_all(noreply=False)
    check(client.get("lasting") is None, "flush_all")
    check(stop(daemon) == 0, "larderd ends with 0")
    finish()


if __name__ == "__main__":
    main()
