/* SPDX-License-Identifier: MIT */
/*
 * slots.h - the table of slots: which entry has which, and in which list it stands.
 *
 * Life of a slot, each step under the write gate:
 *	free -> fresh			lrd_slots_place: a put of a new entry, not committed yet
 *	fresh -> probation, main	lrd_slots_settle, the transaction committed
 *	fresh -> free			the same, it did not
 *	probation, main -> doomed	lrd_slots_doom: the entry was removed, not committed yet
 *	doomed -> free, or back		lrd_slots_settle
 * So a transaction that is given up costs nothing, and a writer that is killed leaves its
 * slots in two short lists that the next one compares with the records (slots_mend.c).
 *
 * A slot is named by its number + 1; 0 is none. A record without one, or with one that is
 * another's, is read like any other; the table finds out and mends it.
 */
#ifndef LRD_STORE_SLOTS_H
#define LRD_STORE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"
#include "store/record.h"

/* What lists and the share of probation count in. */
enum { LRD_SLOT_UNIT = 64 };

static inline _Atomic uint8_t *lrd_slots_uses(const struct lrd_mount *mount, uint32_t slot)
{
	/* Those above have no blocks: looking at one could be SIGBUS on a full disk. */
	uint32_t ready =
		atomic_load_explicit(&mount->table->ready, memory_order_relaxed);

	return slot > 0 && slot <= ready && slot <= mount->slot_count
		       ? &mount->slots[slot - 1].uses
		       : NULL;
}

/* The entry's use count, 0 without a slot. */
static inline uint8_t lrd_slots_get_uses(const struct lrd_mount *mount, uint32_t slot)
{
	_Atomic uint8_t *uses = lrd_slots_uses(mount, slot);

	return uses ? atomic_load_explicit(uses, memory_order_relaxed) & 3 : 0;
}

/* A hit. Returns the count as it is now. */
static inline uint8_t lrd_slots_touch(const struct lrd_mount *mount, uint32_t slot)
{
	_Atomic uint8_t *uses = lrd_slots_uses(mount, slot);
	uint8_t seen;

	if (!uses)
		return 0;
	seen = atomic_load_explicit(uses, memory_order_relaxed) & 3;
	/* A lost increment does no harm; a line that is not written stays shared. */
	if (seen < 3)
		atomic_store_explicit(uses, ++seen, memory_order_relaxed);
	return seen;
}

/* What a slot says of its entry. */
struct lrd_slot_facts {
	uint64_t hash;
	uint64_t bytes; /* what removing the entry frees, sooner or later */
	int64_t stale_until;
	uint32_t epoch;
	uint8_t kind;
};

/* The facts of a record that takes `value_len` bytes. */
struct lrd_slot_facts lrd_slots_facts(const struct lrd_record *record,
				      const struct lrd_record_links *links,
				      size_t value_len);

/* For the first opener: makes sure of the blocks that the table believes to have. */
void lrd_slots_open(struct lrd_mount *mount);

/* Forgets all, for data files that are empty. */
void lrd_slots_reset(struct lrd_mount *mount);

/*
 * The slot of an entry that is being stored: `old` if that is its own, else a free one, taken
 * into main if the key was evicted not long ago. 0: there is none left.
 */
uint32_t lrd_slots_place(struct lrd_mount *mount, const struct lrd_slot_facts *facts,
			 uint32_t old);

/* The entry under `hash` is removed by the present transaction. */
void lrd_slots_doom(struct lrd_mount *mount, uint64_t hash, uint32_t slot);

/* The transaction was committed, or not. */
void lrd_slots_settle(struct lrd_mount *mount, bool committed);

/* How many slots can be given out; the table grows if they are fewer than `wanted`. */
uint64_t lrd_slots_spare(struct lrd_mount *mount, uint64_t wanted);

/* How many entries have one. */
uint64_t lrd_slots_used(const struct lrd_mount *mount);

/* ---- for eviction and repair ------------------------------------------------------------- */

/* Whether `slot` is that of the entry under `hash`. */
bool lrd_slots_is_of(const struct lrd_mount *mount, uint32_t slot, uint64_t hash);

/* The oldest of a list, 0: empty. */
uint32_t lrd_slots_first(struct lrd_mount *mount, enum lrd_slot_list_id list);

/* Moves a slot to the end of a list. */
void lrd_slots_move(struct lrd_mount *mount, uint32_t slot, enum lrd_slot_list_id list);

/* Where a fresh or doomed slot belongs. */
enum lrd_slot_list_id lrd_slots_home(const struct lrd_slot *slot);

/* While all slots are claimed anew: takes the one that a record names. False: not its own. */
bool lrd_slots_claim(struct lrd_mount *mount, const struct lrd_slot_facts *facts,
		     uint32_t slot);

/* Ends a search for unclaimed slots: frees this one if nobody has claimed it. */
void lrd_slots_collect(struct lrd_mount *mount, uint32_t slot);

/* The lists make no sense: they are built anew, see slots_mend.c. */
void lrd_slots_break(struct lrd_mount *mount);
static inline bool lrd_slots_are_broken(const struct lrd_mount *mount)
{
	return atomic_load_explicit(&mount->table->busy, memory_order_relaxed) != 0;
}

#endif
