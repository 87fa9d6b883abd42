/* SPDX-License-Identifier: MIT */
/* siphash.c - SipHash-2-4 with 128 bits of result (Aumasson, Bernstein 2012). */
#include "sys/siphash.h"

#include "proto/bytes/le.h"

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void rounds(struct lrd_siphash *h, unsigned count)
{
	uint64_t v0 = h->v0, v1 = h->v1, v2 = h->v2, v3 = h->v3;

	while (count--) {
		v0 += v1;
		v1 = rotate(v1, 13) ^ v0;
		v0 = rotate(v0, 32);
		v2 += v3;
		v3 = rotate(v3, 16) ^ v2;
		v0 += v3;
		v3 = rotate(v3, 21) ^ v0;
		v2 += v1;
		v1 = rotate(v1, 17) ^ v2;
		v2 = rotate(v2, 32);
	}
	h->v0 = v0;
	h->v1 = v1;
	h->v2 = v2;
	h->v3 = v3;
}

static inline void word(struct lrd_siphash *h, uint64_t m)
{
	h->v3 ^= m;
	rounds(h, 2);
	h->v0 ^= m;
}

void lrd_siphash_init(struct lrd_siphash *h, const uint8_t key[LRD_SIPHASH_KEY])
{
	uint64_t k0 = lrd_le_get64(key);
	uint64_t k1 = lrd_le_get64(key + 8);

	h->v0 = k0 ^ UINT64_C(0x736f6d6570736575);
	h->v1 = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee; /* 0xee: the 128-bit form */
	h->v2 = k0 ^ UINT64_C(0x6c7967656e657261);
	h->v3 = k1 ^ UINT64_C(0x7465646279746573);
	h->total = 0;
	h->pending = 0;
}

void lrd_siphash_add(struct lrd_siphash *h, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	unsigned have = (unsigned)(h->total & 7);

	h->total += len;
	while (len > 0 && have > 0) {
		h->pending |= (uint64_t)*at++ << 8 * have;
		len--;
		have = (have + 1) & 7;
		if (have == 0) {
			word(h, h->pending);
			h->pending = 0;
		}
	}
	for (; len >= 8; at += 8, len -= 8)
		word(h, lrd_le_get64(at));
	for (; len > 0; len--, have++)
		h->pending |= (uint64_t)*at++ << 8 * have;
}

void lrd_siphash_end(struct lrd_siphash *h, uint8_t out[LRD_SIPHASH_SIZE])
{
	word(h, h->pending | h->total << 56);
	h->v2 ^= 0xee;
	rounds(h, 4);
	lrd_le_put64(out, h->v0 ^ h->v1 ^ h->v2 ^ h->v3);
	h->v1 ^= 0xdd;
	rounds(h, 4);
	lrd_le_put64(out + 8, h->v0 ^ h->v1 ^ h->v2 ^ h->v3);
}
