/* SPDX-License-Identifier: MIT */
/* join.c - parts that arrive: kept, and joined with those that are stored (RFC 9111 s3.3, s3.4). */
#include <string.h>

#include "cache/plan.h"
#include "cache/prepare.h"
#include "policy/merge.h"
#include "policy/storable.h"
#include "policy/validate.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

enum { COPY_BYTES = 16 * 1024 };

/* What the plan's answer has, if that can be joined with the response: one strong validator. */
static bool fits_stored(const struct larder_plan *plan, struct lrd_field_view response,
			uint64_t size, struct lrd_parts *parts)
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_validators stored;
	struct lrd_extra extra;

	parts->count = 0;
	if (!plan->has_answer || !(answer->head.fresh.flags & LRD_FRESH_PARTIAL) ||
	    lrd_extra_decode(answer->head.extra, &extra) < 0 ||
	    extra.parts.count == 0 || extra.parts.size != size ||
	    lrd_parts_bytes(&extra.parts) != answer->body_len)
		return false;
	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	if (!lrd_parts_strong(&stored) || !lrd_validate_same_strong(response, &stored))
		return false;
	*parts = extra.parts;
	return true;
}

/* Is what is stored the whole of which the response is a part? */
static bool whole_stored(const struct larder_plan *plan, struct lrd_field_view response)
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_validators stored;

	if (!plan->has_answer || answer->head.status != 200)
		return false;
	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	return lrd_validate_same_strong(response, &stored);
}

static int copy_stored(struct larder_plan *plan, uint64_t offset, uint64_t len)
{
	char bytes[COPY_BYTES];
	ptrdiff_t n;
	int rc = 0;

	while (len > 0 && rc == 0) {
		n = lrd_part_read(plan, offset, bytes,
				  len < sizeof(bytes) ? (size_t)len : sizeof(bytes));
		if (n <= 0)
			return n < 0 ? (int)n : LARDER_ECORRUPT;
		rc = lrd_fill_add(plan, bytes, (size_t)n);
		plan->storing.copied += (uint64_t)n;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return rc;
}

/* The stored bytes from `first` to `last` of the whole, as far as there are any. */
static int copy_between(struct larder_plan *plan, uint64_t first, uint64_t last)
{
	const struct lrd_parts *parts = &plan->storing.joint->before;
	uint64_t before = 0, from, to;
	int rc = 0;

	for (size_t i = 0; i < parts->count && rc == 0; i++) {
		const struct lrd_range *part = &parts->at[i];

		from = part->first > first ? part->first : first;
		to = part->last < last ? part->last : last;
		if (from <= to)
			rc = copy_stored(plan, before + (from - part->first),
					 to - from + 1);
		before += part->last - part->first + 1;
	}
	return rc;
}

static int set_joint(struct larder_plan *plan, const struct lrd_parts *before,
		     struct lrd_range live, uint64_t size)
{
	struct lrd_joint *joint =
		lrd_alloc_zero(&plan->cache->allocator, sizeof(*joint));

	if (!joint)
		return LARDER_ENOMEM;
	joint->before = *before;
	joint->live = live;
	joint->size = size;
	plan->storing.joint = joint;
	return live.first > 0 ? copy_between(plan, 0, live.first - 1) : 0;
}

/* RFC 9111 s3.4: the fields of both, the newer ones where both have some. */
static int join_fields(struct larder_plan *plan,
		       const struct lrd_response_facts *response)
{
	struct lrd_storing *storing = &plan->storing;
	const struct lrd_answer *answer = &plan->answer;

	lrd_fields_clear(&storing->fields);
	return lrd_merge_update(lrd_view_of(answer->fields, answer->field_count),
				response, &storing->fields);
}

int lrd_part_begin(struct larder_plan *plan, const larder_head *head,
		   const struct lrd_response_facts *response, enum lrd_why *why)
{
	struct lrd_parts before, after;
	struct lrd_range range;
	uint64_t size;
	int rc = 0;

	*why = lrd_parts_received(response, head->no_body ? 0 : head->body_length, &range,
				  &size);
	if (*why != LRD_WHY_STORABLE)
		return 0;
	if (whole_stored(plan, response->fields)) {
		*why = LRD_WHY_BEYOND_WHOLE;
		return 0;
	}
	if (fits_stored(plan, response->fields, size, &before))
		rc = join_fields(plan, response);
	after = before;
	if (rc == 0 && lrd_parts_add(&after, range) < 0)
		*why = LRD_WHY_TOO_MANY_PARTS;
	else if (rc == 0 && (range.last - range.first >= plan->cache->max_body_bytes ||
			     lrd_parts_bytes(&after) > plan->cache->max_body_bytes))
		*why = LRD_WHY_TOO_LARGE;
	if (rc < 0 || *why != LRD_WHY_STORABLE)
		return rc;
	return set_joint(plan, &before, range, size);
}

/* ---- the rest of what is stored ------------------------------------------------------------ */

/* Does the response continue what is stored, to its very end? */
static bool continues(const struct larder_plan *plan, const larder_head *head,
		      const struct lrd_response_facts *response, struct lrd_parts *parts,
		      struct lrd_range *range)
{
	uint64_t size;

	if (lrd_parts_received(response, head->no_body ? 0 : head->body_length, range,
			       &size) != LRD_WHY_STORABLE ||
	    !fits_stored(plan, response->fields, size, parts))
		return false;
	/* What lies behind the beginning comes again: it is not needed. */
	parts->count = 1;
	return range->first == parts->at[0].last + 1 && range->last + 1 == size;
}

/* The user gets 200 and all its fields, with the length of the whole. */
static int make_whole_head(struct larder_plan *plan, uint64_t size)
{
	struct lrd_answer *answer = &plan->answer;
	larder_field *length = &answer->fields[answer->field_count];

	lrd_u64_format(size, plan->part.length_text);
	length->name = LRD_SLICE("Content-Length");
	length->value = lrd_slice_cstr(plan->part.length_text);
	answer->field_count++;
	answer->head.status = 200;
	answer->head.reason = LRD_SLICE("OK");
	answer->head.fresh.flags &= ~(uint32_t)LRD_FRESH_PARTIAL;
	return 0;
}

int lrd_part_resume(struct larder_plan *plan, const larder_head *head,
		    const struct lrd_response_facts *response, int64_t now)
{
	struct lrd_response_facts whole = *response;
	struct lrd_part *part = &plan->part;
	struct lrd_parts parts;
	struct lrd_range range;
	enum lrd_why why;
	int rc;

	if (response->status != 206 || !continues(plan, head, response, &parts, &range))
		return 0;
	whole.status = 200;
	rc = lrd_prepare_merge(plan, response);
	if (rc < 0)
		return rc;
	rc = make_whole_head(plan, parts.size);
	why = lrd_storable(&plan->cache->policy, &plan->asked->facts, &whole, false);
	if (rc == 0 && why == LRD_WHY_STORABLE)
		why = lrd_prepare_rest(plan, range.last - range.first + 1);
	if (rc == 0 && why == LRD_WHY_STORABLE) {
		rc = set_joint(plan, &parts, range, parts.size);
		plan->storing.on = rc == 0;
		if (rc < 0)
			why = lrd_plan_skipped(plan, rc);
	}
	plan->served.store_why =
		why == LRD_WHY_STORABLE ? LRD_WHY_NOT_COMMITTED : (uint32_t)why;
	part->kind = LRD_PART_CUT;
	part->resume = false;
	part->offset = 0;
	part->length = parts.at[0].last + 1;
	plan->status = 200;
	plan->reason = LRD_SLICE("OK");
	plan->verdict = LARDER_RESUME;
	plan->condition_count = 0;
	if (plan->answer.head.fresh.flags & LRD_FRESH_AGE_RECEIVED)
		lrd_answer_set_age(&plan->answer,
				   lrd_freshness_age(&plan->answer.head.fresh, now));
	return 1;
}

/* ---- the end ----------------------------------------------------------------------------- */

/* A 200 that broke off is a part that nobody has called one (RFC 9111 s3.3). */
static enum lrd_why broken_whole(struct larder_plan *plan)
{
	struct lrd_storing *storing = &plan->storing;
	struct lrd_parts none = { .count = 0 };
	struct lrd_range live = { 0, storing->received - 1 };
	struct lrd_validators validators;

	if (storing->head.status != 200 || plan->asked->facts.method != LRD_METHOD_GET ||
	    storing->body_length <= 0)
		return LRD_WHY_INCOMPLETE;
	lrd_validators_read(lrd_fields_view(&storing->fields), storing->head.fresh.date,
			    &validators);
	if (!lrd_parts_strong(&validators))
		return LRD_WHY_INCOMPLETE;
	none.size = (uint64_t)storing->body_length;
	return set_joint(plan, &none, live, none.size) < 0 ? LRD_WHY_NO_MEMORY
							   : LRD_WHY_STORABLE;
}

/* The head that goes with what is stored now. */
static int finish_head(struct larder_plan *plan, const struct lrd_parts *parts)
{
	struct lrd_storing *storing = &plan->storing;
	struct lrd_extra extra = { .parts = *parts };
	char size[LRD_NUM_SIZE];

	lrd_fields_remove(&storing->fields, LRD_SLICE("Content-Range"));
	lrd_fields_remove(&storing->fields, LRD_SLICE("Content-Length"));
	lrd_buf_clear(&storing->extra);
	if (lrd_parts_whole(parts)) {
		storing->head.status = 200;
		storing->head.fresh.flags &= ~(uint32_t)LRD_FRESH_PARTIAL;
		lrd_buf_clear(&storing->reason);
		lrd_u64_format(parts->size, size);
		return lrd_fields_add(&storing->fields, LRD_SLICE("Content-Length"),
				      lrd_slice_cstr(size));
	}
	storing->head.status = 206;
	storing->head.fresh.flags |= LRD_FRESH_PARTIAL;
	return lrd_extra_encode(&extra, &storing->extra);
}

enum lrd_why lrd_part_finish(struct larder_plan *plan, bool cut)
{
	struct lrd_storing *storing = &plan->storing;
	enum lrd_why why = LRD_WHY_STORABLE;
	struct lrd_parts parts;
	int rc;

	if (storing->received == 0)
		return LRD_WHY_INCOMPLETE;
	if (!storing->joint)
		why = broken_whole(plan);
	if (why != LRD_WHY_STORABLE)
		return why;
	if (!cut && storing->received !=
			    storing->joint->live.last - storing->joint->live.first + 1)
		return LRD_WHY_INCOMPLETE;
	storing->joint->live.last = storing->joint->live.first + storing->received - 1;
	parts = storing->joint->before;
	parts.size = storing->joint->size;
	if (lrd_parts_add(&parts, storing->joint->live) < 0)
		return LRD_WHY_TOO_MANY_PARTS;
	rc = copy_between(plan, storing->joint->live.last + 1, UINT64_MAX);
	if (rc == 0)
		rc = finish_head(plan, &parts);
	return rc < 0 ? lrd_plan_skipped(plan, rc) : LRD_WHY_STORABLE;
}
