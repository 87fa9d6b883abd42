/* SPDX-License-Identifier: MIT */
/* iri.c - from what people type and servers send to a URI (RFC 3987 s3.1). */
#include "proto/http/iri.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/bytes/utf8.h"

static bool is_beyond_ascii(char byte)
{
	return (unsigned char)byte >= 0x80;
}

static bool is_ascii(larder_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_beyond_ascii(text.ptr[i]))
			return false;
	}
	return true;
}

bool lrd_iri_is_uri(larder_slice text)
{
	return lrd_scan_span(text, LRD_VCHAR) == text.len;
}

static bool has_controls(larder_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return true;
	}
	return false;
}

/* The first of the bytes in `any`, or text.len. */
static size_t find_any(larder_slice text, const char *any)
{
	size_t i = 0;

	while (i < text.len && (text.ptr[i] == '\0' || !strchr(any, text.ptr[i])))
		i++;
	return i;
}

/* Appends `text`; bytes beyond ASCII, and those in `also`, become %XX. */
static int escape(larder_slice text, const char *also, struct lrd_buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len;) {
		size_t plain = i;
		int rc;

		while (plain < text.len && !is_beyond_ascii(text.ptr[plain]) &&
		       !strchr(also, text.ptr[plain]))
			plain++;
		rc = lrd_buf_append(out, text.ptr + i, plain - i);
		if (rc < 0)
			return rc;
		if (plain < text.len) {
			unsigned char byte = (unsigned char)text.ptr[plain++];
			const char escaped[] = { '%', hex[byte >> 4], hex[byte & 0xf] };

			rc = lrd_buf_append(out, escaped, sizeof(escaped));
		}
		if (rc < 0)
			return rc;
		i = plain;
	}
	return 0;
}

/* "user@host:port", behind the "//". */
static int authority(larder_slice text, lrd_iri_host *to_ascii, void *ctx,
		     struct lrd_buf *out)
{
	size_t host_at = 0;
	larder_slice host;
	larder_slice rest;
	int rc;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '@')
			host_at = i + 1;
	}
	rc = escape(lrd_slice_of(text.ptr, host_at), "", out);
	if (rc < 0)
		return rc;
	text = lrd_slice_skip(text, host_at);
	host = lrd_slice_of(text.ptr, find_any(text, ":[\\"));
	rest = lrd_slice_skip(text, host.len);
	/* Beyond ASCII there is a name, and nothing but a name. */
	if (!is_ascii(rest))
		return LARDER_EURL;
	if (is_ascii(host))
		return lrd_buf_append_slice(out, text);
	rc = to_ascii ? to_ascii(host, out, ctx) : LARDER_EURL;
	return rc < 0 ? rc : lrd_buf_append_slice(out, rest);
}

/* How many bytes the scheme and its ':' have; 0 without scheme. */
static size_t scheme_len(larder_slice text)
{
	size_t i = 0;

	if (text.len == 0 || !lrd_is(text.ptr[0], LRD_ALPHA))
		return 0;
	while (i < text.len &&
	       (lrd_is(text.ptr[i], LRD_ALPHA | LRD_DIGIT) || text.ptr[i] == '+' ||
		text.ptr[i] == '-' || text.ptr[i] == '.'))
		i++;
	return i < text.len && text.ptr[i] == ':' ? i + 1 : 0;
}

static int convert(larder_slice text, lrd_iri_host *to_ascii, void *ctx,
		   struct lrd_buf *out)
{
	size_t scheme = scheme_len(text);
	int rc = lrd_buf_append(out, text.ptr, scheme);

	if (rc < 0)
		return rc;
	text = lrd_slice_skip(text, scheme);
	if (lrd_slice_starts(text, LRD_SLICE("//"))) {
		larder_slice rest = lrd_slice_skip(text, 2);
		size_t len = find_any(rest, "/?#");

		rc = lrd_buf_append(out, "//", 2);
		if (rc == 0)
			rc = authority(lrd_slice_of(rest.ptr, len), to_ascii, ctx, out);
		if (rc < 0)
			return rc;
		text = lrd_slice_skip(rest, len);
	}
	return escape(text, " \"<>", out);
}

int lrd_iri_to_uri(larder_slice text, lrd_iri_host *to_ascii, void *ctx,
		   struct lrd_buf *out)
{
	size_t before = out->len;
	int rc;

	if (has_controls(text) || !lrd_utf8_valid(text))
		return LARDER_EURL;
	rc = convert(text, to_ascii, ctx, out);
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}
