/* SPDX-License-Identifier: MIT */
/* hash.h - the hashes of authentication schemes, over pieces that are never put together. */
#ifndef LRD_AUTH_HASH_H
#define LRD_AUTH_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include <larder/types.h>

enum lrd_hash_kind {
	LRD_HASH_NONE = 0,
	LRD_HASH_MD5,
	LRD_HASH_SHA1,
	LRD_HASH_SHA256,
	LRD_HASH_SHA512_256, /* SHA-512/256, not SHA-512 cut short */
};

enum { LRD_HASH_MAX = 32, LRD_HASH_HEX_SIZE = 2 * LRD_HASH_MAX + 1 };

/* Bytes of a hash, 0 for LRD_HASH_NONE. */
size_t lrd_hash_size(enum lrd_hash_kind kind);

/*
 * Hashes `count` pieces with `separator` between them (NUL: nothing between). EINVAL when the
 * crypto library refuses the algorithm, as in FIPS mode; ENOMEM. *out untouched on failure.
 */
LARDER_MUST_USE int lrd_hash_raw(enum lrd_hash_kind kind, char separator,
				 const larder_slice *pieces, size_t count,
				 unsigned char out[LRD_HASH_MAX]);

/* The same as lower-case digits and a NUL. */
LARDER_MUST_USE int lrd_hash_hex(enum lrd_hash_kind kind, char separator,
				 const larder_slice *pieces, size_t count,
				 char out[LRD_HASH_HEX_SIZE]);

/* HMAC (RFC 2104) of the pieces, otherwise the same. */
LARDER_MUST_USE int lrd_hmac_hex(enum lrd_hash_kind kind, larder_slice key,
				 char separator, const larder_slice *pieces, size_t count,
				 char out[LRD_HASH_HEX_SIZE]);

/* Equality whose time tells nothing about the content. */
bool lrd_secret_equal(larder_slice a, larder_slice b);

/* Overwrites secrets; the compiler may not leave it out. NULL is welcome. */
void lrd_secret_wipe(void *bytes, size_t len);

#endif
