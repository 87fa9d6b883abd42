/* SPDX-License-Identifier: MIT */
/* receive.c - what an answer of the origin, or its absence, means for a plan (RFC 9111 s4.3.3). */
#include <string.h>

#include "cache/groups.h"
#include "cache/plan.h"
#include "cache/prepare.h"
#include "cache/select.h"
#include "policy/invalidate.h"
#include "policy/merge.h"
#include "policy/storable.h"
#include "policy/target.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum {
	OWN_CONDITIONS = LRD_HAS_IF_NONE_MATCH | LRD_HAS_IF_MODIFIED_SINCE |
			 LRD_HAS_IF_MATCH | LRD_HAS_IF_UNMODIFIED_SINCE
};

static int read_head(const larder_head *from, int64_t now, larder_head *to)
{
	size_t known = sizeof(*to);

	if (!from || from->size < sizeof(from->size))
		return LARDER_EINVAL;
	if (from->size < known)
		known = from->size;
	for (size_t i = known; i < from->size; i++)
		if (((const char *)from)[i] != 0)
			return LARDER_EINVAL;
	memset(to, 0, sizeof(*to));
	memcpy(to, from, known);
	if (to->status < 200 || (to->field_count > 0 && !to->fields))
		return LARDER_EINVAL;
	if (to->response_time == 0)
		to->response_time = now;
	if (to->request_time == 0)
		to->request_time = to->response_time;
	return 0;
}

/* ---- the origin's response goes to the user ------------------------------------------------ */

static void pass(struct larder_plan *plan, enum lrd_why store_why)
{
	plan->verdict = LARDER_PASS;
	if (store_why != LRD_WHY_NONE)
		plan->served.store_why = (uint32_t)store_why;
	lrd_store_count(plan->cache->store,
			plan->served.how == LARDER_HOW_BYPASS ? LRD_COUNT_BYPASS
							      : LRD_COUNT_MISS,
			1);
}

/* An answer to the same question that may not be stored shows what is stored to be outdated. */
static bool supersedes(uint32_t status)
{
	return (status >= 200 && status < 400 && status != 206) || status == 404 ||
	       status == 410;
}

static int pass_and_store(struct larder_plan *plan, const larder_head *head,
			  const struct lrd_response_facts *response)
{
	enum lrd_why why;
	int rc = lrd_prepare(plan, head, response, &why);

	if (rc < 0)
		return rc;
	if (why != LRD_WHY_STORABLE) {
		lrd_store_count(plan->cache->store, LRD_COUNT_REFUSED, 1);
		lrd_plan_tell(plan, LRD_EVENT_REFUSED, why);
		if (plan->has_answer && plan->asked->facts.method == LRD_METHOD_GET &&
		    supersedes(response->status))
			lrd_update_remove(plan);
	}
	/* Until commit nothing is stored; its end may still not come. */
	pass(plan, why == LRD_WHY_STORABLE ? LRD_WHY_NOT_COMMITTED : why);
	return 0;
}

/* RFC 9111 s4.3.5. */
static int receive_head(struct larder_plan *plan,
			const struct lrd_response_facts *response)
{
	struct lrd_validators stored;
	const struct lrd_answer *answer = &plan->answer;

	if (plan->has_answer && plan->answer.head.status != 206 &&
	    response->status == 200) {
		lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
				    answer->head.fresh.date, &stored);
		if (answer->head.status == 200 &&
		    lrd_validate_head_fits(response->fields, &stored, answer->body_len)) {
			int rc = lrd_prepare_merge(plan, response);

			if (rc < 0)
				return rc;
			lrd_update(plan, response);
		} else {
			lrd_update_mark_stale(plan);
		}
		pass(plan, LRD_WHY_NONE);
		return 0;
	}
	pass(plan, LRD_WHY_HEAD_METHOD);
	return 0;
}

/* ---- 304 --------------------------------------------------------------------------------- */

/* Is what stands there now still what the 304 confirms? It may be new since the lookup. */
static bool confirms(struct lrd_field_view response, const struct lrd_answer *answer)
{
	struct lrd_validators stored;

	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	return lrd_validate_select(response, &stored, 1) == 0;
}

/* The 304 speaks of another variant than the one at hand: brings that one in. */
static int fetch_variant(struct larder_plan *plan, size_t index,
			 struct lrd_field_view response)
{
	const struct lrd_asked *asked = plan->asked;
	bool want_body = lrd_method_reads(asked->facts.method);
	struct lrd_answer answer = { .held = false };
	uint8_t digest[LRD_SIPHASH_SIZE];
	struct lrd_record record;
	struct lrd_read read;
	struct lrd_key key;
	struct lrd_buf name;
	void *block = NULL;
	int rc = LARDER_ENOTFOUND;

	lrd_buf_init(&name, asked->url.len + LRD_VARIANT_SUFFIX, lrd_plan_allocator(plan));
	if (!lrd_candidate_digest(plan, index, digest))
		goto out;
	rc = lrd_variant_name(asked->url, digest, &name);
	if (rc == 0)
		rc = lrd_key_init(plan->cache->store, asked->partition,
				  lrd_buf_slice(&name), &key);
	if (rc == 0)
		rc = lrd_read_begin(plan->cache->store, &read);
	if (rc < 0)
		goto out;
	rc = lrd_read_get(&read, &key, lrd_clock_now_s(), &record);
	if (rc == 0)
		rc = record.kind == LRD_KIND_RESPONSE
			     ? lrd_answer_copy(plan->cache, &read, &record, want_body, 0,
					       &block, &answer)
			     : LARDER_ENOTFOUND;
	lrd_read_end(&read);
	if (rc == 0 && !confirms(response, &answer))
		rc = LARDER_ECONFLICT;
	if (rc == 0 && lrd_answer_needs_hold(&answer, want_body))
		rc = lrd_answer_hold(plan->cache, &key, record.body_id, &answer);
	if (rc < 0)
		goto out;
	if (plan->has_answer)
		lrd_plan_drop_answer(plan);
	plan->answer = answer;
	plan->answer_block = block;
	plan->has_answer = true;
	plan->is_variant = true;
	memcpy(plan->variant, digest, sizeof(digest));
	block = NULL; /* moved into the plan */
	if (lrd_part_settle(plan, &asked->facts, false, asked->time) != LRD_WHY_NONE)
		rc = LARDER_ECONFLICT;
out:
	lrd_alloc_free(&plan->cache->allocator, block);
	lrd_buf_release(&name);
	return rc;
}

/* Asks again, and no more with conditions (RFC 9111 s4.3.4). */
static void ask_again(struct larder_plan *plan, enum lrd_why why)
{
	if (plan->has_answer)
		lrd_plan_drop_answer(plan);
	plan->verdict = LARDER_FETCH;
	plan->conditional = false;
	plan->retried = true;
	plan->condition_count = 0;
	plan->served.why = (uint32_t)why;
	plan->served.fwd_why = (uint32_t)why;
}

static void serve_validated(struct larder_plan *plan, int64_t now)
{
	const struct lrd_freshness *fresh = &plan->answer.head.fresh;
	struct lrd_reuse reuse = {
		.use = LRD_USE_FRESH,
		.why = (enum lrd_why)plan->served.fwd_why,
		.age_s = lrd_freshness_age(fresh, now),
	};

	reuse.ttl_s =
		lrd_freshness_lifetime(fresh, plan->cache->policy.shared) - reuse.age_s;
	lrd_plan_serve(plan, &plan->asked->facts, LARDER_HOW_REVALIDATED, &reuse, now);
	lrd_plan_tell(plan, LRD_EVENT_REVALIDATED, plan->answer.body_len);
}

/* RFC 9111 s4.3.4: what does the 304 confirm? */
static int receive_304(struct larder_plan *plan,
		       const struct lrd_response_facts *response, int64_t now)
{
	bool own = (plan->asked->facts.has & OWN_CONDITIONS) != 0;
	struct lrd_validators at[LRD_CANDIDATES];
	size_t count = lrd_candidates(plan, at);
	bool other_variant;
	ptrdiff_t index;
	int rc;

	if (own) {
		/* It answers the caller, who has what it confirms; perhaps we have it too. */
		index = plan->has_answer ? lrd_validate_select(response->fields, at, 1)
					 : -1;
		if (index == 0 && (response->etag.ptr || response->last_modified_valid)) {
			rc = lrd_prepare_merge(plan, response);
			if (rc < 0)
				return rc;
			lrd_update(plan, response);
			pass(plan, LRD_WHY_NONE);
			return 0;
		}
		pass(plan, LRD_WHY_STATUS_304);
		return 0;
	}
	if (!plan->conditional) {
		pass(plan, LRD_WHY_STATUS_304);
		return 0;
	}
	index = lrd_validate_select(response->fields, at, count);
	other_variant = index >= 0 && !(index == 0 && plan->has_answer);
	if (index < 0 ||
	    (other_variant && fetch_variant(plan, (size_t)index, response->fields) < 0)) {
		ask_again(plan, LRD_WHY_UNMATCHED_304);
		return 0;
	}
	rc = lrd_prepare_merge(plan, response);
	if (rc < 0)
		return rc;
	if (other_variant)
		lrd_prepare_again(plan);
	lrd_update(plan, response);
	if (other_variant && plan->storing.on)
		lrd_publish(plan);
	plan->condition_count = 0;
	serve_validated(plan, now);
	return 0;
}

/* What we asked for was the rest of what is stored: 1 when this settles it, 0 to go on. */
static int receive_rest(struct larder_plan *plan, const larder_head *head,
			const struct lrd_response_facts *response, int64_t now)
{
	int rc;

	if (!plan->part.resume)
		return 0;
	rc = lrd_part_resume(plan, head, response, now);
	if (rc != 0)
		return rc;
	/* Nothing but a part answers the wrong question. */
	if (head->status != 206 && head->status != 416 && head->status != 304)
		return 0;
	ask_again(plan, LRD_WHY_BROKEN_RESUME);
	return 1;
}

/* ---- the calls --------------------------------------------------------------------------- */

/* RFC 9111 s4.3.3, s4.2.4: 1 when what is stored is served in place of a failure. */
static int serve_on_error(struct larder_plan *plan, uint32_t status, int64_t now)
{
	const struct lrd_asked *asked = plan->asked;
	struct lrd_reuse reuse;

	if (!plan->has_answer || plan->part.kind == LRD_PART_UNFIT)
		return 0;
	reuse = lrd_reuse_on_error(&asked->policy, &asked->facts, &plan->answer.head.fresh,
				   plan->answer.marked, status, now);
	if (reuse.use != LRD_USE_STALE)
		return 0;
	plan->condition_count = 0;
	lrd_plan_serve(plan, &asked->facts, LARDER_HOW_STALE, &reuse, now);
	return 1;
}

/* An answer of this status says little about the next one. */
static bool transient(uint32_t status)
{
	return status >= 500 || status == 408 || status == 429;
}

/* What the decision means for those who wait for this fetch. */
static void tell_flight(struct larder_plan *plan, uint32_t status, int64_t now)
{
	const struct lrd_policy *policy = &plan->asked->policy;
	uint32_t mark_ms = transient(status) ? LRD_FLIGHT_PAUSE_MS : LRD_FLIGHT_MARK_MS;

	if (!plan->flight || plan->verdict == LARDER_FETCH)
		lrd_flight_keep(plan->flight);
	else if (plan->verdict != LARDER_SERVE && plan->set_up && plan->storing.on)
		lrd_flight_head(plan->flight, policy, &plan->storing.head.fresh, now);
	else if (plan->verdict != LARDER_SERVE)
		lrd_flight_uncacheable(plan->flight, mark_ms);
	else if (plan->served.how == LARDER_HOW_REVALIDATED && plan->served.stored)
		lrd_flight_stored(plan->flight, policy, &plan->answer.head.fresh, now);
	else
		lrd_flight_failed(plan->flight);
}

static int receive(struct larder_plan *plan, const larder_head *head, int64_t now)
{
	const struct lrd_request_facts *facts = &plan->asked->facts;
	struct lrd_response_facts response;
	int rc;

	lrd_response_facts_read_for(&plan->cache->policy, head->status,
				    lrd_view_of(head->fields, head->field_count),
				    head->request_time, head->response_time, &response);
	plan->served.fwd_status = head->status;
	lrd_store_count(plan->cache->store, LRD_COUNT_ORIGIN, 1);

	if (lrd_invalidate_applies(facts->method, head->status))
		lrd_invalidate(plan, &response);
	if (lrd_groups_invalidates(facts->method, head->status))
		lrd_groups_invalidate(plan, &response);
	rc = receive_rest(plan, head, &response, now);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (head->status == 304)
		return receive_304(plan, &response, now);
	if (serve_on_error(plan, head->status, now))
		return 0;
	if (facts->method == LRD_METHOD_HEAD)
		return receive_head(plan, &response);
	return pass_and_store(plan, head, &response);
}

int larder_plan_receive(larder_plan *plan, const larder_head *from)
{
	larder_head head;
	int64_t now;
	int rc;

	if (!plan || plan->verdict != LARDER_FETCH)
		return LARDER_EINVAL;
	now = lrd_clock_now_s();
	rc = read_head(from, now, &head);
	if (rc == 0)
		rc = receive(plan, &head, now);
	if (rc == 0)
		tell_flight(plan, head.status, now);
	return rc;
}

int larder_plan_fail(larder_plan *plan, int code)
{
	if (!plan || plan->verdict != LARDER_FETCH || code >= 0)
		return LARDER_EINVAL;
	lrd_store_count(plan->cache->store, LRD_COUNT_ORIGIN, 1);
	lrd_flight_failed(plan->flight);
	if (!serve_on_error(plan, 0, lrd_clock_now_s()))
		lrd_store_count(plan->cache->store, LRD_COUNT_MISS, 1);
	return 0;
}
