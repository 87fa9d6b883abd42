/* SPDX-License-Identifier: MIT */
/* raw_http.c - one request and one answer of known length on a stream. */
#include "raw_http.h"

#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

static ssize_t read_socket(void *ctx, void *buf, size_t len)
{
	const int *fd = ctx;

	return read(*fd, buf, len);
}

static ssize_t write_socket(void *ctx, const void *buf, size_t len)
{
	const int *fd = ctx;

	return write(*fd, buf, len);
}

struct raw_stream raw_socket(int *fd)
{
	return (struct raw_stream){ read_socket, write_socket, fd };
}

static size_t read_some(const struct raw_stream *stream, char *buf, size_t len)
{
	ssize_t got = stream->read(stream->ctx, buf, len);

	if (got <= 0)
		bench_die("raw: the server closed: %s",
			  got ? strerror(errno) : "end of file");
	return (size_t)got;
}

/* The value of Content-Length in a head that ends with an empty line. */
static size_t body_length(const char *head, const char *end)
{
	static const char name[] = "content-length:";
	const char *line = head;

	while (line < end) {
		if (strncasecmp(line, name, sizeof(name) - 1) == 0)
			return (size_t)strtoull(line + sizeof(name) - 1, NULL, 10);
		line = memchr(line, '\n', (size_t)(end - line));
		if (!line)
			break;
		line++;
	}
	return 0;
}

size_t raw_get(const struct raw_stream *stream, const char *request, size_t request_len,
	       char *buf, size_t cap, int *status)
{
	static char head[CHUNK + 1];
	size_t have = 0;
	size_t length, head_len, got;
	const char *end;

	if (stream->write(stream->ctx, request, request_len) != (ssize_t)request_len)
		bench_die("raw: cannot send: %s", strerror(errno));
	do {
		have += read_some(stream, head + have, CHUNK - have);
		end = memmem(head, have, "\r\n\r\n", 4);
	} while (!end && have < CHUNK);
	if (!end || have < 12)
		bench_die("raw: no head in %zu bytes", have);
	head_len = (size_t)(end - head) + 4;
	head[head_len - 1] = '\0';
	if (status)
		*status = (int)strtol(head + 9, NULL, 10);
	length = body_length(head, end);
	got = have - head_len;
	if (length > cap || got > length)
		bench_die("raw: a body of %zu bytes, %zu expected", length, cap);
	memcpy(buf, head + head_len, got);
	while (got < length)
		got += read_some(stream, buf + got,
				 length - got < CHUNK ? length - got : CHUNK);
	return got;
}
