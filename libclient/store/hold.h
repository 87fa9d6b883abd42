/* SPDX-License-Identifier: MIT */
/*
 * hold.h - keeping the rows of a body from being freed.
 *
 * Why it is safe: a taker publishes its hold, then finds the record in a snapshot begun after
 * that. Rows are freed by a transaction later than the one that removed the record, and it
 * looks at the holds first. So either the taker no longer finds the record, or the freeing
 * transaction sees the hold.
 */
#ifndef LRD_STORE_HOLD_H
#define LRD_STORE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

/* Takes a place. EBUSY: all are in use. */
int lrd_hold_claim(struct lrd_mount *mount, uint64_t body_id, uint32_t *place,
		   uint32_t *serial);
/* Whether the claim still stands; `renew` starts its time anew. */
bool lrd_hold_stands(struct lrd_mount *mount, uint32_t place, uint32_t serial, bool renew);
void lrd_hold_unclaim(struct lrd_mount *mount, uint32_t place, uint32_t serial);

/* The bodies held now, sorted: taken once for each freeing transaction. */
struct lrd_held {
	uint32_t count;
	uint64_t ids[LRD_HOLDS];
};
void lrd_held_load(const struct lrd_mount *mount, struct lrd_held *out);
bool lrd_held_has(const struct lrd_held *held, uint64_t body_id);

#endif
