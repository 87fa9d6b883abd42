/* SPDX-License-Identifier: MIT */
/*
 * evict_expired.c - finding entries whose time is over without an index.
 *
 * Slots are looked through one after the other, a few bytes each, and only once the earliest
 * time that any of them has is reached, or after a flush. From an entry found so, its
 * neighbours in the table are tried too: when many are over at once whole leaves go together.
 */
#include <errno.h>

#include "store/damage.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/evict.h"
#include "store/guard.h"
#include "store/lmdb.h"
#include "store/lookup.h"
#include "store/slots.h"
#include "sys/clock.h"
#include "sys/crash.h"

enum {
	NEIGHBOURS = 64, /* removed after each that was found, at most */
	LEAF_PAGES = 2   /* touched for one found: its leaf, and garbage or a branch */
};

static uint32_t seconds(int64_t now)
{
	if (now < 0)
		return 0;
	return now < UINT32_MAX ? (uint32_t)now : UINT32_MAX - 1;
}

bool lrd_evict_is_due(const struct lrd_mount *mount, int64_t now)
{
	const struct lrd_slot_table *table = mount->table;

	return atomic_load_explicit(&table->soonest, memory_order_relaxed) <= seconds(now) ||
	       atomic_load_explicit(&table->swept_epoch, memory_order_relaxed) !=
		       atomic_load_explicit(&mount->shared->epoch, memory_order_relaxed);
}

static bool is_over(const struct lrd_mount *mount, const struct lrd_slot *s, uint32_t now)
{
	unsigned int list = s->list & 15;

	if (s->round != (uint8_t)mount->table->round ||
	    (list != LRD_LIST_PROBATION && list != LRD_LIST_MAIN))
		return false;
	if (s->expires != 0 && s->expires <= now)
		return true;
	return s->epoch < atomic_load_explicit(&mount->shared->live_epoch[0],
					       memory_order_relaxed) ||
	       s->epoch < atomic_load_explicit(&mount->shared->live_epoch[s->kind],
					       memory_order_relaxed);
}

struct remover {
	struct lrd_mount *mount;
	MDB_txn *txn;
	MDB_cursor *cursor;
	const struct lrd_sweep *sweep;
	struct lrd_evicted *done;
	uint64_t bytes;
	size_t pages;
};

/* Removes the entry that the cursor is at, if it is over. */
static int remove_here(struct remover *r, uint64_t hash, const MDB_val *value, bool *over)
{
	struct lrd_record record;
	struct lrd_record_links links;
	struct lrd_slot_facts facts;
	larder_slice name = { NULL, 0 };
	int mdb_rc;

	*over = false;
	if (lrd_record_decode(value->mv_data, value->mv_size, hash, &record, &links) < 0) {
		lrd_damage_report(r->mount, hash, value);
		return 0;
	}
	if (lrd_lookup_is_live(r->mount, &record, links.epoch, r->sweep->now))
		return 0;
	facts = lrd_slots_facts(&record, &links, value->mv_size);
	if (!links.text_id)
		name = record.name;
	lrd_event_put(r->mount, LRD_EVENT_EXPIRED, hash, name, record.body_len);
	mdb_rc = lrd_guard_cursor_del(r->mount, r->cursor, hash);
	if (mdb_rc != 0)
		return mdb_rc;
	mdb_rc = lrd_entry_discard(r->mount, r->txn, record.body_id, record.body_len,
				   links.text_id, links.text_len);
	lrd_slots_doom(r->mount, hash, record.slot);
	LRD_CRASH_POINT("store.evict.after_expired");
	r->done->expired++;
	r->bytes += facts.bytes;
	*over = true;
	return mdb_rc;
}

/* Removes the entry of a slot and those behind it that are over too. `*stale`: the slot does
 * not say what its record says. */
static int remove_run(struct remover *r, uint32_t slot, bool *stale)
{
	uint64_t hash = r->mount->slots[slot - 1].hash;
	MDB_val k = { sizeof(hash), &hash };
	MDB_val v;
	bool over = false;
	int mdb_rc = lrd_guard_cursor_get(r->mount, r->cursor, &k, &v, MDB_SET_KEY);

	*stale = mdb_rc == MDB_NOTFOUND;
	if (mdb_rc == 0)
		mdb_rc = remove_here(r, hash, &v, &over);
	if (!over)
		*stale = true;
	for (size_t i = 0; mdb_rc == 0 && over && i < NEIGHBOURS; i++) {
		/* The one that moved up to where the removed one was. */
		mdb_rc = lrd_guard_cursor_get(r->mount, r->cursor, &k, &v, MDB_GET_CURRENT);
		if (mdb_rc == EINVAL)
			break; /* the leaf's end */
		if (mdb_rc == 0 && !lrd_lmdb_key(&k, &hash))
			mdb_rc = MDB_CORRUPTED;
		if (mdb_rc == 0)
			mdb_rc = remove_here(r, hash, &v, &over);
	}
	r->pages += LEAF_PAGES;
	return mdb_rc == MDB_NOTFOUND || mdb_rc == EINVAL ? 0 : mdb_rc;
}

/* The slot says over and the record does not: it was of a transaction that came to nothing. */
static int correct(struct lrd_mount *mount, MDB_txn *txn, uint32_t slot)
{
	uint64_t hash = mount->slots[slot - 1].hash;
	MDB_val v;
	struct lrd_record record;
	struct lrd_record_links links;
	struct lrd_slot_facts facts;
	int mdb_rc = lrd_guard_get(mount, txn, mount->entries, hash, &v);

	if (mdb_rc != 0 && mdb_rc != MDB_NOTFOUND)
		return mdb_rc;
	if (mdb_rc == MDB_NOTFOUND ||
	    lrd_record_decode(v.mv_data, v.mv_size, hash, &record, &links) < 0 ||
	    record.slot != slot) {
		lrd_slots_move(mount, slot, LRD_LIST_DOOMED);
		return 0;
	}
	facts = lrd_slots_facts(&record, &links, v.mv_size);
	(void)lrd_slots_place(mount, &facts, slot);
	return 0;
}

/* Every slot has been passed. */
static void end_round(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;

	atomic_store(&table->soonest, table->round_soonest);
	atomic_store(&table->swept_epoch, table->round_epoch);
	table->sweep_at = 0;
	table->round_soonest = UINT32_MAX;
	table->round_epoch = atomic_load(&mount->shared->epoch);
}

static bool is_enough(const struct remover *r)
{
	return r->bytes >= r->sweep->wanted_bytes || r->pages >= r->sweep->pages;
}

int lrd_evict_expired(struct lrd_mount *mount, MDB_txn *txn, const struct lrd_sweep *sweep,
		      struct lrd_evicted *done, uint64_t *bytes)
{
	struct lrd_slot_table *table = mount->table;
	struct remover r = { mount, txn, NULL, sweep, done, 0, 0 };
	uint32_t now = seconds(sweep->now);
	int mdb_rc = 0;

	for (uint32_t i = 0; mdb_rc == 0 && i < sweep->looks && !is_enough(&r); i++) {
		const struct lrd_slot *s;
		bool stale = false;

		if (table->sweep_at >= table->high ||
		    table->sweep_at >= mount->slot_count || table->sweep_at >= atomic_load_explicit(&table->ready,
							    memory_order_relaxed)) {
			end_round(mount);
			break;
		}
		s = &mount->slots[table->sweep_at];
		if (is_over(mount, s, now)) {
			if (lrd_clock_mono_ns() >= sweep->deadline_ns)
				break;
			if (!r.cursor)
				mdb_rc = lrd_guard_cursor_open(mount, txn, mount->entries, &r.cursor);
			if (mdb_rc == 0)
				mdb_rc = remove_run(&r, table->sweep_at + 1, &stale);
			if (mdb_rc == 0 && stale)
				mdb_rc = correct(mount, txn, table->sweep_at + 1);
		} else if (s->expires != 0 && s->expires < table->round_soonest &&
			   (s->list & 15) >= LRD_LIST_FRESH) {
			table->round_soonest = s->expires;
		}
		table->sweep_at++;
	}
	lrd_guard_cursor_close(mount, r.cursor);
	*bytes += r.bytes;
	return mdb_rc;
}
