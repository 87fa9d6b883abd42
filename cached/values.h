/* SPDX-License-Identifier: MIT */
/*
 * values.h - what memcache's commands mean in the store's terms.
 *
 * A value is an entry of kind LRD_KIND_VALUE in the anonymous partition whose name is the
 * key. Entries of other kinds under the same name count as absent and are replaced by a
 * store. Every function works inside the batch and returns an enum lrd_mc_status, or a
 * negative error after which the batch's write transaction is lost.
 */
#ifndef LRD_CACHED_VALUES_H
#define LRD_CACHED_VALUES_H

#include <stdint.h>

#include <larder/types.h>

#include "cache/record.h"
#include "cached/batch.h"
#include "proto/bytes/buf.h"
#include "proto/memcache/command.h"
#include "proto/memcache/reply.h"

struct lrd_value_rules {
	bool no_cas;       /* compare values are not kept */
	bool no_evictions; /* EFULL in place of evicting */
	uint64_t item_max;
};

/* ENOTFOUND when no value has that key. Fills *key for later calls. */
int lrd_value_find(struct lrd_batch *batch, larder_slice name, struct lrd_key *key,
		   struct lrd_record *record) LARDER_MUST_USE;

/* With -M the budget is a wall: EFULL where `len` more bytes might make the store evict. */
int lrd_value_check_room(struct lrd_batch *batch, const struct lrd_value_rules *rules,
			 uint64_t len) LARDER_MUST_USE;

/*
 * set, add, replace, append, prepend and cas of a block in memory. ELIMIT: an appended value
 * is too large for one transaction, see join.h; the transaction is not lost then.
 */
int lrd_value_store(struct lrd_batch *batch, const struct lrd_value_rules *rules,
		    const struct lrd_mc_command *command,
		    struct lrd_buf *scratch) LARDER_MUST_USE;

/* The same for a block that arrived in pieces; `take` is consumed unless an error returns. */
int lrd_value_publish(struct lrd_batch *batch, const struct lrd_value_rules *rules,
		      const struct lrd_mc_command *command,
		      struct lrd_fill *take) LARDER_MUST_USE;

int lrd_value_delete(struct lrd_batch *batch, larder_slice name) LARDER_MUST_USE;

/* LRD_MC_NUMBER with *result set, LRD_MC_NOT_FOUND, or LRD_MC_CLIENT_ERROR: no number. */
int lrd_value_count(struct lrd_batch *batch, const struct lrd_mc_command *command,
		    uint64_t *result) LARDER_MUST_USE;

/* A new expiry for a record just found in the batch's write transaction. */
int lrd_value_touch(struct lrd_batch *batch, const struct lrd_key *key,
		    const struct lrd_record *record, int64_t exptime) LARDER_MUST_USE;

#endif
