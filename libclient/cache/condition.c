/* SPDX-License-Identifier: MIT */
/* condition.c - the fields that make a request to the origin conditional (RFC 9111 s4.3.1). */
#include "cache/plan.h"
#include "cache/select.h"
#include "policy/reuse.h"
#include "policy/validate.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"

enum {
	OWN_CONDITIONS = LRD_HAS_IF_NONE_MATCH | LRD_HAS_IF_MODIFIED_SINCE |
			 LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE
};

static void add_condition(struct larder_plan *plan, larder_slice name, larder_slice value)
{
	plan->conditions[plan->condition_count++] = (larder_field){ name, value };
}

/* The Fetch standard's fields for its modes, so that caches further on do the same. */
static void add_mode_fields(struct larder_plan *plan,
			    const struct lrd_request_facts *facts)
{
	bool has_cc = (facts->has & LRD_HAS_CACHE_CONTROL) != 0;
	bool anew =
		facts->mode == LARDER_MODE_RELOAD || facts->mode == LARDER_MODE_NO_STORE;

	if (anew && !has_cc)
		add_condition(plan, LRD_SLICE("Cache-Control"), LRD_SLICE("no-cache"));
	if (anew && !(facts->has & LRD_HAS_PRAGMA))
		add_condition(plan, LRD_SLICE("Pragma"), LRD_SLICE("no-cache"));
	if (facts->mode == LARDER_MODE_NO_CACHE && !has_cc)
		add_condition(plan, LRD_SLICE("Cache-Control"), LRD_SLICE("max-age=0"));
}

/* RFC 9111 s4.3.1: the validators of what is stored, of other variants too. */
static int add_validators(struct larder_plan *plan)
{
	struct lrd_validators at[LRD_CANDIDATES];
	size_t count = lrd_candidates(plan, at);
	int64_t when;
	int rc;

	rc = lrd_validate_tags(at, count, &plan->condition_text);
	if (rc < 0)
		return rc;
	if (rc > 0)
		add_condition(plan, LRD_SLICE("If-None-Match"),
			      lrd_buf_slice(&plan->condition_text));
	/* A date speaks of one response alone. */
	if (plan->has_answer && count == 1 && at[0].last_modified.ptr &&
	    lrd_date_parse(at[0].last_modified, plan->asked->time, &when) == 0)
		add_condition(plan, LRD_SLICE("If-Modified-Since"), at[0].last_modified);
	return 0;
}

int lrd_condition_add(struct larder_plan *plan)
{
	const struct lrd_request_facts *facts = &plan->asked->facts;
	size_t before;
	int rc;

	add_mode_fields(plan, facts);
	before = plan->condition_count;
	if (facts->has & OWN_CONDITIONS)
		plan->part.resume = false;
	if ((facts->has & OWN_CONDITIONS) || lrd_reuse_refuses(facts) != LRD_WHY_NONE ||
	    lrd_reuse_bypass(facts) != LRD_WHY_NONE)
		return 0;
	if (plan->has_answer && plan->part.kind == LRD_PART_UNFIT) {
		/* A 304 would confirm what cannot answer. */
		if (!plan->part.resume)
			return 0;
		rc = lrd_part_ask_rest(plan);
		plan->part.resume = rc == 1;
		return rc < 0 ? rc : 0;
	}
	rc = add_validators(plan);
	plan->conditional = plan->condition_count > before;
	return rc;
}
