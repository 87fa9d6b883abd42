/* SPDX-License-Identifier: MIT */
/*
 * cache_control.h - what all Cache-Control fields of a message say together (RFC 9111 s5.2,
 * RFC 5861, RFC 8246).
 *
 * Directives are read without regard to case; unknown ones are ignored; token and quoted form
 * of a number count alike. Where a directive is malformed the reading that caches less wins:
 *   - a number with a sign, a fraction, letters, blanks around '=', or none at all: the
 *     directive is present and its bit is set in `invalid` (for a lifetime: stale);
 *   - a number too large saturates at LRD_CC_MAX_SECONDS;
 *   - the same directive again: the first counts (RFC 9111 s4.2.1);
 *   - no-cache and private count as unqualified unless their argument is a well-formed quoted
 *     list of field names; a bare one beside a qualified one makes it unqualified;
 *   - an argument given to no-store, must-revalidate and the like is ignored; one given to a
 *     directive that permits something (public, immutable, must-understand) voids it;
 *   - after a quoted string that never ends, only directives that restrict are still read, and
 *     numbers count as invalid.
 */
#ifndef LRD_HTTP_CACHE_CONTROL_H
#define LRD_HTTP_CACHE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http/fields.h"

enum {
	LRD_CC_NO_STORE = 1 << 0,
	LRD_CC_NO_CACHE = 1 << 1,
	LRD_CC_PRIVATE = 1 << 2,
	LRD_CC_PUBLIC = 1 << 3,
	LRD_CC_MUST_REVALIDATE = 1 << 4,
	LRD_CC_PROXY_REVALIDATE = 1 << 5,
	LRD_CC_MUST_UNDERSTAND = 1 << 6,
	LRD_CC_NO_TRANSFORM = 1 << 7,
	LRD_CC_IMMUTABLE = 1 << 8,
	LRD_CC_ONLY_IF_CACHED = 1 << 9,
	/* those that carry seconds */
	LRD_CC_MAX_AGE = 1 << 10,
	LRD_CC_S_MAXAGE = 1 << 11,
	LRD_CC_MAX_STALE = 1 << 12,
	LRD_CC_MIN_FRESH = 1 << 13,
	LRD_CC_STALE_WHILE_REVALIDATE = 1 << 14,
	LRD_CC_STALE_IF_ERROR = 1 << 15,
};

/* RFC 9111 s1.2.2: 2^31 seconds stand for "longer than anyone counts". */
#define LRD_CC_MAX_SECONDS INT64_C(2147483648)

/* Qualified directives of one kind that are kept apart; more of them make it unqualified. */
enum { LRD_CC_LISTS = 4 };

/* The field names of no-cache="a, b" or private="c": slices of the field value. */
struct lrd_cc_names {
	larder_slice list[LRD_CC_LISTS]; /* inside the quotes: a comma list of tokens */
	size_t count;
};

struct lrd_cache_control {
	uint32_t present; /* LRD_CC_*: seen, valid or not */
	uint32_t invalid; /* of those with seconds: the value is no number; it reads 0 */
	uint32_t qualified; /* LRD_CC_NO_CACHE, LRD_CC_PRIVATE: for the named fields only */
	bool max_stale_any; /* max-stale without a value: any staleness; max_stale is the maximum */
	int64_t max_age; /* seconds, 0 to LRD_CC_MAX_SECONDS; 0 when absent or invalid */
	int64_t s_maxage;
	int64_t max_stale;
	int64_t min_fresh;
	int64_t stale_while_revalidate;
	int64_t stale_if_error;
	struct lrd_cc_names no_cache_names; /* count 0 unless qualified */
	struct lrd_cc_names private_names;
};

/*
 * Reads all fields called Cache-Control, of a request or a response. Cannot fail: without
 * such fields everything is zero. Slices in *out point into the values of `view`.
 */
void lrd_cache_control_parse(struct lrd_field_view view, struct lrd_cache_control *out);

/* The same for another field of the same syntax. */
void lrd_cache_control_parse_field(struct lrd_field_view view, larder_slice name,
				   struct lrd_cache_control *out);

/* Is one of these directives there? */
static inline bool lrd_cc_has(const struct lrd_cache_control *cc, uint32_t directives)
{
	return (cc->present & directives) != 0;
}

/* Is this one there, with a value that is a number? */
static inline bool lrd_cc_valid(const struct lrd_cache_control *cc, uint32_t directive)
{
	return (cc->present & ~cc->invalid & directive) != 0;
}

/* Is it there and meant for the whole response? (LRD_CC_NO_CACHE, LRD_CC_PRIVATE) */
static inline bool lrd_cc_unqualified(const struct lrd_cache_control *cc,
				      uint32_t directive)
{
	return (cc->present & ~cc->qualified & directive) != 0;
}

/* Is the field called `name` among them? */
bool lrd_cc_names_has(const struct lrd_cc_names *names, larder_slice name);

/*
 * Pragma: no-cache in a request, which counts only when there is no Cache-Control at all
 * (RFC 9111 s5.4): both are looked at here.
 */
bool lrd_pragma_no_cache(struct lrd_field_view request);

#endif
