/* SPDX-License-Identifier: MIT */
/* lease_table.h - the table of leases as the files that implement lease.h share it. */
#ifndef LRD_STORE_LEASE_TABLE_H
#define LRD_STORE_LEASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/lease.h"
#include "store/lease_word.h"
#include "store/mount.h"
#include "sys/clock.h"

/* One place of the table. */
struct lrd_lease_at {
	_Atomic uint64_t *word;
	struct lrd_lease_beside *beside;
};

static inline struct lrd_lease_stripe *lrd_lease_stripe_of(struct lrd_mount *mount,
							   uint64_t hash)
{
	return &mount->leases[hash & (LRD_LEASES - 1)];
}

static inline struct lrd_lease_at lrd_lease_place(struct lrd_lease_stripe *stripe,
						  uint32_t place)
{
	place &= LRD_LEASE_PLACES - 1;
	return (struct lrd_lease_at){ &stripe->word[place], &stripe->beside[place] };
}

/* Milliseconds are enough for leases, and the coarse clock is the cheap one. */
static inline uint64_t lrd_lease_now_ms(void)
{
	return lrd_clock_mono_coarse_ns() / 1000000;
}

/* Whether the process at this place of the table lives. One system call. */
bool lrd_lease_owner_lives(struct lrd_mount *mount, uint32_t owner);

/* Whether its owner is dead or its time is over: then anybody may have it. One system call. */
bool lrd_lease_is_gone(struct lrd_mount *mount, struct lrd_lease_at at, uint64_t word);

/* Whether a free place holds a mark whose time is not over. */
static inline bool lrd_lease_is_marked(struct lrd_lease_at at, uint64_t word,
				       uint64_t now_ms)
{
	uint64_t until;

	if (lrd_word_phase(word) != LRD_PHASE_FREE ||
	    lrd_word_result(word) != LRD_LEASE_UNCACHEABLE)
		return false;
	until = atomic_load_explicit(&at.beside->until, memory_order_relaxed);
	return (until & LRD_WORD_GENERATION_MASK) == lrd_word_generation(word) &&
	       now_ms < until >> LRD_LEASE_GENERATION_BITS;
}

/* Frees the place if it is still as seen, and wakes whoever sleeps there. */
bool lrd_lease_end(struct lrd_lease_at at, uint64_t seen, uint32_t result);

#endif
