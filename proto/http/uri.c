/* SPDX-License-Identifier: MIT */
/* uri.c - a URI or reference taken apart into slices of its text (RFC 3986 s3, s4). */
#include "proto/http/uri.h"

#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum { MAX_PORT = 65535 };

/* ---- hosts ------------------------------------------------------------------------------- */

/* dec-octet "." dec-octet "." dec-octet "." dec-octet, without leading zeros. */
static bool ip4_valid(larder_slice text)
{
	larder_slice octet;
	unsigned count = 0;

	while (lrd_slice_split(&text, '.', &octet)) {
		unsigned value = 0;
		size_t i;

		if (octet.len > 3 || !lrd_scan_all(octet, LRD_DIGIT))
			return false;
		if (octet.len > 1 && octet.ptr[0] == '0')
			return false;
		for (i = 0; i < octet.len; i++)
			value = value * 10 + (unsigned)(octet.ptr[i] - '0');
		if (value > 255)
			return false;
		count++;
	}
	return count == 4;
}

/* Eight groups of hexadecimal digits; "::" once for one or more; an IPv4 tail for the last two. */
static bool ip6_valid(larder_slice text)
{
	unsigned groups = 0;
	bool gap = false;
	size_t at = 0;

	if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
		gap = true;
		at = 2;
	}
	while (at < text.len) {
		larder_slice rest = lrd_slice_skip(text, at);
		size_t digits = lrd_scan_span(rest, LRD_HEX);

		if (digits < rest.len && rest.ptr[digits] == '.') {
			groups += 2;
			return ip4_valid(rest) && (gap ? groups <= 7 : groups == 8);
		}
		if (digits == 0 || digits > 4)
			return false;
		groups++;
		at += digits;
		if (at == text.len)
			break;
		if (text.ptr[at] != ':' || at + 1 == text.len)
			return false;
		at++;
		if (text.ptr[at] == ':') {
			if (gap)
				return false;
			gap = true;
			at++;
		}
	}
	return gap ? groups <= 7 : groups == 8;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool ip_future_valid(larder_slice text)
{
	larder_slice version;
	larder_slice rest;
	size_t i;

	if (text.len == 0 || lrd_lower(text.ptr[0]) != 'v')
		return false;
	if (!lrd_slice_cut(lrd_slice_skip(text, 1), '.', &version, &rest))
		return false;
	if (!lrd_scan_all(version, LRD_HEX) || rest.len == 0)
		return false;
	for (i = 0; i < rest.len; i++) {
		if (!lrd_is(rest.ptr[i], LRD_UNRESERVED | LRD_SUBDELIM) &&
		    rest.ptr[i] != ':')
			return false;
	}
	return true;
}

/* ---- bytes and escapes ------------------------------------------------------------------- */

/*
 * How many leading bytes are of `classes`, loose ones or good escapes. Sets LRD_URI_LOOSE,
 * and takes LRD_URI_NORMAL away at an escape, which may need rewriting.
 */
static size_t component(larder_slice text, unsigned classes, uint32_t *flags)
{
	size_t at = 0;

	for (;;) {
		at += lrd_scan_span(lrd_slice_skip(text, at), classes);
		if (at == text.len)
			return at;
		if (text.ptr[at] == '%') {
			if (text.len - at < 3 || !lrd_is(text.ptr[at + 1], LRD_HEX) ||
			    !lrd_is(text.ptr[at + 2], LRD_HEX))
				return at;
			*flags &= ~(uint32_t)LRD_URI_NORMAL;
			at += 3;
		} else if (lrd_is(text.ptr[at], LRD_LOOSE) &&
			   (classes & (LRD_PATH | LRD_QUERY))) {
			*flags |= LRD_URI_LOOSE;
			at++;
		} else {
			return at;
		}
	}
}

/* Is there a segment "." or ".."? */
static bool has_dot_segment(larder_slice path)
{
	size_t at = 0;

	for (;;) {
		larder_slice rest = lrd_slice_skip(path, at);
		size_t dot = lrd_slice_find(rest, '.');
		size_t end;

		if (dot == rest.len)
			return false;
		end = dot + 1;
		if (end < rest.len && rest.ptr[end] == '.')
			end++;
		if ((end == rest.len || rest.ptr[end] == '/') &&
		    (at + dot == 0 || path.ptr[at + dot - 1] == '/'))
			return true;
		at += end;
	}
}

/* ---- authority --------------------------------------------------------------------------- */

static int parse_port(larder_slice text, struct lrd_uri *uri)
{
	unsigned number = 0;
	size_t i;

	uri->port = text;
	uri->flags |= LRD_URI_HAS_PORT;
	for (i = 0; i < text.len; i++) {
		if (!lrd_is(text.ptr[i], LRD_DIGIT))
			return LARDER_EURL;
		number = number * 10 + (unsigned)(text.ptr[i] - '0');
		if (number > MAX_PORT)
			return LARDER_EURL;
	}
	if (text.len == 0 || text.ptr[0] == '0' || number == uri->port_number)
		uri->flags &= ~(uint32_t)LRD_URI_NORMAL;
	if (text.len > 0)
		uri->port_number = (uint16_t)number;
	return 0;
}

/* What stands between '[' and ']': an IPv6 address, perhaps with a zone, or "vN...". */
static int parse_literal(larder_slice text, struct lrd_uri *uri)
{
	size_t percent = lrd_slice_find(text, '%');

	uri->host = lrd_slice_first(text, percent);
	if (ip_future_valid(text)) {
		uri->flags |= LRD_URI_IP_FUTURE;
		return 0;
	}
	if (!ip6_valid(uri->host))
		return LARDER_EURL;
	uri->flags |= LRD_URI_IP6;
	if (percent == text.len)
		return 0;

	/* RFC 6874: the '%' before a zone is itself written as %25. */
	if (!lrd_slice_starts(lrd_slice_skip(text, percent), LRD_SLICE("%25")))
		return LARDER_EURL;
	uri->zone = lrd_slice_skip(text, percent + 3);
	if (uri->zone.len == 0 ||
	    component(uri->zone, LRD_UNRESERVED, &uri->flags) != uri->zone.len)
		return LARDER_EURL;
	uri->flags |= LRD_URI_HAS_ZONE;
	return 0;
}

static int parse_host_and_port(larder_slice text, struct lrd_uri *uri)
{
	size_t end;
	int rc;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = lrd_slice_find(text, ']');
		if (end == text.len)
			return LARDER_EURL;
		rc = parse_literal(lrd_slice_of(text.ptr + 1, end - 1), uri);
		if (rc < 0)
			return rc;
		end++;
	} else {
		/* No escapes: nobody agrees on when "%2e" or "%2f" in a host is decoded. */
		end = lrd_scan_span(text, LRD_UNRESERVED | LRD_SUBDELIM);
		uri->host = lrd_slice_first(text, end);
		if (end > 0 && lrd_is(text.ptr[end - 1], LRD_DIGIT) && ip4_valid(uri->host))
			uri->flags |= LRD_URI_IP4;
	}
	if (end == text.len)
		return 0;
	if (text.ptr[end] != ':')
		return LARDER_EURL;
	return parse_port(lrd_slice_skip(text, end + 1), uri);
}

static int parse_authority(larder_slice text, struct lrd_uri *uri)
{
	size_t at = lrd_slice_find(text, '@');
	uint32_t before = uri->flags;
	size_t i;
	int rc;

	uri->authority = text;
	uri->flags |= LRD_URI_HAS_AUTHORITY;
	if (at < text.len) {
		/* A second '@' is no byte of a host, so it is refused there. */
		uri->userinfo = lrd_slice_first(text, at);
		for (i = 0; i < at;) {
			larder_slice rest = lrd_slice_of(text.ptr + i, at - i);

			i += component(rest, LRD_UNRESERVED | LRD_SUBDELIM, &before);
			if (i < at && text.ptr[i] != ':')
				return LARDER_EURL;
			i += i < at;
		}
		uri->flags |= LRD_URI_HAS_USERINFO;
		uri->flags &= ~(uint32_t)LRD_URI_NORMAL;
		text = lrd_slice_skip(text, at + 1);
	}
	rc = parse_host_and_port(text, uri);
	if (rc < 0)
		return rc;
	for (i = 0; i < uri->host.len; i++) {
		if (lrd_is(uri->host.ptr[i], LRD_UPPER))
			uri->flags &= ~(uint32_t)LRD_URI_NORMAL;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Takes "scheme:" off *rest, if it starts with one. */
static void parse_scheme(larder_slice *rest, struct lrd_uri *uri)
{
	larder_slice text = *rest;
	size_t at = 0;

	if (text.len == 0 || !lrd_is(text.ptr[0], LRD_ALPHA))
		return;
	while (at < text.len &&
	       (lrd_is(text.ptr[at], LRD_ALPHA | LRD_DIGIT) || text.ptr[at] == '+' ||
		text.ptr[at] == '-' || text.ptr[at] == '.')) {
		if (lrd_is(text.ptr[at], LRD_UPPER))
			uri->flags &= ~(uint32_t)LRD_URI_NORMAL;
		at++;
	}
	if (at == text.len || text.ptr[at] != ':') {
		uri->flags |= LRD_URI_NORMAL;
		return;
	}
	uri->scheme = lrd_slice_first(text, at);
	uri->flags |= LRD_URI_HAS_SCHEME;
	if (lrd_uri_is_https(uri))
		uri->port_number = 443;
	else if (lrd_uri_is_http(uri))
		uri->port_number = 80;
	*rest = lrd_slice_skip(text, at + 1);
}

static size_t authority_end(larder_slice text)
{
	size_t at = 0;

	while (at < text.len && text.ptr[at] != '/' && text.ptr[at] != '?' &&
	       text.ptr[at] != '#')
		at++;
	return at;
}

/* path [ "?" query ] [ "#" fragment ] */
static int parse_tail(larder_slice rest, struct lrd_uri *uri)
{
	size_t len = component(rest, LRD_PATH, &uri->flags);
	uint32_t ignored = 0;

	uri->path = lrd_slice_first(rest, len);
	rest = lrd_slice_skip(rest, len);
	if (rest.len > 0 && rest.ptr[0] == '?') {
		rest = lrd_slice_skip(rest, 1);
		len = component(rest, LRD_QUERY, &uri->flags);
		uri->query = lrd_slice_first(rest, len);
		uri->flags |= LRD_URI_HAS_QUERY;
		rest = lrd_slice_skip(rest, len);
	}
	if (rest.len > 0 && rest.ptr[0] == '#') {
		rest = lrd_slice_skip(rest, 1);
		len = component(rest, LRD_QUERY, &ignored);
		uri->fragment = lrd_slice_first(rest, len);
		uri->flags |= LRD_URI_HAS_FRAGMENT | (ignored & LRD_URI_LOOSE);
		uri->flags &= ~(uint32_t)LRD_URI_NORMAL;
		rest = lrd_slice_skip(rest, len);
	}
	return rest.len == 0 ? 0 : LARDER_EURL;
}

/* RFC 3986 s4.2: "a:b" is never a relative path; it has to be written "./a:b". */
static bool colon_in_first_segment(larder_slice path)
{
	return lrd_slice_find(path, ':') < lrd_slice_find(path, '/');
}

int lrd_uri_parse_reference(larder_slice text, struct lrd_uri *out)
{
	struct lrd_uri uri = { .text = text, .flags = LRD_URI_NORMAL };
	larder_slice rest = text;
	int rc;

	parse_scheme(&rest, &uri);
	if (lrd_slice_starts(rest, LRD_SLICE("//"))) {
		rest = lrd_slice_skip(rest, 2);
		rc = parse_authority(lrd_slice_first(rest, authority_end(rest)), &uri);
		if (rc < 0)
			return rc;
		rest = lrd_slice_skip(rest, uri.authority.len);
	}
	rc = parse_tail(rest, &uri);
	if (rc < 0)
		return rc;

	if (!(uri.flags & (LRD_URI_HAS_SCHEME | LRD_URI_HAS_AUTHORITY)) &&
	    colon_in_first_segment(uri.path))
		return LARDER_EURL;
	if ((uri.flags & LRD_URI_HAS_AUTHORITY) && uri.path.len == 0)
		uri.flags &= ~(uint32_t)LRD_URI_NORMAL;
	if ((uri.flags & LRD_URI_NORMAL) && has_dot_segment(uri.path))
		uri.flags &= ~(uint32_t)LRD_URI_NORMAL;
	*out = uri;
	return 0;
}

int lrd_uri_parse(larder_slice text, struct lrd_uri *out)
{
	struct lrd_uri uri;
	int rc;

	rc = lrd_uri_parse_reference(text, &uri);
	if (rc < 0)
		return rc;
	if (!(uri.flags & LRD_URI_HAS_SCHEME))
		return LARDER_EURL;
	if (lrd_uri_is_http(&uri) && uri.host.len == 0)
		return LARDER_EURL;
	*out = uri;
	return 0;
}

bool lrd_uri_is_https(const struct lrd_uri *uri)
{
	return lrd_slice_equal_nocase(uri->scheme, LRD_SLICE("https"));
}

bool lrd_uri_is_http(const struct lrd_uri *uri)
{
	return lrd_slice_equal_nocase(uri->scheme, LRD_SLICE("http")) ||
	       lrd_uri_is_https(uri);
}
