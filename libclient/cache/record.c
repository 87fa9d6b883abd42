/* SPDX-License-Identifier: MIT */
/* record.c - the opaque head of a stored response: written, and read with suspicion. */
#include "cache/record.h"

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"

static void put_i64(char *to, int64_t value)
{
	lrd_le_put64(to, (uint64_t)value);
}

static int64_t get_i64(const char *from)
{
	return (int64_t)lrd_le_get64(from);
}

static void put_fixed(const struct lrd_response *response, char to[LRD_RESPONSE_FIXED])
{
	const struct lrd_freshness *fresh = &response->fresh;

	memset(to, 0, LRD_RESPONSE_FIXED);
	to[0] = response->extra.len > 0 ? LRD_RESPONSE_FORM_EXTRA : LRD_RESPONSE_FORM;
	lrd_le_put16(to + 2, response->status);
	lrd_le_put16(to + 4, response->version);
	lrd_le_put16(to + 6, fresh->why);
	lrd_le_put16(to + 8, fresh->shared_why);
	lrd_le_put16(to + 10, (uint16_t)response->extra.len);
	lrd_le_put32(to + 12, fresh->flags);
	lrd_le_put32(to + 16, (uint32_t)response->reason.len);
	lrd_le_put32(to + 20, (uint32_t)response->selecting.len);
	put_i64(to + 24, fresh->response_time);
	put_i64(to + 32, fresh->initial_age_s);
	put_i64(to + 40, fresh->lifetime_s);
	put_i64(to + 48, fresh->shared_lifetime_s);
	put_i64(to + 56, fresh->date);
	put_i64(to + 64, fresh->swr_s);
	put_i64(to + 72, fresh->sie_s);
	lrd_le_put64(to + 80, response->fence);
}

int lrd_response_encode(const struct lrd_response *response, struct lrd_field_view fields,
			struct lrd_buf *out)
{
	char fixed[LRD_RESPONSE_FIXED];
	size_t before = out->len;
	int rc;

	if (response->reason.len > UINT32_MAX || response->selecting.len > UINT32_MAX ||
	    response->extra.len > UINT16_MAX || fields.count > LRD_RESPONSE_FIELDS)
		return LARDER_ELIMIT;
	put_fixed(response, fixed);
	rc = lrd_buf_append(out, fixed, sizeof(fixed));
	if (rc == 0)
		rc = lrd_buf_append_slice(out, response->extra);
	if (rc == 0)
		rc = lrd_buf_append_slice(out, response->reason);
	if (rc == 0)
		rc = lrd_buf_append_char(out, '\0');
	if (rc == 0)
		rc = lrd_buf_append_slice(out, response->selecting);
	if (rc == 0)
		rc = lrd_buf_append_char(out, '\0');
	if (rc == 0)
		rc = lrd_fields_encode(fields, out);
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}

/* Cuts `len` bytes and the NUL behind them off *rest. */
static bool take_text(larder_slice *rest, uint32_t len, larder_slice *text)
{
	if (rest->len == 0 || len > rest->len - 1 || rest->ptr[len] != '\0')
		return false;
	*text = lrd_slice_first(*rest, len);
	*rest = lrd_slice_skip(*rest, (size_t)len + 1);
	return true;
}

int lrd_response_decode(larder_slice bytes, struct lrd_response *out)
{
	struct lrd_response response;
	struct lrd_freshness *fresh = &response.fresh;
	const char *at = bytes.ptr;
	larder_slice rest;

	if (bytes.len < LRD_RESPONSE_FIXED ||
	    (at[0] != LRD_RESPONSE_FORM && at[0] != LRD_RESPONSE_FORM_EXTRA))
		return LARDER_ECORRUPT;
	response.status = lrd_le_get16(at + 2);
	response.version = lrd_le_get16(at + 4);
	fresh->why = lrd_le_get16(at + 6);
	fresh->shared_why = lrd_le_get16(at + 8);
	fresh->flags = lrd_le_get32(at + 12);
	fresh->response_time = get_i64(at + 24);
	fresh->initial_age_s = get_i64(at + 32);
	fresh->lifetime_s = get_i64(at + 40);
	fresh->shared_lifetime_s = get_i64(at + 48);
	fresh->date = get_i64(at + 56);
	fresh->swr_s = get_i64(at + 64);
	fresh->sie_s = get_i64(at + 72);
	response.fence = lrd_le_get64(at + 80);
	if (response.status < 200 || response.status > 599 || fresh->initial_age_s < 0 ||
	    fresh->lifetime_s < 0 || fresh->shared_lifetime_s < 0)
		return LARDER_ECORRUPT;
	rest = lrd_slice_skip(bytes, LRD_RESPONSE_FIXED);
	response.extra = (larder_slice){ rest.ptr, 0 };
	if (at[0] == LRD_RESPONSE_FORM_EXTRA) {
		response.extra = lrd_slice_first(rest, lrd_le_get16(at + 10));
		if (response.extra.len != lrd_le_get16(at + 10))
			return LARDER_ECORRUPT;
		rest = lrd_slice_skip(rest, response.extra.len);
	}
	/* Without saying which parts or groups it would be taken for a whole one of none. */
	if (response.extra.len == 0 &&
	    (fresh->flags & (LRD_FRESH_PARTIAL | LRD_FRESH_STAMPED)))
		return LARDER_ECORRUPT;
	if (!take_text(&rest, lrd_le_get32(at + 16), &response.reason) ||
	    !take_text(&rest, lrd_le_get32(at + 20), &response.selecting))
		return LARDER_ECORRUPT;
	response.fields = rest;
	*out = response;
	return 0;
}
