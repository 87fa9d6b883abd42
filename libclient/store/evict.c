/* SPDX-License-Identifier: MIT */
/* evict.c - choosing entries to remove: what is over first, then what is used least. */
#include "store/evict.h"

#include <errno.h>
#include <stdlib.h>

#include "store/damage.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/ghosts.h"
#include "store/guard.h"
#include "store/hold.h"
#include "store/lmdb.h"
#include "store/lookup.h"
#include "store/record.h"
#include "store/room.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "sys/clock.h"
#include "sys/crash.h"

enum {
	PATIENCE = 1024, /* slots passed in search of one victim; then the next must go */
	SWEEP_LOOK = 4096,
	PAGES_OF_ONE = 2 /* touched for one entry: its leaf, and garbage or a branch */
};

struct evictor {
	struct lrd_mount *mount;
	MDB_txn *txn;
	struct lrd_held *held;
	int64_t now;
	uint64_t bytes;
	size_t touched;
	uint32_t passed; /* since the last victim */
	struct lrd_evicted *done;
};

/* ---- choosing ---------------------------------------------------------------------------- */

/* How many uses keep a slot, by its size against the mean of all. */
static unsigned int uses_needed(const struct lrd_mount *mount, const struct lrd_slot *slot)
{
	const struct lrd_slot_list *lists = mount->table->lists;
	uint64_t count = lists[LRD_LIST_PROBATION].count + lists[LRD_LIST_MAIN].count;
	uint64_t size = lists[LRD_LIST_PROBATION].size + lists[LRD_LIST_MAIN].size;
	uint64_t times = count > 0 && size >= count ? slot->size / (size / count) : 1;

	/* Two uses are twice one, and so much larger is what a root makes twice as large. */
	switch (mount->size_weight) {
	case LRD_SIZE_WEIGHT_NONE:
		return 1;
	case LRD_SIZE_WEIGHT_STRONG:
		return times >= 9 ? 3 : times >= 4 ? 2 : 1;
	default:
		return times >= 81 ? 3 : times >= 16 ? 2 : 1;
	}
}

static enum lrd_slot_list_id choose_list(const struct lrd_mount *mount)
{
	const struct lrd_slot_table *table = mount->table;
	uint64_t probation = table->lists[LRD_LIST_PROBATION].size;
	uint64_t all = probation + table->lists[LRD_LIST_MAIN].size;
	/* No store has 2^60 units of 64 bytes, but bytes of a shared file can be anything. */
	uint64_t part = (all >> 16) * (table->share >> 16);

	if (all < UINT64_C(1) << 32)
		part = all * table->share >> 32;
	if (table->lists[LRD_LIST_MAIN].head == 0)
		return LRD_LIST_PROBATION;
	if (table->lists[LRD_LIST_PROBATION].head == 0)
		return LRD_LIST_MAIN;
	return probation > part ? LRD_LIST_PROBATION : LRD_LIST_MAIN;
}

/*
 * The next victim: passes those that have earned to stay. Each that is passed loses uses or
 * its probation, so that the hand comes to an end; in a store where everything is in use it
 * loses patience first. 0: there is nothing to remove.
 */
static uint32_t choose(struct evictor *e)
{
	struct lrd_mount *mount = e->mount;

	for (;;) {
		enum lrd_slot_list_id list = choose_list(mount);
		uint32_t slot = lrd_slots_first(mount, list);
		struct lrd_slot *s;
		unsigned int uses, needed;

		if (slot == 0)
			return 0;
		s = &mount->slots[slot - 1];
		uses = lrd_slots_get_uses(mount, slot);
		needed = uses_needed(mount, s);
		mount->table->looked++;
		if (uses < needed || e->passed >= PATIENCE)
			return slot;
		e->passed++;
		/* Out of probation it begins anew; in main it pays for its stay. */
		uses = list == LRD_LIST_MAIN ? uses - needed : 0;
		atomic_store_explicit(&s->uses, (uint8_t)uses, memory_order_relaxed);
		lrd_slots_move(mount, slot, LRD_LIST_MAIN);
	}
}

/* ---- removing ---------------------------------------------------------------------------- */

static int remove_entry(struct evictor *e, const struct lrd_record *record,
			const struct lrd_record_links *links, uint32_t slot, uint64_t bytes)
{
	bool live = lrd_lookup_is_live(e->mount, record, links->epoch, e->now);
	unsigned int queue = (e->mount->slots[slot - 1].list & 15) == LRD_LIST_MAIN
				     ? LRD_GHOST_MAIN
				     : LRD_GHOST_PROBATION;
	int mdb_rc = lrd_entry_remove(e->mount, e->txn, record, links);

	if (mdb_rc != 0)
		return mdb_rc;
	lrd_event_put(e->mount, live ? LRD_EVENT_EVICTED : LRD_EVENT_EXPIRED, record->hash,
		      (larder_slice){ NULL, 0 }, bytes);
	LRD_CRASH_POINT("store.evict.after_one");
	e->bytes += bytes;
	e->touched += PAGES_OF_ONE;
	e->mount->table->removed++;
	if (live) {
		lrd_ghosts_add(e->mount, record->hash, queue);
		e->done->live++;
	} else {
		e->done->expired++;
	}
	return 0;
}

/* A slot that is nobody's: of a transaction that came to nothing, or scribbled over. */
static void drop_stale(struct evictor *e, uint32_t slot)
{
	lrd_slots_move(e->mount, slot, LRD_LIST_DOOMED);
	e->done->stale++;
}

/* Removes the entry of a slot, or the slot if it is nobody's. `*held`: it has to stay. */
static int remove_slot(struct evictor *e, uint32_t slot, bool *held)
{
	uint64_t hash = e->mount->slots[slot - 1].hash;
	MDB_val v;
	struct lrd_record record;
	struct lrd_record_links links;
	int mdb_rc = lrd_guard_get(e->mount, e->txn, e->mount->entries, hash, &v);

	*held = false;
	if (mdb_rc == MDB_NOTFOUND) {
		drop_stale(e, slot);
		return 0;
	}
	if (mdb_rc != 0)
		return mdb_rc;
	if (lrd_record_decode(v.mv_data, v.mv_size, hash, &record, &links) < 0) {
		/* What it names cannot be believed; the check finds rows left over. */
		lrd_damage_report(e->mount, hash, &v);
		drop_stale(e, slot);
		e->touched += PAGES_OF_ONE;
		return lrd_guard_del(e->mount, e->txn, e->mount->entries, hash);
	}
	if (record.slot != slot) {
		drop_stale(e, slot);
		return 0;
	}
	/* Its rows would stay where they are. */
	if (record.body_id && lrd_held_has(e->held, record.body_id)) {
		*held = true;
		return 0;
	}
	return remove_entry(e, &record, &links, slot,
			    lrd_slots_facts(&record, &links, v.mv_size).bytes);
}

/* Removes one. `*none`: there is nothing, or all that is left is held. */
static int evict_one(struct evictor *e, bool *none)
{
	uint32_t held_in_a_row = 0;

	e->passed = 0;
	for (;;) {
		uint32_t slot = choose(e);
		bool held;
		int mdb_rc;

		*none = slot == 0 || held_in_a_row >= PATIENCE;
		if (*none)
			return 0;
		mdb_rc = remove_slot(e, slot, &held);
		if (mdb_rc != 0 || !held)
			return mdb_rc;
		held_in_a_row++;
		lrd_slots_move(e->mount, slot,
			       lrd_slots_home(&e->mount->slots[slot - 1]));
	}
}

/* What is over goes before anything that is not, as far as a short sweep finds it. */
static int evict_expired(struct evictor *e, uint64_t wanted, uint64_t deadline_ns)
{
	const struct lrd_sweep sweep = {
		.now = e->now,
		.deadline_ns = deadline_ns,
		.wanted_bytes = wanted,
		.looks = SWEEP_LOOK,
		.pages = LRD_ROOM_SLICE,
	};
	uint64_t before = e->done->expired;
	int mdb_rc;

	if (!lrd_evict_is_due(e->mount, e->now))
		return 0;
	mdb_rc = lrd_evict_expired(e->mount, e->txn, &sweep, e->done, &e->bytes);
	e->touched += (size_t)(e->done->expired - before) * PAGES_OF_ONE;
	return mdb_rc;
}

/* Nothing stands in either queue: while the table is being built anew that may change. */
static int find_some(struct evictor *e, bool *none)
{
	uint64_t found = 0;
	int mdb_rc = lrd_slots_mend_in(e->mount, e->txn, &found);

	/* Found ones may be fresh until the transaction ends. */
	*none = found == 0 ||
		(lrd_slots_first(e->mount, LRD_LIST_PROBATION) == 0 &&
		 lrd_slots_first(e->mount, LRD_LIST_MAIN) == 0);
	return mdb_rc;
}

int lrd_evict_some(struct lrd_mount *mount, MDB_txn *txn, uint64_t pages,
		   uint64_t deadline_ns, struct lrd_evicted *done)
{
	struct evictor e = { .mount = mount,
			     .txn = txn,
			     .held = malloc(sizeof(*e.held)),
			     .now = lrd_clock_now_s(),
			     .done = done };
	uint64_t wanted = pages * LRD_PAGE;
	bool none = false;
	int mdb_rc;

	if (!e.held)
		return ENOMEM;
	lrd_held_load(mount, e.held);
	mdb_rc = evict_expired(&e, wanted, deadline_ns);
	while (mdb_rc == 0 && !none && e.bytes < wanted && e.touched < LRD_ROOM_SLICE &&
	       lrd_clock_mono_ns() < deadline_ns) {
		mdb_rc = evict_one(&e, &none);
		if (mdb_rc == 0 && none)
			mdb_rc = find_some(&e, &none);
	}
	free(e.held);
	return mdb_rc;
}
