/* SPDX-License-Identifier: MIT */
/*
 * batch.h - the one transaction that the commands of one read share.
 *
 * Begins as nothing. A look-up opens a read transaction; the first write ends it and takes a
 * write transaction, in which later look-ups see what the batch wrote. lrd_batch_settle()
 * ends whichever is open, and must be called before bytes leave or anything else may block.
 *
 * When the store refuses (its gate is busy, the disk is full), the batch remembers the error
 * and refuses every further write at once: twenty commands do not wait twenty times.
 */
#ifndef LRD_CACHED_BATCH_H
#define LRD_CACHED_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "store/store.h"

struct lrd_batch {
	struct lrd_store *store;
	int64_t now;
	struct lrd_write *write;
	struct lrd_read read;
	bool reading;
	int refused; /* 0, or why no write is tried */
};

void lrd_batch_init(struct lrd_batch *batch, struct lrd_store *store, int64_t now);

/* Makes sure that a write transaction is open. */
int lrd_batch_write(struct lrd_batch *batch) LARDER_MUST_USE;

/* As lrd_read_get() and lrd_read_body(), through whichever transaction is open. */
int lrd_batch_get(struct lrd_batch *batch, const struct lrd_key *key,
		  struct lrd_record *out) LARDER_MUST_USE;
int lrd_batch_body(struct lrd_batch *batch, const struct lrd_record *record,
		   uint64_t offset, void *dst, size_t len) LARDER_MUST_USE;

/*
 * Commits. An error means that nothing of the batch's writes since the last settling was
 * stored: whoever was told otherwise must be told anew.
 */
int lrd_batch_settle(struct lrd_batch *batch) LARDER_MUST_USE;

/* Has written so much that it should be settled. */
bool lrd_batch_is_full(const struct lrd_batch *batch);

/* Gives up what is open, nothing stored. */
void lrd_batch_drop(struct lrd_batch *batch);

#endif
