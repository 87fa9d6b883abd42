/* SPDX-License-Identifier: MIT */
/* test_groups.c - the groups that a response belongs to, or invalidates (RFC 9875). */
#include "policy/groups.h"

#include "check_main.h"
#include "text.h"

static const struct {
	const char *name;
	const char *response;
	const char *groups; /* joined by '|' */
} rows[] = {
	{ "9875 s2: a list of strings", "Cache-Groups: \"a\", \"B c\"", "a|B c" },
	{ "9875 s2: over two lines", "Cache-Groups: \"a\"\nCache-Groups: \"b\"", "a|b" },
	{ "9875 s2: case counts", "Cache-Groups: \"a\", \"A\"", "a|A" },
	{ "9875 s2: each once", "Cache-Groups: \"a\", \"a\"", "a" },
	{ "9875 s2: parameters are ignored", "Cache-Groups: \"a\";x=1", "a" },
	{ "9875 s2: escapes", "Cache-Groups: \"a\\\"b\"", "a\"b" },
	{ "9875 s2: a token is no string", "Cache-Groups: a", "" },
	{ "9875 s2: one mistake voids all", "Cache-Groups: \"a\", b", "" },
	{ "9875 s2: malformed", "Cache-Groups: \"a\", \"b", "" },
	{ "none", "X: 1", "" },
};

START_TEST(table)
{
	struct lrd_groups groups;
	struct text_fields text;
	struct lrd_buf storage;
	char joined[256] = "";

	lrd_buf_init(&storage, LRD_GROUPS_TEXT, NULL);
	ck_assert_int_eq(lrd_groups_read(text_view(rows[_i].response, &text),
					 LRD_SLICE("Cache-Groups"), &storage, &groups),
			 0);
	for (size_t i = 0; i < groups.count; i++)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%.*s",
			 i ? "|" : "", LRD_SLICE_ARG(groups.at[i]));
	ck_assert_msg(strcmp(joined, rows[_i].groups) == 0, "%s: %s", rows[_i].name, joined);
	lrd_buf_release(&storage);
}
END_TEST

/* RFC 9875 s2: 32 groups of 32 characters; larder takes twice as many, far longer ones. */
START_TEST(bounds)
{
	static char text[64 * 1024];
	larder_field field = { LRD_SLICE("Cache-Groups"), { text, 0 } };
	struct lrd_groups groups;
	struct lrd_buf storage;
	size_t len = 0;

	lrd_buf_init(&storage, LRD_GROUPS_TEXT, NULL);
	for (int i = 0; i < LRD_GROUPS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%0240d\"",
					i ? ", " : "", i);
	field.value.len = len;
	ck_assert_int_eq(lrd_groups_read(lrd_view_of(&field, 1), field.name, &storage,
					 &groups),
			 0);
	ck_assert_uint_eq(groups.count, LRD_GROUPS_MAX);
	len += (size_t)snprintf(text + len, sizeof(text) - len, ", \"x\"");
	field.value.len = len;
	lrd_buf_clear(&storage);
	ck_assert_int_eq(lrd_groups_read(lrd_view_of(&field, 1), field.name, &storage,
					 &groups),
			 0);
	ck_assert_uint_eq(groups.count, 0);
	lrd_buf_release(&storage);
}
END_TEST

START_TEST(methods)
{
	ck_assert(lrd_groups_invalidates(LRD_METHOD_POST, 200));
	ck_assert(lrd_groups_invalidates(LRD_METHOD_UNSAFE, 303));
	ck_assert(!lrd_groups_invalidates(LRD_METHOD_UNSAFE, 500));
	ck_assert(!lrd_groups_invalidates(LRD_METHOD_GET, 200));
	ck_assert(!lrd_groups_invalidates(LRD_METHOD_QUERY, 200));
	ck_assert(!lrd_groups_invalidates(LRD_METHOD_SAFE, 200));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/groups");
	TCase *tcase = tcase_create("groups");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, methods);
	suite_add_tcase(suite, tcase);
	return suite;
}
