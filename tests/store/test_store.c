/* SPDX-License-Identifier: MIT */
/* test_store.c - the store's ordinary life: open, put, get, update, delete, fill, hold, walk. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

/* Around every edge: empty, inline, the last that is inline, one row, several, a fill's buffer. */
static const size_t sizes[] = { 0,      1,      100,    2000,   3900,   3969,    3970,
				3971,   4071,   4072,   4073,   8144,   8145,    65000,
				130303, 130304, 130305, 260608, 260700, 1048576, 3000000 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

START_TEST(puts_and_gets)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);

	ck_assert_int_eq(test_verify_body(store, "a", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_store_body(store, "a", 1, sizes[_i]), 0);
	ck_assert_int_eq(test_verify_body(store, "a", 1), (long)sizes[_i]);
	/* Over itself, longer and shorter. */
	ck_assert_int_eq(test_store_body(store, "a", 2, sizes[_i] + 1), 0);
	ck_assert_int_eq(test_verify_body(store, "a", 2), (long)sizes[_i] + 1);
	ck_assert_int_eq(test_store_body(store, "a", 3, sizes[_i] / 2), 0);
	ck_assert_int_eq(test_verify_body(store, "a", 3), (long)sizes[_i] / 2);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(fills)
{
	static const size_t pieces[] = { 1000, 4072, 65536, 4000000 };
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		ck_assert_int_eq(test_fill_body(store, "f", i, sizes[_i], pieces[i]), 0);
		ck_assert_int_eq(test_verify_body(store, "f", i), (long)sizes[_i]);
	}
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(survives_reopening)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);

	ck_assert_int_eq(test_store_body(store, "k", 7, sizes[_i]), 0);
	lrd_store_close(store);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 7), (long)sizes[_i]);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("life");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, puts_and_gets, 0, SIZES);
	tcase_add_loop_test(tc, fills, 0, SIZES);
	tcase_add_loop_test(tc, survives_reopening, 0, SIZES);
	return suite;
}
