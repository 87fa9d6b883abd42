/* SPDX-License-Identifier: MIT */
/* ghosts.c - which keys were evicted not long ago, and from which queue. */
#include "store/ghosts.h"

enum {
	WAYS = 4,
	TIME_BITS = 16,
	TIME_MASK = (1 << TIME_BITS) - 1,
	QUEUE_BIT = TIME_BITS,
	TAG_SHIFT = QUEUE_BIT + 1,
	FINE_BITS = 13 /* ages are told to one part in 2^13 of the table */
};

/* Sets in use: a power of two that the blocks on disk allow for. 0: none yet. */
static uint32_t count_sets(const struct lrd_mount *mount)
{
	uint32_t ready = atomic_load_explicit(&mount->table->ready, memory_order_relaxed);
	uint32_t sets = ready > mount->slot_count ? mount->slot_count : ready;

	sets = sets * 2 / WAYS;
	while (sets & (sets - 1))
		sets &= sets - 1;
	return sets;
}

/* By how many bits a count of evictions is too fine. */
static unsigned int coarseness(uint32_t sets)
{
	unsigned int bits = 0;

	for (uint64_t cells = (uint64_t)sets * WAYS; cells > 1; cells >>= 1)
		bits++;
	return bits > FINE_BITS ? bits - FINE_BITS : 0;
}

static uint32_t tag_of(uint64_t hash)
{
	/* Never 0, so that an empty cell is nobody's. */
	return (uint32_t)(hash >> (64 - 15)) | 1;
}

static _Atomic uint32_t *set_of(const struct lrd_mount *mount, uint64_t hash, uint32_t sets)
{
	return &mount->ghosts[(size_t)((hash >> 16) & (sets - 1)) * WAYS];
}

/* Evictions of the cell's queue since, in coarse steps. */
static uint32_t age_of(const struct lrd_mount *mount, uint32_t cell, unsigned int coarse)
{
	unsigned int queue = cell >> QUEUE_BIT & 1;
	uint32_t now = (uint32_t)(mount->table->evictions[queue] >> coarse);

	return (now - cell) & TIME_MASK;
}

void lrd_ghosts_add(struct lrd_mount *mount, uint64_t hash, unsigned int queue)
{
	uint64_t at = mount->table->evictions[queue]++;
	uint32_t sets = count_sets(mount);
	unsigned int coarse = coarseness(sets);
	_Atomic uint32_t *set;
	uint32_t oldest = 0;
	size_t place = 0;

	if (sets == 0)
		return;
	set = set_of(mount, hash, sets);
	for (size_t i = 0; i < WAYS; i++) {
		uint32_t cell = atomic_load_explicit(&set[i], memory_order_relaxed);
		uint32_t age;

		if (cell == 0 || cell >> TAG_SHIFT == tag_of(hash)) {
			place = i;
			break;
		}
		age = age_of(mount, cell, coarse);
		if (age >= oldest) {
			oldest = age;
			place = i;
		}
	}
	atomic_store_explicit(&set[place],
			      tag_of(hash) << TAG_SHIFT | queue << QUEUE_BIT |
				      ((uint32_t)(at >> coarse) & TIME_MASK),
			      memory_order_relaxed);
}

bool lrd_ghosts_take(struct lrd_mount *mount, uint64_t hash, uint64_t window,
		     unsigned int *queue, uint64_t *age)
{
	uint32_t sets = count_sets(mount);
	unsigned int coarse = coarseness(sets);
	_Atomic uint32_t *set;

	if (sets == 0)
		return false;
	set = set_of(mount, hash, sets);
	for (size_t i = 0; i < WAYS; i++) {
		uint32_t cell = atomic_load_explicit(&set[i], memory_order_relaxed);
		uint64_t since;

		if (cell == 0 || cell >> TAG_SHIFT != tag_of(hash))
			continue;
		since = (uint64_t)age_of(mount, cell, coarse) << coarse;
		atomic_store_explicit(&set[i], 0, memory_order_relaxed);
		if (since > window)
			return false;
		*queue = cell >> QUEUE_BIT & 1;
		*age = since;
		return true;
	}
	return false;
}
