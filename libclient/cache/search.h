/* SPDX-License-Identifier: MIT */
/*
 * search.h - stored responses whose query may differ from the one asked for (No-Vary-Search).
 *
 * For each path that has such a response there is one record that lists them, the newest
 * first, under a key made of the URL up to its query. It is looked at only where the URL
 * itself is not stored. Little-endian:
 *
 *	 0  u8  form (1)	 1  u8  0	 2  u16  count	 4  u32  0
 *	 8  count times:	u16 query_len  u16 names_len  u32 LRD_SEARCH_*  query  names
 *
 * It only points: what it names is found, chosen and judged like any other response.
 */
#ifndef LRD_CACHE_SEARCH_H
#define LRD_CACHE_SEARCH_H

#include "cache/ask.h"
#include "cache/plan.h"
#include "policy/search.h"

enum { LRD_SEARCH_FORM = 1, LRD_SEARCH_FIXED = 8, LRD_SEARCH_ENTRY = 8, LRD_SEARCH_KEPT = 16,
       LRD_SEARCH_QUERY = 4096, LRD_SEARCH_BYTES = 128 * 1024 };

/*
 * Appends the URL of the stored response of that place among those that may answer the
 * request instead of its own: 1, 0 when there is none (left), ENOMEM.
 */
LARDER_MUST_USE int lrd_search_find(const struct lrd_ask *ask, struct lrd_read *read,
				    size_t place, struct lrd_buf *url);

/* Lists the response being published, if its fields free its query from anything. */
LARDER_MUST_USE int lrd_search_list(const struct larder_plan *plan,
				    struct lrd_write *write, struct lrd_field_view fields);

/* Takes the list of a URL's path away: what is invalidated must not be found by it. */
LARDER_MUST_USE int lrd_search_forget(struct larder_cache *cache, struct lrd_write *write,
				      larder_slice partition, larder_slice url);

#endif
