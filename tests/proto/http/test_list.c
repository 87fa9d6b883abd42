/* SPDX-License-Identifier: MIT */
/* test_list.c - members of comma lists over one line and several. */
#include "proto/http/list.h"

#include <stdio.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const struct {
	const char *value,
		*members; /* members joined by '|'; '!' in front: unterminated */
} rows[] = {
	{ "", "" },
	{ ",", "" },
	{ " , ,\t,", "" },
	{ "a", "a" },
	{ "a,b , c", "a|b|c" },
	{ ",a,,b,", "a|b" },
	{ "a b, c", "a b|c" },
	{ "\"a, b\", c", "\"a, b\"|c" },
	{ "x=\"a,b\";y, z", "x=\"a,b\";y|z" },
	{ "\"a\\\",b\", c", "\"a\\\",b\"|c" },
	{ "\"a\\\\\", c", "\"a\\\\\"|c" },
	{ "a\\,b", "a\\|b" }, /* outside quotes a backslash is a byte like others */
	{ "a, \"b, c", "a|!\"b, c" },
	{ "\"", "!\"" },
	{ "\"\\", "!\"\\" },
	{ "a=\"b\"c\"d,e\"", "a=\"b\"c\"d,e\"" },
};

START_TEST(members_of_a_value)
{
	larder_slice value = row_guard(rows[_i].value);
	struct lrd_list list;
	larder_slice member;
	char all[100] = "";

	lrd_list_init_value(&list, value);
	while (lrd_list_next(&list, &member)) {
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s%.*s", used ? "|" : "",
			 list.unterminated ? "!" : "", LRD_SLICE_ARG(member));
	}
	ck_assert_str_eq(all, rows[_i].members);
	ck_assert(!lrd_list_next(&list, &member));
	row_free(value);
}
END_TEST

START_TEST(members_of_several_lines)
{
	struct row_fields fields;
	struct lrd_field_view view =
		row_view("Vary: a, \"b\nX: y\nVARY:\nvary: c\", ,d\nVary: e", &fields);
	static const char *const expected[] = { "a", "\"b", "c\", ,d", "e" };
	struct lrd_list list;
	larder_slice member;
	size_t i = 0;

	lrd_list_init(&list, view, LRD_SLICE("Vary"));
	while (lrd_list_next(&list, &member)) {
		ck_assert_uint_lt(i, 4);
		ck_slice(member, expected[i]);
		ck_assert_int_eq(list.unterminated, i == 1 || i == 2);
		i++;
	}
	ck_assert_uint_eq(i, 4);
}
END_TEST

START_TEST(looking_for_a_token)
{
	struct row_fields fields;
	struct lrd_field_view view =
		row_view("Connection: keep-alive\nconnection: X-A , Close", &fields);

	ck_assert(lrd_list_has(view, LRD_SLICE("Connection"), LRD_SLICE("close")));
	ck_assert(lrd_list_has(view, LRD_SLICE("Connection"), LRD_SLICE("x-a")));
	ck_assert(!lrd_list_has(view, LRD_SLICE("Connection"), LRD_SLICE("clos")));
	ck_assert(!lrd_list_has(view, LRD_SLICE("Conn"), LRD_SLICE("close")));
}
END_TEST

/* A megabyte of what makes slow parsers quadratic; check's own time limit judges. */
START_TEST(time_is_linear)
{
	static const char *const patterns[] = { ",", "\"", "\\\"", " ,", "\",", "a=\"" };
	static char value[1 << 20];
	struct lrd_list list;
	larder_slice member;
	size_t len = strlen(patterns[_i]);

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = patterns[_i][i % len];
	lrd_list_init_value(&list, lrd_slice_of(value, sizeof(value)));
	while (lrd_list_next(&list, &member))
		ck_assert_uint_gt(member.len, 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("list");
	TCase *tc = tcase_create("list");

	tcase_add_loop_test(tc, members_of_a_value, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, members_of_several_lines);
	tcase_add_test(tc, looking_for_a_token);
	tcase_add_loop_test(tc, time_is_linear, 0, 6);
	suite_add_tcase(suite, tc);
	return suite;
}
