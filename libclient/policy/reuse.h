/* SPDX-License-Identifier: MIT */
/* reuse.h - may a stored response answer this request, now (RFC 9111 s4)? */
#ifndef LRD_POLICY_REUSE_H
#define LRD_POLICY_REUSE_H

#include "policy/facts.h"
#include "policy/freshness.h"
#include "policy/why.h"

enum lrd_use {
	LRD_USE_FRESH,    /* serve it */
	LRD_USE_STALE,    /* serve it, stale under a licence */
	LRD_USE_VALIDATE, /* ask the origin whether it still holds */
	LRD_USE_NOT,      /* it cannot answer and cannot be validated */
};

struct lrd_reuse {
	enum lrd_use use;
	enum lrd_why why;
	int64_t age_s;
	int64_t ttl_s; /* freshness left, negative when stale */
	bool refresh;  /* stale-while-revalidate: somebody should refresh it now */
};

/* Why no stored response has a part in a request, whatever is stored; LRD_WHY_NONE. */
enum lrd_why lrd_reuse_bypass(const struct lrd_request_facts *request);

/* Why what is stored must not answer, though the answer may be stored; LRD_WHY_NONE. */
enum lrd_why lrd_reuse_refuses(const struct lrd_request_facts *request);

/*
 * Decides for a response whose URL, method and selecting fields fit already. `marked`: the
 * entry carries the mark that it must be validated, whatever its times say.
 */
struct lrd_reuse lrd_reuse_decide(const struct lrd_policy *policy,
				  const struct lrd_request_facts *request,
				  const struct lrd_freshness *fresh, bool marked,
				  int64_t now);

/*
 * The origin was asked and failed: `status` is its 5xx, or 0 when no answer came. May what is
 * stored be served in its place? LRD_USE_STALE, or LRD_USE_NOT.
 */
struct lrd_reuse lrd_reuse_on_error(const struct lrd_policy *policy,
				    const struct lrd_request_facts *request,
				    const struct lrd_freshness *fresh, bool marked,
				    uint32_t status, int64_t now);

#endif
