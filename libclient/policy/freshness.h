/* SPDX-License-Identifier: MIT */
/*
 * freshness.h - how long a response may be used without asking, and how old it is (RFC 9111
 * s4.2): worked out when it is stored, so that a hit needs only a subtraction.
 */
#ifndef LRD_POLICY_FRESHNESS_H
#define LRD_POLICY_FRESHNESS_H

#include "policy/facts.h"
#include "policy/why.h"

enum {
	LRD_FRESH_NO_CACHE = 1 << 0, /* validate at each use */
	LRD_FRESH_NO_CACHE_FIELDS =
		1 << 1, /* no-cache="...": those fields only after validation */
	LRD_FRESH_MUST_REVALIDATE = 1 << 2,
	LRD_FRESH_PROXY_REVALIDATE = 1 << 3, /* binds shared caches */
	LRD_FRESH_S_MAXAGE = 1 << 4,         /* implies proxy-revalidate (s5.2.2.10) */
	LRD_FRESH_IMMUTABLE = 1 << 5,
	LRD_FRESH_NOT_SHARED = 1 << 6, /* a shared cache would not have kept it */
	LRD_FRESH_STRIPPED = 1 << 7, /* a shared cache kept it without its private fields */
	LRD_FRESH_VALIDATOR = 1 << 8,    /* has an ETag or a valid Last-Modified */
	LRD_FRESH_AGE_RECEIVED = 1 << 9, /* came with an Age: from another cache */
	/* set by the engine, which keeps what they speak of (cache/extra.h) */
	LRD_FRESH_PARTIAL = 1 << 10, /* only parts of it are stored */
	LRD_FRESH_STAMPED = 1 << 11, /* it stands as long as its groups do */
};

/* What new fields of a response, as a 304 brings them, say nothing about. */
enum {
	LRD_FRESH_KEPT = LRD_FRESH_NOT_SHARED | LRD_FRESH_STRIPPED | LRD_FRESH_PARTIAL |
			 LRD_FRESH_STAMPED
};

/* Everything that the decision to reuse needs; seconds, and unix seconds. */
struct lrd_freshness {
	int64_t response_time;     /* when it arrived or was last confirmed */
	int64_t initial_age_s;     /* corrected_initial_age */
	int64_t lifetime_s;        /* for a private cache */
	int64_t shared_lifetime_s; /* for a shared one */
	int64_t date;
	int64_t swr_s;  /* stale-while-revalidate, -1: none */
	int64_t sie_s;  /* stale-if-error, -1: none */
	uint32_t flags; /* LRD_FRESH_* */
	uint16_t why;   /* where lifetime_s comes from */
	uint16_t shared_why;
};

/* LRD_FRESH_KEPT is left to the caller, who knows the request and what it stored. */
void lrd_freshness_read(const struct lrd_policy *policy,
			const struct lrd_response_facts *response,
			struct lrd_freshness *out);

/* current_age (RFC 9111 s4.2.3): never negative, saturating. */
int64_t lrd_freshness_age(const struct lrd_freshness *fresh, int64_t now);

/*
 * Must the origin be asked whatever the lifetime says? The entry is `marked`, or no-cache
 * holds for it, or it comes from so far ahead that the clock was set back since.
 */
bool lrd_freshness_must_ask(const struct lrd_freshness *fresh, bool marked, int64_t now);

static inline int64_t lrd_freshness_lifetime(const struct lrd_freshness *fresh,
					     bool shared)
{
	return shared ? fresh->shared_lifetime_s : fresh->lifetime_s;
}

/* Unix second from which it is no longer fresh. */
int64_t lrd_freshness_expires_at(const struct lrd_freshness *fresh, bool shared);

#endif
