/* SPDX-License-Identifier: MIT */
/* bench_larder.c - the contender: a full hit through larder.h. */
#include "bench.h"

#include <larder/larder.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
	larder_session *session;
	size_t body_bytes;
};

static void entry_url(size_t index, char *url, size_t cap)
{
	bench_format(url, cap, "http://origin.example/catalogue/section-%zu/item-%zu.json",
		 index % 97, index);
}

/* Stores one response as a transport would, so that the hits have a real head to carry. */
static void store_response(larder_cache *cache, const char *url, const char *body, size_t len)
{
	static const larder_field fields[] = {
		{ { "Server", 6 }, { "nginx/1.22.1", 12 } },
		{ { "Content-Type", 12 }, { "application/json", 16 } },
		{ { "ETag", 4 }, { "\"66f2a1c0-400\"", 14 } },
		{ { "Last-Modified", 13 }, { "Tue, 24 Sep 2024 11:14:24 GMT", 29 } },
		{ { "Cache-Control", 13 }, { "max-age=86400", 13 } },
		{ { "Accept-Ranges", 13 }, { "bytes", 5 } },
	};
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_head head = LARDER_HEAD_INIT;
	larder_plan *plan = NULL;

	lookup.method = (larder_slice){ "GET", 3 };
	lookup.url = (larder_slice){ url, strlen(url) };
	head.status = 200;
	head.version = 11;
	head.reason = (larder_slice){ "OK", 2 };
	head.fields = fields;
	head.field_count = sizeof(fields) / sizeof(fields[0]);
	head.body_length = (int64_t)len;
	if (larder_cache_lookup(cache, &lookup, &plan) < 0 ||
	    larder_plan_receive(plan, &head) < 0 || larder_plan_append(plan, body, len) < 0 ||
	    larder_plan_commit(plan) < 0 || !larder_plan_served(plan)->stored)
		bench_die("larder: cannot store %s", url);
	larder_plan_free(plan);
}

static void *open_larder(const char *folder, const struct bench_load *load)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct state *state = calloc(1, sizeof(*state));
	char *body = malloc(load->body_bytes);
	larder_error err;
	char path[300];
	char url[128];
	size_t i;

	if (!state || !body)
		bench_die("out of memory");
	bench_format(path, sizeof(path), "%s/larder-%zu", folder, load->body_bytes);
	options.store = path;
	if (larder_session_open(&options, &state->session, &err) < 0)
		bench_die("larder: %s", err.message);
	state->body_bytes = load->body_bytes;
	for (i = 0; i < load->entries; i++) {
		entry_url(i, url, sizeof(url));
		bench_body(i, body, load->body_bytes);
		store_response(larder_session_cache(state->session), url, body,
			       load->body_bytes);
	}
	free(body);
	return state;
}

static size_t get_larder(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	larder_response *response = NULL;
	larder_slice body = { NULL, 0 };
	ptrdiff_t got;
	size_t len = 0;
	char url[128];

	entry_url(index, url, sizeof(url));
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

const struct bench_contender bench_larder = {
	.name = "larder.h, full hit",
	.open = open_larder,
	.get = get_larder,
	.close = close_larder,
};
