/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - contenders that keep keys and values: what the store is measured against.
 *
 * Entry `index` has the key that shelf_key() makes of it. Values of one load have one size.
 */
#ifndef LARDER_BENCH_SHELF_H
#define LARDER_BENCH_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct shelf_load {
	const char *label;
	size_t value_bytes;
	size_t entries;
	size_t gets, puts; /* how many make a slice */
};

struct shelf_contender {
	const char *name;
	size_t entries_max; /* it holds no more than this, for time's sake; 0: no bound */
	void *(*open)(const char *folder, const struct shelf_load *load);
	/* Copies the value to `buf`; returns its length, 0 when absent. */
	size_t (*get)(void *state, size_t index, char *buf);
	/* Stores `count` entries from `first` on in one transaction; 1 where there are none. */
	void (*put)(void *state, size_t first, size_t count, const char *value,
		    size_t len);
	bool batches; /* whether `count` may be above 1 */
	void (*remove)(void *state, size_t index);
	/* The server's process, whose CPU time counts too; NULL: there is none. */
	pid_t (*server)(void *state);
	/* Makes the state usable in a process that was just forked; NULL: cannot be. */
	void (*child)(void *state);
	void (*close)(void *state);
};

enum { SHELF_KEY_MAX = 128 };

/* A key of 60 to 70 bytes that looks like a URL. Returns its length. */
size_t shelf_key(size_t index, char *key);
/* The same squeezed into 64 bits, for those who take integers. */
uint64_t shelf_number(size_t index);

extern const struct shelf_contender shelf_larder;
extern const struct shelf_contender shelf_public;
extern const struct shelf_contender shelf_lmdb;
extern const struct shelf_contender shelf_table;
extern const struct shelf_contender shelf_files;
extern const struct shelf_contender shelf_sqlite;    /* with LARDER_BENCH_SQLITE */
extern const struct shelf_contender shelf_memcached; /* with LARDER_BENCH_MEMCACHED */

#endif
