/* SPDX-License-Identifier: MIT */
/* hit_plan.c - the contender: a hit through cache.h, for those who bring their own transport. */
#include "bench.h"
#include "hit_entries.h"

#include <stdlib.h>
#include <string.h>

struct state {
	larder_cache *cache;
	size_t body_bytes;
};

static void *open_plan(const char *folder, const struct hit_load *load)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	struct state *state = bench_alloc(sizeof(*state));
	larder_error err;
	char path[BENCH_PATH_MAX];

	bench_format(path, sizeof(path), "%s/plan-%zu", folder, load->body_bytes);
	options.store = path;
	if (larder_cache_open(&options, &state->cache, &err) < 0)
		bench_die("larder: %s", err.message);
	state->body_bytes = load->body_bytes;
	hit_entries_fill(state->cache, load);
	return state;
}

static size_t get_plan(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_plan *plan = NULL;
	larder_slice body;
	ptrdiff_t got;
	size_t len = 0;
	char url[128];

	hit_entry_url(index, url, sizeof(url));
	lookup.method = (larder_slice){ "GET", 3 };
	lookup.url = (larder_slice){ url, strlen(url) };
	if (larder_cache_lookup(state->cache, &lookup, &plan) < 0 ||
	    larder_plan_verdict(plan) != LARDER_SERVE)
		bench_die("larder: %s is no hit", url);
	body = larder_plan_body(plan);
	if (body.ptr && body.len <= state->body_bytes) {
		len = body.len;
		memcpy(buf, body.ptr, len);
	} else {
		while ((got = larder_plan_read(plan, buf + len, state->body_bytes - len)) >
		       0)
			len += (size_t)got;
	}
	larder_plan_free(plan);
	return len;
}

/* A cache survives fork by itself. */
static void child_plan(void *opaque)
{
	(void)opaque;
}

static void close_plan(void *opaque)
{
	struct state *state = opaque;

	larder_cache_close(state->cache);
	free(state);
}

const struct hit_contender hit_plan = {
	.name = "larder/cache.h plan",
	.open = open_plan,
	.get = get_plan,
	.child = child_plan,
	.close = close_plan,
};
