/* SPDX-License-Identifier: MIT */
/* handle.h - an open cache: a store, and how this user of it wants decisions made. */
#ifndef LRD_CACHE_HANDLE_H
#define LRD_CACHE_HANDLE_H

#include <stdint.h>

#include <larder/cache.h>

#include "policy/facts.h"
#include "store/store.h"

/* Nothing here changes after larder_cache_open: threads share it without a lock. */
struct larder_cache {
	struct lrd_store *store;
	larder_allocator allocator;
	struct lrd_policy policy;
	uint64_t max_body_bytes;
	size_t max_variants;
	char *targets; /* behind policy.targets */
};

/*
 * The key of hashes that stand in for credentials and selecting texts. It comes from the
 * store's own secret, so that all processes have the same and nothing needs to be kept.
 */
void lrd_cache_secret(const struct larder_cache *cache, uint8_t secret[16]);

#endif
