/* SPDX-License-Identifier: MIT */
/* walk.c - visiting entries in hash order, a few in each short read transaction. */
#include "store/env.h"
#include "store/lmdb.h"
#include "store/read.h"
#include "store/slots.h"

int lrd_store_walk(struct lrd_store *store, uint64_t *cursor, size_t max, int64_t now,
		   int (*visit)(const struct lrd_record *record, struct lrd_read *read,
				void *ctx),
		   void *ctx)
{
	struct lrd_tree_cursor tree;
	struct lrd_lookup lookup;
	struct lrd_read read;
	uint64_t hash = 0;
	MDB_val v;
	size_t seen = 0;
	int rc;

	if (max == 0)
		return LARDER_EINVAL;
	rc = lrd_read_begin(store, &read);
	if (rc < 0)
		return rc;
	lookup = lrd_read_lookup(&read);
	rc = lrd_tree_seek(&tree, &read.at->snapshot, LRD_TREE_ENTRIES, *cursor, &hash, &v);
	while (rc == 0) {
		struct lrd_record record;
		struct lrd_record_links links;

		/* Dead entries count too: they took their time. */
		if (seen++ == max) {
			*cursor = hash;
			rc = 1;
			break;
		}
		rc = lrd_lookup_value(&lookup, hash, &v, &record, &links);
		if (rc == LARDER_ENOMEM)
			break;
		if (rc == 0 && lrd_lookup_is_live(read.mount, &record, links.epoch, now)) {
			record.uses = lrd_slots_get_uses(read.mount, record.slot);
			rc = visit(&record, &read, ctx);
			if (rc != 0) {
				*cursor = hash == UINT64_MAX ? 0 : hash + 1;
				lrd_read_end(&read);
				return rc;
			}
		}
		rc = lrd_tree_next(&tree, &hash, &v);
	}
	if (rc == LARDER_ENOTFOUND) {
		*cursor = 0;
		rc = 0;
	} else if (rc == LARDER_ECORRUPT) {
		rc = lrd_lmdb_damaged(read.mount);
	}
	lrd_read_end(&read);
	return rc;
}
