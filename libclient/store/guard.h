/* SPDX-License-Identifier: MIT */
/*
 * guard.h - calls into LMDB that a damaged page must not turn into the end of the process.
 *
 * LMDB aborts on what it asserts, and believes the offsets in a page's head. So each call of a
 * write transaction goes through here, which
 *   - looks at every page on the way to the key first (and at both neighbours, which a deletion
 *     may merge with): their heads and nodes are within bounds, or the call is not made;
 *   - catches an assertion by leaving LMDB for good: the transaction, the environment and
 *     LMDB's own writer lock are abandoned as they are, never touched or closed again by this
 *     process; the generation is poisoned, so that whoever comes next rebuilds, with new files
 *     and a new lock. What it costs is one map, two descriptors and the transaction's memory.
 * Either way the answer is MDB_CORRUPTED or MDB_PANIC, and lrd_lmdb_failed() makes it ECORRUPT.
 *
 * With the write gate held: one guarded call at a time. Readers need none: see tree.h.
 */
#ifndef LRD_STORE_GUARD_H
#define LRD_STORE_GUARD_H

#include <lmdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/tree.h"

struct lrd_mount;

enum { LRD_GUARD_SEEN = 64 };

struct lrd_guard {
	jmp_buf back;
	pthread_t caller;
	atomic_bool armed;          /* `caller` is inside LMDB and may leave by `back` */
	atomic_bool broken;         /* it left that way: LMDB is not to be called again */
	struct lrd_snapshot before; /* what the write transaction began with */
	uint64_t seen[LRD_GUARD_SEEN]; /* pages of it that were looked at */
};

/* Has LMDB's assertions come here. Once, on an environment just made. */
int lrd_guard_set_up(struct lrd_mount *mount, MDB_env *env);

/* Closes the environment, unless LMDB was left in the middle of a call. */
void lrd_guard_close(struct lrd_mount *mount, MDB_env *env);

/* All of these return LMDB codes. */
int lrd_guard_begin(struct lrd_mount *mount, MDB_txn **out);
int lrd_guard_commit(struct lrd_mount *mount, MDB_txn *txn);
void lrd_guard_abort(struct lrd_mount *mount, MDB_txn *txn);

int lrd_guard_get(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key,
		  MDB_val *value);
int lrd_guard_put(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key,
		  const void *bytes, size_t len);
int lrd_guard_del(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key);

int lrd_guard_cursor_open(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table,
			  MDB_cursor **out);
int lrd_guard_cursor_get(struct lrd_mount *mount, MDB_cursor *cursor, MDB_val *key,
			 MDB_val *value, MDB_cursor_op op);
int lrd_guard_cursor_put(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t key,
			 MDB_val *value, unsigned int flags);
/* Deletes the pair where the cursor stands; `key` is its key. */
int lrd_guard_cursor_del(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t key);
void lrd_guard_cursor_close(struct lrd_mount *mount, MDB_cursor *cursor);

#endif
