/* SPDX-License-Identifier: MIT */
/* test_options.c - sized structs from older, equal and newer callers. */
#include "session/options.h"

#include <check.h>
#include <string.h>

#include "tests/support/check_main.h"

struct ours {
	size_t size;
	uint32_t first;
	uint32_t second;
};

struct newer {
	struct ours ours;
	uint64_t later;
};

START_TEST(test_null_is_all_zero)
{
	struct ours ours = { 1, 2, 3 };

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), NULL, "x", NULL), 0);
	ck_assert_uint_eq(ours.first, 0);
	ck_assert_uint_eq(ours.second, 0);
}
END_TEST

START_TEST(test_equal_is_copied)
{
	struct ours theirs = { sizeof(theirs), 7, 8 };
	struct ours ours;

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), &theirs, "x", NULL), 0);
	ck_assert_uint_eq(ours.first, 7);
	ck_assert_uint_eq(ours.second, 8);
}
END_TEST

START_TEST(test_older_lacks_members)
{
	struct ours theirs = { offsetof(struct ours, second), 7, 8 };
	struct ours ours;

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), &theirs, "x", NULL), 0);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	ck_assert_uint_eq(ours.first, 7);
	ck_assert_uint_eq(ours.second, 0);
}
END_TEST

START_TEST(test_newer_with_zeros)
{
	struct newer theirs = { { sizeof(theirs), 7, 8 }, 0 };
	struct ours ours;

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), &theirs, "x", NULL), 0);
	ck_assert_uint_eq(ours.second, 8);
	ck_assert_uint_eq(ours.size, sizeof(ours));
}
END_TEST

START_TEST(test_newer_option_is_refused)
{
	struct newer theirs = { { sizeof(theirs), 7, 8 }, 1 };
	struct ours ours = { 1, 2, 3 };
	larder_error err;

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), &theirs, "larder_x", &err),
			 LARDER_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.message, "newer option in larder_x"));
	ck_assert_uint_eq(ours.first, 2);
}
END_TEST

START_TEST(test_size_that_nobody_set)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1, LRD_OPTIONS_MAX + 1,
					SIZE_MAX };
	struct ours theirs = { sizes[_i], 0, 0 };
	struct ours ours;
	larder_error err;

	ck_assert_int_eq(lrd_options_copy(&ours, sizeof(ours), &theirs, "larder_x", &err),
			 LARDER_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.message, "larder_x has no size"));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/options");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, test_null_is_all_zero);
	tcase_add_test(tcase, test_equal_is_copied);
	tcase_add_test(tcase, test_older_lacks_members);
	tcase_add_test(tcase, test_newer_with_zeros);
	tcase_add_test(tcase, test_newer_option_is_refused);
	tcase_add_loop_test(tcase, test_size_that_nobody_set, 0, 5);
	suite_add_tcase(suite, tcase);
	return suite;
}
