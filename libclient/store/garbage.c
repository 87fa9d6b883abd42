/* SPDX-License-Identifier: MIT */
/* garbage.c - bodies that no record names, waiting for their rows to be freed. */
#include "store/garbage.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/bytes/le.h"
#include "store/hold.h"
#include "store/lmdb.h"
#include "store/rows.h"
#include "sys/clock.h"
#include "sys/crash.h"

int lrd_garbage_add(struct lrd_mount *mount, MDB_txn *txn, uint64_t id, uint64_t rows)
{
	unsigned char bytes[8];

	lrd_le_put64(bytes, rows);
	return lrd_guard_put(mount, txn, mount->garbage, id, bytes, sizeof(bytes));
}

int lrd_garbage_remove(struct lrd_mount *mount, MDB_txn *txn, uint64_t id)
{
	int mdb_rc = lrd_guard_del(mount, txn, mount->garbage, id);

	return mdb_rc == MDB_NOTFOUND ? 0 : mdb_rc;
}

int lrd_garbage_free(struct lrd_mount *mount, MDB_txn *txn, size_t max_rows,
		     uint64_t deadline_ns, size_t *freed, bool *more)
{
	struct lrd_held *held = malloc(sizeof(*held));
	MDB_cursor *cursor = NULL;
	MDB_val k, v;
	int mdb_rc = ENOMEM;

	*freed = 0;
	*more = false;
	if (!held)
		goto out;
	lrd_held_load(mount, held);
	mdb_rc = lrd_guard_cursor_open(mount, txn, mount->garbage, &cursor);
	if (mdb_rc != 0)
		goto out;
	mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_FIRST);
	while (mdb_rc == 0) {
		uint64_t id;
		size_t part = 0;
		bool done = false;

		if (!lrd_lmdb_key(&k, &id)) {
			mdb_rc = MDB_CORRUPTED;
			break;
		}
		if (lrd_held_has(held, id)) {
			mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_NEXT);
			continue;
		}
		if (*freed >= max_rows || lrd_clock_mono_ns() >= deadline_ns) {
			*more = true;
			break;
		}
		mdb_rc = lrd_rows_free(mount, txn, id, max_rows - *freed, &part, &done);
		*freed += part;
		LRD_CRASH_POINT("store.garbage.after_rows");
		if (mdb_rc == 0 && done) {
			mdb_rc = lrd_guard_cursor_del(mount, cursor, id);
			if (mdb_rc == 0)
				mdb_rc = lrd_guard_cursor_get(mount, cursor, &k, &v, MDB_NEXT);
		}
	}
	if (mdb_rc == MDB_NOTFOUND)
		mdb_rc = 0;
out:
	lrd_guard_cursor_close(mount, cursor);
	free(held);
	return mdb_rc;
}
