/* SPDX-License-Identifier: MIT */
/*
 * lease_word.h - what is in the one word of a lease place.
 *
 *	bit  0	2	phase	free, claimed (being taken), held
 *	     2	1	somebody sleeps until the lower half changes
 *	     3	3	result	enum lrd_lease_result of the lease that ended; 0 while held
 *	     6	26	generation: one more for each lease and each renewal
 *	    32	10	place of the owner in the process table
 *	    42	22	tag: the upper bits of the key's hash
 *
 * With the ten bits that choose the stripe, 32 bits of the hash tell keys apart. Two keys that
 * agree in all of them share a lease: one of them waits for nothing, once, and harmlessly.
 */
#ifndef LRD_STORE_LEASE_WORD_H
#define LRD_STORE_LEASE_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/layout.h"

enum lrd_lease_phase {
	LRD_PHASE_FREE = 0, /* a key's tag and result may linger */
	LRD_PHASE_CLAIMED = 1,
	LRD_PHASE_HELD = 2
};

#define LRD_WORD_PHASE            UINT64_C(3)
#define LRD_WORD_SLEEPERS         (UINT64_C(1) << 2)
#define LRD_WORD_RESULT_SHIFT     3
#define LRD_WORD_GENERATION_SHIFT 6
#define LRD_WORD_GENERATION_MASK  ((UINT64_C(1) << LRD_LEASE_GENERATION_BITS) - 1)
#define LRD_WORD_OWNER_SHIFT      32
#define LRD_WORD_TAG_SHIFT        42
#define LRD_WORD_TAG              (~UINT64_C(0) << LRD_WORD_TAG_SHIFT)

static_assert(LRD_WORD_GENERATION_SHIFT + LRD_LEASE_GENERATION_BITS == 32,
	      "the futex half");
static_assert(LRD_PROCESSES == 1 << (LRD_WORD_TAG_SHIFT - LRD_WORD_OWNER_SHIFT),
	      "the owner fits");
static_assert((LRD_LEASES & (LRD_LEASES - 1)) == 0, "stripes are masked");

static inline uint32_t lrd_word_phase(uint64_t word)
{
	return (uint32_t)(word & LRD_WORD_PHASE);
}

static inline uint32_t lrd_word_result(uint64_t word)
{
	return (uint32_t)(word >> LRD_WORD_RESULT_SHIFT) & 7;
}

static inline uint64_t lrd_word_generation(uint64_t word)
{
	return word >> LRD_WORD_GENERATION_SHIFT & LRD_WORD_GENERATION_MASK;
}

static inline uint64_t lrd_word_next(uint64_t word)
{
	return (lrd_word_generation(word) + 1) & LRD_WORD_GENERATION_MASK;
}

static inline uint32_t lrd_word_owner(uint64_t word)
{
	return (uint32_t)(word >> LRD_WORD_OWNER_SHIFT) & (LRD_PROCESSES - 1);
}

static inline bool lrd_word_is_of(uint64_t word, uint64_t hash)
{
	return ((word ^ hash) & LRD_WORD_TAG) == 0;
}

/* The same lease, whether anybody sleeps or not. */
static inline bool lrd_word_same(uint64_t a, uint64_t b)
{
	return ((a ^ b) & ~LRD_WORD_SLEEPERS) == 0;
}

/* A word with nobody asleep. `hash` may be any word of the key: only its tag counts. */
static inline uint64_t lrd_word_make(uint64_t hash, uint32_t phase, uint64_t generation,
				     uint32_t owner)
{
	return (hash & LRD_WORD_TAG) | (uint64_t)owner << LRD_WORD_OWNER_SHIFT |
	       generation << LRD_WORD_GENERATION_SHIFT | phase;
}

/* What the word becomes when its lease is over. */
static inline uint64_t lrd_word_ended(uint64_t word, uint32_t result)
{
	return lrd_word_make(word, LRD_PHASE_FREE, lrd_word_generation(word), 0) |
	       (uint64_t)result << LRD_WORD_RESULT_SHIFT;
}

/* A time bound to a word's generation, as in `until`. */
static inline uint64_t lrd_word_until(uint64_t at_ms, uint64_t generation)
{
	return at_ms << LRD_LEASE_GENERATION_BITS | generation;
}

/*
 * Whether a lease's time has come. A time that is one generation ahead counts as well: whoever
 * renews or takes over writes it before the word, and may be stopped in between.
 */
static inline bool lrd_word_is_over(uint64_t word, uint64_t until, uint64_t now_ms)
{
	uint64_t generation = until & LRD_WORD_GENERATION_MASK;

	return (generation == lrd_word_generation(word) ||
		generation == lrd_word_next(word)) &&
	       now_ms >= until >> LRD_LEASE_GENERATION_BITS;
}

#endif
