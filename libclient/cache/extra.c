/* SPDX-License-Identifier: MIT */
/* extra.c - what few stored responses carry beside their head: parts, and stamps of groups. */
#include "cache/extra.h"

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"

enum { PART_BYTES = 16, STAMP_BYTES = 10 };

static int put_parts(const struct lrd_parts *parts, struct lrd_buf *out)
{
	char bytes[PART_BYTES];
	int rc = 0;

	for (size_t i = 0; i < parts->count && rc == 0; i++) {
		lrd_le_put64(bytes, parts->at[i].first);
		lrd_le_put64(bytes + 8, parts->at[i].last);
		rc = lrd_buf_append(out, bytes, sizeof(bytes));
	}
	return rc;
}

static int put_stamp(const struct lrd_stamp *stamp, struct lrd_buf *out)
{
	char bytes[STAMP_BYTES];
	int rc;

	if (stamp->name.len > LRD_GROUP_BYTES)
		return LARDER_ELIMIT;
	lrd_le_put64(bytes, stamp->number);
	bytes[8] = (char)stamp->kind;
	bytes[9] = (char)(unsigned char)stamp->name.len;
	rc = lrd_buf_append(out, bytes, sizeof(bytes));
	return rc < 0 ? rc : lrd_buf_append_slice(out, stamp->name);
}

int lrd_extra_encode(const struct lrd_extra *extra, struct lrd_buf *out)
{
	char fixed[LRD_EXTRA_FIXED] = { 0 };
	size_t before = out->len;
	int rc;

	if (extra->parts.count == 0 && extra->stamp_count == 0)
		return 0;
	lrd_le_put16(fixed, (uint16_t)extra->parts.count);
	lrd_le_put16(fixed + 2, (uint16_t)extra->stamp_count);
	lrd_le_put64(fixed + 8, extra->parts.count > 0 ? extra->parts.size : 0);
	rc = lrd_buf_append(out, fixed, sizeof(fixed));
	if (rc == 0)
		rc = put_parts(&extra->parts, out);
	for (size_t i = 0; i < extra->stamp_count && rc == 0; i++)
		rc = put_stamp(&extra->stamps[i], out);
	if (rc == 0 && out->len - before > LRD_EXTRA_MAX)
		rc = LARDER_ELIMIT;
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}

static int take_stamp(larder_slice *rest, struct lrd_stamp *stamp)
{
	size_t len;

	if (rest->len < STAMP_BYTES)
		return LARDER_ECORRUPT;
	stamp->number = lrd_le_get64(rest->ptr);
	stamp->kind = (enum lrd_stamp_kind)rest->ptr[8];
	len = (unsigned char)rest->ptr[9];
	*rest = lrd_slice_skip(*rest, STAMP_BYTES);
	if (len > rest->len ||
	    (stamp->kind != LRD_STAMP_GROUP && stamp->kind != LRD_STAMP_QUERY))
		return LARDER_ECORRUPT;
	stamp->name = lrd_slice_first(*rest, len);
	*rest = lrd_slice_skip(*rest, len);
	return 0;
}

int lrd_extra_decode(larder_slice bytes, struct lrd_extra *out)
{
	larder_slice rest;
	int rc = 0;

	out->parts.count = 0;
	out->parts.size = 0;
	out->stamp_count = 0;
	if (bytes.len == 0)
		return 0;
	if (bytes.len < LRD_EXTRA_FIXED)
		return LARDER_ECORRUPT;
	out->parts.count = lrd_le_get16(bytes.ptr);
	out->stamp_count = lrd_le_get16(bytes.ptr + 2);
	out->parts.size = lrd_le_get64(bytes.ptr + 8);
	rest = lrd_slice_skip(bytes, LRD_EXTRA_FIXED);
	if (out->parts.count > LRD_PARTS_MAX || out->stamp_count > LRD_STAMPS_MAX ||
	    rest.len < out->parts.count * PART_BYTES)
		return LARDER_ECORRUPT;
	for (size_t i = 0; i < out->parts.count; i++) {
		out->parts.at[i].first = lrd_le_get64(rest.ptr);
		out->parts.at[i].last = lrd_le_get64(rest.ptr + 8);
		rest = lrd_slice_skip(rest, PART_BYTES);
	}
	if (out->parts.count > 0 && !lrd_parts_valid(&out->parts))
		return LARDER_ECORRUPT;
	for (size_t i = 0; i < out->stamp_count && rc == 0; i++)
		rc = take_stamp(&rest, &out->stamps[i]);
	if (rc == 0 && rest.len != 0)
		rc = LARDER_ECORRUPT;
	return rc;
}
