/* SPDX-License-Identifier: MIT */
/*
 * orphans.c - freeing bodies that no record and no garbage list names.
 *
 * They are left when a record is removed whose bytes can no longer say what it named. In a
 * committed state a body that nobody names is never named again, since ids are used once: what
 * one snapshot shows can be acted upon at any later time.
 */
#include <stdlib.h>

#include "store/check.h"
#include "store/env.h"
#include "store/garbage.h"
#include "store/lmdb.h"
#include "store/read.h"
#include "store/rows.h"
#include "store/write.h"

enum { BATCH = 32 };

int lrd_check_list_add(struct lrd_check_list *list, uint64_t item)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 256;
		uint64_t *items = realloc(list->items, size * sizeof(*items));

		if (!items)
			return LARDER_ENOMEM;
		list->items = items;
		list->size = size;
	}
	list->items[list->count++] = item;
	return 0;
}

void lrd_orphans_expect(struct lrd_mount *mount)
{
	atomic_store(&mount->shared->orphans, 1);
}

bool lrd_orphans_expected(const struct lrd_mount *mount)
{
	return atomic_load_explicit(&mount->shared->orphans, memory_order_relaxed) != 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Every id that a record or the garbage list names, sorted. */
static int collect_named(const struct lrd_snapshot *snapshot, struct lrd_check_list *named)
{
	struct lrd_tree_cursor cursor;
	uint64_t key = 0;
	MDB_val v;
	int rc = lrd_tree_seek(&cursor, snapshot, LRD_TREE_ENTRIES, 0, &key, &v);

	while (rc == 0) {
		struct lrd_record record;
		struct lrd_record_links links;

		if (lrd_record_decode(v.mv_data, v.mv_size, key, &record, &links) == 0) {
			if (record.body_id)
				rc = lrd_check_list_add(named, record.body_id);
			if (rc == 0 && links.text_id)
				rc = lrd_check_list_add(named, links.text_id);
		}
		if (rc == 0)
			rc = lrd_tree_next(&cursor, &key, &v);
	}
	if (rc == LARDER_ENOTFOUND)
		rc = lrd_tree_seek(&cursor, snapshot, LRD_TREE_GARBAGE, 0, &key, &v);
	while (rc == 0) {
		rc = lrd_check_list_add(named, key);
		if (rc == 0)
			rc = lrd_tree_next(&cursor, &key, &v);
	}
	if (rc == LARDER_ENOTFOUND)
		rc = 0;
	if (rc == 0 && named->count > 1)
		qsort(named->items, named->count, sizeof(named->items[0]), compare_ids);
	return rc;
}

/* Goes from body to body, not from row to row. */
static int find_orphans(const struct lrd_snapshot *snapshot, struct lrd_check_list *out)
{
	struct lrd_check_list named = { 0 };
	struct lrd_tree_cursor cursor;
	uint64_t key = 0;
	MDB_val v;
	int rc = collect_named(snapshot, &named);

	if (rc == 0)
		rc = lrd_tree_seek(&cursor, snapshot, LRD_TREE_ROWS, 0, &key, &v);
	while (rc == 0) {
		uint64_t id = key >> LRD_ROW_BITS;

		if (named.count == 0 ||
		    !bsearch(&id, named.items, named.count, sizeof(id), compare_ids))
			rc = lrd_check_list_add(out, id);
		if (rc == 0 && id >= LRD_BODY_ID_MAX)
			break;
		if (rc == 0)
			rc = lrd_tree_seek(&cursor, snapshot, LRD_TREE_ROWS,
					   (id + 1) << LRD_ROW_BITS, &key, &v);
	}
	free(named.items);
	return rc == LARDER_ENOTFOUND ? 0 : rc;
}

int lrd_orphans_discard(struct lrd_store *store, const uint64_t *ids, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0;) {
		struct lrd_write *write = NULL;

		rc = lrd_write_begin(store, &write);
		if (rc < 0)
			return rc;
		for (size_t n = 0; n < BATCH && i < count && rc == 0; n++, i++) {
			int mdb_rc = lrd_garbage_add(write->mount, write->place.txn,
						     ids[i], 0);

			if (mdb_rc != 0)
				rc = lrd_write_fail(write, mdb_rc);
		}
		if (rc == 0)
			rc = lrd_write_commit(write);
		else
			lrd_write_abort(write);
	}
	return rc;
}

ptrdiff_t lrd_orphans_free(struct lrd_store *store)
{
	struct lrd_check_list orphans = { 0 };
	struct lrd_mount *mount;
	struct lrd_read read;
	int rc = lrd_read_begin(store, &read);

	if (rc < 0)
		return rc;
	mount = read.mount;
	if (lrd_orphans_expected(mount)) {
		/* First, so that what is removed from now on is looked for again. */
		atomic_store(&mount->shared->orphans, 0);
		rc = find_orphans(&read.at->snapshot, &orphans);
		if (rc == LARDER_ECORRUPT)
			rc = lrd_lmdb_damaged(mount);
	}
	lrd_read_end(&read);
	if (rc == 0)
		rc = lrd_orphans_discard(store, orphans.items, orphans.count);
	if (rc < 0)
		lrd_orphans_expect(mount);
	free(orphans.items);
	return rc < 0 ? rc : (ptrdiff_t)orphans.count;
}
