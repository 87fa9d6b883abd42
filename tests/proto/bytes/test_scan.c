/* SPDX-License-Identifier: MIT */
/* test_scan.c - the table of byte classes against its definitions, spelled out again. */
#include "proto/bytes/scan.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static bool in(int c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

static bool between(int c, int low, int high)
{
	return c >= low && c <= high;
}

START_TEST(every_byte_is_in_its_classes)
{
	int c = _i;
	bool upper = between(c, 'A', 'Z');
	bool alpha = upper || between(c, 'a', 'z');
	bool digit = between(c, '0', '9');
	bool unreserved = alpha || digit || in(c, "-._~");
	bool subdelim = in(c, "!$&'()*+,;=");
	bool pchar = unreserved || subdelim || in(c, ":@");
	const struct {
		unsigned bit;
		bool member;
	} classes[] = {
		{ LRD_ALPHA, alpha },
		{ LRD_DIGIT, digit },
		{ LRD_HEX, digit || between(c, 'a', 'f') || between(c, 'A', 'F') },
		{ LRD_TCHAR, alpha || digit || in(c, "!#$%&'*+-.^_`|~") },
		{ LRD_FIELD, c == '\t' || between(c, 0x20, 0x7e) || c >= 0x80 },
		{ LRD_OWS, in(c, " \t") },
		{ LRD_UNRESERVED, unreserved },
		{ LRD_SUBDELIM, subdelim },
		{ LRD_PCHAR, pchar },
		{ LRD_ETAGC, c == 0x21 || between(c, 0x23, 0x7e) || c >= 0x80 },
		{ LRD_UPPER, upper },
		{ LRD_VCHAR, between(c, 0x21, 0x7e) },
		{ LRD_LOOSE, in(c, "[]^`{|}") },
		{ LRD_PATH, pchar || c == '/' },
		{ LRD_QUERY, pchar || in(c, "/?") },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		ck_assert_msg(lrd_is((char)c, classes[i].bit) == classes[i].member,
			      "byte 0x%02x, class 0x%x", (unsigned)c, classes[i].bit);
}
END_TEST

START_TEST(single_bytes)
{
	ck_assert_int_eq(lrd_hex_digit('0'), 0);
	ck_assert_int_eq(lrd_hex_digit('9'), 9);
	ck_assert_int_eq(lrd_hex_digit('a'), 10);
	ck_assert_int_eq(lrd_hex_digit('F'), 15);
	ck_assert_int_eq(lrd_hex_digit('g'), -1);
	ck_assert_int_eq(lrd_hex_digit('\0'), -1);
	ck_assert_int_eq(lrd_lower('Z'), 'z');
	ck_assert_int_eq(lrd_lower('['), '[');
	ck_assert_int_eq(lrd_upper('a'), 'A');
	ck_assert_int_eq(lrd_upper('`'), '`');
}
END_TEST

START_TEST(spans)
{
	ck_assert_uint_eq(lrd_scan_span(LRD_SLICE("12a"), LRD_DIGIT), 2);
	ck_assert_uint_eq(lrd_scan_span(LRD_SLICE("12"), LRD_DIGIT), 2);
	ck_assert_uint_eq(lrd_scan_span(LRD_SLICE(""), LRD_DIGIT), 0);
	ck_assert(lrd_scan_all(LRD_SLICE("12"), LRD_DIGIT));
	ck_assert(!lrd_scan_all(LRD_SLICE("1 "), LRD_DIGIT));
	ck_assert(!lrd_scan_all(LRD_SLICE(""), LRD_DIGIT));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("scan");
	TCase *tc = tcase_create("scan");

	tcase_add_loop_test(tc, every_byte_is_in_its_classes, 0, 256);
	tcase_add_test(tc, single_bytes);
	tcase_add_test(tc, spans);
	suite_add_tcase(suite, tc);
	return suite;
}
