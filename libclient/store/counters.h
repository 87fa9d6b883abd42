/* SPDX-License-Identifier: MIT */
/* counters.h - what processes count, each in lines of its own. */
#ifndef LRD_STORE_COUNTERS_H
#define LRD_STORE_COUNTERS_H

#include <stdint.h>

#include "store/mount.h"
#include "store/store.h"

static inline void lrd_counters_add(struct lrd_mount *mount, enum lrd_counter counter,
				    uint64_t by)
{
	atomic_fetch_add_explicit(&mount->counts[mount->place].value[counter], by,
				  memory_order_relaxed);
}

/* Adds the line of place `place`, whose process is gone, to the sum of the dead. */
void lrd_counters_fold(struct lrd_mount *mount, uint32_t place);

/* The sums over all processes, dead ones too. */
void lrd_counters_sum(const struct lrd_mount *mount, uint64_t out[LRD_COUNT_END]);

#endif
