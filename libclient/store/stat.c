/* SPDX-License-Identifier: MIT */
/* stat.c - what a store holds and who uses it, in one look. */
#include "store/counters.h"
#include "store/env.h"
#include "store/lmdb.h"
#include "store/process.h"
#include "store/room.h"
#include "sys/file.h"

static int stat_tables(const struct lrd_read *read, struct lrd_store_stat *out)
{
	struct lrd_mount *mount = read->mount;
	MDB_txn *txn = read->at->txn;
	MDB_stat entries, garbage;
	uint64_t live = 0;
	int mdb_rc = mdb_stat(txn, mount->entries, &entries);

	if (mdb_rc == 0)
		mdb_rc = mdb_stat(txn, mount->garbage, &garbage);
	if (mdb_rc == 0)
		mdb_rc = lrd_room_live(mount, txn, &live);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(mount, mdb_rc);
	out->entries = entries.ms_entries;
	out->tree_depth = entries.ms_depth;
	out->garbage_bodies = garbage.ms_entries;
	out->used_bytes = live * LRD_PAGE;
	return 0;
}

int lrd_store_stat(struct lrd_store *store, struct lrd_store_stat *out)
{
	struct lrd_store_stat result = { 0 };
	struct lrd_file_facts facts;
	struct lrd_mount *mount;
	struct lrd_read read;
	mdb_filehandle_t fd;
	MDB_envinfo info;
	int rc = lrd_read_begin(store, &read);

	if (rc < 0)
		return rc;
	mount = read.mount;
	rc = stat_tables(&read, &result);
	if (rc == 0 &&
	    (mdb_env_info(mount->env, &info) != 0 ||
	     mdb_env_get_fd(mount->env, &fd) != 0 || lrd_file_facts(fd, &facts) < 0))
		rc = LARDER_EIO;
	if (rc == 0) {
		result.budget_bytes = mount->budget_bytes;
		result.map_bytes = mount->map_bytes;
		result.file_bytes = facts.disk_bytes;
		result.generation = mount->generation;
		result.created_at = mount->header->created_at;
		result.format = mount->header->format;
		result.damaged_at = atomic_load(&mount->shared->damaged_at);
		result.rebuilt_at = atomic_load(&mount->shared->rebuilt_at);
		result.readers_used = info.me_numreaders;
		result.readers_max = info.me_maxreaders;
		result.processes = lrd_process_count(mount);
		lrd_counters_sum(mount, result.counters);
		*out = result;
	}
	lrd_read_end(&read);
	return rc;
}
