/* SPDX-License-Identifier: MIT */
/* herd_proxies.c - the rivals: bare sockets through nginx, through Varnish, and to the origin. */
#include "bench.h"
#include "herd.h"
#include "nginx.h"
#include "raw_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BODY_MAX = 64 * 1024 };

struct state {
	pid_t pid; /* 0: no proxy */
	unsigned port;
	int fd;
};

static struct state *new_state(unsigned port)
{
	struct state *state = bench_alloc(sizeof(*state));

	state->port = port;
	return state;
}

static void *open_nginx(const char *folder, unsigned origin_port)
{
	struct state *state = new_state(bench_free_port());
	char root[BENCH_PATH_MAX];
	char lines[4096];

	bench_format(root, sizeof(root), "%s/nginx", folder);
	bench_format(
		lines, sizeof(lines),
		"  proxy_cache_path cache keys_zone=herd:1m;\n"
		"  server { listen 127.0.0.1:%u backlog=512;\n"
		"    location / { proxy_pass http://127.0.0.1:%u; proxy_cache herd;\n"
		"      proxy_cache_lock on; proxy_cache_use_stale updating;\n"
		"      proxy_cache_background_update on; } }\n",
		state->port, origin_port);
	state->pid = bench_nginx_start(root, lines);
	bench_await_port(state->port);
	return state;
}

static void *open_varnish(const char *folder, unsigned origin_port)
{
	struct state *state = new_state(bench_free_port());
	char root[BENCH_PATH_MAX], log[BENCH_PATH_MAX];
	char listen_at[64], origin_at[64];

	bench_format(root, sizeof(root), "%s/varnish", folder);
	bench_format(log, sizeof(log), "%s/varnish.log", folder);
	bench_format(listen_at, sizeof(listen_at), "127.0.0.1:%u", state->port);
	bench_format(origin_at, sizeof(origin_at), "127.0.0.1:%u", origin_port);
	mkdir(root, 0700);
	state->pid = bench_start(log, (const char *[]){ "varnishd", "-F", "-j", "none",
							"-n", root, "-a", listen_at, "-b",
							origin_at, "-s", "malloc,32m",
							"-T", "none", NULL });
	bench_await_port(state->port);
	return state;
}

static void *open_direct(const char *folder, unsigned origin_port)
{
	(void)folder;
	return new_state(origin_port);
}

static void *join(void *opaque)
{
	struct state *state = opaque;

	state->fd = bench_connect_port(state->port);
	return state;
}

static void get(void *worker, const char *path)
{
	struct state *state = worker;
	struct raw_stream stream = raw_socket(&state->fd);
	char request[BENCH_PATH_MAX];
	char body[BODY_MAX];
	int status = 0;

	bench_format(request, sizeof(request),
		     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
	raw_get(&stream, request, strlen(request), body, sizeof(body), &status);
	if (status != 200)
		bench_die("%s: status %d", path, status);
}

static void stop(void *opaque)
{
	struct state *state = opaque;

	if (state->pid)
		bench_stop(state->pid);
	free(state);
}

const struct herd_contender herd_nginx = {
	.name = "nginx, proxy_cache_lock",
	.program = "nginx",
	.open = open_nginx,
	.join = join,
	.get = get,
	.close = stop,
};

const struct herd_contender herd_varnish = {
	.name = "Varnish",
	.program = "varnishd",
	.open = open_varnish,
	.join = join,
	.get = get,
	.close = stop,
};

const struct herd_contender herd_direct = {
	.name = "direct, no cache",
	.open = open_direct,
	.join = join,
	.get = get,
	.close = stop,
};
