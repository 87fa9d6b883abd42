/* SPDX-License-Identifier: MIT */
/* part.c - parts of stored responses, cut out for who asks for them (RFC 9110 s14). */
#include "cache/part.h"

#include <string.h>

#include "cache/plan.h"
#include "policy/validate.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

static struct lrd_validators validators_of(const struct lrd_answer *answer)
{
	struct lrd_validators stored;

	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	return stored;
}

/* What is stored of the answer: all of it, unless its extra says less. */
static int parts_of(const struct lrd_answer *answer, struct lrd_parts *parts)
{
	struct lrd_extra extra;
	int rc;

	if (!(answer->head.fresh.flags & LRD_FRESH_PARTIAL)) {
		parts->size = answer->body_len;
		parts->count = answer->body_len > 0;
		parts->at[0] = (struct lrd_range){ 0, answer->body_len - 1 };
		return 0;
	}
	rc = lrd_extra_decode(answer->head.extra, &extra);
	if (rc < 0 || extra.parts.count == 0 ||
	    lrd_parts_bytes(&extra.parts) != answer->body_len)
		return LARDER_ECORRUPT;
	*parts = extra.parts;
	return 0;
}

static enum lrd_why unfit(struct larder_plan *plan, enum lrd_why why)
{
	plan->part.kind = LRD_PART_UNFIT;
	return why;
}

static enum lrd_why settle_part(struct larder_plan *plan, const struct lrd_parts *parts,
				struct lrd_range range)
{
	struct lrd_part *part = &plan->part;

	if (!lrd_parts_find(parts, range, &part->offset))
		return unfit(plan, LRD_WHY_PARTIAL_STORED);
	part->kind = LRD_PART_CUT;
	part->length = range.last - range.first + 1;
	part->size = parts->size;
	lrd_u64_format(part->length, part->length_text);
	return LRD_WHY_NONE;
}

static int format_range(struct lrd_part *part, bool unsatisfied, struct lrd_range range)
{
	struct lrd_content_range content = { .unsatisfied = unsatisfied,
					     .range = range,
					     .size = part->size };
	struct lrd_buf out;

	lrd_buf_init_fixed(&out, part->range_text, sizeof(part->range_text));
	return lrd_content_range_format(&content, &out);
}

static enum lrd_why settle(struct larder_plan *plan,
			   const struct lrd_request_facts *facts, bool can_resume,
			   int64_t now)
{
	bool partial = (plan->answer.head.fresh.flags & LRD_FRESH_PARTIAL) != 0;
	struct lrd_validators stored = validators_of(&plan->answer);
	struct lrd_part *part = &plan->part;
	struct lrd_wanted wanted;
	struct lrd_parts parts;

	if (parts_of(&plan->answer, &parts) < 0)
		return unfit(plan, LRD_WHY_DAMAGED);
	wanted = lrd_parts_wanted(facts, &stored, parts.size, now);
	part->size = parts.size;
	switch (wanted.wish) {
	case LRD_WISH_WHOLE:
		if (!partial)
			return LRD_WHY_NONE;
		part->resume = can_resume && facts->method == LRD_METHOD_GET &&
			       !(facts->has & LRD_HAS_RANGE) && parts.at[0].first == 0;
		return unfit(plan, LRD_WHY_PARTIAL_STORED);
	case LRD_WISH_SEVERAL:
		return unfit(plan, LRD_WHY_SEVERAL_RANGES);
	case LRD_WISH_UNSATISFIABLE:
		part->kind = LRD_PART_NOWHERE;
		if (format_range(part, true, wanted.range) < 0)
			return unfit(plan, LRD_WHY_RANGE);
		return LRD_WHY_NONE;
	case LRD_WISH_PART:
		break;
	}
	if (format_range(part, false, wanted.range) < 0)
		return unfit(plan, LRD_WHY_RANGE);
	return settle_part(plan, &parts, wanted.range);
}

enum lrd_why lrd_part_settle(struct larder_plan *plan,
			     const struct lrd_request_facts *facts, bool can_resume,
			     int64_t now)
{
	uint32_t flags = plan->answer.head.fresh.flags;

	plan->part.kind = LRD_PART_NONE;
	plan->part.resume = false;
	if (!(flags & LRD_FRESH_PARTIAL)) {
		/* RFC 9110 s14.2: Range changes what would be a 200, and nothing else. */
		if (!(facts->has & LRD_HAS_RANGE) || plan->answer.head.status != 200)
			return LRD_WHY_NONE;
	}
	return settle(plan, facts, can_resume, now);
}

/* ---- serving ----------------------------------------------------------------------------- */

static void set_field(struct lrd_answer *answer, larder_slice name, larder_slice value)
{
	for (size_t i = 0; i < answer->field_count; i++) {
		if (!lrd_slice_equal_nocase(answer->fields[i].name, name))
			continue;
		answer->fields[i].value = value;
		return;
	}
	answer->fields[answer->field_count++] = (larder_field){ name, value };
}

void lrd_part_apply(struct larder_plan *plan)
{
	struct lrd_answer *answer = &plan->answer;
	struct lrd_part *part = &plan->part;

	if (part->kind == LRD_PART_NOWHERE) {
		lrd_answer_reduce_to_304(answer);
		plan->status = 416;
		plan->reason = LRD_SLICE("Range Not Satisfiable");
		plan->head_only = true;
	} else {
		plan->status = 206;
		plan->reason = LRD_SLICE("Partial Content");
		set_field(answer, LRD_SLICE("Content-Length"),
			  lrd_slice_cstr(part->length_text));
	}
	set_field(answer, LRD_SLICE("Content-Range"), lrd_slice_cstr(part->range_text));
}

ptrdiff_t lrd_part_read(struct larder_plan *plan, uint64_t offset, void *buf, size_t len)
{
	struct lrd_answer *answer = &plan->answer;
	ptrdiff_t n;

	if (offset >= answer->body_len || len > answer->body_len - offset)
		return LARDER_EINVAL;
	if (answer->body.ptr) {
		memcpy(buf, answer->body.ptr + offset, len);
		return (ptrdiff_t)len;
	}
	n = lrd_hold_read(&answer->hold, offset, buf, len);
	/* The end has not come: a hold that gives nothing more has lost its body. */
	return n == 0 ? LARDER_ECORRUPT : n;
}

int lrd_part_ask_rest(struct larder_plan *plan)
{
	struct lrd_validators stored = validators_of(&plan->answer);
	larder_slice if_range = lrd_parts_if_range(&stored);
	struct lrd_parts parts;
	int rc;

	if (parts_of(&plan->answer, &parts) < 0 || if_range.len == 0)
		return 0;
	rc = lrd_buf_append_cstr(&plan->condition_text, "bytes=");
	if (rc == 0)
		rc = lrd_buf_append_u64(&plan->condition_text, parts.at[0].last + 1);
	if (rc == 0)
		rc = lrd_buf_append_char(&plan->condition_text, '-');
	if (rc < 0)
		return rc;
	plan->conditions[plan->condition_count++] = (larder_field){
		LRD_SLICE("Range"), lrd_buf_slice(&plan->condition_text)
	};
	plan->conditions[plan->condition_count++] =
		(larder_field){ LRD_SLICE("If-Range"), if_range };
	return 1;
}
