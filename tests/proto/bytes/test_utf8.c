/* SPDX-License-Identifier: MIT */
/* test_utf8.c - well-formed sequences, and each way in which one is not. */
#include "proto/bytes/utf8.h"

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *text;
	bool valid;
} rows[] = {
	{ "", true },
	{ "plain", true },
	{ "\xc3\xa9", true },
	{ "\xe2\x82\xac", true },
	{ "\xf0\x9f\x98\x80", true },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "\xed\x9f\xbf\xee\x80\x80", true },
	{ "\x80", false },
	{ "\xc3", false },
	{ "\xe2\x82", false },
	{ "\xf0\x9f\x98", false },
	{ "\xc3(", false },
	{ "\xc0\xaf", false }, /* overlong '/' */
	{ "\xc1\xbf", false },
	{ "\xe0\x9f\xbf", false },     /* overlong */
	{ "\xf0\x8f\xbf\xbf", false }, /* overlong */
	{ "\xed\xa0\x80", false },     /* surrogate */
	{ "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", false },
	{ "\xff", false },
	{ "\xe2\x82\x28", false },
};

START_TEST(validity)
{
	size_t len = strlen(rows[_i].text);
	char *copy = lrd_guard_alloc(rows[_i].text, len);

	ck_assert_int_eq(lrd_utf8_valid(lrd_slice_of(copy, len)), rows[_i].valid);
	lrd_guard_free(copy, len);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tc = tcase_create("utf8");

	tcase_add_loop_test(tc, validity, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
