/* SPDX-License-Identifier: MIT */
/*
 * raw_http.h - the least that gets a body of known length: the floor no client can pass.
 *
 * It understands Content-Length alone and checks nothing: a measure, not a client.
 */
#ifndef LARDER_BENCH_RAW_HTTP_H
#define LARDER_BENCH_RAW_HTTP_H

#include <stddef.h>
#include <sys/types.h>

/* How bytes travel: a socket or a TLS connection. Both return like read(2) and write(2). */
struct raw_stream {
	ssize_t (*read)(void *ctx, void *buf, size_t len);
	ssize_t (*write)(void *ctx, const void *buf, size_t len);
	void *ctx;
};

/* A stream over a connected socket; `fd` is borrowed and must outlive it. */
struct raw_stream raw_socket(int *fd);

/*
 * Sends `request`, reads the answer and copies its body to `buf`. Returns the body's length
 * and, in `status` (may be NULL), the status code.
 */
size_t raw_get(const struct raw_stream *stream, const char *request, size_t request_len,
	       char *buf, size_t cap, int *status);

#endif
