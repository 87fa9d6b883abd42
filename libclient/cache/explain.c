/* SPDX-License-Identifier: MIT */
/*
 * explain.c - a decision told step by step.
 *
 * The decision itself is lrd_lookup_judge(): what a lookup runs. The steps are read off its
 * result and off the same pure rules, so that they cannot say anything else than what happens.
 */
#include "cache/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cache/groups.h"
#include "cache/select.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum { TEXT_BYTES = 512, SHOWN_VARIANTS = 8 };

struct telling {
	struct lrd_ask *ask;
	const larder_explain *how;
	const struct lrd_judged *judged;
};

static void say(const struct telling *t, uint32_t result, const char *name,
		enum lrd_why why, const char *section, const char *format, ...)
	LARDER_PRINTF(6, 7);

static void say(const struct telling *t, uint32_t result, const char *name,
		enum lrd_why why, const char *section, const char *format, ...)
{
	char text[TEXT_BYTES];
	larder_step step = {
		.size = sizeof(step),
		.result = result,
		.why = (uint32_t)why,
		.name = name,
		.text = text,
		.section = section ? section : lrd_why_section(why),
	};
	va_list args;

	if (!t->how->step)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->how->step(&step, t->how->ctx);
}

/* ---- the request ------------------------------------------------------------------------- */

static bool tell_request(const struct telling *t)
{
	const struct lrd_ask *ask = t->ask;
	enum lrd_why why = ask->no_content ? LRD_WHY_NO_CONTENT
					   : lrd_reuse_bypass(&ask->facts);

	if (why != LRD_WHY_NONE) {
		say(t, LARDER_STEP_FAIL, "method", why, NULL, "%.*s: %s",
		    LRD_SLICE_ARG(lrd_slice_first(ask->method, 32)), lrd_why_text(why));
		return false;
	}
	say(t, LARDER_STEP_OK, "method", LRD_WHY_NONE, "RFC 9110 s9.2.3",
	    "%.*s may be answered from the store",
	    LRD_SLICE_ARG(lrd_slice_first(ask->method, 32)));
	why = lrd_reuse_refuses(&ask->facts);
	if (why != LRD_WHY_NONE)
		say(t, LARDER_STEP_FAIL, "request", why, NULL, "%s", lrd_why_text(why));
	return why == LRD_WHY_NONE;
}

/* ---- what is stored ---------------------------------------------------------------------- */

/* "accept-language:fr\naccept\n" with blanks in place of line ends. */
static void one_line(larder_slice text, char *out, size_t size)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = text.ptr[i] == '\n' ? ' ' : text.ptr[i];
	while (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

/* One variant: what its request had shown, if it is still there. */
static void tell_variant(const struct telling *t, struct lrd_read *read,
			 const struct lrd_variant *variant)
{
	char storage[LRD_ASK_URL_BYTES * 2], shown[TEXT_BYTES / 2];
	struct lrd_response response;
	struct lrd_record record;
	struct lrd_buf name;
	struct lrd_key key;

	lrd_buf_init_fixed(&name, storage, sizeof(storage));
	if (lrd_variant_name(t->ask->url, variant->digest, &name) < 0 ||
	    lrd_key_init(t->ask->cache->store, t->ask->partition, lrd_buf_slice(&name),
			 &key) < 0 ||
	    lrd_read_peek(read, &key, t->ask->now, &record) < 0 ||
	    record.kind != LRD_KIND_RESPONSE ||
	    lrd_response_decode(record.head, &response) < 0) {
		say(t, LARDER_STEP_NOTE, "variant", LRD_WHY_NONE, "",
		    "one that is listed is evicted");
		return;
	}
	one_line(response.selecting, shown, sizeof(shown));
	say(t, LARDER_STEP_NOTE, "variant", LRD_WHY_NONE, "",
	    "for %s: %" PRIu64 " bytes, age %" PRId64 " s, fresh for %" PRId64 " s", shown,
	    record.body_len, lrd_freshness_age(&response.fresh, t->ask->now),
	    lrd_freshness_lifetime(&response.fresh, t->ask->policy.shared));
}

static void tell_variants(const struct telling *t, struct lrd_read *read,
			  const struct lrd_selected *selected)
{
	char storage[LRD_VARY_TEXT_BYTES], shown[TEXT_BYTES / 2] = "";
	bool hit = selected->miss == LRD_WHY_NONE;
	struct lrd_variants variants;
	uint8_t secret[16];
	struct lrd_buf text;
	larder_slice vary;

	if (lrd_variants_decode(selected->entry.head, &variants) < 0)
		return;
	say(t, LARDER_STEP_OK, "stored", LRD_WHY_NONE, "RFC 9111 s4",
	    "%zu variant%s of this URL %s stored", variants.count,
	    variants.count == 1 ? "" : "s", variants.count == 1 ? "is" : "are");
	vary = lrd_variants_newest_vary(&variants);
	lrd_cache_secret(t->ask->cache, secret);
	lrd_buf_init_fixed(&text, storage, sizeof(storage));
	if (lrd_vary_text(vary, t->ask->facts.fields, secret, &text) == 0)
		one_line(lrd_buf_slice(&text), shown, sizeof(shown));
	say(t, hit ? LARDER_STEP_OK : LARDER_STEP_FAIL, "vary",
	    hit ? LRD_WHY_NONE : LRD_WHY_VARY_MISS, "RFC 9111 s4.1",
	    "Vary: %.*s; this request has %s, which %s",
	    LRD_SLICE_ARG(lrd_slice_first(vary, 128)), shown,
	    hit ? "one of them answers" : "none of them answers");
	for (size_t i = 0; i < variants.count && i < SHOWN_VARIANTS && !hit; i++)
		tell_variant(t, read, &variants.at[i]);
}

static void tell_stored(const struct telling *t, struct lrd_read *read,
			const struct lrd_selected *selected)
{
	const struct lrd_judged *judged = t->judged;

	if (selected->has_entry && selected->entry.kind == LRD_KIND_VARIANTS)
		tell_variants(t, read, selected);
	else if (selected->miss == LRD_WHY_NONE)
		say(t, LARDER_STEP_OK, "stored", LRD_WHY_NONE, "RFC 9111 s4",
		    "a response is stored under this URL: status %u, %" PRIu64 " bytes",
		    (unsigned)selected->response.status, selected->record.body_len);
	else if (judged->serves)
		say(t, LARDER_STEP_OK, "stored", LRD_WHY_NO_VARY_SEARCH, NULL, "%s",
		    lrd_why_text(LRD_WHY_NO_VARY_SEARCH));
	else
		say(t, LARDER_STEP_FAIL, "stored", selected->miss, NULL, "%s",
		    lrd_why_text(selected->miss));
}

/* ---- the decision ------------------------------------------------------------------------ */

static void tell_groups(const struct telling *t, struct lrd_read *read,
			const struct lrd_selected *selected)
{
	bool hold;

	if (selected->miss != LRD_WHY_NONE ||
	    !(selected->response.fresh.flags & LRD_FRESH_STAMPED))
		return;
	hold = lrd_stamps_hold(t->ask, read, &selected->response);
	say(t, hold ? LARDER_STEP_OK : LARDER_STEP_FAIL, "groups",
	    hold ? LRD_WHY_NONE : LRD_WHY_GROUP_INVALIDATED, "RFC 9875 s2.2",
	    hold ? "no group that it belongs to was invalidated"
		 : "a group that it belongs to was invalidated");
}

static void tell_freshness(const struct telling *t)
{
	const struct lrd_freshness *fresh = &t->judged->plan->answer.head.fresh;
	bool shared = t->ask->policy.shared;
	const struct lrd_reuse *reuse = &t->judged->reuse;
	enum lrd_why source = (enum lrd_why)(shared ? fresh->shared_why : fresh->why);

	uint32_t result = LARDER_STEP_OK;

	/* A licence may have made up for it: then it decides nothing. */
	if (reuse->ttl_s <= 0)
		result = reuse->use == LRD_USE_STALE ? LARDER_STEP_NOTE : LARDER_STEP_FAIL;
	say(t, result, "freshness", source, NULL, "age %" PRId64 " s of %" PRId64 " s by %s: %s %" PRId64 " s",
	    reuse->age_s, lrd_freshness_lifetime(fresh, shared), lrd_why_name(source),
	    reuse->ttl_s > 0 ? "fresh for" : "stale by",
	    reuse->ttl_s > 0 ? reuse->ttl_s : -reuse->ttl_s);
}

static void tell_reuse(const struct telling *t)
{
	const struct lrd_reuse *reuse = &t->judged->reuse;
	bool good = reuse->use == LRD_USE_FRESH || reuse->use == LRD_USE_STALE;

	if (reuse->use == LRD_USE_FRESH && reuse->ttl_s > 0 &&
	    reuse->why != LRD_WHY_IMMUTABLE)
		return; /* its freshness has said it */
	say(t, good ? LARDER_STEP_OK : LARDER_STEP_FAIL, "reuse", reuse->why, NULL, "%s",
	    lrd_why_text(reuse->why));
}

static void tell_part(const struct telling *t)
{
	const struct larder_plan *plan = t->judged->plan;

	if (plan->part.kind == LRD_PART_UNFIT)
		say(t, LARDER_STEP_FAIL, "part", t->judged->why, NULL, "%s",
		    lrd_why_text(t->judged->why));
	else if (plan->part.kind == LRD_PART_CUT)
		say(t, LARDER_STEP_OK, "part", LRD_WHY_PART, NULL, "Content-Range: %s",
		    plan->part.range_text);
	else if (plan->part.kind == LRD_PART_NOWHERE)
		say(t, LARDER_STEP_OK, "part", LRD_WHY_UNSATISFIABLE, NULL,
		    "Content-Range: %s", plan->part.range_text);
}

static void tell_validators(const struct telling *t)
{
	const struct lrd_answer *answer = &t->judged->plan->answer;
	struct lrd_validators stored;

	if (t->judged->serves)
		return;
	lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
			    answer->head.fresh.date, &stored);
	if (stored.etag.ptr)
		say(t, LARDER_STEP_NOTE, "validator", LRD_WHY_NONE, "RFC 9111 s4.3.1",
		    "the origin can confirm it: ETag %.*s",
		    LRD_SLICE_ARG(lrd_slice_first(stored.etag, 128)));
	else if (stored.last_modified.ptr)
		say(t, LARDER_STEP_NOTE, "validator", LRD_WHY_NONE, "RFC 9111 s4.3.1",
		    "the origin can confirm it: Last-Modified %.*s",
		    LRD_SLICE_ARG(lrd_slice_first(stored.last_modified, 64)));
	else
		say(t, LARDER_STEP_NOTE, "validator", LRD_WHY_NONE, "RFC 9111 s4.3.1",
		    "it has no validator: all of it must be fetched again");
}

static void tell_conditions(const struct telling *t)
{
	if (t->judged->serves &&
	    lrd_plan_outcome(t->judged->plan, &t->ask->facts, t->ask->now) == 304)
		say(t, LARDER_STEP_OK, "conditions", LRD_WHY_NOT_MODIFIED, NULL, "%s",
		    lrd_why_text(LRD_WHY_NOT_MODIFIED));
}

static int tell(const struct telling *t)
{
	struct lrd_selected selected;
	struct lrd_read read;
	int rc;

	if (!t->how->step || !tell_request(t))
		return 0;
	lrd_selected_init(&selected);
	rc = lrd_read_begin(t->ask->cache->store, &read);
	if (rc < 0)
		return rc;
	rc = lrd_select(t->ask, &read, &selected);
	if (rc == 0) {
		tell_stored(t, &read, &selected);
		tell_groups(t, &read, &selected);
	}
	lrd_read_end(&read);
	lrd_selected_release(&selected);
	if (rc < 0)
		return rc;
	if (t->judged->plan && t->judged->plan->has_answer) {
		tell_freshness(t);
		tell_reuse(t);
		tell_part(t);
		tell_conditions(t);
		tell_validators(t);
	} else if (t->judged->reuse.use == LRD_USE_NOT &&
		   t->judged->why == LRD_WHY_NOT_SHARED) {
		tell_reuse(t);
	}
	return 0;
}

/* ---- the call ---------------------------------------------------------------------------- */

static int read_how(const larder_explain *from, larder_explain *to)
{
	size_t known = sizeof(*to);

	memset(to, 0, sizeof(*to));
	if (!from)
		return 0;
	if (from->size < sizeof(from->size))
		return LARDER_EINVAL;
	if (from->size < known)
		known = from->size;
	for (size_t i = known; i < from->size; i++)
		if (((const char *)from)[i] != 0)
			return LARDER_EINVAL;
	memcpy(to, from, known);
	return 0;
}

static void conclude(const struct lrd_ask *ask, const struct lrd_judged *judged,
		     larder_explained *out)
{
	const struct larder_plan *plan = judged->plan;

	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->why = (uint32_t)judged->why;
	out->age_s = -1;
	out->ttl_s = INT64_MIN;
	if (plan && plan->has_answer) {
		out->age_s = judged->reuse.age_s;
		out->ttl_s = judged->reuse.ttl_s;
		out->body_bytes = plan->answer.body_len;
	}
	if (judged->serves) {
		out->verdict = LARDER_SERVE;
		out->how = judged->reuse.use == LRD_USE_FRESH ? LARDER_HOW_FRESH
							      : LARDER_HOW_STALE;
		out->status = lrd_plan_outcome(plan, &ask->facts, ask->now);
	} else if (lrd_request_only_if_cached(&ask->facts)) {
		out->verdict = LARDER_REFUSE;
		out->how = LARDER_HOW_REFUSED;
		out->status = 504;
	} else {
		out->verdict = LARDER_FETCH;
		out->how = strcmp(lrd_why_fwd(judged->why), "bypass") == 0 ||
					   judged->why == LRD_WHY_METHOD
				   ? LARDER_HOW_BYPASS
				   : LARDER_HOW_MISS;
	}
	memcpy(out->partition, ask->partition.ptr, ask->partition.len);
	lrd_explain_hint(ask, judged, out->hint, sizeof(out->hint));
}

int larder_cache_explain(larder_cache *cache, const larder_lookup *lookup,
			 const larder_explain *from, larder_explained *out)
{
	struct lrd_judged judged = { .plan = NULL };
	larder_explained explained;
	larder_explain how;
	struct telling t;
	struct lrd_ask ask;
	size_t size;
	int rc;

	if (!cache || !out || out->size < sizeof(out->size))
		return LARDER_EINVAL;
	rc = read_how(from, &how);
	if (rc == 0)
		rc = lrd_ask_init(&ask, cache, lookup);
	if (rc < 0)
		return rc;
	if (how.at)
		ask.now = how.at;
	if (how.shared)
		ask.policy.shared = true;
	rc = lrd_lookup_judge(&ask, &judged);
	t = (struct telling){ &ask, &how, &judged };
	if (rc == 0)
		rc = tell(&t);
	if (rc == 0) {
		conclude(&ask, &judged, &explained);
		size = out->size < sizeof(explained) ? out->size : sizeof(explained);
		explained.size = out->size;
		memcpy(out, &explained, size);
	}
	larder_plan_free(judged.plan);
	lrd_ask_release(&ask);
	return rc;
}
