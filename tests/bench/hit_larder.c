/* SPDX-License-Identifier: MIT */
/* hit_larder.c - the contender: a full hit through larder.h. */
#include "bench.h"
#include "hit_entries.h"

#include <larder/larder.h>

#include <stdlib.h>
#include <string.h>

struct state {
	larder_session *session;
	size_t body_bytes;
};

static void *open_larder(const char *folder, const struct hit_load *load)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct state *state = bench_alloc(sizeof(*state));
	larder_error err;
	char path[BENCH_PATH_MAX];

	bench_format(path, sizeof(path), "%s/larder-%zu", folder, load->body_bytes);
	options.store = path;
	if (larder_session_open(&options, &state->session, &err) < 0)
		bench_die("larder: %s", err.message);
	state->body_bytes = load->body_bytes;
	hit_entries_fill(larder_session_cache(state->session), load);
	return state;
}

/* A session survives fork by itself. */
static void child_larder(void *opaque)
{
	(void)opaque;
}

static size_t get_larder(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	larder_response *response = NULL;
	larder_slice body = { NULL, 0 };
	ptrdiff_t got;
	size_t len = 0;
	char url[128];

	hit_entry_url(index, url, sizeof(url));
	if (larder_get(state->session, url, &response) < 0)
		bench_die("larder: %s", larder_session_error(state->session)->message);
	if (larder_response_served(response)->how != LARDER_HOW_FRESH)
		bench_die("larder: %s is no hit", url);
	if (larder_response_length(response) > 256 * 1024) {
		while ((got = larder_response_read(response, buf + len,
						   state->body_bytes - len)) > 0)
			len += (size_t)got;
	} else if (larder_response_body(response, &body) == 0) {
		len = body.len;
		memcpy(buf, body.ptr, len);
	}
	larder_response_free(response);
	return len;
}

static void close_larder(void *opaque)
{
	struct state *state = opaque;

	larder_session_close(state->session);
	free(state);
}

const struct hit_contender hit_larder = {
	.name = "larder.h, full hit",
	.open = open_larder,
	.get = get_larder,
	.child = child_larder,
	.close = close_larder,
};
