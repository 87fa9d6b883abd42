/* SPDX-License-Identifier: MIT */
/*
 * garbage.h - bodies that no record names, waiting for their rows to be freed.
 *
 * Invariant of every committed state: an id that has rows is named by exactly one record, or
 * stands here. Key: the id. Value: u64, rows written; 0 while a fill still adds to them.
 */
#ifndef LRD_STORE_GARBAGE_H
#define LRD_STORE_GARBAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/mount.h"

/* LMDB codes. `remove` of an id that is not there is no error. */
int lrd_garbage_add(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, uint64_t rows);
int lrd_garbage_remove(struct lrd_mount *mount, MDB_txn *txn, uint64_t id);

/*
 * Frees rows of bodies that nobody holds, at most `max_rows` and until `deadline_ns`. Only in
 * a transaction that removes no records itself (hold.h says why). `more`: some are left that
 * could be freed. An LMDB code.
 */
int lrd_garbage_free(struct lrd_mount *mount, MDB_txn *txn, size_t max_rows,
		     uint64_t deadline_ns, size_t *freed, bool *more);

#endif
