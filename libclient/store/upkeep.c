/* SPDX-License-Identifier: MIT */
/*
 * upkeep.c - one bounded slice of everything that keeps a store in shape: dead readers and
 * processes, rows to free, entries whose time is over, the budget; and flushing.
 */
#include <stdlib.h>

#include "store/check.h"
#include "store/counters.h"
#include "store/env.h"
#include "store/event.h"
#include "store/evict.h"
#include "store/garbage.h"
#include "store/lmdb.h"
#include "store/process.h"
#include "store/read.h"
#include "store/room.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "store/write.h"
#include "sys/clock.h"
#include "sys/crash.h"

enum {
	SWEEP_LOOK = 65536, /* slots looked at in one slice: 2 MiB, 0.1 to 0.2 ms */
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

/* Removes entries whose time is over, a slice. */
static int remove_expired(struct lrd_write *write, int64_t now, struct lrd_upkeep *done)
{
	const struct lrd_sweep sweep = {
		.now = now,
		/* The rest of the slice's time is for the commit. */
		.deadline_ns = lrd_clock_mono_ns() + LRD_ROOM_SLICE_NS / 2,
		.wanted_bytes = UINT64_MAX,
		.looks = SWEEP_LOOK,
		.pages = LRD_ROOM_SLICE,
	};
	struct lrd_evicted removed = { 0 };
	uint64_t bytes = 0;
	int mdb_rc = lrd_evict_expired(write->mount, write->place.txn, &sweep, &removed,
				       &bytes);

	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	done->expired += removed.expired;
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

/* What there is to do, without writing anything. */
struct chores {
	bool mend;    /* slots and records disagree */
	bool expired; /* entries may be over */
	bool garbage;
	bool room; /* less is free than writers should find */
};

static int look_round(struct lrd_store *store, int64_t now, struct chores *out)
{
	struct lrd_mount *mount;
	struct lrd_read read;
	MDB_stat garbage = { 0 };
	uint64_t live = 0;
	uint64_t ahead;
	int mdb_rc;
	int rc = lrd_read_begin(store, &read);

	if (rc < 0)
		return rc;
	mount = read.mount;
	*out = (struct chores){ .mend = lrd_slots_are_mending(mount),
				.expired = lrd_evict_is_due(mount, now) };
	mdb_rc = mdb_stat(read.at->txn, mount->garbage, &garbage);
	if (mdb_rc == 0)
		mdb_rc = lrd_room_live(mount, read.at->txn, &live);
	if (mdb_rc != 0)
		rc = lrd_lmdb_failed(mount, mdb_rc);
	/* Begun when half of it is used up, so that not each second evicts a little. */
	ahead = lrd_room_headroom(mount) + lrd_room_ahead(mount) / 2;
	out->garbage = garbage.ms_entries > 0;
	out->room = live + ahead > lrd_room_limit(mount);
	lrd_read_end(&read);
	return rc;
}

static uint64_t counted(const struct lrd_mount *mount, enum lrd_counter counter)
{
	return atomic_load_explicit(&mount->counts[mount->place].value[counter],
				    memory_order_relaxed);
}

/* One of the chores, in a write that has just begun. */
static int do_chore(struct lrd_write *write, const struct chores *chores, int64_t now,
		    struct lrd_upkeep *done)
{
	struct lrd_mount *mount = write->mount;
	bool more = false;
	int rc;

	if (chores->expired) {
		rc = remove_expired(write, now, done);
		done->more = lrd_evict_is_due(mount, now);
		if (rc < 0 || done->expired > 0)
			return rc;
	}
	if (chores->garbage)
		return free_rows(write, done);
	if (!chores->room)
		return 0;
	rc = lrd_write_evict(write, lrd_room_headroom(mount) + lrd_room_ahead(mount), &more);
	done->more |= more;
	return rc;
}

int lrd_store_upkeep(struct lrd_store *store, int64_t now, struct lrd_upkeep *done)
{
	struct lrd_upkeep result = { 0 };
	struct chores chores = { 0 };
	struct lrd_write *write = NULL;
	struct lrd_mount *mount;
	uint64_t evicted;
	int rc = lrd_env_check_identity(store->env);

	if (rc == 0)
		rc = lrd_env_enter(store->env, &mount);
	if (rc < 0)
		return rc;
	clear_dead(mount, &result);
	evicted = counted(mount, LRD_COUNT_EVICTED);
	lrd_mount_leave(mount);
	if (lrd_orphans_expected(mount)) {
		/* Found once after damage; their rows are freed as any garbage. */
		ptrdiff_t orphans = lrd_orphans_free(store);

		if (orphans < 0)
			return (int)orphans;
	}
	rc = look_round(store, now, &chores);
	/* A store that needs no change is not written to. */
	if (rc == 0 && (chores.mend || chores.expired || chores.garbage || chores.room)) {
		/* Beginning also mends a slice of slots, and removes reported damage. */
		rc = lrd_write_begin(store, &write);
		if (rc == 0)
			rc = do_chore(write, &chores, now, &result);
	}
	if (write) {
		bool changed = result.expired > 0 || result.rows > 0;

		mount = write->mount;
		result.evicted = counted(mount, LRD_COUNT_EVICTED) - evicted;
		if (lrd_slots_are_mending(mount))
			result.more = true;
		if (rc == 0 && changed)
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
