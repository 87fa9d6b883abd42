/* SPDX-License-Identifier: MIT */
/* invalidate.h - removing all stored responses of one URL. */
#ifndef LRD_CACHE_INVALIDATE_H
#define LRD_CACHE_INVALIDATE_H

#include "cache/handle.h"

/*
 * Removes every variant of a normalised URL in one partition and leaves a tombstone (fence.h).
 * Returns how many responses there were, or an error of the store; *fence (may be NULL) is the
 * tombstone's.
 */
LARDER_MUST_USE ptrdiff_t lrd_invalidate_url(struct larder_cache *cache,
					     larder_slice partition, larder_slice url,
					     uint64_t *fence);

#endif
