/* SPDX-License-Identifier: MIT */
/* data.c - data.mdb and lock.mdb: building them, checking what names lead to, opening. */
#include "store/data.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/control.h"
#include "store/identity.h"
#include "store/lmdb.h"
#include "store/page.h"
#include "store/pages.h"
#include "store/room.h"
#include "sys/crash.h"
#include "sys/error.h"
#include "sys/file.h"

/* The map is read-only: a stray store of the host process must not reach the data. */
enum { ENV_FLAGS = MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD | MDB_NOMEMINIT };

enum { FIRST_TXNID = 1 }; /* of the commit that makes the tables */

static bool is_named(const struct lrd_file_facts *facts, uint64_t dev, uint64_t ino)
{
	return facts->dev == dev && facts->ino == ino;
}

enum lrd_data_verdict lrd_data_inspect(const struct lrd_mount *mount, int dir_fd)
{
	const struct lrd_control_header *header = mount->header;
	struct lrd_file_facts data;
	struct lrd_file_facts lock;

	if (lrd_file_facts_at(dir_fd, LRD_FILE_DATA, &data) < 0 ||
	    lrd_file_facts_at(dir_fd, LRD_FILE_LOCK, &lock) < 0)
		return LRD_DATA_UNUSABLE;
	/* A file shorter than what was reserved for it was cut: reading it would be SIGBUS. */
	if (!data.is_regular || !lock.is_regular || data.size_bytes < 2 * LRD_PAGE ||
	    data.size_bytes < atomic_load(&mount->shared->reserved_bytes))
		return LRD_DATA_UNUSABLE;
	if (!is_named(&data, header->data_dev, header->data_ino) ||
	    !is_named(&lock, header->lock_dev, header->lock_ino))
		return LRD_DATA_MOVED;
	return LRD_DATA_GOOD;
}

/* Whether a meta page is of this store. What LMDB checks by itself is left to it. */
static bool is_meta_sound(const struct lrd_mount *mount, const unsigned char *page)
{
	/* LMDB would map what this says, and fail for want of memory if it is too much. */
	return lrd_page_u64(page + LRD_META_MAP_AT) == mount->map_bytes &&
	       lrd_page_u32(page + LRD_META_FREE_AT) == LRD_PAGE &&
	       lrd_page_u64(page + LRD_META_LAST_AT) < mount->map_bytes / LRD_PAGE;
}

bool lrd_data_looks_sound(const struct lrd_mount *mount, int dir_fd)
{
	unsigned char metas[2 * LRD_PAGE];
	struct lrd_pages found = { 0 };
	uint64_t commit = atomic_load(&mount->shared->commit_txnid);
	uint64_t first, second, newest, last;
	struct lrd_file_facts facts;
	bool sound = false;
	int fd = -1;

	if (lrd_file_open_at(dir_fd, LRD_FILE_DATA, &fd) < 0)
		return false;
	if (lrd_file_facts(fd, &facts) < 0 ||
	    pread(fd, metas, sizeof(metas), 0) != (ssize_t)sizeof(metas) ||
	    !is_meta_sound(mount, metas) || !is_meta_sound(mount, metas + LRD_PAGE))
		goto out;
	first = lrd_page_u64(metas + LRD_META_TXNID_AT);
	second = lrd_page_u64(metas + LRD_PAGE + LRD_META_TXNID_AT);
	newest = first > second ? first : second;
	last = lrd_page_u64((first > second ? metas : metas + LRD_PAGE) +
			    LRD_META_LAST_AT);
	/* Commits take turns, and the last that was begun is there or is the next: another
	 * newest one would bring back what was replaced. */
	sound = (first == second + 1 || second == first + 1) && first % 2 == 0 &&
		(newest == commit || newest + 1 == commit);
	if (sound && last >= facts.size_bytes / LRD_PAGE)
		sound = lrd_pages_check(fd, NULL, &found, NULL, NULL) == 0 &&
			found.bad_pages == 0;
out:
	(void)close(fd);
	return sound;
}

int lrd_data_adopt(struct lrd_mount *mount, int dir_fd)
{
	struct lrd_control_header *header = mount->header;
	struct lrd_file_facts data;
	struct lrd_file_facts lock;
	int rc = lrd_file_facts_at(dir_fd, LRD_FILE_DATA, &data);

	if (rc == 0)
		rc = lrd_file_facts_at(dir_fd, LRD_FILE_LOCK, &lock);
	if (rc < 0)
		return rc;
	header->data_dev = data.dev;
	header->data_ino = data.ino;
	header->lock_dev = lock.dev;
	header->lock_ino = lock.ino;
	lrd_control_seal(header);
	return 0;
}

static int open_tables(MDB_txn *txn, unsigned int flags, MDB_dbi *entries, MDB_dbi *rows,
		       MDB_dbi *garbage)
{
	int mdb_rc = mdb_dbi_open(txn, "entries", MDB_INTEGERKEY | flags, entries);

	if (mdb_rc == 0)
		mdb_rc = mdb_dbi_open(txn, "rows", MDB_INTEGERKEY | flags, rows);
	if (mdb_rc == 0)
		mdb_rc = mdb_dbi_open(txn, "garbage", MDB_INTEGERKEY | flags, garbage);
	return mdb_rc;
}

static int make_env(MDB_env **out)
{
	MDB_env *env = NULL;
	int mdb_rc = mdb_env_create(&env);

	if (mdb_rc != 0)
		return mdb_rc;
	mdb_rc = mdb_env_set_maxreaders(env, LRD_READERS);
	if (mdb_rc == 0)
		mdb_rc = mdb_env_set_maxdbs(env, 3);
	if (mdb_rc != 0) {
		mdb_env_close(env);
		return mdb_rc;
	}
	*out = env;
	return 0;
}

/* Makes an empty environment at `path`, which names the data file itself. */
static int build_env(const char *path, uint64_t map_bytes, mdb_mode_t mode, bool *full)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi entries, rows, garbage;
	mdb_filehandle_t fd;
	int mdb_rc = make_env(&env);
	int rc;

	if (mdb_rc != 0)
		return lrd_lmdb_code(mdb_rc);
	mdb_rc = mdb_env_set_mapsize(env, (size_t)map_bytes);
	if (mdb_rc == 0)
		mdb_rc = mdb_env_open(env, path, ENV_FLAGS | MDB_NOSUBDIR, mode);
	if (mdb_rc == 0)
		mdb_rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (mdb_rc == 0) {
		mdb_rc = open_tables(txn, MDB_CREATE, &entries, &rows, &garbage);
		if (mdb_rc == 0)
			mdb_rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	rc = lrd_lmdb_code(mdb_rc);
	/* The first blocks: with them even a full disk leaves room to delete. */
	if (rc == 0 && mdb_env_get_fd(env, &fd) == 0)
		rc = lrd_file_reserve(fd, 0, LRD_ROOM_FIRST_BYTES);
	*full = rc == LARDER_EFULL;
	mdb_env_close(env);
	return rc;
}

int lrd_data_build(struct lrd_mount *mount, const struct lrd_mount_request *request,
		   larder_error *err)
{
	mdb_mode_t mode = mount->header->group_shared ? 0660 : 0600;
	char path[PATH_MAX];
	bool full = false;
	int dir_fd = request->dir_fd;
	int rc = lrd_file_unlink_at(dir_fd, LRD_FILE_NEW_DATA);

	if (rc == 0)
		rc = lrd_file_unlink_at(dir_fd, LRD_FILE_NEW_LOCK);
	if (rc == 0 && snprintf(path, sizeof(path), "%s/%s", request->path,
				LRD_FILE_NEW_DATA) >= (int)sizeof(path))
		rc = LARDER_EINVAL;
	if (rc == 0)
		rc = build_env(path, mount->map_bytes, mode, &full);
	/* The umask may have taken the group's bits away. */
	if (rc == 0 && (fchmodat(dir_fd, LRD_FILE_NEW_DATA, mode, 0) < 0 ||
			fchmodat(dir_fd, LRD_FILE_NEW_LOCK, mode, 0) < 0))
		rc = LARDER_EIO;
	LRD_CRASH_POINT("store.build.before_rename");
	if (rc == 0)
		rc = lrd_file_rename_at(dir_fd, LRD_FILE_NEW_LOCK, LRD_FILE_LOCK);
	LRD_CRASH_POINT("store.build.between_renames");
	if (rc == 0)
		rc = lrd_file_rename_at(dir_fd, LRD_FILE_NEW_DATA, LRD_FILE_DATA);
	if (rc == 0)
		rc = lrd_data_adopt(mount, dir_fd);
	if (rc < 0) {
		(void)lrd_file_unlink_at(dir_fd, LRD_FILE_NEW_DATA);
		(void)lrd_file_unlink_at(dir_fd, LRD_FILE_NEW_LOCK);
		return lrd_error_set(err, rc, LARDER_PHASE_STORE, 0, NULL,
				     "cannot build %s/%s: %s", request->path,
				     LRD_FILE_DATA,
				     full ? "the disk is full" : larder_strerror(rc));
	}
	atomic_store(&mount->shared->reserved_bytes, LRD_ROOM_FIRST_BYTES);
	atomic_store(&mount->shared->commit_txnid, FIRST_TXNID);
	return 0;
}

/* Whether the files that LMDB opened by name are those that were checked, and whole. */
static int verify_open(const struct lrd_mount *mount, MDB_env *env, int dir_fd)
{
	struct lrd_file_facts data;
	mdb_filehandle_t fd;
	MDB_envinfo info;

	if (mdb_env_get_fd(env, &fd) != 0 || lrd_file_facts(fd, &data) < 0 ||
	    mdb_env_info(env, &info) != 0)
		return LARDER_EIO;
	if (!is_named(&data, mount->header->data_dev, mount->header->data_ino) ||
	    lrd_data_inspect(mount, dir_fd) != LRD_DATA_GOOD)
		return LARDER_ECORRUPT;
	if (info.me_mapsize != mount->map_bytes ||
	    ((uint64_t)info.me_last_pgno + 1) * LRD_PAGE > data.size_bytes)
		return LARDER_ECORRUPT;
	return 0;
}

int lrd_data_open(struct lrd_mount *mount, const char *path, int dir_fd)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	int mdb_rc = make_env(&env);
	int rc;

	if (mdb_rc != 0)
		return lrd_lmdb_code(mdb_rc);
	/* No map size: only the creator passes one, and it stands in the file. */
	mdb_rc = lrd_guard_set_up(mount, env);
	if (mdb_rc == 0)
		mdb_rc = mdb_env_open(env, path, ENV_FLAGS, 0600);
	if (mdb_rc != 0) {
		/* EINVAL and EAGAIN come from a lock file of another kind. */
		mdb_env_close(env);
		return lrd_lmdb_code(mdb_rc);
	}
	rc = verify_open(mount, env, dir_fd);
	if (rc < 0) {
		mdb_env_close(env);
		return rc;
	}
	mount->env = env;
	rc = lrd_tree_map(mount);
	if (rc < 0)
		goto out;
	mdb_rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (mdb_rc == MDB_READERS_FULL) {
		int dead = 0;

		(void)mdb_reader_check(env, &dead);
		mdb_rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	}
	rc = lrd_lmdb_code(mdb_rc);
	if (rc < 0)
		goto out;
	/* The table of tables by our own eyes first: LMDB would believe it. */
	rc = lrd_snapshot_sound(mount, txn);
	if (rc == 0) {
		mdb_rc = open_tables(txn, 0, &mount->entries, &mount->rows,
				     &mount->garbage);
		rc = mdb_rc == MDB_NOTFOUND ? LARDER_ECORRUPT : lrd_lmdb_code(mdb_rc);
	}
	/* Only a commit keeps the tables open. */
	if (rc == 0)
		rc = lrd_lmdb_code(mdb_txn_commit(txn));
	else
		mdb_txn_abort(txn);
out:
	if (rc < 0) {
		lrd_tree_unmap(mount);
		mount->env = NULL;
		mdb_env_close(env);
	}
	return rc;
}

int lrd_data_check_ids(struct lrd_mount *mount)
{
	struct lrd_snapshot snapshot = { 0 };
	MDB_txn *txn = NULL;
	uint64_t row = 0;
	uint64_t body = 0;
	int rc = lrd_lmdb_code(mdb_txn_begin(mount->env, NULL, MDB_RDONLY, &txn));

	if (rc < 0)
		return rc;
	rc = lrd_snapshot_load(mount, txn, true, &snapshot);
	if (rc == 0)
		rc = lrd_tree_last(&snapshot, LRD_TREE_ROWS, &row);
	if (rc == LARDER_ENOTFOUND)
		rc = 0;
	if (rc == 0)
		rc = lrd_tree_last(&snapshot, LRD_TREE_GARBAGE, &body);
	if (rc == LARDER_ENOTFOUND)
		rc = 0;
	mdb_txn_abort(txn);
	if (rc < 0)
		return rc;
	row >>= LRD_ROW_BITS;
	if (row > body)
		body = row;
	if (atomic_load(&mount->shared->next_body_id) <= body)
		atomic_store(&mount->shared->next_body_id, body + 1);
	return 0;
}
