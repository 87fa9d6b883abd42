/* SPDX-License-Identifier: MIT */
/* test_text.c - what a terminal must not see, and sizes and times as people write them. */
#include "tools/text.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static const struct {
	larder_slice bytes;
	const char *shown;
} escapes[] = {
	{ LRD_SLICE_INIT("plain ~ text"), "plain ~ text" },
	{ LRD_SLICE_INIT(""), "" },
	{ LRD_SLICE_INIT("\033[31mred"), "\\x1b[31mred" },
	{ LRD_SLICE_INIT("a\r\n\tb\0c\x7f"), "a\\x0d\\x0a\\x09b\\x00c\\x7f" },
	{ LRD_SLICE_INIT("back\\slash"), "back\\\\slash" },
	{ LRD_SLICE_INIT("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f" },
	{ LRD_SLICE_INIT("\xf0\x9f\x8d\x9e"), "\xf0\x9f\x8d\x9e" },
	/* C1 controls, as UTF-8 and as bare bytes */
	{ LRD_SLICE_INIT("\xc2\x9b"
			 "31m"),
	  "\\u009b31m" },
	{ LRD_SLICE_INIT("\x9b"
			 "31m"),
	  "\\x9b31m" },
	/* right-to-left override, zero width space, byte order mark */
	{ LRD_SLICE_INIT("a\xe2\x80\xae"
			 "b"),
	  "a\\u202eb" },
	{ LRD_SLICE_INIT("\xe2\x80\x8b"), "\\u200b" },
	{ LRD_SLICE_INIT("\xef\xbb\xbf"), "\\ufeff" },
	/* no UTF-8: overlong, cut short, surrogate */
	{ LRD_SLICE_INIT("\xc0\x80"), "\\xc0\\x80" },
	{ LRD_SLICE_INIT("\xe2\x82"), "\\xe2\\x82" },
	{ LRD_SLICE_INIT("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
	{ LRD_SLICE_INIT("\xff\xfe"), "\\xff\\xfe" },
};

START_TEST(bytes_are_escaped)
{
	char out[128];
	size_t len = lrd_cli_text_escape_into(escapes[_i].bytes, out, sizeof(out));

	ck_assert_str_eq(out, escapes[_i].shown);
	ck_assert_uint_eq(len, strlen(out));
}
END_TEST

START_TEST(escapes_are_never_cut_in_two)
{
	for (size_t cap = 1; cap < 12; cap++) {
		char out[12];
		size_t len = lrd_cli_text_escape_into(LRD_SLICE("a\033b\033"), out, cap);

		ck_assert_uint_lt(len, cap);
		ck_assert_uint_eq(out[len], '\0');
		ck_assert(len == 0 || len == 1 || len == 5 || len == 6 || len == 10);
	}
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.0 KiB" },
	{ 1024 * 1024 - 1, "1.0 MiB" },
	{ 1024 * 1024, "1.0 MiB" },
	{ UINT64_C(3) << 30, "3.00 GiB" },
	{ UINT64_MAX, "16.00 EiB" },
};

START_TEST(sizes_are_written)
{
	char out[LRD_TEXT_SIZE];

	ck_assert_str_eq(lrd_cli_text_size(sizes[_i].bytes, out), sizes[_i].text);
}
END_TEST

static const struct {
	int64_t seconds;
	const char *text;
} durations[] = {
	{ 0, "0s" },
	{ 59, "59s" },
	{ 60, "1m00s" },
	{ 3599, "59m59s" },
	{ 7500, "2h05m" },
	{ 86400, "1d00h" },
	{ 273600, "3d04h" },
	{ -42, "-42s" },
	{ 31535999, "364d23h" },
	{ 31536000, "1y000d" },
	{ 2147483647, "68y035d" },
	{ -3153599999, "-99y364d" },
	{ 3153600000, "100y+" },
	{ INT64_MIN, "-100y+" },
	{ INT64_MAX, "100y+" },
};

START_TEST(durations_are_written)
{
	char out[LRD_TEXT_SIZE];

	ck_assert_str_eq(lrd_cli_text_duration(durations[_i].seconds, out),
			 durations[_i].text);
}
END_TEST

START_TEST(times_are_written)
{
	char out[LRD_TEXT_SIZE];

	ck_assert_str_eq(lrd_cli_text_time(0, out), "-");
	ck_assert_str_eq(lrd_cli_text_time(784111777, out), "1994-11-06T08:49:37Z");
	/* A year that no calendar here knows must not crash. */
	ck_assert_ptr_nonnull(lrd_cli_text_time(INT64_MAX, out));
}
END_TEST

static const struct {
	const char *text;
	int rc;
	uint32_t ms;
} waits[] = {
	{ "2", 0, 2000 },
	{ "0.5", 0, 500 },
	{ "1.25s", 0, 1250 },
	{ "5m", 0, 300000 },
	{ "1.5h", 0, 5400000 },
	{ "3d", 0, 259200000 },
	{ "0", 0, 0 },
	{ "0.001", 0, 1 },
	{ "", LARDER_EINVAL, 0 },
	{ "s", LARDER_EINVAL, 0 },
	{ "-1", LARDER_EINVAL, 0 },
	{ "1.2.3", LARDER_EINVAL, 0 },
	{ "1x", LARDER_EINVAL, 0 },
	{ "1 s", LARDER_EINVAL, 0 },
	{ ".5", LARDER_EINVAL, 0 },
	{ "0.0001", LARDER_EINVAL, 0 },
	{ "50d", LARDER_EINVAL, 0 },
	{ "99999999999999999999", LARDER_EINVAL, 0 },
};

START_TEST(waits_are_read)
{
	uint32_t ms = 7;

	ck_assert_msg(lrd_cli_text_parse_ms(waits[_i].text, &ms) == waits[_i].rc, "'%s'",
		      waits[_i].text);
	ck_assert_uint_eq(ms, waits[_i].rc == 0 ? waits[_i].ms : 7);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("tools/text");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, bytes_are_escaped, 0,
			    sizeof(escapes) / sizeof(escapes[0]));
	tcase_add_test(tcase, escapes_are_never_cut_in_two);
	tcase_add_loop_test(tcase, sizes_are_written, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(tcase, durations_are_written, 0,
			    sizeof(durations) / sizeof(durations[0]));
	tcase_add_test(tcase, times_are_written);
	tcase_add_loop_test(tcase, waits_are_read, 0, sizeof(waits) / sizeof(waits[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
