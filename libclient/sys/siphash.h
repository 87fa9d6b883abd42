/* SPDX-License-Identifier: MIT */
/*
 * siphash.h - SipHash-2-4 with 128 bits of result: a keyed hash that nobody without the key
 * can predict or make collide.
 *
 * For names that stand in for secrets or for what a peer chooses. digest.h is faster and finds
 * damage, but gives no such promise.
 */
#ifndef LRD_SYS_SIPHASH_H
#define LRD_SYS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { LRD_SIPHASH_KEY = 16, LRD_SIPHASH_SIZE = 16 };

struct lrd_siphash {
	uint64_t v0, v1, v2, v3;
	uint64_t total;   /* bytes fed */
	uint64_t pending; /* those of the last, incomplete word */
};

void lrd_siphash_init(struct lrd_siphash *hash, const uint8_t key[LRD_SIPHASH_KEY]);
void lrd_siphash_add(struct lrd_siphash *hash, const void *bytes, size_t len);
void lrd_siphash_end(struct lrd_siphash *hash, uint8_t out[LRD_SIPHASH_SIZE]);

#endif
