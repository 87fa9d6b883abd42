/* SPDX-License-Identifier: MIT */
/* challenges.c - challenges of authentication and their parameters (RFC 9110 s11.2, s11.6.1). */
#include "proto/http/challenges.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

void lrd_challenges_init(struct lrd_challenges *challenges, struct lrd_field_view view,
			 larder_slice name)
{
	*challenges = (struct lrd_challenges){ .view = view, .name = name };
}

void lrd_challenges_init_value(struct lrd_challenges *challenges, larder_slice value)
{
	*challenges = (struct lrd_challenges){ .rest = value };
}

static larder_slice skip_blanks(larder_slice text)
{
	return lrd_slice_skip(text, lrd_scan_span(text, LRD_OWS));
}

/* Behind blanks, commas and empty list members. */
static larder_slice skip_commas(larder_slice text)
{
	text = skip_blanks(text);
	while (text.len > 0 && text.ptr[0] == ',')
		text = skip_blanks(lrd_slice_skip(text, 1));
	return text;
}

static bool at_border(larder_slice text)
{
	return text.len == 0 || text.ptr[0] == ',';
}

/*
 * token BWS "=" BWS ( token / quoted-string ), then blanks, then a comma or the end. 1 with
 * *at behind it and its blanks; 0 when a token is not followed by '='; EPROTO.
 */
static int read_param(larder_slice *at, struct lrd_auth_param *param)
{
	struct lrd_auth_param out = { 0 };
	larder_slice rest = *at;
	size_t span = lrd_scan_span(rest, LRD_TCHAR);

	if (span == 0)
		return LARDER_EPROTO;
	out.name = lrd_slice_first(rest, span);
	rest = skip_blanks(lrd_slice_skip(rest, span));
	if (rest.len == 0 || rest.ptr[0] != '=')
		return 0;
	rest = skip_blanks(lrd_slice_skip(rest, 1));

	span = lrd_quoted_span(rest);
	out.quoted = span > 0;
	if (!out.quoted)
		span = lrd_scan_span(rest, LRD_TCHAR);
	if (span == 0)
		return LARDER_EPROTO;
	out.value = out.quoted ? lrd_slice_of(rest.ptr + 1, span - 2)
			       : lrd_slice_first(rest, span);
	rest = skip_blanks(lrd_slice_skip(rest, span));
	if (!at_border(rest))
		return LARDER_EPROTO;
	*at = rest;
	*param = out;
	return 1;
}

/* 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" as a whole list member. */
static larder_slice token68_of(larder_slice text)
{
	size_t len = 0;

	while (len < text.len && (lrd_is(text.ptr[len], LRD_UNRESERVED) ||
				  text.ptr[len] == '+' || text.ptr[len] == '/'))
		len++;
	if (len == 0)
		return lrd_slice_of(NULL, 0);
	while (len < text.len && text.ptr[len] == '=')
		len++;
	if (!at_border(skip_blanks(lrd_slice_skip(text, len))))
		return lrd_slice_of(NULL, 0);
	return lrd_slice_first(text, len);
}

/* The parameters that `*at` starts with; *at ends where another challenge begins. */
static int read_params(larder_slice *at, larder_slice *params)
{
	struct lrd_auth_param param;
	larder_slice next = *at;
	const char *start = NULL;
	const char *end = NULL;

	for (;;) {
		int rc;

		next = skip_commas(next);
		*at = next;
		if (next.len == 0)
			break;
		rc = read_param(&next, &param);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		if (!start)
			start = param.name.ptr;
		end = param.value.ptr + param.value.len + (param.quoted ? 1 : 0);
	}
	if (start)
		*params = lrd_slice_of(start, (size_t)(end - start));
	return 0;
}

static int read_challenge(larder_slice *at, struct lrd_challenge *challenge)
{
	struct lrd_challenge out = { 0 };
	larder_slice rest = *at;
	size_t span = lrd_scan_span(rest, LRD_TCHAR);
	int rc;

	if (span == 0)
		return LARDER_EPROTO;
	out.scheme = lrd_slice_first(rest, span);
	rest = lrd_slice_skip(rest, span);
	if (!at_border(rest) && !lrd_is(rest.ptr[0], LRD_OWS))
		return LARDER_EPROTO;
	rest = skip_blanks(rest);

	out.token68 = token68_of(rest);
	if (out.token68.len > 0) {
		rest = lrd_slice_skip(rest, out.token68.len);
	} else {
		bool bare = at_border(rest);

		rc = read_params(&rest, &out.params);
		if (rc < 0)
			return rc;
		/* "Basic foo bar": what follows a blank is none of what may follow it. */
		if (!bare && out.params.len == 0)
			return LARDER_EPROTO;
	}
	*at = rest;
	*challenge = out;
	return 1;
}

int lrd_challenges_next(struct lrd_challenges *challenges, struct lrd_challenge *challenge)
{
	for (;;) {
		int rc;

		challenges->rest = skip_commas(challenges->rest);
		if (challenges->rest.len == 0) {
			if (!lrd_view_next(challenges->view, challenges->name,
					   &challenges->pos, &challenges->rest))
				return 0;
			continue;
		}
		rc = read_challenge(&challenges->rest, challenge);
		if (rc < 0)
			challenges->rest = lrd_slice_of(NULL, 0);
		return rc;
	}
}

int lrd_auth_param_next(larder_slice *rest, struct lrd_auth_param *param)
{
	larder_slice at = skip_commas(*rest);
	int rc;

	if (at.len == 0) {
		*rest = at;
		return 0;
	}
	rc = read_param(&at, param);
	*rest = rc > 0 ? at : lrd_slice_skip(at, at.len);
	return rc > 0 ? 1 : LARDER_EPROTO;
}

int lrd_auth_param_text(const struct lrd_auth_param *param, struct lrd_buf *out)
{
	if (!param->quoted)
		return lrd_buf_append_slice(out, param->value);
	return lrd_quoted_unescape(param->value, out);
}
