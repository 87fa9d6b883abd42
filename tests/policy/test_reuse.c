/* SPDX-License-Identifier: MIT */
/* test_reuse.c - may a stored response answer this request, now (RFC 9111 s4)? */
#include "policy/reuse.h"

#include "check_main.h"
#include "text.h"

enum { NOW = 784111777 };

static const struct row {
	const char *name;
	const char *response; /* arrived `age` seconds ago */
	int64_t age;
	const char *request;
	uint32_t mode;
	bool shared, can_refresh;
	enum lrd_use use;
	enum lrd_why why;
} rows[] = {
#define F LRD_USE_FRESH
#define S LRD_USE_STALE
#define V LRD_USE_VALIDATE
	{ "s4.2: fresh", "max-age=60", 59, "", 0, 0, 0, F, LRD_WHY_MAX_AGE },
	{ "s4.2: age equals lifetime", "max-age=60", 60, "", 0, 0, 0, V, LRD_WHY_EXPIRED },
	{ "s4.2: stale", "max-age=60", 61, "", 0, 0, 0, V, LRD_WHY_EXPIRED },
	{ "s4.2: nothing explicit", "x", 0, "", 0, 0, 0, V, LRD_WHY_NO_LIFETIME },
	{ "s4.2.1: invalid", "max-age=x", 0, "", 0, 0, 0, V, LRD_WHY_INVALID_LIFETIME },
	{ "s5.2.2.4: no-cache", "max-age=60, no-cache", 0, "", 0, 0, 0, V,
	  LRD_WHY_NO_CACHE },
	{ "s5.2.2.4: no-cache=\"f\" is reused", "max-age=60, no-cache=\"f\"", 0, "", 0, 0,
	  0, F, LRD_WHY_MAX_AGE },
	{ "s5.2.2.10: s-maxage shared", "max-age=1, s-maxage=60", 30, "", 0, 1, 0, F,
	  LRD_WHY_S_MAXAGE },
	{ "s5.2.2.10: s-maxage private", "max-age=1, s-maxage=60", 30, "", 0, 0, 0, V,
	  LRD_WHY_EXPIRED },
	/* what the request says */
	{ "s5.2.1.4: no-cache", "max-age=60", 0, "Cache-Control: no-cache", 0, 0, 0, V,
	  LRD_WHY_REQUEST_NO_CACHE },
	{ "s5.2.1.4: NO-CACHE", "max-age=60", 0, "Cache-Control: NO-CACHE", 0, 0, 0, V,
	  LRD_WHY_REQUEST_NO_CACHE },
	{ "s5.4: Pragma", "max-age=60", 0, "Pragma: no-cache", 0, 0, 0, V, LRD_WHY_PRAGMA },
	{ "s5.4: Pragma beside Cache-Control", "max-age=60", 0,
	  "Pragma: no-cache\nCache-Control: max-age=100", 0, 0, 0, F, LRD_WHY_MAX_AGE },
	{ "s5.2.1.1: max-age above", "max-age=60", 10, "Cache-Control: max-age=10", 0, 0,
	  0, F, LRD_WHY_MAX_AGE },
	{ "s5.2.1.1: max-age below", "max-age=60", 11, "Cache-Control: max-age=10", 0, 0,
	  0, V, LRD_WHY_REQUEST_MAX_AGE },
	{ "s5.2.1.1: max-age=0 on a new one", "max-age=60", 1, "Cache-Control: max-age=0",
	  0, 0, 0, V, LRD_WHY_REQUEST_MAX_AGE },
	{ "s5.2.1.1: no lengthening", "max-age=60", 70, "Cache-Control: max-age=100", 0,
	  0, 0, V, LRD_WHY_EXPIRED },
	{ "s5.2.1.1: invalid asks for the most", "max-age=60", 0,
	  "Cache-Control: max-age=x", 0, 0, 0, V, LRD_WHY_REQUEST_MAX_AGE },
	{ "s5.2.1.3: min-fresh met", "max-age=60", 10, "Cache-Control: min-fresh=50", 0,
	  0, 0, F, LRD_WHY_MAX_AGE },
	{ "s5.2.1.3: min-fresh not met", "max-age=60", 11, "Cache-Control: min-fresh=50",
	  0, 0, 0, V, LRD_WHY_REQUEST_MIN_FRESH },
	{ "s5.2.1.3: invalid", "max-age=60", 0, "Cache-Control: min-fresh=x", 0, 0, 0, V,
	  LRD_WHY_REQUEST_MIN_FRESH },
	{ "s5.2.1.2: max-stale", "max-age=60", 100, "Cache-Control: max-stale", 0, 0, 0,
	  S, LRD_WHY_MAX_STALE },
	{ "s5.2.1.2: max-stale within", "max-age=60", 100, "Cache-Control: max-stale=40",
	  0, 0, 0, S, LRD_WHY_MAX_STALE },
	{ "s5.2.1.2: max-stale passed", "max-age=60", 101, "Cache-Control: max-stale=40",
	  0, 0, 0, V, LRD_WHY_EXPIRED },
	{ "s5.2.1.2: max-stale invalid", "max-age=60", 100, "Cache-Control: max-stale=x",
	  0, 0, 0, V, LRD_WHY_EXPIRED },
	{ "s5.2.1.2: max-stale on a fresh one", "max-age=60", 10,
	  "Cache-Control: max-stale", 0, 0, 0, F, LRD_WHY_MAX_AGE },
	{ "s4.2.4: must-revalidate over max-stale", "max-age=60, must-revalidate", 100,
	  "Cache-Control: max-stale", 0, 0, 0, V, LRD_WHY_MUST_REVALIDATE },
	{ "s4.2.4: must-revalidate while fresh", "max-age=60, must-revalidate", 10, "", 0,
	  0, 0, F, LRD_WHY_MAX_AGE },
	{ "s4.2.4: proxy-revalidate private", "max-age=60, proxy-revalidate", 100,
	  "Cache-Control: max-stale", 0, 0, 0, S, LRD_WHY_MAX_STALE },
	{ "s4.2.4: proxy-revalidate shared", "max-age=60, proxy-revalidate", 100,
	  "Cache-Control: max-stale", 0, 1, 0, V, LRD_WHY_MUST_REVALIDATE },
	{ "s4.2.4: s-maxage shared", "s-maxage=60", 100, "Cache-Control: max-stale", 0, 1,
	  0, V, LRD_WHY_MUST_REVALIDATE },
	{ "s4.2.4: no-cache over max-stale", "no-cache", 100, "Cache-Control: max-stale",
	  0, 0, 0, V, LRD_WHY_NO_CACHE },
	{ "s5.2.1.5: request no-store may be answered", "max-age=60", 0,
	  "Cache-Control: no-store", 0, 0, 0, F, LRD_WHY_MAX_AGE },
	/* RFC 5861 */
	{ "5861 s3: within", "max-age=60, stale-while-revalidate=40", 100, "", 0, 0, 1, S,
	  LRD_WHY_STALE_WHILE_REVALIDATE },
	{ "5861 s3: passed", "max-age=60, stale-while-revalidate=40", 101, "", 0, 0, 1, V,
	  LRD_WHY_EXPIRED },
	{ "5861 s3: nobody refreshes", "max-age=60, stale-while-revalidate=40", 90, "", 0,
	  0, 0, V, LRD_WHY_EXPIRED },
	{ "5861 s3: must-revalidate wins",
	  "max-age=60, stale-while-revalidate=40, must-revalidate", 90, "", 0, 0, 1, V,
	  LRD_WHY_MUST_REVALIDATE },
	{ "5861 s3: request max-age wins", "max-age=60, stale-while-revalidate=40", 90,
	  "Cache-Control: max-age=1000", 0, 0, 1, V, LRD_WHY_EXPIRED },
	{ "5861 s3: request no-cache wins", "max-age=60, stale-while-revalidate=40", 90,
	  "Cache-Control: no-cache", 0, 0, 1, V, LRD_WHY_REQUEST_NO_CACHE },
	{ "5861 s3: fresh needs none", "max-age=60, stale-while-revalidate=40", 10, "", 0,
	  0, 1, F, LRD_WHY_MAX_AGE },
	/* RFC 8246: a reload is a notion apart */
	{ "8246 s2: reload", "max-age=60", 0, "", LRD_MODE_REFRESH, 0, 0, V,
	  LRD_WHY_MODE_REFRESH },
	{ "8246 s2: reload of an immutable", "max-age=60, immutable", 0, "",
	  LRD_MODE_REFRESH, 0, 0, F, LRD_WHY_IMMUTABLE },
	{ "8246 s2: once stale", "max-age=60, immutable", 61, "", LRD_MODE_REFRESH, 0, 0,
	  V, LRD_WHY_MODE_REFRESH },
	{ "8246 s2: max-age=0 is no reload", "max-age=60, immutable", 1,
	  "Cache-Control: max-age=0", 0, 0, 0, V, LRD_WHY_REQUEST_MAX_AGE },
	{ "8246 s2: immutable says nothing without", "immutable", 0, "", 0, 0, 0, V,
	  LRD_WHY_NO_LIFETIME },
	/* the Fetch standard's modes */
	{ "fetch: no-cache", "max-age=60, immutable", 0, "", LRD_MODE_NO_CACHE, 0, 0, V,
	  LRD_WHY_MODE_NO_CACHE },
	{ "fetch: force-cache fresh", "max-age=60", 0, "", LRD_MODE_FORCE_CACHE, 0, 0, F,
	  LRD_WHY_MAX_AGE },
	{ "fetch: force-cache stale", "max-age=60, must-revalidate", 99, "",
	  LRD_MODE_FORCE_CACHE, 0, 0, S, LRD_WHY_MODE_ANY_AGE },
	{ "fetch: only-if-cached stale", "no-cache", 99, "", LRD_MODE_ONLY_IF_CACHED, 0,
	  0, S, LRD_WHY_MODE_ANY_AGE },
	/* clocks */
	{ "s4.2.3: arrived in the future", "max-age=60", -61, "", 0, 0, 0, V,
	  LRD_WHY_CLOCK },
	{ "s4.2.3: a little in the future", "max-age=60", -5, "", 0, 0, 0, F,
	  LRD_WHY_MAX_AGE },
#undef F
#undef S
#undef V
};

static void read_response(const char *cache_control, const struct lrd_policy *policy,
			  struct lrd_freshness *fresh)
{
	struct lrd_response_facts response;
	struct text_fields text;
	char fields[512];

	snprintf(fields, sizeof(fields), "Cache-Control: %s", cache_control);
	lrd_response_facts_read(200, text_view(fields, &text), NOW, NOW, &response);
	lrd_freshness_read(policy, &response, fresh);
}

START_TEST(table)
{
	const struct row *row = &rows[_i];
	struct lrd_policy policy = *text_policy(row->shared);
	struct lrd_request_facts request;
	struct lrd_freshness fresh;
	struct text_fields text;
	struct lrd_reuse reuse;

	policy.can_refresh = row->can_refresh;
	read_response(row->response, &policy, &fresh);
	text_request("GET", row->request, row->mode, &text, &request);
	reuse = lrd_reuse_decide(&policy, &request, &fresh, false, NOW + row->age);
	ck_assert_msg(reuse.use == row->use && reuse.why == row->why, "%s: %d %s",
		      row->name, reuse.use, lrd_why_name(reuse.why));
	ck_assert_int_eq(reuse.refresh, row->why == LRD_WHY_STALE_WHILE_REVALIDATE);
	if (row->use == LRD_USE_FRESH)
		ck_assert_int_gt(reuse.ttl_s, 0);
}
END_TEST

/* Marked entries, and entries of a cache of the other kind. */
START_TEST(marks_and_kinds)
{
	struct lrd_request_facts request;
	struct lrd_freshness fresh;
	struct text_fields text;

	read_response("max-age=60", &text_private, &fresh);
	text_request("GET", "Cache-Control: max-stale", 0, &text, &request);
	ck_assert_int_eq(lrd_reuse_decide(&text_private, &request, &fresh, true, NOW).why,
			 LRD_WHY_MARKED_STALE);
	fresh.flags |= LRD_FRESH_NOT_SHARED;
	ck_assert_int_eq(lrd_reuse_decide(&text_private, &request, &fresh, false, NOW).use,
			 LRD_USE_FRESH);
	ck_assert_int_eq(lrd_reuse_decide(&text_shared, &request, &fresh, false, NOW).use,
			 LRD_USE_NOT);
	request.mode = LRD_MODE_FORCE_CACHE;
	ck_assert_int_eq(lrd_reuse_decide(&text_shared, &request, &fresh, false, NOW).use,
			 LRD_USE_NOT);
	request.mode = 0;
	fresh.flags = LRD_FRESH_STRIPPED;
	ck_assert_int_eq(lrd_reuse_decide(&text_private, &request, &fresh, false, NOW).use,
			 LRD_USE_NOT);
	ck_assert_int_eq(lrd_reuse_decide(&text_shared, &request, &fresh, false, NOW).use,
			 LRD_USE_FRESH);
}
END_TEST

static const struct error_row {
	const char *name;
	const char *response;
	int64_t age;
	const char *request;
	uint32_t mode, status;
	bool shared;
	int64_t configured;
	bool stale;
} errors[] = {
	{ "5861 s4: 500", "max-age=10, stale-if-error=20", 25, "", 0, 500, 0, 0, true },
	{ "5861 s4: 502", "max-age=10, stale-if-error=20", 25, "", 0, 502, 0, 0, true },
	{ "5861 s4: 503", "max-age=10, stale-if-error=20", 25, "", 0, 503, 0, 0, true },
	{ "5861 s4: 504", "max-age=10, stale-if-error=20", 25, "", 0, 504, 0, 0, true },
	{ "5861 s4: network", "max-age=10, stale-if-error=20", 25, "", 0, 0, 0, 0, true },
	{ "5861 s4: at the window's end", "max-age=10, stale-if-error=20", 30, "", 0, 0,
	  0, 0, true },
	{ "5861 s4: past it", "max-age=10, stale-if-error=20", 31, "", 0, 0, 0, 0, false },
	{ "5861 s4: 404", "max-age=10, stale-if-error=20", 25, "", 0, 404, 0, 0, false },
	{ "5861 s4: 501", "max-age=10, stale-if-error=20", 25, "", 0, 501, 0, 0, false },
	{ "5861 s4: 200", "max-age=10, stale-if-error=20", 25, "", 0, 200, 0, 0, false },
	{ "5861 s4: in the request", "max-age=10", 25, "Cache-Control: stale-if-error=20",
	  0, 503, 0, 0, true },
	{ "s4.2.4: configured", "max-age=10", 25, "", 0, 503, 0, 20, true },
	{ "s4.2.4: configured, past it", "max-age=10", 35, "", 0, 503, 0, 20, false },
	{ "s4.2.4: no licence", "max-age=10", 25, "", 0, 0, 0, 0, false },
	{ "s5.2.2.2: must-revalidate", "max-age=10, stale-if-error=20, must-revalidate",
	  25, "", 0, 503, 0, 99, false },
	{ "s5.2.2.4: no-cache", "no-cache, stale-if-error=20", 5, "", 0, 503, 0, 99,
	  false },
	{ "s5.2.2.8: proxy-revalidate shared",
	  "max-age=10, stale-if-error=20, proxy-revalidate", 25, "", 0, 503, 1, 99, false },
	{ "s5.2.2.8: proxy-revalidate private",
	  "max-age=10, stale-if-error=20, proxy-revalidate", 25, "", 0, 503, 0, 0, true },
	{ "s5.2.2.10: s-maxage shared", "s-maxage=10, stale-if-error=20", 25, "", 0, 503,
	  1, 99, false },
	{ "s5.2.1.4: request no-cache", "max-age=10, stale-if-error=20", 25,
	  "Cache-Control: no-cache", 0, 503, 0, 99, false },
	{ "s5.2.1.1: request max-age", "max-age=10, stale-if-error=20", 25,
	  "Cache-Control: max-age=5", 0, 503, 0, 99, false },
	{ "fetch: no-cache", "max-age=10, stale-if-error=20", 25, "", LRD_MODE_NO_CACHE,
	  503, 0, 99, false },
	{ "fetch: reload", "max-age=10, stale-if-error=20", 25, "", LRD_MODE_RELOAD, 503,
	  0, 99, false },
};

START_TEST(on_error)
{
	const struct error_row *row = &errors[_i];
	struct lrd_policy policy = *text_policy(row->shared);
	struct lrd_request_facts request;
	struct lrd_freshness fresh;
	struct text_fields text;
	struct lrd_reuse reuse;

	policy.stale_on_error_s = row->configured;
	read_response(row->response, &policy, &fresh);
	text_request("GET", row->request, row->mode, &text, &request);
	reuse = lrd_reuse_on_error(&policy, &request, &fresh, false, row->status,
				   NOW + row->age);
	ck_assert_msg(reuse.use == (row->stale ? LRD_USE_STALE : LRD_USE_NOT), "%s",
		      row->name);
	reuse = lrd_reuse_on_error(&policy, &request, &fresh, true, row->status,
				   NOW + row->age);
	ck_assert_int_eq(reuse.use, LRD_USE_NOT);
}
END_TEST

/* ---- properties -------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252u;

static uint32_t pick(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

static void random_directives(char *out, size_t size, bool response)
{
	static const char *const in_response[] = {
		"max-age=%u",        "s-maxage=%u",      "no-cache",
		"must-revalidate",   "proxy-revalidate", "stale-while-revalidate=%u",
		"stale-if-error=%u", "immutable",        "public",
		"private",           "max-age=%u.5",     "no-cache=\"x\"",
		"max-age=\"%u\"",    "must-understand",  "no-transform",
	};
	static const char *const in_request[] = {
		"max-age=%u", "max-stale=%u",      "max-stale",    "min-fresh=%u",
		"no-cache",   "stale-if-error=%u", "no-store",     "only-if-cached",
		"max-age=x",  "min-fresh",         "no-transform",
	};
	const char *const *from = response ? in_response : in_request;
	uint32_t kinds = response ? sizeof(in_response) / sizeof(*in_response)
				  : sizeof(in_request) / sizeof(*in_request);
	size_t at = (size_t)snprintf(out, size, "Cache-Control: x");

	for (uint32_t n = pick(4); n > 0; n--) {
		char one[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(one, sizeof(one), from[pick(kinds)], pick(120));
#pragma GCC diagnostic pop
		at += (size_t)snprintf(out + at, size - at, ", %s", one);
	}
}

/* Whatever the fields and the clock: nothing past its freshness without a licence. */
START_TEST(licences)
{
	char response_fields[512], request_fields[512];
	struct text_fields response_text, request_text;
	size_t served = 0, stale = 0;

	for (int i = 0; i < 100000; i++) {
		struct lrd_policy policy = *text_policy(pick(2));
		struct lrd_response_facts response;
		struct lrd_request_facts request;
		struct lrd_freshness fresh;
		struct lrd_reuse reuse;
		int64_t now = NOW + (int64_t)pick(260) - 20, lifetime, age;
		uint32_t mode = pick(4) ? 0 : pick(7);
		bool marked = pick(16) == 0;

		policy.can_refresh = pick(2);
		random_directives(response_fields, sizeof(response_fields), true);
		random_directives(request_fields, sizeof(request_fields), false);
		lrd_response_facts_read(200, text_view(response_fields, &response_text),
					NOW - pick(5), NOW, &response);
		lrd_freshness_read(&policy, &response, &fresh);
		text_request("GET", request_fields, mode, &request_text, &request);
		reuse = lrd_reuse_decide(&policy, &request, &fresh, marked, now);
		if (reuse.use == LRD_USE_VALIDATE || reuse.use == LRD_USE_NOT)
			continue;
		served++;
		if (mode == LRD_MODE_FORCE_CACHE || mode == LRD_MODE_ONLY_IF_CACHED)
			continue;
		age = lrd_freshness_age(&fresh, now);
		lifetime = lrd_freshness_lifetime(&fresh, policy.shared);
		ck_assert_msg(!marked &&
				      !lrd_cc_unqualified(&response.cc, LRD_CC_NO_CACHE) &&
				      !lrd_cc_has(&request.cc, LRD_CC_NO_CACHE) &&
				      mode != LRD_MODE_NO_CACHE,
			      "%s / %s", response_fields, request_fields);
		if (lrd_cc_has(&request.cc, LRD_CC_MAX_AGE))
			ck_assert_int_le(age, request.cc.max_age);
		if (age < lifetime)
			continue;
		stale++;
		ck_assert_msg(reuse.use == LRD_USE_STALE &&
				      !lrd_cc_has(&response.cc, LRD_CC_MUST_REVALIDATE),
			      "%s / %s", response_fields, request_fields);
		if (policy.shared)
			ck_assert(!lrd_cc_has(&response.cc,
					      LRD_CC_PROXY_REVALIDATE | LRD_CC_S_MAXAGE));
		ck_assert_msg((lrd_cc_valid(&request.cc, LRD_CC_MAX_STALE) &&
			       (request.cc.max_stale_any ||
				age - lifetime <= request.cc.max_stale)) ||
				      (policy.can_refresh &&
				       age - lifetime <=
					       response.cc.stale_while_revalidate),
			      "%s / %s", response_fields, request_fields);
	}
	/* The run has seen both. */
	ck_assert_uint_gt(served, 5000);
	ck_assert_uint_gt(stale, 200);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/reuse");
	TCase *tcase = tcase_create("reuse");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, marks_and_kinds);
	tcase_add_loop_test(tcase, on_error, 0, sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(tcase, licences);
	suite_add_tcase(suite, tcase);
	return suite;
}
