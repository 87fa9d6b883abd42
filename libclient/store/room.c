/* SPDX-License-Identifier: MIT */
/* room.c - the budget: live pages never pass it, and a full disk is met in advance. */
#include "store/room.h"

#include "store/counters.h"
#include "store/evict.h"
#include "store/garbage.h"
#include "store/lmdb.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "sys/clock.h"
#include "sys/crash.h"
#include "sys/file.h"

#define SECOND_NS        UINT64_C(1000000000)
#define RESERVE_STEP_MIN (UINT64_C(4) << 20)
#define RESERVE_STEP_MAX (UINT64_C(64) << 20)

enum {
	SPARE_MAX = 128,  /* pages */
	SPARE_SLICES = 2, /* beyond which nobody waits for spare pages */
	SLOT_PAGES = 32,  /* to evict where not pages but slots are short */
	AHEAD_MAX = 4096  /* pages: 16 MiB */
};

int lrd_room_live(struct lrd_mount *mount, MDB_txn *txn, uint64_t *pages)
{
	const MDB_dbi tables[] = { mount->entries, mount->rows, mount->garbage };
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		MDB_stat stat;
		int mdb_rc = mdb_stat(txn, tables[i], &stat);

		if (mdb_rc != 0)
			return mdb_rc;
		sum += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	}
	*pages = sum;
	return 0;
}

uint64_t lrd_room_limit(const struct lrd_mount *mount)
{
	uint64_t limit = mount->budget_bytes / LRD_PAGE;

	if (atomic_load_explicit(&mount->shared->disk_full_ns, memory_order_relaxed) != 0) {
		uint64_t have = atomic_load(&mount->shared->reserved_bytes) / LRD_PAGE;

		/* Old snapshots and the free list need their part, as in the map. */
		have -= have / 16;
		have = have > LRD_ROOM_MARGIN ? have - LRD_ROOM_MARGIN : 0;
		if (have < limit)
			limit = have;
	}
	return limit;
}

uint64_t lrd_room_headroom(const struct lrd_mount *mount)
{
	uint64_t part = lrd_room_limit(mount) / 8;

	return part < 2 * LRD_ROOM_SLICE ? part : 2 * LRD_ROOM_SLICE;
}

uint64_t lrd_room_max_rows(const struct lrd_mount *mount)
{
	return lrd_room_limit(mount) / 2;
}

uint64_t lrd_room_ahead(const struct lrd_mount *mount)
{
	uint64_t part = lrd_room_limit(mount) / 64;

	return part < AHEAD_MAX ? part : AHEAD_MAX;
}

void lrd_room_disk_full(struct lrd_mount *mount)
{
	atomic_store(&mount->shared->disk_full_ns, lrd_clock_mono_ns());
}

int lrd_room_unpin(struct lrd_mount *mount)
{
	int dead = 0;

	return mdb_reader_check(mount->env, &dead) == 0 ? dead : 0;
}

void lrd_room_reserve(struct lrd_mount *mount, uint64_t pages)
{
	struct lrd_control_shared *shared = mount->shared;
	uint64_t have = atomic_load(&shared->reserved_bytes);
	uint64_t full_ns = atomic_load(&shared->disk_full_ns);
	uint64_t step = have / 8;
	uint64_t want;
	MDB_envinfo info;
	mdb_filehandle_t fd;

	if (have >= mount->map_bytes || mdb_env_info(mount->env, &info) != 0)
		return;
	want = ((uint64_t)info.me_last_pgno + 1 + pages + LRD_ROOM_MARGIN) * LRD_PAGE;
	if (want <= have)
		return;
	/* Somebody may have made room on the disk meanwhile: ask again, not too often. */
	if (full_ns != 0 && lrd_clock_mono_ns() - full_ns < SECOND_NS)
		return;
	if (step < RESERVE_STEP_MIN)
		step = RESERVE_STEP_MIN;
	if (step > RESERVE_STEP_MAX)
		step = RESERVE_STEP_MAX;
	want += step;
	if (want > mount->map_bytes)
		want = mount->map_bytes;
	if (mdb_env_get_fd(mount->env, &fd) != 0)
		return;
	if (lrd_file_reserve(fd, have, want) < 0) {
		lrd_room_disk_full(mount);
		return;
	}
	atomic_store(&shared->reserved_bytes, want);
	atomic_store(&shared->disk_full_ns, 0);
}

/* One transaction that frees rows, or evicts where there are none to free. */
int lrd_room_make_some(struct lrd_mount *mount, uint64_t pages, bool *enough)
{
	uint64_t deadline = lrd_clock_mono_ns() + LRD_ROOM_SLICE_NS;
	uint64_t limit = lrd_room_limit(mount);
	struct lrd_evicted evicted = { 0 };
	MDB_txn *txn = NULL;
	uint64_t live = 0;
	size_t freed = 0;
	bool more = false;
	uint64_t wanted = SLOT_PAGES;
	bool fits;
	int mdb_rc;

	*enough = false;
	if (pages > limit)
		return LARDER_EFULL;
	if (lrd_slots_need_mending(mount)) {
		int rc = lrd_slots_mend(mount);

		if (rc < 0)
			return rc;
	}
	mdb_rc = lrd_guard_begin(mount, &txn);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	mdb_rc = lrd_room_live(mount, txn, &live);
	fits = live + pages <= limit;
	if (mdb_rc == 0 && fits &&
	    lrd_slots_spare(mount, LRD_ROOM_SLOTS) >= LRD_ROOM_SLOTS) {
		lrd_guard_abort(mount, txn);
		*enough = true;
		return 0;
	}
	if (!fits)
		wanted = live + pages - limit;
	if (mdb_rc == 0 && !fits)
		mdb_rc = lrd_garbage_free(mount, txn, LRD_ROOM_SLICE, deadline, &freed,
					  &more);
	/* Never both in one transaction: see hold.h. */
	if (mdb_rc == 0 && freed == 0 && !more)
		mdb_rc = lrd_evict_some(mount, txn, wanted, deadline, &evicted);
	if (mdb_rc != 0) {
		lrd_guard_abort(mount, txn);
		lrd_slots_settle(mount, false);
		/* Even removing takes pages. Worth another round if some can be had. */
		if (mdb_rc == MDB_MAP_FULL && lrd_room_unpin(mount) > 0)
			return 0;
		return lrd_lmdb_failed(mount, mdb_rc);
	}
	LRD_CRASH_POINT("store.room.before_commit");
	mdb_rc = lrd_guard_commit(mount, txn);
	LRD_CRASH_POINT("store.room.after_commit");
	lrd_slots_settle(mount, mdb_rc == 0);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	lrd_counters_add(mount, LRD_COUNT_EVICTED, evicted.live);
	lrd_counters_add(mount, LRD_COUNT_EXPIRED, evicted.expired);
	if (freed == 0 && !more && evicted.live + evicted.expired + evicted.stale == 0 &&
	    !lrd_slots_need_mending(mount))
		return LARDER_EFULL; /* what is left is held, or there is nothing */
	return 0;
}

int lrd_room_make(struct lrd_mount *mount, uint64_t pages)
{
	/* A little more than asked for, so that not every put has to make room. */
	uint64_t limit = lrd_room_limit(mount);
	uint64_t spare = limit / 64 < SPARE_MAX ? limit / 64 : SPARE_MAX;
	/* A slice frees 256 rows, or evicts entries whose rows then take slices of their own. */
	uint64_t rounds = 64 + pages / 16;
	unsigned int slices = 0;
	bool enough = false;
	int rc;

	if (pages + spare > limit)
		spare = 0;
	do {
		if (slices++ == SPARE_SLICES)
			spare = 0;
		rc = lrd_room_make_some(mount, pages + spare, &enough);
		/* With all else held or gone, what was asked for may still fit. */
		if (rc == LARDER_EFULL && spare > 0) {
			spare = 0;
			rc = 0;
		}
	} while (rc == 0 && !enough && rounds-- > 0);
	if (rc == 0 && !enough)
		rc = LARDER_EFULL;
	return rc;
}
