/* SPDX-License-Identifier: MIT */
/*
 * churn.h - a store that stays full: mixed sizes come and go in random order.
 *
 * Nine of ten values have 100 to 4000 bytes, the tenth 4 KiB to 1 MiB (log-uniform).
 */
#ifndef LARDER_BENCH_CHURN_H
#define LARDER_BENCH_CHURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHURN_SLICES = 60 };

struct churn_contender {
	const char *name;
	/* Keeps at most `budget` bytes live. */
	void *(*open)(const char *folder, uint64_t budget);
	/* False when there was no room for it (MAP_FULL, EFULL). */
	bool (*put)(void *state, size_t index, const char *value, size_t len);
	void (*remove)(void *state, size_t index);
	uint64_t (*used_bytes)(void *state);
	void (*close)(void *state);
};

extern const struct churn_contender churn_larder;
extern const struct churn_contender churn_lmdb;

struct churn_plan {
	uint64_t budget;
	unsigned seconds;
	size_t slices; /* at most CHURN_SLICES */
	double live_share; /* the driver removes what is above; 1: the store evicts by itself */
};

struct churn_result {
	double puts_per_s[CHURN_SLICES];        /* by the clock, one for each slice */
	double mbytes_per_s;                    /* in the last slice */
	double p50_us, p99_us, p999_us, max_us; /* of puts, after filling */
	uint64_t puts;
	uint64_t full; /* puts without room */
};

void churn_run(const struct churn_contender *contender, const char *folder,
	       const struct churn_plan *plan, struct churn_result *result);

#endif
