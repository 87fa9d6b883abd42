/* SPDX-License-Identifier: MIT */
/* test_fields.c - the owning list and the views of it. */
#include "proto/http/fields.h"

#include <stdio.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"

static struct lrd_fields fields;

static void setup(void)
{
	lrd_fields_init(&fields, 1000, 10, NULL);
}

static void teardown(void)
{
	lrd_fields_release(&fields);
}

static void add(const char *name, const char *value)
{
	ck_assert_int_eq(
		lrd_fields_add(&fields, lrd_slice_cstr(name), lrd_slice_cstr(value)), 0);
}

/* The list as "Name: value\n" lines. */
static void ck_fields(const char *text)
{
	struct lrd_field_view view = lrd_fields_view(&fields);
	char all[2000] = "";

	for (size_t i = 0; i < view.count; i++) {
		size_t used = strlen(all);

		/* Both are NUL-terminated, which %s relies on here. */
		ck_assert_uint_eq(strlen(view.at[i].name.ptr), view.at[i].name.len);
		ck_assert_uint_eq(strlen(view.at[i].value.ptr), view.at[i].value.len);
		snprintf(all + used, sizeof(all) - used, "%s: %s\n", view.at[i].name.ptr,
			 view.at[i].value.ptr);
	}
	ck_assert_str_eq(all, text);
}

START_TEST(order_and_case_are_kept)
{
	larder_slice value = LRD_SLICE("untouched");
	size_t pos = 0;

	add("Set-Cookie", "a");
	add("x-EMPTY", " \t ");
	add("set-cookie", "  b c\t");
	ck_fields("Set-Cookie: a\nx-EMPTY: \nset-cookie: b c\n");
	ck_assert(!lrd_view_get(lrd_fields_view(&fields), LRD_SLICE("Cookie"), &value));
	ck_slice(value, "untouched");
	ck_assert(lrd_view_has(lrd_fields_view(&fields), LRD_SLICE("X-Empty")));
	ck_assert_uint_eq(
		lrd_view_count(lrd_fields_view(&fields), LRD_SLICE("SET-COOKIE")), 2);
	ck_assert(lrd_view_next(lrd_fields_view(&fields), LRD_SLICE("set-Cookie"), &pos,
				&value));
	ck_slice(value, "a");
	ck_assert(lrd_view_next(lrd_fields_view(&fields), LRD_SLICE("set-Cookie"), &pos,
				&value));
	ck_slice(value, "b c");
	ck_assert(!lrd_view_next(lrd_fields_view(&fields), LRD_SLICE("set-Cookie"), &pos,
				 &value));
	ck_assert(!lrd_view_next(lrd_fields_view(&fields), LRD_SLICE("set-Cookie"), &pos,
				 &value));
}
END_TEST

START_TEST(one_several_or_none)
{
	larder_slice value = LRD_SLICE("untouched");
	struct lrd_buf out;

	add("Age", "1");
	add("Via", "a");
	add("Via", "");
	add("via", "c");
	ck_assert_int_eq(
		lrd_view_single(lrd_fields_view(&fields), LRD_SLICE("Date"), &value), 0);
	ck_assert_int_eq(lrd_view_single(lrd_fields_view(&fields), LRD_SLICE("Via"),
					 &value),
			 LARDER_EPROTO);
	ck_slice(value, "untouched");
	ck_assert_int_eq(
		lrd_view_single(lrd_fields_view(&fields), LRD_SLICE("age"), &value), 1);
	ck_slice(value, "1");

	lrd_buf_init(&out, 7, NULL);
	ck_assert_int_eq(
		lrd_view_combine(lrd_fields_view(&fields), LRD_SLICE("VIA"), &out), 3);
	ck_assert_str_eq(out.ptr, "a, , c");
	ck_assert_int_eq(lrd_view_combine(lrd_fields_view(&fields), LRD_SLICE("no"), &out),
			 0);
	ck_assert_int_eq(lrd_view_combine(lrd_fields_view(&fields), LRD_SLICE("VIA"), &out),
			 LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "a, , c");
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	const char *name, *value;
	size_t value_len;
} unsendable[] = {
	{ "", "a", 1 },         { "a b", "c", 1 },  { "a ", "b", 1 },
	{ "a:", "b", 1 },       { " a", "b", 1 },   { "a\r\nb", "c", 1 },
	{ "\xc3\xa9", "a", 1 }, { "a(", "b", 1 },   { "a", "b\rc", 3 },
	{ "a", "b\nc", 3 },     { "a", "b\0c", 3 }, { "a", "\x01", 1 },
	{ "a", "b\x7f", 2 },    { "a", "\r\n", 2 },
};

START_TEST(what_may_not_be_sent_is_refused)
{
	larder_slice value = lrd_slice_of(unsendable[_i].value, unsendable[_i].value_len);

	add("Kept", "1");
	ck_assert_int_eq(lrd_fields_add(&fields, lrd_slice_cstr(unsendable[_i].name),
					value),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_fields_replace(&fields, lrd_slice_cstr(unsendable[_i].name),
					    value),
			 LARDER_EINVAL);
	ck_fields("Kept: 1\n");
	ck_assert_int_eq(lrd_fields_add(&fields, LRD_SLICE("a"), LRD_SLICE("\xe9\tb")), 0);
}
END_TEST

START_TEST(removing)
{
	add("A", "1");
	add("B", "2");
	add("a", "3");
	add("C", "4");
	ck_assert_uint_eq(lrd_fields_remove(&fields, LRD_SLICE("x")), 0);
	ck_assert_uint_eq(lrd_fields_remove(&fields, LRD_SLICE("A")), 2);
	ck_fields("B: 2\nC: 4\n");
	lrd_fields_remove_at(&fields, 2);
	lrd_fields_remove_at(&fields, 0);
	ck_fields("C: 4\n");
	lrd_fields_clear(&fields);
	ck_fields("");
	add("D", "5");
	ck_fields("D: 5\n");
}
END_TEST

START_TEST(replacing)
{
	ck_assert_int_eq(lrd_fields_replace(&fields, LRD_SLICE("A"), LRD_SLICE("0")), 0);
	add("B", "1");
	add("C", "2");
	add("b", "3");
	add("D", "4");
	ck_assert_int_eq(lrd_fields_replace(&fields, LRD_SLICE("B"), LRD_SLICE("new")), 0);
	ck_fields("A: 0\nB: new\nC: 2\nD: 4\n");
	ck_assert_int_eq(lrd_fields_replace(&fields, LRD_SLICE("d"), LRD_SLICE("x")), 0);
	ck_assert_int_eq(lrd_fields_replace(&fields, LRD_SLICE("a"), LRD_SLICE("y")), 0);
	ck_fields("a: y\nB: new\nC: 2\nd: x\n");
	ck_assert_uint_eq(lrd_fields_remove(&fields, LRD_SLICE("b")), 1);
	ck_fields("a: y\nC: 2\nd: x\n");
}
END_TEST

START_TEST(replacing_for_ever_needs_no_more_room)
{
	lrd_fields_release(&fields);
	lrd_fields_init(&fields, 60, 3, NULL);
	add("A", "1");
	add("B", "2");
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(lrd_fields_replace(
					 &fields, i % 2 ? LRD_SLICE("a") : LRD_SLICE("b"),
					 LRD_SLICE("0123456789")),
				 0);
	ck_fields("a: 0123456789\nb: 0123456789\n");
}
END_TEST

START_TEST(own_bytes_may_be_added)
{
	add("Name-1", "value");
	for (size_t i = 0; i < 9; i++) {
		const larder_field *last = &fields.at[fields.count - 1];

		ck_assert_int_eq(lrd_fields_add(&fields, last->name, last->value), 0);
	}
	for (size_t i = 0; i < 10; i++) {
		ck_slice(fields.at[i].name, "Name-1");
		ck_slice(fields.at[i].value, "value");
	}
	ck_assert_int_eq(lrd_fields_replace(&fields, fields.at[3].name, fields.at[5].value),
			 LARDER_ELIMIT);
	lrd_fields_remove_at(&fields, 0);
	ck_assert_int_eq(
		lrd_fields_replace(&fields, fields.at[3].name, fields.at[5].value), 0);
	ck_fields("Name-1: value\n");
}
END_TEST

START_TEST(limits_are_exact)
{
	struct row_fields rows;

	lrd_fields_release(&fields);
	lrd_fields_init(&fields, 10, 2, NULL);
	ck_assert_int_eq(lrd_fields_add(&fields, LRD_SLICE("abcd"), LRD_SLICE("12345")),
			 LARDER_ELIMIT);
	ck_assert_int_eq(lrd_fields_add(&fields, LRD_SLICE("abcd"), LRD_SLICE("1234")), 0);
	ck_assert_int_eq(lrd_fields_add(&fields, LRD_SLICE("a"), LRD_SLICE("")),
			 LARDER_ELIMIT);
	lrd_fields_clear(&fields);
	add("a", "");
	ck_assert_int_eq(lrd_fields_add_all(&fields, row_view("b: \nc: ", &rows)),
			 LARDER_ELIMIT);
	ck_fields("a: \n");
	ck_assert_int_eq(lrd_fields_add_all(&fields, row_view("b: ", &rows)), 0);
	ck_fields("a: \nb: \n");
}
END_TEST

static int build(const larder_allocator *allocator, struct lrd_fields *list)
{
	int rc = 0;

	lrd_fields_init(list, 1 << 16, 1000, allocator);
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = lrd_fields_add(list, LRD_SLICE("Some-Name"),
				    LRD_SLICE("and a value"));
	if (rc == 0)
		rc = lrd_fields_replace(list, LRD_SLICE("Some-name"), LRD_SLICE("other"));
	return rc;
}

START_TEST(every_failed_allocation_is_reported)
{
	struct lrd_failing_alloc fa;
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, &fa };
	struct lrd_fields list;
	size_t calls;

	lrd_failing_alloc_init(&fa, 0);
	ck_assert_int_eq(build(&allocator, &list), 0);
	ck_assert_uint_eq(list.count, 1);
	lrd_fields_release(&list);
	calls = fa.calls;
	for (size_t i = 1; i <= calls; i++) {
		lrd_failing_alloc_init(&fa, i);
		ck_assert_int_eq(build(&allocator, &list), LARDER_ENOMEM);
		for (size_t j = 0; j < list.count; j++)
			ck_slice(list.at[j].value, "and a value");
		lrd_fields_release(&list);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("fields");
	TCase *tc = tcase_create("fields");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, order_and_case_are_kept);
	tcase_add_test(tc, one_several_or_none);
	tcase_add_loop_test(tc, what_may_not_be_sent_is_refused, 0,
			    sizeof(unsendable) / sizeof(unsendable[0]));
	tcase_add_test(tc, removing);
	tcase_add_test(tc, replacing);
	tcase_add_test(tc, replacing_for_ever_needs_no_more_room);
	tcase_add_test(tc, own_bytes_may_be_added);
	tcase_add_test(tc, limits_are_exact);
	tcase_add_test(tc, every_failed_allocation_is_reported);
	suite_add_tcase(suite, tc);
	return suite;
}
