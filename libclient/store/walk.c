/* SPDX-License-Identifier: MIT */
/* walk.c - visiting entries in hash order, a few in each short read transaction. */
#include "store/env.h"
#include "store/lmdb.h"
#include "store/read.h"

/* Visits entries from the cursor's place on. Returns as lrd_store_walk. */
static int walk(struct lrd_read *read, MDB_cursor *cursor, uint64_t *from, size_t max,
		int64_t now,
		int (*visit)(const struct lrd_record *record, struct lrd_read *read,
			     void *ctx),
		void *ctx)
{
	struct lrd_lookup lookup = lrd_read_lookup(read);
	uint64_t at = *from;
	MDB_val k = { sizeof(at), &at };
	MDB_val v;
	size_t seen = 0;
	int mdb_rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);

	while (mdb_rc == 0) {
		struct lrd_record record;
		struct lrd_record_links links;
		uint64_t hash;
		int rc;

		if (!lrd_lmdb_key(&k, &hash))
			return lrd_lmdb_damaged(read->mount);
		/* Dead entries count too: they took their time. */
		if (seen++ == max) {
			*from = hash;
			return 1;
		}
		rc = lrd_lookup_value(&lookup, hash, &v, &record, &links);
		if (rc == LARDER_ENOMEM)
			return rc;
		if (rc == 0 && lrd_lookup_is_live(read->mount, &record, links.epoch, now)) {
			rc = visit(&record, read, ctx);
			if (rc != 0) {
				*from = hash == UINT64_MAX ? 0 : hash + 1;
				return rc;
			}
		}
		mdb_rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	if (mdb_rc != MDB_NOTFOUND)
		return lrd_lmdb_failed(read->mount, mdb_rc);
	*from = 0;
	return 0;
}

int lrd_store_walk(struct lrd_store *store, uint64_t *cursor, size_t max, int64_t now,
		   int (*visit)(const struct lrd_record *record, struct lrd_read *read,
				void *ctx),
		   void *ctx)
{
	MDB_cursor *entries = NULL;
	struct lrd_read read;
	int mdb_rc;
	int rc;

	if (max == 0)
		return LARDER_EINVAL;
	rc = lrd_read_begin(store, &read);
	if (rc < 0)
		return rc;
	mdb_rc = mdb_cursor_open(read.at->txn, read.mount->entries, &entries);
	if (mdb_rc != 0)
		rc = lrd_lmdb_failed(read.mount, mdb_rc);
	else
		rc = walk(&read, entries, cursor, max, now, visit, ctx);
	if (entries)
		mdb_cursor_close(entries);
	lrd_read_end(&read);
	return rc;
}
