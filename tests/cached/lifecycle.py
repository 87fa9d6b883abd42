#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lifecycle.py - larderd as a process: what it refuses to start with, how it stops, what
survives, and what hostile or slow clients can do to it."""
import os
import random
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from larderd import SLOW, Client, Larderd, check, equal, main, talk  # noqa: E402

MIB = os.urandom(1 << 20)


def bad_options():
    server = Larderd()
    for options, words in [
        (['-p', 'x'], '-p'), (['-p', '70000'], '-p'), (['-t', '0'], '-t'), (['-c', '0'], '-c'),
        (['-c', '-5'], '-c'), (['-m', '0'], '-m'), (['-a', '999'], '-a'), (['-I', '1'], '-I'),
        (['-I', '2048m'], '-I'), (['-l', 'a:b:c,'], '-l'), (['-l', '127.0.0.1:0'], '-l'),
        (['-U', '11211'], '-U'), (['-B', 'binary'], '-B'), (['-R', '0'], '-R'),
        (['-D', 'ab'], '-D'), (['-b', '0'], '-b'), (['--nonsense'], '--nonsense'),
        (['-S'], '-S'), (['-Z'], '-Z'), (['-p'], '-p'), (['stray'], 'stray'),
        (['-o', 'idle_timeout=x'], '-o'),
    ]:
        done = server.run(*options)
        check(done.returncode == 64, '%s: exit status %d' % (options, done.returncode))
        check(words in done.stderr and 'larderd: ' in done.stderr,
              '%s is not explained: %s' % (options, done.stderr))
        check(not os.path.exists(server.store), '%s made a store' % options)
    for options in (['-u', 'no-such-user-here'],):
        if os.getuid() == 0:
            done = subprocess.run([*server.command()[:3], *options], stderr=subprocess.PIPE)
            check(done.returncode != 0 and b'no-such-user-here' in done.stderr, 'unknown user')
    if os.getuid() == 0:
        done = subprocess.run([*server.command()[:3], '-p', '-1'], stderr=subprocess.PIPE)
        check(done.returncode != 0 and b'-u root' in done.stderr, 'root without -u')
    done = server.run('--help')
    check(done.returncode == 0 and '--max-item-size' in done.stdout, 'help')
    done = server.run('-V')
    check(done.returncode == 0 and done.stdout.startswith('larderd '), 'version')


def ignored_options():
    with Larderd('-f', '1.5', '-k', '-o', 'maxconns_fast,slab_chunk_max=5', '-W', '-U', '0',
                 '-B', 'auto', '-n', '48', '-L') as server:
        check('-f: has no meaning' in server.said(), 'a warning for -f')
        check('slab_chunk_max' in server.said(), 'a warning for -o')
        equal(server.client().set(b'a', b'x'), b'STORED', 'set')
        server.stop()


def socket_file():
    with Larderd('-a', '0750') as server:
        mode = os.stat(server.address).st_mode
        check(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o750, 'mode %o' % mode)
        equal(stat.S_IMODE(os.stat(server.store).st_mode), 0o700, 'mode of the store')
        done = server.run()
        check(done.returncode == 1 and 'another server answers' in done.stderr,
              'second daemon: %r' % done.stderr)
        equal(server.client().set(b'a', b'x'), b'STORED', 'the first is well')
        server.stop(signal.SIGKILL)
        check(os.path.exists(server.address), 'a killed daemon leaves its socket')
        server.start()
        equal(server.client().get(b'a'), b'x', 'the next one takes the stale socket over')
        server.stop()
        check(not os.path.exists(server.address), 'the socket is removed at exit')
        check(not [n for n in os.listdir(server.store) if n.startswith('.')], 'no leftovers')
        with open(server.address, 'w') as file:
            file.write('precious')
        done = server.run()
        check(done.returncode == 1 and 'no socket' in done.stderr, 'a file: %r' % done.stderr)
        with open(server.address) as file:
            equal(file.read(), 'precious', 'the file is untouched')
        done = server.run('-s', '/tmp/' + 'x' * 120)
        check(done.returncode == 1 and 'too long' in done.stderr, 'long name: %r' % done.stderr)
        nowhere = server.root + '/nowhere/sock'
        done = server.run('-s', nowhere)
        check(done.returncode == 1 and nowhere in done.stderr, 'no folder: %r' % done.stderr)
        done = server.run('-s', server.root + '/other', '--socket-group', 'no-such-group')
        check(done.returncode == 1 and 'no-such-group' in done.stderr, 'group')
        check(not os.path.exists(server.root + '/other'), 'nothing is left of it')


def shared_with_group():
    """As under the service unit: the directory is there, the group's, and empty."""
    with_group = Larderd('--share-store')
    os.mkdir(with_group.store)
    os.chmod(with_group.store, 0o770)
    with with_group as server:
        equal(server.client().set(b'a', b'x'), b'STORED', 'set')
        for name in ('data.mdb', 'lock.mdb', 'control'):
            mode = stat.S_IMODE(os.stat(os.path.join(server.store, name)).st_mode)
            equal(oct(mode), oct(0o660), name)
        server.stop()
    alone = Larderd()
    os.mkdir(alone.store)
    os.chmod(alone.store, 0o770)
    done = alone.run()
    check(done.returncode == 1 and 'group' in done.stderr, 'loose: %r' % done.stderr)


def many_start_at_once():
    """One of them gets the socket, the others say so; nobody's socket is taken away."""
    server = Larderd()
    procs = [subprocess.Popen(server.command(), stderr=subprocess.PIPE) for _ in range(5)]
    deadline = time.monotonic() + 20 * SLOW
    while sum(p.poll() is None for p in procs) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = [p for p in procs if p.poll() is None]
    try:
        equal(len(alive), 1, 'daemons that stay')
        equal(Client(server.address).set(b'a', b'x'), b'STORED', 'the one that stays')
    finally:
        for process in alive:
            process.terminate()
        for process in procs:
            process.communicate()


def many_replace_one_leftover():
    """As many_start_at_once(), where a daemon that was killed left its socket."""
    for _ in range(5):
        with Larderd() as server:
            server.stop(signal.SIGKILL)
            check(os.path.exists(server.address), 'a killed daemon leaves its socket')
            procs = [subprocess.Popen(server.command(), stderr=subprocess.PIPE)
                     for _ in range(6)]
            deadline = time.monotonic() + 20 * SLOW
            while sum(p.poll() is None for p in procs) > 1 and time.monotonic() < deadline:
                time.sleep(0.02)
            alive = [p for p in procs if p.poll() is None]
            try:
                equal(len(alive), 1, 'daemons that stay')
                equal(Client(server.address).set(b'a', b'x'), b'STORED', 'the one that stays')
            finally:
                for process in alive:
                    process.terminate()
                for process in procs:
                    process.communicate()


def relative_names_in_background():
    """It leaves the directory it was started in, and still finds its files."""
    with Larderd() as server:
        server.stop()
        os.mkdir(server.root + '/cwd')
        command = server.command('-d', '-P', 'pid', '-s', 'sock')
        done = subprocess.run(command, cwd=server.root + '/cwd', stderr=subprocess.PIPE,
                              timeout=20 * SLOW, check=False)
        equal(done.returncode, 0, 'exit status of the parent: %r' % done.stderr)
        with open(server.root + '/cwd/pid') as file:
            pid = int(file.read())
        try:
            equal(os.readlink('/proc/%d/cwd' % pid), '/', 'current directory')
            equal(Client(server.root + '/cwd/sock').set(b'a', b'x'), b'STORED', 'set')
        finally:
            os.kill(pid, signal.SIGTERM)
        for _ in range(100 * SLOW):
            if not os.listdir(server.root + '/cwd'):
                break
            time.sleep(0.05)
        equal(os.listdir(server.root + '/cwd'), [], 'files it leaves')


def no_stop_without_a_start():
    server = Larderd()
    done = server.run('-P', server.root + '/nowhere/pid')
    check(done.returncode == 1 and 'nowhere/pid' in done.stderr, 'pid file: %r' % done.stderr)
    check('event=' not in done.stderr, 'no events of what never ran: %r' % done.stderr)


def tcp_on_any_port():
    root = Larderd().root
    ports = os.path.join(root, 'ports')
    with Larderd('-p', '-1', env={'MEMCACHED_PORT_FILENAME': ports}) as server:
        with open(ports) as file:
            words = file.read().split()
        equal(words[:2], ['TCP', 'INET:'], 'port file')
        address = ('127.0.0.1', int(words[2]))
        equal(Client(address).set(b'a', b'x'), b'STORED', 'set over TCP')
        equal(server.client().get(b'a'), b'x', 'get over the socket')
        equal(talk(address, b'POST / HTTP/1.1\r\nHost: x\r\n\r\nset a 0 0 1\r\ny\r\n'), b'',
              'a browser')
        equal(server.client().get(b'a'), b'x', 'unchanged')
        done = server.run('-s', server.root + '/other', '-p', words[2])
        check(done.returncode == 1 and words[2] in done.stderr, 'port taken: %r' % done.stderr)
        server.stop()


def no_tcp_unless_asked():
    with Larderd() as server:
        client = server.client()
        found = client.stats(b'conns')
        check(not [v for v in found.values() if v.startswith('tcp')], 'TCP: %r' % found)
        server.stop()


def background():
    with Larderd() as server:
        server.stop()
        pidfile = os.path.join(server.root, 'pid')
        done = server.run('-d', '-P', pidfile)
        equal(done.returncode, 0, 'exit status of the parent: ' + done.stderr)
        with open(pidfile) as file:
            pid = int(file.read())
        try:
            equal(server.client().set(b'a', b'x'), b'STORED', 'it serves when the parent ends')
            again = server.run('-d')
            equal(again.returncode, 1, 'a child that cannot start fails the parent')
            check('another server answers' in again.stderr, 'and says why')
        finally:
            os.kill(pid, signal.SIGTERM)
        for _ in range(100 * SLOW):
            if not os.path.exists(pidfile):
                break
            time.sleep(0.05)
        check(not os.path.exists(pidfile), 'the pid file is removed')


def restart_keeps_values():
    with Larderd() as server:
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGKILL):
            client = server.client()
            values = {b'k%d' % i: os.urandom(random.choice([1, 50, 5000, 300000]))
                      for i in range(40)}
            for key, value in values.items():
                equal(client.set(key, value), b'STORED', 'set')
            equal(client.set(b'ttl', b'x', 3600), b'STORED', 'set with a time')
            cas = client.ask(b'gets k0\r\n').split()[-1]
            client.close()
            server.stop(how)
            server.start()
            client = server.client()
            for key, value in values.items():
                equal(client.get(key), value, 'after signal %d' % how)
            equal(client.get(b'ttl'), b'x', 'after signal %d' % how)
            equal(client.ask(b'gets k0\r\n').split()[-1], cas, 'compare value')
            client.close()
        server.stop()


def expiry():
    with Larderd() as server:
        client = server.client()
        equal(client.set(b'short', b'x', 2), b'STORED', 'set')
        equal(client.set(b'abs', b'x', int(time.time()) + 2), b'STORED', 'set')
        equal(client.set(b'long', b'x', 100), b'STORED', 'set')
        equal(client.set(b'touched', b'x', 2), b'STORED', 'set')
        equal(client.ask(b'touch touched 100\r\n'), b'TOUCHED', 'touch')
        equal(client.get(b'short'), b'x', 'before')
        time.sleep(2.2)
        equal([client.get(k) for k in (b'short', b'abs', b'long', b'touched')],
              [None, None, b'x', b'x'], 'after two seconds')
        equal(client.ask(b'add short 0 0 1\r\ny\r\n'), b'STORED', 'add where one expired')
        server.stop()


def delayed_flush():
    with Larderd() as server:
        client = server.client()
        client.set(b'a', b'x')
        equal(client.ask(b'flush_all 2\r\n'), b'OK', 'flush_all 2')
        equal(client.get(b'a'), b'x', 'not yet')
        time.sleep(2.2)
        equal(client.get(b'a'), None, 'now')
        equal(client.set(b'a', b'y'), b'STORED', 'set')
        equal(client.ask(b'flush_all\r\n'), b'OK', 'flush_all')
        equal(client.get(b'a'), None, 'flushed')
        equal(client.set(b'a', b'z'), b'STORED', 'set right after')
        equal(client.get(b'a'), b'z', 'set right after flush_all stays')
        server.stop()


def cas_matters():
    with Larderd() as server:
        one, two = server.client(), server.client()
        one.set(b'a', b'1')
        cas = one.ask(b'gets a\r\n').split()[-1]
        one.exactly(len(b'1\r\nEND\r\n'))
        equal(one.ask(b'touch a 100\r\n'), b'TOUCHED', 'touch keeps the compare value')
        equal(two.ask(b'cas a 0 0 1 %s\r\n2\r\n' % cas), b'STORED', 'cas')
        equal(one.ask(b'cas a 0 0 1 %s\r\n3\r\n' % cas), b'EXISTS', 'changed meanwhile')
        equal(two.get(b'a'), b'2', 'value')
        server.stop()


def large_values():
    with Larderd('-I', '64m') as server:
        client = server.client()
        value = MIB * 40
        equal(client.set(b'big', value), b'STORED', 'set 40 MiB')
        equal(client.get(b'big'), value, 'get 40 MiB')
        equal(client.ask(b'append big 0 0 5\r\nabcde\r\n'), b'STORED', 'append')
        equal(client.get(b'big'), value + b'abcde', 'appended')
        equal(client.ask(b'gets big big2 big\r\n').split()[:4],
              [b'VALUE', b'big', b'0', b'%d' % (len(value) + 5)], 'gets')
        client.exactly(len(value) + 5 + 2)
        check(client.line().startswith(b'VALUE big 0'), 'the same again')
        equal(client.exactly(len(value) + 12), value + b'abcde\r\nEND\r\n', 'and the end')
        equal(client.ask(b'gat 100 big\r\n').split()[0], b'VALUE', 'gat')
        client.exactly(len(value) + 12)
        usage = server_memory_kib(server)
        check(usage < 100000 * SLOW, 'memory after 40 MiB values: %d KiB' % usage)
        equal(client.set(b'big', MIB * 65), b'SERVER_ERROR object too large for cache', 'too big')
        equal(client.get(b'big'), None, 'and the old one is gone')
        server.stop()


def server_memory_kib(server):
    """Anonymous memory: the store's mapping is the system's page cache."""
    with open('/proc/%d/status' % server.process.pid) as file:
        for line in file:
            if line.startswith('RssAnon:'):
                return int(line.split()[1])
    return 0


def replaced_while_read():
    """A slow reader gets the value that it asked for, whatever others do to the key."""
    with Larderd('-I', '64m') as server:
        old, new = b'a' * (24 << 20), b'b' * (24 << 20)
        client, other = server.client(), server.client()
        equal(client.set(b'k', old), b'STORED', 'set')
        client.send(b'get k\r\n')
        check(client.line().startswith(b'VALUE k 0 %d' % len(old)), 'begins')
        equal(other.set(b'k', new), b'STORED', 'replace')
        equal(other.get(b'k'), new, 'the other sees the new one')
        equal(other.ask(b'delete k\r\n'), b'DELETED', 'delete')
        for i in range(50):
            equal(other.set(b'f%d' % i, MIB), b'STORED', 'fill')
        equal(client.exactly(len(old) + 7), old + b'\r\nEND\r\n', 'the old one to its end')
        server.stop()


def slow_readers():
    """Clients that ask for much and read nothing hold neither others nor much memory."""
    with Larderd('-t', '1', '-I', '16m') as server:
        client = server.client()
        equal(client.set(b'k', MIB * 8), b'STORED', 'set')
        equal(client.set(b's', MIB[:1000]), b'STORED', 'set')
        slow = [server.client() for _ in range(20)]
        for one in slow:
            one.sock.setblocking(False)
            try:
                one.sock.send(b'get k\r\n' * 50 + b'get s\r\n' * 5000)
            except BlockingIOError:
                pass
        time.sleep(0.5)
        start = time.monotonic()
        for i in range(200):
            equal(client.get(b's'), MIB[:1000], 'beside them')
            equal(client.set(b'x%d' % i, b'y'), b'STORED', 'beside them')
        took = time.monotonic() - start
        check(took < 5 * SLOW, '400 commands took %.1f s' % took)
        usage = server_memory_kib(server)
        check(usage < 100000 * SLOW, 'memory: %d KiB' % usage)
        for one in slow:
            one.close()
        server.stop()


def too_many_connections():
    with Larderd('-c', '5', '-t', '2') as server:
        time.sleep(0.3)
        clients = [server.client() for _ in range(5)]
        for client in clients:
            equal(client.set(b'a', b'x'), b'STORED', 'within the limit')
        extra = server.client()
        equal(extra.until_end(), b'ERROR Too many open connections\r\n', 'one more')
        found = clients[0].stats()
        equal((found['curr_connections'], found['rejected_connections']), ('5', '1'), 'stats')
        clients.pop().close()
        time.sleep(0.2)
        equal(server.client().set(b'a', b'x'), b'STORED', 'after one left')
        server.stop()


def garbage():
    """Random bytes, half commands, resets: the server stays well and keeps what it has."""
    with Larderd() as server:
        equal(server.client().set(b'keep', MIB[:5000]), b'STORED', 'set')
        rng = random.Random(1)
        starts = [b'', b'set a 0 0 100\r\n', b'get ', b'append keep 0 0 999999\r\nxx', b'gat 1 ',
                  b'set b 0 0 500000\r\n', b'cas keep 0 0 10 1\r\n', b'incr ', b'stats ',
                  b'set c 0 0 99999999\r\n', b'gets keep ']
        for i in range(300):
            client = server.client()
            client.send(rng.choice(starts) + rng.randbytes(rng.choice([0, 1, 10, 3000, 70000])))
            if i % 3 == 0:  # a reset in place of an orderly end
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack('ii', 1, 0))
            client.close()
        client = server.client()
        equal(client.get(b'keep'), MIB[:5000], 'kept')
        for _ in range(100):
            if client.stats()['curr_connections'] == '1':
                break
            time.sleep(0.05)
        equal(client.stats()['curr_connections'], '1', 'connections left behind')
        server.stop()


def stop_under_load():
    """SIGTERM while clients store: what was answered STORED is there afterwards."""
    with Larderd('-t', '2') as server:
        stored = [{} for _ in range(6)]

        def load(index):
            client = server.client()
            try:
                for i in range(100000):
                    value = b'%d.%d' % (index, i)
                    if client.set(b'l%d.%d' % (index, i % 500), value) != b'STORED':
                        return
                    stored[index][b'l%d.%d' % (index, i % 500)] = value
            except Exception:
                pass
        threads = [threading.Thread(target=load, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        start = time.monotonic()
        server.stop()
        check(time.monotonic() - start < 5 * SLOW, 'stop took too long')
        for thread in threads:
            thread.join()
        server.start()
        client = server.client()
        total = 0
        for index in range(6):
            for key, value in stored[index].items():
                got = client.get(key)
                total += 1
                # The command in flight when it stopped may have been done, unanswered.
                check(got is not None and int(got.split(b'.')[1]) >= int(value.split(b'.')[1]),
                      '%r: %r, was told %r' % (key, got, value))
        check(total > 100, 'hardly any load: %d' % total)
        server.stop()


def killed_under_load():
    with Larderd('-t', '2') as server:
        for turn in range(4):
            stored = {}

            def load():
                client = server.client()
                try:
                    for i in range(100000):
                        value = b'%d.%d' % (turn, i) + MIB[:random.choice([0, 100, 20000])]
                        if client.set(b'k%d' % (i % 50), value) != b'STORED':
                            return
                        stored[b'k%d' % (i % 50)] = value
                except Exception:
                    pass
            thread = threading.Thread(target=load)
            thread.start()
            time.sleep(0.3 * SLOW)
            server.stop(signal.SIGKILL)
            thread.join()
            server.start()
            client = server.client()
            for key, value in stored.items():
                got = client.get(key)
                check(got is not None, '%r was stored and is gone' % key)
                check(got == value or got.startswith(b'%d.' % turn), '%r is wrong' % key)
            client.close()
        server.stop()


def switches():
    with Larderd('-F', '-X', '-C', '-A', '-D', '/') as server:
        client = server.client()
        equal(client.ask(b'flush_all\r\n'), b'CLIENT_ERROR flush_all not allowed', '-F')
        equal(client.ask(b'stats cachedump 1 0\r\n'), b'CLIENT_ERROR stats cachedump not allowed',
              '-X')
        equal(client.ask(b'lru_crawler metadump all\r\n'), b'ERROR metadump not allowed', '-X')
        client.set(b'a/b', b'x')
        equal(client.ask(b'gets a/b\r\n'), b'VALUE a/b 0 1 0', '-C')
        client.exactly(8)
        equal(client.ask(b'cas a/b 0 0 1 77\r\ny\r\n'), b'STORED', '-C')
        client.send(b'stats detail dump\r\n')
        equal(client.line(), b'PREFIX a get 1 hit 1 set 2 del 0', '-D')
        equal(client.line(), b'END', '-D')
        equal(client.ask(b'shutdown x\r\n'), b'CLIENT_ERROR invalid shutdown mode', '-A')
        client.send(b'shutdown\r\n')
        equal(client.until_end(), b'', 'shutdown closes')
        equal(server.process.wait(10 * SLOW), 0, 'shutdown ends the daemon')


def no_evictions():
    with Larderd('-M', '-m', '8') as server:
        client = server.client()
        answers = [client.set(b'k%d' % i, MIB[:50000]) for i in range(400)]
        check(b'SERVER_ERROR out of memory storing object' in answers, '-M refuses when full')
        equal(client.get(b'k0'), MIB[:50000], 'and evicts nothing')
        equal(client.set(b'k0', b'x') in (b'STORED', b'SERVER_ERROR out of memory storing object'),
              True, 'lives on')
        server.stop()


def evictions():
    with Larderd('-m', '8') as server:
        client = server.client()
        for i in range(600):
            equal(client.set(b'k%d' % i, MIB[:50000]), b'STORED', 'set past the budget')
        found = client.stats()
        check(int(found['evictions']) > 0, 'evictions: ' + found['evictions'])
        check(int(found['bytes']) <= int(found['limit_maxbytes']), 'budget')
        equal(int(found['limit_maxbytes']), 8 << 20, 'limit_maxbytes')
        equal(client.get(b'k599'), MIB[:50000], 'the newest is there')
        server.stop()


def idle_timeout():
    with Larderd('-o', 'idle_timeout=1') as server:
        client = server.client()
        equal(client.set(b'a', b'x'), b'STORED', 'set')
        start = time.monotonic()
        equal(client.until_end(), b'', 'closed')
        check(0.5 < time.monotonic() - start < 6 * SLOW, 'after about a second')
        server.stop()


def dumps():
    with Larderd() as server:
        client = server.client()
        for i in range(3000):
            client.send(b'set key/%d 7 0 2 noreply\r\nxy\r\n' % i)
        client.send(b'lru_crawler metadump all\r\n')
        equal(client.line(), b'OK', 'metadump')
        data = b''
        while not data.endswith(b'END\r\n'):
            check(client.more(), 'closed')
            data, client.left = data + client.left, b''
        lines = data.split(b'\n')[:-2]
        equal(len(lines), 3000, 'lines')
        check(all(line.startswith(b'key=key%2F') and b' exp=-1 ' in line and
                  line.endswith(b' flags=7') for line in lines), 'shape: %r' % lines[0])
        client.send(b'stats cachedump 1 10\r\n')
        equal(len([client.line() for _ in range(11)]), 11, 'cachedump with a limit')
        server.stop()


def stats_shape():
    with Larderd() as server:
        client = server.client()
        client.set(b'a', b'x')
        client.get(b'a')
        client.get(b'b')
        general = client.stats()
        for name in ('pid', 'uptime', 'time', 'cmd_get', 'cmd_set', 'cmd_flush', 'cmd_touch',
                     'get_hits', 'get_misses', 'delete_hits', 'delete_misses', 'incr_hits',
                     'incr_misses', 'decr_hits', 'decr_misses', 'cas_hits', 'cas_misses',
                     'cas_badval', 'touch_hits', 'touch_misses', 'bytes', 'limit_maxbytes',
                     'curr_items', 'total_items', 'bytes_read', 'bytes_written',
                     'curr_connections', 'total_connections', 'rejected_connections',
                     'conn_yields', 'listen_disabled_num', 'accepting_conns', 'evictions',
                     'reclaimed', 'store_too_large', 'store_no_memory', 'threads', 'hash_bytes',
                     'auth_cmds', 'auth_errors', 'get_expired', 'get_flushed',
                     'evicted_unfetched', 'expired_unfetched', 'connection_structures',
                     'larder_store_map_bytes', 'larder_hits'):
            check(general.get(name, '').isdigit(), 'stats %s: %r' % (name, general.get(name)))
        float(general['rusage_user'])
        float(general['rusage_system'])
        equal([general[n] for n in ('cmd_get', 'get_hits', 'get_misses', 'cmd_set', 'curr_items',
                                    'total_items', 'curr_connections')],
              ['2', '1', '1', '1', '1', '1', '1'], 'counts')
        items = client.stats(b'items')
        for name in ('number', 'age', 'evicted', 'evicted_time', 'outofmemory', 'reclaimed',
                     'tailrepairs', 'mem_requested', 'evicted_nonzero', 'evicted_unfetched',
                     'expired_unfetched', 'crawler_reclaimed'):
            check(items['items:1:' + name].isdigit(), 'stats items ' + name)
        slabs = client.stats(b'slabs')
        for name in ('chunk_size', 'total_pages', 'used_chunks', 'free_chunks'):
            check(slabs['1:' + name].isdigit(), 'stats slabs ' + name)
        settings = client.stats(b'settings')
        equal((settings['maxconns'], settings['num_threads'], settings['item_size_max']),
              ('1024', '4', '1048576'), 'stats settings')
        equal(client.ask(b'stats reset\r\n'), b'RESET', 'reset')
        general = client.stats()
        equal((general['cmd_get'], general['curr_items']), ('0', '1'), 'after reset')
        server.stop()


def inherited_socket():
    """systemd's socket activation, without systemd."""
    server = Larderd()
    path = os.path.join(server.root, 'activated')
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)

    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(os.path.join(server.root, 'notify'))
    notify.settimeout(20 * SLOW)
    command = server.command()
    code = ('import os,sys\nos.dup2(%d, 3, inheritable=True)\nos.environ["LISTEN_FDS"] = "1"\n'
            'os.environ["LISTEN_PID"] = str(os.getpid())\nos.execv(sys.argv[1], sys.argv[1:])'
            % listener.fileno())
    process = subprocess.Popen([sys.executable, '-c', code, *command],
                               pass_fds=[listener.fileno()], stderr=subprocess.PIPE,
                               env=dict(os.environ,
                                        NOTIFY_SOCKET=os.path.join(server.root, 'notify')))
    try:
        said = notify.recv(100)
        equal(said, b'READY=1', 'notify')
        equal(Client(path).set(b'a', b'x'), b'STORED', 'over the socket handed over')
        check(not os.path.exists(server.address), 'no other socket')
        process.terminate()
        equal(notify.recv(100), b'STOPPING=1', 'notify')
        equal(process.wait(20 * SLOW), 0, 'exit status')
        check(os.path.exists(path), 'systemd keeps its socket file')
    finally:
        process.kill()
        process.communicate()
        listener.close()


def shares_its_store():
    """A second daemon on the same store, on another socket: they see each other's values."""
    with Larderd() as one:
        other = one.root + '/other.sock'
        with Larderd('-s', other, store=one.store, address=other) as two:
            pass_one, pass_two = one.client(), two.client()
            equal(pass_one.set(b'a', b'x'), b'STORED', 'one sets')
            equal(pass_two.get(b'a'), b'x', 'the other gets')
            equal(pass_two.ask(b'flush_all\r\n'), b'OK', 'the other flushes')
            equal(pass_one.get(b'a'), None, 'one sees it')
            counters = [pass_one, pass_two]
            pass_one.set(b'n', b'0')
            for i in range(200):
                equal(int(counters[i % 2].ask(b'incr n 1\r\n')), i + 1, 'incr in turn')
            two.stop()
        one.stop()


def contended_counter():
    """incr by many connections on many threads loses nothing."""
    with Larderd('-t', '4') as server:
        server.client().set(b'n', b'0')

        def count():
            client = server.client()
            for _ in range(10):
                client.send(b'incr n 1\r\n' * 50)
                for _ in range(50):
                    client.line()
        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(server.client().get(b'n'), b'4000', 'sum')
        server.stop()


TESTS = [bad_options, ignored_options, socket_file, shared_with_group, many_start_at_once,
         many_replace_one_leftover, relative_names_in_background, no_stop_without_a_start,
         tcp_on_any_port,
         no_tcp_unless_asked, background, restart_keeps_values, expiry, delayed_flush,
         cas_matters, large_values, replaced_while_read, slow_readers, too_many_connections,
         garbage, stop_under_load, killed_under_load, switches, no_evictions, evictions,
         idle_timeout, dumps, stats_shape, inherited_socket, shares_its_store,
         contended_counter]

if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main({test.__name__: test for test in TESTS})
