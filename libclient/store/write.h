/* SPDX-License-Identifier: MIT */
/* write.h - the write transaction as the store's own parts see it. */
#ifndef LRD_STORE_WRITE_H
#define LRD_STORE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/lookup.h"
#include "store/store.h"

struct lrd_write {
	struct lrd_store *store;
	struct lrd_mount *mount;
	struct lrd_place place; /* the transaction, its row cursor, its texts */
	size_t pages;           /* touched so far, estimated from above */
	int failed;             /* the error that ended its use */
};

/* lrd_write_begin with room for `pages` beside the usual headroom. */
int lrd_write_begin_sized(struct lrd_store *store, uint64_t pages, struct lrd_write **out);

/* Notes an LMDB error: nothing more can be done in this transaction. Returns its code. */
int lrd_write_fail(struct lrd_write *write, int mdb_rc);

/*
 * Makes sure that `pages` more fit the budget. Only an untouched transaction can wait for
 * others to be evicted, in a transaction of their own. EFULL.
 */
int lrd_write_need(struct lrd_write *write, uint64_t pages);

/* Evicts a slice, in a transaction of its own, unless `pages` are free. Only before the first
 * use. `more`: they are not free yet. */
int lrd_write_evict(struct lrd_write *write, uint64_t pages, bool *more);

/*
 * The map was full: readers of old snapshots keep more pages than it has to spare. Clears the
 * dead among them, makes more room and begins anew; only an untouched transaction can. EFULL.
 */
int lrd_write_restart(struct lrd_write *write, uint64_t pages);

/*
 * Stores a record for `put`. `body_id` not 0: its rows hold `body.len` bytes already and
 * body.ptr is not looked at.
 */
int lrd_write_store(struct lrd_write *write, const struct lrd_put *put, uint64_t body_id,
		    larder_slice body, uint64_t *cas_out);

#endif
