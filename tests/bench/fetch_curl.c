/* SPDX-License-Identifier: MIT */
/* fetch_curl.c - the rival: one libcurl easy handle, reused. */
#include "bench.h"
#include "fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct state {
	CURL *easy;
	char *buf;
	size_t cap;
	size_t got;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *opaque)
{
	struct state *state = opaque;
	size_t len = size * count;

	if (len > state->cap - state->got)
		return 0;
	memcpy(state->buf + state->got, bytes, len);
	state->got += len;
	return len;
}

static void *open_curl(const struct fetch_target *target)
{
	struct state *state = bench_alloc(sizeof(*state));

	state->easy = curl_easy_init();
	if (!state->easy)
		bench_die("curl: no handle");
	state->cap = target->body_bytes;
	curl_easy_setopt(state->easy, CURLOPT_URL, target->url);
	curl_easy_setopt(state->easy, CURLOPT_CAINFO, target->ca_file);
	curl_easy_setopt(state->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(state->easy, CURLOPT_WRITEDATA, state);
	curl_easy_setopt(state->easy, CURLOPT_NOSIGNAL, 1L);
	return state;
}

static size_t get_curl(void *opaque, char *buf)
{
	struct state *state = opaque;
	CURLcode rc;

	state->buf = buf;
	state->got = 0;
	rc = curl_easy_perform(state->easy);
	if (rc != CURLE_OK)
		bench_die("curl: %s", curl_easy_strerror(rc));
	return state->got;
}

static void close_curl(void *opaque)
{
	struct state *state = opaque;

	curl_easy_cleanup(state->easy);
	free(state);
}

const struct fetch_contender fetch_curl = {
	.name = "libcurl, easy handle reused",
	.open = open_curl,
	.get = get_curl,
	.close = close_curl,
};
