/* SPDX-License-Identifier: MIT */
/* select.c - which stored response belongs to a request, by URL and by Vary (RFC 9111 s4, s4.1). */
#include "cache/select.h"

#include <string.h>

#include "proto/bytes/slice.h"

void lrd_selected_init(struct lrd_selected *selected)
{
	selected->miss = LRD_WHY_NONE;
	selected->has_entry = false;
	selected->directory = (larder_slice){ NULL, 0 };
	selected->is_variant = false;
	lrd_buf_init_fixed(&selected->name, selected->name_storage,
			   sizeof(selected->name_storage));
}

void lrd_selected_release(struct lrd_selected *selected)
{
	lrd_buf_release(&selected->name);
}

static int set_name(struct lrd_ask *ask, struct lrd_selected *out)
{
	const larder_allocator *allocator =
		ask->cache->allocator.malloc_fn ? &ask->cache->allocator : NULL;
	int rc = lrd_variant_name(ask->url, out->digest, &out->name);

	if (rc != LARDER_ELIMIT)
		return rc;
	lrd_buf_init(&out->name, ask->url.len + LRD_VARIANT_SUFFIX, allocator);
	return lrd_variant_name(ask->url, out->digest, &out->name);
}

static int get(const struct lrd_ask *ask, struct lrd_read *read, const struct lrd_key *key,
	       struct lrd_record *out)
{
	return ask->looking_on ? lrd_read_peek(read, key, ask->now, out)
			       : lrd_read_get(read, key, ask->now, out);
}

/* A function of its own: its buffers are no burden on requests for URLs without Vary. */
static __attribute__((noinline)) int select_variant(struct lrd_ask *ask,
						    struct lrd_read *read,
						    struct lrd_selected *out)
{
	char storage[LRD_VARY_TEXT_BYTES];
	struct lrd_variants variants;
	struct lrd_buf text;
	uint8_t secret[16];
	ptrdiff_t index;
	int rc;

	out->miss = LRD_WHY_VARY_MISS;
	if (lrd_variants_decode(out->entry.head, &variants) < 0) {
		out->miss = LRD_WHY_DAMAGED;
		return 0;
	}
	out->directory = out->entry.head;
	lrd_cache_secret(ask->cache, secret);
	lrd_buf_init_fixed(&text, storage, sizeof(storage));
	index = lrd_variants_find(&variants, ask->facts.fields, secret, &text);
	if (index < 0)
		return 0;
	memcpy(out->digest, variants.at[index].digest, sizeof(out->digest));
	rc = set_name(ask, out);
	if (rc < 0)
		return rc;
	/* The directory may name what is evicted, and a digest may lie: the text decides. */
	if (lrd_key_init(ask->cache->store, ask->partition, lrd_buf_slice(&out->name),
			 &out->key) < 0 ||
	    get(ask, read, &out->key, &out->record) < 0 ||
	    out->record.kind != LRD_KIND_RESPONSE ||
	    lrd_response_decode(out->record.head, &out->response) < 0 ||
	    !lrd_slice_equal(out->response.selecting, lrd_buf_slice(&text)))
		return 0;
	out->is_variant = true;
	out->miss = LRD_WHY_NONE;
	return 0;
}

int lrd_select(struct lrd_ask *ask, struct lrd_read *read, struct lrd_selected *out)
{
	int rc = lrd_key_init(ask->cache->store, ask->partition, ask->url, &out->key);

	if (rc < 0) {
		out->miss = rc == LARDER_EINVAL ? LRD_WHY_KEY_TOO_LONG
						: LRD_WHY_STORE_TROUBLE;
		return 0;
	}
	rc = get(ask, read, &out->key, &out->entry);
	if (rc < 0) {
		out->miss =
			rc == LARDER_ENOTFOUND ? LRD_WHY_URI_MISS : LRD_WHY_STORE_TROUBLE;
		return 0;
	}
	out->has_entry = true;
	switch (out->entry.kind) {
	case LRD_KIND_RESPONSE:
		out->record = out->entry;
		if (lrd_response_decode(out->record.head, &out->response) < 0)
			out->miss = LRD_WHY_DAMAGED;
		return 0;
	case LRD_KIND_VARIANTS:
		return select_variant(ask, read, out);
	case LRD_KIND_TOMBSTONE:
		out->miss = LRD_WHY_INVALIDATED;
		return 0;
	default:
		out->miss = LRD_WHY_NO_CONTENT_STORED;
		return 0;
	}
}

/* ---- candidates -------------------------------------------------------------------------- */

static bool is_answer(const struct larder_plan *plan, const struct lrd_variant *variant)
{
	return plan->has_answer && plan->is_variant &&
	       memcmp(variant->digest, plan->variant, sizeof(plan->variant)) == 0;
}

size_t lrd_candidates(const struct larder_plan *plan,
		      struct lrd_validators at[LRD_CANDIDATES])
{
	const struct lrd_answer *answer = &plan->answer;
	struct lrd_variants variants;
	size_t count = 0;

	if (plan->has_answer)
		lrd_validators_read(lrd_view_of(answer->fields, answer->field_count),
				    answer->head.fresh.date, &at[count++]);
	if (plan->asked->directory.len == 0 ||
	    lrd_variants_decode(plan->asked->directory, &variants) < 0)
		return count;
	for (size_t i = 0; i < variants.count; i++) {
		if (variants.at[i].etag.len == 0 || is_answer(plan, &variants.at[i]))
			continue;
		at[count++] = (struct lrd_validators){
			.etag = variants.at[i].etag,
			.date = variants.at[i].date,
		};
	}
	return count;
}

const uint8_t *lrd_candidate_digest(const struct larder_plan *plan, size_t index,
				    uint8_t digest[LRD_SIPHASH_SIZE])
{
	struct lrd_variants variants;
	size_t at = plan->has_answer ? 1 : 0;

	if (plan->asked->directory.len == 0 ||
	    lrd_variants_decode(plan->asked->directory, &variants) < 0)
		return NULL;
	for (size_t i = 0; i < variants.count; i++) {
		if (variants.at[i].etag.len == 0 || is_answer(plan, &variants.at[i]))
			continue;
		if (at++ == index)
			return memcpy(digest, variants.at[i].digest, LRD_SIPHASH_SIZE);
	}
	return NULL;
}
