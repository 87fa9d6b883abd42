/* SPDX-License-Identifier: MIT */
/* test_command.c - the table of commands: names, words, times. */
#include "proto/memcache/command.h"

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

START_TEST(every_verb_is_found_by_its_name)
{
	for (int i = 1; i < LRD_MC_VERB_COUNT; i++) {
		const char *name = lrd_mc_verb_name((enum lrd_mc_verb)i);

		ck_assert_msg(name != NULL, "verb %d has no name", i);
		ck_assert_int_eq(lrd_mc_verb_find(lrd_slice_cstr(name)), i);
		ck_assert_ptr_nonnull(lrd_mc_verb_arguments((enum lrd_mc_verb)i));
	}
	ck_assert_int_eq(lrd_mc_verb_find(LRD_SLICE("GET")), LRD_MC_NONE);
	ck_assert_int_eq(lrd_mc_verb_find(LRD_SLICE("ge")), LRD_MC_NONE);
	ck_assert_int_eq(lrd_mc_verb_find(LRD_SLICE("")), LRD_MC_NONE);
}
END_TEST

START_TEST(blocks_belong_to_the_verbs_that_store)
{
	for (int i = 1; i < LRD_MC_VERB_COUNT; i++) {
		bool block = i >= LRD_MC_SET && i <= LRD_MC_CAS;

		ck_assert_int_eq((lrd_mc_verb_traits((enum lrd_mc_verb)i) &
				  LRD_MC_TRAIT_BLOCK) != 0,
				 block);
	}
}
END_TEST

static const struct {
	int64_t exptime, now, expected;
} times[] = {
	{ 0, 1000000000, 0 },
	{ 1, 1000000000, 1000000001 },
	{ 2592000, 1000000000, 1002592000 },
	{ 2592001, 1000000000, 2592001 },
	{ 1700000000, 1000000000, 1700000000 },
	{ -1, 1000000000, 1000000000 },
	{ INT32_MIN, 1000000000, 1000000000 },
	{ -1, 0, 1 },
};

START_TEST(exptime_becomes_a_time)
{
	ck_assert_int_eq(lrd_mc_expires_at(times[_i].exptime, times[_i].now),
			 times[_i].expected);
}
END_TEST

START_TEST(words_are_cut_at_blanks_only)
{
	larder_slice rest = LRD_SLICE("  a  b\tc d "), word;

	ck_assert(lrd_mc_next_word(&rest, &word) && lrd_slice_equal(word, LRD_SLICE("a")));
	ck_assert(lrd_mc_next_word(&rest, &word) &&
		  lrd_slice_equal(word, LRD_SLICE("b\tc")));
	ck_assert(lrd_mc_next_word(&rest, &word) && lrd_slice_equal(word, LRD_SLICE("d")));
	ck_assert(!lrd_mc_next_word(&rest, &word));
	ck_assert(!lrd_mc_next_word(&rest, &word));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("memcache/command");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, every_verb_is_found_by_its_name);
	tcase_add_test(tcase, blocks_belong_to_the_verbs_that_store);
	tcase_add_loop_test(tcase, exptime_becomes_a_time, 0,
			    sizeof(times) / sizeof(times[0]));
	tcase_add_test(tcase, words_are_cut_at_blanks_only);
	suite_add_tcase(suite, tcase);
	return suite;
}
