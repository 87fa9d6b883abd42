/* SPDX-License-Identifier: MIT */
/* params.c - parameters, quoted strings and q-values (RFC 9110 s5.6.4, s5.6.6, s12.4.2). */
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

/* ---- quoted strings ---------------------------------------------------------------------- */

/* DQUOTE *( qdtext / quoted-pair ) DQUOTE */
size_t lrd_quoted_span(larder_slice text)
{
	size_t i;

	if (text.len == 0 || text.ptr[0] != '"')
		return 0;
	for (i = 1; i < text.len; i++) {
		if (text.ptr[i] == '"')
			return i + 1;
		if (text.ptr[i] == '\\')
			i++;
		if (i == text.len || !lrd_is(text.ptr[i], LRD_FIELD))
			return 0;
	}
	return 0;
}

int lrd_quoted_parse(larder_slice text, larder_slice *inside)
{
	size_t span = lrd_quoted_span(text);

	if (span == 0 || span != text.len)
		return LARDER_EPROTO;
	*inside = lrd_slice_of(text.ptr + 1, span - 2);
	return 0;
}

int lrd_quoted_unescape(larder_slice inside, struct lrd_buf *out)
{
	size_t i;
	int rc;

	rc = lrd_buf_reserve(out, inside.len);
	if (rc < 0)
		return rc;
	if (inside.len > 0 && inside.ptr[inside.len - 1] == '\\') {
		/* The last one stands alone when an odd number of them ends the string. */
		for (i = inside.len; i > 0 && inside.ptr[i - 1] == '\\';)
			i--;
		if ((inside.len - i) % 2 == 1)
			return LARDER_EPROTO;
	}
	for (i = 0; i < inside.len; i++) {
		if (inside.ptr[i] == '\\')
			i++;
		out->ptr[out->len] = inside.ptr[i];
		lrd_buf_commit(out, 1);
	}
	return 0;
}

int lrd_quoted_append(larder_slice text, struct lrd_buf *out)
{
	size_t start = out->len;
	size_t i;
	int rc;

	if (lrd_scan_span(text, LRD_FIELD) != text.len)
		return LARDER_EINVAL;
	rc = lrd_buf_append_char(out, '"');
	for (i = 0; i < text.len && rc == 0; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			rc = lrd_buf_append_char(out, '\\');
		if (rc == 0)
			rc = lrd_buf_append_char(out, text.ptr[i]);
	}
	if (rc == 0)
		rc = lrd_buf_append_char(out, '"');
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}

/* ---- parameters -------------------------------------------------------------------------- */

larder_slice lrd_params_head(larder_slice *rest)
{
	size_t end = lrd_slice_find(*rest, ';');
	larder_slice head = lrd_slice_trim(lrd_slice_first(*rest, end));

	*rest = lrd_slice_skip(*rest, end);
	return head;
}

static int bad(larder_slice *rest)
{
	*rest = lrd_slice_skip(*rest, rest->len);
	return LARDER_EPROTO;
}

static larder_slice skip_blanks(larder_slice text)
{
	return lrd_slice_skip(text, lrd_scan_span(text, LRD_OWS));
}

int lrd_params_next(larder_slice *rest, struct lrd_param *param)
{
	struct lrd_param out = { 0 };
	larder_slice at = skip_blanks(*rest);
	size_t span;

	while (at.len > 0 && at.ptr[0] == ';')
		at = skip_blanks(lrd_slice_skip(at, 1));
	if (at.len == 0) {
		*rest = at;
		return 0;
	}
	span = lrd_scan_span(at, LRD_TCHAR);
	if (span == 0)
		return bad(rest);
	out.name = lrd_slice_first(at, span);
	at = lrd_slice_skip(at, span);

	if (at.len > 0 && at.ptr[0] == '=') {
		at = lrd_slice_skip(at, 1);
		out.has_value = true;
		span = lrd_quoted_span(at);
		out.quoted = span > 0;
		if (out.quoted) {
			out.value = lrd_slice_of(at.ptr + 1, span - 2);
		} else {
			span = lrd_scan_span(at, LRD_TCHAR);
			if (span == 0)
				return bad(rest);
			out.value = lrd_slice_first(at, span);
		}
		at = lrd_slice_skip(at, span);
	}
	at = skip_blanks(at);
	if (at.len > 0 && at.ptr[0] != ';')
		return bad(rest);
	*rest = at;
	*param = out;
	return 1;
}

/* ---- q-values ---------------------------------------------------------------------------- */

int lrd_qvalue_parse(larder_slice text, uint16_t *thousandths)
{
	unsigned value;
	unsigned unit = 100;
	size_t i;

	if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1'))
		return LARDER_EPROTO;
	if (text.len > 1 && text.ptr[1] != '.')
		return LARDER_EPROTO;
	value = text.ptr[0] == '1' ? 1000 : 0;
	for (i = 2; i < text.len; i++) {
		if (!lrd_is(text.ptr[i], LRD_DIGIT))
			return LARDER_EPROTO;
		value += unit * (unsigned)(text.ptr[i] - '0');
		unit /= 10;
	}
	if (value > 1000)
		return LARDER_EPROTO;
	*thousandths = (uint16_t)value;
	return 0;
}

uint16_t lrd_member_qvalue(larder_slice member)
{
	struct lrd_param param;
	uint16_t q = 1000;
	int rc;

	(void)lrd_params_head(&member);
	for (;;) {
		rc = lrd_params_next(&member, &param);
		if (rc <= 0)
			return rc < 0 ? 0 : q;
		if (!lrd_slice_equal_nocase(param.name, LRD_SLICE("q")))
			continue;
		if (!param.has_value || lrd_qvalue_parse(param.value, &q) < 0)
			return 0;
	}
}
