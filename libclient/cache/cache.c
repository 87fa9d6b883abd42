/* SPDX-License-Identifier: MIT */
/* cache.c - opening and closing a cache, and its options. */
#include <string.h>

#include "cache/handle.h"
#include "cache/variants.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"
#include "sys/error.h"
#include "sys/random.h"

enum {
	HEURISTIC_PERCENT = 10,
	HEURISTIC_MAX_S = 86400,
	MAX_VARIANTS = 32,
};

/* The rule of sized structs: an unknown tail must be zero. */
static int read_options(const larder_cache_options *from, larder_cache_options *to,
			larder_error *err)
{
	size_t known = sizeof(*to);

	memset(to, 0, sizeof(*to));
	if (!from)
		return 0;
	if (from->size < sizeof(from->size))
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "cache options have no size: start from "
				     "LARDER_CACHE_OPTIONS_INIT");
	if (from->size < known)
		known = from->size;
	for (size_t i = known; i < from->size; i++)
		if (((const char *)from)[i] != 0)
			return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0,
					     NULL,
					     "cache options set something that larder %s "
					     "does not know",
					     larder_version());
	memcpy(to, from, known);
	return 0;
}

static bool targets_valid(larder_slice targets)
{
	larder_slice name;

	while (targets.len > 0 && lrd_slice_split(&targets, ',', &name))
		if (!lrd_token_valid(lrd_slice_trim(name)))
			return false;
	return true;
}

static int check_options(const larder_cache_options *options, larder_error *err)
{
	const larder_allocator *allocator = options->allocator;

	if (options->heuristic_percent > 100)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "heuristic_percent is %u: 0 to 100 makes sense",
				     (unsigned)options->heuristic_percent);
	if (options->max_variants > LRD_VARIANTS_MAX)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "max_variants is %u: at most %d are kept of one URL",
				     (unsigned)options->max_variants, LRD_VARIANTS_MAX);
	if (!targets_valid(lrd_slice_cstr(options->targets)))
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "targets must be field names, separated by commas");
	if (allocator && allocator->malloc_fn &&
	    (!allocator->realloc_fn || !allocator->free_fn))
		return lrd_error_set(
			err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			"the allocator needs malloc, realloc and free together");
	return 0;
}

static void set_up(struct larder_cache *cache, const larder_cache_options *options)
{
	cache->policy = (struct lrd_policy){
		.shared = options->shared != 0,
		.no_heuristics = options->no_heuristics != 0,
		.heuristic_percent = options->heuristic_percent ? options->heuristic_percent
								: HEURISTIC_PERCENT,
		.heuristic_max_s = options->heuristic_max_s ? options->heuristic_max_s
							    : HEURISTIC_MAX_S,
		.stale_on_error_s = options->stale_on_error_s,
	};
	cache->max_body_bytes = options->max_body_bytes;
	cache->max_variants = options->max_variants ? options->max_variants : MAX_VARIANTS;
}

static int copy_targets(struct larder_cache *cache, const char *targets)
{
	size_t len = targets ? strlen(targets) : 0;

	if (len == 0)
		return 0;
	cache->targets = lrd_alloc(&cache->allocator, len + 1);
	if (!cache->targets)
		return LARDER_ENOMEM;
	memcpy(cache->targets, targets, len + 1);
	cache->policy.targets = lrd_slice_of(cache->targets, len);
	return 0;
}

static int limit_body(struct larder_cache *cache)
{
	struct lrd_store_stat stat;
	int rc;

	if (cache->max_body_bytes)
		return 0;
	rc = lrd_store_stat(cache->store, &stat);
	if (rc == 0)
		cache->max_body_bytes = stat.budget_bytes / 2;
	return rc;
}

int larder_cache_open(const larder_cache_options *options, larder_cache **out,
		      larder_error *err)
{
	struct lrd_store_options store_options = { 0 };
	larder_cache_options set;
	struct larder_cache *cache = NULL;
	int rc;

	lrd_error_clear(err);
	if (!out)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "larder_cache_open needs a place for the cache");
	rc = read_options(options, &set, err);
	if (rc == 0)
		rc = check_options(&set, err);
	if (rc < 0)
		return rc;

	cache = lrd_alloc_zero(set.allocator, sizeof(*cache));
	if (!cache)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_PREPARE, 0, NULL,
				     "no memory for a cache");
	if (set.allocator)
		cache->allocator = *set.allocator;
	set_up(cache, &set);
	rc = copy_targets(cache, set.targets);
	if (rc < 0) {
		lrd_error_set(err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			      "no memory for a cache");
		goto out;
	}
	store_options.allocator = cache->allocator.malloc_fn ? &cache->allocator : NULL;
	store_options.budget_bytes = set.budget_bytes;
	store_options.gate_timeout_ms = set.gate_timeout_ms;
	rc = lrd_store_open(set.store, &store_options, &cache->store, err);
	if (rc < 0)
		goto out;
	rc = limit_body(cache);
	if (rc < 0) {
		rc = lrd_error_set(err, rc, LARDER_PHASE_STORE, 0, NULL,
				   "cannot read the size of the store in %s",
				   lrd_store_path(cache->store));
		goto out;
	}
	*out = cache;
	cache = NULL; /* moved to the caller */
out:
	larder_cache_close(cache);
	return rc;
}

void larder_cache_close(larder_cache *cache)
{
	larder_allocator allocator;

	if (!cache)
		return;
	allocator = cache->allocator;
	lrd_alloc_free(&allocator, cache->targets);
	if (cache->store)
		lrd_store_close(cache->store);
	lrd_alloc_free(&allocator, cache);
}

void lrd_cache_secret(const struct larder_cache *cache, uint8_t secret[16])
{
	larder_slice none = { "", 0 };
	struct lrd_key first, second;

	/* Two hashes under the store's secret, of names that no entry has. */
	if (lrd_key_init(cache->store, none, LRD_SLICE("\001larder secret, first half"),
			 &first) < 0 ||
	    lrd_key_init(cache->store, none, LRD_SLICE("\001larder secret, second half"),
			 &second) < 0) {
		/* The store is out of reach: a key that nothing stored was made with. */
		lrd_random_bytes(secret, 16);
		return;
	}
	lrd_le_put64(secret, first.hash);
	lrd_le_put64(secret + 8, second.hash);
}
