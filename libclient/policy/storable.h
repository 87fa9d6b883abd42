/* SPDX-License-Identifier: MIT */
/* storable.h - may a response be stored (RFC 9111 s3)? */
#ifndef LRD_POLICY_STORABLE_H
#define LRD_POLICY_STORABLE_H

#include "policy/facts.h"
#include "policy/why.h"

/*
 * LRD_WHY_STORABLE, or the reason against it. `content_location_is_target`: the response's
 * Content-Location names the request's URL, which matters for POST alone. Says nothing of
 * whether the body arrives whole: that is for whoever sees its end. A 206 is storable as far
 * as this goes; parts.h tells whether its part can be placed.
 */
enum lrd_why lrd_storable(const struct lrd_policy *policy,
			  const struct lrd_request_facts *request,
			  const struct lrd_response_facts *response,
			  bool content_location_is_target);

/*
 * Would a shared cache be allowed to keep it? What a private cache stores is marked with the
 * answer, since caches of both kinds may share one store.
 */
bool lrd_storable_shared(const struct lrd_request_facts *request,
			 const struct lrd_response_facts *response);

#endif
