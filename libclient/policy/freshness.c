/* SPDX-License-Identifier: MIT */
/* freshness.c - how long a stored response may be used without asking (RFC 9111 s4.2). */
#include "policy/freshness.h"

#include "proto/bytes/num.h"

/* A response from further ahead than this means that the clock was set back. */
enum { CLOCK_SLACK_S = 60 };

struct lifetime {
	int64_t seconds;
	enum lrd_why why;
};

static struct lifetime directive(const struct lrd_cache_control *cc, uint32_t which,
				 int64_t seconds, enum lrd_why why)
{
	if (!lrd_cc_valid(cc, which))
		return (struct lifetime){ 0, LRD_WHY_INVALID_LIFETIME };
	return (struct lifetime){ seconds, why };
}

/* RFC 9111 s4.2.2: only where nothing explicit is said and the status allows guessing. */
static struct lifetime guess(const struct lrd_policy *policy,
			     const struct lrd_response_facts *response)
{
	struct lifetime none = { 0, LRD_WHY_NO_LIFETIME };
	int64_t unchanged, seconds;

	if (policy->no_heuristics || !response->last_modified_valid)
		return none;
	if (!lrd_status_heuristic(response->status) &&
	    !lrd_cc_has(&response->cc, LRD_CC_PUBLIC))
		return none;
	unchanged = lrd_i64_sub_sat(response->date, response->last_modified);
	if (unchanged <= 0)
		return none;
	/* Years end at 9999: the product stays far below 2^63. */
	seconds = unchanged / 100 * policy->heuristic_percent +
		  unchanged % 100 * policy->heuristic_percent / 100;
	if (seconds > policy->heuristic_max_s)
		seconds = policy->heuristic_max_s;
	if (seconds <= 0)
		return none;
	return (struct lifetime){ seconds, LRD_WHY_HEURISTIC };
}

/* RFC 9111 s4.2.1: the first of these that is there decides, even when it is malformed. */
static struct lifetime lifetime_of(const struct lrd_policy *policy,
				   const struct lrd_response_facts *response, bool shared)
{
	const struct lrd_cache_control *cc = &response->cc;
	int64_t seconds;

	if (shared && lrd_cc_has(cc, LRD_CC_S_MAXAGE))
		return directive(cc, LRD_CC_S_MAXAGE, cc->s_maxage, LRD_WHY_S_MAXAGE);
	if (lrd_cc_has(cc, LRD_CC_MAX_AGE))
		return directive(cc, LRD_CC_MAX_AGE, cc->max_age, LRD_WHY_MAX_AGE);
	switch (response->expires) {
	case LRD_EXPIRES_INVALID:
		return (struct lifetime){ 0, LRD_WHY_INVALID_LIFETIME };
	case LRD_EXPIRES_DATE:
		seconds = lrd_i64_sub_sat(response->expires_at, response->date);
		return (struct lifetime){ seconds > 0 ? seconds : 0, LRD_WHY_EXPIRES };
	default:
		return guess(policy, response);
	}
}

static uint32_t flags_of(const struct lrd_response_facts *response)
{
	const struct lrd_cache_control *cc = &response->cc;
	uint32_t flags = 0;

	if (lrd_cc_unqualified(cc, LRD_CC_NO_CACHE))
		flags |= LRD_FRESH_NO_CACHE;
	else if (lrd_cc_has(cc, LRD_CC_NO_CACHE))
		flags |= LRD_FRESH_NO_CACHE_FIELDS;
	if (lrd_cc_has(cc, LRD_CC_MUST_REVALIDATE))
		flags |= LRD_FRESH_MUST_REVALIDATE;
	if (lrd_cc_has(cc, LRD_CC_PROXY_REVALIDATE))
		flags |= LRD_FRESH_PROXY_REVALIDATE;
	if (lrd_cc_has(cc, LRD_CC_S_MAXAGE))
		flags |= LRD_FRESH_S_MAXAGE;
	if (lrd_cc_has(cc, LRD_CC_IMMUTABLE))
		flags |= LRD_FRESH_IMMUTABLE;
	if (response->etag.ptr || response->last_modified_valid)
		flags |= LRD_FRESH_VALIDATOR;
	if (response->has_age)
		flags |= LRD_FRESH_AGE_RECEIVED;
	return flags;
}

/* RFC 9111 s4.2.3. A clock set back between request and response counts as no delay. */
static int64_t initial_age(const struct lrd_response_facts *response)
{
	int64_t apparent = lrd_i64_sub_sat(response->response_time, response->date);
	int64_t delay = lrd_i64_sub_sat(response->response_time, response->request_time);
	int64_t corrected = lrd_i64_add_sat(response->age_s, delay > 0 ? delay : 0);

	if (apparent < 0)
		apparent = 0;
	return apparent > corrected ? apparent : corrected;
}

void lrd_freshness_read(const struct lrd_policy *policy,
			const struct lrd_response_facts *response,
			struct lrd_freshness *out)
{
	const struct lrd_cache_control *cc = &response->cc;
	struct lifetime mine = lifetime_of(policy, response, false);
	struct lifetime shared = lifetime_of(policy, response, true);

	*out = (struct lrd_freshness){
		.response_time = response->response_time,
		.initial_age_s = initial_age(response),
		.lifetime_s = mine.seconds,
		.shared_lifetime_s = shared.seconds,
		.date = response->date,
		.swr_s = -1,
		.sie_s = -1,
		.flags = flags_of(response),
		.why = (uint16_t)mine.why,
		.shared_why = (uint16_t)shared.why,
	};
	if (lrd_cc_valid(cc, LRD_CC_STALE_WHILE_REVALIDATE))
		out->swr_s = cc->stale_while_revalidate;
	if (lrd_cc_valid(cc, LRD_CC_STALE_IF_ERROR))
		out->sie_s = cc->stale_if_error;
}

int64_t lrd_freshness_age(const struct lrd_freshness *fresh, int64_t now)
{
	int64_t resident = lrd_i64_sub_sat(now, fresh->response_time);

	return lrd_i64_add_sat(fresh->initial_age_s > 0 ? fresh->initial_age_s : 0,
			       resident > 0 ? resident : 0);
}

bool lrd_freshness_must_ask(const struct lrd_freshness *fresh, bool marked, int64_t now)
{
	return marked || (fresh->flags & LRD_FRESH_NO_CACHE) ||
	       lrd_i64_add_sat(now, CLOCK_SLACK_S) < fresh->response_time;
}

int64_t lrd_freshness_expires_at(const struct lrd_freshness *fresh, bool shared)
{
	int64_t left = lrd_i64_sub_sat(lrd_freshness_lifetime(fresh, shared),
				       fresh->initial_age_s);

	return lrd_i64_add_sat(fresh->response_time, left);
}
