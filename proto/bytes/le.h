/* SPDX-License-Identifier: MIT */
/*
 * le.h - little-endian numbers at any address.
 *
 * Bytes of a file or a map are never read by casting a struct: they may lie at odd
 * addresses. Compilers turn each of these into one load or store.
 */
#ifndef LRD_BYTES_LE_H
#define LRD_BYTES_LE_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LRD_LE16(x) __builtin_bswap16(x)
#define LRD_LE32(x) __builtin_bswap32(x)
#define LRD_LE64(x) __builtin_bswap64(x)
#else
#define LRD_LE16(x) (x)
#define LRD_LE32(x) (x)
#define LRD_LE64(x) (x)
#endif

static inline uint16_t lrd_le_get16(const void *from)
{
	uint16_t x;

	memcpy(&x, from, sizeof(x));
	return LRD_LE16(x);
}

static inline uint32_t lrd_le_get32(const void *from)
{
	uint32_t x;

	memcpy(&x, from, sizeof(x));
	return LRD_LE32(x);
}

static inline uint64_t lrd_le_get64(const void *from)
{
	uint64_t x;

	memcpy(&x, from, sizeof(x));
	return LRD_LE64(x);
}

static inline void lrd_le_put16(void *to, uint16_t value)
{
	uint16_t x = LRD_LE16(value);

	memcpy(to, &x, sizeof(x));
}

static inline void lrd_le_put32(void *to, uint32_t value)
{
	uint32_t x = LRD_LE32(value);

	memcpy(to, &x, sizeof(x));
}

static inline void lrd_le_put64(void *to, uint64_t value)
{
	uint64_t x = LRD_LE64(value);

	memcpy(to, &x, sizeof(x));
}

#endif
