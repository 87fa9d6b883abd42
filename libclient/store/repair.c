/* SPDX-License-Identifier: MIT */
/* repair.c - removing what a full check found. */
#include <stdlib.h>

#include "store/check.h"
#include "store/entry.h"
#include "store/env.h"
#include "store/garbage.h"
#include "store/lmdb.h"
#include "store/write.h"

enum { BATCH = 32, SLICES_MAX = 1 << 20 };

/* Removes one entry; what it can still say that it names becomes garbage. An LMDB code. */
static int remove_entry(struct lrd_write *write, uint64_t hash)
{
	struct lrd_mount *mount = write->mount;
	struct lrd_record record;
	struct lrd_record_links links;
	MDB_val v;
	int mdb_rc = lrd_guard_get(mount, write->place.txn, mount->entries, hash, &v);

	if (mdb_rc != 0)
		return mdb_rc == MDB_NOTFOUND ? 0 : mdb_rc;
	if (lrd_record_decode(v.mv_data, v.mv_size, hash, &record, &links) == 0)
		return lrd_entry_remove(mount, write->place.txn, &record, &links);
	lrd_orphans_expect(mount);
	return lrd_guard_del(mount, write->place.txn, mount->entries, hash);
}

static int remove_garbage(struct lrd_write *write, uint64_t key)
{
	return lrd_garbage_remove(write->mount, write->place.txn, key);
}

/* Calls `act` for each item, some in each transaction. */
static int for_each(struct lrd_store *store, const struct lrd_check_list *list,
		    int (*act)(struct lrd_write *write, uint64_t item))
{
	int rc = 0;

	for (size_t i = 0; i < list->count && rc == 0;) {
		struct lrd_write *write = NULL;

		rc = lrd_write_begin(store, &write);
		if (rc < 0)
			return rc;
		for (size_t n = 0; n < BATCH && i < list->count && rc == 0; n++, i++) {
			int mdb_rc = act(write, list->items[i]);

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

/* Has every row of the garbage list freed, as far as nobody holds it. */
static int free_rows(struct lrd_store *store, int64_t now)
{
	struct lrd_upkeep done = { .more = true };
	int rc = 0;

	for (int i = 0; i < SLICES_MAX && rc == 0 && done.more; i++)
		rc = lrd_store_upkeep(store, now, &done);
	return rc;
}

static int mend(struct lrd_store *store, const struct lrd_check_lists *lists, int64_t now)
{
	ptrdiff_t freed = 0;
	int rc = for_each(store, &lists->garbage, remove_garbage);

	if (rc == 0)
		rc = for_each(store, &lists->entries, remove_entry);
	if (rc == 0)
		rc = lrd_orphans_discard(store, lists->orphans.items,
					 lists->orphans.count);
	if (rc == 0)
		freed = lrd_orphans_free(store);
	if (rc == 0 && freed < 0)
		rc = (int)freed;
	return rc == 0 ? free_rows(store, now) : rc;
}

/* The next operation of any process without `as_it_is` builds the store anew. */
static int give_up(struct lrd_store *store)
{
	struct lrd_mount *mount;
	int rc = lrd_env_enter(store->env, &mount);

	if (rc < 0)
		return rc;
	lrd_lmdb_poison(mount);
	lrd_mount_leave(mount);
	return 0;
}

int lrd_store_repair(struct lrd_store *store, int64_t now, struct lrd_check *found,
		     bool *rebuild, void (*report)(const char *line, void *ctx), void *ctx)
{
	struct lrd_check_lists lists = { 0 };
	struct lrd_check result = { 0 };
	int rc = lrd_check_run(store, &result, &lists, report, ctx);
	int findings = rc;

	*rebuild = false;
	if (rc == 1) {
		rc = result.bad_pages > 0 ? LARDER_ECORRUPT : mend(store, &lists, now);
		if (rc == LARDER_ECORRUPT) {
			*rebuild = true;
			rc = give_up(store);
		}
	}
	if (rc >= 0) {
		*found = result;
		rc = findings;
	}
	lrd_check_lists_free(&lists);
	return rc;
}
