/* SPDX-License-Identifier: MIT */
/* num.c - decimal numbers, read strictly. */
#include "proto/bytes/num.h"

#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

int lrd_u64_parse(larder_slice text, uint64_t *out)
{
	uint64_t number = 0;
	size_t i;

	/* All of it first: "99999999999999999999x" is no number, not one that is too large. */
	if (!lrd_scan_all(text, LRD_DIGIT))
		return LARDER_EPROTO;
	for (i = 0; i < text.len; i++) {
		uint64_t digit = (uint64_t)(text.ptr[i] - '0');

		if (!lrd_u64_mul(number, 10, &number) ||
		    !lrd_u64_add(number, digit, &number))
			return LARDER_ELIMIT;
	}
	*out = number;
	return 0;
}

int lrd_u64_parse_sat(larder_slice text, uint64_t *out)
{
	int rc = lrd_u64_parse(text, out);

	if (rc != LARDER_ELIMIT)
		return rc;
	*out = UINT64_MAX;
	return 0;
}

int lrd_i64_parse(larder_slice text, int64_t *out)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	uint64_t number;
	int rc;

	rc = lrd_u64_parse(lrd_slice_skip(text, negative), &number);
	if (rc < 0)
		return rc;
	if (number > (uint64_t)INT64_MAX + negative)
		return LARDER_ELIMIT;
	if (!negative)
		*out = (int64_t)number;
	else
		*out = number == 0 ? 0 : -(int64_t)(number - 1) - 1;
	return 0;
}

size_t lrd_u64_format(uint64_t number, char out[LRD_NUM_SIZE])
{
	char reversed[LRD_NUM_SIZE];
	size_t len = 0;
	size_t i;

	do {
		reversed[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (i = 0; i < len; i++)
		out[i] = reversed[len - 1 - i];
	out[len] = '\0';
	return len;
}

size_t lrd_i64_format(int64_t number, char out[LRD_NUM_SIZE])
{
	char digits[LRD_NUM_SIZE];
	size_t len;

	if (number >= 0)
		return lrd_u64_format((uint64_t)number, out);
	/* 0 - x in unsigned arithmetic: INT64_MIN has no positive twin. Nineteen digits at most. */
	len = lrd_u64_format(0 - (uint64_t)number, digits);
	out[0] = '-';
	memcpy(out + 1, digits, len + 1);
	return len + 1;
}
