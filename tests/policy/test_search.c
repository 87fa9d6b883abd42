/* SPDX-License-Identifier: MIT */
/* test_search.c - differences of the query that do not matter: No-Vary-Search. */
#include "policy/search.h"

#include "check_main.h"
#include "text.h"

static const struct {
	const char *field;
	const char *a, *b;
	bool frees; /* the rule says anything */
	bool same;
} rows[] = {
	{ "key-order", "a=1&b=2", "b=2&a=1", true, true },
	{ "key-order", "a=1&a=2", "a=2&a=1", true, false },
	{ "key-order", "a=1&b=2", "a=1&b=3", true, false },
	{ "key-order=?0", "a=1&b=2", "b=2&a=1", false, false },
	{ "params", "a=1", "", true, true },
	{ "params", "a=1&b=2", "c", true, true },
	{ "params=?0", "a=1", "a=2", false, false },
	{ "params=(\"utm\")", "a=1&utm=x", "a=1", true, true },
	{ "params=(\"utm\")", "a=1&utm=x", "a=2", true, false },
	{ "params=(\"utm\" \"ref\")", "ref=1&a=1", "a=1&utm=2", true, true },
	{ "params=(\"utm\")", "a=1&b=2", "b=2&a=1", true, false },
	{ "params=(\"utm\"), key-order", "a=1&utm&b=2", "b=2&a=1", true, true },
	{ "params, except=(\"id\")", "id=1&x=2", "id=1", true, true },
	{ "params, except=(\"id\")", "id=1", "id=2", true, false },
	{ "params, except=()", "id=1", "id=2", true, true },
	{ "params=(\"a b\")", "a+b=1", "a%20b=2", true, true },
	{ "params=(\"a+b\")", "a%20b=1", "", true, true },
	{ "params=(\"%C3%A9\")", "%c3%a9=1", "", true, true },
	{ "params=(\"UTM\")", "utm=1", "", true, false },
	{ "params=(\"x\")", "a=%41", "a=A", true, true },
	{ "params=(\"x\")", "a", "a=", true, true },
	{ "params=(\"x\")", "&&a=1&", "a=1", true, true },
	/* invalid: the default */
	{ "except=(\"id\")", "id=1", "id=1", false, true },
	{ "params=(\"a\"), except=(\"b\")", "a=1", "a=2", false, false },
	{ "params=(a)", "a=1", "a=2", false, false },
	{ "params=1", "a=1", "a=2", false, false },
	{ "params, except=(\"a\" 1)", "b=1", "b=2", false, false },
	{ "key-order=1", "a=1&b=2", "b=2&a=1", false, false },
	{ "PARAMS", "a=1", "a=2", false, false },
	{ "", "a=1", "a=2", false, false },
};

START_TEST(table)
{
	larder_field field = { LRD_SLICE("No-Vary-Search"), lrd_slice_cstr(rows[_i].field) };
	struct lrd_search_rule rule;
	struct lrd_buf names;

	lrd_buf_init(&names, LRD_SEARCH_RULE_BYTES, NULL);
	ck_assert_msg(lrd_search_read(lrd_view_of(&field, 1), &names, &rule) ==
			      rows[_i].frees,
		      "%s", field.value.ptr);
	ck_assert_msg(lrd_search_same(&rule, lrd_slice_cstr(rows[_i].a),
				      lrd_slice_cstr(rows[_i].b)) == rows[_i].same,
		      "%s: %s %s", field.value.ptr, rows[_i].a, rows[_i].b);
	ck_assert(lrd_search_same(&rule, field.value, field.value));
	lrd_buf_release(&names);
}
END_TEST

START_TEST(bounds)
{
	static char many[65536];
	struct lrd_search_rule rule = { .flags = LRD_SEARCH_ANY_ORDER };
	size_t len = 0;

	for (int i = 0; i <= LRD_SEARCH_PARAMS; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "p%d=1&", i);
	ck_assert(!lrd_search_same(&rule, lrd_slice_of(many, len),
				   lrd_slice_of(many, len)));
	memset(many, 'a', sizeof(many));
	ck_assert(!lrd_search_same(&rule, lrd_slice_of(many, sizeof(many)),
				   lrd_slice_of(many, sizeof(many))));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/search");
	TCase *tcase = tcase_create("search");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, bounds);
	suite_add_tcase(suite, tcase);
	return suite;
}
