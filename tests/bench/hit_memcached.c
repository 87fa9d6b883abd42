/* SPDX-License-Identifier: MIT */
/* hit_memcached.c - the rival of every language: libmemcached to memcached over a unix socket. */
#include "bench.h"
#include "hit.h"

#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	memcached_st *client;
	pid_t server;
};

static size_t entry_key(size_t index, char *key, size_t cap)
{
	return (size_t)snprintf(key, cap, "catalogue/section-%zu/item-%zu.json",
				index % 97, index);
}

static void *open_memcached(const char *folder, const struct hit_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	char *body = bench_alloc(load->body_bytes);
	char socket_path[BENCH_PATH_MAX];
	char log[BENCH_PATH_MAX];
	char memory[32];
	size_t i;

	bench_format(socket_path, sizeof(socket_path), "%s/memcached-%zu.sock", folder,
		     load->body_bytes);
	bench_format(log, sizeof(log), "%s/memcached.log", folder);
	bench_format(memory, sizeof(memory), "%zu",
		     256 + 2 * load->entries * load->body_bytes / (1 << 20));
	state->server = bench_start(
		log, (const char *[]){ "memcached", "-s", socket_path, "-m", memory, "-I",
				       "8m", "-t", "1", "-u",
				       geteuid() == 0 ? "root" : "nobody", NULL });
	bench_await_socket(socket_path);
	state->client = memcached_create(NULL);
	if (!state->client || memcached_server_add_unix_socket(
				      state->client, socket_path) != MEMCACHED_SUCCESS)
		bench_die("memcached: no client");
	for (i = 0; i < load->entries; i++) {
		char key[128];
		size_t key_len = entry_key(i, key, sizeof(key));

		bench_body(i, body, load->body_bytes);
		if (memcached_set(state->client, key, key_len, body, load->body_bytes, 0,
				  0) != MEMCACHED_SUCCESS)
			bench_die("memcached: cannot store %s", key);
	}
	free(body);
	return state;
}

static size_t get_memcached(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	memcached_return_t rc;
	uint32_t flags;
	size_t len = 0;
	char key[128];
	size_t key_len = entry_key(index, key, sizeof(key));
	char *value = memcached_get(state->client, key, key_len, &len, &flags, &rc);

	if (!value)
		bench_die("memcached: %s is gone", key);
	memcpy(buf, value, len);
	free(value);
	return len;
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

const struct hit_contender hit_memcached = {
	.name = "libmemcached, unix socket",
	.open = open_memcached,
	.get = get_memcached,
	.server = server_memcached,
	.close = close_memcached,
};
