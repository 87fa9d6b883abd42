#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fetch.py - larder from Python without a binding: ctypes on the shared library.

usage: fetch.py URL...

Prints status, bytes and how each URL was served. The library is found as
liblarder.so.0, or where LARDER_LIBRARY says.
"""

import ctypes
import os
import sys


class Slice(ctypes.Structure):
    _fields_ = [("ptr", ctypes.POINTER(ctypes.c_char)), ("len", ctypes.c_size_t)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("os_errno", ctypes.c_int32),
                ("phase", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("host", ctypes.c_char * 256), ("message", ctypes.c_char * 512)]


class Served(ctypes.Structure):
    # The first members of larder_served; what follows is not needed here.
    _fields_ = [("how", ctypes.c_uint32), ("why", ctypes.c_uint32)]


def load():
    larder = ctypes.CDLL(os.environ.get("LARDER_LIBRARY", "liblarder.so.0"))
    handle = ctypes.c_void_p
    for name, result, *arguments in (
            ("larder_session_open", ctypes.c_int, handle, ctypes.POINTER(handle),
             ctypes.POINTER(Error)),
            ("larder_session_close", None, handle),
            ("larder_session_error", ctypes.POINTER(Error), handle),
            ("larder_get", ctypes.c_int, handle, ctypes.c_char_p, ctypes.POINTER(handle)),
            ("larder_response_status", ctypes.c_uint32, handle),
            ("larder_response_body", ctypes.c_int, handle, ctypes.POINTER(Slice)),
            ("larder_response_served", ctypes.POINTER(Served), handle),
            ("larder_response_error", ctypes.POINTER(Error), handle),
            ("larder_response_free", None, handle),
            ("larder_how_name", ctypes.c_char_p, ctypes.c_uint32),
            ("larder_why_name", ctypes.c_char_p, ctypes.c_uint32)):
        function = getattr(larder, name)
        function.restype = result
        function.argtypes = arguments
    return larder


def fetch(larder, session, url):
    response = ctypes.c_void_p()
    body = Slice()
    if larder.larder_get(session, url.encode(), ctypes.byref(response)) < 0:
        raise OSError(larder.larder_session_error(session)[0].message.decode())
    try:
        if larder.larder_response_body(response, ctypes.byref(body)) < 0:
            raise OSError(larder.larder_response_error(response)[0].message.decode())
        served = larder.larder_response_served(response)[0]
        return (larder.larder_response_status(response), ctypes.string_at(body.ptr, body.len),
                larder.larder_how_name(served.how).decode(),
                larder.larder_why_name(served.why).decode())
    finally:
        larder.larder_response_free(response)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n\n")[1])
    larder = load()
    session = ctypes.c_void_p()
    error = Error()
    if larder.larder_session_open(None, ctypes.byref(session), ctypes.byref(error)) < 0:
        sys.exit(error.message.decode())
    try:
        for url in sys.argv[1:]:
            status, body, how, why = fetch(larder, session, url)
            print(f"{status} {len(body)} {how} ({why}) {url}")
    except OSError as failure:
        sys.exit(str(failure))
    finally:
        larder.larder_session_close(session)


main()
