/* SPDX-License-Identifier: MIT */
/*
 * flight.h - single flight: one plan of all processes fetches, the others wait for what it stores.
 *
 * A flight has the lease (store/lease.h) of the response that is wanted: by the URL's key, or,
 * where variants are stored, by the key of the one that this request would select. So
 * partitions never meet, and variants do not wait for each other once Vary is known.
 *
 *	lookup ──► join ──► OWNER	fetches: head, body, commit; ended by each way out
 *		       ──► WAITER	wait ──► look again ──► served, or join once more
 *		       ──► MARKED	fetches; such answers were uncacheable just now
 *		       ──► NONE		fetches; no place, no patience, or not ours to wait for
 *
 * How long others wait for an owner:
 *   - until the head: `lease_ms` after the last sign of life (larder_plan_keep);
 *   - from the head on: LRD_FLIGHT_BODY_MS, and a second more for each 256 KiB that arrived,
 *     so that a large body is waited for, and one whose reader is slow is not;
 *   - at most until `wait_ms` is over, and for a bounded number of owners that came to nothing
 *     (LRD_FLIGHT_PATIENCE): a row of failures must not keep the last in line for ever.
 * Who waits in vain fetches on its own account.
 */
#ifndef LRD_CACHE_FLIGHT_H
#define LRD_CACHE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/ask.h"
#include "policy/freshness.h"
#include "policy/reuse.h"
#include "store/lease.h"

enum {
	LRD_FLIGHT_WAIT_MS = 30000,
	LRD_FLIGHT_LEASE_MS = 10000,
	LRD_FLIGHT_BODY_MS = 2000,
	LRD_FLIGHT_BYTES_S =
		256 * 1024, /* of body arriving in a second, to be waited for */
	LRD_FLIGHT_MARK_MS = 60000,
	LRD_FLIGHT_PAUSE_MS =
		1000, /* the same after an error of the origin, likely to pass */
	LRD_FLIGHT_PATIENCE = 4, /* owners waited for who came to nothing */
};

enum lrd_flight_role {
	LRD_FLIGHT_NONE,
	LRD_FLIGHT_OWNER,
	LRD_FLIGHT_WAITER,
	LRD_FLIGHT_MARKED,
};

/* Of a plan that did not find its answer at once. */
struct lrd_flight {
	struct larder_cache *cache;
	enum lrd_flight_role role;
	uint64_t hash;
	struct lrd_lease lease;
	struct lrd_lease_own own;
	uint32_t lease_ms;
	uint64_t until_ns; /* waiting ends */
	uint64_t renew_ns; /* owner: a sign of life is due */
	uint64_t head_ns;  /* owner: when the head came, 0: not yet */
	uint64_t lasts_ms; /* owner: after the head, what the lease was prolonged to */
	uint64_t received; /* owner: body bytes */
	bool can_wait;
	bool alone;        /* waited in vain: waits no more */
	bool tired;        /* ... nor fetches for others */
	unsigned lost;     /* patience used up */
	int timer_fd;      /* -1: none */
	uint64_t began_ns; /* of waiting */
};

/*
 * Whether its fetch may answer others; whether theirs may answer it. A request with conditions
 * of its own takes no part: it may be answered by a 304, which serves nobody else.
 */
bool lrd_flight_joins(const struct lrd_request_facts *facts, enum lrd_why why);
bool lrd_flight_waits(const struct lrd_request_facts *facts, enum lrd_why why);

/* ENOMEM. The caller's wishes are in `ask`. */
LARDER_MUST_USE int lrd_flight_new(const struct lrd_ask *ask, struct lrd_flight **out);
/* Gives up whatever it has; others take over. NULL is welcome. */
void lrd_flight_free(struct lrd_flight *flight);

/*
 * Tries to own the flight of `hash`, ending any other that it owns. `waits`: to be a WAITER
 * where another has it. Sets the role; LRD_FLIGHT_OWNER means: look into the store again.
 */
void lrd_flight_join(struct lrd_flight *flight, uint64_t hash, bool waits);

/* ---- the owner's way --------------------------------------------------------------------- */

/* All accept NULL, and roles that they mean nothing to. */
void lrd_flight_keep(struct lrd_flight *flight);
/* The head is there and will be stored; `fresh`: what it says about later use. */
void lrd_flight_head(struct lrd_flight *flight, const struct lrd_policy *policy,
		     const struct lrd_freshness *fresh, int64_t now);
void lrd_flight_body(struct lrd_flight *flight, size_t len);
/* The store has it. `fresh` as above: what needs validation at each use serves nobody else. */
void lrd_flight_stored(struct lrd_flight *flight, const struct lrd_policy *policy,
		       const struct lrd_freshness *fresh, int64_t now);
/* There is an answer, and it is not for others. */
void lrd_flight_uncacheable(struct lrd_flight *flight, uint32_t mark_ms);
/* The origin gave none: for a moment everybody asks on his own account. */
void lrd_flight_failed(struct lrd_flight *flight);
/* It did not come into the store: the next one in line fetches. */
void lrd_flight_lost(struct lrd_flight *flight);

/* ---- the waiter's ------------------------------------------------------------------------ */

enum lrd_flight_wait {
	LRD_FLIGHT_STILL, /* the time is over, waiting is not */
	LRD_FLIGHT_LOOK,  /* look into the store, and join anew unless `alone` */
};

/* Sleeps `timeout_ms` at most; 0 looks only. */
enum lrd_flight_wait lrd_flight_wait(struct lrd_flight *flight, uint32_t timeout_ms);
/* A descriptor that is readable when lrd_flight_wait(flight, 0) is worth a call. EIO. */
LARDER_MUST_USE int lrd_flight_fd(struct lrd_flight *flight);

#endif
