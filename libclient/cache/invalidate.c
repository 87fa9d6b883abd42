/* SPDX-License-Identifier: MIT */
/* invalidate.c - removing all stored responses of one URL, after unsafe methods too (RFC 9111 s4.4). */
#include "cache/invalidate.h"

#include "cache/fence.h"
#include "cache/groups.h"
#include "cache/plan.h"
#include "cache/search.h"
#include "policy/invalidate.h"
#include "proto/bytes/slice.h"
#include "store/event.h"
#include "sys/clock.h"

/* A stale answer is worse than a wait: a busy store is asked this often. */
enum { TRIES = 4 };

static const larder_allocator *allocator_of(const struct larder_cache *cache)
{
	return cache->allocator.malloc_fn ? &cache->allocator : NULL;
}

static int delete_variants(struct larder_cache *cache, struct lrd_write *write,
			   const struct lrd_key *url, larder_slice directory,
			   ptrdiff_t *removed)
{
	struct lrd_variants variants;
	struct lrd_buf name;
	struct lrd_key key;
	int rc = 0;

	if (lrd_variants_decode(directory, &variants) < 0)
		return 0;
	lrd_buf_init(&name, LRD_KEY_MAX, allocator_of(cache));
	for (size_t i = 0; i < variants.count && rc == 0; i++) {
		lrd_buf_clear(&name);
		rc = lrd_variant_name(url->name, variants.at[i].digest, &name);
		if (rc == 0)
			rc = lrd_key_init(cache->store, url->partition,
					  lrd_buf_slice(&name), &key);
		if (rc == 0)
			rc = lrd_write_delete(write, &key);
		if (rc == 0)
			(*removed)++;
		else if (rc == LARDER_ENOTFOUND)
			rc = 0; /* evicted already */
	}
	lrd_buf_release(&name);
	return rc;
}

/* What stands at the key goes, with all that hangs on it. */
static int clear(struct larder_cache *cache, struct lrd_write *write,
		 const struct lrd_key *key, int64_t now, ptrdiff_t *removed)
{
	struct lrd_record record;
	struct lrd_buf directory;
	int rc = lrd_write_get(write, key, now, &record);

	if (rc == LARDER_ENOTFOUND)
		return 0;
	if (rc < 0)
		return rc;
	if (record.kind == LRD_KIND_RESPONSE)
		*removed = 1;
	if (record.kind != LRD_KIND_VARIANTS)
		return 0;
	/* Copied: deleting moves the map's pages. */
	lrd_buf_init(&directory, LRD_HEAD_MAX, allocator_of(cache));
	rc = lrd_buf_append_slice(&directory, record.head);
	if (rc == 0)
		rc = delete_variants(cache, write, key, lrd_buf_slice(&directory),
				     removed);
	lrd_buf_release(&directory);
	return rc;
}

/* What is found by way of the URL, and not under its key. */
static int clear_dependent(struct larder_cache *cache, struct lrd_write *write,
			   const struct lrd_key *url)
{
	struct lrd_buf name;
	struct lrd_key key;
	int rc;

	lrd_buf_init(&name, LRD_KEY_MAX, allocator_of(cache));
	rc = lrd_query_group_name(url->name, &name);
	if (rc == 0)
		rc = lrd_key_init(cache->store, url->partition, lrd_buf_slice(&name), &key);
	if (rc == 0)
		rc = lrd_write_delete(write, &key);
	lrd_buf_release(&name);
	/* A URL so long that its record has no name has none. */
	if (rc < 0 && rc != LARDER_ENOTFOUND && rc != LARDER_ELIMIT && rc != LARDER_EINVAL)
		return rc;
	return lrd_search_forget(cache, write, url->partition, url->name);
}

static int try_once(struct larder_cache *cache, const struct lrd_key *key,
		    ptrdiff_t *removed, uint64_t *fence)
{
	int64_t now = lrd_clock_now_s();
	struct lrd_put put = {
		.key = *key,
		.kind = LRD_KIND_TOMBSTONE,
		.stored_at = now,
		.expires_at = now + LRD_FENCE_S,
		.stale_until = now + LRD_FENCE_S,
		.head = { "", 0 },
	};
	struct lrd_write *write = NULL;
	int rc = lrd_write_begin(cache->store, &write);

	*removed = 0;
	if (rc < 0)
		return rc;
	rc = clear(cache, write, key, now, removed);
	if (rc == 0)
		rc = clear_dependent(cache, write, key);
	if (rc == 0)
		rc = lrd_write_put(write, &put, (larder_slice){ "", 0 }, fence);
	if (rc == 0) {
		rc = lrd_write_commit(write);
		write = NULL; /* ended either way */
	}
	if (write)
		lrd_write_abort(write);
	return rc;
}

ptrdiff_t lrd_invalidate_url(struct larder_cache *cache, larder_slice partition,
			     larder_slice url, uint64_t *fence)
{
	struct lrd_key key;
	ptrdiff_t removed = 0;
	uint64_t number = 0;
	int rc = lrd_key_init(cache->store, partition, url, &key);

	if (rc < 0)
		return rc;
	rc = LARDER_EBUSY;
	for (int i = 0; i < TRIES && rc == LARDER_EBUSY; i++)
		rc = try_once(cache, &key, &removed, &number);
	if (rc < 0)
		return rc;
	if (fence)
		*fence = number;
	lrd_event_add(cache->store, LRD_EVENT_INVALIDATED, key.hash, url,
		      (uint64_t)removed);
	if (removed > 0)
		lrd_store_count(cache->store, LRD_COUNT_DELETED, (uint64_t)removed);
	return removed;
}

/*
 * For the principal who sent the unsafe request, and for the anonymous: a page that one has
 * changed has changed for everybody, and those two can be reached at no great cost.
 */
static void invalidate_both(struct larder_plan *plan, larder_slice url, bool target)
{
	struct lrd_asked *asked = plan->asked;
	ptrdiff_t n;

	n = lrd_invalidate_url(plan->cache, asked->partition, url,
			       target ? &asked->fence : NULL);
	if (n < 0 && n != LARDER_EINVAL)
		(void)lrd_plan_skipped(plan, (int)n);
	if (asked->partition.len > 0) {
		n = lrd_invalidate_url(plan->cache, (larder_slice){ "", 0 }, url, NULL);
		if (n < 0 && n != LARDER_EINVAL)
			(void)lrd_plan_skipped(plan, (int)n);
	}
}

void lrd_invalidate(struct larder_plan *plan, const struct lrd_response_facts *response)
{
	static const enum lrd_invalidate_field fields[] = {
		LRD_INVALIDATE_LOCATION, LRD_INVALIDATE_CONTENT_LOCATION
	};
	const struct lrd_asked *asked = plan->asked;
	struct lrd_buf url;

	invalidate_both(plan, asked->url, true);
	lrd_buf_init(&url, LRD_KEY_MAX, allocator_of(plan->cache));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		lrd_buf_clear(&url);
		if (lrd_invalidate_target(fields[i], response->fields, &asked->uri,
					  &url) == 1 &&
		    !lrd_slice_equal(lrd_buf_slice(&url), asked->url))
			invalidate_both(plan, lrd_buf_slice(&url), false);
	}
	lrd_buf_release(&url);
}
