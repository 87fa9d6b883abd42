/* SPDX-License-Identifier: MIT */
/* update.c - what a 304 or a HEAD changes about stored responses (RFC 9111 s3.2, s4.3.4, s4.3.5). */
#include <string.h>

#include "cache/groups.h"
#include "cache/plan.h"
#include "cache/prepare.h"
#include "policy/merge.h"
#include "policy/storable.h"
#include "policy/target.h"
#include "policy/validate.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

/* One write transaction, on the entry behind the plan's answer. */
struct update {
	struct larder_plan *plan;
	struct lrd_write *write;
	struct lrd_key url_key;
	struct lrd_key key; /* of the answer */
	struct lrd_buf name;
	struct lrd_buf head;
	struct lrd_buf directory;
	struct lrd_buf extra;
};

static void init(struct update *u, struct larder_plan *plan)
{
	const larder_allocator *allocator = lrd_plan_allocator(plan);

	u->plan = plan;
	u->write = NULL;
	lrd_buf_init(&u->name, LRD_KEY_MAX, allocator);
	lrd_buf_init(&u->head, LRD_HEAD_MAX, allocator);
	lrd_buf_init(&u->directory, LRD_HEAD_MAX, allocator);
	lrd_buf_init(&u->extra, LRD_EXTRA_MAX, allocator);
}

static void release(struct update *u)
{
	if (u->write)
		lrd_write_abort(u->write);
	lrd_buf_release(&u->name);
	lrd_buf_release(&u->head);
	lrd_buf_release(&u->directory);
	lrd_buf_release(&u->extra);
}

static int variant_key(struct update *u, const uint8_t digest[LRD_SIPHASH_SIZE],
		       struct lrd_key *key)
{
	int rc;

	lrd_buf_clear(&u->name);
	rc = lrd_variant_name(u->url_key.name, digest, &u->name);
	if (rc < 0)
		return rc;
	return lrd_key_init(u->plan->cache->store, u->url_key.partition,
			    lrd_buf_slice(&u->name), key);
}

static int begin(struct update *u)
{
	const struct lrd_asked *asked = u->plan->asked;
	int rc = lrd_key_init(u->plan->cache->store, asked->partition, asked->url,
			      &u->url_key);

	if (rc == 0) {
		u->key = u->url_key;
		if (u->plan->is_variant)
			rc = variant_key(u, u->plan->variant, &u->key);
	}
	return rc < 0 ? rc : lrd_write_begin(u->plan->cache->store, &u->write);
}

static int commit(struct update *u)
{
	int rc = lrd_write_commit(u->write);

	u->write = NULL; /* ended either way */
	return rc;
}

/* ---- the answer's own entry -------------------------------------------------------------- */

/* May the answer stay under its key, with the fields it has now? */
static enum lrd_why may_stay(const struct larder_plan *plan,
			     const struct lrd_response_facts *update)
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_field_view fields = lrd_view_of(answer->fields, answer->field_count);
	struct lrd_request_facts get = plan->asked->facts;
	struct lrd_response_facts facts;
	char storage[LRD_VARY_LIST_BYTES + 1];
	struct lrd_buf list;
	enum lrd_vary vary;
	enum lrd_why why;

	/* A HEAD updates what a GET has stored; a POST's was checked when it came. */
	get.method = LRD_METHOD_GET;
	if (answer->head.status == 206)
		get.has |= LRD_HAS_RANGE; /* as its request once had */
	lrd_response_facts_read_for(&plan->cache->policy, answer->head.status, fields,
				    update->request_time, update->response_time, &facts);
	why = lrd_storable(&plan->cache->policy, &get, &facts, true);
	if (why != LRD_WHY_STORABLE)
		return why;
	lrd_buf_init_fixed(&list, storage, sizeof(storage));
	vary = lrd_vary_read(fields, &list);
	if (vary > LRD_VARY_FIELDS || (vary == LRD_VARY_FIELDS && !plan->is_variant))
		return LRD_WHY_VARY_CHANGED;
	return LRD_WHY_STORABLE;
}

static int write_answer(struct update *u)
{
	const struct lrd_answer *answer = &u->plan->answer;
	struct lrd_field_view fields = lrd_view_of(answer->fields, answer->field_count);
	struct lrd_response head = answer->head;
	struct lrd_put put;
	enum lrd_why why;
	int rc = lrd_stamps_renew(u->plan, u->write, fields, &head, &u->extra, &why);

	if (rc == 0 && why != LRD_WHY_STORABLE)
		rc = LARDER_ECONFLICT; /* invalidated again since it was asked about */
	if (rc == 0)
		rc = lrd_prepare_put(u->plan, &head, fields, &u->head, &put);
	if (rc < 0)
		return rc;
	put.key = u->key;
	return lrd_write_update(u->write, &put, answer->cas, NULL);
}

/* ---- the variants beside it -------------------------------------------------------------- */

/* Another variant with the same strong validator takes over the fields too. */
static int update_sibling(struct update *u, const uint8_t digest[LRD_SIPHASH_SIZE],
			  const struct lrd_response_facts *update, int64_t now)
{
	const larder_allocator *allocator = lrd_plan_allocator(u->plan);
	larder_field fields[256];
	struct lrd_response_facts facts;
	struct lrd_response head;
	struct lrd_validators stored;
	struct lrd_fields merged;
	struct lrd_record record;
	struct lrd_buf copy, text;
	struct lrd_key key;
	struct lrd_put put;
	size_t count;
	int rc;

	lrd_fields_init(&merged, LRD_HEAD_MAX, LRD_RESPONSE_FIELDS, allocator);
	lrd_buf_init(&copy, LRD_HEAD_MAX, allocator);
	lrd_buf_init(&text, LRD_HEAD_MAX, allocator);
	rc = variant_key(u, digest, &key);
	if (rc == 0)
		rc = lrd_write_get(u->write, &key, now, &record);
	if (rc == 0)
		rc = lrd_buf_append_slice(&copy, record.head);
	if (rc == 0)
		rc = lrd_response_decode(lrd_buf_slice(&copy), &head);
	if (rc == 0)
		rc = lrd_fields_decode(head.fields, fields, 256, &count);
	if (rc < 0)
		goto out;
	lrd_validators_read(lrd_view_of(fields, count), head.fresh.date, &stored);
	if (!lrd_validate_same_strong(update->fields, &stored))
		goto out;
	rc = lrd_merge_update(lrd_view_of(fields, count), update, &merged);
	if (rc < 0)
		goto out;
	lrd_response_facts_read_for(&u->plan->cache->policy, head.status,
				    lrd_fields_view(&merged), update->request_time,
				    update->response_time, &facts);
	facts.has_age = update->has_age;
	facts.age_s = update->age_s;
	count = head.fresh.flags & LRD_FRESH_KEPT;
	lrd_freshness_read(&u->plan->cache->policy, &facts, &head.fresh);
	head.fresh.flags |= (uint32_t)count;
	rc = lrd_prepare_put(u->plan, &head, lrd_fields_view(&merged), &text, &put);
	put.key = key;
	if (rc == 0)
		rc = lrd_write_update(u->write, &put, 0, NULL);
out:
	lrd_fields_release(&merged);
	lrd_buf_release(&copy);
	lrd_buf_release(&text);
	return rc;
}

/*
 * The directory learns the new date; variants with the same strong validator are updated
 * (RFC 9111 s4.3.4). They are extras: what cannot be updated stays as it is.
 */
static int write_siblings(struct update *u, const struct lrd_response_facts *update)
{
	const struct lrd_answer *answer = &u->plan->answer;
	struct lrd_put put = { .key = u->url_key, .kind = LRD_KIND_VARIANTS };
	struct lrd_variants variants;
	struct lrd_record record;
	struct lrd_buf old;
	int64_t now = lrd_clock_now_s();
	int rc;

	lrd_buf_init(&old, LRD_HEAD_MAX, lrd_plan_allocator(u->plan));
	rc = lrd_write_get(u->write, &u->url_key, now, &record);
	if (rc == 0 && record.kind != LRD_KIND_VARIANTS)
		rc = LARDER_ENOTFOUND;
	if (rc == 0)
		rc = lrd_buf_append_slice(&old, record.head);
	if (rc == 0)
		rc = lrd_variants_decode(lrd_buf_slice(&old), &variants);
	if (rc < 0) {
		rc = 0; /* no directory: the variant stands alone until it is written anew */
		goto out;
	}
	for (size_t i = 0; i < variants.count && rc == 0; i++) {
		if (memcmp(variants.at[i].digest, u->plan->variant,
			   sizeof(u->plan->variant)) == 0)
			variants.at[i].date = answer->head.fresh.date;
		else if (update_sibling(u, variants.at[i].digest, update, now) ==
			 LARDER_ENOMEM)
			rc = LARDER_ENOMEM;
	}
	put.stored_at = now;
	if (rc == 0)
		rc = lrd_variants_encode(&variants, &u->directory);
	put.head = lrd_buf_slice(&u->directory);
	if (rc == 0)
		rc = lrd_write_update(u->write, &put, 0, NULL);
out:
	lrd_buf_release(&old);
	return rc;
}

/* ---- the calls --------------------------------------------------------------------------- */

void lrd_update(struct larder_plan *plan, const struct lrd_response_facts *update)
{
	enum lrd_why why = may_stay(plan, update);
	struct update u;
	int rc;

	if (why != LRD_WHY_STORABLE) {
		lrd_update_remove(plan);
		plan->served.store_why = (uint32_t)why;
		return;
	}
	init(&u, plan);
	rc = begin(&u);
	if (rc == 0)
		rc = write_answer(&u);
	if (rc == 0 && plan->is_variant)
		rc = write_siblings(&u, update);
	if (rc == 0)
		rc = commit(&u);
	plan->served.store_why =
		rc == 0 ? LRD_WHY_UPDATED : (uint32_t)lrd_plan_skipped(plan, rc);
	plan->served.stored = rc == 0;
	release(&u);
}

void lrd_update_mark_stale(struct larder_plan *plan)
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_put put;
	struct update u;
	int rc;

	init(&u, plan);
	rc = begin(&u);
	if (rc == 0)
		rc = lrd_prepare_put(plan, &answer->head,
				     lrd_view_of(answer->fields, answer->field_count),
				     &u.head, &put);
	if (rc == 0) {
		put.key = u.key;
		put.marks = LRD_MARK_STALE;
		rc = lrd_write_update(u.write, &put, answer->cas, NULL);
	}
	if (rc == 0)
		rc = commit(&u);
	plan->served.store_why =
		rc == 0 ? LRD_WHY_HEAD_DIFFERS : (uint32_t)lrd_plan_skipped(plan, rc);
	release(&u);
}

void lrd_update_remove(struct larder_plan *plan)
{
	struct lrd_record record;
	struct update u;
	int rc;

	init(&u, plan);
	rc = begin(&u);
	if (rc == 0)
		rc = lrd_write_get(u.write, &u.key, lrd_clock_now_s(), &record);
	/* Whoever has stored another one meanwhile knows better. */
	if (rc == 0 && record.cas != plan->answer.cas)
		rc = LARDER_ENOTFOUND;
	if (rc == 0)
		rc = lrd_write_delete(u.write, &u.key);
	if (rc == 0)
		rc = commit(&u);
	if (rc == 0)
		lrd_store_count(plan->cache->store, LRD_COUNT_DELETED, 1);
	if (rc < 0 && rc != LARDER_ENOTFOUND)
		(void)lrd_plan_skipped(plan, rc);
	release(&u);
}
