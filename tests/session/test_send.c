/* SPDX-License-Identifier: MIT */
/* test_send.c - a request's way through cache and wire, with a real store in between. */
#include <larder/larder.h>

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

/* An origin whose answers carry a number, so that a copy is known from a new one. */
static atomic_uint served;

static void serve(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	static const struct {
		const char *path;
		const char *fields;
	} pages[] = {
		{ "/fresh", "Cache-Control: max-age=600\r\nX-Two: a\r\nX-Two: b\r\n" },
		{ "/no-store", "Cache-Control: no-store\r\n" },
		{ "/private", "Cache-Control: private, max-age=600\r\n" },
		{ "/licence",
		  "Cache-Control: max-age=0, stale-if-error=600\r\nETag: \"l\"\r\n" },
	};
	unsigned number = ++served;
	larder_slice who = lrd_origin_field(request, "Authorization");
	char body[128];

	(void)ctx;
	if (lrd_slice_equal(request->target, LRD_SLICE("/etag"))) {
		larder_slice tag = lrd_origin_field(request, "If-None-Match");

		if (tag.ptr && lrd_slice_equal(tag, LRD_SLICE("\"e\""))) {
			lrd_origin_reply(conn, "304 Not Modified",
					 "ETag: \"e\"\r\nX-New: 1\r\n", "");
			return;
		}
		lrd_origin_reply(conn, "200 OK",
				 "Cache-Control: no-cache\r\nETag: \"e\"\r\n", "tagged");
		return;
	}
	snprintf(body, sizeof(body), "%.*s #%u for %.*s", LRD_SLICE_ARG(request->target),
		 number, LRD_SLICE_ARG(who));
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (lrd_slice_equal(request->target, lrd_slice_cstr(pages[i].path))) {
			lrd_origin_reply(conn, "200 OK", pages[i].fields, body);
			return;
		}
	}
	lrd_origin_reply(conn, "404 Not Found", NULL, body);
}

static struct lrd_origin *origin;
static larder_session *session;
static const char *store;

static void setup(void)
{
	served = 0;
	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = serve });
	store = lrd_tmpdir_new();
	session = fixture_open(store);
}

static void teardown(void)
{
	larder_session_close(session);
	lrd_origin_free(origin);
}

static void get(const char *path, struct fixture_answer *answer)
{
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, path), answer);
	ck_assert_msg(answer->rc == 0, "%s: %s", path, answer->err.message);
}

/* One GET; asserts how it was served, and by how many requests to the origin in all. */
static void expect(const char *path, uint32_t how, const char *body, unsigned requests)
{
	struct fixture_answer answer;

	get(path, &answer);
	ck_assert_msg(answer.how == how, "%s: %s", path, larder_how_name(answer.how));
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(answer.body, body);
	ck_assert_uint_eq(lrd_origin_requests(origin), requests);
	fixture_forget(&answer);
}

START_TEST(test_miss_then_hit)
{
	struct fixture_answer answer;

	get("/fresh", &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_MISS);
	ck_assert_uint_eq(answer.stored, 1);
	fixture_forget(&answer);
	expect("/fresh", LARDER_HOW_FRESH, "/fresh #1 for ", 1);
	expect("/fresh#fragment", LARDER_HOW_FRESH, "/fresh #1 for ", 1);
	expect("/x/../fresh", LARDER_HOW_FRESH, "/fresh #1 for ", 1);
}
END_TEST

START_TEST(test_stored_response_looks_like_the_received_one)
{
	larder_response *miss = NULL;
	larder_response *hit = NULL;
	larder_slice body;
	larder_slice again;
	const larder_field *fields;
	size_t count;
	size_t twos = 0;
	char url[FIXTURE_URL_MAX];
	char status[128];

	fixture_url(url, origin, "/fresh");
	ck_assert_int_eq(larder_get(session, url, &miss), 0);
	ck_assert_int_eq(larder_response_body(miss, &body), 0);
	ck_assert_int_eq(larder_get(session, url, &hit), 0);
	ck_assert_uint_eq(larder_response_status(hit), 200);
	ck_assert_uint_eq(larder_response_version(hit), 11);
	ck_assert_str_eq(larder_response_reason(hit).ptr, "OK");
	ck_assert_str_eq(larder_response_url(hit).ptr, url);
	ck_assert_int_eq(larder_response_length(hit), (int64_t)body.len);
	ck_assert_str_eq(larder_response_field(hit, "cache-CONTROL").ptr, "max-age=600");
	ck_assert_ptr_nonnull(larder_response_field(hit, "Age").ptr);
	ck_assert_ptr_null(larder_response_field(miss, "Age").ptr);
	ck_assert_ptr_null(larder_response_field(hit, "X-Absent").ptr);
	fields = larder_response_fields(hit, &count);
	for (size_t i = 0; i < count; i++)
		twos += lrd_slice_equal(fields[i].name, LRD_SLICE("X-Two"));
	ck_assert_uint_eq(twos, 2);
	ck_assert_int_eq(larder_response_body(hit, &again), 0);
	ck_assert_str_eq(again.ptr, body.ptr);
	/* What is in memory is lent, not copied. */
	ck_assert_int_eq(larder_response_body(hit, &body), 0);
	ck_assert_ptr_eq(body.ptr, again.ptr);
	ck_assert_uint_gt(larder_response_cache_status(hit, status, sizeof(status)), 0);
	ck_assert_msg(strstr(status, "larder; hit") == status, "%s", status);
	larder_response_cache_status(miss, status, sizeof(status));
	ck_assert_ptr_nonnull(strstr(status, "fwd=uri-miss"));
	larder_response_free(miss);
	larder_response_free(hit);
}
END_TEST

START_TEST(test_validation)
{
	char *seen;

	expect("/etag", LARDER_HOW_MISS, "tagged", 1);
	expect("/etag", LARDER_HOW_REVALIDATED, "tagged", 2);
	expect("/etag", LARDER_HOW_REVALIDATED, "tagged", 3);
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
	seen = fixture_seen(origin, 0);
	ck_assert_ptr_null(strstr(seen, "If-None-Match"));
	free(seen);
	seen = fixture_seen(origin, 1);
	ck_assert_ptr_nonnull(strstr(seen, "If-None-Match: \"e\"\r\n"));
	free(seen);
}
END_TEST

START_TEST(test_modes)
{
	static const struct {
		uint32_t mode;
		uint32_t how;
		unsigned requests; /* one of them has filled the store */
	} rows[] = {
		{ LARDER_MODE_DEFAULT, LARDER_HOW_FRESH, 1 },
		{ LARDER_MODE_NO_STORE, LARDER_HOW_BYPASS, 2 },
		{ LARDER_MODE_RELOAD, LARDER_HOW_MISS, 2 },
		{ LARDER_MODE_NO_CACHE, LARDER_HOW_MISS, 2 },
		{ LARDER_MODE_FORCE_CACHE, LARDER_HOW_FRESH, 1 },
		{ LARDER_MODE_ONLY_IF_CACHED, LARDER_HOW_FRESH, 1 },
	};
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	expect("/fresh", LARDER_HOW_MISS, "/fresh #1 for ", 1);
	request.url = fixture_url(url, origin, "/fresh");
	request.mode = rows[_i].mode;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_msg(answer.how == rows[_i].how, "mode %u: %s", rows[_i].mode,
		      larder_how_name(answer.how));
	ck_assert_uint_eq(lrd_origin_requests(origin), rows[_i].requests);
	fixture_forget(&answer);
}
END_TEST

/* A refusal is a response made here, with and without a store. */
START_TEST(test_refused)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *by = _i ? fixture_open(NULL) : session;
	larder_response *response = NULL;
	larder_slice body;
	char url[FIXTURE_URL_MAX];
	char status[64];
	size_t count = 9;

	request.url = fixture_url(url, origin, "/fresh");
	request.mode = LARDER_MODE_ONLY_IF_CACHED;
	ck_assert_int_eq(larder_send(by, &request, &response), 0);
	ck_assert_uint_eq(larder_response_status(response), 504);
	ck_assert_str_eq(larder_response_reason(response).ptr, "Gateway Timeout");
	ck_assert_uint_eq(larder_response_served(response)->how, LARDER_HOW_REFUSED);
	ck_assert_str_eq(larder_why_name(larder_response_served(response)->why),
			 "only-if-cached");
	larder_response_fields(response, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(larder_response_length(response), 0);
	ck_assert_int_eq(larder_response_body(response, &body), 0);
	ck_assert_uint_eq(body.len, 0);
	ck_assert_ptr_nonnull(body.ptr);
	larder_response_cache_status(response, status, sizeof(status));
	ck_assert_msg(strncmp(status, "larder", 6) == 0, "%s", status);
	larder_response_free(response);
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
	if (_i)
		larder_session_close(by);
}
END_TEST

START_TEST(test_without_a_store)
{
	larder_session *bare = fixture_open(NULL);
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	ck_assert_ptr_null(larder_session_cache(bare));
	ck_assert_ptr_nonnull(larder_session_cache(session));
	for (unsigned i = 1; i <= 2; i++) {
		fixture_get(bare, fixture_url(url, origin, "/fresh"), &answer);
		ck_assert_int_eq(answer.rc, 0);
		ck_assert_uint_eq(answer.how, LARDER_HOW_BYPASS);
		ck_assert_uint_eq(answer.stored, 0);
		ck_assert_uint_eq(lrd_origin_requests(origin), i);
		fixture_forget(&answer);
	}
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
	larder_session_close(bare);
}
END_TEST

START_TEST(test_unsafe_method_invalidates)
{
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	expect("/fresh", LARDER_HOW_MISS, "/fresh #1 for ", 1);
	request.method = "POST";
	request.url = fixture_url(url, origin, "/fresh");
	request.body = LRD_SLICE("x");
	fixture_send(session, &request, 0, &answer);
	ck_assert_uint_eq(answer.status, 200);
	fixture_forget(&answer);
	get("/fresh", &answer);
	ck_assert_str_eq(answer.body, "/fresh #3 for ");
	fixture_forget(&answer);
}
END_TEST

START_TEST(test_head_from_the_stored_get)
{
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	expect("/fresh", LARDER_HOW_MISS, "/fresh #1 for ", 1);
	request.method = "HEAD";
	request.url = fixture_url(url, origin, "/fresh");
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.rc, 0);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(answer.len, 0);
	fixture_forget(&answer);
	expect("/fresh", LARDER_HOW_FRESH, "/fresh #1 for ",
	       lrd_origin_requests(origin)); /* the body is still there */
}
END_TEST

/* Nobody gets what was answered to somebody else's credentials. */
START_TEST(test_principals)
{
	static const char *const who[] = { "Basic YWxpY2U6cw==", "Basic Ym9iOnM=", "" };
	static const char *const paths[] = { "/fresh", "/private" };
	char url[FIXTURE_URL_MAX];

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < 3; i++) {
			larder_field field = { LRD_SLICE("Authorization"),
					       lrd_slice_cstr(who[i]) };
			larder_request request = LARDER_REQUEST_INIT;
			struct fixture_answer answer;
			char tail[64];

			request.url = fixture_url(url, origin, paths[_i]);
			request.fields = &field;
			request.field_count = *who[i] ? 1 : 0;
			fixture_send(session, &request, 0, &answer);
			ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
			snprintf(tail, sizeof(tail), " for %s", who[i]);
			ck_assert_msg(strstr(answer.body, tail) != NULL &&
					      strcmp(strstr(answer.body, " for "),
						     tail) == 0,
				      "%s got %s", who[i], answer.body);
			ck_assert_uint_eq(answer.how,
					  pass ? LARDER_HOW_FRESH : LARDER_HOW_MISS);
			fixture_forget(&answer);
		}
	}
	ck_assert_uint_eq(lrd_origin_requests(origin), 3);
}
END_TEST

START_TEST(test_partition_of_session_and_request)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *tenant;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];
	char name[8] = "tenant";

	options.partition = name;
	tenant = fixture_open_with(&options, store);
	memset(name, 'x', sizeof(name) - 1); /* the session has a copy */
	request.url = fixture_url(url, origin, "/fresh");
	fixture_send(session, &request, 0, &answer); /* anonymous */
	fixture_forget(&answer);
	fixture_send(tenant, &request, 0, &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_MISS);
	fixture_forget(&answer);
	request.partition = "tenant";
	fixture_send(session, &request, 0, &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	ck_assert_str_eq(answer.body, "/fresh #2 for ");
	fixture_forget(&answer);
	larder_session_close(tenant);
}
END_TEST

/* ---- what is not stored ------------------------------------------------------------------ */

START_TEST(test_unread_body_is_not_stored)
{
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	char byte;

	ck_assert_int_eq(
		larder_get(session, fixture_url(url, origin, "/fresh"), &response), 0);
	if (_i)
		ck_assert_int_eq(larder_response_read(response, &byte, 1), 1);
	ck_assert_uint_eq(larder_response_served(response)->stored, 0);
	larder_response_free(response);
	expect("/fresh", LARDER_HOW_MISS, "/fresh #2 for ", 2);
	expect("/fresh", LARDER_HOW_FRESH, "/fresh #2 for ", 2);
}
END_TEST

#define OK "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n"

static const struct {
	const char *name;
	larder_slice wire;
	enum lrd_origin_action then;
} bad[] = {
	{ "length cut", LRD_SLICE_INIT(OK "Content-Length: 9\r\n\r\nbad"),
	  ORIGIN_ACT_CLOSE },
	{ "length reset", LRD_SLICE_INIT(OK "Content-Length: 9\r\n\r\nbad"),
	  ORIGIN_ACT_RESET },
	{ "chunked cut",
	  LRD_SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n"),
	  ORIGIN_ACT_CLOSE },
	{ "close reset", LRD_SLICE_INIT(OK "\r\nbad"), ORIGIN_ACT_RESET },
	{ "two lengths",
	  LRD_SLICE_INIT(OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nbad!"),
	  ORIGIN_ACT_HOLD },
	{ "bytes behind the end", LRD_SLICE_INIT(OK "Content-Length: 3\r\n\r\nbad!"),
	  ORIGIN_ACT_HOLD },
	{ "a coding that stays on",
	  LRD_SLICE_INIT(OK "Transfer-Encoding: gzip\r\n\r\nbad"), ORIGIN_ACT_CLOSE },
};

START_TEST(test_bad_message_is_not_stored)
{
	struct lrd_origin_step first[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND_BYTES(bad[_i].wire.ptr, bad[_i].wire.len),
		ORIGIN_PAUSE(20),
		{ bad[_i].then, NULL, 0, 0 },
	};
	static const struct lrd_origin_step next[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 4\r\n\r\ngood"),
		ORIGIN_HOLD,
	};
	const struct lrd_origin_step *const scripts[] = { first, next, NULL };
	struct lrd_origin *scripted =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	fixture_url(url, scripted, "/");
	fixture_get(session, url, &answer);
	ck_assert_msg(answer.stored == 0, "%s", bad[_i].name);
	fixture_forget(&answer);
	fixture_get(session, url, &answer);
	ck_assert_msg(answer.rc == 0, "%s: %s", bad[_i].name, answer.err.message);
	ck_assert_str_eq(answer.body, "good");
	ck_assert_uint_eq(answer.stored, 1);
	fixture_forget(&answer);
	fixture_get(session, url, &answer);
	ck_assert_str_eq(answer.body, "good");
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	fixture_forget(&answer);
	ck_assert_uint_eq(lrd_origin_connections(scripted), 2);
	lrd_origin_free(scripted);
}
END_TEST

/* ---- when the origin fails --------------------------------------------------------------- */

START_TEST(test_stale_if_error)
{
	static const struct {
		larder_slice wire;
	} failures[] = {
		{ LRD_SLICE_INIT("") },
		{ LRD_SLICE_INIT("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy") },
		{ LRD_SLICE_INIT(
			"HTTP/1.1 500 Oops\r\nContent-Length: 400\r\n\r\nhalf") },
	};
	static const struct lrd_origin_step first[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND("HTTP/1.1 200 OK\r\nCache-Control: max-age=0, "
			    "stale-if-error=600\r\n"
			    "Content-Length: 4\r\n\r\ngood"),
		ORIGIN_CLOSE,
	};
	struct lrd_origin_step next[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND_BYTES(failures[_i].wire.ptr, failures[_i].wire.len),
		ORIGIN_CLOSE,
	};
	const struct lrd_origin_step *const scripts[] = { first, next, NULL };
	struct lrd_origin *scripted =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	fixture_url(url, scripted, "/");
	fixture_get(session, url, &answer);
	ck_assert_int_eq(answer.rc, 0);
	fixture_forget(&answer);
	fixture_get(session, url, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(answer.body, "good");
	ck_assert_uint_eq(answer.how, LARDER_HOW_STALE);
	fixture_forget(&answer);
	lrd_origin_free(scripted);
	/* And when nobody is there at all. */
	fixture_get(session, url, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.how, LARDER_HOW_STALE);
	fixture_forget(&answer);
}
END_TEST

START_TEST(test_origin_is_gone)
{
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	fixture_url(url, origin, "/fresh");
	lrd_origin_free(origin);
	origin = NULL;
	fixture_get(session, url, &answer);
	ck_assert_int_eq(answer.sent, LARDER_ECONNECT);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_CONNECT);
	ck_assert_str_ne(answer.err.host, "");
	fixture_get(session, "http://nosuch.invalid/", &answer);
	ck_assert_int_eq(answer.sent, LARDER_ERESOLVE);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_RESOLVE);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "nosuch.invalid"));
}
END_TEST

/* ---- processes --------------------------------------------------------------------------- */

START_TEST(test_two_processes_share_one_response)
{
	int status;
	pid_t pid;

	expect("/fresh", LARDER_HOW_MISS, "/fresh #1 for ", 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* A process of its own: nothing of the parent's session is used. */
		larder_session *own = fixture_open(store);
		struct fixture_answer answer;
		char url[FIXTURE_URL_MAX];
		int wrong;

		fixture_get(own, fixture_url(url, origin, "/fresh"), &answer);
		wrong = answer.rc != 0 || answer.how != LARDER_HOW_FRESH ||
			strcmp(answer.body, "/fresh #1 for ") != 0;
		fixture_forget(&answer);
		larder_session_close(own);
		_exit(wrong);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(lrd_origin_requests(origin), 1);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/send");
	TCase *tcase = tcase_create("cache");

	tcase_set_timeout(tcase, 20);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_miss_then_hit);
	tcase_add_test(tcase, test_stored_response_looks_like_the_received_one);
	tcase_add_test(tcase, test_validation);
	tcase_add_loop_test(tcase, test_modes, 0, 6);
	tcase_add_loop_test(tcase, test_refused, 0, 2);
	tcase_add_test(tcase, test_without_a_store);
	tcase_add_test(tcase, test_unsafe_method_invalidates);
	tcase_add_test(tcase, test_head_from_the_stored_get);
	tcase_add_loop_test(tcase, test_principals, 0, 2);
	tcase_add_test(tcase, test_partition_of_session_and_request);
	tcase_add_loop_test(tcase, test_unread_body_is_not_stored, 0, 2);
	tcase_add_loop_test(tcase, test_bad_message_is_not_stored, 0, COUNT(bad));
	tcase_add_loop_test(tcase, test_stale_if_error, 0, 3);
	tcase_add_test(tcase, test_origin_is_gone);
	tcase_add_test(tcase, test_two_processes_share_one_response);
	suite_add_tcase(suite, tcase);
	return suite;
}
