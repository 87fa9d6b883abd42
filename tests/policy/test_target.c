/* SPDX-License-Identifier: MIT */
/* test_target.c - cache directives that are aimed at some caches only (RFC 9213). */
#include "policy/target.h"

#include "check_main.h"
#include "policy/freshness.h"
#include "policy/storable.h"
#include "text.h"

#define CC "Cache-Control: max-age=10\n"

static const struct {
	const char *name;
	const char *targets;
	const char *response;
	int64_t lifetime;
	enum lrd_why why; /* of the lifetime */
	enum lrd_why storable;
} rows[] = {
	{ "9213 s2.2: not named", "", CC "CDN-Cache-Control: max-age=60", 10,
	  LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.2: beats Cache-Control", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=60", 60, LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.2: beats no-store", "CDN-Cache-Control",
	  "Cache-Control: no-store\nCDN-Cache-Control: max-age=60", 60, LRD_WHY_MAX_AGE,
	  LRD_WHY_STORABLE },
	{ "9213 s2.2: beats Expires", "CDN-Cache-Control",
	  "Expires: Fri, 31 Dec 2038 00:00:00 GMT\nCDN-Cache-Control: public", 0,
	  LRD_WHY_NO_LIFETIME, LRD_WHY_STORABLE },
	{ "9213 s2.2: forbids", "CDN-Cache-Control", CC "CDN-Cache-Control: no-store", 0,
	  LRD_WHY_NO_LIFETIME, LRD_WHY_NO_STORE },
	{ "9213 s2.2: the first of the list", "My-Cache-Control, CDN-Cache-Control",
	  "CDN-Cache-Control: max-age=60\nMy-Cache-Control: max-age=90", 90,
	  LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.2: the next where the first is absent",
	  "My-Cache-Control, CDN-Cache-Control", CC "cdn-cache-control: max-age=60", 60,
	  LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.2: the next where the first is empty",
	  "My-Cache-Control, CDN-Cache-Control",
	  "My-Cache-Control: \nCDN-Cache-Control: max-age=60", 60, LRD_WHY_MAX_AGE,
	  LRD_WHY_STORABLE },
	{ "9213 s2.1: no dictionary is ignored", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=60, NO-STORE", 10, LRD_WHY_MAX_AGE,
	  LRD_WHY_STORABLE },
	{ "9213 s2.1: over two lines", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=60\nCDN-Cache-Control: max-age=70", 70,
	  LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.1: parameters are ignored", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=60;x=1", 60, LRD_WHY_MAX_AGE, LRD_WHY_STORABLE },
	{ "9213 s2.1: a decimal is no lifetime", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=60.5", 0, LRD_WHY_INVALID_LIFETIME,
	  LRD_WHY_STORABLE },
	{ "9213 s2.1: nor is a negative one", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: max-age=-60", 0, LRD_WHY_INVALID_LIFETIME,
	  LRD_WHY_STORABLE },
	{ "9213 s2.1: false is not there", "CDN-Cache-Control",
	  CC "CDN-Cache-Control: no-store=?0, max-age=60", 60, LRD_WHY_MAX_AGE,
	  LRD_WHY_STORABLE },
};

START_TEST(table)
{
	struct lrd_policy policy = text_shared;
	struct lrd_request_facts request;
	struct lrd_response_facts response;
	struct text_fields request_text, text;
	struct lrd_freshness fresh;

	policy.targets = lrd_slice_cstr(rows[_i].targets);
	text_request("GET", "", 0, &request_text, &request);
	lrd_response_facts_read_for(&policy, 200, text_view(rows[_i].response, &text), 0,
				    784111777, &response);
	lrd_freshness_read(&policy, &response, &fresh);
	ck_assert_msg(fresh.shared_lifetime_s == rows[_i].lifetime &&
			      fresh.shared_why == rows[_i].why,
		      "%s: %s %jd", rows[_i].name, lrd_why_name(fresh.shared_why),
		      (intmax_t)fresh.shared_lifetime_s);
	ck_assert_int_eq(lrd_storable(&policy, &request, &response, false),
			 rows[_i].storable);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/target");
	TCase *tcase = tcase_create("target");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
