#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""transcripts.py - the text protocol to the byte, as a table of bytes sent and received.

Each row runs on a larderd of its own key space. Where Debian's memcached is installed the same
row runs there too and must answer the same, but for rows with `differs`, whose text says why
and which must then really differ: a row that no longer does is to be corrected.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from larderd import Client, Failed, Larderd, check, equal, main, talk  # noqa: E402

FORMAT = b'CLIENT_ERROR bad command line format\r\n'
DELETE = b'CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n'
EXPTIME = b'CLIENT_ERROR invalid exptime argument\r\n'
DELTA = b'CLIENT_ERROR invalid numeric delta argument\r\n'
CHUNK = b'CLIENT_ERROR bad data chunk\r\n'
NUMBER = b'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n'
LARGE = b'SERVER_ERROR object too large for cache\r\n'
K250 = b'k' * 250
K251 = b'k' * 251
MIB = b'v' * (1 << 20)

# Deliberate differences from 1.6.18.
NEWER = 'memcached 1.6.45 answers a known command with too few words so'
SWALLOW = 'the block of a refused set is skipped, as 1.6.45 does, so that the stream stays in step'
PADDING = 'no blanks behind a number that got shorter'
STRICT = 'flags that do not fit 32 bits are refused, not cut'

ROWS = [
    # name, sent, received[, differs]
    ('set get', b'set a 5 0 3\r\nabc\r\nget a\r\n', b'STORED\r\nVALUE a 5 3\r\nabc\r\nEND\r\n'),
    ('get many', b'set a 0 0 1\r\n1\r\nset b 0 0 1\r\n2\r\nget a x b a\r\n',
     b'STORED\r\nSTORED\r\nVALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nVALUE a 0 1\r\n1\r\nEND\r\n'),
    ('get nothing', b'get a\r\n', b'END\r\n'),
    ('get without key', b'get\r\n', FORMAT, NEWER),
    ('get long key', b'get ' + K250 + b'\r\nget ' + K251 + b'\r\nget a ' + K251 + b'\r\n',
     b'END\r\n' + FORMAT + FORMAT, '1.6.18 says nothing to a long second key'),
    ('key of any bytes', b'set \x01\xff\t 0 0 1\r\nx\r\nget \x01\xff\t\r\n',
     b'STORED\r\nVALUE \x01\xff\t 0 1\r\nx\r\nEND\r\n'),
    ('noreply is a key of get', b'get a noreply\r\n', b'END\r\n'),
    ('bare newline', b'set a 0 0 1\nx\r\nget a\n', b'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n'),
    ('binary block', b'set a 0 0 6\r\n\0\r\n\r\n\xff\r\nget a\r\n',
     b'STORED\r\nVALUE a 0 6\r\n\0\r\n\r\n\xff\r\nEND\r\n'),
    ('empty block', b'set a 0 0 0\r\n\r\nget a\r\n', b'STORED\r\nVALUE a 0 0\r\n\r\nEND\r\n'),
    ('set noreply', b'set a 0 0 1 noreply\r\nx\r\nget a\r\n', b'VALUE a 0 1\r\nx\r\nEND\r\n'),
    ('set too few words', b'set a 0 0\r\n', FORMAT, NEWER),
    ('set bytes junk', b'set a 0 0 x\r\nset a 0 0 -1\r\nset a 0 0 2147483647\r\n', FORMAT * 3),
    ('set flags junk', b'set a x 0 1\r\nx\r\nget a\r\n', FORMAT + b'END\r\n', SWALLOW),
    ('set flags limit', b'set a 4294967295 0 1\r\nx\r\nget a\r\n',
     b'STORED\r\nVALUE a 4294967295 1\r\nx\r\nEND\r\n'),
    ('set flags too large', b'set a 4294967296 0 1\r\nx\r\n', FORMAT, STRICT),
    ('set long key', b'set ' + K251 + b' 0 0 1\r\nx\r\nversion2\r\n', FORMAT + b'ERROR\r\n',
     SWALLOW),
    ('block too long', b'set a 0 0 3\r\nabcdef\r\nget a\r\n', CHUNK + b'ERROR\r\nEND\r\n'),
    ('block too long noreply', b'set a 0 0 3 noreply\r\nabcdef\r\nget a\r\n',
     b'ERROR\r\nEND\r\n'),
    ('a word without meaning', b'set a 0 0 1 x\r\ny\r\nincr a 1 x\r\ntouch a 0 x\r\n',
     b'STORED\r\n' + NUMBER + b'TOUCHED\r\n'),
    ('add', b'add a 0 0 1\r\nx\r\nadd a 0 0 1\r\ny\r\nget a\r\n',
     b'STORED\r\nNOT_STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n'),
    ('replace', b'replace a 0 0 1\r\nx\r\nset a 0 0 1\r\ny\r\nreplace a 3 0 1\r\nz\r\nget a\r\n',
     b'NOT_STORED\r\nSTORED\r\nSTORED\r\nVALUE a 3 1\r\nz\r\nEND\r\n'),
    ('append prepend', b'append a 0 0 1\r\nx\r\nprepend a 0 0 1\r\nx\r\nset a 7 0 1\r\nm\r\n'
     b'append a 9 0 2\r\nno\r\nprepend a 9 0 2\r\nkl\r\nget a\r\n',
     b'NOT_STORED\r\nNOT_STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\n'
     b'VALUE a 7 5\r\nklmno\r\nEND\r\n'),
    ('cas', b'cas a 0 0 1 1\r\nx\r\nset a 0 0 1\r\nx\r\ncas a 0 0 1 0\r\ny\r\nget a\r\n',
     b'NOT_FOUND\r\nSTORED\r\nEXISTS\r\nVALUE a 0 1\r\nx\r\nEND\r\n'),
    ('cas junk', b'cas a 0 0 1 x\r\nx\r\n', FORMAT, SWALLOW),
    ('cas missing', b'cas a 0 0 1\r\nx\r\n', FORMAT, SWALLOW),
    ('delete', b'delete a\r\nset a 0 0 1\r\nx\r\ndelete a 0\r\ndelete a noreply\r\nget a\r\n',
     b'NOT_FOUND\r\nSTORED\r\nDELETED\r\nEND\r\n'),
    ('delete junk', b'delete a 5\r\ndelete a junk\r\ndelete a 0 0\r\n', DELETE * 3),
    ('delete without key', b'delete\r\n', FORMAT, NEWER),
    ('incr decr', b'incr a 1\r\nset a 7 0 2\r\n10\r\nincr a 5\r\ndecr a 3\r\nget a\r\n',
     b'NOT_FOUND\r\nSTORED\r\n15\r\n12\r\nVALUE a 7 2\r\n12\r\nEND\r\n'),
    ('incr wraps', b'set a 0 0 20\r\n18446744073709551615\r\nincr a 2\r\n', b'STORED\r\n1\r\n'),
    ('decr stops', b'set a 0 0 1\r\n5\r\ndecr a 10\r\nget a\r\n',
     b'STORED\r\n0\r\nVALUE a 0 1\r\n0\r\nEND\r\n'),
    ('decr shrinks', b'set a 0 0 3\r\n100\r\ndecr a 1\r\nget a\r\n',
     b'STORED\r\n99\r\nVALUE a 0 2\r\n99\r\nEND\r\n', PADDING),
    ('incr junk', b'set a 0 0 1\r\n5\r\nincr a x\r\nincr a -1\r\nincr a 18446744073709551616\r\n',
     b'STORED\r\n' + DELTA * 3),
    ('incr text', b'set a 0 0 2\r\n5a\r\nincr a 1\r\nset a 0 0 0\r\n\r\ndecr a 1\r\n'
     b'set a 0 0 21\r\n000000000000000000001\r\nincr a 1\r\n',
     b'STORED\r\n' + NUMBER + b'STORED\r\n' + NUMBER + b'STORED\r\n2\r\n'),
    ('incr blanks', b'set a 0 0 3\r\n 5 \r\nincr a 1\r\n', b'STORED\r\n6\r\n'),
    ('incr noreply', b'set a 0 0 1\r\n5\r\nincr a 1 noreply\r\ndecr a 2 noreply\r\nget a\r\n',
     b'STORED\r\nVALUE a 0 1\r\n4\r\nEND\r\n'),
    ('incr too few words', b'incr a\r\n', FORMAT, NEWER),
    ('touch', b'touch a 1\r\nset a 0 0 1\r\nx\r\ntouch a 100\r\ntouch a 0 noreply\r\n'
     b'touch a x\r\nget a\r\n',
     b'NOT_FOUND\r\nSTORED\r\nTOUCHED\r\n' + EXPTIME + b'VALUE a 0 1\r\nx\r\nEND\r\n'),
    ('touch away', b'set a 0 0 1\r\nx\r\ntouch a -1\r\nget a\r\n', b'STORED\r\nTOUCHED\r\nEND\r\n'),
    ('gat', b'set a 6 0 1\r\nx\r\ngat 100 a b\r\ngat x a\r\ngat -1 a\r\nget a\r\n',
     b'STORED\r\nVALUE a 6 1\r\nx\r\nEND\r\n' + EXPTIME + b'VALUE a 6 1\r\nx\r\nEND\r\nEND\r\n'),
    ('gat without key', b'gat 10\r\n', FORMAT, NEWER),
    ('expired at once', b'set a 0 -1 1\r\nx\r\nget a\r\nset a 0 2592001 1\r\nx\r\nget a\r\n'
     b'add a 0 0 1\r\ny\r\nget a\r\n',
     b'STORED\r\nEND\r\nSTORED\r\nEND\r\nSTORED\r\nVALUE a 0 1\r\ny\r\nEND\r\n'),
    ('negative set removes', b'set a 0 0 1\r\nx\r\nset a 0 -1 1\r\ny\r\nget a\r\n',
     b'STORED\r\nSTORED\r\nEND\r\n'),
    ('long relative', b'set a 0 2592000 1\r\nx\r\nget a\r\n',
     b'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n'),
    ('absolute', b'set a 0 4000000000 1\r\nx\r\nget a\r\n',
     b'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n', 'memcached takes 31 bits: 2038 is its end'),
    ('flush_all', b'set a 0 0 1\r\nx\r\nflush_all\r\nget a\r\nflush_all 0\r\nflush_all -1\r\n'
     b'flush_all noreply\r\nflush_all x\r\n', b'STORED\r\nOK\r\nEND\r\nOK\r\nOK\r\n' + EXPTIME),
    ('unknown', b'foo\r\n\r\nGET a\r\nSet a 0 0 1\r\n', b'ERROR\r\n' * 4),
    ('leading blank', b' get a\r\n', b'ERROR\r\n', 'as 1.6.45'),
    ('verbosity', b'verbosity 0\r\nverbosity x\r\nverbosity 0 noreply\r\nverbosity noreply\r\n',
     b'OK\r\n' + FORMAT),
    ('verbosity without level', b'verbosity\r\n', FORMAT, NEWER),
    ('quit', b'set a 0 0 1\r\nx\r\nquit\r\nget a\r\n', b'STORED\r\n'),
    ('http', b'POST /a HTTP/1.1\r\nset a 0 0 1\r\nx\r\n', b''),
    ('http in a key', b'get HTTP/1.1\r\n', b'END\r\n'),
    ('no newline', b'x' * 2100, b''),
    ('long multiget', b'get ' + b' '.join(b'key%06d' % i for i in range(13000)) + b'\r\n',
     b'END\r\n'),
    ('oversize', b'set a 0 0 1\r\nx\r\nset a 0 0 1048577\r\n' + MIB + b'y\r\nget a\r\n',
     b'STORED\r\n' + LARGE + b'END\r\n'),
    ('oversize noreply', b'set a 0 0 1048577 noreply\r\n' + MIB + b'y\r\nget a\r\n', b'END\r\n'),
    ('oversize add', b'set a 0 0 1\r\nx\r\nadd a 0 0 1048577\r\n' + MIB + b'y\r\nget a\r\n',
     b'STORED\r\n' + LARGE + b'VALUE a 0 1\r\nx\r\nEND\r\n'),
    ('append past the limit', b'set a 0 0 600000\r\n' + MIB[:600000] + b'\r\nappend a 0 0 600000'
     b'\r\n' + MIB[:600000] + b'\r\nset a 0 0 1\r\nx\r\n', b'STORED\r\nNOT_STORED\r\nSTORED\r\n'),
    ('largest', b'set a 0 0 1047552\r\n' + MIB[:1047552] + b'\r\nget a\r\n',
     b'STORED\r\nVALUE a 0 1047552\r\n' + MIB[:1047552] + b'\r\nEND\r\n'),
    ('append large', b'set a 1 0 400000\r\n' + MIB[:400000] + b'\r\nappend a 0 0 3\r\nabc\r\n'
     b'prepend a 0 0 3\r\nxyz\r\nget a\r\n', b'STORED\r\nSTORED\r\nSTORED\r\nVALUE a 1 400006'
     b'\r\nxyz' + MIB[:400000] + b'abc\r\nEND\r\n'),
    ('large block, bad end', b'set a 0 0 400000\r\n' + MIB[:400000] + b'zz\r\nget a\r\n',
     CHUNK + b'ERROR\r\nEND\r\n'),
    ('stats kinds', b'stats nothing\r\nstats detail\r\nstats detail x\r\nstats reset\r\n'
     b'stats cachedump\r\nstats cachedump 1\r\nstats cachedump x 1\r\nstats cachedump 99 1\r\n'
     b'stats sizes\r\n',
     b'ERROR\r\n' + b'CLIENT_ERROR usage: stats detail on|off|dump\r\n' * 2 + b'RESET\r\n' +
     b'CLIENT_ERROR bad command line\r\n' * 2 + FORMAT + b'CLIENT_ERROR Illegal slab id\r\n'
     b'STAT sizes_status disabled\r\nEND\r\n'),
    ('stats detail', b'stats detail on\r\nget p:x\r\nset p:x 0 0 1\r\ny\r\nget p:x z\r\n'
     b'delete p:x\r\nstats detail dump\r\nstats detail off\r\n',
     b'OK\r\nEND\r\nSTORED\r\nVALUE p:x 0 1\r\ny\r\nEND\r\nDELETED\r\n'
     b'PREFIX p get 2 hit 1 set 1 del 1\r\nEND\r\nOK\r\n'),
    ('cachedump', b'set ab 0 0 3\r\nabc\r\nstats cachedump 1 0\r\nstats cachedump 9 0\r\n',
     b'STORED\r\nITEM ab [3 b; 0 s]\r\nEND\r\nEND\r\n',
     'memcached lists only what its LRU has moved'),
    ('lru_crawler', b'lru_crawler\r\nlru_crawler sleep 2000000\r\nlru_crawler sleep x\r\n'
     b'lru_crawler tocrawl 5\r\nlru_crawler foo\r\n',
     b'ERROR\r\nCLIENT_ERROR sleep must be one second or less\r\n' + FORMAT + b'OK\r\nERROR\r\n'),
    ('shutdown off', b'shutdown\r\n', b'SERVER_ERROR: shutdown not enabled\r\n', 'as 1.6.45'),
    ('pipelined', b''.join(b'set k%d 0 0 4\r\n%04d\r\n' % (i, i) for i in range(2000)) +
     b''.join(b'get k%d\r\n' % i for i in range(2000)), b'STORED\r\n' * 2000 +
     b''.join(b'VALUE k%d 0 4\r\n%04d\r\nEND\r\n' % (i, i) for i in range(2000))),
    ('incr pipelined', b'set n 0 0 1\r\n0\r\n' + b'incr n 1\r\n' * 1000,
     b'STORED\r\n' + b''.join(b'%d\r\n' % (i + 1) for i in range(1000))),
    ('noreply burst', b''.join(b'set n%d 0 0 1 noreply\r\nx\r\n' % i for i in range(500)) +
     b'get n499\r\n', b'VALUE n499 0 1\r\nx\r\nEND\r\n'),
]


def fresh(address):
    equal(talk(address, b'flush_all\r\n'), b'OK\r\n', 'flush_all between rows')


def each_row():
    with Larderd() as server:
        for name, sent, received, *_ in ROWS:
            fresh(server.address)
            equal(talk(server.address, sent), received, name)
        check(Client(server.address).ask(b'version\r\n').startswith(b'VERSION 1.'), 'version')
        server.stop()


def byte_by_byte():
    """The daemon's reads may cut the stream anywhere."""
    with Larderd() as server:
        for name, sent, received, *_ in ROWS:
            if len(sent) > 300:
                continue
            fresh(server.address)
            client = server.client()
            try:
                for at in range(len(sent)):
                    client.send(sent[at:at + 1])
                client.sock.shutdown(1)
            except OSError:
                pass  # it closed on the way, as http does
            try:
                equal(client.until_end(), received, name)
            except ConnectionResetError:
                equal(b'', received, name)
        server.stop()


def memcached_agrees():
    program = shutil.which('memcached')
    if not program:
        print('note   no memcached here to compare with')
        return
    root = tempfile.mkdtemp(prefix='larderd-test-')
    address = os.path.join(root, 'sock')
    user = ['-u', 'root'] if os.getuid() == 0 else []
    process = subprocess.Popen([program, *user, '-s', address, '-t', '1'])
    try:
        for _ in range(100):
            if os.path.exists(address):
                break
            time.sleep(0.05)
        wrong = []
        for name, sent, received, *differs in ROWS:
            got = talk_memcached(address, sent)
            if (got == received) == bool(differs):
                wrong.append('%s: %r' % (name, got[:200]))
        check(not wrong, 'unexpected (dis)agreement:\n  ' + '\n  '.join(wrong))
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(root, ignore_errors=True)


def talk_memcached(address, sent):
    """memcached drops pending commands when its client half-closes: read as long as it talks."""
    clear = Client(address)
    clear.ask(b'flush_all\r\n')
    for key in (b'a', b'b', b'x', b'n', b'p:x', b'ab'):
        clear.ask(b'delete %s\r\n' % key)
    clear.close()
    client = Client(address)
    client.sock.settimeout(0.25)
    try:
        client.send(sent)
        return client.until_end()
    except (OSError, TimeoutError):
        return client.left
    finally:
        client.close()


if __name__ == '__main__':
    main({test.__name__: test for test in (each_row, byte_by_byte, memcached_agrees)})
