/* SPDX-License-Identifier: MIT */
/* variants.c - the directory of a URL whose responses carry Vary (RFC 9111 s4.1). */
#include "cache/variants.h"

#include "proto/bytes/hex.h"
#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"

/* Cuts one variant off *rest. */
static int decode_one(larder_slice *rest, struct lrd_variant *out)
{
	const char *at = rest->ptr;
	size_t vary, etag;

	if (rest->len < LRD_VARIANT_FIXED)
		return LARDER_ECORRUPT;
	memcpy(out->digest, at, sizeof(out->digest));
	out->date = (int64_t)lrd_le_get64(at + 16);
	vary = lrd_le_get16(at + 24);
	etag = lrd_le_get16(at + 26);
	out->flags = lrd_le_get32(at + 28);
	*rest = lrd_slice_skip(*rest, LRD_VARIANT_FIXED);
	if (vary == 0 || vary > LRD_VARY_LIST_BYTES || etag > LRD_VARIANT_ETAG_MAX ||
	    vary + etag > rest->len)
		return LARDER_ECORRUPT;
	out->vary = lrd_slice_first(*rest, vary);
	*rest = lrd_slice_skip(*rest, vary);
	out->etag = lrd_slice_first(*rest, etag);
	*rest = lrd_slice_skip(*rest, etag);
	return 0;
}

int lrd_variants_decode(larder_slice bytes, struct lrd_variants *out)
{
	larder_slice rest;
	int rc = 0;

	if (bytes.len < LRD_VARIANTS_FIXED || bytes.ptr[0] != LRD_VARIANTS_FORM)
		return LARDER_ECORRUPT;
	out->count = lrd_le_get16(bytes.ptr + 2);
	out->fence = lrd_le_get64(bytes.ptr + 8);
	if (out->count > LRD_VARIANTS_MAX)
		return LARDER_ECORRUPT;
	rest = lrd_slice_skip(bytes, LRD_VARIANTS_FIXED);
	for (size_t i = 0; i < out->count && rc == 0; i++)
		rc = decode_one(&rest, &out->at[i]);
	if (rc == 0 && rest.len != 0)
		rc = LARDER_ECORRUPT;
	return rc;
}

static int encode_one(const struct lrd_variant *variant, struct lrd_buf *out)
{
	char fixed[LRD_VARIANT_FIXED];
	int rc;

	memcpy(fixed, variant->digest, sizeof(variant->digest));
	lrd_le_put64(fixed + 16, (uint64_t)variant->date);
	lrd_le_put16(fixed + 24, (uint16_t)variant->vary.len);
	lrd_le_put16(fixed + 26, (uint16_t)variant->etag.len);
	lrd_le_put32(fixed + 28, variant->flags);
	rc = lrd_buf_append(out, fixed, sizeof(fixed));
	if (rc == 0)
		rc = lrd_buf_append_slice(out, variant->vary);
	if (rc == 0)
		rc = lrd_buf_append_slice(out, variant->etag);
	return rc;
}

int lrd_variants_encode(const struct lrd_variants *variants, struct lrd_buf *out)
{
	char fixed[LRD_VARIANTS_FIXED] = { LRD_VARIANTS_FORM };
	size_t before = out->len;
	int rc;

	lrd_le_put16(fixed + 2, (uint16_t)variants->count);
	lrd_le_put64(fixed + 8, variants->fence);
	rc = lrd_buf_append(out, fixed, sizeof(fixed));
	for (size_t i = 0; i < variants->count && rc == 0; i++)
		rc = encode_one(&variants->at[i], out);
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}

void lrd_variant_digest(larder_slice text, const uint8_t secret[16],
			uint8_t out[LRD_SIPHASH_SIZE])
{
	struct lrd_siphash hash;

	lrd_siphash_init(&hash, secret);
	lrd_siphash_add(&hash, text.ptr, text.len);
	lrd_siphash_end(&hash, out);
}

ptrdiff_t lrd_variants_find(const struct lrd_variants *variants,
			    struct lrd_field_view request, const uint8_t secret[16],
			    struct lrd_buf *text)
{
	uint8_t digest[LRD_SIPHASH_SIZE];
	larder_slice list = { NULL, 0 };
	ptrdiff_t best = -1;
	bool usable = false;

	for (size_t i = 0; i < variants->count; i++) {
		const struct lrd_variant *variant = &variants->at[i];

		/* Nearly always all of them vary on the same fields. */
		if (!list.ptr || !lrd_slice_equal(list, variant->vary)) {
			list = variant->vary;
			lrd_buf_clear(text);
			usable = lrd_vary_text(list, request, secret, text) == 0;
			if (usable)
				lrd_variant_digest(lrd_buf_slice(text), secret, digest);
		}
		if (!usable || memcmp(digest, variant->digest, sizeof(digest)) != 0)
			continue;
		if (best < 0 || variant->date > variants->at[best].date)
			best = (ptrdiff_t)i;
	}
	lrd_buf_clear(text);
	if (best >= 0 && lrd_vary_text(variants->at[best].vary, request, secret, text) < 0)
		return -1;
	return best;
}

larder_slice lrd_variants_newest_vary(const struct lrd_variants *variants)
{
	const struct lrd_variant *newest = NULL;

	for (size_t i = 0; i < variants->count; i++) {
		if (variants->at[i].flags & LRD_VARIANT_LENT)
			continue;
		if (!newest || variants->at[i].date > newest->date)
			newest = &variants->at[i];
	}
	return newest ? newest->vary : (larder_slice){ NULL, 0 };
}

static size_t oldest(const struct lrd_variants *variants)
{
	size_t at = 0;

	for (size_t i = 1; i < variants->count; i++)
		if (variants->at[i].date < variants->at[at].date)
			at = i;
	return at;
}

int lrd_variants_insert(struct lrd_variants *variants, const struct lrd_variant *variant,
			size_t max, uint8_t dropped[LRD_SIPHASH_SIZE])
{
	size_t at = 0;

	if (max == 0 || max > LRD_VARIANTS_MAX)
		max = LRD_VARIANTS_MAX;
	while (at < variants->count && memcmp(variants->at[at].digest, variant->digest,
					      sizeof(variant->digest)) != 0)
		at++;
	if (at < variants->count) {
		variants->at[at] = *variant;
		return 0;
	}
	if (variants->count < max) {
		variants->at[variants->count++] = *variant;
		return 0;
	}
	at = oldest(variants);
	memcpy(dropped, variants->at[at].digest, sizeof(variant->digest));
	variants->at[at] = *variant;
	return 1;
}

int lrd_variant_name(larder_slice url, const uint8_t digest[LRD_SIPHASH_SIZE],
		     struct lrd_buf *out)
{
	size_t before = out->len;
	int rc = lrd_buf_append_slice(out, url);

	if (rc == 0)
		rc = lrd_buf_append_char(out, '#');
	if (rc == 0)
		rc = lrd_hex_append(out,
				    lrd_slice_of((const char *)digest, LRD_SIPHASH_SIZE));
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}
