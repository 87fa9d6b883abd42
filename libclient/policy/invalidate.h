/* SPDX-License-Identifier: MIT */
/* invalidate.h - which URLs a response to an unsafe method makes doubtful (RFC 9111 s4.4). */
#ifndef LRD_POLICY_INVALIDATE_H
#define LRD_POLICY_INVALIDATE_H

#include "policy/facts.h"
#include "proto/bytes/buf.h"
#include "proto/http/uri.h"

/* Does a response of `status` to this method invalidate anything? 2xx and 3xx only. */
bool lrd_invalidate_applies(enum lrd_method method, uint32_t status);

enum lrd_invalidate_field { LRD_INVALIDATE_LOCATION, LRD_INVALIDATE_CONTENT_LOCATION };

/*
 * Appends the normalised URL that Location or Content-Location of the response names, if it
 * has the request's origin. 1 when appended, 0 when there is nothing to invalidate (absent,
 * malformed, another origin), or ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_invalidate_target(enum lrd_invalidate_field which,
					  struct lrd_field_view response,
					  const struct lrd_uri *request,
					  struct lrd_buf *out);

#endif
