/* SPDX-License-Identifier: MIT */
/* digest_wide.c - XXH3 compiled for AVX2 (this unit alone has -mavx2). */
#include "sys/digest_wide.h"

#ifdef LRD_DIGEST_WIDE
#define XXH_INLINE_ALL
#include <xxhash.h>

#if XXH_VECTOR != XXH_AVX2
#error "this unit is compiled with -mavx2"
#endif

uint64_t lrd_digest_wide(const void *bytes, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}
#else
typedef int lrd_no_digest_wide;
#endif
