/* SPDX-License-Identifier: MIT */
/* search.c - differences of the query that do not matter: No-Vary-Search. */
#include "policy/search.h"

#include "proto/bytes/slice.h"
#include "proto/http/sf.h"

enum { MEMBERS = 8, TEXT_BYTES = 16384 };

/* ---- names and values of a query --------------------------------------------------------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* As forms are read: '+' is a blank, and an escape that is none stands for itself. */
static int append_decoded(larder_slice text, struct lrd_buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < text.len && rc == 0; i++) {
		char c = text.ptr[i];

		if (c == '%' && i + 2 < text.len && digit(text.ptr[i + 1]) >= 0 &&
		    digit(text.ptr[i + 2]) >= 0) {
			c = (char)(digit(text.ptr[i + 1]) * 16 + digit(text.ptr[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		rc = lrd_buf_append_char(out, c);
	}
	return rc;
}

/* ---- the rule ---------------------------------------------------------------------------- */

static bool read_names(larder_slice inner, struct lrd_buf *names)
{
	struct lrd_sf_item item;
	struct lrd_buf plain;
	char storage[LRD_SEARCH_RULE_BYTES];
	size_t count = 0, start;

	while (lrd_sf_inner_next(&inner, &item)) {
		lrd_buf_init_fixed(&plain, storage, sizeof(storage));
		if (lrd_sf_string(&item, &plain) < 0 || ++count > LRD_SEARCH_NAMES)
			return false;
		start = names->len;
		if (append_decoded(lrd_buf_slice(&plain), names) < 0)
			return false;
		/* It separates names here, and means something else in none that is used. */
		if (lrd_slice_find(lrd_slice_skip(lrd_buf_slice(names), start), '\n') <
			    names->len - start ||
		    lrd_buf_append_char(names, '\n') < 0)
			return false;
	}
	return true;
}

static const struct lrd_sf_item *find(const struct lrd_sf_item *items, size_t count,
				      larder_slice key)
{
	for (size_t i = 0; i < count; i++)
		if (lrd_slice_equal(items[i].key, key))
			return &items[i];
	return NULL;
}

/* False for what the specification calls invalid: then the default holds. */
static bool read_rule(const struct lrd_sf_item *items, size_t count,
		      struct lrd_buf *names, struct lrd_search_rule *rule)
{
	const struct lrd_sf_item *order = find(items, count, LRD_SLICE("key-order"));
	const struct lrd_sf_item *params = find(items, count, LRD_SLICE("params"));
	const struct lrd_sf_item *except = find(items, count, LRD_SLICE("except"));

	if (order && order->kind != LRD_SF_BOOLEAN)
		return false;
	if (order && order->truth)
		rule->flags |= LRD_SEARCH_ANY_ORDER;
	if (params && params->kind == LRD_SF_BOOLEAN) {
		if (params->truth)
			rule->flags |= LRD_SEARCH_ALL;
	} else if (params && (params->kind != LRD_SF_INNER_LIST || except ||
			      !read_names(params->text, names))) {
		return false;
	}
	if (!except)
		return true;
	return (rule->flags & LRD_SEARCH_ALL) && except->kind == LRD_SF_INNER_LIST &&
	       read_names(except->text, names);
}

bool lrd_search_read(struct lrd_field_view response, struct lrd_buf *names,
		     struct lrd_search_rule *rule)
{
	struct lrd_sf_item items[MEMBERS];
	size_t count, before = names->len;

	*rule = (struct lrd_search_rule){ .flags = 0 };
	if (lrd_sf_dictionary(response, LRD_SLICE("No-Vary-Search"), items, MEMBERS,
			      &count) != 1)
		return false;
	if (!read_rule(items, count, names, rule)) {
		lrd_buf_truncate(names, before);
		*rule = (struct lrd_search_rule){ .flags = 0 };
		return false;
	}
	rule->names = lrd_slice_skip(lrd_buf_slice(names), before);
	return rule->flags != 0 || rule->names.len > 0;
}

/* ---- the comparison ---------------------------------------------------------------------- */

struct param {
	larder_slice name;
	larder_slice value;
};

static bool named(larder_slice lines, larder_slice name)
{
	larder_slice line;

	while (lines.len > 0 && lrd_slice_split(&lines, '\n', &line))
		if (lrd_slice_equal(line, name))
			return true;
	return false;
}

static bool matters(const struct lrd_search_rule *rule, larder_slice name)
{
	bool listed = rule->names.len > 0 && named(rule->names, name);

	return (rule->flags & LRD_SEARCH_ALL) ? listed : !listed;
}

/* Stable: equal names keep their order. */
static void insert(struct param *at, size_t count, struct param param, bool sorted)
{
	size_t i = count;

	while (sorted && i > 0 && lrd_slice_compare(at[i - 1].name, param.name) > 0) {
		at[i] = at[i - 1];
		i--;
	}
	at[i] = param;
}

/* The parameters that matter, decoded into `text`; -1 when they are too many. */
static ptrdiff_t read_query(const struct lrd_search_rule *rule, larder_slice query,
			    struct lrd_buf *text, struct param at[LRD_SEARCH_PARAMS])
{
	larder_slice piece, name, value;
	struct param param;
	size_t count = 0, start;

	while (query.len > 0 && lrd_slice_split(&query, '&', &piece)) {
		if (piece.len == 0)
			continue;
		name = piece;
		value = (larder_slice){ "", 0 };
		(void)lrd_slice_cut(piece, '=', &name, &value);
		start = text->len;
		if (append_decoded(name, text) < 0)
			return -1;
		param.name = lrd_slice_skip(lrd_buf_slice(text), start);
		if (!matters(rule, param.name)) {
			lrd_buf_truncate(text, start);
			continue;
		}
		start = text->len;
		if (count == LRD_SEARCH_PARAMS || append_decoded(value, text) < 0)
			return -1;
		param.value = lrd_slice_skip(lrd_buf_slice(text), start);
		insert(at, count++, param, (rule->flags & LRD_SEARCH_ANY_ORDER) != 0);
	}
	return (ptrdiff_t)count;
}

bool lrd_search_same(const struct lrd_search_rule *rule, larder_slice a, larder_slice b)
{
	struct param left[LRD_SEARCH_PARAMS], right[LRD_SEARCH_PARAMS];
	char left_text[TEXT_BYTES], right_text[TEXT_BYTES];
	struct lrd_buf buf;
	ptrdiff_t count;

	lrd_buf_init_fixed(&buf, left_text, sizeof(left_text));
	count = read_query(rule, a, &buf, left);
	lrd_buf_init_fixed(&buf, right_text, sizeof(right_text));
	if (count < 0 || read_query(rule, b, &buf, right) != count)
		return false;
	for (ptrdiff_t i = 0; i < count; i++)
		if (!lrd_slice_equal(left[i].name, right[i].name) ||
		    !lrd_slice_equal(left[i].value, right[i].value))
			return false;
	return true;
}
