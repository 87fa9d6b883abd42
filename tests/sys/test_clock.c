/* SPDX-License-Identifier: MIT */
/* test_clock.c - the clocks agree with the system's and never go back; random bytes differ. */
#include "sys/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/random.h"
#include "tests/support/check_main.h"

START_TEST(seconds_are_the_systems)
{
	int64_t before = (int64_t)time(NULL);
	int64_t now = lrd_clock_now_s();
	int64_t after = (int64_t)time(NULL);

	/* The coarse clock may be a tick behind. */
	ck_assert_int_ge(now, before - 1);
	ck_assert_int_le(now, after);
}
END_TEST

START_TEST(monotonic_never_goes_back)
{
	uint64_t last = lrd_clock_mono_ns();

	for (int i = 0; i < 100000; i++) {
		uint64_t now = lrd_clock_mono_ns();

		ck_assert_uint_ge(now, last);
		last = now;
	}
	ck_assert_uint_le(lrd_clock_mono_coarse_ns(), lrd_clock_mono_ns());
	ck_assert_uint_ge(lrd_clock_mono_coarse_ns() + UINT64_C(100000000), last);
}
END_TEST

START_TEST(random_bytes_fill_all)
{
	unsigned char bytes[300];
	unsigned char seen[sizeof(bytes)] = { 0 };

	/* Every place is written: none stays 0 over twenty rounds, but by a chance of 256^-20. */
	for (int round = 0; round < 20; round++) {
		memset(bytes, 0, sizeof(bytes));
		lrd_random_bytes(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes); i++)
			seen[i] |= bytes[i];
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_uint_ne(seen[i], 0);
	ck_assert_uint_ne(lrd_random_u64(), lrd_random_u64());
	lrd_random_bytes(bytes, 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tc = tcase_create("clock");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, seconds_are_the_systems);
	tcase_add_test(tc, monotonic_never_goes_back);
	tcase_add_test(tc, random_bytes_fill_all);
	return suite;
}
