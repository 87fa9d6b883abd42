/* SPDX-License-Identifier: MIT */
/* hit_curl.c - the rival with HTTP: libcurl, kept alive, to a local nginx. */
#include "bench.h"
#include "hit.h"
#include "nginx.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 1000 }; /* nginx keeps them all in the page cache either way */

struct state {
	CURL *easy;
	pid_t server;
	char *buf;
	size_t got;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *opaque)
{
	struct state *state = opaque;

	memcpy(state->buf + state->got, bytes, size * count);
	state->got += size * count;
	return size * count;
}

static void *open_curl(const char *folder, const struct hit_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	char *body = bench_alloc(load->body_bytes);
	char root[BENCH_PATH_MAX];
	char path[BENCH_PATH_MAX];
	char socket_path[BENCH_PATH_MAX];
	char lines[BENCH_PATH_MAX * 2];
	size_t i;

	bench_format(root, sizeof(root), "%s/nginx-%zu", folder, load->body_bytes);
	mkdir(root, 0700);
	for (i = 0; i < load->entries && i < FILES_MAX; i++) {
		bench_format(path, sizeof(path), "%s/item-%zu.json", root, i);
		bench_body(i, body, load->body_bytes);
		bench_nginx_file(path, body, load->body_bytes);
	}
	bench_format(socket_path, sizeof(socket_path), "%s/nginx.sock", root);
	bench_format(lines, sizeof(lines),
		     "  sendfile on; open_file_cache max=2000;\n"
		     "  server { listen unix:%s; root %s; location / { expires 1d; } }\n",
		     socket_path, root);
	state->server = bench_nginx_start(root, lines);
	bench_await_socket(socket_path);
	state->easy = curl_easy_init();
	if (!state->easy)
		bench_die("curl: no handle");
	curl_easy_setopt(state->easy, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(state->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(state->easy, CURLOPT_WRITEDATA, state);
	free(body);
	return state;
}

static size_t get_curl(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	char url[128];
	CURLcode rc;

	bench_format(url, sizeof(url), "http://origin.example/item-%zu.json", index);
	state->buf = buf;
	state->got = 0;
	curl_easy_setopt(state->easy, CURLOPT_URL, url);
	rc = curl_easy_perform(state->easy);
	if (rc != CURLE_OK)
		bench_die("curl: %s: %s", url, curl_easy_strerror(rc));
	return state->got;
}

static pid_t server_curl(void *opaque)
{
	struct state *state = opaque;

	return state->server;
}

static void close_curl(void *opaque)
{
	struct state *state = opaque;

	curl_easy_cleanup(state->easy);
	bench_stop(state->server);
	free(state);
}

const struct hit_contender hit_curl = {
	.name = "libcurl to nginx, unix socket",
	.entries_max = FILES_MAX,
	.open = open_curl,
	.get = get_curl,
	.server = server_curl,
	.close = close_curl,
};
