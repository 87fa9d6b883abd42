/* SPDX-License-Identifier: MIT */
/* storable.c - may a response be stored (RFC 9111 s3)? */
#include "policy/storable.h"

/* RFC 9111 s3.5: what makes an answer to an authenticated request everybody's. */
static bool authorized_for_all(const struct lrd_cache_control *cc)
{
	return lrd_cc_has(cc, LRD_CC_PUBLIC | LRD_CC_MUST_REVALIDATE) ||
	       lrd_cc_valid(cc, LRD_CC_S_MAXAGE);
}

bool lrd_storable_shared(const struct lrd_request_facts *request,
			 const struct lrd_response_facts *response)
{
	if (lrd_cc_unqualified(&response->cc, LRD_CC_PRIVATE))
		return false;
	return !(request->has & LRD_HAS_AUTHORIZATION) ||
	       authorized_for_all(&response->cc);
}

/* A directive with a malformed number is explicit too: it says "stale". */
static bool explicit_freshness(bool shared, const struct lrd_response_facts *response)
{
	return lrd_cc_has(&response->cc, LRD_CC_MAX_AGE) ||
	       response->expires != LRD_EXPIRES_NONE ||
	       (shared && lrd_cc_has(&response->cc, LRD_CC_S_MAXAGE));
}

static enum lrd_why method_allows(const struct lrd_request_facts *request,
				  const struct lrd_policy *policy,
				  const struct lrd_response_facts *response,
				  bool content_location_is_target)
{
	switch (request->method) {
	case LRD_METHOD_GET:
	case LRD_METHOD_QUERY:
		return LRD_WHY_STORABLE;
	case LRD_METHOD_HEAD:
		return LRD_WHY_HEAD_METHOD;
	case LRD_METHOD_POST:
		/* RFC 9110 s9.3.3; the status must speak of the target itself. */
		if (explicit_freshness(policy->shared, response) &&
		    content_location_is_target &&
		    (response->status == 200 || response->status == 201))
			return LRD_WHY_STORABLE;
		return LRD_WHY_POST_NOT_EXPLICIT;
	default:
		return LRD_WHY_METHOD;
	}
}

/* Answers that say something of the request's conditions, and nothing to a later request. */
static enum lrd_why answers_conditions(const struct lrd_request_facts *request,
				       const struct lrd_response_facts *response)
{
	bool wants_part = request->method == LRD_METHOD_GET &&
			  (request->has & LRD_HAS_RANGE);

	if (response->status == 412 &&
	    (request->has & (LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE |
			     LRD_HAS_IF_NONE_MATCH)))
		return LRD_WHY_PRECONDITION;
	if (response->status == 416 && (request->has & LRD_HAS_RANGE))
		return LRD_WHY_RANGE;
	if (response->status == 206 && !wants_part)
		return LRD_WHY_PARTIAL;
	return LRD_WHY_STORABLE;
}

static enum lrd_why status_allows(const struct lrd_response_facts *response)
{
	const struct lrd_cache_control *cc = &response->cc;

	if (response->status < 200 || response->status > 599)
		return LRD_WHY_STATUS_ODD;
	if (response->status == 304)
		return LRD_WHY_STATUS_304;
	/* RFC 9111 s5.2.2.3: must-understand overrides the no-store for those who don't. */
	if (lrd_cc_has(cc, LRD_CC_MUST_UNDERSTAND))
		return lrd_status_understood(response->status) ? LRD_WHY_STORABLE
							       : LRD_WHY_STATUS_UNKNOWN;
	return lrd_cc_has(cc, LRD_CC_NO_STORE) ? LRD_WHY_NO_STORE : LRD_WHY_STORABLE;
}

enum lrd_why lrd_storable(const struct lrd_policy *policy,
			  const struct lrd_request_facts *request,
			  const struct lrd_response_facts *response,
			  bool content_location_is_target)
{
	const struct lrd_cache_control *cc = &response->cc;
	enum lrd_why why;

	if (request->mode == LRD_MODE_NO_STORE)
		return LRD_WHY_MODE_NO_STORE;
	why = method_allows(request, policy, response, content_location_is_target);
	if (why != LRD_WHY_STORABLE)
		return why;
	if (lrd_cc_has(&request->cc, LRD_CC_NO_STORE))
		return LRD_WHY_REQUEST_NO_STORE;
	why = answers_conditions(request, response);
	if (why != LRD_WHY_STORABLE)
		return why;
	why = status_allows(response);
	if (why != LRD_WHY_STORABLE)
		return why;

	if (policy->shared && lrd_cc_unqualified(cc, LRD_CC_PRIVATE))
		return LRD_WHY_PRIVATE;
	if (policy->shared && (request->has & LRD_HAS_AUTHORIZATION) &&
	    !authorized_for_all(cc))
		return LRD_WHY_AUTHORIZATION;

	if (explicit_freshness(policy->shared, response) || lrd_cc_has(cc, LRD_CC_PUBLIC) ||
	    (!policy->shared && lrd_cc_has(cc, LRD_CC_PRIVATE)) ||
	    lrd_status_heuristic(response->status))
		return LRD_WHY_STORABLE;
	return LRD_WHY_NO_FRESHNESS;
}
