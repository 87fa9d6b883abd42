/* SPDX-License-Identifier: MIT */
/* test_range.c - byte ranges cut to a size, and Content-Range both ways. */
#include "proto/http/range.h"

#include <stdio.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const struct {
	const char *value;
	uint64_t size;
	enum lrd_range_result result;
	const char *ranges;
} rows[] = {
	{ "bytes=0-499", 10000, LRD_RANGE_SATISFIABLE, "0-499 " },
	{ "bytes=500-999", 10000, LRD_RANGE_SATISFIABLE, "500-999 " },
	{ "bytes=-500", 10000, LRD_RANGE_SATISFIABLE, "9500-9999 " },
	{ "bytes=9500-", 10000, LRD_RANGE_SATISFIABLE, "9500-9999 " },
	{ "bytes=0-0,-1", 10000, LRD_RANGE_SATISFIABLE, "0-0 9999-9999 " },
	{ "bytes= 0-0 , ,500-600", 10000, LRD_RANGE_SATISFIABLE, "0-0 500-600 " },
	{ "BYTES=0-99999", 100, LRD_RANGE_SATISFIABLE, "0-99 " },
	{ "bytes=-99999", 100, LRD_RANGE_SATISFIABLE, "0-99 " },
	{ "bytes=0-99999999999999999999999", 100, LRD_RANGE_SATISFIABLE, "0-99 " },
	{ "bytes=100-", 100, LRD_RANGE_UNSATISFIABLE, "" },
	{ "bytes=100-200,5-6", 100, LRD_RANGE_SATISFIABLE, "5-6 " },
	{ "bytes=-0", 100, LRD_RANGE_UNSATISFIABLE, "" },
	{ "bytes=0-", 0, LRD_RANGE_UNSATISFIABLE, "" },
	{ "bytes=-5", 0, LRD_RANGE_UNSATISFIABLE, "" },
	{ "bytes=5-4", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=1-2,5-4", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=,", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=-", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=a-b", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=1--2", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=+1-2", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes =1-2", 100, LRD_RANGE_IGNORED, "" },
	{ "lines=1-2", 100, LRD_RANGE_IGNORED, "" },
	{ "bytes=0-0,1-1,2-2,3-3", 100, LRD_RANGE_SATISFIABLE, "0-0 1-1 2-2 3-3 " },
	{ "bytes=0-0,1-1,2-2,3-3,4-4", 100, LRD_RANGE_IGNORED, "" },
};

START_TEST(ranges)
{
	larder_slice value = row_guard(rows[_i].value);
	struct lrd_range out[4];
	char all[100] = "";
	size_t count = 99;

	ck_assert_int_eq((int)lrd_range_parse(value, rows[_i].size, out, 4, &count),
			 (int)rows[_i].result);
	for (size_t i = 0; i < count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%llu-%llu ",
			 (unsigned long long)out[i].first,
			 (unsigned long long)out[i].last);
	ck_assert_str_eq(all, rows[_i].ranges);
	row_free(value);
}
END_TEST

static const struct {
	const char *value;
	bool good;
} content_ranges[] = {
	{ "bytes 0-499/1234", true },
	{ "bytes 0-0/1", true },
	{ "bytes 42-1233/*", true },
	{ "bytes */1234", true },
	{ "bytes */0", true },
	{ "bytes */*", false },
	{ "bytes 0-499", false },
	{ "bytes 0-1234/1234", false },
	{ "bytes 5-4/10", false },
	{ "bytes=0-4/10", false },
	{ "bytes 0-4/", false },
	{ "bytes -4/10", false },
	{ "bytes 0-/10", false },
	{ "lines 0-4/10", false },
	{ "bytes  0-4/10", false },
	{ "bytes 0-4/10 ", true },
	{ "bytes 0-4/x", false },
	{ "bytes 0-99999999999999999999/*", false },
	{ "bytes 0-18446744073709551615/*", false },
	{ "", false },
};

START_TEST(content_ranges_both_ways)
{
	larder_slice value = row_guard(content_ranges[_i].value);
	struct lrd_content_range range = { .size = 77 };
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	ck_assert_int_eq(lrd_content_range_parse(value, &range),
			 content_ranges[_i].good ? 0 : LARDER_EPROTO);
	if (content_ranges[_i].good) {
		ck_assert_int_eq(lrd_content_range_format(&range, &out), 0);
		ck_assert(lrd_slice_equal(lrd_buf_slice(&out), lrd_slice_trim(value)));
	} else {
		ck_assert_uint_eq(range.size, 77);
	}
	lrd_buf_release(&out);
	row_free(value);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("range");
	TCase *tc = tcase_create("range");

	tcase_add_loop_test(tc, ranges, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, content_ranges_both_ways, 0,
			    sizeof(content_ranges) / sizeof(content_ranges[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
