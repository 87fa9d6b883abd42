/* SPDX-License-Identifier: MIT */
/* purge.c - removing a URL from one partition, or from all, because its user says so. */
#include <string.h>

#include "cache/invalidate.h"
#include "cache/record.h"
#include "cache/variants.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/uri.h"
#include "sys/clock.h"

enum {
	WALK_STEP = 4096, /* entries visited in one read transaction */
	BATCH = 64, /* partitions found in one step; more are found by walking again */
};

struct partition {
	char name[LRD_PARTITION_MAX];
	size_t len;
};

struct walk {
	larder_slice url;
	struct partition found[BATCH];
	size_t count;
};

static bool names_url(larder_slice name, larder_slice url)
{
	if (!lrd_slice_starts(name, url))
		return false;
	return name.len == url.len ||
	       name.ptr[url.len] == '#'; /* of a variant, or of a QUERY */
}

static bool known(const struct walk *walk, larder_slice partition)
{
	for (size_t i = 0; i < walk->count; i++)
		if (lrd_slice_equal(lrd_slice_of(walk->found[i].name, walk->found[i].len),
				    partition))
			return true;
	return false;
}

static int visit(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct walk *walk = ctx;
	struct partition *to;

	(void)read;
	if (record->kind != LRD_KIND_RESPONSE && record->kind != LRD_KIND_VARIANTS)
		return 0;
	if (!names_url(record->name, walk->url) ||
	    record->partition.len > LRD_PARTITION_MAX || known(walk, record->partition))
		return 0;
	to = &walk->found[walk->count++];
	to->len = record->partition.len;
	if (to->len > 0)
		memcpy(to->name, record->partition.ptr, to->len);
	return walk->count == BATCH;
}

/* One pass over the store; 1 when there may be partitions left. */
static int purge_pass(struct larder_cache *cache, struct walk *walk, ptrdiff_t *removed)
{
	int64_t now = lrd_clock_now_s();
	uint64_t cursor = 0;
	bool full = false;
	ptrdiff_t n;
	int rc;

	walk->count = 0;
	do {
		rc = lrd_store_walk(cache->store, &cursor, WALK_STEP, now, visit, walk);
		full = walk->count == BATCH;
	} while (rc == 1 && !full);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < walk->count; i++) {
		n = lrd_invalidate_url(
			cache, lrd_slice_of(walk->found[i].name, walk->found[i].len),
			walk->url, NULL);
		if (n < 0)
			return (int)n;
		*removed += n;
	}
	return full;
}

static ptrdiff_t purge_all(struct larder_cache *cache, larder_slice url)
{
	struct walk *walk = lrd_alloc_zero(&cache->allocator, sizeof(*walk));
	ptrdiff_t removed = 0, before;
	int rc = 1;

	if (!walk)
		return LARDER_ENOMEM;
	walk->url = url;
	while (rc == 1) {
		before = removed;
		rc = purge_pass(cache, walk, &removed);
		/* What a pass cannot remove, another will not either. */
		if (removed == before)
			break;
	}
	lrd_alloc_free(&cache->allocator, walk);
	return rc < 0 ? rc : removed;
}

ptrdiff_t larder_cache_purge(larder_cache *cache, larder_slice url, const char *partition)
{
	struct lrd_uri uri;
	struct lrd_buf name;
	ptrdiff_t n;
	int rc;

	if (!cache || (url.len > 0 && !url.ptr))
		return LARDER_EINVAL;
	rc = lrd_uri_parse(url, &uri);
	if (rc == 0 && !lrd_uri_is_http(&uri))
		rc = LARDER_EURL;
	if (rc < 0)
		return rc;
	lrd_buf_init(&name, LRD_KEY_MAX,
		     cache->allocator.malloc_fn ? &cache->allocator : NULL);
	rc = lrd_uri_normalise(&uri, &name);
	if (rc < 0)
		n = rc == LARDER_ELIMIT ? LARDER_EURL : rc;
	else if (partition)
		n = lrd_invalidate_url(cache, lrd_slice_cstr(partition),
				       lrd_buf_slice(&name), NULL);
	else
		n = purge_all(cache, lrd_buf_slice(&name));
	lrd_buf_release(&name);
	return n;
}
