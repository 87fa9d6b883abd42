/* SPDX-License-Identifier: MIT */
/* herd.h - contenders in front of a slow origin, and the origin that counts what they ask. */
#ifndef LARDER_BENCH_HERD_H
#define LARDER_BENCH_HERD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- the origin ------------------------------------------------------------------------- */

/*
 * A process that answers every GET after a delay. The path's first word decides:
 *	/cold/...	max-age=60
 *	/stale/...	max-age=1, stale-while-revalidate=60
 *	/private/...	no-store
 */
struct herd_origin {
	pid_t pid;
	unsigned port;
	uint64_t *requests; /* shared: how many it has been asked */
};

void herd_origin_start(struct herd_origin *origin, unsigned delay_ms);
void herd_origin_stop(struct herd_origin *origin);

/* ---- contenders ------------------------------------------------------------------------- */

struct herd_contender {
	const char *name;
	const char *program; /* must be installed; NULL: nothing needed */
	/* Starts what stands between, in a folder of its own. */
	void *(*open)(const char *folder, unsigned origin_port);
	/* In each worker, before the start: its connection or session. */
	void *(*join)(void *state);
	/* One GET of a path; the answer must have status 200. */
	void (*get)(void *worker, const char *path);
	void (*close)(void *state);
};

extern const struct herd_contender herd_larder;
extern const struct herd_contender herd_nginx;
extern const struct herd_contender herd_varnish;
extern const struct herd_contender herd_direct;

#endif
