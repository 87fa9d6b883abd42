/* SPDX-License-Identifier: MIT */
/* merge.h - which fields of a response are stored (RFC 9111 s3.1), and what a 304 changes (s3.2). */
#ifndef LRD_POLICY_MERGE_H
#define LRD_POLICY_MERGE_H

#include "policy/facts.h"
#include "proto/http/fields.h"

/*
 * Adds to `out` the fields of a response that go into the store: all but those that concern
 * one connection, those that Connection names, Age (worked out anew at each use), and, where
 * `strip_private`, those that private="..." names. A missing Date is supplied (RFC 9110
 * s6.6.1). ELIMIT, ENOMEM, EINVAL for a field that no message may carry.
 */
LARDER_MUST_USE int lrd_merge_stored(const struct lrd_response_facts *response,
				     bool strip_private, struct lrd_fields *out);

/*
 * Adds to `out` the stored fields as the 304 or HEAD response `update` leaves them: each field
 * of the update replaces all stored ones of its name, in their place, but for those that
 * describe the stored bytes (Content-Length, Content-Encoding, Content-Range) and those that
 * are never stored. Errors as above.
 */
LARDER_MUST_USE int lrd_merge_update(struct lrd_field_view stored,
				     const struct lrd_response_facts *update,
				     struct lrd_fields *out);

/* Does the field concern one connection only (RFC 9110 s7.6.1, RFC 9111 s3.1)? */
bool lrd_merge_hop_by_hop(larder_slice name);

#endif
