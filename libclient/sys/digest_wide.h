/* SPDX-License-Identifier: MIT */
/* digest_wide.h - the copy of XXH3 that is compiled for AVX2. */
#ifndef LRD_SYS_DIGEST_WIDE_H
#define LRD_SYS_DIGEST_WIDE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define LRD_DIGEST_WIDE 1
/* Only where the processor has AVX2. */
uint64_t lrd_digest_wide(const void *bytes, size_t len, uint64_t seed);
#endif

#endif
