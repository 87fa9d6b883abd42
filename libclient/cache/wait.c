/* SPDX-License-Identifier: MIT */
/* wait.c - looking again: after somebody else's fetch, and for a refresh in the background. */
#include "cache/plan.h"

#include "sys/clock.h"

/* The request as it was asked, now. Borrows from `asked`. */
static void ask_again(struct larder_cache *cache, const struct lrd_asked *asked,
		      struct lrd_ask *out)
{
	out->cache = cache;
	out->policy = asked->policy;
	out->facts = asked->facts;
	out->method = asked->method;
	out->uri = asked->uri;
	out->url = asked->url;
	out->partition = asked->partition;
	out->now = lrd_clock_now_s();
	out->can_resume = asked->can_resume;
	/* Wishes about waiting are in the flight. */
	out->can_wait = false;
	out->wait_ms = 0;
	out->lease_ms = 0;
	lrd_buf_init_fixed(&out->text, out->url_storage, sizeof(out->url_storage));
	lrd_ask_begin(out);
}

/* Looks into the store again and joins anew. */
static int look_again(struct larder_plan *plan)
{
	struct lrd_flight *flight = plan->flight;
	struct lrd_asked *asked = plan->asked;
	uint32_t first_why = plan->served.fwd_why;
	struct lrd_ask ask;
	int rc;

	if (plan->has_answer)
		lrd_plan_drop_answer(plan);
	ask_again(plan->cache, asked, &ask);
	plan->flight = NULL;
	plan->asked = NULL;
	plan->verdict = LARDER_FETCH;
	rc = lrd_lookup_run(&ask, flight, plan, &plan);
	lrd_ask_release(&ask);
	if (rc < 0) {
		/* Without memory for a better plan: the request goes out as it is. */
		lrd_asked_free(plan->cache, plan->asked);
		plan->asked = asked;
		return rc;
	}
	lrd_asked_free(plan->cache, asked);
	if (plan->verdict == LARDER_SERVE) {
		plan->served.collapsed = 1;
		plan->served.fwd_why = first_why;
	}
	return 0;
}

int larder_plan_wait(larder_plan *plan, uint32_t timeout_ms)
{
	uint64_t until_ns = 0;
	uint64_t now_ns;
	int rc = 0;

	if (!plan)
		return LARDER_EINVAL;
	if (plan->verdict == LARDER_WAIT && timeout_ms > 0 && timeout_ms != UINT32_MAX)
		until_ns = lrd_clock_mono_ns() + UINT64_C(1000000) * timeout_ms;
	while (rc == 0 && plan->verdict == LARDER_WAIT) {
		if (lrd_flight_wait(plan->flight, timeout_ms) == LRD_FLIGHT_STILL)
			return LARDER_ETIMEDOUT;
		rc = look_again(plan);
		if (rc < 0 || !until_ns)
			continue;
		/* Another owner: for the rest of the time. */
		now_ns = lrd_clock_mono_ns();
		timeout_ms = now_ns < until_ns
				     ? (uint32_t)((until_ns - now_ns + 999999) / 1000000)
				     : 0;
	}
	return rc;
}

int larder_plan_wait_fd(larder_plan *plan)
{
	if (!plan || plan->verdict != LARDER_WAIT)
		return LARDER_EINVAL;
	return lrd_flight_fd(plan->flight);
}

void larder_plan_keep(larder_plan *plan)
{
	if (plan)
		lrd_flight_keep(plan->flight);
}

int larder_plan_refresh(larder_plan *plan, larder_plan **out)
{
	struct larder_plan *refresh = NULL;
	struct lrd_flight *flight;
	struct lrd_ask ask;
	int rc;

	if (!plan || !out || plan->verdict != LARDER_SERVE || !plan->flight ||
	    !plan->served.refresh)
		return LARDER_EINVAL;
	flight = plan->flight;
	plan->flight = NULL; /* moved to the refresh */
	lrd_lease_own_here(&flight->own);
	ask_again(plan->cache, plan->asked, &ask);
	/* What answered while stale is now to be validated. */
	ask.policy.can_refresh = false;
	rc = lrd_lookup_run(&ask, flight, NULL, &refresh);
	lrd_ask_release(&ask);
	if (rc < 0)
		return rc;
	if (refresh->verdict != LARDER_FETCH) {
		larder_plan_free(refresh);
		return LARDER_ENOTFOUND;
	}
	*out = refresh;
	return 0;
}
