/* SPDX-License-Identifier: MIT */
/*
 * room.h - the budget: live pages never pass it, and a full disk is met in advance.
 *
 * A page is live while a tree of the three tables reaches it. The map is larger than the
 * budget by what readers of old snapshots and transactions in flight may need.
 */
#ifndef LRD_STORE_ROOM_H
#define LRD_STORE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

/* Blocks that a new data file has on disk; growing keeps LRD_ROOM_MARGIN pages ahead. */
#define LRD_ROOM_FIRST_BYTES (UINT64_C(4) << 20)
enum {
	LRD_ROOM_MARGIN = 512,
	LRD_ROOM_SLICE = 256,        /* pages that one transaction of upkeep may touch */
	LRD_ROOM_SLICE_NS = 2000000, /* and how long it may take */
	LRD_ROOM_SLOTS = 128, /* kept free for the puts of a batch */
	LRD_ROOM_PUT = 12     /* pages that a put may add to the trees beside its rows */
};

/* Live pages as the transaction sees them. An LMDB code. */
int lrd_room_live(struct lrd_mount *mount, MDB_txn *txn, uint64_t *pages);

/* Pages that may be live: the budget, or what a full disk leaves of it. */
uint64_t lrd_room_limit(const struct lrd_mount *mount);

/* Pages kept free at the beginning of each transaction, for the puts of a batch. */
uint64_t lrd_room_headroom(const struct lrd_mount *mount);

/*
 * The largest body that can be stored, in rows: half of what may be live, so that no body
 * costs all others their place. Of a body whose length nobody knows yet half of that: it may
 * come to nothing after all.
 */
uint64_t lrd_room_max_rows(const struct lrd_mount *mount);

/* Pages that upkeep keeps free beyond the headroom, so that writers seldom have to. */
uint64_t lrd_room_ahead(const struct lrd_mount *mount);

/* Gives the pages that the next transaction may use blocks on disk, as far as there are any. */
void lrd_room_reserve(struct lrd_mount *mount, uint64_t pages);

/* Remembers that a write met a full disk. */
void lrd_room_disk_full(struct lrd_mount *mount);

/* Clears the reader slots of killed processes, whose snapshots keep pages. How many. */
int lrd_room_unpin(struct lrd_mount *mount);

/*
 * Frees rows and evicts entries in transactions of its own until `pages` fit below the limit.
 * With the gate held and no transaction open. EFULL: cannot be done.
 */
int lrd_room_make(struct lrd_mount *mount, uint64_t pages);

/* One transaction of that. `enough`: nothing had to be done. */
int lrd_room_make_some(struct lrd_mount *mount, uint64_t pages, bool *enough);

#endif
