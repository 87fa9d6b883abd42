/* SPDX-License-Identifier: MIT */
/* test_hex.c - bytes as hexadecimal digits and back; little-endian numbers at odd addresses. */
#include "proto/bytes/hex.h"

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

START_TEST(both_ways)
{
	unsigned char all[256];
	unsigned char back[256];
	char digits[513];
	struct lrd_buf out;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	lrd_hex_format(all, sizeof(all), digits);
	ck_assert_uint_eq(strlen(digits), 512);
	ck_assert(strncmp(digits, "000102", 6) == 0);
	ck_assert_str_eq(digits + 506, "fdfeff");
	ck_assert_int_eq(lrd_hex_parse(lrd_slice_cstr(digits), back, sizeof(back)), 0);
	ck_assert_int_eq(memcmp(all, back, sizeof(all)), 0);

	lrd_buf_init(&out, 512, NULL);
	ck_assert_int_eq(lrd_hex_append(&out, lrd_slice_of((const char *)all, 256)), 0);
	ck_assert_str_eq(out.ptr, digits);
	ck_assert_int_eq(lrd_hex_append(&out, LRD_SLICE("a")), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_hex_append(&out, LRD_SLICE("")), 0);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(only_digits_of_the_right_count)
{
	unsigned char out[2] = { 7, 7 };

	ck_assert_int_eq(lrd_hex_parse(LRD_SLICE("abc"), out, 2), LARDER_EPROTO);
	ck_assert_int_eq(lrd_hex_parse(LRD_SLICE("abcde"), out, 2), LARDER_EPROTO);
	ck_assert_int_eq(lrd_hex_parse(LRD_SLICE("ab"), out, 2), LARDER_EPROTO);
	ck_assert_int_eq(lrd_hex_parse(LRD_SLICE("abcg"), out, 2), LARDER_EPROTO);
	ck_assert_int_eq(out[0], 7);
	ck_assert_int_eq(lrd_hex_parse(LRD_SLICE("aBCd"), out, 2), 0);
	ck_assert_int_eq(out[0], 0xab);
	ck_assert_int_eq(out[1], 0xcd);
}
END_TEST

START_TEST(little_endian)
{
	unsigned char at[9] = { 0 };

	lrd_le_put16(at + 1, 0x0102);
	ck_assert_int_eq(at[1], 2);
	ck_assert_int_eq(at[2], 1);
	ck_assert_uint_eq(lrd_le_get16(at + 1), 0x0102);
	lrd_le_put32(at + 1, 0x01020304);
	ck_assert_int_eq(at[1], 4);
	ck_assert_int_eq(at[4], 1);
	ck_assert_uint_eq(lrd_le_get32(at + 1), 0x01020304);
	lrd_le_put64(at + 1, UINT64_C(0x0102030405060708));
	ck_assert_int_eq(at[1], 8);
	ck_assert_int_eq(at[8], 1);
	ck_assert_uint_eq(lrd_le_get64(at + 1), UINT64_C(0x0102030405060708));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("hex");
	TCase *tc = tcase_create("hex");

	tcase_add_test(tc, both_ways);
	tcase_add_test(tc, only_digits_of_the_right_count);
	tcase_add_test(tc, little_endian);
	suite_add_tcase(suite, tc);
	return suite;
}
