/* SPDX-License-Identifier: MIT */
/* test_freshness.c - lifetimes and ages (RFC 9111 s4.2). */
#include "policy/freshness.h"

#include "check_main.h"
#include "text.h"

/* Sun, 06 Nov 1994 08:49:37 GMT: when every response below arrives. */
enum { NOW = 784111777 };
#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const struct row {
	const char *name;
	bool shared;
	uint32_t status;
	const char *fields;
	int64_t lifetime;
	enum lrd_why why;
} rows[] = {
	{ "s5.2.2.1: max-age", false, 200, DATE "Cache-Control: max-age=60", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.2: quoted", false, 200, DATE "Cache-Control: max-age=\"60\"", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.2: capitals", false, 200, DATE "Cache-Control: MAX-AGE=60", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.2: leading zeros", false, 200, DATE "Cache-Control: max-age=0060", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.2: zero", false, 200, DATE "Cache-Control: max-age=0", 0, LRD_WHY_MAX_AGE },
	{ "s1.2.2: overflow saturates", false, 200,
	  DATE "Cache-Control: max-age=99999999999999999999999", LRD_CC_MAX_SECONDS,
	  LRD_WHY_MAX_AGE },
	{ "s1.2.2: 2^31", false, 200, DATE "Cache-Control: max-age=2147483648",
	  LRD_CC_MAX_SECONDS, LRD_WHY_MAX_AGE },
	{ "s4.2.1: negative is invalid", false, 200, DATE "Cache-Control: max-age=-1", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: fraction is invalid", false, 200, DATE "Cache-Control: max-age=1.5", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: letters are invalid", false, 200, DATE "Cache-Control: max-age=60s", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: no value is invalid", false, 200, DATE "Cache-Control: max-age", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: blanks around = are invalid", false, 200,
	  DATE "Cache-Control: max-age = 60", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: invalid max-age beats Expires", false, 200,
	  DATE "Cache-Control: max-age=x\nExpires: Sun, 06 Nov 1994 09:49:37 GMT", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: duplicates: the first", false, 200,
	  DATE "Cache-Control: max-age=5, max-age=60", 5, LRD_WHY_MAX_AGE },
	{ "s5.2: several lines", false, 200,
	  DATE "Cache-Control: no-transform\nCache-Control: max-age=60", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.2: quoted commas", false, 200,
	  DATE "Cache-Control: x=\"a, max-age=5\", max-age=60", 60, LRD_WHY_MAX_AGE },
	{ "s4.2.1: s-maxage in a shared cache", true, 200,
	  DATE "Cache-Control: max-age=5, s-maxage=60", 60, LRD_WHY_S_MAXAGE },
	{ "s4.2.1: s-maxage in a private cache", false, 200,
	  DATE "Cache-Control: max-age=5, s-maxage=60", 5, LRD_WHY_MAX_AGE },
	{ "s4.2.1: invalid s-maxage, shared", true, 200,
	  DATE "Cache-Control: max-age=5, s-maxage=x", 0, LRD_WHY_INVALID_LIFETIME },
	/* Expires */
	{ "s5.3: Expires", false, 200, DATE "Expires: Sun, 06 Nov 1994 09:49:37 GMT",
	  3600, LRD_WHY_EXPIRES },
	{ "s5.3: RFC 850 form", false, 200,
	  DATE "Expires: Sunday, 06-Nov-94 09:49:37 GMT", 3600, LRD_WHY_EXPIRES },
	{ "s5.3: asctime form", false, 200, DATE "Expires: Sun Nov  6 09:49:37 1994",
	  3600, LRD_WHY_EXPIRES },
	{ "s4.2: case of names", false, 200,
	  DATE "Expires: sun, 06 nov 1994 09:49:37 gmt", 3600, LRD_WHY_EXPIRES },
	{ "s5.3: in the past", false, 200, DATE "Expires: Sun, 06 Nov 1994 07:49:37 GMT",
	  0, LRD_WHY_EXPIRES },
	{ "s5.3: equal to Date", false, 200,
	  DATE "Expires: Sun, 06 Nov 1994 08:49:37 GMT", 0, LRD_WHY_EXPIRES },
	{ "s5.3: 0", false, 200, DATE "Expires: 0", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s5.3: -1", false, 200, DATE "Expires: -1", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s5.3: empty", false, 200, DATE "Expires:", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s5.3: words", false, 200, DATE "Expires: never", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s4.2: zone other than GMT", false, 200,
	  DATE "Expires: Sun, 06 Nov 1994 09:49:37 CET", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s4.2: numeric zone", false, 200,
	  DATE "Expires: Sun, 06 Nov 1994 09:49:37 +0000", 0, LRD_WHY_INVALID_LIFETIME },
	{ "s5.3: two dates in one line", false, 200,
	  DATE "Expires: Sun, 06 Nov 1994 09:49:37 GMT, Sun, 06 Nov 1994 09:49:37 GMT", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.1: two lines: the earliest", false,
	  200, DATE "Expires: Sun, 06 Nov 1994 09:49:37 GMT\nExpires: Sun, 06 Nov 1994 08:50:37 GMT",
	  60, LRD_WHY_EXPIRES },
	{ "s4.2.1: two lines, one invalid", false, 200,
	  DATE "Expires: Sun, 06 Nov 1994 09:49:37 GMT\nExpires: 0", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s5.3: ignored beside max-age", false, 200,
	  DATE "Cache-Control: max-age=60\nExpires: Sun, 06 Nov 1994 07:49:37 GMT", 60,
	  LRD_WHY_MAX_AGE },
	{ "s5.3: counted from Date, not from receipt", false, 200,
	  "Date: Sun, 06 Nov 1994 08:00:00 GMT\nExpires: Sun, 06 Nov 1994 09:00:00 GMT",
	  3600, LRD_WHY_EXPIRES },
	{ "s4.2.3: no Date: from receipt", false, 200,
	  "Expires: Sun, 06 Nov 1994 09:49:37 GMT", 3600, LRD_WHY_EXPIRES },
	{ "s4.2.3: invalid Date: from receipt", false, 200,
	  "Date: today\nExpires: Sun, 06 Nov 1994 09:49:37 GMT", 3600, LRD_WHY_EXPIRES },
	{ "s4.2: 64-bit time", false, 200, DATE "Expires: Fri, 31 Dec 9999 23:59:59 GMT",
	  INT64_C(252618189022), LRD_WHY_EXPIRES },
	/* heuristics */
	{ "s4.2.2: a tenth of the age of the last change", false, 200,
	  DATE "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 100, LRD_WHY_HEURISTIC },
	{ "s4.2.2: capped", false, 200,
	  DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT", 86400, LRD_WHY_HEURISTIC },
	{ "s4.2.2: not with explicit freshness", false, 200,
	  DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT\nCache-Control: max-age=1",
	  1, LRD_WHY_MAX_AGE },
	{ "s4.2.2: not with an invalid Expires", false, 200,
	  DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT\nExpires: 0", 0,
	  LRD_WHY_INVALID_LIFETIME },
	{ "s4.2.2: not for 302", false, 302,
	  DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT", 0, LRD_WHY_NO_LIFETIME },
	{ "s4.2.2: 302 with public", false, 302,
	  DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT\nCache-Control: public",
	  86400, LRD_WHY_HEURISTIC },
	{ "s4.2.2: 404", false, 404, DATE "Last-Modified: Sun, 06 Nov 1984 08:49:37 GMT",
	  86400, LRD_WHY_HEURISTIC },
	{ "s4.2.2: changed in the future", false, 200,
	  DATE "Last-Modified: Sun, 06 Nov 1994 09:49:37 GMT", 0, LRD_WHY_NO_LIFETIME },
	{ "s4.2.2: unreadable Last-Modified", false, 200, DATE "Last-Modified: once", 0,
	  LRD_WHY_NO_LIFETIME },
	{ "s4.2: nothing", false, 200, DATE, 0, LRD_WHY_NO_LIFETIME },
	{ "s4.2.2: no-cache does not prevent the arithmetic", false, 200,
	  DATE "Cache-Control: no-cache\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT",
	  100, LRD_WHY_HEURISTIC },
};

START_TEST(lifetimes)
{
	const struct row *row = &rows[_i];
	struct lrd_response_facts response;
	struct lrd_freshness fresh;
	struct text_fields text;

	lrd_response_facts_read(row->status, text_view(row->fields, &text), NOW, NOW,
				&response);
	lrd_freshness_read(text_policy(row->shared), &response, &fresh);
	ck_assert_msg(lrd_freshness_lifetime(&fresh, row->shared) == row->lifetime,
		      "%s: %lld", row->name,
		      (long long)lrd_freshness_lifetime(&fresh, row->shared));
	ck_assert_msg((row->shared ? fresh.shared_why : fresh.why) == row->why, "%s: %s",
		      row->name, lrd_why_name(row->shared ? fresh.shared_why : fresh.why));
}
END_TEST

START_TEST(heuristic_options)
{
	struct lrd_policy policy = text_private;
	struct lrd_response_facts response;
	struct lrd_freshness fresh;
	struct text_fields text;

	lrd_response_facts_read(
		200, text_view(DATE "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT", &text),
		NOW, NOW, &response);
	policy.heuristic_percent = 50;
	lrd_freshness_read(&policy, &response, &fresh);
	ck_assert_int_eq(fresh.lifetime_s, 500);
	policy.heuristic_max_s = 7;
	lrd_freshness_read(&policy, &response, &fresh);
	ck_assert_int_eq(fresh.lifetime_s, 7);
	policy.no_heuristics = true;
	lrd_freshness_read(&policy, &response, &fresh);
	ck_assert_int_eq(fresh.lifetime_s, 0);
}
END_TEST

static const struct age_row {
	const char *name;
	const char *fields;
	int64_t delay;    /* between request and response */
	int64_t resident; /* since */
	int64_t age;
} ages[] = {
	{ "s4.2.3: just made", DATE, 0, 0, 0 },
	{ "s4.2.3: resident", DATE, 0, 30, 30 },
	{ "s4.2.3: apparent age", "Date: Sun, 06 Nov 1994 08:48:37 GMT", 0, 30, 90 },
	{ "s4.2.3: Age", DATE "Age: 100", 0, 30, 130 },
	{ "s4.2.3: Age and delay", DATE "Age: 100", 5, 30, 135 },
	{ "s4.2.3: delay alone", DATE, 5, 30, 35 },
	{ "s4.2.3: the larger of both", "Date: Sun, 06 Nov 1994 08:48:37 GMT\nAge: 10", 5,
	  0, 60 },
	{ "s4.2.3: Date in the future", "Date: Sun, 06 Nov 1994 09:48:37 GMT", 0, 7, 7 },
	{ "s4.2.3: Date missing", "X: 1", 0, 7, 7 },
	{ "s4.2.3: Date unreadable", "Date: x", 0, 7, 7 },
	{ "s5.1: a list: the first", DATE "Age: 10, 20", 0, 0, 10 },
	{ "s5.1: two lines: the first", DATE "Age: 10\nAge: 20", 0, 0, 10 },
	{ "s5.1: negative", DATE "Age: -10", 0, 3, 3 },
	{ "s5.1: fraction", DATE "Age: 1.5", 0, 3, 3 },
	{ "s5.1: letters", DATE "Age: 10s", 0, 3, 3 },
	{ "s5.1: quoted", DATE "Age: \"10\"", 0, 3, 3 },
	{ "s5.1: empty", DATE "Age:", 0, 3, 3 },
	{ "s1.2.2: saturates", DATE "Age: 99999999999999999999", 0, 0, LRD_CC_MAX_SECONDS },
	{ "s4.2.3: clock set back while waiting", DATE, -50, 3, 3 },
	{ "s4.2.3: clock set back since", DATE "Age: 4", 0, -100, 4 },
};

START_TEST(age)
{
	const struct age_row *row = &ages[_i];
	struct lrd_response_facts response;
	struct lrd_freshness fresh;
	struct text_fields text;

	lrd_response_facts_read(200, text_view(row->fields, &text), NOW - row->delay, NOW,
				&response);
	lrd_freshness_read(&text_private, &response, &fresh);
	ck_assert_msg(lrd_freshness_age(&fresh, NOW + row->resident) == row->age,
		      "%s: %lld", row->name,
		      (long long)lrd_freshness_age(&fresh, NOW + row->resident));
}
END_TEST

START_TEST(extremes)
{
	struct lrd_freshness fresh = { .response_time = INT64_MIN,
				       .initial_age_s = INT64_MAX,
				       .lifetime_s = INT64_MAX };

	ck_assert_int_eq(lrd_freshness_age(&fresh, INT64_MAX), INT64_MAX);
	ck_assert_int_eq(lrd_freshness_age(&fresh, INT64_MIN), INT64_MAX);
	fresh.initial_age_s = -5;
	fresh.response_time = INT64_MAX;
	ck_assert_int_eq(lrd_freshness_age(&fresh, 0), 0);
	ck_assert_int_eq(lrd_freshness_expires_at(&fresh, false), INT64_MAX);
}
END_TEST

static const struct {
	const char *fields;
	uint32_t flags;
	int64_t swr, sie;
} flags[] = {
	{ "Cache-Control: no-cache", LRD_FRESH_NO_CACHE, -1, -1 },
	{ "Cache-Control: no-cache=\"X\"", LRD_FRESH_NO_CACHE_FIELDS, -1, -1 },
	{ "Cache-Control: no-cache=X", LRD_FRESH_NO_CACHE, -1, -1 },
	{ "Cache-Control: no-cache=\"X\", no-cache", LRD_FRESH_NO_CACHE, -1, -1 },
	{ "Cache-Control: must-revalidate", LRD_FRESH_MUST_REVALIDATE, -1, -1 },
	{ "Cache-Control: proxy-revalidate", LRD_FRESH_PROXY_REVALIDATE, -1, -1 },
	{ "Cache-Control: s-maxage=1", LRD_FRESH_S_MAXAGE, -1, -1 },
	{ "Cache-Control: immutable", LRD_FRESH_IMMUTABLE, -1, -1 },
	{ "ETag: \"x\"", LRD_FRESH_VALIDATOR, -1, -1 },
	{ "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", LRD_FRESH_VALIDATOR, -1, -1 },
	{ "Last-Modified: x", 0, -1, -1 },
	{ "Age: 1", LRD_FRESH_AGE_RECEIVED, -1, -1 },
	{ "Cache-Control: stale-while-revalidate=5, stale-if-error=6", 0, 5, 6 },
	{ "Cache-Control: stale-while-revalidate, stale-if-error=x", 0, -1, -1 },
};

START_TEST(flag_table)
{
	struct lrd_response_facts response;
	struct lrd_freshness fresh;
	struct text_fields text;

	lrd_response_facts_read(200, text_view(flags[_i].fields, &text), NOW, NOW,
				&response);
	lrd_freshness_read(&text_private, &response, &fresh);
	ck_assert_msg(fresh.flags == flags[_i].flags, "%s: %x", flags[_i].fields,
		      fresh.flags);
	ck_assert_int_eq(fresh.swr_s, flags[_i].swr);
	ck_assert_int_eq(fresh.sie_s, flags[_i].sie);
}
END_TEST

/* As the list of entries asks it, which has no request. */
START_TEST(asked_whatever_the_lifetime)
{
	struct lrd_freshness fresh = { .response_time = NOW, .lifetime_s = 1000 };

	ck_assert(!lrd_freshness_must_ask(&fresh, false, NOW));
	ck_assert(!lrd_freshness_must_ask(&fresh, false, NOW - 60));
	ck_assert(lrd_freshness_must_ask(&fresh, false, NOW - 61));
	ck_assert(lrd_freshness_must_ask(&fresh, false, INT64_MIN));
	ck_assert(!lrd_freshness_must_ask(&fresh, false, INT64_MAX));
	ck_assert(lrd_freshness_must_ask(&fresh, true, NOW));
	fresh.flags = LRD_FRESH_NO_CACHE;
	ck_assert(lrd_freshness_must_ask(&fresh, false, NOW));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/freshness");
	TCase *tcase = tcase_create("freshness");

	tcase_add_loop_test(tcase, lifetimes, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, heuristic_options);
	tcase_add_loop_test(tcase, age, 0, sizeof(ages) / sizeof(ages[0]));
	tcase_add_test(tcase, extremes);
	tcase_add_loop_test(tcase, flag_table, 0, sizeof(flags) / sizeof(flags[0]));
	tcase_add_test(tcase, asked_whatever_the_lifetime);
	suite_add_tcase(suite, tcase);
	return suite;
}
