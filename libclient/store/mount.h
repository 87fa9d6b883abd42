/* SPDX-License-Identifier: MIT */
/*
 * mount.h - one generation of the store's files, open in this process.
 *
 * env.c swaps mounts (after a fork, after a rebuild); everything else gets the current one
 * through lrd_env_mount(). A mount's memory lives as long as its env, so that a pointer to an
 * old one may be looked at, and its serial tells that it is old.
 */
#ifndef LRD_STORE_MOUNT_H
#define LRD_STORE_MOUNT_H

#include <lmdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "store/guard.h"
#include "store/layout.h"
#include "store/store.h"

/* Read transactions kept for reuse. One more thread than this begins its own. */
enum { LRD_PLACES = 64 };
#define LRD_PLACE_NONE UINT32_MAX

/* Memory that a read borrows for texts that lie in rows; freed when the read ends. */
struct lrd_scratch {
	struct lrd_scratch *next;
	unsigned char bytes[];
};

/* One read transaction. Claimed by `busy`; everything else belongs to the claimer. */
struct lrd_place {
	_Alignas(64) atomic_uint busy;
	MDB_txn *txn;     /* NULL until first used; reset between reads */
	bool writes;      /* a write transaction: what it changed is in no committed page */
	MDB_cursor *rows; /* of a write transaction; NULL until first used */
	struct lrd_snapshot snapshot; /* what a read transaction sees */
	struct lrd_scratch *scratch;
};

struct lrd_mount {
	/* What control's state word says while this mount is current; never so once closed. */
	_Atomic uint64_t state;
	uint32_t fork_generation;
	uint32_t serial; /* unique in this process and its ancestors, never 0 */

	int control_fd;
	unsigned char *control;
	uint64_t control_bytes;
	struct lrd_control_header *header;
	struct lrd_control_shared *shared;
	struct lrd_process *processes;
	struct lrd_counts *counts; /* [LRD_PROCESSES] is the dead's sum */
	struct lrd_hold_place *holds;
	struct lrd_lease_stripe *leases;
	struct lrd_event_head *event_head;
	struct lrd_event_place *events;
	struct lrd_slot_table *table;
	struct lrd_slot *slots;
	_Atomic uint32_t *ghosts; /* two for each slot */
	uint32_t slot_count;
	uint32_t size_weight;
	uint32_t place; /* in the process table */

	/* Copies that need no shared line, and that another process cannot change. */
	uint64_t seed;
	uint64_t budget_bytes;
	uint64_t map_bytes;
	uint32_t generation;

	MDB_env *env;
	MDB_dbi entries, rows, garbage;
	const unsigned char *data;   /* data.mdb, read-only: see tree.h */
	_Atomic uint64_t data_bytes; /* its length when it was last asked for */
	struct lrd_guard guard;      /* belongs to the holder of the write gate */

	atomic_uint extra;   /* users beyond the places: writers, walkers, many readers */
	atomic_bool closing; /* nobody may join `extra` */
	struct lrd_place places[LRD_PLACES];

	struct lrd_mount *retired_next;
	bool registered; /* `place` is ours */
	bool closed;     /* guarded by the fork guard */
};

/*
 * Opens the directory's files as they are, or creates or rebuilds them where they are absent,
 * foreign to this boot, or damaged; heals what a crash left half made. Call with the fork
 * guard held, and with no other mount of the same files open in this process.
 */
struct lrd_mount_request {
	const char *path;
	int dir_fd;
	uint64_t budget_bytes;
	bool must_exist;
	bool as_it_is; /* nothing is formatted or rebuilt: ECORRUPT, saying why */
	bool group_shared;
	uint32_t size_weight;
};
int lrd_mount_open(const struct lrd_mount_request *request, struct lrd_mount **out,
		   larder_error *err);

/* Closes files and maps once no read is active; the memory stays. False: reads are active. */
bool lrd_mount_try_close(struct lrd_mount *mount);

/* In the child of a fork: lets go of what was inherited without touching the parent's part. */
void lrd_mount_abandon(struct lrd_mount *mount);

/* Frees the memory of a closed or abandoned mount. */
void lrd_mount_free(struct lrd_mount *mount);

/* Whether the files are still of this mount's generation, and whole. */
static inline bool lrd_mount_is_ready(const struct lrd_mount *mount)
{
	return atomic_load_explicit(&mount->shared->state, memory_order_relaxed) ==
	       atomic_load_explicit(&mount->state, memory_order_relaxed);
}

/*
 * Keeps all places and closes `extra`, so that nobody uses the mount or begins to. False: some
 * use went on too long; then all is as before.
 */
bool lrd_mount_quiesce(struct lrd_mount *mount);
void lrd_mount_resume(struct lrd_mount *mount);

/* Joins the users beyond the places. False: the mount is closing. */
static inline bool lrd_mount_join(struct lrd_mount *mount)
{
	/* Counted first, looked at afterwards: whoever closes does it the other way round. */
	atomic_fetch_add(&mount->extra, 1);
	if (!atomic_load(&mount->closing))
		return true;
	atomic_fetch_sub(&mount->extra, 1);
	return false;
}

static inline void lrd_mount_leave(struct lrd_mount *mount)
{
	atomic_fetch_sub(&mount->extra, 1);
}

#endif
