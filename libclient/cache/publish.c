/* SPDX-License-Identifier: MIT */
/* publish.c - storing a complete response: one write transaction, behind the fence. */
#include <string.h>

#include "cache/fence.h"
#include "cache/groups.h"
#include "cache/plan.h"
#include "cache/prepare.h"
#include "cache/search.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum {
	DIRECTORY_BYTES = LRD_VARIANTS_MAX * (LRD_VARIANT_FIXED + LRD_VARY_LIST_BYTES +
					      LRD_VARIANT_ETAG_MAX) +
			  LRD_VARIANTS_FIXED
};

/* What is being published, and what stands at the URL's key. */
struct publication {
	struct larder_plan *plan;
	struct lrd_write *write;
	struct lrd_key url_key;
	uint64_t fence; /* to be carried on */
	bool was_directory;
	bool dropped;                 /* a variant made way */
	struct lrd_variants variants; /* slices into old_directory and below */
	struct lrd_buf old_directory; /* copied: a write moves the map's pages */
	struct lrd_buf new_directory;
	struct lrd_buf selecting;
	struct lrd_buf name;
	struct lrd_buf head;
	struct lrd_buf extra;
	uint8_t secret[16];
};

static void init(struct publication *p, struct larder_plan *plan)
{
	const larder_allocator *allocator = lrd_plan_allocator(plan);

	p->plan = plan;
	p->write = NULL;
	p->fence = 0;
	p->was_directory = false;
	p->dropped = false;
	p->variants.count = 0;
	lrd_buf_init(&p->old_directory, DIRECTORY_BYTES, allocator);
	lrd_buf_init(&p->new_directory, DIRECTORY_BYTES, allocator);
	lrd_buf_init(&p->selecting, LRD_VARY_TEXT_BYTES, allocator);
	lrd_buf_init(&p->name, LRD_KEY_MAX, allocator);
	lrd_buf_init(&p->head, LRD_HEAD_MAX, allocator);
	lrd_buf_init(&p->extra, LRD_EXTRA_MAX, allocator);
}

static void release(struct publication *p)
{
	if (p->write)
		lrd_write_abort(p->write);
	lrd_buf_release(&p->old_directory);
	lrd_buf_release(&p->new_directory);
	lrd_buf_release(&p->selecting);
	lrd_buf_release(&p->name);
	lrd_buf_release(&p->head);
	lrd_buf_release(&p->extra);
}

/* Two answers that cross: the one that the origin made later stays (RFC 9111 s4). */
static bool is_newer(const struct publication *p, const struct lrd_record *record)
{
	struct lrd_response there;

	return record->kind == LRD_KIND_RESPONSE &&
	       record->cas != p->plan->asked->seen_cas &&
	       lrd_response_decode(record->head, &there) == 0 &&
	       there.fresh.date > p->plan->storing.head.fresh.date;
}

/* A QUERY is fenced by its URL's own key. */
static int inspect_base(struct publication *p, int64_t now, enum lrd_why *why)
{
	const struct lrd_asked *asked = p->plan->asked;
	struct lrd_record record;
	struct lrd_key key;
	int rc;

	*why = LRD_WHY_STORABLE;
	if (asked->facts.method != LRD_METHOD_QUERY)
		return 0;
	rc = lrd_key_init(p->plan->cache->store, asked->partition,
			  lrd_query_base(asked->url), &key);
	if (rc == 0)
		rc = lrd_write_get(p->write, &key, now, &record);
	if (rc == 0 && !lrd_fence_open(asked->fence, lrd_fence_of(&record)))
		*why = LRD_WHY_INVALIDATED_MEANWHILE;
	return rc == LARDER_ENOTFOUND ? 0 : rc;
}

/*
 * Looks at what stands at the URL's key: *why is LRD_WHY_STORABLE, or why the response may
 * not be stored there. The error is one of the store's.
 */
static int inspect(struct publication *p, int64_t now, enum lrd_why *why)
{
	struct lrd_record record;
	int rc = inspect_base(p, now, why);

	if (rc < 0 || *why != LRD_WHY_STORABLE)
		return rc;
	rc = lrd_write_get(p->write, &p->url_key, now, &record);
	if (rc == LARDER_ENOTFOUND)
		return 0;
	if (rc < 0)
		return rc;
	p->fence = lrd_fence_of(&record);
	if (!lrd_fence_open(p->plan->asked->fence, p->fence))
		*why = LRD_WHY_INVALIDATED_MEANWHILE;
	else if (is_newer(p, &record))
		*why = LRD_WHY_CHANGED_MEANWHILE;
	if (*why != LRD_WHY_STORABLE || record.kind != LRD_KIND_VARIANTS)
		return 0;
	rc = lrd_buf_append_slice(&p->old_directory, record.head);
	if (rc < 0)
		return rc;
	/* A directory that does not read is replaced. */
	p->was_directory =
		lrd_variants_decode(lrd_buf_slice(&p->old_directory), &p->variants) == 0;
	if (!p->was_directory)
		p->variants.count = 0;
	return 0;
}

/* The body, from memory or as it was filled into the store. */
static int put_response(struct publication *p, const struct lrd_key *key, enum lrd_why *why)
{
	struct lrd_storing *storing = &p->plan->storing;
	struct lrd_put put;
	int rc;

	storing->head.reason = lrd_buf_slice(&storing->reason);
	storing->head.selecting = lrd_buf_slice(&p->selecting);
	storing->head.fence = p->fence;
	storing->head.extra = lrd_buf_slice(&storing->extra);
	rc = lrd_stamps_renew(p->plan, p->write, lrd_fields_view(&storing->fields),
			      &storing->head, &p->extra, why);
	if (rc < 0 || *why != LRD_WHY_STORABLE)
		return rc;
	rc = lrd_search_list(p->plan, p->write, lrd_fields_view(&storing->fields));
	if (rc < 0)
		return rc;
	rc = lrd_prepare_put(p->plan, &storing->head, lrd_fields_view(&storing->fields),
			     &p->head, &put);
	if (rc < 0)
		return rc;
	put.key = *key;
	if (!storing->fill)
		return lrd_write_put(p->write, &put, lrd_buf_slice(&storing->body), NULL);
	rc = lrd_write_publish(p->write, &put, storing->fill, NULL);
	if (rc == 0)
		storing->fill = NULL; /* moved into the store */
	return rc;
}

static int variant_key(struct publication *p, const uint8_t digest[LRD_SIPHASH_SIZE],
		       struct lrd_key *key)
{
	int rc;

	lrd_buf_clear(&p->name);
	rc = lrd_variant_name(p->url_key.name, digest, &p->name);
	if (rc < 0)
		return rc;
	return lrd_key_init(p->plan->cache->store, p->url_key.partition,
			    lrd_buf_slice(&p->name), key);
}

static int put_directory(struct publication *p)
{
	struct lrd_put put = {
		.key = p->url_key,
		.kind = LRD_KIND_VARIANTS,
		.stored_at = lrd_clock_now_s(),
	};
	int rc;

	p->variants.fence = p->fence;
	rc = lrd_variants_encode(&p->variants, &p->new_directory);
	if (rc < 0)
		return rc;
	put.head = lrd_buf_slice(&p->new_directory);
	return lrd_write_put(p->write, &put, (larder_slice){ "", 0 }, NULL);
}

static int put_variant(struct publication *p, larder_slice vary, uint32_t flags,
		       enum lrd_why *why)
{
	struct lrd_variant variant = {
		.date = p->plan->storing.head.fresh.date,
		.flags = flags,
		.vary = vary,
		.etag = { "", 0 },
	};
	uint8_t dropped[LRD_SIPHASH_SIZE];
	struct lrd_key key;
	larder_slice etag;
	int rc;

	if (lrd_view_get(lrd_fields_view(&p->plan->storing.fields), LRD_SLICE("ETag"),
			 &etag) &&
	    etag.len <= LRD_VARIANT_ETAG_MAX)
		variant.etag = etag;
	lrd_variant_digest(lrd_buf_slice(&p->selecting), p->secret, variant.digest);
	rc = lrd_variants_insert(&p->variants, &variant, p->plan->cache->max_variants,
				 dropped);
	p->dropped = rc == 1;
	if (p->dropped) {
		rc = variant_key(p, dropped, &key);
		if (rc == 0)
			rc = lrd_write_delete(p->write, &key);
		if (rc == LARDER_ENOTFOUND)
			rc = 0; /* evicted already */
	}
	if (rc == 0)
		rc = put_directory(p);
	if (rc == 0)
		rc = variant_key(p, variant.digest, &key);
	return rc < 0 ? rc : put_response(p, &key, why);
}

/* Stores under the URL's key, or beside other variants. */
static int put(struct publication *p, enum lrd_why *why)
{
	larder_slice vary = lrd_buf_slice(&p->plan->storing.vary);
	uint32_t flags = 0;
	int rc;

	/* RFC 9111 s4.1: a default response without Vary goes by the newest one that has it. */
	if (vary.len == 0 && p->was_directory) {
		vary = lrd_variants_newest_vary(&p->variants);
		flags = LRD_VARIANT_LENT;
	}
	if (vary.len == 0)
		return put_response(p, &p->url_key, why);
	lrd_cache_secret(p->plan->cache, p->secret);
	rc = lrd_vary_text(vary, p->plan->asked->facts.fields, p->secret, &p->selecting);
	if (rc == LARDER_ELIMIT || rc == LARDER_EPROTO) {
		*why = LRD_WHY_VARY_LONG;
		return 0;
	}
	return rc < 0 ? rc : put_variant(p, vary, flags, why);
}

static int run(struct publication *p, enum lrd_why *why)
{
	const struct lrd_asked *asked = p->plan->asked;
	int64_t now = lrd_clock_now_s();
	int rc;

	*why = LRD_WHY_TOO_SLOW;
	if (now - asked->time >= LRD_FENCE_S)
		return 0;
	rc = lrd_key_init(p->plan->cache->store, asked->partition, asked->url,
			  &p->url_key);
	if (rc == LARDER_EINVAL) {
		*why = LRD_WHY_KEY_TOO_LONG;
		return 0;
	}
	if (rc == 0)
		rc = lrd_write_begin(p->plan->cache->store, &p->write);
	if (rc == 0)
		rc = inspect(p, now, why);
	if (rc < 0 || *why != LRD_WHY_STORABLE)
		return rc;
	rc = put(p, why);
	if (rc < 0 || *why != LRD_WHY_STORABLE)
		return rc;
	rc = lrd_write_commit(p->write);
	p->write = NULL; /* ended either way */
	return rc;
}

void lrd_publish(struct larder_plan *plan)
{
	struct publication p;
	enum lrd_why why;
	int rc;

	init(&p, plan);
	rc = run(&p, &why);
	if (rc < 0)
		why = lrd_plan_skipped(plan, rc);
	plan->served.stored = why == LRD_WHY_STORABLE;
	if (plan->served.stored)
		lrd_store_count(plan->cache->store, LRD_COUNT_STORED, 1);
	if (plan->served.stored && p.dropped)
		why = LRD_WHY_VARIANT_LIMIT;
	plan->served.store_why = (uint32_t)why;
	release(&p);
}
