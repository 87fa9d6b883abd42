#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memcache.py - a memcache client in Python beside the workers: sets and gets values through
larderd until it is told to stop (SIGTERM), and counts what was not as it should be.

usage: memcache.py SOCKET
"""

import random
import signal
import sys

from pymemcache.client.base import Client

stopped = False


def stop(*_):
    global stopped
    stopped = True


def main():
    signal.signal(signal.SIGTERM, stop)
    client = Client(sys.argv[1], timeout=10)
    expected = {}
    sets = gets = wrong = 0
    while not stopped:
        key = f"session:{random.randrange(500)}"
        if random.random() < 0.2 or key not in expected:
            expected[key] = random.randbytes(random.randrange(20, 2000))
            client.set(key, expected[key], noreply=False)
            sets += 1
        else:
            wrong += client.get(key) != expected[key]
            gets += 1
    client.close()
    print(f"sets={sets} gets={gets} wrong={wrong}")


if __name__ == "__main__":
    main()
