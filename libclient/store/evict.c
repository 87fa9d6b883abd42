/* SPDX-License-Identifier: MIT */
/* evict.c - choosing entries to remove: what is over first, then what is used least. */
#include "store/evict.h"

#include <stdlib.h>

#include "store/damage.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/lmdb.h"
#include "store/lookup.h"
#include "store/record.h"
#include "store/room.h"
#include "store/rows.h"
#include "sys/clock.h"
#include "sys/crash.h"
#include "sys/random.h"

enum { WINDOW = 32 };

/* An entry as eviction sees it: no texts, no body. */
struct candidate {
	uint64_t hash;
	uint64_t body_id, body_len;
	uint64_t text_id, text_len;
	int64_t stored_at;
	uint32_t rank; /* 0: over; 1: stale; from 2 on by use */
	uint32_t slot;
	uint64_t bytes; /* what removing it frees, sooner or later */
	bool damaged;
};

static _Atomic uint8_t *uses_of(struct lrd_mount *mount, uint32_t slot)
{
	return slot > 0 && slot <= mount->slot_count ? &mount->slots[slot - 1].uses : NULL;
}

static void weigh(struct lrd_mount *mount, uint64_t hash, const MDB_val *value,
		  int64_t now, struct candidate *out)
{
	struct lrd_record record;
	struct lrd_record_links links;
	_Atomic uint8_t *uses;

	*out = (struct candidate){ .hash = hash, .bytes = value->mv_size };
	if (lrd_record_decode(value->mv_data, value->mv_size, hash, &record, &links) < 0) {
		/* What it names cannot be believed; the check finds rows left over. */
		lrd_damage_report(mount, hash, value);
		out->damaged = true;
		return;
	}
	out->body_id = record.body_id;
	out->body_len = record.body_len;
	out->text_id = links.text_id;
	out->text_len = links.text_len;
	out->stored_at = record.stored_at;
	out->slot = record.slot;
	if (record.body_id)
		out->bytes += lrd_rows_count(record.body_len) * LRD_PAGE;
	if (links.text_id)
		out->bytes += lrd_rows_count(links.text_len) * LRD_PAGE;
	uses = uses_of(mount, record.slot);
	if (!lrd_lookup_is_live(mount, &record, links.epoch, now))
		out->rank = 0;
	else if (record.expires_at != 0 && record.expires_at <= now)
		out->rank = 1;
	else
		out->rank =
			2 + (uses ? atomic_load_explicit(uses, memory_order_relaxed) : 0);
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a;
	const struct candidate *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->stored_at < y->stored_at ? -1 : x->stored_at > y->stored_at;
}

/* Reads up to WINDOW entries from a random place on; wraps round at the end once. */
static int read_window(struct lrd_mount *mount, MDB_txn *txn, int64_t now,
		       struct candidate window[WINDOW], size_t *count)
{
	uint64_t from = lrd_random_u64();
	MDB_val k = { sizeof(from), &from };
	MDB_val v;
	MDB_cursor *cursor = NULL;
	int mdb_rc = mdb_cursor_open(txn, mount->entries, &cursor);

	*count = 0;
	if (mdb_rc != 0)
		return mdb_rc;
	mdb_rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (mdb_rc == MDB_NOTFOUND)
		mdb_rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
	while (mdb_rc == 0 && *count < WINDOW) {
		uint64_t hash;

		if (!lrd_lmdb_key(&k, &hash)) {
			mdb_rc = MDB_CORRUPTED;
			break;
		}
		weigh(mount, hash, &v, now, &window[(*count)++]);
		mdb_rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return mdb_rc == MDB_NOTFOUND ? 0 : mdb_rc;
}

static int remove_candidate(struct lrd_mount *mount, MDB_txn *txn,
			    const struct candidate *c)
{
	MDB_val k = { sizeof(c->hash), NULL };
	uint64_t hash = c->hash;
	int mdb_rc;

	k.mv_data = &hash;
	mdb_rc = mdb_del(txn, mount->entries, &k, NULL);
	if (mdb_rc == 0)
		mdb_rc = lrd_entry_discard(mount, txn, c->body_id, c->body_len,
					   c->text_id, c->text_len);
	lrd_event_put(mount, c->rank == 0 ? LRD_EVENT_EXPIRED : LRD_EVENT_EVICTED,
		      c->hash, (larder_slice){ NULL, 0 }, c->bytes);
	LRD_CRASH_POINT("store.evict.after_one");
	return mdb_rc;
}

int lrd_evict_some(struct lrd_mount *mount, MDB_txn *txn, uint64_t pages,
		   uint64_t deadline_ns, struct lrd_evicted *done)
{
	struct candidate window[WINDOW];
	uint64_t wanted = pages * LRD_PAGE;
	uint64_t bytes = 0;
	size_t touched = 0;
	int64_t now = lrd_clock_now_s();

	while (bytes < wanted && touched < LRD_ROOM_SLICE) {
		size_t count = 0;
		int mdb_rc = read_window(mount, txn, now, window, &count);

		if (mdb_rc != 0 || count == 0)
			return mdb_rc;
		qsort(window, count, sizeof(window[0]), compare_candidates);
		for (size_t i = 0; i < count; i++) {
			_Atomic uint8_t *uses = uses_of(mount, window[i].slot);
			uint8_t seen;

			if (window[i].rank == 0 ||
			    (i < (count + 1) / 2 && bytes < wanted)) {
				mdb_rc = remove_candidate(mount, txn, &window[i]);
				if (mdb_rc != 0)
					return mdb_rc;
				bytes += window[i].bytes;
				touched += 2;
				if (window[i].rank == 0)
					done->expired++;
				else
					done->live++;
				continue;
			}
			/* A survivor has to earn its place again. */
			seen = uses ? atomic_load_explicit(uses, memory_order_relaxed) : 0;
			if (seen > 0)
				atomic_store_explicit(uses, (uint8_t)(seen - 1),
						      memory_order_relaxed);
		}
		if (lrd_clock_mono_ns() >= deadline_ns)
			break;
	}
	return 0;
}
