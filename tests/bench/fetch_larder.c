/* SPDX-License-Identifier: MIT */
/* fetch_larder.c - the contender: a session without a store. */
#include "bench.h"
#include "fetch.h"

#include <larder/larder.h>

#include <stdlib.h>

struct state {
	const struct fetch_target *target;
	larder_session *session;
};

static void *open_larder(const struct fetch_target *target)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct state *state = bench_alloc(sizeof(*state));
	larder_error err;

	options.no_cache = 1;
	options.ca_file = target->ca_file;
	if (larder_session_open(&options, &state->session, &err) < 0)
		bench_die("larder: %s", err.message);
	state->target = target;
	return state;
}

static size_t get_larder(void *opaque, char *buf)
{
	struct state *state = opaque;
	size_t cap = state->target->body_bytes;
	larder_response *response = NULL;
	ptrdiff_t got;
	size_t len = 0;
	char end;

	if (larder_get(state->session, state->target->url, &response) < 0)
		bench_die("larder: %s", larder_session_error(state->session)->message);
	/* The last read has no room left: it proves the end. */
	do {
		got = len < cap ? larder_response_read(response, buf + len, cap - len)
				: larder_response_read(response, &end, 1);
		if (got < 0)
			bench_die("larder: %s", larder_response_error(response)->message);
		len += (size_t)got;
	} while (got > 0);
	if (larder_response_status(response) != 200)
		bench_die("larder: status %u", larder_response_status(response));
	larder_response_free(response);
	return len;
}

static void close_larder(void *opaque)
{
	struct state *state = opaque;

	larder_session_close(state->session);
	free(state);
}

const struct fetch_contender fetch_larder = {
	.name = "larder.h, no cache",
	.open = open_larder,
	.get = get_larder,
	.close = close_larder,
};
