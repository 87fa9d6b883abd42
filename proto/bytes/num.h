/* SPDX-License-Identifier: MIT */
/*
 * num.h - sums that cannot wrap and decimal numbers that cannot surprise.
 *
 * The add and mul helpers return true when the result fits; otherwise *sum is untouched.
 */
#ifndef LRD_BYTES_NUM_H
#define LRD_BYTES_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

static inline bool lrd_size_add(size_t a, size_t b, size_t *sum)
{
	size_t out;

	if (__builtin_add_overflow(a, b, &out))
		return false;
	*sum = out;
	return true;
}

static inline bool lrd_size_mul(size_t a, size_t b, size_t *product)
{
	size_t out;

	if (__builtin_mul_overflow(a, b, &out))
		return false;
	*product = out;
	return true;
}

static inline bool lrd_u64_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	uint64_t out;

	if (__builtin_add_overflow(a, b, &out))
		return false;
	*sum = out;
	return true;
}

static inline bool lrd_u64_mul(uint64_t a, uint64_t b, uint64_t *product)
{
	uint64_t out;

	if (__builtin_mul_overflow(a, b, &out))
		return false;
	*product = out;
	return true;
}

/* Saturating sums: for ages and lifetimes, where too large is merely large. */
static inline int64_t lrd_i64_add_sat(int64_t a, int64_t b)
{
	int64_t out;

	if (__builtin_add_overflow(a, b, &out))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return out;
}

static inline int64_t lrd_i64_sub_sat(int64_t a, int64_t b)
{
	int64_t out;

	if (__builtin_sub_overflow(a, b, &out))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return out;
}

/*
 * 1*DIGIT and nothing else: no sign, no blank, no 0x. EPROTO when `text` is anything else,
 * ELIMIT when the number does not fit; *out is untouched then.
 */
LARDER_MUST_USE int lrd_u64_parse(larder_slice text, uint64_t *out);

/* The same, a number that does not fit gives UINT64_MAX and 0. */
LARDER_MUST_USE int lrd_u64_parse_sat(larder_slice text, uint64_t *out);

/* The same with one leading '-' allowed. */
LARDER_MUST_USE int lrd_i64_parse(larder_slice text, int64_t *out);

/* Room for every uint64_t or int64_t in decimal, and a NUL. */
enum { LRD_NUM_SIZE = 21 };

/* Writes decimal digits and a NUL; returns the number of digits (and sign). */
size_t lrd_u64_format(uint64_t number, char out[LRD_NUM_SIZE]);
size_t lrd_i64_format(int64_t number, char out[LRD_NUM_SIZE]);

#endif
