/* SPDX-License-Identifier: MIT */
/*
 * groups.h - responses that stand and fall together: the groups of RFC 9875, and the answers
 * to QUERY on one URL.
 *
 * A group is a record of its own; its number in the store (cas) changes when the group is
 * invalidated. A response keeps the numbers that its groups had when it was stored, and is
 * valid as long as all of them are still the same:
 *
 *	GET /a, Cache-Groups: "x"	stores /a with x:17, and the record x if there is none
 *	POST /b, Cache-Group-Invalidation: "x"	writes the record anew: x is 23 now
 *	GET /a				17 is not 23: to be validated
 *
 * So invalidating costs one write for any number of responses, and what belongs to no group
 * pays nothing. A record that was evicted makes its responses doubtful, never valid again: the
 * next one has another number. The record keeps when it was invalidated last; an answer to an
 * older request is not stored. Head: i64, unix seconds, 0: never.
 *
 * Groups are an origin's, whoever is asking: they span partitions. What answers a QUERY goes
 * with the partition.
 */
#ifndef LRD_CACHE_GROUPS_H
#define LRD_CACHE_GROUPS_H

#include "cache/extra.h"
#include "cache/plan.h"

/* Are all groups as they were? A response whose extra does not read has none that are. */
bool lrd_stamps_hold(const struct lrd_ask *ask, struct lrd_read *read,
		     const struct lrd_response *response);

/*
 * Puts the stamps of a response with these fields into extra->stamps; group names lie in
 * `text`. *why is LRD_WHY_STORABLE, or that a group was invalidated since the request.
 */
LARDER_MUST_USE int lrd_stamps_make(const struct larder_plan *plan,
				    struct lrd_write *write, struct lrd_field_view fields,
				    struct lrd_buf *text, struct lrd_extra *extra,
				    enum lrd_why *why);

/* Does a response with these fields to this request need stamps? */
bool lrd_stamps_needed(const struct larder_plan *plan, struct lrd_field_view fields);

/*
 * The extra of an entry about to be written: its parts as they are in head->extra, its stamps
 * made anew; encoded into `out`, and head's slice and flag set. Outputs as above.
 */
LARDER_MUST_USE int lrd_stamps_renew(const struct larder_plan *plan,
				     struct lrd_write *write, struct lrd_field_view fields,
				     struct lrd_response *head, struct lrd_buf *out,
				     enum lrd_why *why);

/* Invalidates one group of an origin. Errors of the store. */
LARDER_MUST_USE int lrd_group_invalidate(struct larder_cache *cache,
					 const struct lrd_uri *origin, larder_slice group);

/* Invalidates what Cache-Group-Invalidation names. */
void lrd_groups_invalidate(struct larder_plan *plan,
			   const struct lrd_response_facts *response);

/* The name of the record behind all QUERYs on a normalised URL. ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_query_group_name(larder_slice url, struct lrd_buf *out);

/* The URL of a key's name: without what stands behind '#' in that of a QUERY. */
larder_slice lrd_query_base(larder_slice url);

#endif
