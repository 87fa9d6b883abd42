/* SPDX-License-Identifier: MIT */
/* prepare.c - making ready what is to be stored, out of the origin's answer. */
#include "cache/prepare.h"

#include <string.h>

#include "policy/invalidate.h"
#include "policy/merge.h"
#include "policy/storable.h"
#include "policy/target.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum { REASON_BYTES = 8192 };

static void set_up(struct larder_plan *plan)
{
	struct lrd_storing *storing = &plan->storing;
	const larder_allocator *allocator = lrd_plan_allocator(plan);

	memset(storing, 0, sizeof(*storing));
	lrd_fields_init(&storing->fields, LRD_HEAD_MAX, LRD_RESPONSE_FIELDS, allocator);
	lrd_buf_init(&storing->vary, LRD_VARY_LIST_BYTES, allocator);
	lrd_buf_init(&storing->reason, REASON_BYTES, allocator);
	lrd_buf_init(&storing->body, LRD_ANSWER_COPY_MAX, allocator);
	lrd_buf_init(&storing->extra, LRD_EXTRA_MAX, allocator);
	storing->body_length = -1;
	plan->set_up = true;
}

/* RFC 9110 s9.3.3: only a POST asks. */
static bool content_location_is_target(const struct larder_plan *plan,
				       const struct lrd_response_facts *response)
{
	const struct lrd_asked *asked = plan->asked;
	struct lrd_buf url;
	bool same;

	if (asked->facts.method != LRD_METHOD_POST)
		return false;
	lrd_buf_init(&url, LRD_KEY_MAX, lrd_plan_allocator(plan));
	same = lrd_invalidate_target(LRD_INVALIDATE_CONTENT_LOCATION, response->fields,
				     &asked->uri, &url) == 1 &&
	       lrd_slice_equal(lrd_buf_slice(&url), asked->url);
	lrd_buf_release(&url);
	return same;
}

static enum lrd_why vary_reason(enum lrd_vary vary)
{
	switch (vary) {
	case LRD_VARY_ANY:
		return LRD_WHY_VARY_STAR;
	case LRD_VARY_MALFORMED:
		return LRD_WHY_VARY_MALFORMED;
	case LRD_VARY_TOO_LONG:
		return LRD_WHY_VARY_LONG;
	default:
		return LRD_WHY_STORABLE;
	}
}

/* What a cache of the other kind must know of it. */
static uint32_t kind_flags(const struct larder_plan *plan,
			   const struct lrd_response_facts *response)
{
	uint32_t flags = 0;

	if (!lrd_storable_shared(&plan->asked->facts, response))
		flags |= LRD_FRESH_NOT_SHARED;
	if (lrd_cc_has(&response->cc, LRD_CC_PRIVATE))
		flags |= plan->cache->policy.shared ? LRD_FRESH_STRIPPED
						    : LRD_FRESH_NOT_SHARED;
	return flags;
}

static int fill_in(struct larder_plan *plan, const larder_head *head,
		   const struct lrd_response_facts *response)
{
	struct lrd_storing *storing = &plan->storing;
	int rc = lrd_merge_stored(response, plan->cache->policy.shared, &storing->fields);

	if (rc == 0)
		rc = lrd_buf_append_slice(&storing->reason, head->reason);
	if (rc < 0)
		return rc;
	storing->head.status = (uint16_t)head->status;
	storing->head.version = (uint16_t)head->version;
	lrd_freshness_read(&plan->cache->policy, response, &storing->head.fresh);
	storing->head.fresh.flags |= kind_flags(plan, response);
	storing->body_length = head->no_body ? 0 : head->body_length;
	return 0;
}

/* What is left of a response of which only a part came. */
static int begin_part(struct larder_plan *plan, const larder_head *head,
		      const struct lrd_response_facts *response, enum lrd_why *why)
{
	struct lrd_storing *storing = &plan->storing;
	int rc = lrd_part_begin(plan, head, response, why);

	if (rc == LARDER_ENOMEM)
		return rc;
	storing->on = rc == 0 && *why == LRD_WHY_STORABLE;
	if (rc < 0)
		*why = lrd_plan_skipped(plan, rc);
	return 0;
}

int lrd_prepare(struct larder_plan *plan, const larder_head *head,
		const struct lrd_response_facts *response, enum lrd_why *why)
{
	struct lrd_storing *storing = &plan->storing;
	int rc;

	*why = lrd_storable(&plan->cache->policy, &plan->asked->facts, response,
			    content_location_is_target(plan, response));
	if (*why != LRD_WHY_STORABLE)
		return 0;
	set_up(plan);
	*why = vary_reason(lrd_vary_read(response->fields, &storing->vary));
	if (*why != LRD_WHY_STORABLE)
		return 0;
	if (!head->no_body && head->body_length > 0 &&
	    (uint64_t)head->body_length > plan->cache->max_body_bytes) {
		*why = LRD_WHY_TOO_LARGE;
		return 0;
	}
	rc = fill_in(plan, head, response);
	if (rc == LARDER_ENOMEM)
		return rc;
	if (rc == LARDER_ELIMIT)
		*why = LRD_WHY_TOO_LARGE;
	else if (rc < 0)
		*why = LRD_WHY_MALFORMED;
	else if (head->status == 206)
		return begin_part(plan, head, response, why);
	else
		storing->on = true;
	return 0;
}

/* ---- updating ---------------------------------------------------------------------------- */

/* The fields array of an answer has room for a few more than it holds. */
static int adopt(struct larder_plan *plan, struct lrd_field_view view)
{
	struct lrd_answer *answer = &plan->answer;
	larder_field *array =
		lrd_alloc(&plan->cache->allocator, (view.count + LRD_ANSWER_SPARE) * sizeof(*array));

	if (!array)
		return LARDER_ENOMEM;
	if (view.count > 0)
		memcpy(array, view.at, view.count * sizeof(*array));
	lrd_alloc_free(&plan->cache->allocator, plan->merged_array);
	plan->merged_array = array;
	answer->fields = array;
	answer->field_count = view.count;
	return 0;
}

int lrd_prepare_merge(struct larder_plan *plan, const struct lrd_response_facts *update)
{
	struct lrd_answer *answer = &plan->answer;
	uint32_t kept = answer->head.fresh.flags & LRD_FRESH_KEPT;
	struct lrd_response_facts facts;
	int rc;

	if (plan->fields_merged)
		lrd_fields_release(&plan->merged);
	lrd_fields_init(&plan->merged, LRD_HEAD_MAX, LRD_RESPONSE_FIELDS,
			lrd_plan_allocator(plan));
	plan->fields_merged = true;
	rc = lrd_merge_update(lrd_view_of(answer->fields, answer->field_count), update,
			      &plan->merged);
	if (rc == 0)
		rc = adopt(plan, lrd_fields_view(&plan->merged));
	if (rc < 0)
		return rc;
	lrd_response_facts_read_for(&plan->cache->policy, answer->head.status,
				    lrd_fields_view(&plan->merged),
				    update->request_time, update->response_time, &facts);
	/* Age is never stored: it counts for this once. */
	facts.has_age = update->has_age;
	facts.age_s = update->age_s;
	lrd_freshness_read(&plan->cache->policy, &facts, &answer->head.fresh);
	answer->head.fresh.flags |= kept | kind_flags(plan, &facts);
	answer->marked = false;
	return 0;
}

static int copy_answer(struct larder_plan *plan)
{
	struct lrd_storing *storing = &plan->storing;
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_field_view view = lrd_view_of(answer->fields, answer->field_count);
	int rc;

	if (lrd_vary_read(view, &storing->vary) > LRD_VARY_FIELDS)
		return LARDER_EINVAL;
	rc = lrd_fields_add_all(&storing->fields, view);
	if (rc == 0)
		rc = lrd_buf_append_slice(&storing->reason, answer->head.reason);
	if (rc == 0)
		rc = lrd_buf_append_slice(&storing->body, answer->body);
	if (rc == 0)
		rc = lrd_buf_append_slice(&storing->extra, answer->head.extra);
	return rc;
}

enum lrd_why lrd_prepare_rest(struct larder_plan *plan, uint64_t body_length)
{
	struct lrd_storing *storing = &plan->storing;
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_field_view view = lrd_view_of(answer->fields, answer->field_count);
	enum lrd_why why;
	int rc;

	set_up(plan);
	why = vary_reason(lrd_vary_read(view, &storing->vary));
	if (why != LRD_WHY_STORABLE)
		return why;
	rc = lrd_fields_add_all(&storing->fields, view);
	if (rc < 0)
		return lrd_plan_skipped(plan, rc);
	storing->head = answer->head;
	storing->body_length = (int64_t)body_length;
	return LRD_WHY_STORABLE;
}

void lrd_prepare_again(struct larder_plan *plan)
{
	struct lrd_storing *storing = &plan->storing;
	const struct lrd_answer *answer = &plan->answer;

	if (answer->body_len > 0 && !answer->body.ptr)
		return;
	set_up(plan);
	if (copy_answer(plan) < 0)
		return;
	storing->head = answer->head;
	storing->received = answer->body_len;
	storing->on = true;
}

int lrd_prepare_put(const struct larder_plan *plan, const struct lrd_response *head,
		    struct lrd_field_view fields, struct lrd_buf *buf, struct lrd_put *put)
{
	int rc = lrd_response_encode(head, fields, buf);

	if (rc < 0)
		return rc;
	*put = (struct lrd_put){
		.kind = LRD_KIND_RESPONSE,
		.stored_at = lrd_clock_now_s(),
		.expires_at = lrd_freshness_expires_at(&head->fresh,
						       plan->cache->policy.shared),
		.head = lrd_buf_slice(buf),
	};
	/* 0 would mean that no expiry is known. */
	if (put->expires_at <= 0)
		put->expires_at = 1;
	return 0;
}
