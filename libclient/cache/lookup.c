/* SPDX-License-Identifier: MIT */
/* lookup.c - from a request to a plan: one read transaction, one decision. */
#include <string.h>

#include "cache/fence.h"
#include "cache/plan.h"
#include "cache/select.h"
#include "policy/reuse.h"
#include "policy/validate.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"

/* How often a body may be replaced between transaction and hold before it is a miss. */
enum { TRIES = 4 };

enum {
	OWN_CONDITIONS = LRD_HAS_IF_NONE_MATCH | LRD_HAS_IF_MODIFIED_SINCE |
			 LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE
};

/* What a look into the store gave. */
struct found {
	enum lrd_why miss; /* why nothing stored can be used; NONE: `reuse` holds */
	struct lrd_reuse reuse;
	struct larder_plan *plan; /* with the stored response in it, or NULL */
	struct lrd_asked *asked;  /* unless the plan serves */
};

/* Requests that stored responses have no part in, whatever is stored. */
static enum lrd_why bypass(const struct lrd_request_facts *facts)
{
	if (facts->mode == LARDER_MODE_NO_STORE)
		return LRD_WHY_MODE_NO_STORE;
	if (facts->method != LRD_METHOD_GET && facts->method != LRD_METHOD_HEAD)
		return LRD_WHY_METHOD;
	if (facts->has & LRD_HAS_RANGE)
		return LRD_WHY_RANGE;
	return LRD_WHY_NONE;
}

/* Requests that are only to find out which fence stands. */
static enum lrd_why refuses_stored(const struct lrd_request_facts *facts)
{
	if (facts->mode == LARDER_MODE_RELOAD)
		return LRD_WHY_MODE_RELOAD;
	if (facts->has & (LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE))
		return LRD_WHY_PRECONDITION;
	return LRD_WHY_NONE;
}

static bool serves(const struct found *found)
{
	return found->miss == LRD_WHY_NONE &&
	       (found->reuse.use == LRD_USE_FRESH || found->reuse.use == LRD_USE_STALE);
}

/* Decides about the entry that was selected, and copies it out if it is of any use. */
static int take(struct lrd_ask *ask, struct lrd_read *read,
		const struct lrd_selected *selected, struct found *found)
{
	bool want_body = ask->facts.method == LRD_METHOD_GET;
	struct lrd_answer answer;
	void *block;
	int rc;

	found->reuse =
		lrd_reuse_decide(&ask->policy, &ask->facts, &selected->response.fresh,
				 (selected->record.marks & LRD_MARK_STALE) != 0, ask->now);
	if (found->reuse.use == LRD_USE_NOT) {
		found->miss = found->reuse.why;
		return 0;
	}
	rc = lrd_answer_copy(ask->cache, read, &selected->record, want_body,
			     sizeof(struct larder_plan), &block, &answer);
	if (rc == LARDER_ENOMEM)
		return rc;
	if (rc < 0) {
		found->miss = LRD_WHY_DAMAGED;
		return 0;
	}
	found->plan = block;
	found->plan->answer = answer;
	lrd_plan_init(found->plan, ask->cache);
	found->plan->has_answer = true;
	found->plan->is_variant = selected->is_variant;
	if (selected->is_variant)
		memcpy(found->plan->variant, selected->digest, sizeof(selected->digest));
	return 0;
}

static int look_in(struct lrd_ask *ask, struct lrd_read *read,
		   struct lrd_selected *selected, struct found *found)
{
	int rc;

	rc = lrd_select(ask, read, selected);
	if (rc < 0)
		return rc;
	found->miss = refuses_stored(&ask->facts);
	if (found->miss == LRD_WHY_NONE)
		found->miss = selected->miss;
	if (found->miss == LRD_WHY_NONE)
		rc = take(ask, read, selected, found);
	if (rc < 0 || serves(found) || lrd_request_only_if_cached(&ask->facts))
		return rc;
	rc = lrd_asked_new(ask, selected->directory, &found->asked);
	if (rc < 0)
		return rc;
	found->asked->fence = lrd_fence_of(selected->has_entry ? &selected->entry : NULL);
	found->asked->seen_cas = selected->has_entry ? selected->entry.cas : 0;
	return 0;
}

static void forget(struct lrd_ask *ask, struct found *found)
{
	larder_plan_free(found->plan);
	lrd_asked_free(ask->cache, found->asked);
	*found = (struct found){ .miss = LRD_WHY_NONE };
}

/* Takes the hold that a large body needs: 1 when the lookup must start again. */
static int hold(struct lrd_ask *ask, struct lrd_selected *selected, struct found *found)
{
	struct larder_plan *plan = found->plan;
	int rc;

	if (!plan ||
	    !lrd_answer_needs_hold(&plan->answer, ask->facts.method == LRD_METHOD_GET))
		return 0;
	rc = lrd_answer_hold(ask->cache, &selected->key, selected->record.body_id,
			     &plan->answer);
	if (rc == 0)
		return 0;
	if (rc == LARDER_ENOTFOUND)
		return 1;
	lrd_plan_drop_answer(plan);
	found->miss = LRD_WHY_NO_HOLD;
	return 0;
}

static int look_once(struct lrd_ask *ask, struct found *found, bool *again)
{
	struct lrd_selected selected;
	struct lrd_read read;
	int rc;

	*again = false;
	lrd_selected_init(&selected);
	rc = lrd_read_begin(ask->cache->store, &read);
	if (rc == LARDER_ENOMEM)
		return rc;
	if (rc < 0) {
		found->miss = LRD_WHY_STORE_TROUBLE;
		return 0;
	}
	rc = look_in(ask, &read, &selected, found);
	lrd_read_end(&read);
	if (rc == 0)
		*again = hold(ask, &selected, found) != 0;
	lrd_selected_release(&selected);
	return rc;
}

static int look(struct lrd_ask *ask, struct found *found)
{
	bool again = true;
	int rc = 0;

	for (int i = 0; i < TRIES && again; i++) {
		forget(ask, found);
		rc = look_once(ask, found, &again);
		if (rc < 0)
			return rc;
	}
	if (again) {
		forget(ask, found);
		found->miss = LRD_WHY_CHANGED_MEANWHILE;
	}
	return 0;
}

/* ---- conditions -------------------------------------------------------------------------- */

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

static int add_conditions(struct larder_plan *plan)
{
	const struct lrd_request_facts *facts = &plan->asked->facts;
	size_t before;
	int rc;

	add_mode_fields(plan, facts);
	before = plan->condition_count;
	if ((facts->has & OWN_CONDITIONS) || refuses_stored(facts) != LRD_WHY_NONE ||
	    bypass(facts) != LRD_WHY_NONE)
		return 0;
	rc = add_validators(plan);
	plan->conditional = plan->condition_count > before;
	return rc;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* Turns what was found into a verdict. `plan` is NULL or has the stored response. */
static int conclude(struct lrd_ask *ask, struct found *found, struct larder_plan **out)
{
	struct larder_plan *plan = found->plan;
	bool bypassed = false;
	int rc = 0;

	if (!plan)
		plan = found->plan = lrd_plan_new(ask->cache);
	if (!plan)
		return LARDER_ENOMEM;
	if (serves(found)) {
		lrd_plan_serve(plan, &ask->facts,
			       found->reuse.use == LRD_USE_FRESH ? LARDER_HOW_FRESH
								 : LARDER_HOW_STALE,
			       &found->reuse, ask->now);
		goto done;
	}
	plan->served.why = found->miss != LRD_WHY_NONE ? (uint32_t)found->miss
						       : (uint32_t)found->reuse.why;
	if (lrd_request_only_if_cached(&ask->facts)) {
		plan->verdict = LARDER_REFUSE;
		plan->served.how = LARDER_HOW_REFUSED;
		plan->served.why = LRD_WHY_ONLY_IF_CACHED;
		goto done;
	}
	if (!found->asked)
		rc = lrd_asked_new(ask, (larder_slice){ "", 0 }, &found->asked);
	if (rc < 0)
		return rc;
	plan->asked = found->asked;
	found->asked = NULL; /* moved into the plan */
	bypassed = strcmp(lrd_why_fwd(plan->served.why), "bypass") == 0 ||
		   plan->served.why == LRD_WHY_METHOD;
	plan->served.how = bypassed ? LARDER_HOW_BYPASS : LARDER_HOW_MISS;
	plan->served.fwd_why = plan->served.why;
	rc = add_conditions(plan);
	if (rc < 0)
		return rc;
done:
	*out = plan;
	found->plan = NULL; /* moved to the caller */
	return 0;
}

int larder_cache_lookup(larder_cache *cache, const larder_lookup *lookup,
			larder_plan **out)
{
	struct found found = { .miss = LRD_WHY_NONE };
	struct lrd_ask ask;
	int rc;

	if (!cache || !out)
		return LARDER_EINVAL;
	rc = lrd_ask_init(&ask, cache, lookup);
	if (rc < 0)
		return rc;
	found.miss = bypass(&ask.facts);
	if (found.miss == LRD_WHY_NONE)
		rc = look(&ask, &found);
	if (rc == 0)
		rc = conclude(&ask, &found, out);
	forget(&ask, &found);
	lrd_ask_release(&ask);
	return rc;
}
