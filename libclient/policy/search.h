/* SPDX-License-Identifier: MIT */
/* search.h - differences of the query that do not matter: No-Vary-Search. */
#ifndef LRD_POLICY_SEARCH_H
#define LRD_POLICY_SEARCH_H

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

/* Parameters of one query, and names in one rule, that are compared; more never match. */
enum { LRD_SEARCH_PARAMS = 64, LRD_SEARCH_NAMES = 32, LRD_SEARCH_RULE_BYTES = 1024 };

enum {
	LRD_SEARCH_ANY_ORDER = 1 << 0, /* key-order */
	LRD_SEARCH_ALL = 1 << 1, /* params: none matters; with names: but these (except) */
};

/* A response's rule. `names` are decoded names, one a line; they do not matter, or alone do. */
struct lrd_search_rule {
	uint32_t flags;
	larder_slice names;
};

/*
 * Reads No-Vary-Search; `names` receives the text behind rule->names. True when the field
 * frees the query from anything; an absent, malformed or default one frees it from nothing.
 */
bool lrd_search_read(struct lrd_field_view response, struct lrd_buf *names,
		     struct lrd_search_rule *rule);

/* Do two queries (without '?') name the same thing under a rule? */
bool lrd_search_same(const struct lrd_search_rule *rule, larder_slice a, larder_slice b);

#endif
