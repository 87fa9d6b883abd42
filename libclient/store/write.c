/* SPDX-License-Identifier: MIT */
/* write.c - write transactions: the gate, room, one transaction, the end. */
#include "store/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/damage.h"
#include "store/env.h"
#include "store/gate.h"
#include "store/lmdb.h"
#include "store/room.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "sys/crash.h"

/* The stamp of a clean close no longer holds, and that must be on disk before any change. */
static void mark_unclean(struct lrd_mount *mount)
{
	struct lrd_control_shared *shared = mount->shared;

	if (atomic_load_explicit(&shared->clean, memory_order_relaxed) == 0)
		return;
	atomic_store(&shared->clean, 0);
	(void)msync(mount->control, 2 * LRD_PAGE, MS_SYNC);
}

static int begin_txn(struct lrd_write *write)
{
	int mdb_rc = lrd_guard_begin(write->mount, &write->place.txn);

	write->place.writes = true;
	write->pages = 0;
	return mdb_rc;
}

/* Ends the transaction without the gate's knowing. */
static void drop_txn(struct lrd_write *write)
{
	if (write->place.txn) {
		lrd_guard_abort(write->mount, write->place.txn);
		lrd_slots_settle(write->mount, false);
	}
	/* The row cursor went with the transaction. */
	write->place.txn = NULL;
	write->place.rows = NULL;
	lrd_scratch_free(write->place.scratch);
	write->place.scratch = NULL;
}

/* Opens the first transaction, with room for `pages` and a batch. The gate is held. */
static int begin_with_room(struct lrd_write *write, uint64_t pages)
{
	struct lrd_mount *mount = write->mount;
	uint64_t headroom = lrd_room_headroom(mount);
	uint64_t live = 0;
	MDB_stat stat;
	int mdb_rc;
	int rc;

	if (pages < headroom)
		pages = headroom;
	mark_unclean(mount);
	lrd_room_reserve(mount, pages);
	if (atomic_load_explicit(&mount->shared->damaged_count, memory_order_relaxed) > 0) {
		rc = lrd_damage_remove(mount);
		if (rc < 0)
			return rc;
	}
	if (lrd_slots_need_mending(mount)) {
		rc = lrd_slots_mend(mount);
		if (rc < 0)
			return rc;
	}
	mdb_rc = begin_txn(write);
	if (mdb_rc == 0)
		mdb_rc = lrd_room_live(mount, write->place.txn, &live);
	if (mdb_rc == 0)
		mdb_rc = mdb_stat(write->place.txn, mount->entries, &stat);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	lrd_slots_compare(mount, stat.ms_entries);
	if (live + pages <= lrd_room_limit(mount) &&
	    lrd_slots_spare(mount, LRD_ROOM_SLOTS) >= LRD_ROOM_SLOTS)
		return 0;
	drop_txn(write);
	rc = lrd_room_make(mount, pages);
	/* Everything that could go is held by readers: a put may still fit. */
	if (rc < 0 && rc != LARDER_EFULL)
		return rc;
	mdb_rc = begin_txn(write);
	return mdb_rc == 0 ? 0 : lrd_lmdb_failed(mount, mdb_rc);
}

/* Takes the gate of the mount that is current once the gate is ours. */
static int take_gate(struct lrd_store *store, struct lrd_mount **out)
{
	for (;;) {
		struct lrd_mount *mount;
		int rc = lrd_env_enter(store->env, &mount);

		if (rc < 0)
			return rc;
		rc = lrd_gate_take(mount, store->gate_timeout_ns);
		if (rc == 0 && lrd_mount_is_current(mount)) {
			*out = mount;
			return 0;
		}
		/* Rebuilt while we waited: those files are nobody's any more. */
		if (rc == 0)
			lrd_gate_drop(mount);
		lrd_mount_leave(mount);
		if (rc < 0)
			return rc;
	}
}

int lrd_write_begin_sized(struct lrd_store *store, uint64_t pages, struct lrd_write **out)
{
	struct lrd_write *write;
	int rc = lrd_env_check_identity(store->env);

	if (rc < 0)
		return rc;
	/* A place is aligned to cache lines, and so is what contains it. */
	write = aligned_alloc(_Alignof(struct lrd_write), sizeof(*write));
	if (!write)
		return LARDER_ENOMEM;
	memset(write, 0, sizeof(*write));
	write->store = store;
	rc = take_gate(store, &write->mount);
	if (rc < 0) {
		free(write);
		return rc;
	}
	rc = begin_with_room(write, pages);
	if (rc < 0) {
		lrd_write_abort(write);
		return rc;
	}
	*out = write;
	return 0;
}

int lrd_write_begin(struct lrd_store *store, struct lrd_write **out)
{
	return lrd_write_begin_sized(store, 0, out);
}

int lrd_write_fail(struct lrd_write *write, int mdb_rc)
{
	if (mdb_rc == ENOSPC || mdb_rc == EDQUOT)
		lrd_room_disk_full(write->mount);
	if (mdb_rc == MDB_MAP_FULL)
		(void)lrd_room_unpin(write->mount);
	write->failed = lrd_lmdb_failed(write->mount, mdb_rc);
	return write->failed;
}

int lrd_write_need(struct lrd_write *write, uint64_t pages)
{
	struct lrd_mount *mount = write->mount;
	uint64_t limit = lrd_room_limit(mount);
	uint64_t live = 0;
	int mdb_rc = lrd_room_live(mount, write->place.txn, &live);
	int rc;

	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	if (live + pages <= limit)
		return 0;
	/* What others wrote in this transaction must not be lost to make room. */
	if (pages > limit || write->pages > 0)
		return LARDER_EFULL;
	drop_txn(write);
	lrd_room_reserve(mount, pages);
	rc = lrd_room_make(mount, pages);
	mdb_rc = begin_txn(write);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	return rc;
}

int lrd_write_restart(struct lrd_write *write, uint64_t pages)
{
	struct lrd_mount *mount = write->mount;
	int mdb_rc;
	int rc;

	if (write->pages > 0)
		return LARDER_EFULL;
	drop_txn(write);
	(void)lrd_room_unpin(mount);
	rc = lrd_room_make(mount, pages + lrd_room_headroom(mount));
	mdb_rc = begin_txn(write);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	return rc;
}

int lrd_write_evict(struct lrd_write *write, uint64_t pages, bool *more)
{
	bool enough = false;
	int mdb_rc;
	int rc;

	drop_txn(write);
	rc = lrd_room_make_some(write->mount, pages, &enough);
	mdb_rc = begin_txn(write);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	*more = rc == 0 && !enough;
	/* What is left may be held: then there is no more to be done. */
	return rc == LARDER_EFULL ? 0 : rc;
}

size_t lrd_write_pages(const struct lrd_write *write)
{
	return write->pages;
}

/* In a child of the process that began it the transaction and the gate are not ours. */
static bool is_inherited(const struct lrd_write *write)
{
	return write->mount->fork_generation != lrd_fork_generation();
}

static void end(struct lrd_write *write)
{
	lrd_gate_drop(write->mount);
	lrd_mount_leave(write->mount);
	free(write);
}

int lrd_write_commit(struct lrd_write *write)
{
	int rc = write->failed;
	int mdb_rc;

	if (is_inherited(write)) {
		free(write);
		return LARDER_ECONFLICT;
	}
	if (rc < 0) {
		lrd_write_abort(write);
		return rc;
	}
	LRD_CRASH_POINT("store.write.before_commit");
	mdb_rc = lrd_guard_commit(write->mount, write->place.txn);
	LRD_CRASH_POINT("store.write.after_commit");
	write->place.txn = NULL;
	lrd_slots_settle(write->mount, mdb_rc == 0);
	if (mdb_rc != 0)
		rc = lrd_write_fail(write, mdb_rc);
	drop_txn(write);
	end(write);
	return rc;
}

void lrd_write_abort(struct lrd_write *write)
{
	if (!write)
		return;
	if (is_inherited(write)) {
		free(write);
		return;
	}
	drop_txn(write);
	end(write);
}
