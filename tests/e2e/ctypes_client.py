#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library from Python by ctypes alone: what one process stores the next one has."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lib import BUILD, SANITIZED, SOURCE, check, clean_env, finish, path, skip


class Handler(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Handler.asked += 1
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def main():
    if SANITIZED:
        skip("python itself is not built with the sanitizer that the library needs")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    for wanted in ("200 5 miss", "200 5 fresh (max-age)"):
        done = subprocess.run(
            [sys.executable, os.path.join(SOURCE, "tools/examples/fetch.py"), url],
            env=clean_env(LARDER_STORE=path("store"),
                          LARDER_LIBRARY=os.path.join(BUILD, "lib/liblarder.so.0")),
            capture_output=True, timeout=30, check=False)
        check(done.stdout.decode().startswith(wanted) and done.returncode == 0,
              f"{wanted}: {done}")
    check(Handler.asked == 1, f"{Handler.asked} requests reached the origin")
    done = subprocess.run(
        [sys.executable, os.path.join(SOURCE, "tools/examples/fetch.py"), "nonsense"],
        env=clean_env(LARDER_STORE=path("store"),
                      LARDER_LIBRARY=os.path.join(BUILD, "lib/liblarder.so.0")),
        capture_output=True, timeout=30, check=False)
    check(done.returncode == 1 and b"URL" in done.stderr, f"a bad URL: {done}")
    finish()


main()
