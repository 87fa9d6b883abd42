/* SPDX-License-Identifier: MIT */
/*
 * range.h - byte ranges (RFC 9110 s14): Range and Content-Range.
 */
#ifndef LRD_HTTP_RANGE_H
#define LRD_HTTP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes/buf.h"

/* Bytes first to last, both included, as numbered in the whole representation. */
struct lrd_range {
	uint64_t first;
	uint64_t last;
};

enum lrd_range_result {
	LRD_RANGE_IGNORED = 0, /* another unit, malformed, or too many: serve the whole */
	LRD_RANGE_SATISFIABLE = 1,   /* *count ranges in out[] */
	LRD_RANGE_UNSATISFIABLE = 2, /* well-formed, and none fits: 416 */
};

/*
 * Reads the value of Range against a representation of `size` bytes. Ranges that fit are cut
 * to the size and given in order; those that do not fit are left out. More than `cap` ranges,
 * fitting or not, are ignored as a whole. *count is 0 unless satisfiable.
 */
enum lrd_range_result lrd_range_parse(larder_slice value, uint64_t size,
				      struct lrd_range *out, size_t cap, size_t *count);

#define LRD_RANGE_SIZE_UNKNOWN UINT64_MAX

struct lrd_content_range {
	bool unsatisfied;       /* a 416 answer: the size alone is given */
	struct lrd_range range; /* unless unsatisfied */
	uint64_t size;          /* of the whole, LRD_RANGE_SIZE_UNKNOWN for '*' */
};

/*
 * Three forms: a range of a known size, of an unknown size, a size alone. EPROTO, *out
 * untouched.
 */
LARDER_MUST_USE int lrd_content_range_parse(larder_slice value,
					    struct lrd_content_range *out);

/* Appends the value of Content-Range. EINVAL for what cannot be said; ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_content_range_format(const struct lrd_content_range *range,
					     struct lrd_buf *out);

#endif
