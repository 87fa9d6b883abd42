#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clients.py - real clients against larderd: pymemcache, libmemcached's tools, memcached-tool.

What is not installed is named and skipped; with none of them the test as a whole is skipped.
"""
import os
import shutil
import socket
import subprocess
import sys
import time

DEBIAN = '/usr/bin/python3'
try:
    import pymemcache
    from pymemcache.client.base import Client as Pymemcache
except ImportError:
    # Debian's package is for Debian's interpreter, which need not be the first on the path.
    if os.path.realpath(sys.executable) != os.path.realpath(DEBIAN) and os.path.exists(DEBIAN):
        os.execv(DEBIAN, [DEBIAN] + sys.argv)
    pymemcache = None

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from larderd import SLOW, Larderd, check, equal, main  # noqa: E402

skipped = []


def have(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        skipped.append(missing)
        print('note   not installed: ' + ' '.join(missing))
    return not missing


def pymemcache_client():
    if not pymemcache:
        skipped.append('pymemcache')
        print('note   not installed: python3-pymemcache')
        return
    with Larderd('-I', '8m') as server:
        client = Pymemcache(server.address, connect_timeout=10, timeout=10 * SLOW)
        check(client.set('a', b'one', expire=100, noreply=False), 'set')
        equal(client.get('a'), b'one', 'get')
        check(client.set_many({'m%d' % i: b'%d' % i for i in range(500)}, noreply=False) == [],
              'set_many')
        equal(client.get_many(['m%d' % i for i in range(500)] + ['none']),
              {'m%d' % i: b'%d' % i for i in range(500)}, 'get_many')
        equal(client.add('a', b'two', noreply=False), False, 'add')
        equal(client.replace('none', b'two', noreply=False), False, 'replace')
        check(client.append('a', b'!', noreply=False) and client.prepend('a', b'?', noreply=False),
              'append, prepend')
        equal(client.gets('a')[0], b'?one!', 'gets')
        value, cas = client.gets('a')
        equal(client.cas('a', b'new', cas, noreply=False), True, 'cas')
        equal(client.cas('a', b'newer', cas, noreply=False), False, 'cas again')
        equal(client.cas('none', b'x', cas, noreply=False), None, 'cas of nothing')
        client.set('n', b'10')
        equal((client.incr('n', 5, noreply=False), client.decr('n', 20, noreply=False)), (15, 0),
              'incr, decr')
        equal(client.touch('a', 100, noreply=False), True, 'touch')
        equal(client.delete('a', noreply=False), True, 'delete')
        equal(client.get('a'), None, 'gone')
        big = os.urandom(5 << 20)
        check(client.set('big', big, noreply=False), 'set 5 MiB')
        equal(client.get('big'), big, 'get 5 MiB')
        check(client.stats()[b'cmd_set'] > 0, 'stats')
        check(client.version().startswith(b'1.'), 'version')
        client.set('short', b'x', expire=1, noreply=False)
        time.sleep(1.2)
        equal(client.get('short'), None, 'expired')
        server.stop()
        server.start()
        client = Pymemcache(server.address, timeout=10 * SLOW)
        equal(client.get('big'), big, 'after a restart')
        check(client.flush_all(noreply=False), 'flush_all')
        equal(client.get('big'), None, 'flushed')
        client.close()
        server.stop()


def tool(name, server, *words, status=0):
    command = [name, '--servers=' + server, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60 * SLOW)
    equal(done.returncode, status, '%s: %r' % (' '.join(command), done.stdout[-500:]))
    return done.stdout


def libmemcached_tools():
    names = ('memccp', 'memccat', 'memcrm', 'memcexist', 'memcstat', 'memcflush', 'memcping',
             'memctouch', 'memcdump', 'memcslap')
    if not have(*names):
        return
    with Larderd() as server:
        path = os.path.join(server.root, 'file')
        with open(path, 'wb') as file:
            file.write(os.urandom(70000).replace(b'\n', b' ') + b'\n')
        at = server.address
        tool('memccp', at, path)
        with open(path, 'rb') as file:
            content = file.read()
        check(tool('memccat', at, 'file').startswith(content[:60000]), 'memccat')
        tool('memcexist', at, 'file')
        tool('memctouch', at, '--expire=100', 'file')
        check(b'pid: ' in tool('memcstat', at), 'memcstat')
        check(b'file' in tool('memcdump', at), 'memcdump')
        tool('memcping', at)
        tool('memcrm', at, 'file')
        tool('memcexist', at, 'file', status=1)
        tool('memccp', at, path)
        tool('memcflush', at)
        tool('memcexist', at, 'file', status=1)
        tool('memcslap', at, '--concurrency=4', '--execute-number=500', '--test=set')
        tool('memcslap', at, '--concurrency=4', '--execute-number=500', '--test=get')
        server.stop()


def any_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def memccapable_ascii():
    """libmemcached's conformance test, its text half."""
    if not have('memccapable'):
        return
    port = any_port()
    with Larderd('-p', str(port)) as server:
        done = subprocess.run(['memccapable', '-a', '-h', '127.0.0.1', '-p', str(port), '-t', '5'],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120 * SLOW, text=True)
        failed = [line for line in done.stdout.splitlines() if '[FAIL]' in line]
        passed = [line for line in done.stdout.splitlines() if '[pass]' in line]
        check(not failed and len(passed) > 20 and done.returncode == 0,
              '%d passed:\n%s' % (len(passed), done.stdout))
        server.stop()


def memcached_tool():
    program = '/usr/share/memcached/scripts/memcached-tool'
    if not os.path.exists(program):
        skipped.append(program)
        print('note   not installed: ' + program)
        return
    port = any_port()
    with Larderd('-p', str(port)) as server:
        client = server.client()
        client.ask(b'set tool 3 0 5\r\nhello\r\n')
        said = {}
        for what in ('display', 'stats', 'settings', 'sizes', 'dump', 'keys'):
            done = subprocess.run(['perl', program, '127.0.0.1:%d' % port, what],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=30 * SLOW)
            equal(done.returncode, 0, '%s: %r' % (what, done.stdout[-300:]))
            said[what] = done.stdout
        check(b'add tool 3 0 5\r\nhello\r\n' in said['dump'], 'dump: %r' % said['dump'])
        check(b'key=tool' in said['keys'], 'keys: %r' % said['keys'])
        check(b'  1 ' in said['display'], 'display: %r' % said['display'])
        check(b'cmd_set' in said['stats'], 'stats')
        server.stop()


TESTS = [pymemcache_client, libmemcached_tools, memccapable_ascii, memcached_tool]

if __name__ == '__main__':
    try:
        main({test.__name__: test for test in TESTS})
    except SystemExit as end:
        if end.code == 0 and len(skipped) == len(TESTS):
            sys.exit(77)
        raise
