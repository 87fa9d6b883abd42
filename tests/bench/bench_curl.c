/* SPDX-License-Identifier: MIT */
/* bench_curl.c - the rival with HTTP: libcurl, kept alive, to a local nginx. */
#include "bench.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		bench_die("nginx: cannot write %s", path);
}

static void write_config(const char *folder, const char *config, const char *socket_path)
{
	FILE *file = fopen(config, "w");

	if (!file)
		bench_die("nginx: cannot write %s", config);
	fprintf(file,
		"%sdaemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\n"
		"events { worker_connections 64; }\n"
		"http {\n"
		"  access_log off;\n  keepalive_requests 100000000;\n  sendfile on;\n"
		"  open_file_cache max=2000;\n"
		"  client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3;\n"
		"  uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;\n"
		"  server { listen unix:%s; root %s; location / { expires 1d; } }\n"
		"}\n",
		geteuid() == 0 ? "user root;\n" : "", folder, folder, folder, folder, folder,
		folder, folder, socket_path, folder);
	if (fclose(file) != 0)
		bench_die("nginx: cannot write %s", config);
}

static void *open_curl(const char *folder, const struct bench_load *load)
{
	struct state *state = calloc(1, sizeof(*state));
	char *body = malloc(load->body_bytes);
	char root[300];
	char path[400];
	char config[400];
	char socket_path[400];
	size_t i;

	if (!state || !body)
		bench_die("out of memory");
	bench_format(root, sizeof(root), "%s/nginx-%zu", folder, load->body_bytes);
	mkdir(root, 0700);
	for (i = 0; i < load->entries && i < FILES_MAX; i++) {
		bench_format(path, sizeof(path), "%s/item-%zu.json", root, i);
		bench_body(i, body, load->body_bytes);
		write_file(path, body, load->body_bytes);
	}
	bench_format(config, sizeof(config), "%s/nginx.conf", root);
	bench_format(socket_path, sizeof(socket_path), "%s/nginx.sock", root);
	write_config(root, config, socket_path);
	bench_format(path, sizeof(path), "%s/start.log", root);
	state->server =
		bench_start(path, (const char *[]){ "nginx", "-p", root, "-c", config, NULL });
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

const struct bench_contender bench_curl_nginx = {
	.name = "libcurl to nginx, unix socket",
	.entries_max = FILES_MAX,
	.open = open_curl,
	.get = get_curl,
	.server = server_curl,
	.close = close_curl,
};
