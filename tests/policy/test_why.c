/* SPDX-License-Identifier: MIT */
/* test_why.c - every reason has its word, sentence and section, and no two share a number or word. */
#include "policy/why.h"

#include <stdbool.h>
#include <string.h>

#include "check_main.h"

static const uint32_t numbers[] = {
#define LRD_WHY(number, name, word, fwd, section, text) number,
#include "policy/why.def"
};
enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };

START_TEST(complete)
{
	/* RFC 9211 s2.2 */
	static const char *const forwards[] = { "",         "bypass",    "method",
						"uri-miss", "vary-miss", "miss",
						"request",  "stale",     "partial" };

	for (size_t i = 0; i < COUNT; i++) {
		const char *word = lrd_why_name(numbers[i]);
		bool known = false;

		ck_assert(lrd_why_known(numbers[i]));
		ck_assert_uint_gt(strlen(word), 2);
		/* A token, so that Cache-Status can carry it. */
		ck_assert_uint_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				  strlen(word));
		ck_assert_uint_gt(strlen(lrd_why_text(numbers[i])), 10);
		for (size_t k = 0; k < sizeof(forwards) / sizeof(forwards[0]); k++)
			known |= strcmp(lrd_why_fwd(numbers[i]), forwards[k]) == 0;
		ck_assert_msg(known, "%s", word);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(word, lrd_why_name(numbers[k]));
	}
}
END_TEST

START_TEST(strangers)
{
	ck_assert_str_eq(lrd_why_name(0), "none");
	ck_assert_str_eq(lrd_why_name(60000), "unknown");
	ck_assert_ptr_nonnull(lrd_why_text(60000));
	ck_assert_str_eq(lrd_why_section(60000), "");
	ck_assert_str_eq(lrd_why_fwd(60000), "");
	ck_assert(!lrd_why_known(60000));
	ck_assert(!lrd_why_known(0));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/why");
	TCase *tcase = tcase_create("why");

	tcase_add_test(tcase, complete);
	tcase_add_test(tcase, strangers);
	suite_add_tcase(suite, tcase);
	return suite;
}
