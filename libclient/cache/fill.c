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
		lrd_flight_failed(plan->flight);
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
	uint64_t expected =
		storing->body_length >= 0 ? (uint64_t)storing->body_length : UINT64_MAX;
	int rc = lrd_fill_begin(store, expected, &storing->fill);

	if (rc == 0)
		rc = lrd_fill_append(storing->fill, storing->body.ptr, storing->body.len);
	lrd_buf_release(&storing->body);
	return rc;
}

static int add(struct larder_plan *plan, const void *bytes, size_t len)
{
	struct lrd_storing *storing = &plan->storing;
	int rc = 0;

	if (!storing->fill && storing->body.len + len <= LRD_PLAN_BUFFER_MAX) {
		/* One allocation where the length is known. */
		if (storing->body.len == 0 && storing->body_length > 0 &&
		    storing->body_length <= LRD_PLAN_BUFFER_MAX)
			rc = lrd_buf_reserve(&storing->body, (size_t)storing->body_length);
		return rc < 0 ? rc : lrd_buf_append(&storing->body, bytes, len);
	}
	if (!storing->fill)
		rc = begin_fill(storing, plan->cache->store);
	return rc < 0 ? rc : lrd_fill_append(storing->fill, bytes, len);
}

int larder_plan_append(larder_plan *plan, const void *bytes, size_t len)
{
	struct lrd_storing *storing;
	int rc;

	if (!plan || plan->verdict != LARDER_PASS || (len > 0 && !bytes) ||
	    plan->committed)
		return LARDER_EINVAL;
	storing = &plan->storing;
	lrd_store_count(plan->cache->store, LRD_COUNT_BYTES_FETCHED, len);
	if (!storing->on || len == 0)
		return 0;
	lrd_flight_body(plan->flight, len);
	storing->received += len;
	if (storing->received > plan->cache->max_body_bytes) {
		lrd_store_count(plan->cache->store, LRD_COUNT_REFUSED, 1);
		stop(plan, LRD_WHY_TOO_LARGE);
		return 0;
	}
	if (storing->body_length >= 0 &&
	    storing->received > (uint64_t)storing->body_length) {
		stop(plan, LRD_WHY_INCOMPLETE);
		return 0;
	}
	rc = add(plan, bytes, len);
	if (rc < 0)
		stop(plan, lrd_plan_skipped(plan, rc));
	return 0;
}

int larder_plan_commit(larder_plan *plan)
{
	struct lrd_storing *storing;

	if (!plan || plan->verdict != LARDER_PASS)
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
	lrd_publish(plan);
	if (plan->served.stored)
		lrd_flight_stored(plan->flight, &plan->asked->policy,
				  &storing->head.fresh, lrd_clock_now_s());
	else
		lrd_flight_failed(plan->flight);
	return 0;
}
