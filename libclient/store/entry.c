/* SPDX-License-Identifier: MIT */
/* entry.c - changes to one entry inside a write transaction, its rows kept in step. */
#include "store/entry.h"

#include "store/garbage.h"
#include "store/rows.h"
#include "store/slots.h"

int lrd_entry_discard(struct lrd_mount *mount, MDB_txn *txn, uint64_t body_id,
		      uint64_t body_len, uint64_t text_id, uint64_t text_len)
{
	int mdb_rc = 0;

	if (body_id)
		mdb_rc = lrd_garbage_add(mount, txn, body_id, lrd_rows_count(body_len));
	if (mdb_rc == 0 && text_id)
		mdb_rc = lrd_garbage_add(mount, txn, text_id, lrd_rows_count(text_len));
	return mdb_rc;
}

int lrd_entry_remove(struct lrd_mount *mount, MDB_txn *txn,
		     const struct lrd_record *record, const struct lrd_record_links *links)
{
	int mdb_rc = lrd_guard_del(mount, txn, mount->entries, record->hash);

	if (mdb_rc != 0)
		return mdb_rc;
	lrd_slots_doom(mount, record->hash, record->slot);
	return lrd_entry_discard(mount, txn, record->body_id, record->body_len,
				 links->text_id, links->text_len);
}
