/* SPDX-License-Identifier: MIT */
/* fetch_socket.c - the floor for http: a blocking socket and no client at all. */
#include "bench.h"
#include "fetch.h"
#include "raw_http.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	int fd;
	size_t cap;
	char request[BENCH_PATH_MAX];
};

static void *open_socket(const struct fetch_target *target)
{
	struct state *state = bench_alloc(sizeof(*state));

	state->fd = bench_connect_port(target->port);
	state->cap = target->body_bytes;
	bench_format(state->request, sizeof(state->request),
		     "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: raw\r\nAccept: "
		     "*/*\r\n\r\n",
		     target->path, target->host, target->port);
	return state;
}

static size_t get_socket(void *opaque, char *buf)
{
	struct state *state = opaque;
	struct raw_stream stream = raw_socket(&state->fd);

	return raw_get(&stream, state->request, strlen(state->request), buf, state->cap,
		       NULL);
}

static void close_socket(void *opaque)
{
	struct state *state = opaque;

	close(state->fd);
	free(state);
}

const struct fetch_contender fetch_socket = {
	.name = "raw blocking socket",
	.open = open_socket,
	.get = get_socket,
	.close = close_socket,
};
