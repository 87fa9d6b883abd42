/* SPDX-License-Identifier: MIT */
/*
 * read.c - read transactions: begun and ended without a system call or a shared line written.
 *
 * A mount keeps places, each with a read transaction that is reset between uses: its reader
 * slot stays taken, and renewing it costs 10 ns. A thread starts at a place of its own, so
 * that two threads rarely meet.
 */
#include "store/read.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/env.h"
#include "store/key.h"
#include "store/lmdb.h"
#include "store/slots.h"

enum { SNAPSHOT_TRIES = 64 };

/* A begun read beyond the places: the same, but from the heap. */
struct extra_read {
	struct lrd_mount *mount;
	struct lrd_place place;
};

int lrd_key_init(struct lrd_store *store, larder_slice partition, larder_slice name,
		 struct lrd_key *out)
{
	struct lrd_mount *mount;
	int rc;

	if (partition.len > LRD_PARTITION_MAX || name.len > LRD_KEY_MAX)
		return LARDER_EINVAL;
	rc = lrd_env_mount(store->env, &mount);
	if (rc < 0)
		return rc;
	out->hash = lrd_key_hash(mount, partition, name);
	out->partition = partition;
	out->name = name;
	return 0;
}

static uint32_t first_place(void)
{
	/* Thread handles are addresses of thread blocks, far apart. */
	uint64_t self = (uint64_t)(uintptr_t)pthread_self();

	return (uint32_t)((self * UINT64_C(0x9e3779b97f4a7c15)) >> 58) % LRD_PLACES;
}

/* Begins or renews the transaction of a claimed place. */
static int start_txn(struct lrd_mount *mount, struct lrd_place *place)
{
	int mdb_rc;

	for (int attempt = 0;; attempt++) {
		int dead = 0;

		mdb_rc = place->txn ? mdb_txn_renew(place->txn)
				    : mdb_txn_begin(mount->env, NULL, MDB_RDONLY,
						    &place->txn);
		if (mdb_rc != MDB_READERS_FULL || attempt > 0)
			break;
		/* Slots of readers that were killed: take them back, once. */
		(void)mdb_reader_check(mount->env, &dead);
	}
	if (mdb_rc != 0 && place->txn) {
		mdb_txn_abort(place->txn);
		place->txn = NULL;
	}
	return mdb_rc;
}

/* Begins to read in a claimed place. A LARDER code, or MDB_MAP_RESIZED. */
static int start(struct lrd_mount *mount, struct lrd_place *place)
{
	int rc = LARDER_ECONFLICT;
	uint64_t refused = 0;

	/* Commits that come so fast that two pass between two lines are rare even once. */
	for (int attempt = 0; attempt < SNAPSHOT_TRIES && rc == LARDER_ECONFLICT; attempt++) {
		int mdb_rc = start_txn(mount, place);

		if (mdb_rc == MDB_MAP_RESIZED)
			return mdb_rc;
		if (mdb_rc != 0)
			return lrd_lmdb_failed(mount, mdb_rc);
		rc = lrd_snapshot_load(mount, place->txn,
				       mdb_txn_id(place->txn) == refused,
				       &place->snapshot);
		if (rc < 0) {
			refused = mdb_txn_id(place->txn);
			mdb_txn_reset(place->txn);
		}
	}
	/* A meta page that never is the one that LMDB's lock file names. */
	if (rc == LARDER_ECONFLICT)
		rc = LARDER_ECORRUPT;
	return rc == LARDER_ECORRUPT ? lrd_lmdb_damaged(mount) : rc;
}

static void stop_txn(struct lrd_place *place)
{
	if (place->txn)
		mdb_txn_reset(place->txn);
	if (place->scratch) {
		lrd_scratch_free(place->scratch);
		place->scratch = NULL;
	}
}

/* Claims a free place. LRD_PLACE_NONE: all are in use. */
static uint32_t claim_place(struct lrd_mount *mount)
{
	uint32_t start = first_place();

	for (uint32_t i = 0; i < LRD_PLACES; i++) {
		uint32_t at = (start + i) % LRD_PLACES;
		atomic_uint *busy = &mount->places[at].busy;

		if (atomic_load_explicit(busy, memory_order_relaxed) == 0 &&
		    atomic_exchange_explicit(busy, 1, memory_order_acquire) == 0)
			return at;
	}
	return LRD_PLACE_NONE;
}

static void unclaim_place(struct lrd_place *place)
{
	atomic_store_explicit(&place->busy, 0, memory_order_release);
}

/* With more threads at once than there are places, or while the mount is being closed. */
static int begin_extra(struct lrd_store *store, struct lrd_read *read)
{
	struct extra_read *extra =
		aligned_alloc(_Alignof(struct extra_read), sizeof(*extra));
	int rc;

	if (!extra)
		return LARDER_ENOMEM;
	memset(extra, 0, sizeof(*extra));
	rc = lrd_env_enter(store->env, &extra->mount);
	if (rc < 0) {
		free(extra);
		return rc;
	}
	rc = start(extra->mount, &extra->place);
	if (rc != 0) {
		if (extra->place.txn)
			mdb_txn_abort(extra->place.txn);
		lrd_mount_leave(extra->mount);
		free(extra);
		return rc == MDB_MAP_RESIZED ? LARDER_EBUSY : rc;
	}
	read->store = store;
	read->mount = extra->mount;
	read->at = &extra->place;
	read->place = LRD_PLACE_NONE;
	return 0;
}

/* The map was enlarged by another process: follow it, with no transaction active. */
static int follow_resize(struct lrd_mount *mount)
{
	int mdb_rc;

	if (!lrd_mount_quiesce(mount))
		return LARDER_EBUSY;
	for (size_t i = 0; i < LRD_PLACES; i++) {
		if (mount->places[i].txn)
			mdb_txn_abort(mount->places[i].txn);
		mount->places[i].txn = NULL;
	}
	mdb_rc = mdb_env_set_mapsize(mount->env, 0);
	lrd_mount_resume(mount);
	return lrd_lmdb_code(mdb_rc);
}

int lrd_read_begin(struct lrd_store *store, struct lrd_read *read)
{
	for (int attempt = 0;; attempt++) {
		struct lrd_mount *mount;
		struct lrd_place *place;
		uint32_t at;
		int rc = lrd_env_mount(store->env, &mount);

		if (rc < 0)
			return rc;
		at = claim_place(mount);
		if (at == LRD_PLACE_NONE)
			return begin_extra(store, read);
		place = &mount->places[at];
		rc = start(mount, place);
		if (rc == 0) {
			read->store = store;
			read->mount = mount;
			read->at = place;
			read->place = at;
			return 0;
		}
		unclaim_place(place);
		if (rc != MDB_MAP_RESIZED || attempt > 0)
			return rc == MDB_MAP_RESIZED ? LARDER_EBUSY : rc;
		rc = follow_resize(mount);
		if (rc < 0)
			return rc;
	}
}

void lrd_read_end(struct lrd_read *read)
{
	struct lrd_mount *mount = read->mount;
	struct lrd_place *place = read->at;

	if (!place)
		return;
	read->at = NULL;
	if (mount->fork_generation != lrd_fork_generation())
		return; /* begun by an ancestor: its slots are not ours to touch */
	if (read->place != LRD_PLACE_NONE) {
		stop_txn(place);
		unclaim_place(place);
		return;
	}
	lrd_scratch_free(place->scratch);
	mdb_txn_abort(place->txn);
	free((char *)place - offsetof(struct extra_read, place));
	lrd_mount_leave(mount);
}

struct lrd_lookup lrd_read_lookup(const struct lrd_read *read)
{
	return (struct lrd_lookup){ read->mount, read->at };
}

int lrd_read_peek(struct lrd_read *read, const struct lrd_key *key, int64_t now,
		  struct lrd_record *out)
{
	struct lrd_lookup lookup = lrd_read_lookup(read);
	struct lrd_record_links links;
	int rc;

	rc = lrd_lookup_key(&lookup, key, now, out, &links);
	if (rc == 0)
		out->uses = lrd_slots_get_uses(read->mount, out->slot);
	/* Damage is absence; it has been reported. */
	return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
}

int lrd_read_get(struct lrd_read *read, const struct lrd_key *key, int64_t now,
		 struct lrd_record *out)
{
	int rc = lrd_read_peek(read, key, now, out);

	if (rc == 0)
		out->uses = lrd_slots_touch(read->mount, out->slot);
	return rc;
}

int lrd_read_body(struct lrd_read *read, const struct lrd_record *record, uint64_t offset,
		  void *dst, size_t len)
{
	struct lrd_lookup lookup = lrd_read_lookup(read);

	return lrd_lookup_body(&lookup, record, offset, dst, len);
}
