/* SPDX-License-Identifier: MIT */
/* plan.c - a plan's life, and what its user may read off it. */
#include "cache/plan.h"

#include <stddef.h>
#include <string.h>

#include "policy/validate.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "store/event.h"

enum { CONDITION_BYTES = 64 * 1024 };

void lrd_plan_init(struct larder_plan *plan, struct larder_cache *cache)
{
	/* `answer` was filled by the caller and is most of the struct: it stays as it is. */
	const size_t behind = offsetof(struct larder_plan, answer) + sizeof(plan->answer);

	memset(plan, 0, offsetof(struct larder_plan, answer));
	memset((char *)plan + behind, 0, sizeof(*plan) - behind);
	plan->cache = cache;
	plan->verdict = LARDER_FETCH;
	plan->served.how = LARDER_HOW_MISS;
	plan->served.age_s = -1;
	plan->served.ttl_s = INT64_MIN;
	lrd_buf_init(&plan->condition_text, CONDITION_BYTES, lrd_plan_allocator(plan));
}

struct larder_plan *lrd_plan_new(struct larder_cache *cache)
{
	struct larder_plan *plan = lrd_alloc_zero(&cache->allocator, sizeof(*plan));

	if (plan)
		lrd_plan_init(plan, cache);
	return plan;
}

void lrd_plan_drop_answer(struct larder_plan *plan)
{
	lrd_answer_release(&plan->answer);
	lrd_alloc_free(&plan->cache->allocator, plan->answer_block);
	plan->answer_block = NULL;
	plan->has_answer = false;
	plan->is_variant = false;
	plan->part.kind = LRD_PART_NONE;
	plan->part.resume = false;
	/* A condition may have pointed into the answer. */
	plan->condition_count = 0;
}

static void release_storing(struct lrd_storing *storing)
{
	lrd_fill_abort(storing->fill);
	storing->fill = NULL;
	lrd_buf_release(&storing->body);
	lrd_buf_release(&storing->vary);
	lrd_buf_release(&storing->reason);
	lrd_buf_release(&storing->extra);
	lrd_fields_release(&storing->fields);
	storing->on = false;
}

void larder_plan_free(larder_plan *plan)
{
	if (!plan)
		return;
	if (plan->has_answer)
		lrd_plan_drop_answer(plan);
	if (plan->set_up) {
		release_storing(&plan->storing);
		lrd_alloc_free(&plan->cache->allocator, plan->storing.joint);
	}
	if (plan->fields_merged)
		lrd_fields_release(&plan->merged);
	lrd_alloc_free(&plan->cache->allocator, plan->merged_array);
	lrd_buf_release(&plan->condition_text);
	lrd_asked_free(plan->cache, plan->asked);
	lrd_flight_free(plan->flight);
	lrd_alloc_free(&plan->cache->allocator, plan);
}

void lrd_plan_tell(const struct larder_plan *plan, enum lrd_event_type type,
		   uint64_t detail)
{
	const struct lrd_asked *asked = plan->asked;
	struct lrd_key key;

	if (lrd_key_init(plan->cache->store, asked->partition, asked->url, &key) == 0)
		lrd_event_add(plan->cache->store, type, key.hash, key.name, detail);
}

/* ---- serving ----------------------------------------------------------------------------- */

static void count_served(struct larder_plan *plan, enum larder_how how)
{
	struct lrd_store *store = plan->cache->store;

	lrd_store_count(store,
			how == LARDER_HOW_FRESH         ? LRD_COUNT_HIT
			: how == LARDER_HOW_REVALIDATED ? LRD_COUNT_REVALIDATED
							: LRD_COUNT_STALE,
			1);
	if (!plan->head_only)
		lrd_store_count(store, LRD_COUNT_BYTES_SERVED,
				larder_plan_body_length(plan));
}

/* RFC 9111 s4.3.2: the caller's own conditions, answered from here. */
static bool not_modified(const struct larder_plan *plan,
			 const struct lrd_request_facts *facts, int64_t now)
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_validators stored;

	if (!(facts->has & (LRD_HAS_IF_NONE_MATCH | LRD_HAS_IF_MODIFIED_SINCE)) ||
	    (answer->head.status != 200 && answer->head.status != 206))
		return false;
	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	return lrd_validate_not_modified(facts, &stored, now);
}

/* RFC 9110 s13.2.2: conditions first, then the range. */
uint32_t lrd_plan_outcome(const struct larder_plan *plan,
			  const struct lrd_request_facts *facts, int64_t now)
{
	if (not_modified(plan, facts, now))
		return 304;
	switch (plan->part.kind) {
	case LRD_PART_CUT:
		return 206;
	case LRD_PART_NOWHERE:
		return 416;
	default:
		return plan->answer.head.status;
	}
}

static void make_304(struct larder_plan *plan)
{
	lrd_answer_reduce_to_304(&plan->answer);
	plan->status = 304;
	plan->reason = LRD_SLICE("Not Modified");
	plan->head_only = true;
}

void lrd_plan_serve(struct larder_plan *plan, const struct lrd_request_facts *facts,
		    enum larder_how how, const struct lrd_reuse *reuse, int64_t now)
{
	struct lrd_answer *answer = &plan->answer;
	uint32_t flags = answer->head.fresh.flags;
	uint32_t outcome;

	plan->verdict = LARDER_SERVE;
	plan->served.how = (uint32_t)how;
	plan->served.why = (uint32_t)reuse->why;
	plan->served.age_s = reuse->age_s;
	plan->served.ttl_s = reuse->ttl_s;
	plan->served.refresh = reuse->refresh;
	plan->status = answer->head.status;
	plan->reason = answer->head.reason;
	plan->head_only = facts->method == LRD_METHOD_HEAD;
	plan->read_pos = 0;
	if (how != LARDER_HOW_REVALIDATED && (flags & LRD_FRESH_NO_CACHE_FIELDS))
		lrd_answer_drop_unvalidated(answer);
	/* RFC 9111 s5.1: Age says that the origin was not asked for this response. */
	if (how != LARDER_HOW_REVALIDATED || (flags & LRD_FRESH_AGE_RECEIVED))
		lrd_answer_set_age(answer, reuse->age_s);
	outcome = lrd_plan_outcome(plan, facts, now);
	if (outcome == 304)
		make_304(plan);
	else if (plan->part.kind != LRD_PART_NONE)
		lrd_part_apply(plan);
	if (plan->head_only)
		lrd_answer_release(answer);
	count_served(plan, how);
}

/* ---- what the user reads ----------------------------------------------------------------- */

enum larder_verdict larder_plan_verdict(const larder_plan *plan)
{
	return plan->verdict;
}

const larder_served *larder_plan_served(const larder_plan *plan)
{
	return &plan->served;
}

const larder_field *larder_plan_condition(const larder_plan *plan, size_t *count)
{
	size_t n = plan->verdict == LARDER_FETCH ? plan->condition_count : 0;

	if (count)
		*count = n;
	return n > 0 ? plan->conditions : NULL;
}

uint32_t larder_plan_status(const larder_plan *plan)
{
	return lrd_plan_serves(plan) ? plan->status : 0;
}

uint32_t larder_plan_version(const larder_plan *plan)
{
	return lrd_plan_serves(plan) ? plan->answer.head.version : 0;
}

larder_slice larder_plan_reason(const larder_plan *plan)
{
	return lrd_plan_serves(plan) ? plan->reason : LRD_SLICE("");
}

const larder_field *larder_plan_fields(const larder_plan *plan, size_t *count)
{
	bool serves = lrd_plan_serves(plan);

	if (count)
		*count = serves ? plan->answer.field_count : 0;
	return serves ? plan->answer.fields : NULL;
}

static bool has_body(const larder_plan *plan)
{
	return lrd_plan_serves(plan) && !plan->head_only;
}

uint64_t larder_plan_body_length(const larder_plan *plan)
{
	if (!has_body(plan))
		return 0;
	return plan->part.kind == LRD_PART_CUT ? plan->part.length
					       : plan->answer.body_len;
}

larder_slice larder_plan_body(const larder_plan *plan)
{
	larder_slice body = plan->answer.body;

	if (!has_body(plan) || plan->answer.body_len == 0)
		return LRD_SLICE("");
	/* A part goes on behind its last byte: it is not NUL-terminated. */
	if (plan->part.kind == LRD_PART_CUT && body.ptr)
		body = lrd_slice_of(body.ptr + plan->part.offset,
				    (size_t)plan->part.length);
	return body;
}

ptrdiff_t larder_plan_read(larder_plan *plan, void *buf, size_t len)
{
	uint64_t left;
	ptrdiff_t n;

	if (!plan || (len > 0 && !buf) || !lrd_plan_serves(plan))
		return LARDER_EINVAL;
	left = larder_plan_body_length(plan) - plan->read_pos;
	if (len > left)
		len = (size_t)left;
	if (len == 0)
		return 0;
	n = lrd_part_read(plan, plan->part.offset + plan->read_pos, buf, len);
	if (n > 0)
		plan->read_pos += (uint64_t)n;
	return n;
}
