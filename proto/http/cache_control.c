/* SPDX-License-Identifier: MIT */
/* cache_control.c - what all Cache-Control fields say together (RFC 9111 s5.2). */
#include "proto/http/cache_control.h"

#include <stddef.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

enum kind {
	RESTRICTS, /* a mere word; an argument does not take its force away */
	PERMITS,   /* a mere word; with an argument it is something we do not know */
	NAMES,     /* restricts, perhaps for some fields only */
	SECONDS,
};

struct directive {
	larder_slice name;
	uint32_t bit;
	enum kind kind;
	size_t offset; /* NAMES, SECONDS: of the member that takes the argument */
};

#define MEMBER(member) offsetof(struct lrd_cache_control, member)

static const struct directive directives[] = {
	{ LRD_SLICE_INIT("max-age"), LRD_CC_MAX_AGE, SECONDS, MEMBER(max_age) },
	{ LRD_SLICE_INIT("no-cache"), LRD_CC_NO_CACHE, NAMES, MEMBER(no_cache_names) },
	{ LRD_SLICE_INIT("no-store"), LRD_CC_NO_STORE, RESTRICTS, 0 },
	{ LRD_SLICE_INIT("private"), LRD_CC_PRIVATE, NAMES, MEMBER(private_names) },
	{ LRD_SLICE_INIT("public"), LRD_CC_PUBLIC, PERMITS, 0 },
	{ LRD_SLICE_INIT("must-revalidate"), LRD_CC_MUST_REVALIDATE, RESTRICTS, 0 },
	{ LRD_SLICE_INIT("proxy-revalidate"), LRD_CC_PROXY_REVALIDATE, RESTRICTS, 0 },
	{ LRD_SLICE_INIT("must-understand"), LRD_CC_MUST_UNDERSTAND, PERMITS, 0 },
	{ LRD_SLICE_INIT("no-transform"), LRD_CC_NO_TRANSFORM, RESTRICTS, 0 },
	{ LRD_SLICE_INIT("immutable"), LRD_CC_IMMUTABLE, PERMITS, 0 },
	{ LRD_SLICE_INIT("only-if-cached"), LRD_CC_ONLY_IF_CACHED, RESTRICTS, 0 },
	{ LRD_SLICE_INIT("s-maxage"), LRD_CC_S_MAXAGE, SECONDS, MEMBER(s_maxage) },
	{ LRD_SLICE_INIT("max-stale"), LRD_CC_MAX_STALE, SECONDS, MEMBER(max_stale) },
	{ LRD_SLICE_INIT("min-fresh"), LRD_CC_MIN_FRESH, SECONDS, MEMBER(min_fresh) },
	{ LRD_SLICE_INIT("stale-while-revalidate"), LRD_CC_STALE_WHILE_REVALIDATE,
	  SECONDS, MEMBER(stale_while_revalidate) },
	{ LRD_SLICE_INIT("stale-if-error"), LRD_CC_STALE_IF_ERROR, SECONDS,
	  MEMBER(stale_if_error) },
};

/* One member of the list, taken apart. */
struct member {
	larder_slice name;
	larder_slice argument; /* as spelled, quotes included */
	bool has_argument;     /* an '=' stood there */
	bool broken; /* blanks around the '=', or part of a quote that never ends */
};

static struct member take_apart(larder_slice text, bool broken)
{
	struct member out = { .name = text, .broken = broken };
	larder_slice name;

	if (!lrd_slice_cut(text, '=', &name, &out.argument))
		return out;
	out.has_argument = true;
	out.name = lrd_slice_trim(name);
	if (out.name.len != name.len ||
	    lrd_slice_trim(out.argument).len != out.argument.len)
		out.broken = true;
	return out;
}

static const struct directive *find(larder_slice name)
{
	size_t i;

	for (i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (lrd_slice_equal_nocase(directives[i].name, name))
			return &directives[i];
	}
	return NULL;
}

/* ---- arguments --------------------------------------------------------------------------- */

/* "10" or "\"10\""; -1 for anything else. */
static int64_t seconds_of(const struct member *member)
{
	larder_slice digits;
	uint64_t number;

	if (member->broken || !member->has_argument)
		return -1;
	if (lrd_quoted_parse(member->argument, &digits) < 0)
		digits = member->argument;
	if (lrd_u64_parse_sat(digits, &number) < 0)
		return -1;
	return number < LRD_CC_MAX_SECONDS ? (int64_t)number : LRD_CC_MAX_SECONDS;
}

static void add_seconds(const struct directive *directive, const struct member *member,
			struct lrd_cache_control *out)
{
	int64_t *target = (int64_t *)(void *)((char *)out + directive->offset);
	int64_t seconds = seconds_of(member);

	/* RFC 9111 s4.2.1: of several, the first. */
	if (out->present & directive->bit)
		return;
	if (directive->bit == LRD_CC_MAX_STALE && !member->has_argument &&
	    !member->broken) {
		out->max_stale_any = true;
		seconds = LRD_CC_MAX_SECONDS;
	}
	if (seconds < 0)
		out->invalid |= directive->bit;
	else
		*target = seconds;
}

/* A quoted list of one or more field names; no escapes, since no token needs one. */
static bool names_of(const struct member *member, larder_slice *inside)
{
	larder_slice rest;
	larder_slice name;
	size_t count = 0;

	if (member->broken || lrd_quoted_parse(member->argument, inside) < 0)
		return false;
	rest = *inside;
	while (lrd_slice_split(&rest, ',', &name)) {
		name = lrd_slice_trim(name);
		if (name.len == 0)
			continue;
		if (!lrd_token_valid(name))
			return false;
		count++;
	}
	return count > 0;
}

static void add_names(const struct directive *directive, const struct member *member,
		      struct lrd_cache_control *out)
{
	struct lrd_cc_names *names =
		(struct lrd_cc_names *)(void *)((char *)out + directive->offset);
	bool qualified =
		!(out->present & directive->bit) || (out->qualified & directive->bit);
	larder_slice inside;

	if (qualified && names->count < LRD_CC_LISTS && names_of(member, &inside)) {
		names->list[names->count++] = inside;
		out->qualified |= directive->bit;
		return;
	}
	/* Once meant for the whole response, it stays so. */
	out->qualified &= ~directive->bit;
	names->count = 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void add_member(const struct member *member, struct lrd_cache_control *out)
{
	const struct directive *directive = find(member->name);

	if (!directive)
		return;
	switch (directive->kind) {
	case PERMITS:
		if (member->has_argument || member->broken)
			return;
		break;
	case NAMES:
		add_names(directive, member, out);
		break;
	case SECONDS:
		add_seconds(directive, member, out);
		break;
	case RESTRICTS:
		break;
	}
	out->present |= directive->bit;
}

/*
 * A quoted string that never ends has swallowed the rest of the line. What the origin meant
 * nobody knows; a "no-store" in there is honoured all the same.
 */
static void add_broken(larder_slice text, struct lrd_cache_control *out)
{
	struct member member;
	larder_slice piece;

	while (lrd_slice_split(&text, ',', &piece)) {
		member = take_apart(lrd_slice_trim(piece), true);
		add_member(&member, out);
	}
}

void lrd_cache_control_parse_field(struct lrd_field_view view, larder_slice name,
				   struct lrd_cache_control *out)
{
	struct member member;
	struct lrd_list list;
	larder_slice text;

	*out = (struct lrd_cache_control){ 0 };
	lrd_list_init(&list, view, name);
	while (lrd_list_next(&list, &text)) {
		if (list.unterminated) {
			add_broken(text, out);
			continue;
		}
		member = take_apart(text, false);
		add_member(&member, out);
	}
}

void lrd_cache_control_parse(struct lrd_field_view view, struct lrd_cache_control *out)
{
	lrd_cache_control_parse_field(view, LRD_SLICE("Cache-Control"), out);
}

bool lrd_cc_names_has(const struct lrd_cc_names *names, larder_slice name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		larder_slice rest = names->list[i];
		larder_slice one;

		while (lrd_slice_split(&rest, ',', &one)) {
			if (lrd_slice_equal_nocase(lrd_slice_trim(one), name))
				return true;
		}
	}
	return false;
}

bool lrd_pragma_no_cache(struct lrd_field_view request)
{
	return !lrd_view_has(request, LRD_SLICE("Cache-Control")) &&
	       lrd_list_has(request, LRD_SLICE("Pragma"), LRD_SLICE("no-cache"));
}
