/* SPDX-License-Identifier: MIT */
/*
 * upkeep.c - one bounded slice of everything that keeps a store in shape: dead readers and
 * processes, rows to free, entries whose time is over, the budget; and flushing.
 */
#include <stdlib.h>

#include "store/counters.h"
#include "store/entry.h"
#include "store/env.h"
#include "store/event.h"
#include "store/garbage.h"
#include "store/lmdb.h"
#include "store/process.h"
#include "store/read.h"
#include "store/room.h"
#include "store/write.h"
#include "sys/clock.h"
#include "sys/crash.h"

enum {
	SWEEP_LOOK = 4096,  /* entries looked at in one slice: 0.2 to 0.4 ms */
	SWEEP_REMOVE = 128, /* and removed: two pages each at most */
	DEAD_EVERY_MS = 1000
};

int lrd_store_flush(struct lrd_store *store, uint8_t kind)
{
	struct lrd_mount *mount;
	_Atomic uint32_t *live;
	uint32_t epoch;
	uint32_t seen;
	int rc = lrd_env_mount(store->env, &mount);

	if (rc < 0)
		return rc;
	/* Entries stored from now on get this epoch; the kind's older ones are dead. */
	epoch = atomic_fetch_add(&mount->shared->epoch, 1) + 1;
	live = &mount->shared->live_epoch[kind];
	seen = atomic_load(live);
	while (seen < epoch && !atomic_compare_exchange_weak(live, &seen, epoch))
		;
	lrd_event_put(mount, LRD_EVENT_PURGED, 0, (larder_slice){ NULL, 0 }, kind);
	return 0;
}

/* Clears what killed readers and processes left, at most once a second for all processes. */
static void clear_dead(struct lrd_mount *mount, struct lrd_upkeep *done)
{
	_Atomic uint64_t *last = &mount->shared->upkeep_ns;
	uint64_t now = lrd_clock_mono_ns();
	uint64_t seen = atomic_load(last);
	int readers = 0;

	if (seen != 0 && now - seen < UINT64_C(1000000) * DEAD_EVERY_MS)
		return;
	if (!atomic_compare_exchange_strong(last, &seen, now))
		return;
	if (mdb_reader_check(mount->env, &readers) == 0 && readers > 0)
		done->readers += (uint32_t)readers;
	done->processes += lrd_process_reap(mount);
}

/* Looks for entries whose time is over, from where the last slice stopped. */
static int find_expired(struct lrd_store *store, int64_t now,
			uint64_t hashes[SWEEP_REMOVE], size_t *count, bool *more)
{
	struct lrd_tree_cursor cursor;
	struct lrd_read read;
	MDB_val v;
	uint64_t hash = 0;
	uint64_t from;
	int rc = lrd_read_begin(store, &read);

	*count = 0;
	*more = false;
	if (rc < 0)
		return rc;
	from = atomic_load(&read.mount->shared->sweep_position);
	rc = lrd_tree_seek(&cursor, &read.at->snapshot, LRD_TREE_ENTRIES, from, &hash, &v);
	for (size_t looked = 0; rc == 0; looked++) {
		struct lrd_record record;
		struct lrd_record_links links;

		if (looked == SWEEP_LOOK || *count == SWEEP_REMOVE) {
			*more = *count > 0;
			from = hash;
			break;
		}
		if (lrd_record_decode(v.mv_data, v.mv_size, hash, &record, &links) == 0 &&
		    !lrd_lookup_is_live(read.mount, &record, links.epoch, now))
			hashes[(*count)++] = hash;
		rc = lrd_tree_next(&cursor, &hash, &v);
	}
	if (rc == LARDER_ENOTFOUND) {
		from = 0;
		rc = 0;
	}
	if (rc == 0)
		atomic_store(&read.mount->shared->sweep_position, from);
	else if (rc == LARDER_ECORRUPT)
		rc = lrd_lmdb_damaged(read.mount);
	lrd_read_end(&read);
	return rc;
}

/* Removes those that are still over: they may have been replaced meanwhile. */
static int remove_expired(struct lrd_write *write, const uint64_t *hashes, size_t count,
			  int64_t now, struct lrd_upkeep *done)
{
	struct lrd_lookup lookup = { write->mount, &write->place };

	for (size_t i = 0; i < count; i++) {
		struct lrd_record record;
		struct lrd_record_links links;
		int mdb_rc;
		int rc = lrd_lookup_hash(&lookup, hashes[i], &record, &links, NULL);

		if (rc == LARDER_ENOTFOUND || rc == LARDER_ECORRUPT ||
		    (rc == 0 &&
		     lrd_lookup_is_live(write->mount, &record, links.epoch, now)))
			continue;
		if (rc < 0)
			return rc;
		lrd_event_put(write->mount, LRD_EVENT_EXPIRED, hashes[i], record.name,
			      record.body_len);
		mdb_rc = lrd_entry_remove(write->mount, write->place.txn, &record, &links);
		if (mdb_rc != 0)
			return lrd_write_fail(write, mdb_rc);
		done->expired++;
	}
	return 0;
}

/* Frees one slice of rows, in a transaction of its own. */
static int free_rows(struct lrd_write *write, struct lrd_upkeep *done)
{
	uint64_t deadline = lrd_clock_mono_ns() + LRD_ROOM_SLICE_NS;
	size_t freed = 0;
	bool more = false;
	int mdb_rc = lrd_garbage_free(write->mount, write->place.txn, LRD_ROOM_SLICE,
				      deadline, &freed, &more);

	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	done->rows += freed;
	if (more)
		done->more = true;
	return 0;
}

static bool has_garbage(struct lrd_store *store)
{
	struct lrd_read read;
	bool any;

	if (lrd_read_begin(store, &read) < 0)
		return false;
	any = read.at->snapshot.trees[LRD_TREE_GARBAGE].entries > 0;
	lrd_read_end(&read);
	return any;
}

static uint64_t counted(const struct lrd_mount *mount, enum lrd_counter counter)
{
	return atomic_load_explicit(&mount->counts[mount->place].value[counter],
				    memory_order_relaxed);
}

int lrd_store_upkeep(struct lrd_store *store, int64_t now, struct lrd_upkeep *done)
{
	struct lrd_upkeep result = { 0 };
	uint64_t hashes[SWEEP_REMOVE];
	struct lrd_write *write = NULL;
	struct lrd_mount *mount;
	uint64_t evicted;
	size_t count;
	int rc = lrd_env_check_identity(store->env);

	if (rc == 0)
		rc = lrd_env_enter(store->env, &mount);
	if (rc < 0)
		return rc;
	clear_dead(mount, &result);
	evicted = counted(mount, LRD_COUNT_EVICTED);
	lrd_mount_leave(mount);
	rc = find_expired(store, now, hashes, &count, &result.more);
	/* A store that needs no change is not written to. */
	if (rc == 0 && count > 0) {
		/* Beginning also removes reported damage and whatever is over the budget. */
		rc = lrd_write_begin(store, &write);
		if (rc == 0)
			rc = remove_expired(write, hashes, count, now, &result);
	} else if (rc == 0 && has_garbage(store)) {
		rc = lrd_write_begin(store, &write);
		if (rc == 0)
			rc = free_rows(write, &result);
	}
	if (write) {
		mount = write->mount;
		result.evicted = counted(mount, LRD_COUNT_EVICTED) - evicted;
		if (rc == 0)
			rc = lrd_write_commit(write);
		else
			lrd_write_abort(write);
	}
	LRD_CRASH_POINT("store.upkeep.end");
	if (rc < 0)
		return rc;
	if (result.expired > 0) {
		lrd_store_count(store, LRD_COUNT_EXPIRED, result.expired);
		result.more = true; /* their rows are next */
	}
	*done = result;
	return 0;
}
