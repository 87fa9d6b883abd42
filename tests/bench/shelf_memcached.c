/* SPDX-License-Identifier: MIT */
/* shelf_memcached.c - a rival: libmemcached to a memcached with one worker, unix socket. */
#include "bench.h"
#include "shelf.h"

#include <libmemcached/memcached.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	memcached_st *client;
	pid_t server;
	char socket_path[BENCH_PATH_MAX];
};

static void attach(void *opaque)
{
	struct state *state = opaque;

	state->client = memcached_create(NULL);
	if (!state->client ||
	    memcached_server_add_unix_socket(state->client, state->socket_path) !=
		    MEMCACHED_SUCCESS)
		bench_die("memcached: no client");
}

static void *open_memcached(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	char log[BENCH_PATH_MAX];

	bench_format(state->socket_path, sizeof(state->socket_path), "%s/shelf-%zu.sock",
		     folder, load->value_bytes);
	bench_format(log, sizeof(log), "%s/memcached.log", folder);
	state->server = bench_start(
		log, (const char *[]){ "memcached", "-s", state->socket_path, "-m",
				       "2048", "-I", "8m", "-t", "1", "-u",
				       geteuid() == 0 ? "root" : "nobody", NULL });
	bench_await_socket(state->socket_path);
	attach(state);
	return state;
}

static size_t get_memcached(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	memcached_return_t rc;
	char key[SHELF_KEY_MAX];
	uint32_t flags;
	size_t len = 0;
	char *value = memcached_get(state->client, key, shelf_key(index, key), &len,
				    &flags, &rc);

	if (!value)
		return 0;
	memcpy(buf, value, len);
	free(value);
	return len;
}

static void put_memcached(void *opaque, size_t first, size_t count, const char *value,
			  size_t len)
{
	struct state *state = opaque;
	char key[SHELF_KEY_MAX];
	memcached_return_t rc;

	(void)count;
	rc = memcached_set(state->client, key, shelf_key(first, key), value, len, 0, 0);
	if (rc != MEMCACHED_SUCCESS)
		bench_die("memcached: set: %s", memcached_strerror(state->client, rc));
}

static void remove_memcached(void *opaque, size_t index)
{
	struct state *state = opaque;
	char key[SHELF_KEY_MAX];
	memcached_return_t rc =
		memcached_delete(state->client, key, shelf_key(index, key), 0);

	if (rc != MEMCACHED_SUCCESS)
		bench_die("memcached: delete: %s", memcached_strerror(state->client, rc));
}

static pid_t server_memcached(void *opaque)
{
	struct state *state = opaque;

	return state->server;
}

static void close_memcached(void *opaque)
{
	struct state *state = opaque;

	memcached_free(state->client);
	bench_stop(state->server);
	free(state);
}

const struct shelf_contender shelf_memcached = {
	.name = "libmemcached to memcached",
	.open = open_memcached,
	.get = get_memcached,
	.put = put_memcached,
	.remove = remove_memcached,
	.server = server_memcached,
	.child = attach,
	.close = close_memcached,
};
