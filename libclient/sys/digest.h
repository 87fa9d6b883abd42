/* SPDX-License-Identifier: MIT */
/*
 * digest.h - 64-bit XXH3: the store's key hash and its checksums.
 *
 * Not for secrets: it finds damage and spreads keys. The result is the same on every machine
 * and with every instruction set.
 */
#ifndef LRD_SYS_DIGEST_H
#define LRD_SYS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* XXH3-64 with a seed. `bytes` may be NULL when `len` is 0. */
uint64_t lrd_digest(const void *bytes, size_t len, uint64_t seed);

/*
 * Copies `len` bytes and returns lrd_digest() of what arrived in `dst`: what another process
 * does to `src` meanwhile cannot come between the check and the use.
 */
uint64_t lrd_digest_copy(void *dst, const void *src, size_t len, uint64_t seed);

/*
 * A digest fed piece by piece; equals lrd_digest() of the whole. No heap; stays where it was
 * initialised (its state is aligned inside).
 */
struct lrd_digest_stream {
	unsigned char opaque[640];
};
void lrd_digest_stream_init(struct lrd_digest_stream *stream, uint64_t seed);
void lrd_digest_stream_add(struct lrd_digest_stream *stream, const void *bytes,
			   size_t len);
uint64_t lrd_digest_stream_end(const struct lrd_digest_stream *stream);

#endif
