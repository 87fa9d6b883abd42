/* SPDX-License-Identifier: MIT */
/* test_prefix.c - counting by prefix: what counts, what does not, and the bound. */
#include "cached/prefix.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static struct lrd_prefixes prefixes;
static struct lrd_buf out;

static void setup(void)
{
	ck_assert_int_eq(lrd_prefix_init(&prefixes, ':', true), 0);
	lrd_buf_init(&out, 16 << 20, NULL);
}

static void teardown(void)
{
	lrd_buf_release(&out);
	lrd_prefix_release(&prefixes);
}

static void expect(const char *text)
{
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_prefix_dump(&prefixes, &out), 0);
	ck_assert_str_eq(out.ptr, text);
}

START_TEST(events_are_counted_by_what_stands_before_the_delimiter)
{
	expect("");
	lrd_prefix_count(&prefixes, LRD_SLICE("user:1"), LRD_PREFIX_GET);
	lrd_prefix_count(&prefixes, LRD_SLICE("user:2:x"), LRD_PREFIX_GET);
	lrd_prefix_count(&prefixes, LRD_SLICE("user:2"), LRD_PREFIX_HIT);
	lrd_prefix_count(&prefixes, LRD_SLICE("user:"), LRD_PREFIX_SET);
	lrd_prefix_count(&prefixes, LRD_SLICE("user:3"), LRD_PREFIX_DELETE);
	lrd_prefix_count(&prefixes, LRD_SLICE("none"), LRD_PREFIX_GET);
	lrd_prefix_count(&prefixes, LRD_SLICE(":x"), LRD_PREFIX_GET);
	expect("PREFIX user get 2 hit 1 set 1 del 1\r\n");
	lrd_prefix_clear(&prefixes);
	expect("");
}
END_TEST

START_TEST(the_number_of_prefixes_is_bounded)
{
	char key[32];
	size_t lines = 0;

	for (int i = 0; i < LRD_PREFIX_MAX + 500; i++) {
		int len = snprintf(key, sizeof(key), "p%d:x", i);

		lrd_prefix_count(&prefixes, lrd_slice_of(key, (size_t)len),
				 LRD_PREFIX_GET);
	}
	ck_assert_int_eq(lrd_prefix_dump(&prefixes, &out), 0);
	for (size_t i = 0; i < out.len; i++)
		lines += out.ptr[i] == '\n';
	ck_assert_uint_eq(lines, LRD_PREFIX_MAX);
	/* Those that are there still count. */
	lrd_prefix_count(&prefixes, LRD_SLICE("p7:y"), LRD_PREFIX_GET);
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_prefix_dump(&prefixes, &out), 0);
	ck_assert_ptr_nonnull(strstr(out.ptr, "PREFIX p7 get 2 "));
}
END_TEST

START_TEST(a_dump_that_does_not_fit_says_so)
{
	char storage[16];
	struct lrd_buf small;

	lrd_prefix_count(&prefixes, LRD_SLICE("user:1"), LRD_PREFIX_GET);
	lrd_buf_init_fixed(&small, storage, sizeof(storage));
	ck_assert_int_eq(lrd_prefix_dump(&prefixes, &small), LARDER_ELIMIT);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cached/prefix");
	TCase *tcase = tcase_create("counts");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, events_are_counted_by_what_stands_before_the_delimiter);
	tcase_add_test(tcase, the_number_of_prefixes_is_bounded);
	tcase_add_test(tcase, a_dump_that_does_not_fit_says_so);
	suite_add_tcase(suite, tcase);
	return suite;
}
