/* SPDX-License-Identifier: MIT */
/* lookup.h - from a key to a verified, live record, inside any transaction. */
#ifndef LRD_STORE_LOOKUP_H
#define LRD_STORE_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"
#include "store/record.h"

/* What a lookup works in: `place` has the transaction, and keeps cursor and texts. */
struct lrd_lookup {
	struct lrd_mount *mount;
	struct lrd_place *place;
};

/* The value under a key as the transaction sees it: ENOTFOUND, ECORRUPT (counted). */
int lrd_lookup_raw(const struct lrd_lookup *lookup, uint64_t hash, MDB_val *out);

/*
 * The record stored under a key's hash, whole and checked, live or not. `raw` (may be NULL)
 * gets the value as stored. ENOTFOUND, ECORRUPT (reported as damaged), ENOMEM.
 */
int lrd_lookup_hash(const struct lrd_lookup *lookup, uint64_t hash,
		    struct lrd_record *out, struct lrd_record_links *links, MDB_val *raw);

/* The same from a value that a cursor found. */
int lrd_lookup_value(const struct lrd_lookup *lookup, uint64_t hash, const MDB_val *value,
		     struct lrd_record *out, struct lrd_record_links *links);

/* lrd_lookup_hash, and ENOTFOUND unless it is this very key's and live at `now`. */
int lrd_lookup_key(const struct lrd_lookup *lookup, const struct lrd_key *key,
		   int64_t now, struct lrd_record *out, struct lrd_record_links *links);

/* Whether the record's time is not over and no flush has passed it. */
bool lrd_lookup_is_live(const struct lrd_mount *mount, const struct lrd_record *record,
			uint32_t epoch, int64_t now);

/* Copies body bytes, verified. Damage is reported. */
int lrd_lookup_body(const struct lrd_lookup *lookup, const struct lrd_record *record,
		    uint64_t offset, void *dst, size_t len);

void lrd_scratch_free(struct lrd_scratch *scratch);

#endif
