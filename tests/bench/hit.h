/* SPDX-License-Identifier: MIT */
/* hit.h - contenders that answer the same gets from whatever holds them. */
#ifndef LARDER_BENCH_HIT_H
#define LARDER_BENCH_HIT_H

#include <stddef.h>
#include <sys/types.h>

/* One body size and how many distinct entries have it. */
struct hit_load {
	const char *label;
	size_t body_bytes;
	size_t entries;
	size_t slice; /* gets a contender does in one round */
};

struct hit_contender {
	const char *name;
	size_t entries_max; /* it holds no more distinct entries than this; 0: no bound */
	/* Fills whatever answers; `folder` is a fresh one. Returns its state. */
	void *(*open)(const char *folder, const struct hit_load *load);
	/* Gets entry `index` into `buf` (load->body_bytes large); returns the bytes got. */
	size_t (*get)(void *state, size_t index, char *buf);
	/* The server's process, whose CPU time counts too; NULL: there is none. */
	pid_t (*server)(void *state);
	/* Makes the state usable in a process that was just forked; NULL: it is, or cannot be. */
	void (*child)(void *state);
	void (*close)(void *state);
};

extern const struct hit_contender hit_larder;
extern const struct hit_contender hit_plan;
extern const struct hit_contender hit_lmdb;
extern const struct hit_contender hit_memcached;
extern const struct hit_contender hit_curl;

#endif
