/* SPDX-License-Identifier: MIT */
/* herd_larder.c - the contender: sessions of many processes on one store. */
#include "bench.h"
#include "herd.h"

#include <larder/larder.h>

#include <stdlib.h>

struct state {
	char store[BENCH_PATH_MAX];
	unsigned origin_port;
	larder_session *session;
	larder_cache *other; /* of a worker that lives as long as the machine */
};

static void *open_larder(const char *folder, unsigned origin_port)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	struct state *state = bench_alloc(sizeof(*state));
	larder_error err;

	bench_format(state->store, sizeof(state->store), "%s/larder", folder);
	state->origin_port = origin_port;
	/* What is known of uncacheable URLs is forgotten when the last process leaves. */
	options.store = state->store;
	if (larder_cache_open(&options, &state->other, &err) < 0)
		bench_die("larder: %s", err.message);
	return state;
}

static void *join_larder(void *opaque)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct state *state = opaque;
	larder_error err;

	options.store = state->store;
	if (larder_session_open(&options, &state->session, &err) < 0)
		bench_die("larder: %s", err.message);
	return state;
}

static void get_larder(void *worker, const char *path)
{
	struct state *state = worker;
	larder_response *response = NULL;
	larder_slice body;
	char url[BENCH_PATH_MAX];

	bench_format(url, sizeof(url), "http://127.0.0.1:%u%s", state->origin_port, path);
	if (larder_get(state->session, url, &response) < 0)
		bench_die("larder: %s", larder_session_error(state->session)->message);
	if (larder_response_body(response, &body) < 0 ||
	    larder_response_status(response) != 200)
		bench_die("larder: %s", larder_response_error(response)->message);
	larder_response_free(response);
}

static void close_larder(void *opaque)
{
	struct state *state = opaque;

	larder_cache_close(state->other);
	free(state);
}

const struct herd_contender herd_larder = {
	.name = "larder.h, one store",
	.open = open_larder,
	.join = join_larder,
	.get = get_larder,
	.close = close_larder,
};
