/* SPDX-License-Identifier: MIT */
/*
 * list.h - the syntax that field values share (RFC 9110 s5.6): lists, parameters, tokens,
 * quoted strings, q-values.
 *
 * Iterators live on the stack, allocate nothing and hand out slices of the values given. Time
 * is linear in the input, whatever it holds.
 *
 * Every member of a list field over all its lines:
 *	lrd_list_init(&list, view, LRD_SLICE("Accept"));
 *	while (lrd_list_next(&list, &member)) {
 *		rest = member;
 *		name = lrd_params_head(&rest);			"text/html"
 *		while ((rc = lrd_params_next(&rest, &param)) > 0)
 *			...					"q" = "0.5"
 *	}
 */
#ifndef LRD_HTTP_LIST_H
#define LRD_HTTP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http/fields.h"

struct lrd_list {
	struct lrd_field_view view; /* private */
	larder_slice name;          /* private */
	size_t pos;                 /* private */
	larder_slice rest;          /* private: what is left of the present line */
	bool unterminated; /* the member just given opens a quoted string and never closes it */
};

/* Members of all fields called `name`; a quoted string never spans two lines. */
void lrd_list_init(struct lrd_list *list, struct lrd_field_view view, larder_slice name);

/* Members of one value. */
void lrd_list_init_value(struct lrd_list *list, larder_slice value);

/*
 * The next member, trimmed; empty members are skipped (RFC 9110 s5.6.1.2). Commas inside
 * quoted strings do not separate. A quoted string left open reaches to the end of its line,
 * and `unterminated` says so.
 */
bool lrd_list_next(struct lrd_list *list, larder_slice *member);

/* Is `token` a member of the list field `name`, without regard to case? (Connection: close) */
bool lrd_list_has(struct lrd_field_view view, larder_slice name, larder_slice token);

struct lrd_param {
	larder_slice name;  /* a token */
	larder_slice value; /* inside the quotes, when quoted; escapes still in it */
	bool has_value;     /* an '=' stood there */
	bool quoted;
};

/* Cuts what stands before the first ';' off *rest, trimmed: the thing that has parameters. */
larder_slice lrd_params_head(larder_slice *rest);

/*
 * The next parameter of ";a=b; c=\"d\"": 1 with *param set, 0 at the end, EPROTO for anything
 * that is no parameter (then *rest is exhausted). Empty ones (";;") are skipped. A parameter
 * without '=' is given with has_value false.
 */
LARDER_MUST_USE int lrd_params_next(larder_slice *rest, struct lrd_param *param);

/* 1*tchar (RFC 9110 s5.6.2). */
bool lrd_token_valid(larder_slice text);

/*
 * A quoted string with its quotes, all of `text`: sets *inside to what stands between them,
 * escapes still in it. EPROTO, *inside untouched, when it is none.
 */
LARDER_MUST_USE int lrd_quoted_parse(larder_slice text, larder_slice *inside);

/*
 * The length of the quoted string that `text` starts with, quotes included; 0 when it starts
 * with none, or with one that never closes.
 */
size_t lrd_quoted_span(larder_slice text);

/* Appends `inside` with its backslash escapes resolved. EPROTO for a lone one at the end. */
LARDER_MUST_USE int lrd_quoted_unescape(larder_slice inside, struct lrd_buf *out);

/* Appends `text` as a quoted string. EINVAL for bytes that no quoted string may hold. */
LARDER_MUST_USE int lrd_quoted_append(larder_slice text, struct lrd_buf *out);

/* "0", "0.5", "1.000" (RFC 9110 s12.4.2) as thousandths, 0 to 1000. EPROTO. */
LARDER_MUST_USE int lrd_qvalue_parse(larder_slice text, uint16_t *thousandths);

/* The q parameter of a list member such as "gzip;q=0.5"; 1000 without one, 0 when malformed. */
uint16_t lrd_member_qvalue(larder_slice member);

#endif
