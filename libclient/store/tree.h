/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the committed pages of data.mdb read by ourselves, every offset checked.
 *
 * LMDB trusts its pages: a damaged one makes it assert, or read and write out of bounds. Here
 * a page is only looked at within the file's bounds, and whatever makes no sense is
 * LARDER_ECORRUPT. LMDB still begins and ends the read transaction: its reader slot is what
 * keeps the snapshot's pages from being written over.
 *
 *	lrd_snapshot_load(mount, txn, false, &snapshot);	roots, after begin or renew
 *	lrd_tree_find(&snapshot, LRD_TREE_ENTRIES, hash, &value);
 *
 *	lrd_tree_seek(&cursor, &snapshot, tree, from, &key, &value);	the first not below
 *	lrd_tree_next(&cursor, &key, &value);
 *
 * Values point into a read-only map of our own and die with the read transaction.
 */
#ifndef LRD_STORE_TREE_H
#define LRD_STORE_TREE_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct lrd_mount;

enum lrd_tree_id { LRD_TREE_ENTRIES, LRD_TREE_ROWS, LRD_TREE_GARBAGE, LRD_TREE_COUNT };

enum { LRD_TREE_DEPTH_MAX = 16 };

struct lrd_tree_root {
	uint64_t page; /* nothing when depth is 0 */
	uint64_t entries;
	uint32_t depth;
	uint64_t branch_pages, leaf_pages, overflow_pages;
};

/* Where the trees of one committed transaction begin. */
struct lrd_snapshot {
	uint64_t txnid; /* 0: nothing loaded */
	const unsigned char *map;
	uint64_t pages; /* valid page numbers are below */
	struct lrd_tree_root trees[LRD_TREE_COUNT];
	struct lrd_tree_root main, unused; /* the table of tables; the free list */
};

/* Maps the mount's data file; it must be open in LMDB. */
int lrd_tree_map(struct lrd_mount *mount);
void lrd_tree_unmap(struct lrd_mount *mount);

/*
 * Loads the roots that `txn`, a read transaction just begun or renewed, sees. LARDER_ECONFLICT:
 * a commit went by meanwhile; reset, renew and call again, with `again` if the number has stayed:
 * then the transaction may be renewed once more. ECORRUPT: meta or main page damaged.
 */
int lrd_snapshot_load(struct lrd_mount *mount, MDB_txn *txn, bool again,
		      struct lrd_snapshot *out);

/* The same for the state before a write transaction. With the gate held. */
int lrd_snapshot_load_committed(struct lrd_mount *mount, MDB_txn *txn,
				struct lrd_snapshot *out);

/* Whether LMDB may open the tables by their names in this read transaction. ECORRUPT. */
int lrd_snapshot_sound(struct lrd_mount *mount, MDB_txn *txn);

/* The head of a tree as a meta page or the table of tables has it. */
void lrd_tree_get_root(const unsigned char *at, struct lrd_tree_root *out);

/* ENOTFOUND, or ECORRUPT: a page on the way makes no sense. */
int lrd_tree_find(const struct lrd_snapshot *snapshot, enum lrd_tree_id tree,
		  uint64_t key, MDB_val *value);

struct lrd_tree_level {
	const unsigned char *page;
	uint32_t index, count;
};

struct lrd_tree_cursor {
	const struct lrd_snapshot *snapshot;
	uint32_t depth;
	bool any;      /* a pair was found */
	uint64_t last; /* its key: keys only grow, so that no damage leads round in circles */
	struct lrd_tree_level level[LRD_TREE_DEPTH_MAX];
};

/* The first pair whose key is not below `from`, and the one after that. ENOTFOUND at the end. */
int lrd_tree_seek(struct lrd_tree_cursor *cursor, const struct lrd_snapshot *snapshot,
		  enum lrd_tree_id tree, uint64_t from, uint64_t *key, MDB_val *value);
int lrd_tree_next(struct lrd_tree_cursor *cursor, uint64_t *key, MDB_val *value);

/* The largest key of a tree. ENOTFOUND: it is empty. */
int lrd_tree_last(const struct lrd_snapshot *snapshot, enum lrd_tree_id tree,
		  uint64_t *key);

/* Asks the processor for the pair after the cursor's, if it is near. */
void lrd_tree_prefetch_next(const struct lrd_tree_cursor *cursor);

#endif
