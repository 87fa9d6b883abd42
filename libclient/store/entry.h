/* SPDX-License-Identifier: MIT */
/* entry.h - changes to one entry inside a write transaction, its rows kept in step. */
#ifndef LRD_STORE_ENTRY_H
#define LRD_STORE_ENTRY_H

#include <stdint.h>

#include "store/mount.h"
#include "store/record.h"

/* What both return are LMDB codes. */

/* Removes the entry under `hash`; bodies that its record names become garbage. */
int lrd_entry_remove(struct lrd_mount *mount, MDB_txn *txn,
		     const struct lrd_record *record,
		     const struct lrd_record_links *links);

/* Puts the rows that a record no longer needs on the garbage list. Ids of 0 are nothing. */
int lrd_entry_discard(struct lrd_mount *mount, MDB_txn *txn, uint64_t body_id,
		      uint64_t body_len, uint64_t text_id, uint64_t text_len);

#endif
