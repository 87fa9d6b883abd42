/* SPDX-License-Identifier: MIT */
/*
 * validate.h - conditional requests, both ways: the conditions that confirm a stored response
 * (RFC 9111 s4.3.1), which one a 304 confirms (s4.3.4), what a HEAD says about one (s4.3.5),
 * and the caller's own conditions answered from a fresh one (s4.3.2).
 */
#ifndef LRD_POLICY_VALIDATE_H
#define LRD_POLICY_VALIDATE_H

#include "policy/facts.h"
#include "proto/bytes/buf.h"

/* Entity tags of other stored variants that join one If-None-Match, and their lengths. */
enum { LRD_VALIDATE_TAGS = 16, LRD_VALIDATE_TAG_BYTES = 512 };

/* What a stored response can be recognised by. Slices as received; ptr NULL: absent. */
struct lrd_validators {
	larder_slice etag;
	larder_slice last_modified;
	int64_t date;
};

void lrd_validators_read(struct lrd_field_view fields, int64_t date,
			 struct lrd_validators *out);

/*
 * Writes the value of If-None-Match for several stored tags, each exactly as received, each
 * once. 1 with `out` appended, 0 when there is none, or ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_validate_tags(const struct lrd_validators *at, size_t count,
				      struct lrd_buf *out);

/*
 * Which of the stored responses that the request asked about does this 304 confirm? Returns
 * its index, or -1 for none. With a tag or a date in the 304, the most recent one that has
 * the same; without any, the only one there is.
 */
ptrdiff_t lrd_validate_select(struct lrd_field_view response,
			      const struct lrd_validators *at, size_t count);

/* Do both carry the same strong validator (RFC 9110 s8.8)? Such entries are updated together. */
bool lrd_validate_same_strong(struct lrd_field_view response,
			      const struct lrd_validators *stored);

/* Does this 200 to a HEAD speak of the stored GET's content (RFC 9111 s4.3.5)? */
bool lrd_validate_head_fits(struct lrd_field_view response,
			    const struct lrd_validators *stored, uint64_t stored_body_len);

/*
 * The caller's If-None-Match or If-Modified-Since against a stored response of status 200:
 * true when it is to be answered with 304. If-None-Match wins; malformed fields say nothing;
 * without a Last-Modified the response's date stands in for it.
 */
bool lrd_validate_not_modified(const struct lrd_request_facts *request,
			       const struct lrd_validators *stored, int64_t now);

/* Does this field belong into a 304 made here (RFC 9110 s15.4.5)? */
bool lrd_validate_field_in_304(larder_slice name);

#endif
