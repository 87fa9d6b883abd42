/* SPDX-License-Identifier: MIT */
/* test_slice.c - comparing and cutting slices, with every function given empty ones too. */
#include "proto/bytes/slice.h"

#include "tests/support/check_main.h"

#define ck_slice(slice, text)                                  \
	ck_assert_msg(lrd_slice_equal(slice, LRD_SLICE(text)), \
		      "\"%.*s\" in place of \"%s\"", LRD_SLICE_ARG(slice), text)

static const struct {
	const char *a, *b;
	bool equal, nocase;
	int order;
} pairs[] = {
	{ "", "", true, true, 0 },
	{ "", "a", false, false, -1 },
	{ "abc", "abc", true, true, 0 },
	{ "abc", "abd", false, false, -1 },
	{ "ab", "abc", false, false, -1 },
	{ "Content-Type", "content-type", false, true, -1 },
	{ "@", "`", false, false, -1 }, /* differ by 0x20 like letters do, yet are none */
	{ "[", "{", false, false, -1 },
	{ "\xc0", "\xe0", false, false, -1 },
	{ "\x7f", "\x80", false, false, -1 }, /* bytes are unsigned */
};

START_TEST(comparisons)
{
	larder_slice a = lrd_slice_cstr(pairs[_i].a);
	larder_slice b = lrd_slice_cstr(pairs[_i].b);

	ck_assert_int_eq(lrd_slice_equal(a, b), pairs[_i].equal);
	ck_assert_int_eq(lrd_slice_equal_nocase(a, b), pairs[_i].nocase);
	ck_assert_int_eq(lrd_slice_equal_nocase(b, a), pairs[_i].nocase);
	ck_assert_int_eq((lrd_slice_compare(a, b) > 0) - (lrd_slice_compare(a, b) < 0),
			 pairs[_i].order);
	ck_assert_int_eq((lrd_slice_compare(b, a) > 0) - (lrd_slice_compare(b, a) < 0),
			 -pairs[_i].order);
}
END_TEST

START_TEST(beginnings_and_ends)
{
	larder_slice text = LRD_SLICE("Proxy-Auth");

	ck_assert(lrd_slice_starts(text, LRD_SLICE("Proxy-")));
	ck_assert(!lrd_slice_starts(text, LRD_SLICE("proxy-")));
	ck_assert(lrd_slice_starts_nocase(text, LRD_SLICE("pROXY-")));
	ck_assert(lrd_slice_starts(text, LRD_SLICE("")));
	ck_assert(!lrd_slice_starts(text, LRD_SLICE("Proxy-Authorization")));
	ck_assert(lrd_slice_ends(text, LRD_SLICE("Auth")));
	ck_assert(lrd_slice_ends(text, LRD_SLICE("")));
	ck_assert(!lrd_slice_ends(text, LRD_SLICE("auth")));
	ck_assert(!lrd_slice_ends(LRD_SLICE("th"), text));
	ck_slice(lrd_slice_skip(text, 6), "Auth");
	ck_slice(lrd_slice_skip(text, 99), "");
	ck_slice(lrd_slice_first(text, 5), "Proxy");
	ck_slice(lrd_slice_first(text, 99), "Proxy-Auth");
}
END_TEST

START_TEST(trimming_takes_blanks_and_tabs_only)
{
	ck_slice(lrd_slice_trim(LRD_SLICE(" \t a b\t ")), "a b");
	ck_slice(lrd_slice_trim(LRD_SLICE(" \t ")), "");
	ck_slice(lrd_slice_trim(LRD_SLICE("")), "");
	ck_slice(lrd_slice_trim(LRD_SLICE("\r\na\v")), "\r\na\v");
}
END_TEST

START_TEST(splitting_gives_every_piece)
{
	larder_slice rest = LRD_SLICE("a,,b,");
	larder_slice piece;

	ck_assert(lrd_slice_split(&rest, ',', &piece));
	ck_slice(piece, "a");
	ck_assert(lrd_slice_split(&rest, ',', &piece));
	ck_slice(piece, "");
	ck_assert(lrd_slice_split(&rest, ',', &piece));
	ck_slice(piece, "b");
	ck_assert(lrd_slice_split(&rest, ',', &piece));
	ck_slice(piece, "");
	piece = LRD_SLICE("untouched");
	ck_assert(!lrd_slice_split(&rest, ',', &piece));
	ck_slice(piece, "untouched");
}
END_TEST

START_TEST(cutting_needs_the_separator)
{
	larder_slice before = LRD_SLICE("x");
	larder_slice after = LRD_SLICE("y");

	ck_assert(!lrd_slice_cut(LRD_SLICE("abc"), ':', &before, &after));
	ck_slice(before, "x");
	ck_slice(after, "y");
	ck_assert(lrd_slice_cut(LRD_SLICE("a:b:c"), ':', &before, &after));
	ck_slice(before, "a");
	ck_slice(after, "b:c");
	ck_assert(lrd_slice_cut(LRD_SLICE(":"), ':', &before, &after));
	ck_slice(before, "");
	ck_slice(after, "");
}
END_TEST

START_TEST(empty_slices_without_a_pointer)
{
	larder_slice none = { NULL, 0 };
	larder_slice piece;

	ck_assert(lrd_slice_equal(none, LRD_SLICE("")));
	ck_assert(lrd_slice_equal_nocase(none, LRD_SLICE("")));
	ck_assert_int_eq(lrd_slice_compare(none, LRD_SLICE("")), 0);
	ck_assert_uint_eq(lrd_slice_find(none, 'a'), 0);
	ck_assert_uint_eq(lrd_slice_trim(none).len, 0);
	ck_assert_uint_eq(lrd_slice_skip(none, 3).len, 0);
	ck_assert(lrd_slice_starts(none, none));
	ck_assert(lrd_slice_ends(none, none));
	ck_assert(!lrd_slice_split(&none, ',', &piece));
	ck_assert_uint_eq(lrd_slice_cstr(NULL).len, 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("slice");
	TCase *tc = tcase_create("slice");

	tcase_add_loop_test(tc, comparisons, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tc, beginnings_and_ends);
	tcase_add_test(tc, trimming_takes_blanks_and_tabs_only);
	tcase_add_test(tc, splitting_gives_every_piece);
	tcase_add_test(tc, cutting_needs_the_separator);
	tcase_add_test(tc, empty_slices_without_a_pointer);
	suite_add_tcase(suite, tc);
	return suite;
}
