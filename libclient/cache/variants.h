/* SPDX-License-Identifier: MIT */
/*
 * variants.h - the directory of a URL whose responses carry Vary: which are stored, and which
 * of them answers a request (RFC 9111 s4.1).
 *
 * The directory is the entry at the URL's own key; each response lives under a key made from
 * the URL and a digest of the selecting text (policy/vary.h): "http://h/p#0123...". A
 * normalised URL holds no '#', so the two never meet. Little-endian:
 *
 *	0  u8  form (1)	 1  u8  0  2  u16  count  4  u32  0  8  u64  fence
 *	16 count times:	 digest[16]  i64 date  u16 vary_len  u16 etag_len  u32 flags  vary  etag
 *
 * A digest is keyed, so nobody can make two texts meet on purpose; should two meet, the text
 * in the response's own record tells them apart.
 */
#ifndef LRD_CACHE_VARIANTS_H
#define LRD_CACHE_VARIANTS_H

#include <stdint.h>

#include "policy/vary.h"
#include "proto/bytes/buf.h"
#include "sys/siphash.h"

enum {
	LRD_VARIANTS_FORM = 1,
	LRD_VARIANTS_FIXED = 16,
	LRD_VARIANT_FIXED = 32,
	LRD_VARIANTS_MAX = 64, /* of one URL, whatever the options say */
	LRD_VARIANT_ETAG_MAX =
		512, /* a longer one is left out: it takes no part in conditions */
	LRD_VARIANT_SUFFIX = 33, /* '#' and 32 digits */
};

enum {
	LRD_VARIANT_LENT =
		1 << 0, /* its response has no Vary; it goes by that of another */
};

struct lrd_variant {
	uint8_t digest[LRD_SIPHASH_SIZE]; /* of the selecting text */
	int64_t date;
	uint32_t flags;
	larder_slice vary; /* canonical list */
	larder_slice etag; /* as received, empty: none */
};

struct lrd_variants {
	uint64_t fence;
	size_t count;
	struct lrd_variant at[LRD_VARIANTS_MAX];
};

/* Slices of *out point into `bytes`, which may be hostile. ECORRUPT, *out then undefined. */
LARDER_MUST_USE int lrd_variants_decode(larder_slice bytes, struct lrd_variants *out);

/* ELIMIT, ENOMEM; `out` is unchanged on failure. */
LARDER_MUST_USE int lrd_variants_encode(const struct lrd_variants *variants,
					struct lrd_buf *out);

/* The digest of a selecting text. */
void lrd_variant_digest(larder_slice text, const uint8_t secret[16],
			uint8_t out[LRD_SIPHASH_SIZE]);

/*
 * Index of the most recent variant that answers the request, or -1. `text` receives the
 * selecting text of that variant's list, for comparison with its record.
 */
ptrdiff_t lrd_variants_find(const struct lrd_variants *variants,
			    struct lrd_field_view request, const uint8_t secret[16],
			    struct lrd_buf *text);

/* The list of the most recent variant that has a Vary of its own; empty when none has. */
larder_slice lrd_variants_newest_vary(const struct lrd_variants *variants);

/*
 * Puts a variant in, in the place of one with the same digest. Where that makes more than
 * `max`, the one with the oldest date goes: then 1 is returned and *dropped is its digest.
 */
int lrd_variants_insert(struct lrd_variants *variants, const struct lrd_variant *variant,
			size_t max, uint8_t dropped[LRD_SIPHASH_SIZE]);

/* Appends the key's name of a variant. ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_variant_name(larder_slice url,
				     const uint8_t digest[LRD_SIPHASH_SIZE],
				     struct lrd_buf *out);

#endif
