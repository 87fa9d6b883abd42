/* SPDX-License-Identifier: MIT */
/*
 * fence.h - how an answer that an invalidation has overtaken is kept out (RFC 9111 s4.4).
 *
 *	worker A			worker B
 *	GET /doc, not stored
 *	  ... slow answer ...		PUT /doc, 200: invalidates
 *	answer arrives: the old /doc
 *
 * An invalidation leaves a tombstone at the URL's key for LRD_FENCE_S seconds; its number in
 * the store (cas) is the fence. What is stored later at that key carries the fence on. Who
 * fetches remembers the fence seen at lookup and stores only where none, or the same, stands
 * at commit. A fetch that took longer than a tombstone lives is not stored.
 */
#ifndef LRD_CACHE_FENCE_H
#define LRD_CACHE_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum { LRD_FENCE_S = 3600 };

/* The fence that stands at a key, as its record tells; 0: none. `record` NULL: no entry. */
uint64_t lrd_fence_of(const struct lrd_record *record);

/* May an answer to a request that saw `seen` be stored where `now_there` stands? */
static inline bool lrd_fence_open(uint64_t seen, uint64_t now_there)
{
	return now_there == 0 || now_there == seen;
}

#endif
