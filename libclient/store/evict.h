/* SPDX-License-Identifier: MIT */
/*
 * evict.h - choosing entries to remove: what is over first, then what is used least.
 *
 * Two queues of slots. A new entry stands on probation; the hand there removes what was not
 * used since, and moves what was to the main queue, whose hand lowers counts and removes who
 * has none left. A key that was evicted not long ago comes back into main. Probation has 5 to
 * 70 % of all bytes: more when keys come back that it has just evicted, less when they are
 * main's.
 */
#ifndef LRD_STORE_EVICT_H
#define LRD_STORE_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

struct lrd_evicted {
	uint64_t live;
	uint64_t expired;
	uint64_t stale; /* slots that turned out to be nobody's */
};

/*
 * Removes entries whose records and rows take about `pages`, bounded by LRD_ROOM_SLICE and
 * `deadline_ns`. Rows go to the garbage list: their pages are freed by a later transaction.
 * Entries whose bodies are held stay. An LMDB code; nothing removed means that there is
 * nothing.
 */
int lrd_evict_some(struct lrd_mount *mount, MDB_txn *txn, uint64_t pages,
		   uint64_t deadline_ns, struct lrd_evicted *done);

/* Whether entries may be over that no sweep has passed yet. For anybody, at no cost. */
bool lrd_evict_is_due(const struct lrd_mount *mount, int64_t now);

/* How much one call of lrd_evict_expired may do. */
struct lrd_sweep {
	int64_t now;
	uint64_t deadline_ns;
	uint64_t wanted_bytes; /* enough is enough */
	uint32_t looks;        /* slots */
	size_t pages;          /* that removing may touch */
};

/*
 * Removes entries whose time is over, from where the last sweep stopped. Adds what they take
 * to `*bytes`. An LMDB code.
 */
int lrd_evict_expired(struct lrd_mount *mount, MDB_txn *txn, const struct lrd_sweep *sweep,
		      struct lrd_evicted *done, uint64_t *bytes);

#endif
