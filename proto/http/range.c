/* SPDX-License-Identifier: MIT */
/* range.c - byte ranges (RFC 9110 s14). */
#include "proto/http/range.h"

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

/* What one range-spec comes to. */
enum fit {
	MALFORMED,
	FITS,
	DOES_NOT_FIT,
};

/* "-500": the last 500 bytes. */
static enum fit read_suffix(larder_slice digits, uint64_t size, struct lrd_range *out)
{
	uint64_t count;

	if (lrd_u64_parse_sat(digits, &count) < 0)
		return MALFORMED;
	if (count == 0 || size == 0)
		return DOES_NOT_FIT;
	out->first = count < size ? size - count : 0;
	out->last = size - 1;
	return FITS;
}

/* "0-499", "500-", "-500" */
static enum fit read_spec(larder_slice spec, uint64_t size, struct lrd_range *out)
{
	larder_slice before;
	larder_slice after;
	uint64_t last = UINT64_MAX;
	uint64_t first;

	if (!lrd_slice_cut(spec, '-', &before, &after))
		return MALFORMED;
	if (before.len == 0)
		return read_suffix(after, size, out);
	if (lrd_u64_parse_sat(before, &first) < 0)
		return MALFORMED;
	if (after.len > 0 && lrd_u64_parse_sat(after, &last) < 0)
		return MALFORMED;
	if (last < first)
		return MALFORMED;
	if (first >= size)
		return DOES_NOT_FIT;
	out->first = first;
	out->last = last < size ? last : size - 1;
	return FITS;
}

enum lrd_range_result lrd_range_parse(larder_slice value, uint64_t size,
				      struct lrd_range *out, size_t cap, size_t *count)
{
	larder_slice specs;
	larder_slice spec;
	larder_slice unit;
	size_t seen = 0;
	size_t fitting = 0;

	*count = 0;
	if (!lrd_slice_cut(lrd_slice_trim(value), '=', &unit, &specs) ||
	    !lrd_slice_equal_nocase(unit, LRD_SLICE("bytes")))
		return LRD_RANGE_IGNORED;
	while (lrd_slice_split(&specs, ',', &spec)) {
		struct lrd_range range;

		spec = lrd_slice_trim(spec);
		if (spec.len == 0)
			continue;
		if (++seen > cap)
			return LRD_RANGE_IGNORED;
		switch (read_spec(spec, size, &range)) {
		case MALFORMED:
			return LRD_RANGE_IGNORED;
		case FITS:
			out[fitting++] = range;
			break;
		case DOES_NOT_FIT:
			break;
		}
	}
	if (seen == 0)
		return LRD_RANGE_IGNORED;
	*count = fitting;
	return fitting > 0 ? LRD_RANGE_SATISFIABLE : LRD_RANGE_UNSATISFIABLE;
}

int lrd_content_range_parse(larder_slice value, struct lrd_content_range *out)
{
	struct lrd_content_range range = { .size = LRD_RANGE_SIZE_UNKNOWN };
	larder_slice first;
	larder_slice last;
	larder_slice span;
	larder_slice size;
	larder_slice unit;

	if (!lrd_slice_cut(lrd_slice_trim(value), ' ', &unit, &span) ||
	    !lrd_slice_equal_nocase(unit, LRD_SLICE("bytes")) ||
	    !lrd_slice_cut(span, '/', &span, &size))
		return LARDER_EPROTO;
	if (!lrd_slice_equal(size, LRD_SLICE("*")) &&
	    (lrd_u64_parse(size, &range.size) < 0 || range.size > INT64_MAX))
		return LARDER_EPROTO;

	range.unsatisfied = lrd_slice_equal(span, LRD_SLICE("*"));
	if (range.unsatisfied) {
		if (range.size == LRD_RANGE_SIZE_UNKNOWN)
			return LARDER_EPROTO;
		*out = range;
		return 0;
	}
	if (!lrd_slice_cut(span, '-', &first, &last) ||
	    lrd_u64_parse(first, &range.range.first) < 0 ||
	    lrd_u64_parse(last, &range.range.last) < 0)
		return LARDER_EPROTO;
	if (range.range.first > range.range.last || range.range.last >= range.size ||
	    range.range.last > INT64_MAX)
		return LARDER_EPROTO;
	*out = range;
	return 0;
}

int lrd_content_range_format(const struct lrd_content_range *range, struct lrd_buf *out)
{
	size_t start = out->len;
	bool known = range->size != LRD_RANGE_SIZE_UNKNOWN;
	int rc;

	if (range->unsatisfied ? !known
			       : range->range.first > range->range.last ||
					 range->range.last >= range->size)
		return LARDER_EINVAL;
	rc = lrd_buf_append_cstr(out, range->unsatisfied ? "bytes *" : "bytes ");
	if (rc == 0 && !range->unsatisfied)
		rc = lrd_buf_append_u64(out, range->range.first);
	if (rc == 0 && !range->unsatisfied)
		rc = lrd_buf_append_char(out, '-');
	if (rc == 0 && !range->unsatisfied)
		rc = lrd_buf_append_u64(out, range->range.last);
	if (rc == 0)
		rc = lrd_buf_append_char(out, '/');
	if (rc == 0 && known)
		rc = lrd_buf_append_u64(out, range->size);
	else if (rc == 0)
		rc = lrd_buf_append_char(out, '*');
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}
