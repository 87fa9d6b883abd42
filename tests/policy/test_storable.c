/* SPDX-License-Identifier: MIT */
/* test_storable.c - may a response be stored (RFC 9111 s3)? One row for each rule. */
#include "policy/storable.h"

#include "check_main.h"
#include "text.h"

static const struct row {
	const char *name; /* section: what */
	bool shared;
	const char *method;
	const char *request;
	uint32_t status;
	const char *response;
	enum lrd_why why;
} rows[] = {
	{ "9111 s3: GET 200 plain", false, "GET", "", 200, "", LRD_WHY_STORABLE },
	{ "9111 s3: GET 200 with max-age", false, "GET", "", 200,
	  "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s3: method not understood", false, "FOO", "", 200,
	  "Cache-Control: max-age=1", LRD_WHY_METHOD },
	{ "9110 s9.1: methods have case", false, "get", "", 200,
	  "Cache-Control: max-age=1", LRD_WHY_METHOD },
	{ "9110 s9.3.7: OPTIONS", false, "OPTIONS", "", 200, "Cache-Control: max-age=1",
	  LRD_WHY_METHOD },
	{ "9110 s9.3.4: PUT", false, "PUT", "", 200, "Cache-Control: max-age=1",
	  LRD_WHY_METHOD },
	{ "9110 s9.3.2: HEAD", false, "HEAD", "", 200, "Cache-Control: max-age=1",
	  LRD_WHY_HEAD_METHOD },
	{ "9111 s3: not final", false, "GET", "", 103, "Cache-Control: max-age=1",
	  LRD_WHY_STATUS_ODD },
	{ "9110 s15: above 599", false, "GET", "", 600, "Cache-Control: max-age=1",
	  LRD_WHY_STATUS_ODD },
	{ "9111 s3.3: 206", false, "GET", "", 206, "Cache-Control: max-age=1",
	  LRD_WHY_PARTIAL },
	{ "9111 s3: 304", false, "GET", "", 304, "Cache-Control: max-age=1",
	  LRD_WHY_STATUS_304 },
	{ "9111 s5.2.2.5: no-store", false, "GET", "", 200, "Cache-Control: no-store",
	  LRD_WHY_NO_STORE },
	{ "9111 s5.2.2.5: no-store beside max-age", false, "GET", "", 200,
	  "Cache-Control: max-age=10, no-store", LRD_WHY_NO_STORE },
	{ "9111 s5.2.2.5: no-store on another line", false, "GET", "", 200,
	  "Cache-Control: max-age=10\nCache-Control: No-Store", LRD_WHY_NO_STORE },
	{ "9111 s5.2: no-store with an argument", false, "GET", "", 200,
	  "Cache-Control: no-store=1", LRD_WHY_NO_STORE },
	{ "9111 s5.2: no-store inside quotes is none", false, "GET", "", 200,
	  "Cache-Control: x=\"no-store\", max-age=1", LRD_WHY_STORABLE },
	{ "9111 s5.4: Pragma means nothing in responses", false, "GET", "", 200,
	  "Pragma: no-cache", LRD_WHY_STORABLE },
	{ "9111 s5.2.1.5: request no-store", false, "GET", "Cache-Control: no-store", 200,
	  "Cache-Control: max-age=1", LRD_WHY_REQUEST_NO_STORE },
	{ "9110 s14.2: 200 to a Range request", false, "GET", "Range: bytes=0-1", 200,
	  "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s3.3: 206 to a Range request", false, "GET", "Range: bytes=0-1", 206,
	  "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s3.3: 206 heuristically", false, "GET", "Range: bytes=0-1", 206, "",
	  LRD_WHY_STORABLE },
	{ "9111 s3.3: 206 that nobody asked for", false, "GET", "", 206,
	  "Cache-Control: max-age=1", LRD_WHY_PARTIAL },
	{ "9110 s15.5.17: 416 speaks of the range", false, "GET", "Range: bytes=9-", 416,
	  "Cache-Control: max-age=1", LRD_WHY_RANGE },
	{ "9110 s15.5.13: 412 speaks of the condition", false, "GET", "If-Match: \"a\"",
	  412, "Cache-Control: max-age=1", LRD_WHY_PRECONDITION },
	{ "9110 s15.5.13: 412 without any", false, "GET", "", 412,
	  "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "10008 s2.7: QUERY", false, "QUERY", "", 200, "Cache-Control: max-age=1",
	  LRD_WHY_STORABLE },
	{ "9111 s5.2.2.3: must-understand and 206", false, "GET", "Range: bytes=0-1", 206,
	  "Cache-Control: max-age=1, must-understand, no-store", LRD_WHY_STORABLE },
	{ "9111 s5.2.2.3: must-understand over no-store", false, "GET", "", 200,
	  "Cache-Control: must-understand, no-store, max-age=1", LRD_WHY_STORABLE },
	{ "9111 s5.2.2.3: status not understood", false, "GET", "", 299,
	  "Cache-Control: must-understand, max-age=1", LRD_WHY_STATUS_UNKNOWN },
	{ "9111 s3: unknown status, explicit freshness", false, "GET", "", 299,
	  "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s3: unknown status, nothing explicit", false, "GET", "", 299, "",
	  LRD_WHY_NO_FRESHNESS },
	/* explicit freshness, in every form */
	{ "9111 s3: 302 nothing", false, "GET", "", 302, "", LRD_WHY_NO_FRESHNESS },
	{ "9111 s3: 302 max-age", false, "GET", "", 302, "Cache-Control: max-age=1",
	  LRD_WHY_STORABLE },
	{ "9111 s3: 302 Expires", false, "GET", "", 302,
	  "Expires: Sun, 06 Nov 1994 08:49:37 GMT", LRD_WHY_STORABLE },
	{ "9111 s3: 302 public", false, "GET", "", 302, "Cache-Control: public",
	  LRD_WHY_STORABLE },
	{ "9111 s3: 302 private in a private cache", false, "GET", "", 302,
	  "Cache-Control: private", LRD_WHY_STORABLE },
	{ "9111 s3: 302 s-maxage in a private cache", false, "GET", "", 302,
	  "Cache-Control: s-maxage=1", LRD_WHY_NO_FRESHNESS },
	{ "9111 s3: 302 s-maxage in a shared cache", true, "GET", "", 302,
	  "Cache-Control: s-maxage=1", LRD_WHY_STORABLE },
	/* 9110 s15.1: heuristically cacheable */
	{ "9110 s15.1: 203", false, "GET", "", 203, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 204", false, "GET", "", 204, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 300", false, "GET", "", 300, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 301", false, "GET", "", 301, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 308", false, "GET", "", 308, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 404", false, "GET", "", 404, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 405", false, "GET", "", 405, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 410", false, "GET", "", 410, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 414", false, "GET", "", 414, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: 501", false, "GET", "", 501, "", LRD_WHY_STORABLE },
	{ "9110 s15.1: not 201", false, "GET", "", 201, "", LRD_WHY_NO_FRESHNESS },
	{ "9110 s15.1: not 303", false, "GET", "", 303, "", LRD_WHY_NO_FRESHNESS },
	{ "9110 s15.1: not 307", false, "GET", "", 307, "", LRD_WHY_NO_FRESHNESS },
	{ "9110 s15.1: not 403", false, "GET", "", 403, "", LRD_WHY_NO_FRESHNESS },
	{ "9110 s15.1: not 500", false, "GET", "", 500, "", LRD_WHY_NO_FRESHNESS },
	{ "9110 s15.1: not 503", false, "GET", "", 503, "", LRD_WHY_NO_FRESHNESS },
	/* shared caches */
	{ "9111 s5.2.2.7: private, shared", true, "GET", "", 200,
	  "Cache-Control: private, max-age=1", LRD_WHY_PRIVATE },
	{ "9111 s5.2.2.7: private, private", false, "GET", "", 200,
	  "Cache-Control: private, max-age=1", LRD_WHY_STORABLE },
	{ "9111 s5.2.2.7: private with names, shared", true, "GET", "", 200,
	  "Cache-Control: private=\"X\", max-age=1", LRD_WHY_STORABLE },
	{ "9111 s5.2.2.7: private= malformed counts in full", true, "GET", "", 200,
	  "Cache-Control: private=, max-age=1", LRD_WHY_PRIVATE },
	{ "9111 s5.2.2.7: private=\" never closed", true, "GET", "", 200,
	  "Cache-Control: max-age=1, private=\"X", LRD_WHY_PRIVATE },
	{ "9111 s5.2.2.7: both forms", true, "GET", "", 200,
	  "Cache-Control: private=\"X\", private, max-age=1", LRD_WHY_PRIVATE },
	{ "9111 s3.5: Authorization, shared", true, "GET", "Authorization: Basic YQ==",
	  200, "Cache-Control: max-age=1", LRD_WHY_AUTHORIZATION },
	{ "9111 s3.5: Authorization, private", false, "GET",
	  "Authorization: Basic YQ==", 200, "Cache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s3.5: public", true, "GET", "Authorization: Basic YQ==", 200,
	  "Cache-Control: max-age=1, public", LRD_WHY_STORABLE },
	{ "9111 s3.5: must-revalidate", true, "GET", "Authorization: Basic YQ==", 200,
	  "Cache-Control: max-age=1, must-revalidate", LRD_WHY_STORABLE },
	{ "9111 s3.5: s-maxage", true, "GET", "Authorization: Basic YQ==", 200,
	  "Cache-Control: s-maxage=1", LRD_WHY_STORABLE },
	{ "9111 s3.5: s-maxage malformed", true, "GET", "Authorization: Basic YQ==", 200,
	  "Cache-Control: s-maxage=x, max-age=1", LRD_WHY_AUTHORIZATION },
	{ "9111 s7.3: Set-Cookie does not prevent it", true, "GET", "Cookie: a=1", 200,
	  "Set-Cookie: a=1\nCache-Control: max-age=1", LRD_WHY_STORABLE },
	{ "9111 s5.2.3: unknown directives are ignored", false, "GET", "", 200,
	  "Cache-Control: foo, bar=\"no-store, private\", max-age=1", LRD_WHY_STORABLE },
};

START_TEST(table)
{
	const struct row *row = &rows[_i];
	struct text_fields request_text, response_text;
	struct lrd_request_facts request;
	struct lrd_response_facts response;
	enum lrd_why why;

	text_request(row->method, row->request, 0, &request_text, &request);
	lrd_response_facts_read(row->status, text_view(row->response, &response_text),
				1000, 1000, &response);
	why = lrd_storable(text_policy(row->shared), &request, &response, false);
	ck_assert_msg(why == row->why, "%s: %s", row->name, lrd_why_name(why));
}
END_TEST

/* RFC 9110 s9.3.3. */
START_TEST(post)
{
	static const struct {
		const char *response;
		uint32_t status;
		bool target;
		enum lrd_why why;
	} posts[] = {
		{ "Cache-Control: max-age=1", 200, true, LRD_WHY_STORABLE },
		{ "Expires: Sun, 06 Nov 1994 08:49:37 GMT", 201, true, LRD_WHY_STORABLE },
		{ "Cache-Control: max-age=1", 200, false, LRD_WHY_POST_NOT_EXPLICIT },
		{ "Cache-Control: public", 200, true, LRD_WHY_POST_NOT_EXPLICIT },
		{ "", 200, true, LRD_WHY_POST_NOT_EXPLICIT },
		{ "Cache-Control: max-age=1", 303, true, LRD_WHY_POST_NOT_EXPLICIT },
		{ "Cache-Control: max-age=1, no-store", 200, true, LRD_WHY_NO_STORE },
	};
	struct text_fields request_text, response_text;
	struct lrd_request_facts request;
	struct lrd_response_facts response;

	text_request("POST", "", 0, &request_text, &request);
	lrd_response_facts_read(posts[_i].status,
				text_view(posts[_i].response, &response_text), 1000, 1000,
				&response);
	ck_assert_int_eq(lrd_storable(&text_private, &request, &response, posts[_i].target),
			 posts[_i].why);
}
END_TEST

START_TEST(modes)
{
	struct text_fields request_text, response_text;
	struct lrd_request_facts request;
	struct lrd_response_facts response;

	lrd_response_facts_read(200, text_view("Cache-Control: max-age=1", &response_text),
				0, 0, &response);
	for (uint32_t mode = 0; mode <= LRD_MODE_REFRESH; mode++) {
		text_request("GET", "", mode, &request_text, &request);
		ck_assert_int_eq(lrd_storable(&text_private, &request, &response, false),
				 mode == LRD_MODE_NO_STORE ? LRD_WHY_MODE_NO_STORE
							   : LRD_WHY_STORABLE);
	}
}
END_TEST

/* What a private cache keeps says whether a shared one might have. */
START_TEST(for_shared)
{
	static const struct {
		const char *request, *response;
		bool allowed;
	} pairs[] = {
		{ "", "", true },
		{ "", "Cache-Control: private", false },
		{ "Authorization: x", "", false },
		{ "Authorization: x", "Cache-Control: public", true },
		{ "Cookie: x", "", true },
	};
	struct text_fields request_text, response_text;
	struct lrd_request_facts request;
	struct lrd_response_facts response;

	text_request("GET", pairs[_i].request, 0, &request_text, &request);
	lrd_response_facts_read(200, text_view(pairs[_i].response, &response_text), 0, 0,
				&response);
	ck_assert_int_eq(lrd_storable_shared(&request, &response), pairs[_i].allowed);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/storable");
	TCase *tcase = tcase_create("storable");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tcase, post, 0, 7);
	tcase_add_test(tcase, modes);
	tcase_add_loop_test(tcase, for_shared, 0, 5);
	suite_add_tcase(suite, tcase);
	return suite;
}
