/* SPDX-License-Identifier: MIT */
/* lmdb.c - what LMDB's answers mean, and the counting of damage to its structure. */
#include "store/lmdb.h"

#include <errno.h>

#include <larder/types.h>

enum { POISON_AFTER = 2 };

int lrd_lmdb_code(int mdb_rc)
{
	switch (mdb_rc) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return LARDER_ENOTFOUND;
	case MDB_KEYEXIST:
		return LARDER_EEXIST;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return LARDER_EFULL;
	case MDB_READERS_FULL:
		return LARDER_EBUSY;
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
		return LARDER_EFORMAT;
	case ENOMEM:
		return LARDER_ENOMEM;
	default:
		return lrd_lmdb_is_damage(mdb_rc) ? LARDER_ECORRUPT : LARDER_EIO;
	}
}

bool lrd_lmdb_is_damage(int mdb_rc)
{
	switch (mdb_rc) {
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_PANIC:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN:
	case MDB_BAD_VALSIZE:
	case MDB_BAD_DBI:
		return true;
	default:
		return false;
	}
}

void lrd_lmdb_poison(struct lrd_mount *mount)
{
	uint64_t expected = mount->state;

	(void)atomic_compare_exchange_strong(&mount->shared->state, &expected,
					     mount->state | LRD_STATE_POISON);
}

int lrd_lmdb_damaged(struct lrd_mount *mount)
{
	if (atomic_fetch_add(&mount->shared->corruptions, 1) + 1 >= POISON_AFTER)
		lrd_lmdb_poison(mount);
	return LARDER_ECORRUPT;
}

int lrd_lmdb_failed(struct lrd_mount *mount, int mdb_rc)
{
	if (lrd_lmdb_is_damage(mdb_rc))
		return lrd_lmdb_damaged(mount);
	return lrd_lmdb_code(mdb_rc);
}
