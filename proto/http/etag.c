/* SPDX-License-Identifier: MIT */
/* etag.c - entity tags (RFC 9110 s8.8.3). */
#include "proto/http/etag.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

/* The length of the tag that `text` starts with, 0 when it starts with none. */
static size_t tag_span(larder_slice text, bool *weak)
{
	bool prefix = lrd_slice_starts(text, LRD_SLICE("W/"));
	size_t at = prefix ? 2 : 0;

	if (at == text.len || text.ptr[at] != '"')
		return 0;
	at++;
	/* A backslash escapes nothing here: the tag ends at the next quote. */
	at += lrd_scan_span(lrd_slice_skip(text, at), LRD_ETAGC);
	if (at >= text.len || text.ptr[at] != '"')
		return 0;
	*weak = prefix;
	return at + 1;
}

static void set(larder_slice raw, bool weak, struct lrd_etag *out)
{
	out->raw = raw;
	out->opaque = lrd_slice_skip(raw, weak ? 2 : 0);
	out->weak = weak;
}

int lrd_etag_parse(larder_slice text, struct lrd_etag *out)
{
	bool weak = false;
	size_t span;

	text = lrd_slice_trim(text);
	span = tag_span(text, &weak);
	if (span == 0 || span != text.len)
		return LARDER_EPROTO;
	set(text, weak, out);
	return 0;
}

bool lrd_etag_equal_strong(const struct lrd_etag *a, const struct lrd_etag *b)
{
	return !a->weak && !b->weak && lrd_slice_equal(a->opaque, b->opaque);
}

bool lrd_etag_equal_weak(const struct lrd_etag *a, const struct lrd_etag *b)
{
	return lrd_slice_equal(a->opaque, b->opaque);
}

static larder_slice skip_blanks(larder_slice text)
{
	return lrd_slice_skip(text, lrd_scan_span(text, LRD_OWS));
}

int lrd_etag_next(larder_slice *rest, struct lrd_etag *out)
{
	larder_slice at = skip_blanks(*rest);
	bool weak = false;
	larder_slice raw;
	size_t span;

	while (at.len > 0 && at.ptr[0] == ',')
		at = skip_blanks(lrd_slice_skip(at, 1));
	if (at.len == 0) {
		*rest = at;
		return 0;
	}
	span = tag_span(at, &weak);
	raw = lrd_slice_first(at, span);
	at = skip_blanks(lrd_slice_skip(at, span));
	if (span == 0 || (at.len > 0 && at.ptr[0] != ',')) {
		*rest = lrd_slice_skip(at, at.len);
		return LARDER_EPROTO;
	}
	set(raw, weak, out);
	*rest = at;
	return 1;
}

enum lrd_etag_match lrd_etag_find(struct lrd_field_view view, larder_slice name,
				  const struct lrd_etag *tag, bool strong)
{
	enum lrd_etag_match match = LRD_ETAG_ABSENT;
	larder_slice value;
	size_t pos = 0;

	if (lrd_view_count(view, name) == 1 && lrd_view_get(view, name, &value) &&
	    lrd_slice_equal(lrd_slice_trim(value), LRD_SLICE("*")))
		return LRD_ETAG_ANY;

	/* To the end even after a match: a list that is no list says nothing. */
	while (lrd_view_next(view, name, &pos, &value)) {
		struct lrd_etag one;
		int rc;

		if (match == LRD_ETAG_ABSENT)
			match = LRD_ETAG_NO_MATCH;
		for (;;) {
			rc = lrd_etag_next(&value, &one);
			if (rc < 0)
				return LRD_ETAG_MALFORMED;
			if (rc == 0)
				break;
			if (tag && (strong ? lrd_etag_equal_strong(tag, &one)
					   : lrd_etag_equal_weak(tag, &one)))
				match = LRD_ETAG_MATCH;
		}
	}
	return match;
}
