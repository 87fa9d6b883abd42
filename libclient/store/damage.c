/* SPDX-License-Identifier: MIT */
/* damage.c - entries whose bytes failed a check: reported by readers, removed by writers. */
#include "store/damage.h"

#include "proto/bytes/le.h"
#include "store/check.h"
#include "store/counters.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/lmdb.h"
#include "sys/clock.h"

/* What a damaged value begins with: any rewrite of the entry changes it. */
static uint64_t token_of(const MDB_val *value)
{
	return value->mv_size >= 8 ? lrd_le_get64(value->mv_data) : value->mv_size;
}

void lrd_damage_report(struct lrd_mount *mount, uint64_t hash, const MDB_val *value)
{
	struct lrd_control_shared *shared = mount->shared;
	uint64_t token = token_of(value);

	/* Seen by many readers, counted once. */
	for (size_t i = 0; i < LRD_DAMAGED; i++) {
		if (atomic_load(&shared->damaged[i].hash) == hash &&
		    atomic_load(&shared->damaged[i].token) == token)
			return;
	}
	lrd_counters_add(mount, LRD_COUNT_DAMAGED, 1);
	atomic_store(&shared->damaged_at, lrd_clock_now_s());
	lrd_event_put(mount, LRD_EVENT_DAMAGED, hash, (larder_slice){ NULL, 0 }, token);
	for (size_t i = 0; i < LRD_DAMAGED; i++) {
		uint64_t expected = 0;

		/* 1 keeps the place while the token is written; no hash is 0 or 1. */
		if (!atomic_compare_exchange_strong(&shared->damaged[i].hash, &expected, 1))
			continue;
		atomic_store(&shared->damaged[i].token, token);
		atomic_store(&shared->damaged[i].hash, hash);
		atomic_fetch_add(&shared->damaged_count, 1);
		return;
	}
	/* The queue is full: the next reader reports it again. */
}

/* Removes one entry if it is still the one that was reported. */
static int remove_one(struct lrd_mount *mount, MDB_txn *txn, uint64_t hash, uint64_t token)
{
	struct lrd_record record;
	struct lrd_record_links links;
	MDB_val v;
	int mdb_rc = lrd_guard_get(mount, txn, mount->entries, hash, &v);

	if (mdb_rc == MDB_NOTFOUND)
		return 0;
	if (mdb_rc != 0)
		return mdb_rc;
	if (token_of(&v) != token)
		return 0;
	/* A sound record with damaged rows names them; a damaged one cannot be believed, and
	 * rows that it may have had are looked for by upkeep. */
	if (lrd_record_decode(v.mv_data, v.mv_size, hash, &record, &links) == 0)
		return lrd_entry_remove(mount, txn, &record, &links);
	lrd_orphans_expect(mount);
	return lrd_guard_del(mount, txn, mount->entries, hash);
}

int lrd_damage_remove(struct lrd_mount *mount)
{
	struct lrd_control_shared *shared = mount->shared;
	uint64_t taken[LRD_DAMAGED] = { 0 };
	MDB_txn *txn = NULL;
	int mdb_rc;

	/* Reports that arrive from now on count again. */
	atomic_store(&shared->damaged_count, 0);
	mdb_rc = lrd_guard_begin(mount, &txn);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	for (size_t i = 0; i < LRD_DAMAGED && mdb_rc == 0; i++) {
		taken[i] = atomic_load(&shared->damaged[i].hash);
		if (taken[i] > 1)
			mdb_rc = remove_one(mount, txn, taken[i],
					    atomic_load(&shared->damaged[i].token));
	}
	if (mdb_rc != 0)
		lrd_guard_abort(mount, txn);
	else
		mdb_rc = lrd_guard_commit(mount, txn);
	/* Also after a failure: a report that cannot be acted upon is made again. */
	for (size_t i = 0; i < LRD_DAMAGED; i++)
		(void)atomic_compare_exchange_strong(&shared->damaged[i].hash, &taken[i],
						     0);
	return mdb_rc == 0 ? 0 : lrd_lmdb_failed(mount, mdb_rc);
}
