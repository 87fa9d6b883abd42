/* SPDX-License-Identifier: MIT */
/* fields_stored.c - a list of fields as bytes that a store can keep, and back. */
#include <string.h>

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"
#include "proto/http/fields.h"

enum {
	COUNT_BYTES = 4,   /* u32 */
	LENGTHS_BYTES = 8, /* two u32 in front of each field */
	NUL_BYTES = 2,     /* behind name and value */
};

static int encode_field(const larder_field *field, struct lrd_buf *out)
{
	size_t name = field->name.len;
	size_t value = field->value.len;
	char *to;
	int rc;

	if (name > UINT32_MAX || value > UINT32_MAX)
		return LARDER_ELIMIT;
	rc = lrd_buf_reserve(out, LENGTHS_BYTES + name + value + NUL_BYTES);
	if (rc < 0)
		return rc;
	to = out->ptr + out->len;
	lrd_le_put32(to, (uint32_t)name);
	lrd_le_put32(to + 4, (uint32_t)value);
	to += LENGTHS_BYTES;
	if (name > 0)
		memcpy(to, field->name.ptr, name);
	to[name] = '\0';
	to += name + 1;
	if (value > 0)
		memcpy(to, field->value.ptr, value);
	to[value] = '\0';
	lrd_buf_commit(out, LENGTHS_BYTES + name + value + NUL_BYTES);
	return 0;
}

int lrd_fields_encode(struct lrd_field_view view, struct lrd_buf *out)
{
	size_t start = out->len;
	char count[COUNT_BYTES];
	size_t i;
	int rc;

	if (view.count > UINT32_MAX)
		return LARDER_ELIMIT;
	lrd_le_put32(count, (uint32_t)view.count);
	rc = lrd_buf_append(out, count, sizeof(count));
	for (i = 0; i < view.count && rc == 0; i++)
		rc = encode_field(&view.at[i], out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}

ptrdiff_t lrd_fields_decode_count(larder_slice bytes)
{
	uint32_t count;

	if (bytes.len < COUNT_BYTES)
		return LARDER_ECORRUPT;
	count = lrd_le_get32(bytes.ptr);
	/* A claim that the bytes cannot hold would only make the caller allocate for it. */
	if (count > (bytes.len - COUNT_BYTES) / (LENGTHS_BYTES + NUL_BYTES))
		return LARDER_ECORRUPT;
	return (ptrdiff_t)count;
}

int lrd_fields_decode(larder_slice bytes, larder_field *out, size_t cap, size_t *count)
{
	ptrdiff_t claimed = lrd_fields_decode_count(bytes);
	const char *at;
	size_t left;
	size_t i;

	if (claimed < 0)
		return (int)claimed;
	if ((size_t)claimed > cap)
		return LARDER_ELIMIT;
	at = bytes.ptr + COUNT_BYTES;
	left = bytes.len - COUNT_BYTES;

	for (i = 0; i < (size_t)claimed; i++) {
		uint64_t need = LENGTHS_BYTES + NUL_BYTES;
		size_t name;
		size_t value;

		if (left < need)
			return LARDER_ECORRUPT;
		name = lrd_le_get32(at);
		value = lrd_le_get32(at + 4);
		need += (uint64_t)name + value;
		if (left < need)
			return LARDER_ECORRUPT;
		at += LENGTHS_BYTES;
		if (at[name] != '\0' || at[name + 1 + value] != '\0')
			return LARDER_ECORRUPT;
		out[i].name = lrd_slice_of(at, name);
		out[i].value = lrd_slice_of(at + name + 1, value);
		at += name + value + NUL_BYTES;
		left -= (size_t)need;
	}
	if (left != 0)
		return LARDER_ECORRUPT;
	*count = (size_t)claimed;
	return 0;
}
