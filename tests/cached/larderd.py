# SPDX-License-Identifier: MIT
"""larderd.py - what the tests of the daemon share: starting one on a store of its own,
talking to it byte by byte, and stopping it whatever happens."""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.path.join(os.environ.get('LARDER_BIN_DIR', 'build/dev/bin'), 'larderd')
SLOW = int(os.environ.get('LARDER_TEST_TIMEOUT_FACTOR', '1'))


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


def equal(got, want, what):
    def show(value):
        text = repr(value)
        return text if len(text) < 400 else text[:200] + ' ... ' + text[-150:]
    if got != want:
        raise Failed('%s:\n   got %s\n  want %s' % (what, show(got), show(want)))


class Client:
    """One connection, with what was received and not yet read."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(10 * SLOW)
        self.sock.connect(address)
        self.left = b''

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        data = self.sock.recv(1 << 20)
        self.left += data
        return bool(data)

    def line(self):
        while b'\r\n' not in self.left:
            check(self.more(), 'connection closed in a line: %r' % self.left[:200])
        line, self.left = self.left.split(b'\r\n', 1)
        return line

    def exactly(self, count):
        while len(self.left) < count:
            check(self.more(), 'connection closed after %d of %d bytes'
                  % (len(self.left), count))
        data, self.left = self.left[:count], self.left[count:]
        return data

    def until_end(self):
        """Everything until the peer closes."""
        while self.more():
            pass
        data, self.left = self.left, b''
        return data

    def ask(self, data):
        self.send(data)
        return self.line()

    def get(self, key):
        line = self.ask(b'get %s\r\n' % key)
        if line == b'END':
            return None
        words = line.split()
        equal(words[:2], [b'VALUE', key], 'get')
        value = self.exactly(int(words[3]))
        equal(self.exactly(7), b'\r\nEND\r\n', 'end of get')
        return value

    def set(self, key, value, exptime=0):
        return self.ask(b'set %s 0 %d %d\r\n%s\r\n' % (key, exptime, len(value), value))

    def stats(self, what=b''):
        self.send(b'stats %s\r\n' % what)
        found = {}
        while True:
            line = self.line()
            if line == b'END':
                return found
            words = line.split(b' ')
            equal((len(words), words[0]), (3, b'STAT'), 'shape of %r' % line)
            found[words[1].decode()] = words[2].decode()

    def close(self):
        self.sock.close()


def talk(address, data, wait_s=None):
    """Sends all, closes that way, returns all that comes back."""
    client = Client(address)
    if wait_s:
        client.sock.settimeout(wait_s)
    client.send(data)
    client.sock.shutdown(socket.SHUT_WR)
    try:
        return client.until_end()
    finally:
        client.close()


class Larderd:
    def __init__(self, *options, store=None, env=None, address=None):
        self.root = tempfile.mkdtemp(prefix='larderd-test-')
        # Not every one is used by `with`.
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.store = store or os.path.join(self.root, 'store')
        self.options = options
        self.address = address or os.path.join(self.store, 'larderd.sock')
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.log = os.path.join(self.root, 'log')

    def command(self, *options):
        user = ('-u', 'root') if os.getuid() == 0 else ()
        return [BIN, '--store', self.store, *user, *self.options, *options]

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.command(), stderr=log, env=self.env)
        for _ in range(200 * SLOW):
            try:
                Client(self.address).close()
                return self
            except OSError:
                check(self.process.poll() is None, 'larderd ended at start: ' + self.said())
                time.sleep(0.05)
        raise Failed('larderd does not answer: ' + self.said())

    def said(self):
        with open(self.log, errors='replace') as log:
            return log.read()[-2000:]

    def client(self):
        return Client(self.address)

    def run(self, *options):
        """A larderd that is expected to end by itself."""
        return subprocess.run(self.command(*options), stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE, timeout=30 * SLOW, env=self.env,
                              text=True)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(30 * SLOW)
        if how != signal.SIGKILL:
            equal(status, 0, 'exit status, log: ' + self.said())
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            said = self.said()
            if kind:
                print(said[-1500:], file=sys.stderr)
            check('ERROR: ' not in said and 'runtime error' not in said, 'sanitizer: ' + said)
        finally:
            shutil.rmtree(self.root, ignore_errors=True)


def main(tests):
    """Runs the named tests, or all; prints one line each."""
    chosen = sys.argv[1:] or list(tests)
    failed = 0
    for name in chosen:
        start = time.monotonic()
        try:
            tests[name]()
            print('ok     %s (%.1f s)' % (name, time.monotonic() - start), flush=True)
        except Exception as error:  # a test may fail in any way, the others still run
            failed += 1
            print('FAILED %s: %s: %s' % (name, type(error).__name__, error), flush=True)
    sys.exit(1 if failed else 0)
