/* SPDX-License-Identifier: MIT */
/* test_num.c - sums that cannot wrap and decimal numbers that cannot surprise. */
#include "proto/bytes/num.h"

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static const struct {
	const char *text;
	int rc;
	uint64_t number;
} unsigned_rows[] = {
	{ "0", 0, 0 },
	{ "000", 0, 0 },
	{ "5", 0, 5 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "0018446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", LARDER_ELIMIT, 0 },
	{ "99999999999999999999999", LARDER_ELIMIT, 0 },
	{ "", LARDER_EPROTO, 0 },
	{ "+5", LARDER_EPROTO, 0 },
	{ "-5", LARDER_EPROTO, 0 },
	{ " 5", LARDER_EPROTO, 0 },
	{ "5 ", LARDER_EPROTO, 0 },
	{ "5,5", LARDER_EPROTO, 0 },
	{ "0x5", LARDER_EPROTO, 0 },
	{ "5.0", LARDER_EPROTO, 0 },
	{ "1e3", LARDER_EPROTO, 0 },
	{ "99999999999999999999999x", LARDER_EPROTO, 0 },
};

START_TEST(unsigned_numbers)
{
	larder_slice text = lrd_slice_cstr(unsigned_rows[_i].text);
	uint64_t number = 77;

	ck_assert_int_eq(lrd_u64_parse(text, &number), unsigned_rows[_i].rc);
	ck_assert_uint_eq(number,
			  unsigned_rows[_i].rc == 0 ? unsigned_rows[_i].number : 77);

	number = 77;
	if (unsigned_rows[_i].rc == LARDER_ELIMIT) {
		ck_assert_int_eq(lrd_u64_parse_sat(text, &number), 0);
		ck_assert_uint_eq(number, UINT64_MAX);
	} else {
		ck_assert_int_eq(lrd_u64_parse_sat(text, &number), unsigned_rows[_i].rc);
	}
}
END_TEST

static const struct {
	const char *text;
	int rc;
	int64_t number;
} signed_rows[] = {
	{ "0", 0, 0 },
	{ "-0", 0, 0 },
	{ "-1", 0, -1 },
	{ "9223372036854775807", 0, INT64_MAX },
	{ "-9223372036854775808", 0, INT64_MIN },
	{ "9223372036854775808", LARDER_ELIMIT, 0 },
	{ "-9223372036854775809", LARDER_ELIMIT, 0 },
	{ "-", LARDER_EPROTO, 0 },
	{ "--1", LARDER_EPROTO, 0 },
	{ "", LARDER_EPROTO, 0 },
	{ "1-", LARDER_EPROTO, 0 },
};

START_TEST(signed_numbers)
{
	int64_t number = 77;

	ck_assert_int_eq(lrd_i64_parse(lrd_slice_cstr(signed_rows[_i].text), &number),
			 signed_rows[_i].rc);
	ck_assert_int_eq(number, signed_rows[_i].rc == 0 ? signed_rows[_i].number : 77);
}
END_TEST

START_TEST(formatting_and_back)
{
	static const int64_t numbers[] = { 0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN };
	char out[LRD_NUM_SIZE];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t back = 0;
		size_t len = lrd_i64_format(numbers[i], out);

		ck_assert_uint_eq(strlen(out), len);
		ck_assert_int_eq(lrd_i64_parse(lrd_slice_of(out, len), &back), 0);
		ck_assert_int_eq(back, numbers[i]);
	}
	ck_assert_uint_eq(lrd_u64_format(UINT64_MAX, out), 20);
	ck_assert_str_eq(out, "18446744073709551615");
}
END_TEST

START_TEST(sums)
{
	size_t size = 7;
	uint64_t number = 7;

	ck_assert(!lrd_size_add(SIZE_MAX, 1, &size));
	ck_assert(!lrd_size_mul(SIZE_MAX / 2, 3, &size));
	ck_assert_uint_eq(size, 7);
	ck_assert(lrd_size_add(SIZE_MAX - 1, 1, &size));
	ck_assert_uint_eq(size, SIZE_MAX);
	ck_assert(!lrd_u64_add(UINT64_MAX, 1, &number));
	ck_assert(!lrd_u64_mul(UINT64_MAX, 2, &number));
	ck_assert_uint_eq(number, 7);
	ck_assert(lrd_u64_mul(3, 4, &number));
	ck_assert_uint_eq(number, 12);
	ck_assert_int_eq(lrd_i64_add_sat(INT64_MAX, 1), INT64_MAX);
	ck_assert_int_eq(lrd_i64_add_sat(INT64_MIN, -1), INT64_MIN);
	ck_assert_int_eq(lrd_i64_add_sat(2, -3), -1);
	ck_assert_int_eq(lrd_i64_sub_sat(INT64_MIN, 1), INT64_MIN);
	ck_assert_int_eq(lrd_i64_sub_sat(0, INT64_MIN), INT64_MAX);
	ck_assert_int_eq(lrd_i64_sub_sat(2, 3), -1);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("num");
	TCase *tc = tcase_create("num");

	tcase_add_loop_test(tc, unsigned_numbers, 0,
			    sizeof(unsigned_rows) / sizeof(unsigned_rows[0]));
	tcase_add_loop_test(tc, signed_numbers, 0,
			    sizeof(signed_rows) / sizeof(signed_rows[0]));
	tcase_add_test(tc, formatting_and_back);
	tcase_add_test(tc, sums);
	suite_add_tcase(suite, tc);
	return suite;
}
