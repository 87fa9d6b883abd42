/* SPDX-License-Identifier: MIT */
/* uri_normalise.c - one spelling for a URI, its origin, its Host field, its request target. */
#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/uri.h"

/*
 * Most that the normal form can be longer than the text: "/" for an empty path, "/." before a
 * path that would else read as an authority, and the slack of one.
 */
enum { GROWTH = 4 };

/* The callers of the put_ functions have reserved room for all that they write. */
static void put(struct lrd_buf *out, larder_slice bytes)
{
	if (bytes.len > 0)
		memcpy(out->ptr + out->len, bytes.ptr, bytes.len);
	lrd_buf_commit(out, bytes.len);
}

static void put_lower(struct lrd_buf *out, larder_slice bytes)
{
	char *to = out->ptr + out->len;
	size_t i;

	for (i = 0; i < bytes.len; i++)
		to[i] = lrd_lower(bytes.ptr[i]);
	lrd_buf_commit(out, bytes.len);
}

/* RFC 3986 s6.2.2: escapes of unreserved bytes decoded, all others in upper case. */
static void put_unescaped(struct lrd_buf *out, larder_slice bytes)
{
	char *start = out->ptr + out->len;
	char *to = start;
	size_t i = 0;

	while (i < bytes.len) {
		char byte;

		if (bytes.ptr[i] != '%') {
			*to++ = bytes.ptr[i++];
			continue;
		}
		byte = (char)(lrd_hex_digit(bytes.ptr[i + 1]) << 4 |
			      lrd_hex_digit(bytes.ptr[i + 2]));
		if (lrd_is(byte, LRD_UNRESERVED)) {
			*to++ = byte;
		} else {
			*to++ = '%';
			*to++ = lrd_upper(bytes.ptr[i + 1]);
			*to++ = lrd_upper(bytes.ptr[i + 2]);
		}
		i += 3;
	}
	lrd_buf_commit(out, (size_t)(to - start));
}

static uint16_t default_port(const struct lrd_uri *uri)
{
	if (lrd_uri_is_https(uri))
		return 443;
	return lrd_uri_is_http(uri) ? 80 : 0;
}

/* Host and port; never longer than the authority was. */
static void put_host_and_port(struct lrd_buf *out, const struct lrd_uri *uri, bool zone)
{
	bool literal = (uri->flags & (LRD_URI_IP6 | LRD_URI_IP_FUTURE)) != 0;
	larder_slice port = uri->port;

	if (literal)
		put(out, LRD_SLICE("["));
	put_lower(out, uri->host);
	if (zone && (uri->flags & LRD_URI_HAS_ZONE)) {
		put(out, LRD_SLICE("%25"));
		put_unescaped(out, uri->zone);
	}
	if (literal)
		put(out, LRD_SLICE("]"));

	if (port.len == 0 || uri->port_number == default_port(uri))
		return;
	while (port.len > 1 && port.ptr[0] == '0')
		port = lrd_slice_skip(port, 1);
	put(out, LRD_SLICE(":"));
	put(out, port);
}

static void put_path(struct lrd_buf *out, const struct lrd_uri *uri)
{
	bool authority = (uri->flags & LRD_URI_HAS_AUTHORITY) != 0;
	size_t start = out->len;
	char *path = out->ptr + start;
	size_t len;

	if (uri->path.len == 0) {
		if (authority)
			put(out, LRD_SLICE("/"));
		return;
	}
	put_unescaped(out, uri->path);
	/* A path without '/' in front belongs to a scheme with rules of its own: "urn:a". */
	if (path[0] != '/')
		return;
	len = lrd_uri_remove_dots(path, out->len - start);
	lrd_buf_truncate(out, start + len);
	if (authority || !lrd_slice_starts(lrd_slice_of(path, len), LRD_SLICE("//")))
		return;
	lrd_buf_commit(out, 2);
	memmove(path + 2, path, len);
	memcpy(path, "/.", 2);
}

int lrd_uri_normalise(const struct lrd_uri *uri, struct lrd_buf *out)
{
	int rc;

	if (!(uri->flags & LRD_URI_HAS_SCHEME))
		return LARDER_EURL;
	if (uri->flags & LRD_URI_NORMAL)
		return lrd_buf_append_slice(out, uri->text);
	rc = lrd_buf_reserve(out, uri->text.len + GROWTH);
	if (rc < 0)
		return rc;
	put_lower(out, uri->scheme);
	put(out, LRD_SLICE(":"));
	if (uri->flags & LRD_URI_HAS_AUTHORITY) {
		put(out, LRD_SLICE("//"));
		put_host_and_port(out, uri, true);
	}
	put_path(out, uri);
	if (uri->flags & LRD_URI_HAS_QUERY) {
		put(out, LRD_SLICE("?"));
		put_unescaped(out, uri->query);
	}
	return 0;
}

int lrd_uri_origin(const struct lrd_uri *uri, struct lrd_buf *out)
{
	int rc;

	if (!(uri->flags & LRD_URI_HAS_SCHEME) || uri->host.len == 0)
		return LARDER_EURL;
	rc = lrd_buf_reserve(out, uri->scheme.len + uri->authority.len + GROWTH);
	if (rc < 0)
		return rc;
	put_lower(out, uri->scheme);
	put(out, LRD_SLICE("://"));
	put_host_and_port(out, uri, true);
	return 0;
}

bool lrd_uri_same_origin(const struct lrd_uri *a, const struct lrd_uri *b)
{
	return a->port_number == b->port_number &&
	       lrd_slice_equal_nocase(a->scheme, b->scheme) &&
	       lrd_slice_equal_nocase(a->host, b->host) &&
	       lrd_slice_equal(a->zone, b->zone);
}

int lrd_uri_host_field(const struct lrd_uri *uri, struct lrd_buf *out)
{
	int rc;

	if (uri->host.len == 0)
		return LARDER_EURL;
	rc = lrd_buf_reserve(out, uri->authority.len);
	if (rc < 0)
		return rc;
	put_host_and_port(out, uri, false);
	return 0;
}

int lrd_uri_request_target(const struct lrd_uri *uri, struct lrd_buf *out)
{
	size_t start = out->len;
	int rc;

	if (uri->path.len > 0 && uri->path.ptr[0] != '/')
		return LARDER_EURL;
	if (uri->path.len > 0)
		rc = lrd_buf_append_slice(out, uri->path);
	else
		rc = lrd_buf_append_char(out, '/');
	if (rc == 0 && (uri->flags & LRD_URI_HAS_QUERY))
		rc = lrd_buf_append_char(out, '?');
	if (rc == 0)
		rc = lrd_buf_append_slice(out, uri->query);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}
