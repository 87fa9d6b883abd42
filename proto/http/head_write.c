/* SPDX-License-Identifier: MIT */
/* head_write.c - the head of a message as bytes; nothing that could split it gets through. */
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/head.h"

static int append_field(const larder_field *field, struct lrd_buf *out)
{
	int rc;

	if (!lrd_field_name_valid(field->name) || !lrd_field_value_valid(field->value))
		return LARDER_EINVAL;
	rc = lrd_buf_append_slice(out, field->name);
	if (rc == 0)
		rc = lrd_buf_append_cstr(out, ": ");
	if (rc == 0)
		rc = lrd_buf_append_slice(out, field->value);
	return rc < 0 ? rc : lrd_buf_append_cstr(out, "\r\n");
}

int lrd_head_write_fields(struct lrd_field_view fields, struct lrd_buf *out)
{
	size_t start = out->len;
	size_t i;
	int rc = 0;

	for (i = 0; i < fields.count && rc == 0; i++)
		rc = append_field(&fields.at[i], out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}

static int append_end(struct lrd_field_view fields, struct lrd_buf *out)
{
	int rc;

	rc = lrd_buf_append_cstr(out, "\r\n");
	if (rc == 0)
		rc = lrd_head_write_fields(fields, out);
	return rc < 0 ? rc : lrd_buf_append_cstr(out, "\r\n");
}

int lrd_head_write_request(larder_slice method, larder_slice target,
			   struct lrd_field_view fields, struct lrd_buf *out)
{
	size_t start = out->len;
	int rc;

	if (!lrd_scan_all(method, LRD_TCHAR) || !lrd_scan_all(target, LRD_VCHAR))
		return LARDER_EINVAL;
	rc = lrd_buf_append_slice(out, method);
	if (rc == 0)
		rc = lrd_buf_append_char(out, ' ');
	if (rc == 0)
		rc = lrd_buf_append_slice(out, target);
	if (rc == 0)
		rc = lrd_buf_append_cstr(out, " HTTP/1.1");
	if (rc == 0)
		rc = append_end(fields, out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}

int lrd_head_write_response(int status, larder_slice reason, struct lrd_field_view fields,
			    struct lrd_buf *out)
{
	size_t start = out->len;
	int rc;

	if (status < 100 || status > 999 || !lrd_field_value_valid(reason))
		return LARDER_EINVAL;
	rc = lrd_buf_appendf(out, "HTTP/1.1 %d ", status);
	if (rc == 0)
		rc = lrd_buf_append_slice(out, reason);
	if (rc == 0)
		rc = append_end(fields, out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}
