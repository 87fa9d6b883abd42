# SPDX-License-Identifier: MIT
"""What the whole-system tests share: a real nginx, larderd, workers, and their end.

Everything runs on loopback with free ports under one temporary folder, is bounded in time,
and is gone when the test ends, however it ends.
"""

import atexit
import contextlib
import ctypes
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("LARDER_BIN_DIR", "build/dev/bin")
BUILD = os.environ.get("LARDER_BUILD_DIR", os.path.dirname(BIN))
SOURCE = os.environ.get("LARDER_SOURCE_DIR", os.getcwd())
FACTOR = float(os.environ.get("LARDER_TEST_TIMEOUT_FACTOR", "1"))
FULL = os.environ.get("LARDER_E2E_FULL") == "1"
SANITIZED = bool(os.environ.get("LARDER_SANITIZE"))

# Users of Debian have no nginx in their path.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"

LARDER = os.path.join(BIN, "larder")
LARDERD = os.path.join(BIN, "larderd")
FETCHER = os.path.join(BUILD, "tests", "e2e", "fetcher")

SKIP = 77

_children = []
_failures = []


# ---- ending ------------------------------------------------------------------------------

def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def need(*programs):
    for program in programs:
        if not shutil.which(program) and not os.path.exists(program):
            skip(f"{program} is missing")


def check(condition, message):
    """Notes a failure and goes on, so that one run shows all of them."""
    if not condition:
        print(f"FAILED: {message}", flush=True)
        _failures.append(message)
    return condition


def finish():
    if _failures:
        print(f"{len(_failures)} checks failed")
        sys.exit(1)
    print("ok")
    sys.exit(0)


def say(text):
    print(f"[{time.monotonic() - _start:6.2f}] {text}", flush=True)


_start = time.monotonic()


def _end_children():
    for child in _children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + 5
    for child in _children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        if child.poll() is None:
            child.kill()
            child.wait()


atexit.register(_end_children)
# ctest ends a test that takes too long with SIGTERM or SIGKILL; the first is an exit.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

TMP = tempfile.mkdtemp(prefix="larder-e2e-")
os.chmod(TMP, 0o755)
atexit.register(lambda: shutil.rmtree(TMP, ignore_errors=True))


# ---- processes ---------------------------------------------------------------------------

def path(*parts):
    return os.path.join(TMP, *parts)


def clean_env(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LARDER_STORE", "XDG_"))}
    env["HOME"] = TMP
    env.update(more)
    return env


_prctl = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """A test that is killed outright takes its daemons along."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(*args, **options):
    options.setdefault("env", clean_env())
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("preexec_fn", _die_with_parent)
    child = subprocess.Popen([str(a) for a in args], **options)
    _children.append(child)
    return child


def run(*args, timeout=30, **options):
    """A finished process with .stdout and .stderr as bytes."""
    options.setdefault("env", clean_env())
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(a) for a in args], capture_output=True, check=False,
                          timeout=timeout * FACTOR, **options)


def larder(*args, store=None, **options):
    where = ["-s", store] if store else []
    return run(LARDER, *args[:1], *where, *args[1:], **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds=10, what="condition"):
    deadline = time.monotonic() + seconds * FACTOR
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds * FACTOR} s")
        time.sleep(0.01)


def answers(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def start_larderd(store, *args):
    """larderd on a store, listening on its default socket; returns (process, socket path)."""
    user = ["-u", "root"] if os.geteuid() == 0 else []
    daemon = spawn(LARDERD, "--store", store, *user, *args,
                   stdout=subprocess.DEVNULL, stderr=open(path("larderd.log"), "ab"))
    address = os.path.join(store, "larderd.sock")
    if "-s" not in args and "-p" not in args:
        wait_for(lambda: daemon.poll() is not None or answers(address), what="larderd")
    if daemon.poll() is not None:
        raise RuntimeError(f"larderd ended with {daemon.returncode}: "
                           + open(path("larderd.log"), encoding="utf-8").read()[-2000:])
    return daemon, address


def stop(process, how=signal.SIGTERM, seconds=10):
    if process.poll() is None:
        process.send_signal(how)
    return process.wait(seconds * FACTOR)


# ---- the origin --------------------------------------------------------------------------

def make_certificate(folder, name="localhost"):
    """A self-signed certificate for one host name; returns (certificate, key)."""
    os.makedirs(folder, exist_ok=True)
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    san = f"DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else "")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName={san}", "-keyout", key,
                    "-out", cert], check=True, capture_output=True, timeout=60)
    return cert, key


# How a location of the origin wants to be cached, and what that means for each fetch after
# the first: "fresh" asks nobody, "validate" asks and gets a 304, "fetch" asks and gets all.
POLICIES = {
    "max-age": ("add_header Cache-Control max-age=3600;", "fresh"),
    # Last changed long ago, so that RFC 9111 s4.2.2 guesses it fresh.
    "last-modified": ("etag off;", "fresh"),
    "etag": ('add_header Last-Modified "";', "validate"),
    "no-cache": ("add_header Cache-Control no-cache;", "validate"),
    "no-store": ("add_header Cache-Control no-store;", "fetch"),
}

PRINCIPALS = ("anonymous", "alice", "bob")

NGINX_CONF = """
{user}
worker_processes 2;
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    types {{ }}
    default_type application/octet-stream;
    keepalive_requests 100000;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    log_format plain '$request_method\\t$status\\t$scheme://$http_host$request_uri\\t'
                     '$http_if_none_match$http_if_modified_since\\t$who';
    # Nothing in the responses says that they differ by who asks.
    map "$http_authorization|$http_cookie" $who {{
        default anonymous;
        "Bearer alice|" alice;
        "|sid=bob" bob;
    }}
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_session_cache shared:s:1m;
        access_log {root}/access.log plain;
        root {root}/site/$who;
        {locations}
    }}
}}
"""


class Origin:
    """nginx over a tree of files, http and https."""

    def __init__(self, files=300, seed=1):
        need("nginx", "openssl")
        self.root = path("origin")
        self.log_path = os.path.join(self.root, "access.log")
        self.random = random.Random(seed)
        os.makedirs(self.root)
        self.cert, self.key = make_certificate(os.path.join(self.root, "tls"))
        self.names = []
        for principal in PRINCIPALS:
            self._make_tree(principal, files)
        self._start()

    def _size(self, i):
        if i % 50 == 7:
            return self.random.randrange(1 << 20, 3 << 20)
        if i % 10 == 3:
            return self.random.randrange(1 << 16, 1 << 18)
        return (0, 1, 4079, 4080, 4081)[i] if i < 5 else self.random.randrange(100, 12000)

    def _make_tree(self, principal, files):
        shares = {"max-age": 0.4, "last-modified": 0.2, "etag": 0.2, "no-cache": 0.1,
                  "no-store": 0.1}
        old = time.time() - 30 * 86400
        first = not self.names
        for policy, share in shares.items():
            folder = os.path.join(self.root, "site", principal, policy)
            os.makedirs(folder)
            for i in range(round(files * share)):
                name = os.path.join(folder, f"{i}.bin")
                with open(name, "wb") as out:
                    out.write(self.random.randbytes(self._size(i)))
                os.utime(name, (old, old))
                if first:
                    self.names.append((policy, f"{i}.bin"))

    def _start(self):
        locations = "\n".join(f"location /{policy}/ {{ {directive} }}"
                              for policy, (directive, _) in POLICIES.items())
        for _ in range(10):
            self.http, self.https = free_port(), free_port()
            conf = NGINX_CONF.format(
                user="user root;" if os.geteuid() == 0 else "", root=self.root,
                http=self.http, https=self.https, cert=self.cert, key=self.key,
                locations=locations)
            with open(os.path.join(self.root, "nginx.conf"), "w", encoding="utf-8") as out:
                out.write(conf)
            self.process = spawn("nginx", "-p", self.root, "-c",
                                 os.path.join(self.root, "nginx.conf"), "-e",
                                 os.path.join(self.root, "error.log"),
                                 stdout=subprocess.DEVNULL)
            wait_for(lambda: self.process.poll() is not None
                     or (answers(("127.0.0.1", self.http))
                         and answers(("127.0.0.1", self.https))), what="nginx")
            if self.process.poll() is None:
                return
        with open(os.path.join(self.root, "error.log"), encoding="utf-8") as log:
            raise RuntimeError("nginx does not start: " + log.read()[-2000:])

    def url(self, policy, name, scheme="http"):
        port = self.https if scheme == "https" else self.http
        return f"{scheme}://localhost:{port}/{policy}/{name}"

    def file(self, policy, name, principal="anonymous"):
        return os.path.join(self.root, "site", principal, policy, name)

    def items(self, principal="anonymous"):
        """(policy, URL, file) of every file; every other one over https."""
        return [(policy, self.url(policy, name, ("http", "https")[i % 2]),
                 self.file(policy, name, principal))
                for i, (policy, name) in enumerate(self.names)]

    def write_list(self, items, name="list"):
        with open(path(name), "w", encoding="utf-8") as out:
            for _, url, file in items:
                out.write(f"{url}\t{file}\n")
        return path(name)

    def log(self):
        """What nginx answered, as (method, status, URL, condition, who), once it is quiet."""
        size = -1
        while size != (size := os.path.getsize(self.log_path)):
            time.sleep(0.15)
        with open(self.log_path, encoding="utf-8") as log:
            rows = [line.rstrip("\n").split("\t") for line in log]
        # nginx writes "-" for a field that is not there.
        return [(method, status, url, condition.strip("-"), who)
                for method, status, url, condition, who in rows]

    def clear_log(self):
        self.log()
        with open(self.log_path, "r+b") as log:
            log.truncate(0)


# ---- workers -----------------------------------------------------------------------------

def start_fetcher(store, item_list, *args, origin=None, **options):
    options.setdefault("stdout", subprocess.PIPE)
    ca = ["-c", origin.cert] if origin else []
    return spawn(FETCHER, "-s", store, *ca, *args, item_list, **options)


def end_fetcher(process, seconds=120):
    """Its report; the process must end well."""
    out, _ = process.communicate(timeout=seconds * FACTOR)
    check(process.returncode == 0, f"fetcher ended with {process.returncode}")
    reports = [json.loads(line) for line in out.splitlines()]
    return reports[0] if len(reports) == 1 else reports


def total(reports, name):
    return sum(report[name] for report in reports)


def stat(store):
    done = larder("stat", "--json", store=store)
    check(done.returncode == 0, f"larder stat: {done.returncode} {done.stderr.decode()}")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def blocks(text, marker):
    """The fenced blocks of Markdown whose info string is `marker`."""
    return re.findall(r"^```" + re.escape(marker) + r"\n(.*?)^```$", text, re.S | re.M)
