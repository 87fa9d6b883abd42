/* SPDX-License-Identifier: MIT */
/* target.h - cache directives that are aimed at some caches only (RFC 9213). */
#ifndef LRD_POLICY_TARGET_H
#define LRD_POLICY_TARGET_H

#include "policy/facts.h"

/*
 * Lets the first field of the policy's list that the response has, and that is well-formed
 * and not empty, stand in for Cache-Control and Expires altogether. True when one did.
 */
bool lrd_target_apply(const struct lrd_policy *policy,
		      struct lrd_response_facts *response);

/* lrd_response_facts_read() for a cache of this policy. */
void lrd_response_facts_read_for(const struct lrd_policy *policy, uint32_t status,
				 struct lrd_field_view fields, int64_t request_time,
				 int64_t response_time, struct lrd_response_facts *out);

#endif
