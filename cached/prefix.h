/* SPDX-License-Identifier: MIT */
/*
 * prefix.h - what `stats detail` counts: commands by the prefix of their keys.
 *
 * Off by default and then one relaxed load a command. On, a lock and a hash table of at most
 * LRD_PREFIX_MAX prefixes; later ones are not counted.
 */
#ifndef LRD_CACHED_PREFIX_H
#define LRD_CACHED_PREFIX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"

enum { LRD_PREFIX_MAX = 65536 };

enum lrd_prefix_event {
	LRD_PREFIX_GET,
	LRD_PREFIX_HIT,
	LRD_PREFIX_SET,
	LRD_PREFIX_DELETE
};

struct lrd_prefixes {
	atomic_bool on;
	char end;
	pthread_mutex_t lock;
	struct lrd_prefix **buckets; /* NULL until first switched on */
	size_t count;
};

int lrd_prefix_init(struct lrd_prefixes *prefixes, char end, bool on) LARDER_MUST_USE;
void lrd_prefix_release(struct lrd_prefixes *prefixes);
void lrd_prefix_switch(struct lrd_prefixes *prefixes, bool on);

/* Counts one event of a key; keys without the delimiter are not counted. */
void lrd_prefix_count(struct lrd_prefixes *prefixes, larder_slice key,
		      enum lrd_prefix_event event);

/* Forgets all counts. */
void lrd_prefix_clear(struct lrd_prefixes *prefixes);

/* Appends a line "PREFIX p get n hit n set n del n" for each. */
int lrd_prefix_dump(struct lrd_prefixes *prefixes, struct lrd_buf *out) LARDER_MUST_USE;

static inline bool lrd_prefix_is_on(const struct lrd_prefixes *prefixes)
{
	return atomic_load_explicit(&prefixes->on, memory_order_relaxed);
}

#endif
