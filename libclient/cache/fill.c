/* SPDX-License-Identifier: MIT */
/* fill.c - the body of a response on its way into the store, published at its proven end. */
#include "cache/plan.h"

#include "sys/clock.h"

static void stop(struct larder_plan *plan, enum lrd_why why)
{
	struct lrd_storing *storing = &plan->storing;

	if (storing->fill)
		lrd_fill_abort(storing->fill);
	storing->fill = NULL;
	lrd_buf_release(&storing->body);
	storing->on = false;
	plan->served.store_why = (uint32_t)why;
	if (why == LRD_WHY_TOO_LARGE)
		lrd_flight_uncacheable(plan->flight, LRD_FLIGHT_MARK_MS);
	else
		lrd_flight_lost(plan->flight);
}

enum lrd_why lrd_plan_skipped(struct larder_plan *plan, int rc)
{
	lrd_store_count(plan->cache->store, LRD_COUNT_SKIPPED, 1);
	switch (rc) {
	case LARDER_EFULL:
		return LRD_WHY_STORE_FULL;
	case LARDER_EBUSY:
		return LRD_WHY_STORE_BUSY;
	case LARDER_ENOMEM:
		return LRD_WHY_NO_MEMORY;
	case LARDER_ECONFLICT:
	case LARDER_ENOTFOUND:
		return LRD_WHY_CHANGED_MEANWHILE;
	case LARDER_ELIMIT:
		return LRD_WHY_TOO_LARGE;
	default:
		return LRD_WHY_STORE_ERROR;
	}
}

/* The body outgrows memory: what has come so far goes first. */
static int begin_fill(struct lrd_storing *storing, struct lrd_store *store)
{
	/* What is copied from the store comes on top, and may come behind it too. */
	uint64_t expected = storing->body_length >= 0 && !storing->joint
				    ? (uint64_t)storing->body_length
				    : UINT64_MAX;
	int rc = lrd_fill_begin(store, expected, &storing->fill);

	if (rc == 0)
		rc = lrd_fill_append(storing->fill, storing->body.ptr, storing->body.len);
	lrd_buf_release(&storing->body);
	return rc;
}

int lrd_fill_add(struct larder_plan *plan, const void *bytes, size_t len)
{
	struct lrd_storing *storing = &plan->storing;
	int rc = 0;

	if (!storing->fill && storing->body.len + len <= LRD_PLAN_BUFFER_MAX) {
		/* One allocation where the length is known. */
		if (storing->body.len == 0 && storing->body_length > 0 && !storing->joint &&
		    storing->body_length <= LRD_PLAN_BUFFER_MAX)
			rc = lrd_buf_reserve(&storing->body, (size_t)storing->body_length);
		return rc < 0 ? rc : lrd_buf_append(&storing->body, bytes, len);
	}
	if (!storing->fill)
		rc = begin_fill(storing, plan->cache->store);
	return rc < 0 ? rc : lrd_fill_append(storing->fill, bytes, len);
}

static bool takes_body(const struct larder_plan *plan)
{
	return plan->verdict == LARDER_PASS || plan->verdict == LARDER_RESUME;
}

int larder_plan_append(larder_plan *plan, const void *bytes, size_t len)
{
	struct lrd_storing *storing;
	int rc;

	if (!plan || !takes_body(plan) || (len > 0 && !bytes) ||
	    plan->committed)
		return LARDER_EINVAL;
	storing = &plan->storing;
	lrd_store_count(plan->cache->store, LRD_COUNT_BYTES_FETCHED, len);
	if (!storing->on || len == 0)
		return 0;
	lrd_flight_body(plan->flight, len);
	storing->received += len;
	if (storing->received > plan->cache->max_body_bytes - storing->copied) {
		lrd_store_count(plan->cache->store, LRD_COUNT_REFUSED, 1);
		lrd_plan_tell(plan, LRD_EVENT_REFUSED, LRD_WHY_TOO_LARGE);
		stop(plan, LRD_WHY_TOO_LARGE);
		return 0;
	}
	if (storing->body_length >= 0 &&
	    storing->received > (uint64_t)storing->body_length) {
		stop(plan, LRD_WHY_INCOMPLETE);
		return 0;
	}
	rc = lrd_fill_add(plan, bytes, len);
	if (rc < 0)
		stop(plan, lrd_plan_skipped(plan, rc));
	return 0;
}

static void finish_part(struct larder_plan *plan, bool cut)
{
	enum lrd_why why = lrd_part_finish(plan, cut);

	if (why == LRD_WHY_STORABLE)
		lrd_publish(plan);
	else
		stop(plan, why);
	if (plan->served.stored && (plan->storing.head.fresh.flags & LRD_FRESH_PARTIAL))
		plan->served.store_why = LRD_WHY_PARTIAL_KEPT;
}

int larder_plan_commit(larder_plan *plan)
{
	struct lrd_storing *storing;

	if (!plan || !takes_body(plan))
		return LARDER_EINVAL;
	storing = &plan->storing;
	if (plan->committed || !storing->on) {
		plan->committed = true;
		return 0;
	}
	plan->committed = true;
	/* RFC 9111 s3.3: a body that is not what its framing promised is no response. */
	if (storing->body_length >= 0 &&
	    storing->received != (uint64_t)storing->body_length) {
		stop(plan, LRD_WHY_INCOMPLETE);
		return 0;
	}
	if (storing->joint)
		finish_part(plan, false);
	else
		lrd_publish(plan);
	if (plan->served.stored)
		lrd_flight_stored(plan->flight, &plan->asked->policy,
				  &storing->head.fresh, lrd_clock_now_s());
	else
		lrd_flight_lost(plan->flight);
	return 0;
}

int larder_plan_cut(larder_plan *plan)
{
	if (!plan || !takes_body(plan))
		return LARDER_EINVAL;
	if (!plan->committed && plan->storing.on)
		finish_part(plan, true);
	plan->committed = true;
	lrd_flight_lost(plan->flight);
	return 0;
}
