/* SPDX-License-Identifier: MIT */
/* flight.c - single flight: one plan of all processes fetches, the others wait for what it stores. */
#include "cache/flight.h"

#include <string.h>
#include <unistd.h>

#include "policy/why.h"
#include "proto/bytes/alloc.h"
#include "sys/clock.h"
#include "sys/timer.h"

#define MS UINT64_C(1000000)

enum {
	OWN_CONDITIONS = LRD_HAS_IF_NONE_MATCH | LRD_HAS_IF_MODIFIED_SINCE |
			 LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE
};

/* How often a descriptor says that it is time to look, by how long it has waited. */
enum { LOOK_MIN_MS = 2, LOOK_MAX_MS = 20, LOOK_SHARE = 16 };

/* ---- who takes part ---------------------------------------------------------------------- */

bool lrd_flight_joins(const struct lrd_request_facts *facts, enum lrd_why why)
{
	if (facts->method != LRD_METHOD_GET || (facts->has & LRD_HAS_RANGE) ||
	    facts->mode == LRD_MODE_NO_STORE || (facts->has & OWN_CONDITIONS) ||
	    lrd_cc_has(&facts->cc, LRD_CC_NO_STORE) || lrd_request_only_if_cached(facts))
		return false;
	/* What is validated at each use, or was stored without a lifetime, is of no use to
	 * those who would wait for it. */
	return why != LRD_WHY_NO_CACHE && why != LRD_WHY_NO_LIFETIME &&
	       why != LRD_WHY_INVALID_LIFETIME && why != LRD_WHY_STORE_TROUBLE &&
	       why != LRD_WHY_KEY_TOO_LONG && why != LRD_WHY_CACHE_OFF;
}

bool lrd_flight_waits(const struct lrd_request_facts *facts, enum lrd_why why)
{
	/* RFC 9111 s5.2.1.4: who wants an answer of now is not served one that was asked for
	 * before. */
	return lrd_flight_joins(facts, why) && strcmp(lrd_why_fwd(why), "request") != 0;
}

/* ---- life -------------------------------------------------------------------------------- */

int lrd_flight_new(const struct lrd_ask *ask, struct lrd_flight **out)
{
	struct lrd_flight *flight =
		lrd_alloc_zero(&ask->cache->allocator, sizeof(*flight));
	uint32_t lease_ms = ask->lease_ms ? ask->lease_ms : LRD_FLIGHT_LEASE_MS;

	if (!flight)
		return LARDER_ENOMEM;
	flight->cache = ask->cache;
	flight->lease_ms = lease_ms < LRD_LEASE_MAX_MS ? lease_ms : LRD_LEASE_MAX_MS;
	flight->can_wait = ask->can_wait;
	flight->began_ns = lrd_clock_mono_ns();
	flight->until_ns = flight->began_ns +
			   MS * (ask->wait_ms ? ask->wait_ms : LRD_FLIGHT_WAIT_MS);
	flight->timer_fd = -1;
	*out = flight;
	return 0;
}

static bool owns(const struct lrd_flight *flight)
{
	return flight && flight->role == LRD_FLIGHT_OWNER;
}

/* Whatever the result: the caller has lost nothing when the lease is somebody else's by now. */
static void release(struct lrd_flight *flight, enum lrd_lease_result result)
{
	lrd_lease_own_end(&flight->own);
	(void)lrd_lease_release(&flight->lease, result);
	flight->role = LRD_FLIGHT_NONE;
}

void lrd_flight_free(struct lrd_flight *flight)
{
	if (!flight)
		return;
	if (owns(flight))
		release(flight, LRD_LEASE_UNKNOWN);
	if (flight->timer_fd >= 0)
		(void)close(flight->timer_fd);
	lrd_alloc_free(&flight->cache->allocator, flight);
}

void lrd_flight_join(struct lrd_flight *flight, uint64_t hash, bool waits)
{
	int state;

	if (owns(flight))
		release(flight, LRD_LEASE_UNKNOWN);
	flight->role = LRD_FLIGHT_NONE;
	flight->hash = hash;
	/* Who has lost patience leaves the flight as it ended, for others to see. */
	if (flight->tired)
		return;
	state = lrd_lease_try(flight->cache->store, hash, flight->lease_ms,
			      &flight->lease);
	switch (state) {
	case LRD_LEASE_TAKEN:
		flight->role = LRD_FLIGHT_OWNER;
		flight->renew_ns = lrd_clock_mono_coarse_ns() + MS * flight->lease_ms / 3;
		flight->head_ns = 0;
		flight->received = 0;
		lrd_lease_own_begin(&flight->own, &flight->lease);
		break;
	case LRD_LEASE_HELD:
		if (waits && flight->can_wait && !flight->alone)
			flight->role = LRD_FLIGHT_WAITER;
		break;
	case LRD_LEASE_MARKED:
		flight->role = LRD_FLIGHT_MARKED;
		break;
	default:
		break; /* the table is full or out of reach: fetch for oneself */
	}
}

/* ---- the owner's way --------------------------------------------------------------------- */

/* A lease that was lost meanwhile stays lost: the fetch itself goes on. */
static void renew(struct lrd_flight *flight, uint64_t ms)
{
	if (ms > LRD_LEASE_MAX_MS)
		ms = LRD_LEASE_MAX_MS;
	if (ms > 0 && lrd_lease_renew(&flight->lease, (uint32_t)ms) < 0) {
		lrd_lease_own_end(&flight->own);
		flight->role = LRD_FLIGHT_NONE;
	}
}

void lrd_flight_keep(struct lrd_flight *flight)
{
	uint64_t now_ns;

	if (!owns(flight))
		return;
	lrd_lease_own_here(&flight->own);
	now_ns = lrd_clock_mono_coarse_ns();
	if (flight->head_ns || now_ns < flight->renew_ns)
		return;
	flight->renew_ns = now_ns + MS * flight->lease_ms / 3;
	renew(flight, flight->lease_ms);
}

/* Would others be served this without asking the origin? Some of them may refresh. */
static bool usable(const struct lrd_policy *policy, const struct lrd_freshness *fresh,
		   int64_t now)
{
	static const struct lrd_request_facts plain = { .method = LRD_METHOD_GET };
	struct lrd_policy theirs = *policy;
	struct lrd_reuse reuse;

	theirs.can_refresh = true;
	reuse = lrd_reuse_decide(&theirs, &plain, fresh, false, now);
	return reuse.use == LRD_USE_FRESH || reuse.use == LRD_USE_STALE;
}

void lrd_flight_head(struct lrd_flight *flight, const struct lrd_policy *policy,
		     const struct lrd_freshness *fresh, int64_t now)
{
	if (!flight)
		return;
	if (!usable(policy, fresh, now)) {
		lrd_flight_uncacheable(flight, LRD_FLIGHT_MARK_MS);
		return;
	}
	if (!owns(flight))
		return;
	lrd_lease_own_here(&flight->own);
	flight->head_ns = lrd_clock_mono_coarse_ns();
	flight->lasts_ms = LRD_FLIGHT_BODY_MS;
	renew(flight, flight->lasts_ms);
}

void lrd_flight_body(struct lrd_flight *flight, size_t len)
{
	uint64_t earned_ms, passed_ms;

	if (!owns(flight) || !flight->head_ns)
		return;
	lrd_lease_own_here(&flight->own);
	flight->received += len;
	earned_ms = LRD_FLIGHT_BODY_MS + flight->received * 1000 / LRD_FLIGHT_BYTES_S;
	/* Seldom enough to cost nothing. */
	if (earned_ms < flight->lasts_ms + LRD_FLIGHT_BODY_MS / 2)
		return;
	passed_ms = (lrd_clock_mono_coarse_ns() - flight->head_ns) / MS;
	flight->lasts_ms = earned_ms;
	if (earned_ms > passed_ms)
		renew(flight, earned_ms - passed_ms);
}

void lrd_flight_stored(struct lrd_flight *flight, const struct lrd_policy *policy,
		       const struct lrd_freshness *fresh, int64_t now)
{
	if (!flight)
		return;
	if (!usable(policy, fresh, now)) {
		lrd_flight_uncacheable(flight, LRD_FLIGHT_MARK_MS);
		return;
	}
	if (owns(flight))
		release(flight, LRD_LEASE_STORED);
	else if (flight->role == LRD_FLIGHT_MARKED)
		lrd_lease_remark(flight->cache->store, flight->hash, 0);
	flight->role = LRD_FLIGHT_NONE;
}

void lrd_flight_uncacheable(struct lrd_flight *flight, uint32_t mark_ms)
{
	if (owns(flight)) {
		lrd_lease_own_end(&flight->own);
		(void)lrd_lease_mark(&flight->lease, mark_ms);
		flight->role = LRD_FLIGHT_MARKED;
	} else if (flight && flight->role == LRD_FLIGHT_MARKED) {
		lrd_lease_remark(flight->cache->store, flight->hash, mark_ms);
	}
}

void lrd_flight_failed(struct lrd_flight *flight)
{
	/* Those who wait do not fail one after the other, each after a timeout; and what is
	 * stale is not refreshed again at once. */
	lrd_flight_uncacheable(flight, LRD_FLIGHT_PAUSE_MS);
}

void lrd_flight_lost(struct lrd_flight *flight)
{
	if (owns(flight))
		release(flight, LRD_LEASE_UNKNOWN);
}

/* ---- the waiter's ------------------------------------------------------------------------ */

/* An owner came to nothing. */
static void lose(struct lrd_flight *flight)
{
	if (++flight->lost >= LRD_FLIGHT_PATIENCE)
		flight->tired = flight->alone = true;
}

static enum lrd_flight_wait settle(struct lrd_flight *flight, int state,
				   enum lrd_lease_result result)
{
	switch (state) {
	case LRD_LEASE_ENDED:
		if (result == LRD_LEASE_UNCACHEABLE)
			flight->alone = true;
		else
			lose(flight);
		break;
	case LRD_LEASE_GONE:
		lose(flight);
		break;
	default:
		flight->alone = true;
		break;
	}
	flight->role = LRD_FLIGHT_NONE;
	return LRD_FLIGHT_LOOK;
}

enum lrd_flight_wait lrd_flight_wait(struct lrd_flight *flight, uint32_t timeout_ms)
{
	enum lrd_lease_result result = LRD_LEASE_UNKNOWN;
	uint64_t now_ns = lrd_clock_mono_ns();
	uint64_t until_ns = flight->until_ns;
	int state;

	/* Only sleeping is deadly: an event loop goes on with its other fetch meanwhile. */
	if (timeout_ms > 0 && lrd_lease_is_own(flight->cache->store, flight->hash))
		return settle(flight, LARDER_EBUSY, result);
	if (timeout_ms != UINT32_MAX && now_ns + MS * timeout_ms < until_ns)
		until_ns = now_ns + MS * timeout_ms;
	if (timeout_ms == 0) {
		state = lrd_lease_poll(&flight->lease, &result);
		if (state == LRD_LEASE_HELD)
			state = LARDER_ETIMEDOUT;
	} else {
		state = lrd_lease_wait(&flight->lease, until_ns, &result);
	}
	if (state != LARDER_ETIMEDOUT)
		return settle(flight, state, result);
	if (lrd_clock_mono_ns() >= flight->until_ns)
		return settle(flight, LARDER_ETIMEDOUT, result);
	/* Without a timer nobody would wake the caller's loop. */
	if (flight->timer_fd >= 0 && lrd_flight_fd(flight) < 0)
		return settle(flight, LARDER_EIO, result);
	return LRD_FLIGHT_STILL;
}

int lrd_flight_fd(struct lrd_flight *flight)
{
	uint64_t next_ms = (lrd_clock_mono_ns() - flight->began_ns) / MS / LOOK_SHARE;
	int rc;

	if (flight->timer_fd < 0) {
		rc = lrd_timer_open();
		if (rc < 0)
			return rc;
		flight->timer_fd = rc;
	}
	if (next_ms < LOOK_MIN_MS)
		next_ms = LOOK_MIN_MS;
	if (next_ms > LOOK_MAX_MS)
		next_ms = LOOK_MAX_MS;
	rc = lrd_timer_set(flight->timer_fd, MS * next_ms);
	return rc < 0 ? rc : flight->timer_fd;
}
