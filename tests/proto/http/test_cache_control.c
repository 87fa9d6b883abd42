/* SPDX-License-Identifier: MIT */
/* test_cache_control.c - directives in every spelling, and the reading that caches less. */
#include "proto/http/cache_control.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

#define CC "Cache-Control: "

enum {
	NO_STORE = LRD_CC_NO_STORE,
	NO_CACHE = LRD_CC_NO_CACHE,
	PRIVATE = LRD_CC_PRIVATE,
	PUBLIC = LRD_CC_PUBLIC,
	MUST = LRD_CC_MUST_REVALIDATE,
	MAX_AGE = LRD_CC_MAX_AGE,
	S_MAXAGE = LRD_CC_S_MAXAGE,
	MAX_STALE = LRD_CC_MAX_STALE,
};

static const struct {
	const char *fields;
	unsigned present, invalid, qualified;
	int64_t max_age;
} rows[] = {
	{ "", 0, 0, 0, 0 },
	{ CC "", 0, 0, 0, 0 },
	{ "X: no-store", 0, 0, 0, 0 },
	{ CC "max-age=60", MAX_AGE, 0, 0, 60 },
	{ "CACHE-control: MAX-Age=60", MAX_AGE, 0, 0, 60 },
	{ CC "max-age=\"60\"", MAX_AGE, 0, 0, 60 },
	{ CC "max-age=0060", MAX_AGE, 0, 0, 60 },
	{ CC "max-age=0", MAX_AGE, 0, 0, 0 },
	{ CC ",, max-age=60 ,", MAX_AGE, 0, 0, 60 },
	{ CC "public,max-age=60\n" CC "must-revalidate", PUBLIC | MAX_AGE | MUST, 0, 0,
	  60 },
	{ CC "max-age=2147483647", MAX_AGE, 0, 0, INT64_C(2147483647) },
	{ CC "max-age=2147483648", MAX_AGE, 0, 0, INT64_C(2147483648) },
	{ CC "max-age=2147483649", MAX_AGE, 0, 0, INT64_C(2147483648) },
	{ CC "max-age=99999999999999999999999999", MAX_AGE, 0, 0, INT64_C(2147483648) },
	{ CC "foo=\"bar, no-store\", max-age=5", MAX_AGE, 0, 0, 5 },
	{ CC "foo=\"a\\\", no-store\", max-age=5", MAX_AGE, 0, 0, 5 },
	{ CC "x-no-store, no-storex, \"no-store\"", 0, 0, 0, 0 },
	/* numbers that are none */
	{ CC "max-age", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=\"\"", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=-1", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=+1", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=1.5", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=1s", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=1e3", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=0x10", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age='60'", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=\"60", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=60\"", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age =60", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age= 60", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=60 s-maxage=10", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=60;no-store", MAX_AGE, MAX_AGE, 0, 0 },
	/* the first of several */
	{ CC "max-age=60, max-age=5", MAX_AGE, 0, 0, 60 },
	{ CC "max-age=5\n" CC "max-age=60", MAX_AGE, 0, 0, 5 },
	{ CC "max-age=x, max-age=60", MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=60, max-age=x", MAX_AGE, 0, 0, 60 },
	/* words with arguments: what restricts stays, what permits goes */
	{ CC "no-store=1, must-revalidate=\"x\"", NO_STORE | MUST, 0, 0, 0 },
	{ CC "no-store = 1", NO_STORE, 0, 0, 0 },
	{ CC "public=1, immutable=x, must-understand=\"\"", 0, 0, 0, 0 },
	/* qualified and not */
	{ CC "no-cache", NO_CACHE, 0, 0, 0 },
	{ CC "no-cache=\"Set-Cookie\"", NO_CACHE, 0, NO_CACHE, 0 },
	{ CC "private=\"a, b\", no-cache", PRIVATE | NO_CACHE, 0, PRIVATE, 0 },
	{ CC "private=\"a\"\n" CC "private=\"b\"", PRIVATE, 0, PRIVATE, 0 },
	{ CC "private=\"a\", private", PRIVATE, 0, 0, 0 },
	{ CC "private, private=\"a\"", PRIVATE, 0, 0, 0 },
	{ CC "private=\"a\", private=, private=\"b\"", PRIVATE, 0, 0, 0 },
	{ CC "private=", PRIVATE, 0, 0, 0 },
	{ CC "private=\"\"", PRIVATE, 0, 0, 0 },
	{ CC "private=\" , \"", PRIVATE, 0, 0, 0 },
	{ CC "private=a", PRIVATE, 0, 0, 0 },
	{ CC "private=\"a b\"", PRIVATE, 0, 0, 0 },
	{ CC "private=\"a\\b\"", PRIVATE, 0, 0, 0 },
	{ CC "private=\"a\"x", PRIVATE, 0, 0, 0 },
	{ CC "private = \"a\"", PRIVATE, 0, 0, 0 },
	{ CC "private= \"a\"", PRIVATE, 0, 0, 0 },
	{ CC "private=\"a\",private=\"b\",private=\"c\",private=\"d\"", PRIVATE, 0,
	  PRIVATE, 0 },
	{ CC "private=\"a\",private=\"b\",private=\"c\",private=\"d\",private=\"e\"",
	  PRIVATE, 0, 0, 0 },
	/* quotes that never end */
	{ CC "no-cache=\"", NO_CACHE, 0, 0, 0 },
	{ CC "no-cache=\"a, max-age=60", NO_CACHE | MAX_AGE, MAX_AGE, 0, 0 },
	{ CC "max-age=60, foo=\"a, no-store, public", MAX_AGE | NO_STORE, 0, 0, 60 },
	{ CC "foo=\"a\n" CC "max-age=60", MAX_AGE, 0, 0, 60 },
};

START_TEST(readings)
{
	struct row_fields fields;
	struct lrd_cache_control cc;

	lrd_cache_control_parse(row_view(rows[_i].fields, &fields), &cc);
	ck_assert_msg(cc.present == rows[_i].present && cc.invalid == rows[_i].invalid &&
			      cc.qualified == rows[_i].qualified &&
			      cc.max_age == rows[_i].max_age,
		      "%s: present 0x%x invalid 0x%x qualified 0x%x max_age %lld",
		      rows[_i].fields, cc.present, cc.invalid, cc.qualified,
		      (long long)cc.max_age);
	ck_assert_int_eq(cc.no_cache_names.count > 0, (cc.qualified & NO_CACHE) != 0);
	ck_assert_int_eq(cc.private_names.count > 0, (cc.qualified & PRIVATE) != 0);
}
END_TEST

START_TEST(every_directive)
{
	struct row_fields fields;
	struct lrd_cache_control cc;

	lrd_cache_control_parse(
		row_view(
			CC
			"no-store, no-cache, private, public, must-revalidate, "
			"proxy-revalidate, "
			"must-understand, no-transform, immutable, only-if-cached, "
			"max-age=1, "
			"s-maxage=2, max-stale=3, min-fresh=4, stale-while-revalidate=5, "
			"stale-if-error=6",
			&fields),
		&cc);
	ck_assert_uint_eq(cc.present, 0xffff);
	ck_assert_uint_eq(cc.invalid, 0);
	ck_assert_int_eq(cc.max_age, 1);
	ck_assert_int_eq(cc.s_maxage, 2);
	ck_assert_int_eq(cc.max_stale, 3);
	ck_assert(!cc.max_stale_any);
	ck_assert_int_eq(cc.min_fresh, 4);
	ck_assert_int_eq(cc.stale_while_revalidate, 5);
	ck_assert_int_eq(cc.stale_if_error, 6);
	ck_assert(lrd_cc_has(&cc, LRD_CC_PUBLIC));
	ck_assert(lrd_cc_valid(&cc, LRD_CC_S_MAXAGE));
	ck_assert(lrd_cc_unqualified(&cc, LRD_CC_PRIVATE));
}
END_TEST

START_TEST(max_stale_without_a_value)
{
	struct row_fields fields;
	struct lrd_cache_control cc;

	lrd_cache_control_parse(row_view(CC "max-stale", &fields), &cc);
	ck_assert(cc.max_stale_any && lrd_cc_valid(&cc, MAX_STALE));
	ck_assert_int_eq(cc.max_stale, LRD_CC_MAX_SECONDS);
	lrd_cache_control_parse(row_view(CC "max-stale=", &fields), &cc);
	ck_assert(!cc.max_stale_any && !lrd_cc_valid(&cc, MAX_STALE));
	lrd_cache_control_parse(row_view(CC "max-stale=5, max-stale", &fields), &cc);
	ck_assert(!cc.max_stale_any);
	ck_assert_int_eq(cc.max_stale, 5);
	lrd_cache_control_parse(row_view(CC "x=\"a, max-stale", &fields), &cc);
	ck_assert(!cc.max_stale_any && !lrd_cc_valid(&cc, MAX_STALE));
}
END_TEST

START_TEST(names_are_found)
{
	struct row_fields fields;
	struct lrd_cache_control cc;

	lrd_cache_control_parse(row_view(CC "no-cache=\"Set-Cookie,, X-A\"\n" CC
					    "no-cache=\"b\"",
					 &fields),
				&cc);
	ck_assert(lrd_cc_names_has(&cc.no_cache_names, LRD_SLICE("set-cookie")));
	ck_assert(lrd_cc_names_has(&cc.no_cache_names, LRD_SLICE("X-a")));
	ck_assert(lrd_cc_names_has(&cc.no_cache_names, LRD_SLICE("B")));
	ck_assert(!lrd_cc_names_has(&cc.no_cache_names, LRD_SLICE("X")));
	ck_assert(!lrd_cc_names_has(&cc.private_names, LRD_SLICE("b")));
}
END_TEST

START_TEST(pragma_counts_alone)
{
	struct row_fields fields;

	ck_assert(lrd_pragma_no_cache(row_view("Pragma: x, No-Cache", &fields)));
	ck_assert(!lrd_pragma_no_cache(
		row_view("Pragma: no-cache\nCache-Control: x", &fields)));
	ck_assert(!lrd_pragma_no_cache(row_view("Pragma: x", &fields)));
}
END_TEST

START_TEST(guarded_and_linear)
{
	static const char *const patterns[] = { "no-cache=\"a\",", "\"", ",",
						"private=\"", "a=\\\"," };
	static char value[1 << 20];
	size_t len = strlen(patterns[_i]);
	struct lrd_cache_control cc;
	larder_field field = { LRD_SLICE_INIT("Cache-Control"), { NULL, 0 } };
	char *copy;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = patterns[_i][i % len];
	copy = lrd_guard_alloc(value, sizeof(value));
	field.value = lrd_slice_of(copy, sizeof(value));
	lrd_cache_control_parse(lrd_view_of(&field, 1), &cc);
	ck_assert_uint_eq(cc.invalid, 0);
	lrd_guard_free(copy, sizeof(value));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache_control");
	TCase *tc = tcase_create("cache_control");

	tcase_add_loop_test(tc, readings, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, every_directive);
	tcase_add_test(tc, max_stale_without_a_value);
	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, pragma_counts_alone);
	tcase_add_loop_test(tc, guarded_and_linear, 0, 5);
	suite_add_tcase(suite, tc);
	return suite;
}
