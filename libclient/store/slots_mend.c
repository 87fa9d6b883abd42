/* SPDX-License-Identifier: MIT */
/* slots_mend.c - making slots and records agree again, a slice at a time. */
#include "store/slots_mend.h"

#include <string.h>

#include "store/damage.h"
#include "store/guard.h"
#include "store/lmdb.h"
#include "store/room.h"
#include "store/slots.h"
#include "sys/clock.h"
#include "sys/crash.h"

enum {
	LOOK = 4096,     /* records of one slice: well under a millisecond */
	COLLECT = 16384, /* slots */
	ASK_CLOCK = 256  /* records between looks at the clock */
};

static enum lrd_mend_phase phase_of(const struct lrd_mount *mount)
{
	return atomic_load_explicit(&mount->table->phase, memory_order_relaxed);
}

static void set_phase(struct lrd_mount *mount, enum lrd_mend_phase phase)
{
	mount->table->position = 0;
	atomic_store(&mount->table->phase, phase);
}

bool lrd_slots_are_mending(const struct lrd_mount *mount)
{
	return phase_of(mount) != LRD_MEND_NONE || lrd_slots_are_broken(mount);
}

bool lrd_slots_need_mending(const struct lrd_mount *mount)
{
	const struct lrd_slot_list *lists = mount->table->lists;

	return lrd_slots_are_mending(mount) || lists[LRD_LIST_FRESH].head != 0 ||
	       lists[LRD_LIST_DOOMED].head != 0;
}

void lrd_slots_compare(struct lrd_mount *mount, uint64_t entries)
{
	/* The other way round does no harm: the hands meet slots of no entry and free them. */
	if (phase_of(mount) == LRD_MEND_NONE && entries > lrd_slots_used(mount))
		set_phase(mount, LRD_MEND_FIND);
}

void lrd_slots_miss(struct lrd_mount *mount)
{
	if (phase_of(mount) == LRD_MEND_NONE)
		set_phase(mount, LRD_MEND_FIND);
}

/* Forgets all lists; slots keep their counts and which queue they were in. */
static void start_over(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;
	uint32_t ready = atomic_load(&table->ready);

	if (ready > mount->slot_count) {
		ready = 0;
		atomic_store(&table->ready, 0);
	}
	if (table->high > ready)
		table->high = ready;
	memset(table->lists, 0, sizeof(table->lists));
	table->round++;
	if (table->share < 1u << 27)
		table->share = 1u << 28;
	/* Whatever was known of times is not relied upon. */
	table->sweep_at = 0;
	table->round_soonest = UINT32_MAX;
	table->round_epoch = atomic_load(&mount->shared->epoch);
	atomic_store(&table->soonest, 0);
	set_phase(mount, LRD_MEND_CLAIM);
	LRD_CRASH_POINT("store.mend.started");
	atomic_store(&table->busy, 0);
}

/* What the record under `hash` says, if there is a sound one. An LMDB code. */
static int look_up(struct lrd_mount *mount, MDB_txn *txn, uint64_t hash,
		   struct lrd_record *record, struct lrd_record_links *links, bool *found)
{
	MDB_val v;
	int mdb_rc = lrd_guard_get(mount, txn, mount->entries, hash, &v);

	*found = mdb_rc == 0 &&
		 lrd_record_decode(v.mv_data, v.mv_size, hash, record, links) == 0;
	return mdb_rc == MDB_NOTFOUND ? 0 : mdb_rc;
}

/* The slots of a dead writer's transaction: committed or not, the records tell. */
static int settle_dead(struct lrd_mount *mount, MDB_txn *txn, enum lrd_slot_list_id list)
{
	for (size_t i = 0; i < LOOK; i++) {
		uint32_t slot = lrd_slots_first(mount, list);
		struct lrd_record record;
		struct lrd_record_links links;
		enum lrd_slot_list_id to = LRD_LIST_FREE;
		bool found;
		int mdb_rc;

		if (slot == 0)
			return 0;
		mdb_rc = look_up(mount, txn, mount->slots[slot - 1].hash, &record, &links,
				 &found);
		if (mdb_rc != 0)
			return mdb_rc;
		if (found && record.slot == slot)
			to = lrd_slots_home(&mount->slots[slot - 1]);
		lrd_slots_move(mount, slot, to);
		LRD_CRASH_POINT("store.mend.after_one");
	}
	return 0;
}

/* Stores the record again, with the slot that it has now. An LMDB code. */
static int rename_slot(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t hash, const struct lrd_record *record,
		       const struct lrd_record_links *links)
{
	unsigned char value[LRD_VALUE_MAX];
	MDB_val v = { lrd_record_size(record, links), value };

	lrd_record_encode(record, links, value);
	return lrd_guard_cursor_put(mount, cursor, hash, &v, MDB_CURRENT);
}

/* Sees to it that this record has a slot of its own. `full`: there is none to give. */
static int mend_record(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t hash,
		       const MDB_val *value, uint64_t *found, bool *full)
{
	struct lrd_record record;
	struct lrd_record_links links;
	struct lrd_slot_facts facts;

	if (lrd_record_decode(value->mv_data, value->mv_size, hash, &record, &links) < 0) {
		lrd_damage_report(mount, hash, value);
		return 0;
	}
	if (lrd_slots_is_of(mount, record.slot, hash))
		return 0;
	facts = lrd_slots_facts(&record, &links, value->mv_size);
	if (lrd_slots_claim(mount, &facts, record.slot)) {
		(*found)++;
		return 0;
	}
	/* A new checksum must not bless old damage. */
	if (!record.body_id &&
	    lrd_record_body_sum(record.inline_body.ptr, record.inline_body.len, hash) !=
		    record.body_sum) {
		lrd_damage_report(mount, hash, value);
		return 0;
	}
	record.slot = lrd_slots_place(mount, &facts, 0);
	if (record.slot == 0) {
		*full = true;
		return 0;
	}
	(*found)++;
	return rename_slot(mount, cursor, hash, &record, &links);
}

/* Goes through the records from where the last slice stopped. */
static int look_on(struct lrd_mount *mount, MDB_txn *txn, uint64_t deadline_ns,
		   uint64_t *found)
{
	struct lrd_slot_table *table = mount->table;
	uint64_t hash = table->position;
	MDB_val k = { sizeof(hash), &hash };
	MDB_val v;
	MDB_cursor *cursor = NULL;
	bool full = false;
	uint64_t renamed;
	int mdb_rc = lrd_guard_cursor_open(mount, txn, mount->entries, &cursor);

	if (mdb_rc != 0)
		return mdb_rc;
	mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_SET_RANGE);
	for (size_t i = 0; mdb_rc == 0 && i < LOOK; i++) {
		if (!lrd_lmdb_key(&k, &hash)) {
			mdb_rc = MDB_CORRUPTED;
			break;
		}
		renamed = mount->table->lists[LRD_LIST_FRESH].count;
		if (full || lrd_slots_are_broken(mount) || renamed >= LRD_ROOM_SLICE / 2 ||
		    (i % ASK_CLOCK == 0 && i > 0 && lrd_clock_mono_ns() >= deadline_ns))
			break;
		mdb_rc = mend_record(mount, cursor, hash, &v, found, &full);
		LRD_CRASH_POINT("store.mend.after_record");
		/* Those that follow wait until somebody has been evicted. */
		if (mdb_rc == 0 && !full)
			mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_NEXT);
	}
	lrd_guard_cursor_close(mount, cursor);
	if (mdb_rc == 0) {
		if (!lrd_lmdb_key(&k, &hash))
			return MDB_CORRUPTED;
		table->position = hash;
		return 0;
	}
	if (mdb_rc != MDB_NOTFOUND)
		return mdb_rc;
	set_phase(mount, phase_of(mount) == LRD_MEND_CLAIM ? LRD_MEND_COLLECT
							   : LRD_MEND_NONE);
	return 0;
}

static void collect(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;

	for (size_t i = 0; i < COLLECT; i++) {
		if (table->position >= table->high) {
			set_phase(mount, LRD_MEND_NONE);
			return;
		}
		lrd_slots_collect(mount, (uint32_t)++table->position);
	}
}

int lrd_slots_mend_in(struct lrd_mount *mount, MDB_txn *txn, uint64_t *found)
{
	uint64_t deadline = lrd_clock_mono_ns() + LRD_ROOM_SLICE_NS / 2;

	*found = 0;
	switch (phase_of(mount)) {
	case LRD_MEND_NONE:
		return 0;
	case LRD_MEND_FIND:
	case LRD_MEND_CLAIM:
		return look_on(mount, txn, deadline, found);
	case LRD_MEND_COLLECT:
		collect(mount);
		return 0;
	default:
		lrd_slots_break(mount);
		return 0;
	}
}

int lrd_slots_mend(struct lrd_mount *mount)
{
	MDB_txn *txn = NULL;
	uint64_t found = 0;
	bool renamed;
	int mdb_rc;

	if (lrd_slots_are_broken(mount))
		start_over(mount);
	mdb_rc = lrd_guard_begin(mount, &txn);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	mdb_rc = settle_dead(mount, txn, LRD_LIST_FRESH);
	if (mdb_rc == 0)
		mdb_rc = settle_dead(mount, txn, LRD_LIST_DOOMED);
	if (mdb_rc == 0)
		mdb_rc = lrd_slots_mend_in(mount, txn, &found);
	renamed = mount->table->lists[LRD_LIST_FRESH].head != 0;
	if (mdb_rc == 0 && renamed) {
		mdb_rc = lrd_guard_commit(mount, txn);
		lrd_slots_settle(mount, mdb_rc == 0);
	} else {
		lrd_guard_abort(mount, txn);
		lrd_slots_settle(mount, false);
	}
	/* No room to rename: what was not done is found missing again. */
	if (mdb_rc == MDB_MAP_FULL)
		return 0;
	return mdb_rc == 0 ? 0 : lrd_lmdb_failed(mount, mdb_rc);
}
