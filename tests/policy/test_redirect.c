/* SPDX-License-Identifier: MIT */
/* test_redirect.c - which redirects are followed, by which method, with which fields. */
#include "policy/redirect.h"

#include "check_main.h"
#include "proto/bytes/slice.h"

enum { ALL = 1, BROWSER = 2, COMPAT = 4, FORWARD = 8 };

static struct lrd_redirect_rules rules_of(unsigned flags)
{
	return (struct lrd_redirect_rules){
		.all_methods = flags & ALL,
		.post_301_to_get = flags & BROWSER,
		.compat = flags & COMPAT,
		.forward_credentials = flags & FORWARD,
	};
}

/* httplib2 1.4: 303 and 308 for every method, the others for safe ones, or all when asked. */
static const struct {
	unsigned flags;
	uint32_t status;
	const char *method;
	bool followed;
	bool to_get;
} follows[] = {
	{ 0, 300, "GET", true, false },
	{ 0, 301, "GET", true, false },
	{ 0, 302, "GET", true, false },
	{ 0, 303, "GET", true, false },
	{ 0, 307, "GET", true, false },
	{ 0, 308, "GET", true, false },
	{ 0, 304, "GET", false, false },
	{ 0, 305, "GET", false, false },
	{ 0, 306, "GET", false, false },
	{ 0, 200, "GET", false, false },
	{ 0, 301, "HEAD", true, false },
	{ 0, 302, "HEAD", true, false },
	{ 0, 303, "HEAD", true, false },
	{ COMPAT, 302, "HEAD", true, true },
	{ COMPAT, 303, "HEAD", true, true },
	{ 0, 302, "OPTIONS", true, false },
	{ 0, 302, "TRACE", true, false },
	{ 0, 301, "POST", false, false },
	{ 0, 302, "POST", false, true },
	{ 0, 303, "POST", true, true },
	{ 0, 307, "POST", false, false },
	{ 0, 308, "POST", true, false },
	{ ALL, 301, "POST", true, false },
	{ ALL | BROWSER, 301, "POST", true, true },
	{ ALL | BROWSER, 301, "PUT", true, false },
	{ ALL, 302, "POST", true, true },
	{ ALL, 302, "PUT", true, false },
	{ ALL | COMPAT, 302, "PUT", true, true },
	{ ALL, 307, "DELETE", true, false },
	{ 0, 303, "DELETE", true, true },
	{ 0, 302, "DELETE", false, false },
	{ 0, 308, "PUT", true, false },
	{ 0, 302, "get", false, false }, /* methods have case: this one is unknown */
	{ 0, 302, "QUERY", false, false },
	{ ALL, 303, "QUERY", true, true },
};

START_TEST(test_follows)
{
	struct lrd_redirect_rules rules = rules_of(follows[_i].flags);
	larder_slice method = lrd_slice_cstr(follows[_i].method);

	ck_assert_msg(lrd_redirect_followed(&rules, follows[_i].status, method) ==
			      follows[_i].followed,
		      "row %d: followed", _i);
	ck_assert_msg(lrd_redirect_to_get(&rules, follows[_i].status, method) ==
			      follows[_i].to_get,
		      "row %d: to GET", _i);
}
END_TEST

START_TEST(test_codes_and_safe_methods_are_settable)
{
	static const uint16_t codes[] = { 301, 399 };
	struct lrd_redirect_rules rules = { .codes = codes, .code_count = 2 };

	ck_assert(lrd_redirect_followed(&rules, 399, LRD_SLICE("GET")));
	ck_assert(!lrd_redirect_followed(&rules, 308, LRD_SLICE("GET")));
	rules.code_count = 0;
	ck_assert(!lrd_redirect_followed(&rules, 301, LRD_SLICE("GET")));
	rules = (struct lrd_redirect_rules){ .safe_methods = LRD_SLICE("GET, QUERY") };
	ck_assert(lrd_redirect_followed(&rules, 302, LRD_SLICE("QUERY")));
	ck_assert(lrd_redirect_followed(&rules, 302, LRD_SLICE("GET")));
	ck_assert(!lrd_redirect_followed(&rules, 302, LRD_SLICE("HEAD")));
	ck_assert(!lrd_redirect_followed(&rules, 302, LRD_SLICE("GE")));
	rules.safe_methods = LRD_SLICE("");
	ck_assert(!lrd_redirect_followed(&rules, 302, LRD_SLICE("GET")));
}
END_TEST

enum { OTHER = 1, TO_GET = 2, SAFE = 4 };

static const struct {
	unsigned flags;
	unsigned step;
	const char *name;
	bool dropped;
} drops[] = {
	{ 0, SAFE, "Authorization", false },
	{ 0, OTHER | SAFE, "Authorization", true },
	{ 0, OTHER | SAFE, "aUTHORIZATION", true },
	{ FORWARD, OTHER | SAFE, "Authorization", false },
	{ COMPAT, SAFE, "Authorization", true },
	{ COMPAT | FORWARD, SAFE, "Authorization", false },
	{ 0, SAFE, "Cookie", false },
	{ 0, OTHER | SAFE, "Cookie", true },
	{ 0, OTHER | SAFE, "Cookie2", true },
	{ FORWARD, OTHER | SAFE, "Cookie", false },
	{ 0, OTHER | SAFE, "X-WSSE", true },
	{ 0, OTHER | SAFE, "X-Api-Key", true },
	{ 0, OTHER | SAFE, "X-Auth-Token", true },
	{ 0, SAFE, "Proxy-Authorization", true },
	{ FORWARD, SAFE, "Proxy-Authorization", true },
	{ 0, OTHER | SAFE, "Accept", false },
	{ 0, OTHER | SAFE, "X-Trace", false },
	{ 0, TO_GET | SAFE, "Content-Type", true },
	{ 0, TO_GET | SAFE, "Content-Encoding", true },
	{ 0, TO_GET | SAFE, "content-language", true },
	{ 0, TO_GET | SAFE, "Digest", true },
	{ 0, TO_GET | SAFE, "Last-Modified", true },
	{ 0, 0, "Content-Type", false },
	{ 0, SAFE, "Content-Type", false },
	{ 0, SAFE, "If-None-Match", true },
	{ 0, SAFE, "If-Modified-Since", true },
	{ 0, 0, "If-None-Match", false },
	{ 0, 0, "If-Match", false },
	{ 0, SAFE, "Range", false },
	{ 0, SAFE, "If-Range", false },
};

START_TEST(test_drops)
{
	struct lrd_redirect_rules rules = rules_of(drops[_i].flags);
	struct lrd_redirect_step step = {
		.other_origin = drops[_i].step & OTHER,
		.to_get = drops[_i].step & TO_GET,
		.safe = drops[_i].step & SAFE,
	};

	ck_assert_msg(lrd_redirect_drops(&rules, &step, lrd_slice_cstr(drops[_i].name)) ==
			      drops[_i].dropped,
		      "row %d: %s", _i, drops[_i].name);
}
END_TEST

START_TEST(test_permanent)
{
	for (uint32_t status = 100; status < 600; status++)
		ck_assert_int_eq(lrd_redirect_permanent(status),
				 status == 301 || status == 308);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/redirect");
	TCase *tcase = tcase_create("redirect");

	tcase_add_loop_test(tcase, test_follows, 0,
			    (int)(sizeof(follows) / sizeof(follows[0])));
	tcase_add_test(tcase, test_codes_and_safe_methods_are_settable);
	tcase_add_loop_test(tcase, test_drops, 0, (int)(sizeof(drops) / sizeof(drops[0])));
	tcase_add_test(tcase, test_permanent);
	suite_add_tcase(suite, tcase);
	return suite;
}
