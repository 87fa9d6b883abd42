/* SPDX-License-Identifier: MIT */
/*
 * evict.h - choosing entries to remove: what is over first, then what is used least.
 *
 * A sample: windows of neighbours at random places of the table, which the seeded hash has
 * put in random order. In each, all that is expired goes, then the less useful half.
 */
#ifndef LRD_STORE_EVICT_H
#define LRD_STORE_EVICT_H

#include <stdint.h>

#include "store/mount.h"

struct lrd_evicted {
	uint64_t live;
	uint64_t expired;
};

/*
 * Removes entries whose records and rows take about `pages`, bounded by LRD_ROOM_SLICE and
 * `deadline_ns`. Rows go to the garbage list: their pages are freed by a later transaction.
 * An LMDB code; nothing removed means that there is nothing.
 */
int lrd_evict_some(struct lrd_mount *mount, MDB_txn *txn, uint64_t pages,
		   uint64_t deadline_ns, struct lrd_evicted *done);

#endif
