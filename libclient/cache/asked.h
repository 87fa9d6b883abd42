/* SPDX-License-Identifier: MIT */
/* asked.h - the copy of a request that a plan keeps until the origin's answer is there. */
#ifndef LRD_CACHE_ASKED_H
#define LRD_CACHE_ASKED_H

#include "cache/ask.h"

/* One block; slices point into it. It may hold credentials: freeing wipes it. */
struct lrd_asked {
	size_t size; /* of the block */
	struct lrd_policy policy;
	struct lrd_request_facts facts;
	struct lrd_uri uri; /* of `url` */
	larder_slice method;
	larder_slice url;
	larder_slice partition;
	larder_slice directory; /* the URL's directory as it stood at lookup, or empty */
	int64_t time;           /* of the lookup */
	bool can_resume;        /* the caller knows LARDER_RESUME */
	uint64_t fence;         /* seen at lookup: fence.h */
	uint64_t seen_cas;      /* of the entry at the URL's key; 0: none */
};

/* Copies. ENOMEM. */
LARDER_MUST_USE int lrd_asked_new(const struct lrd_ask *ask, larder_slice directory,
				  struct lrd_asked **out);
void lrd_asked_free(struct larder_cache *cache,
		    struct lrd_asked *asked); /* NULL is welcome */

#endif
