/* SPDX-License-Identifier: MIT */
/* lookup.c - from a request to a plan: one read transaction, one decision. */
#include <string.h>

#include "cache/fence.h"
#include "cache/flight.h"
#include "cache/groups.h"
#include "cache/plan.h"
#include "cache/search.h"
#include "cache/select.h"
#include "policy/reuse.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "store/event.h"

/* How often a body may be replaced between transaction and hold before it is a miss. */
enum { TRIES = 4 };

/* What a look into the store gave. */
struct found {
	enum lrd_why miss; /* why nothing stored can be used; NONE: `reuse` holds */
	struct lrd_reuse reuse;
	struct larder_plan *plan; /* with the stored response in it, or NULL */
	struct lrd_asked *asked;  /* unless the plan serves, and nobody is to refresh it */
	uint64_t hash;            /* of the flight that such requests share; 0: none */
};

static bool serves(const struct found *found)
{
	return found->miss == LRD_WHY_NONE &&
	       (found->reuse.use == LRD_USE_FRESH || found->reuse.use == LRD_USE_STALE);
}

/* Decides about the entry that was selected, and copies it out if it is of any use. */
static int take(struct lrd_ask *ask, struct lrd_read *read,
		const struct lrd_selected *selected, struct found *found)
{
	bool want_body = lrd_method_reads(ask->facts.method);
	bool marked = (selected->record.marks & LRD_MARK_STALE) != 0;
	bool parted = (selected->response.fresh.flags & LRD_FRESH_STAMPED) != 0 &&
		      !lrd_stamps_hold(ask, read, &selected->response);
	struct lrd_answer answer;
	void *block;
	int rc;

	found->reuse = lrd_reuse_decide(&ask->policy, &ask->facts,
					&selected->response.fresh, marked || parted,
					ask->now);
	if (parted && !marked && found->reuse.why == LRD_WHY_MARKED_STALE)
		found->reuse.why = LRD_WHY_GROUP_INVALIDATED;
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
	answer.marked |= parted;
	found->plan->answer = answer;
	lrd_plan_init(found->plan, ask->cache);
	found->plan->has_answer = true;
	found->plan->is_variant = selected->is_variant;
	if (selected->is_variant)
		memcpy(found->plan->variant, selected->digest, sizeof(selected->digest));
	if ((ask->facts.has & LRD_HAS_RANGE) ||
	    (answer.head.fresh.flags & LRD_FRESH_PARTIAL))
		found->miss =
			lrd_part_settle(found->plan, &ask->facts, ask->can_resume, ask->now);
	/* Its head says nothing about a response that is not there as a whole. */
	if (found->miss != LRD_WHY_NONE && ask->facts.method == LRD_METHOD_HEAD)
		lrd_plan_drop_answer(found->plan);
	return 0;
}

/*
 * The key that a response to this request would get: those who want the same one share a
 * flight. Which one that is among variants the newest Vary tells.
 */
static __attribute__((noinline)) uint64_t flight_hash(struct lrd_ask *ask,
						      const struct lrd_selected *selected)
{
	char text_storage[LRD_VARY_TEXT_BYTES], name_storage[LRD_ASK_URL_BYTES];
	uint8_t secret[16], digest[LRD_SIPHASH_SIZE];
	struct lrd_variants variants;
	struct lrd_buf text, name;
	struct lrd_key key;
	larder_slice vary;

	if (selected->miss != LRD_WHY_VARY_MISS ||
	    lrd_variants_decode(selected->directory, &variants) < 0)
		return selected->key.hash;
	lrd_buf_init_fixed(&text, text_storage, sizeof(text_storage));
	lrd_buf_init_fixed(&name, name_storage, sizeof(name_storage));
	lrd_cache_secret(ask->cache, secret);
	vary = lrd_variants_newest_vary(&variants);
	if (lrd_vary_text(vary, ask->facts.fields, secret, &text) < 0)
		return selected->key.hash;
	lrd_variant_digest(lrd_buf_slice(&text), secret, digest);
	if (lrd_variant_name(ask->url, digest, &name) < 0 ||
	    lrd_key_init(ask->cache->store, ask->partition, lrd_buf_slice(&name), &key) < 0)
		return selected->key.hash;
	return key.hash;
}

static void select_again(struct lrd_selected *selected)
{
	lrd_selected_release(selected);
	lrd_selected_init(selected);
}

/* The URL is not stored; perhaps one is whose query says the same, and which needs no asking. */
static __attribute__((noinline)) int look_beside(struct lrd_ask *ask, struct lrd_read *read,
						 struct lrd_selected *selected,
						 struct found *found)
{
	larder_slice url = ask->url;
	int rc = 0;

	for (size_t i = 0; i < TRIES && rc == 0 && !serves(found); i++) {
		larder_plan_free(found->plan);
		found->plan = NULL;
		lrd_buf_clear(&ask->neighbour);
		rc = lrd_search_find(ask, read, i, &ask->neighbour);
		if (rc <= 0)
			break;
		select_again(selected);
		ask->url = lrd_buf_slice(&ask->neighbour);
		rc = lrd_select(ask, read, selected);
		found->miss = selected->miss;
		if (rc == 0 && selected->miss == LRD_WHY_NONE)
			rc = take(ask, read, selected, found);
		ask->url = url;
	}
	if (rc < 0 || serves(found))
		return rc;
	larder_plan_free(found->plan);
	found->plan = NULL;
	select_again(selected);
	rc = lrd_select(ask, read, selected);
	found->miss = selected->miss;
	return rc;
}

/* What an unsafe request does to a URL, it does to all QUERYs on it: theirs is its fence. */
static void set_fence(struct lrd_ask *ask, struct lrd_read *read,
		      const struct lrd_selected *selected, struct lrd_asked *asked)
{
	struct lrd_record record;
	struct lrd_key key;

	asked->fence = lrd_fence_of(selected->has_entry ? &selected->entry : NULL);
	asked->seen_cas = selected->has_entry ? selected->entry.cas : 0;
	if (ask->facts.method == LRD_METHOD_QUERY &&
	    lrd_key_init(ask->cache->store, ask->partition, lrd_query_base(ask->url),
			 &key) == 0 &&
	    lrd_read_peek(read, &key, ask->now, &record) == 0)
		asked->fence = lrd_fence_of(&record);
}

static int look_in(struct lrd_ask *ask, struct lrd_read *read,
		   struct lrd_selected *selected, struct found *found)
{
	int rc;

	rc = lrd_select(ask, read, selected);
	if (rc < 0)
		return rc;
	found->hash = selected->miss != LRD_WHY_KEY_TOO_LONG ? selected->key.hash : 0;
	found->miss = lrd_reuse_refuses(&ask->facts);
	if (found->miss == LRD_WHY_NONE)
		found->miss = selected->miss;
	if (found->miss == LRD_WHY_NONE)
		rc = take(ask, read, selected, found);
	else if (found->miss == LRD_WHY_URI_MISS)
		rc = look_beside(ask, read, selected, found);
	if (rc < 0 || (serves(found) && !found->reuse.refresh) ||
	    lrd_request_only_if_cached(&ask->facts))
		return rc;
	if (found->hash)
		found->hash = flight_hash(ask, selected);
	rc = lrd_asked_new(ask, selected->directory, &found->asked);
	if (rc < 0)
		return rc;
	set_fence(ask, read, selected, found->asked);
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
	    !lrd_answer_needs_hold(&plan->answer, lrd_method_reads(ask->facts.method)))
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

/* ---- single flight ------------------------------------------------------------------------ */

static enum lrd_why reason(const struct found *found)
{
	return found->miss != LRD_WHY_NONE ? found->miss : found->reuse.why;
}

static bool refreshes(const struct found *found)
{
	return serves(found) && found->reuse.refresh;
}

/*
 * Finds out who asks the origin. Whoever gets the flight looks once more: the owner before may
 * have stored between our look and now.
 */
static int join(struct lrd_ask *ask, struct found *found, struct lrd_flight **flight)
{
	bool waits;
	int rc = 0;

	for (int i = 0; i < TRIES && rc == 0; i++) {
		if ((serves(found) && !refreshes(found)) || !found->hash ||
		    !lrd_flight_joins(&ask->facts, reason(found)))
			break;
		if (!*flight)
			rc = lrd_flight_new(ask, flight);
		if (rc < 0 || ((*flight)->role == LRD_FLIGHT_OWNER &&
			       (*flight)->hash == found->hash))
			break;
		waits = !refreshes(found) &&
			lrd_flight_waits(&ask->facts, reason(found));
		lrd_flight_join(*flight, found->hash, waits);
		if ((*flight)->role != LRD_FLIGHT_OWNER)
			break;
		rc = look(ask, found);
	}
	return rc;
}

/* ---- the verdict ------------------------------------------------------------------------- */

/* The plan that `found` has, or the one that waited, with what was found now. */
static struct larder_plan *plan_of(struct lrd_ask *ask, struct found *found,
				   struct larder_plan *waited)
{
	struct larder_plan *plan = found->plan;

	found->plan = NULL;
	if (!waited)
		return plan ? plan : lrd_plan_new(ask->cache);
	if (plan) {
		waited->answer = plan->answer;
		waited->answer_block = plan; /* the answer lies behind it */
		waited->has_answer = true;
		waited->part = plan->part;
		waited->is_variant = plan->is_variant;
		memcpy(waited->variant, plan->variant, sizeof(plan->variant));
	}
	return waited;
}

static int fetch(struct lrd_ask *ask, struct found *found, struct larder_plan *plan)
{
	bool bypassed;
	int rc = 0;

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
	if (plan->flight && plan->flight->role == LRD_FLIGHT_WAITER) {
		plan->verdict = LARDER_WAIT;
		return 0;
	}
	if (!bypassed)
		lrd_event_add(ask->cache->store, LRD_EVENT_MISS, found->hash, ask->url,
			      plan->served.why);
	return lrd_condition_add(plan);
}

static void serve(struct lrd_ask *ask, struct found *found, struct larder_plan *plan)
{
	bool fresh = found->reuse.use == LRD_USE_FRESH;

	if (refreshes(found) && plan->flight && plan->flight->role == LRD_FLIGHT_OWNER) {
		plan->asked = found->asked;
		found->asked = NULL; /* moved into the plan */
	} else {
		found->reuse.refresh = false;
		lrd_flight_free(plan->flight);
		plan->flight = NULL;
	}
	lrd_plan_serve(plan, &ask->facts, fresh ? LARDER_HOW_FRESH : LARDER_HOW_STALE,
		       &found->reuse, ask->now);
	lrd_event_add(ask->cache->store, fresh ? LRD_EVENT_HIT : LRD_EVENT_STALE,
		      found->hash, ask->url, plan->answer.body_len);
}

static enum lrd_why first_look(const struct lrd_ask *ask)
{
	return ask->no_content ? LRD_WHY_NO_CONTENT : lrd_reuse_bypass(&ask->facts);
}

int lrd_lookup_judge(struct lrd_ask *ask, struct lrd_judged *out)
{
	struct found found = { .miss = first_look(ask) };
	int rc = 0;

	ask->looking_on = true;
	if (found.miss == LRD_WHY_NONE)
		rc = look(ask, &found);
	if (rc == 0) {
		*out = (struct lrd_judged){ .why = reason(&found),
					    .serves = serves(&found),
					    .reuse = found.reuse,
					    .plan = found.plan };
		found.plan = NULL; /* moved to the caller */
	}
	forget(ask, &found);
	return rc;
}

int lrd_lookup_run(struct lrd_ask *ask, struct lrd_flight *take, struct larder_plan *waited,
		   struct larder_plan **out)
{
	struct found found = { .miss = first_look(ask) };
	struct lrd_flight *flight = take;
	struct larder_plan *plan = NULL;
	int rc = 0;

	if (found.miss == LRD_WHY_NONE)
		rc = look(ask, &found);
	if (rc == 0)
		rc = join(ask, &found, &flight);
	if (rc < 0)
		goto out;
	rc = LARDER_ENOMEM;
	plan = plan_of(ask, &found, waited);
	if (!plan)
		goto out;
	plan->flight = flight;
	flight = NULL; /* moved into the plan */
	rc = 0;
	plan->served.why = (uint32_t)reason(&found);
	if (serves(&found)) {
		serve(ask, &found, plan);
	} else if (lrd_request_only_if_cached(&ask->facts)) {
		plan->verdict = LARDER_REFUSE;
		plan->served.how = LARDER_HOW_REFUSED;
		plan->served.why = LRD_WHY_ONLY_IF_CACHED;
	} else {
		rc = fetch(ask, &found, plan);
	}
	if (rc == 0) {
		*out = plan;
		plan = NULL; /* moved to the caller */
	}
out:
	if (plan != waited)
		larder_plan_free(plan);
	lrd_flight_free(flight);
	forget(ask, &found);
	return rc;
}

int larder_cache_lookup(larder_cache *cache, const larder_lookup *lookup,
			larder_plan **out)
{
	struct lrd_ask ask;
	int rc;

	if (!cache || !out)
		return LARDER_EINVAL;
	rc = lrd_ask_init(&ask, cache, lookup);
	if (rc < 0)
		return rc;
	rc = lrd_lookup_run(&ask, NULL, NULL, out);
	lrd_ask_release(&ask);
	return rc;
}
