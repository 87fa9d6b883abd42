/* SPDX-License-Identifier: MIT */
/* reuse.c - may a stored response answer this request, now (RFC 9111 s4)? */
#include "policy/reuse.h"

#include "proto/bytes/num.h"

enum lrd_why lrd_reuse_bypass(const struct lrd_request_facts *request)
{
	if (request->mode == LRD_MODE_NO_STORE)
		return LRD_WHY_MODE_NO_STORE;
	if (!lrd_method_reads(request->method) && request->method != LRD_METHOD_HEAD)
		return LRD_WHY_METHOD;
	return LRD_WHY_NONE;
}

enum lrd_why lrd_reuse_refuses(const struct lrd_request_facts *request)
{
	if (request->mode == LRD_MODE_RELOAD)
		return LRD_WHY_MODE_RELOAD;
	if (request->has & (LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE))
		return LRD_WHY_PRECONDITION;
	return LRD_WHY_NONE;
}

static struct lrd_reuse start(const struct lrd_policy *policy,
			      const struct lrd_freshness *fresh, int64_t now)
{
	int64_t age = lrd_freshness_age(fresh, now);
	int64_t lifetime = lrd_freshness_lifetime(fresh, policy->shared);

	return (struct lrd_reuse){
		.age_s = age,
		.ttl_s = lrd_i64_sub_sat(lifetime, age),
	};
}

static struct lrd_reuse answer(struct lrd_reuse reuse, enum lrd_use use, enum lrd_why why)
{
	reuse.use = use;
	reuse.why = why;
	return reuse;
}

/* Kept by a cache of the other kind, under rules that are not ours. */
static bool foreign(const struct lrd_policy *policy, const struct lrd_freshness *fresh)
{
	return (fresh->flags &
		(policy->shared ? LRD_FRESH_NOT_SHARED : LRD_FRESH_STRIPPED)) != 0;
}

/* RFC 9111 s4.2.4: directives that no licence to serve stale responses counts against. */
static bool must_revalidate(const struct lrd_policy *policy,
			    const struct lrd_freshness *fresh)
{
	uint32_t flags = LRD_FRESH_MUST_REVALIDATE | LRD_FRESH_NO_CACHE;

	if (policy->shared)
		flags |= LRD_FRESH_PROXY_REVALIDATE | LRD_FRESH_S_MAXAGE;
	return (fresh->flags & flags) != 0;
}

/* The request's own demand for validation, or LRD_WHY_NONE. */
static enum lrd_why request_insists(const struct lrd_request_facts *request,
				    const struct lrd_freshness *fresh,
				    struct lrd_reuse reuse)
{
	const struct lrd_cache_control *cc = &request->cc;

	if (request->mode == LRD_MODE_NO_CACHE)
		return LRD_WHY_MODE_NO_CACHE;
	/* RFC 8246: a reload is a notion of its own; a max-age=0 field is not one. */
	if (request->mode == LRD_MODE_REFRESH &&
	    !(reuse.ttl_s > 0 && (fresh->flags & LRD_FRESH_IMMUTABLE)))
		return LRD_WHY_MODE_REFRESH;
	if (lrd_cc_has(cc, LRD_CC_NO_CACHE))
		return LRD_WHY_REQUEST_NO_CACHE;
	if (request->pragma_no_cache)
		return LRD_WHY_PRAGMA;
	/* A malformed number reads 0 here, which asks for the most. */
	if (lrd_cc_has(cc, LRD_CC_MAX_AGE) && reuse.age_s > cc->max_age)
		return LRD_WHY_REQUEST_MAX_AGE;
	if (lrd_cc_has(cc, LRD_CC_MAX_AGE) && !lrd_cc_valid(cc, LRD_CC_MAX_AGE))
		return LRD_WHY_REQUEST_MAX_AGE;
	if (lrd_cc_has(cc, LRD_CC_MIN_FRESH) &&
	    (!lrd_cc_valid(cc, LRD_CC_MIN_FRESH) || reuse.ttl_s < cc->min_fresh))
		return LRD_WHY_REQUEST_MIN_FRESH;
	return LRD_WHY_NONE;
}

static bool within(int64_t stale_by, int64_t window_s)
{
	return window_s >= 0 && stale_by <= window_s;
}

static bool max_stale_allows(const struct lrd_cache_control *cc, int64_t stale_by)
{
	return lrd_cc_valid(cc, LRD_CC_MAX_STALE) &&
	       (cc->max_stale_any || within(stale_by, cc->max_stale));
}

static struct lrd_reuse decide_stale(const struct lrd_policy *policy,
				     const struct lrd_request_facts *request,
				     const struct lrd_freshness *fresh,
				     struct lrd_reuse reuse)
{
	int64_t stale_by = lrd_i64_sub_sat(0, reuse.ttl_s);
	enum lrd_why licence = LRD_WHY_NONE;
	enum lrd_why source = policy->shared ? fresh->shared_why : fresh->why;

	if (max_stale_allows(&request->cc, stale_by))
		licence = LRD_WHY_MAX_STALE;
	/* RFC 9111 s5.2.1.1: max-age in the request asks for nothing stale. */
	else if (policy->can_refresh && within(stale_by, fresh->swr_s) &&
		 !lrd_cc_has(&request->cc, LRD_CC_MAX_AGE))
		licence = LRD_WHY_STALE_WHILE_REVALIDATE;

	if (licence != LRD_WHY_NONE && must_revalidate(policy, fresh))
		return answer(reuse, LRD_USE_VALIDATE, LRD_WHY_MUST_REVALIDATE);
	if (licence != LRD_WHY_NONE) {
		reuse.refresh = licence == LRD_WHY_STALE_WHILE_REVALIDATE;
		return answer(reuse, LRD_USE_STALE, licence);
	}
	if (source == LRD_WHY_NO_LIFETIME || source == LRD_WHY_INVALID_LIFETIME)
		return answer(reuse, LRD_USE_VALIDATE, source);
	return answer(reuse, LRD_USE_VALIDATE, LRD_WHY_EXPIRED);
}

struct lrd_reuse lrd_reuse_decide(const struct lrd_policy *policy,
				  const struct lrd_request_facts *request,
				  const struct lrd_freshness *fresh, bool marked,
				  int64_t now)
{
	struct lrd_reuse reuse = start(policy, fresh, now);
	bool doubtful = lrd_freshness_must_ask(fresh, marked, now);
	enum lrd_why why;

	if (foreign(policy, fresh))
		return answer(reuse, LRD_USE_NOT, LRD_WHY_NOT_SHARED);
	if (request->mode == LRD_MODE_FORCE_CACHE ||
	    request->mode == LRD_MODE_ONLY_IF_CACHED) {
		if (reuse.ttl_s <= 0 || doubtful)
			return answer(reuse, LRD_USE_STALE, LRD_WHY_MODE_ANY_AGE);
		return answer(reuse, LRD_USE_FRESH,
			      policy->shared ? fresh->shared_why : fresh->why);
	}
	if (marked)
		return answer(reuse, LRD_USE_VALIDATE, LRD_WHY_MARKED_STALE);
	if (fresh->flags & LRD_FRESH_NO_CACHE)
		return answer(reuse, LRD_USE_VALIDATE, LRD_WHY_NO_CACHE);
	if (doubtful)
		return answer(reuse, LRD_USE_VALIDATE, LRD_WHY_CLOCK);
	why = request_insists(request, fresh, reuse);
	if (why != LRD_WHY_NONE)
		return answer(reuse, LRD_USE_VALIDATE, why);
	if (reuse.ttl_s <= 0)
		return decide_stale(policy, request, fresh, reuse);
	if (request->mode == LRD_MODE_REFRESH)
		return answer(reuse, LRD_USE_FRESH, LRD_WHY_IMMUTABLE);
	return answer(reuse, LRD_USE_FRESH,
		      policy->shared ? fresh->shared_why : fresh->why);
}

/* RFC 5861 s4: no answer at all, or one of these. */
static bool is_failure(uint32_t status)
{
	return status == 0 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

struct lrd_reuse lrd_reuse_on_error(const struct lrd_policy *policy,
				    const struct lrd_request_facts *request,
				    const struct lrd_freshness *fresh, bool marked,
				    uint32_t status, int64_t now)
{
	struct lrd_reuse reuse = start(policy, fresh, now);
	int64_t stale_by = reuse.ttl_s < 0 ? lrd_i64_sub_sat(0, reuse.ttl_s) : 0;
	const struct lrd_cache_control *cc = &request->cc;

	if (!is_failure(status) || marked || foreign(policy, fresh))
		return answer(reuse, LRD_USE_NOT, LRD_WHY_EXPIRED);
	if (must_revalidate(policy, fresh))
		return answer(reuse, LRD_USE_NOT, LRD_WHY_MUST_REVALIDATE);
	if (request->mode == LRD_MODE_RELOAD ||
	    request_insists(request, fresh, reuse) != LRD_WHY_NONE)
		return answer(reuse, LRD_USE_NOT, LRD_WHY_REQUEST_NO_CACHE);
	if (within(stale_by, fresh->sie_s) ||
	    (lrd_cc_valid(cc, LRD_CC_STALE_IF_ERROR) &&
	     within(stale_by, cc->stale_if_error)) ||
	    (policy->stale_on_error_s > 0 && within(stale_by, policy->stale_on_error_s)))
		return answer(reuse, LRD_USE_STALE, LRD_WHY_STALE_IF_ERROR);
	return answer(reuse, LRD_USE_NOT, LRD_WHY_EXPIRED);
}
