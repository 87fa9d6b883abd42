/* SPDX-License-Identifier: MIT */
/* uri_resolve.c - what a reference means as seen from a base (RFC 3986 s5.2). */
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/uri.h"

/* The length of what is left of a path when its last segment and the '/' before it go. */
static size_t without_last(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

size_t lrd_uri_remove_dots(char *path, size_t len)
{
	size_t in = 0;
	size_t out = 0;

	/*
	 * One turn for each segment with the '/' before it, which only the first may lack. What
	 * is kept moves down: out never passes in.
	 */
	while (in < len) {
		size_t slash = path[in] == '/';
		larder_slice rest = lrd_slice_of(path + in + slash, len - in - slash);
		larder_slice segment = lrd_slice_first(rest, lrd_slice_find(rest, '/'));
		bool last = segment.len == rest.len;
		bool up = lrd_slice_equal(segment, LRD_SLICE(".."));

		if (up || lrd_slice_equal(segment, LRD_SLICE("."))) {
			in += slash + segment.len;
			if (up && slash)
				out = without_last(path, out);
			if (last && slash)
				path[out++] = '/';
			/* A leading "./" or "../" goes with its slash. */
			if (!slash && !last)
				in++;
		} else {
			memmove(path + out, path + in, slash + segment.len);
			out += slash + segment.len;
			in += slash + segment.len;
		}
	}
	return out;
}

/* RFC 3986 s5.2.3: the reference's path in the place of the base's last segment. */
static int append_merged(const struct lrd_uri *base, larder_slice path,
			 struct lrd_buf *out)
{
	size_t len = base->path.len;
	int rc;

	if ((base->flags & LRD_URI_HAS_AUTHORITY) && len == 0) {
		rc = lrd_buf_append_char(out, '/');
	} else {
		while (len > 0 && base->path.ptr[len - 1] != '/')
			len--;
		rc = lrd_buf_append_slice(out, lrd_slice_first(base->path, len));
	}
	return rc < 0 ? rc : lrd_buf_append_slice(out, path);
}

/* Appends the path without dot segments; one that would read as an authority gets "/." first. */
static int append_path(const struct lrd_uri *base, const struct lrd_uri *ref, bool merge,
		       bool authority, struct lrd_buf *out)
{
	size_t start = out->len;
	int rc;

	if (merge)
		rc = append_merged(base, ref->path, out);
	else
		rc = lrd_buf_append_slice(out, ref->path);
	if (rc < 0 || out->len == start)
		return rc;
	lrd_buf_truncate(out,
			 start + lrd_uri_remove_dots(out->ptr + start, out->len - start));
	if (authority ||
	    !lrd_slice_starts(lrd_slice_skip(lrd_buf_slice(out), start), LRD_SLICE("//")))
		return 0;
	rc = lrd_buf_append_cstr(out, "/.");
	if (rc < 0)
		return rc;
	memmove(out->ptr + start + 2, out->ptr + start, out->len - start - 2);
	memcpy(out->ptr + start, "/.", 2);
	return 0;
}

static int append_marked(char mark, larder_slice part, struct lrd_buf *out)
{
	int rc = lrd_buf_append_char(out, mark);

	return rc < 0 ? rc : lrd_buf_append_slice(out, part);
}

/* The five components of the target, each from the base or the reference: the table of s5.2.2. */
static int append_target(const struct lrd_uri *base, const struct lrd_uri *ref,
			 struct lrd_buf *out)
{
	bool own_scheme = (ref->flags & LRD_URI_HAS_SCHEME) != 0;
	bool own_authority = own_scheme || (ref->flags & LRD_URI_HAS_AUTHORITY) != 0;
	bool own_path = own_authority || ref->path.len > 0;
	bool own_query = own_path || (ref->flags & LRD_URI_HAS_QUERY) != 0;
	const struct lrd_uri *authority = own_authority ? ref : base;
	const struct lrd_uri *query = own_query ? ref : base;
	bool has_authority = (authority->flags & LRD_URI_HAS_AUTHORITY) != 0;
	bool merge = !own_authority && !(ref->path.len > 0 && ref->path.ptr[0] == '/');
	int rc;

	rc = lrd_buf_append_slice(out, own_scheme ? ref->scheme : base->scheme);
	if (rc == 0)
		rc = lrd_buf_append_char(out, ':');
	if (rc == 0 && has_authority)
		rc = lrd_buf_append_cstr(out, "//");
	if (rc == 0 && has_authority)
		rc = lrd_buf_append_slice(out, authority->authority);
	if (rc == 0 && own_path)
		rc = append_path(base, ref, merge, has_authority, out);
	else if (rc == 0)
		rc = lrd_buf_append_slice(out, base->path);
	if (rc == 0 && (query->flags & LRD_URI_HAS_QUERY))
		rc = append_marked('?', query->query, out);
	if (rc == 0 && (ref->flags & LRD_URI_HAS_FRAGMENT))
		rc = append_marked('#', ref->fragment, out);
	return rc;
}

int lrd_uri_resolve(const struct lrd_uri *base, larder_slice reference,
		    struct lrd_buf *out)
{
	struct lrd_uri ref;
	size_t start = out->len;
	int rc;

	if (!(base->flags & LRD_URI_HAS_SCHEME))
		return LARDER_EURL;
	rc = lrd_uri_parse_reference(reference, &ref);
	if (rc < 0)
		return rc;
	rc = append_target(base, &ref, out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}
