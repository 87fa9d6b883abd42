/* SPDX-License-Identifier: MIT */
/* test_date.c - the three forms, the calendar's corners, and what is no date. */
#include "proto/http/date.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

enum { NOW = 1780000000 }; /* 2026-05-28 20:26:40 */

static const struct {
	const char *text;
	int64_t now, seconds;
} good[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", NOW, 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", NOW, 784111777 },
	{ "Sun Nov  6 08:49:37 1994", NOW, 784111777 },
	{ "sun, 06 nov 1994 08:49:37 gmt", NOW, 784111777 },
	{ "SUNDAY, 06-NOV-94 08:49:37 UTC", NOW, 784111777 },
	{ "SUN NOV 06 08:49:37 1994", NOW, 784111777 },
	{ " Sun, 06 Nov 1994 08:49:37 UTC\t", NOW, 784111777 },
	{ "Mon, 06 Nov 1994 08:49:37 GMT", NOW, 784111777 }, /* it was a Sunday */
	{ "Thu, 01 Jan 1970 00:00:00 GMT", NOW, 0 },
	{ "Wed, 31 Dec 1969 23:59:59 GMT", NOW, -1 },
	{ "Sat, 01 Jan 0000 00:00:00 GMT", NOW, INT64_C(-62167219200) },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", NOW, INT64_C(253402300799) },
	{ "Tue, 29 Feb 2000 00:00:00 GMT", NOW, 951782400 },
	{ "Thu, 29 Feb 2024 12:00:00 GMT", NOW, 1709208000 },
	{ "Tue, 19 Jan 2038 03:14:08 GMT", NOW, INT64_C(2147483648) },
	{ "Sat, 31 Dec 2016 23:59:60 GMT", NOW, 1483228799 },
	{ "Mon, 28 Feb 2100 23:59:59 GMT", NOW, INT64_C(4107542399) },
	/* fifty years after NOW to the second, and one more */
	{ "Thursday, 28-May-76 20:26:40 GMT", NOW, INT64_C(3357923200) },
	{ "Thursday, 28-May-76 20:26:41 GMT", NOW, 202163201 },
	{ "Friday, 01-Jan-77 00:00:00 GMT", NOW, 220924800 },
	{ "Monday, 27-May-26 00:00:00 GMT", NOW, 1779840000 },
	{ "Friday, 31-Dec-99 00:00:00 GMT", NOW, 946598400 },
	/* the same text read in another century */
	{ "Friday, 31-Dec-99 00:00:00 GMT", INT64_C(4000000000), INT64_C(4102358400) },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 0, 784111777 },
	{ "Sunday, 06-Nov-21 08:49:37 GMT", 0, -1519571423 },
};

START_TEST(dates_are_read)
{
	larder_slice text = row_guard(good[_i].text);
	int64_t seconds = 7;

	ck_assert_msg(lrd_date_parse(text, good[_i].now, &seconds) == 0, "refused: %s",
		      good[_i].text);
	ck_assert_msg(seconds == good[_i].seconds, "%s is %lld, not %lld", good[_i].text,
		      (long long)seconds, (long long)good[_i].seconds);
	row_free(text);
}
END_TEST

static const char *const bad[] = {
	"",
	"0",
	"-1",
	"now",
	"1994-11-06T08:49:37Z",
	"Sun, 06 Nov 1994 08:49:37",
	"Sun, 06 Nov 1994 08:49:37 +0000",
	"Sun, 06 Nov 1994 08:49:37 PST",
	"Sun, 06 Nov 1994 08:49:37 GMT+1",
	"Sun, 06 Nov 1994 08:49:37 GMT x",
	"Sun, 06 Nov 1994 24:00:00 GMT",
	"Sun, 06 Nov 1994 08:60:00 GMT",
	"Sun, 06 Nov 1994 08:49:61 GMT",
	"Sun, 00 Nov 1994 08:49:37 GMT",
	"Sun, 31 Nov 1994 08:49:37 GMT",
	"Sun, 29 Feb 2100 08:49:37 GMT",
	"Sun, 29 Feb 2023 08:49:37 GMT",
	"Sun, 32 Jan 1994 08:49:37 GMT",
	"Sun, 06 Foo 1994 08:49:37 GMT",
	"Foo, 06 Nov 1994 08:49:37 GMT",
	"Sun, 6 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 94 08:49:37 GMT",
	"Sun, 06  Nov 1994 08:49:37 GMT",
	"Sun,06 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 1994 8:49:37 GMT",
	"Sun, 06 Nov 1994 08:49 GMT",
	"Sunday, 06 Nov 1994 08:49:37 GMT",
	"Sunday, 06-Nov-1994 08:49:37 GMT",
	"Sun, 06-Nov-94 08:49:37 GMT",
	"Sunday, 31-Feb-94 08:49:37 GMT",
	"Sun Nov  6 08:49:37 1994 GMT",
	"Sun Nov 6 08:49:37 1994",
	"Sun Nov  16 08:49:37 1994",
	"Sun Nov  6 08:49:37 94",
	"Sun, 06 Nov 19940 08:49:37 GMT",
	"Sun, +6 Nov 1994 08:49:37 GMT",
	"\"Sun, 06 Nov 1994 08:49:37 GMT\"",
};

START_TEST(others_are_refused)
{
	larder_slice text = row_guard(bad[_i]);
	int64_t seconds = 7;

	ck_assert_msg(lrd_date_parse(text, NOW, &seconds) == LARDER_EPROTO, "taken: %s",
		      bad[_i]);
	ck_assert_int_eq(seconds, 7);
	row_free(text);
}
END_TEST

START_TEST(every_beginning_is_refused)
{
	const char *text = good[_i].text;
	int64_t seconds;

	for (size_t len = 0; len < strlen(text); len++) {
		char *copy = lrd_guard_alloc(text, len);

		ck_assert_int_eq(lrd_date_parse(lrd_slice_of(copy, len), NOW, &seconds),
				 LARDER_EPROTO);
		lrd_guard_free(copy, len);
	}
}
END_TEST

START_TEST(writing_and_back)
{
	char text[LRD_DATE_SIZE];
	int64_t back;

	ck_assert_int_eq(lrd_date_format(784111777, text), 0);
	ck_assert_str_eq(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	ck_assert_int_eq(lrd_date_format(-1, text), 0);
	ck_assert_str_eq(text, "Wed, 31 Dec 1969 23:59:59 GMT");
	ck_assert_int_eq(lrd_date_format(INT64_C(-62167219201), text), LARDER_EINVAL);
	ck_assert_int_eq(lrd_date_format(INT64_C(253402300800), text), LARDER_EINVAL);
	ck_assert_int_eq(lrd_date_format(INT64_MIN, text), LARDER_EINVAL);
	ck_assert_int_eq(lrd_date_format(INT64_MAX, text), LARDER_EINVAL);
	ck_assert_str_eq(text, "Wed, 31 Dec 1969 23:59:59 GMT");

	/* Steps that fall on every day of the year, in leap years and others. */
	for (int64_t t = INT64_C(-62167219200); t <= INT64_C(253402300799);
	     t += 86399 * 41 + 7) {
		ck_assert_int_eq(lrd_date_format(t, text), 0);
		ck_assert_int_eq(lrd_date_parse(lrd_slice_cstr(text), NOW, &back), 0);
		ck_assert_int_eq(back, t);
	}
}
END_TEST

START_TEST(any_clock_will_do)
{
	static const int64_t clocks[] = { INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX };
	int64_t seconds;
	int rc;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		rc = lrd_date_parse(LRD_SLICE("Sunday, 06-Nov-94 08:49:37 GMT"),
				    clocks[i], &seconds);
		ck_assert(rc == 0 || rc == LARDER_EPROTO);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("date");
	TCase *tc = tcase_create("date");

	tcase_add_loop_test(tc, dates_are_read, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, others_are_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, every_beginning_is_refused, 0, 3);
	tcase_add_test(tc, writing_and_back);
	tcase_add_test(tc, any_clock_will_do);
	suite_add_tcase(suite, tc);
	return suite;
}
