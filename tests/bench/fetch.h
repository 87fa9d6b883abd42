/* SPDX-License-Identifier: MIT */
/* fetch.h - clients that get one URL again and again over a connection kept alive. */
#ifndef LARDER_BENCH_FETCH_H
#define LARDER_BENCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>

struct fetch_target {
	const char *url;
	const char *host;
	const char *path;
	const char *ca_file; /* PEM of the authority behind the server's certificate */
	unsigned port;
	bool tls;
	size_t body_bytes;
};

struct fetch_contender {
	const char *name;
	void *(*open)(const struct fetch_target *target);
	/* Gets the body into `buf` (target->body_bytes large); returns the bytes got. */
	size_t (*get)(void *state, char *buf);
	void (*close)(void *state);
};

extern const struct fetch_contender fetch_larder;
extern const struct fetch_contender fetch_curl;
extern const struct fetch_contender fetch_socket;  /* http only */
extern const struct fetch_contender fetch_openssl; /* https only */

#endif
