/* SPDX-License-Identifier: MIT */
/* rows.c - bytes too large for a record, as rows of one page each. */
#include "store/rows.h"

#include <string.h>

#include <larder/types.h>

#include "proto/bytes/le.h"
#include "store/lmdb.h"
#include "sys/assert.h"
#include "sys/crash.h"
#include "sys/digest.h"

static uint64_t row_key(uint64_t id, uint64_t row)
{
	return id << LRD_ROW_BITS | row;
}

uint64_t lrd_rows_new_id(struct lrd_mount *mount)
{
	uint64_t id = atomic_fetch_add(&mount->shared->next_body_id, 1);

	/* 2^40 bodies are 35 years at a thousand a second. */
	lrd_assert(id != 0 && id <= LRD_BODY_ID_MAX);
	return id;
}

static int write_row(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t key,
		     const unsigned char *bytes, size_t len, unsigned int flags)
{
	unsigned char row[LRD_VALUE_MAX];
	MDB_val v = { LRD_ROW_SUM + len, row };

	memcpy(row + LRD_ROW_SUM, bytes, len);
	lrd_le_put64(row, lrd_digest(row + LRD_ROW_SUM, len, key));
	return lrd_guard_cursor_put(mount, cursor, key, &v, flags);
}

int lrd_rows_write(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, uint64_t first,
		   const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	MDB_cursor *cursor = NULL;
	MDB_val last_key = { 0, NULL };
	MDB_val value;
	uint64_t last;
	unsigned int flags = MDB_NOOVERWRITE;
	int mdb_rc = lrd_guard_cursor_open(mount, txn, mount->rows, &cursor);

	if (mdb_rc != 0)
		return mdb_rc;
	/* Rows of the newest body go to the table's end: no search, and full leaves. */
	mdb_rc = lrd_guard_cursor_get(mount, cursor, &last_key, &value, MDB_LAST);
	if (mdb_rc == MDB_NOTFOUND)
		flags = MDB_APPEND;
	else if (mdb_rc == 0 && lrd_lmdb_key(&last_key, &last) && last < row_key(id, first))
		flags = MDB_APPEND;
	if (mdb_rc == MDB_NOTFOUND)
		mdb_rc = 0;
	for (uint64_t row = first; len > 0 && mdb_rc == 0; row++) {
		size_t part = len < LRD_ROW_MAX ? len : LRD_ROW_MAX;

		mdb_rc = write_row(mount, cursor, row_key(id, row), at, part, flags);
		LRD_CRASH_POINT("store.rows.after_row");
		at += part;
		len -= part;
	}
	lrd_guard_cursor_close(mount, cursor);
	return mdb_rc;
}

/* How many bytes row number `row` of a body of `body_len` has. */
static size_t row_len(uint64_t row, uint64_t body_len)
{
	uint64_t rest = body_len - row * LRD_ROW_MAX;

	return rest < LRD_ROW_MAX ? (size_t)rest : LRD_ROW_MAX;
}

bool lrd_rows_check(const MDB_val *value, uint64_t key, uint64_t body_len)
{
	uint64_t row = key & ((UINT64_C(1) << LRD_ROW_BITS) - 1);
	const unsigned char *v = value->mv_data;

	if (row >= lrd_rows_count(body_len) ||
	    value->mv_size != LRD_ROW_SUM + row_len(row, body_len))
		return false;
	return lrd_le_get64(v) ==
	       lrd_digest(v + LRD_ROW_SUM, value->mv_size - LRD_ROW_SUM, key);
}

/* Copies `part` bytes from `skip` into the row; what is copied whole is checked as copied. */
static int copy_row(const MDB_val *value, uint64_t key, size_t expected, size_t skip,
		    unsigned char *dst, size_t part)
{
	const unsigned char *v = value->mv_data;
	uint64_t sum;

	if (value->mv_size != LRD_ROW_SUM + expected)
		return LARDER_ECORRUPT;
	if (part == expected) {
		sum = lrd_digest_copy(dst, v + LRD_ROW_SUM, part, key);
	} else {
		sum = lrd_digest(v + LRD_ROW_SUM, expected, key);
		memcpy(dst, v + LRD_ROW_SUM + skip, part);
	}
	return lrd_le_get64(v) == sum ? 0 : LARDER_ECORRUPT;
}

/* The row under `key`; with `first` false it is the one behind the last that was asked for. */
static int step(const struct lrd_rows_source *source, struct lrd_tree_cursor *tree,
		bool first, uint64_t key, MDB_val *value)
{
	MDB_val k = { sizeof(key), &key };
	uint64_t found = 0;
	int rc;

	if (source->snapshot) {
		rc = first ? lrd_tree_seek(tree, source->snapshot, LRD_TREE_ROWS, key,
					   &found, value)
			   : lrd_tree_next(tree, &found, value);
		if (rc < 0)
			return rc;
		lrd_tree_prefetch_next(tree);
	} else {
		int mdb_rc = lrd_guard_cursor_get(source->mount, source->cursor, &k,
						  value, first ? MDB_SET : MDB_NEXT);

		if (mdb_rc != 0)
			return mdb_rc == MDB_NOTFOUND ? LARDER_ENOTFOUND : LARDER_ECORRUPT;
		(void)lrd_lmdb_key(&k, &found);
	}
	return found == key ? 0 : LARDER_ENOTFOUND;
}

int lrd_rows_read(const struct lrd_rows_source *source, uint64_t offset, void *dst,
		  size_t len)
{
	unsigned char *at = dst;
	struct lrd_tree_cursor tree;
	uint64_t row = offset / LRD_ROW_MAX;
	size_t skip = (size_t)(offset % LRD_ROW_MAX);

	for (bool first = true; len > 0; first = false, row++, skip = 0) {
		uint64_t key = row_key(source->id, row);
		size_t expected = row_len(row, source->len);
		size_t part = expected - skip;
		MDB_val v;
		int rc = step(source, &tree, first, key, &v);

		if (part > len)
			part = len;
		if (rc == 0)
			rc = copy_row(&v, key, expected, skip, at, part);
		if (rc < 0)
			return rc;
		at += part;
		len -= part;
	}
	return 0;
}

int lrd_rows_free(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, size_t max,
		  size_t *freed, bool *done)
{
	uint64_t first = row_key(id, 0);
	MDB_val k = { sizeof(first), &first };
	MDB_val v;
	MDB_cursor *cursor = NULL;
	int mdb_rc = lrd_guard_cursor_open(mount, txn, mount->rows, &cursor);

	*freed = 0;
	*done = false;
	if (mdb_rc != 0)
		return mdb_rc;
	mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_SET_RANGE);
	while (mdb_rc == 0 && *freed < max) {
		uint64_t key;

		if (!lrd_lmdb_key(&k, &key)) {
			mdb_rc = MDB_CORRUPTED;
			break;
		}
		if (key >> LRD_ROW_BITS != id) {
			*done = true;
			break;
		}
		mdb_rc = lrd_guard_cursor_del(mount, cursor, key);
		if (mdb_rc != 0)
			break;
		(*freed)++;
		/* After a deletion this is the row that moved up, not the one behind it. */
		mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_NEXT);
	}
	if (mdb_rc == MDB_NOTFOUND) {
		*done = true;
		mdb_rc = 0;
	}
	lrd_guard_cursor_close(mount, cursor);
	return mdb_rc;
}
