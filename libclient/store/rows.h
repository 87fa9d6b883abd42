/* SPDX-License-Identifier: MIT */
/*
 * rows.h - bytes too large for a record, as rows of one page each.
 *
 * Row n of body `id` has the key id << 24 | n and the value: u64 checksum of the rest, seeded
 * with the key; then 4072 bytes, fewer in the last row only. An id is never used twice.
 */
#ifndef LRD_STORE_ROWS_H
#define LRD_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/mount.h"

static inline uint64_t lrd_rows_count(uint64_t len)
{
	return (len + LRD_ROW_MAX - 1) / LRD_ROW_MAX;
}

/* A body id that nobody has had. With the gate held. */
uint64_t lrd_rows_new_id(struct lrd_mount *mount);

/*
 * Writes `len` bytes as rows from `first` on; all but the last are full. Returns an LMDB code:
 * the caller's transaction decides what to do with it.
 */
int lrd_rows_write(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, uint64_t first,
		   const void *bytes, size_t len);

/* Where a body's bytes are read from: a read's snapshot, else a write transaction's cursor. */
struct lrd_rows_source {
	struct lrd_mount *mount;
	const struct lrd_snapshot *snapshot;
	MDB_cursor *cursor;
	uint64_t id;
	uint64_t len;
};

/* Copies [offset, offset+len), each row verified. ECORRUPT, ENOTFOUND: a row is missing. */
int lrd_rows_read(const struct lrd_rows_source *source, uint64_t offset, void *dst,
		  size_t len);

/*
 * Deletes rows of `id`, at most `max`. Sets how many went and whether all did. Returns an
 * LMDB code.
 */
int lrd_rows_free(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, size_t max,
		  size_t *freed, bool *done);

/* The value's checksum and size against what row `key` of a body of `body_len` must be. */
bool lrd_rows_check(const MDB_val *value, uint64_t key, uint64_t body_len);

#endif
