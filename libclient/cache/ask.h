/* SPDX-License-Identifier: MIT */
/*
 * ask.h - a request as the cache sees it: its key, its partition, its facts.
 *
 * Lives on the stack during a lookup and borrows the caller's bytes: a hit copies none of
 * them. A request that goes to the origin is copied into its plan (asked.h).
 */
#ifndef LRD_CACHE_ASK_H
#define LRD_CACHE_ASK_H

#include <stdbool.h>

#include "cache/handle.h"
#include "policy/partition.h"
#include "proto/http/uri.h"

enum { LRD_ASK_URL_BYTES = 1024 }; /* longer URLs are normalised on the heap */

struct lrd_ask {
	struct larder_cache *cache;
	struct lrd_policy policy; /* the cache's, and the caller's promise to refresh */
	struct lrd_request_facts facts;
	larder_slice method;
	struct lrd_uri uri; /* of the caller's text */
	larder_slice url; /* normalised: the name of the key; "URL#q..." of a QUERY */
	larder_slice partition;
	int64_t now;
	bool can_resume; /* the caller knows LARDER_RESUME */
	bool no_content; /* a QUERY, and nobody has told what it asks */
	bool looking_on; /* leaves no trace in use counts */
	bool can_wait; /* as in larder_lookup, these three */
	uint32_t wait_ms;
	uint32_t lease_ms;
	struct lrd_buf text; /* holds `url` unless the caller's text was normal */
	struct lrd_buf neighbour; /* URL of what answers in place of `url`: search.h */
	char url_storage[LRD_ASK_URL_BYTES];
	char partition_storage[LRD_PARTITION_NAME_SIZE];
};

/* EINVAL, EURL, ENOMEM; on failure nothing is to be released. */
LARDER_MUST_USE int lrd_ask_init(struct lrd_ask *ask, struct larder_cache *cache,
				 const larder_lookup *lookup);
/* What starts empty in an ask that is made by other means. */
void lrd_ask_begin(struct lrd_ask *ask);
void lrd_ask_release(struct lrd_ask *ask);

#endif
