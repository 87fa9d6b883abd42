/* SPDX-License-Identifier: MIT */
/*
 * etag.h - entity tags (RFC 9110 s8.8.3): read, compared, and looked for in If-None-Match.
 *
 * A tag is opaque: any byte but '"', controls and blanks, commas and backslashes included.
 * Sending one back uses `raw`, exactly as received.
 */
#ifndef LRD_HTTP_ETAG_H
#define LRD_HTTP_ETAG_H

#include <stdbool.h>

#include "proto/http/fields.h"

struct lrd_etag {
	larder_slice raw;    /* all of it: W/"abc" */
	larder_slice opaque; /* with its quotes: "abc" */
	bool weak;
};

/* One tag, all of `text` but blanks around it. EPROTO, *out untouched. */
LARDER_MUST_USE int lrd_etag_parse(larder_slice text, struct lrd_etag *out);

/* RFC 9110 s8.8.3.2: strong needs both to be strong; weak compares the opaque part alone. */
bool lrd_etag_equal_strong(const struct lrd_etag *a, const struct lrd_etag *b);
bool lrd_etag_equal_weak(const struct lrd_etag *a, const struct lrd_etag *b);

/*
 * The next tag of a list such as the value of If-None-Match: 1 with *out set, 0 at the end,
 * EPROTO for what is no tag (then *rest is exhausted). "*" is no tag: ask first.
 */
LARDER_MUST_USE int lrd_etag_next(larder_slice *rest, struct lrd_etag *out);

enum lrd_etag_match {
	LRD_ETAG_ABSENT,    /* no such field */
	LRD_ETAG_ANY,       /* "*" */
	LRD_ETAG_MATCH,     /* the tag is in the list */
	LRD_ETAG_NO_MATCH,  /* it is not */
	LRD_ETAG_MALFORMED, /* not a list of tags: the field says nothing */
};

/*
 * Looks for `tag` in all fields called `name` (If-Match: strong, If-None-Match: weak).
 * `tag` NULL stands for a representation that has none: only "*" can fit it.
 */
enum lrd_etag_match lrd_etag_find(struct lrd_field_view view, larder_slice name,
				  const struct lrd_etag *tag, bool strong);

#endif
