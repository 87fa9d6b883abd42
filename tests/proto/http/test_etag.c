/* SPDX-License-Identifier: MIT */
/* test_etag.c - entity tags: opaque, compared in two ways, found in lists. */
#include "proto/http/etag.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const struct {
	const char *text;
	bool good, weak;
} tags[] = {
	{ "\"\"", true, false },
	{ "\"a\"", true, false },
	{ "W/\"a\"", true, true },
	{ " \"a\"\t", true, false },
	{ "\"a,b\"", true, false },
	{ "\"a\\\"", true, false },
	{ "\"\xc3\xa9;{}\"", true, false },
	{ "", false, false },
	{ "a", false, false },
	{ "\"a", false, false },
	{ "a\"", false, false },
	{ "w/\"a\"", false, false },
	{ "W/a", false, false },
	{ "W/", false, false },
	{ "W/ \"a\"", false, false },
	{ "\"a\"b", false, false },
	{ "\"a b\"", false, false },
	{ "\"a\"\"", false, false },
	{ "\"a\x7f\"", false, false },
	{ "*", false, false },
	{ "\"a\", \"b\"", false, false },
	{ "\"", false, false },
};

START_TEST(single_tags)
{
	larder_slice text = row_guard(tags[_i].text);
	struct lrd_etag tag = { .weak = true };

	ck_assert_int_eq(lrd_etag_parse(text, &tag), tags[_i].good ? 0 : LARDER_EPROTO);
	if (tags[_i].good) {
		ck_assert_int_eq(tag.weak, tags[_i].weak);
		ck_assert(lrd_slice_equal(tag.raw, lrd_slice_trim(text)));
		ck_assert_int_eq(tag.opaque.ptr[0], '"');
	}
	row_free(text);
}
END_TEST

/* The table of RFC 9110 s8.8.3.2. */
static const struct {
	const char *a, *b;
	bool strong, weak;
} pairs[] = {
	{ "W/\"1\"", "W/\"1\"", false, true }, { "W/\"1\"", "W/\"2\"", false, false },
	{ "W/\"1\"", "\"1\"", false, true },   { "\"1\"", "\"1\"", true, true },
	{ "\"a\"", "\"A\"", false, false },
};

START_TEST(comparisons)
{
	struct lrd_etag a;
	struct lrd_etag b;

	ck_assert_int_eq(lrd_etag_parse(lrd_slice_cstr(pairs[_i].a), &a), 0);
	ck_assert_int_eq(lrd_etag_parse(lrd_slice_cstr(pairs[_i].b), &b), 0);
	ck_assert_int_eq(lrd_etag_equal_strong(&a, &b), pairs[_i].strong);
	ck_assert_int_eq(lrd_etag_equal_strong(&b, &a), pairs[_i].strong);
	ck_assert_int_eq(lrd_etag_equal_weak(&a, &b), pairs[_i].weak);
	ck_assert_int_eq(lrd_etag_equal_weak(&b, &a), pairs[_i].weak);
}
END_TEST

static const struct {
	const char *fields, *tag;
	bool strong;
	enum lrd_etag_match match;
} lists[] = {
	{ "", "\"a\"", false, LRD_ETAG_ABSENT },
	{ "N: *", "\"a\"", false, LRD_ETAG_ANY },
	{ "N: *", NULL, false, LRD_ETAG_ANY },
	{ "N: \"a\"", NULL, false, LRD_ETAG_NO_MATCH },
	{ "N: \"a\"", "\"a\"", false, LRD_ETAG_MATCH },
	{ "N: \"b\", W/\"a\"", "\"a\"", false, LRD_ETAG_MATCH },
	{ "N: \"b\", W/\"a\"", "\"a\"", true, LRD_ETAG_NO_MATCH },
	{ "N: \"b,\",,\"a\"", "\"a\"", true, LRD_ETAG_MATCH },
	{ "N: \"b\\\",\"a\"", "\"a\"", true, LRD_ETAG_MATCH },
	{ "N: \"b\"\nn: \"a\"", "\"a\"", true, LRD_ETAG_MATCH },
	{ "N: ", "\"a\"", true, LRD_ETAG_NO_MATCH },
	{ "N: \"a\", *", "\"a\"", false, LRD_ETAG_MALFORMED },
	{ "N: a", "\"a\"", false, LRD_ETAG_MALFORMED },
	{ "N: \"a\" \"b\"", "\"a\"", false, LRD_ETAG_MALFORMED },
	{ "N: \"a\", \"b", "\"a\"", false, LRD_ETAG_MALFORMED },
	{ "N: *\nN: *", "\"a\"", false, LRD_ETAG_MALFORMED },
};

START_TEST(finding_in_a_list)
{
	struct row_fields rows;
	struct lrd_etag tag;

	if (lists[_i].tag)
		ck_assert_int_eq(lrd_etag_parse(lrd_slice_cstr(lists[_i].tag), &tag), 0);
	ck_assert_int_eq((int)lrd_etag_find(row_view(lists[_i].fields, &rows),
					    LRD_SLICE("N"), lists[_i].tag ? &tag : NULL,
					    lists[_i].strong),
			 (int)lists[_i].match);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("etag");
	TCase *tc = tcase_create("etag");

	tcase_add_loop_test(tc, single_tags, 0, sizeof(tags) / sizeof(tags[0]));
	tcase_add_loop_test(tc, comparisons, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_loop_test(tc, finding_in_a_list, 0, sizeof(lists) / sizeof(lists[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
