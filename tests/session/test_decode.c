/* SPDX-License-Identifier: MIT */
/*
 * test_decode.c - content codings taken off, writes that must not overwrite, errors as
 * statuses: what a session does to a response after it came, and to a request before it goes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/larder.h>

#include "proto/bytes/slice.h"
#include "tests/coding/coded.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { PLAIN_LEN = 100000 };

static struct lrd_origin *origin;
static char plain[PLAIN_LEN + 1];
static const char *fields; /* of the reply */
static struct coded body;

static void reply(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)ctx;
	if (lrd_origin_field(request, "X-Fail").ptr) {
		lrd_origin_reply(conn, "412 No", "", "changed");
		return;
	}
	if (lrd_slice_equal(request->target, LRD_SLICE("/close"))) {
		lrd_origin_close(conn);
		return;
	}
	if (lrd_slice_equal(request->target, LRD_SLICE("/hang"))) {
		lrd_origin_pause(conn, 1500);
		lrd_origin_close(conn);
		return;
	}
	if (lrd_slice_equal(request->target, LRD_SLICE("/loop"))) {
		lrd_origin_reply(conn, "302 Go", "Location: /loop\r\n", "looping");
		return;
	}
	lrd_origin_sendf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n",
			 body.len, fields);
	if (!lrd_slice_equal(request->method, LRD_SLICE("HEAD")))
		lrd_origin_send(conn, body.ptr, body.len);
}

static void set_body(const void *bytes, size_t len)
{
	free(body.ptr);
	body.ptr = malloc(len + 1);
	ck_assert_ptr_nonnull(body.ptr);
	memcpy(body.ptr, bytes, len);
	body.len = len;
}

static void setup(void)
{
	for (size_t i = 0; i < PLAIN_LEN; i++)
		plain[i] = (char)('a' + i % 17);
	plain[PLAIN_LEN] = '\0';
	fields = "";
	set_body("plain", 5);
	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = reply });
}

static void teardown(void)
{
	lrd_origin_free(origin);
	free(body.ptr);
	body.ptr = NULL;
}

static bool is(larder_slice slice, const char *text)
{
	return lrd_slice_equal(slice, lrd_slice_cstr(text));
}

/* ---- codings ----------------------------------------------------------------------------- */

/* httplib2 1.7; list of twenty, 13. */
static const struct {
	const char *how;    /* coded by */
	const char *fields; /* Content-Encoding */
	bool decoded;
} codings[] = {
	{ "gzip", "Content-Encoding: gzip\r\n", true },
	{ "gzip", "Content-Encoding: GZip\r\n", true },
	{ "gzip", "Content-Encoding: x-gzip\r\n", true },
	{ "zlib", "Content-Encoding: deflate\r\n", true },
	{ "raw", "Content-Encoding: deflate\r\n", true },
	{ "br", "Content-Encoding: br\r\n", true },
	{ "zstd", "Content-Encoding: zstd\r\n", true },
	{ "gzip", "Content-Encoding: identity, gzip\r\n", true },
	{ "gzip", "Content-Encoding: unknown\r\n", false },
	{ "gzip", "", false },
};

static void compare(const struct fixture_answer *got, bool decoded, int row)
{
	ck_assert_msg(got->rc == 0, "row %d: %d %s", row, got->rc, got->err.message);
	if (decoded) {
		ck_assert_uint_eq(got->len, PLAIN_LEN);
		ck_assert_msg(memcmp(got->body, plain, PLAIN_LEN) == 0, "row %d", row);
	} else {
		ck_assert_uint_eq(got->len, body.len);
		ck_assert_msg(memcmp(got->body, body.ptr, body.len) == 0, "row %d", row);
	}
}

START_TEST(test_codings)
{
	const char *dir = lrd_tmpdir_new();
	larder_session *session = fixture_open(dir);
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX], all[256];
	struct fixture_answer got;

	if (!supports(codings[_i].how) && codings[_i].decoded && _i >= 5 && _i <= 6)
		goto out;
	free(body.ptr);
	body = code(codings[_i].how, plain, PLAIN_LEN);
	snprintf(all, sizeof(all), "Cache-Control: max-age=60\r\n%s", codings[_i].fields);
	fields = all;
	request.url = fixture_url(url, origin, "/x");
	/* From the wire in small pieces, then from the store in any. */
	fixture_send(session, &request, 777, &got);
	compare(&got, codings[_i].decoded, _i);
	ck_assert_uint_eq(got.stored, 1);
	fixture_forget(&got);
	fixture_send(session, &request, 0, &got);
	compare(&got, codings[_i].decoded, _i);
	ck_assert_uint_eq(got.how, LARDER_HOW_FRESH);
	fixture_forget(&got);
	/* What is stored is what came: whoever wants it so gets it so. */
	request.flags = LARDER_NO_DECODE;
	request.fields =
		&(larder_field){ LRD_SLICE("Accept-Encoding"), LRD_SLICE("gzip") };
	request.field_count = 1;
	fixture_send(session, &request, 0, &got);
	compare(&got, false, _i);
	ck_assert_uint_eq(got.how, LARDER_HOW_FRESH);
	fixture_forget(&got);
	ck_assert_uint_eq(lrd_origin_requests(origin), 1);
out:
	larder_session_close(session);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* httplib2 "-content-encoding", "content-length". */
START_TEST(test_accounting)
{
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	larder_slice whole;

	free(body.ptr);
	body = code("gzip", plain, PLAIN_LEN);
	fields = "Content-Encoding: gzip\r\n";
	request.url = fixture_url(url, origin, "/x");
	ck_assert_int_eq(larder_send(session, &request, &response), 0);
	ck_assert(is(larder_response_coding(response), "gzip"));
	ck_assert(is(larder_response_field(response, "Content-Encoding"), "gzip"));
	ck_assert_int_eq(larder_response_length(response), -1);
	ck_assert_int_eq(larder_response_body(response, &whole), 0);
	ck_assert_uint_eq(whole.len, PLAIN_LEN);
	ck_assert_int_eq(larder_response_length(response), PLAIN_LEN);
	larder_response_free(response);
	/* A HEAD has nothing to decode. */
	request.method = "HEAD";
	ck_assert_int_eq(larder_send(session, &request, &response), 0);
	ck_assert_ptr_null(larder_response_coding(response).ptr);
	ck_assert_int_eq(larder_response_body(response, &whole), 0);
	ck_assert_uint_eq(whole.len, 0);
	larder_response_free(response);
	larder_session_close(session);
}
END_TEST

/* Accept-Encoding is sent unless the caller says what he wants, or asks for a part. */
START_TEST(test_accept_encoding)
{
	static const struct {
		larder_field field;
		uint32_t flags;
		const char *want; /* in the request; NULL: no Accept-Encoding */
	} rows[] = {
		{ { LRD_SLICE_INIT("X"), LRD_SLICE_INIT("y") },
		  0,
		  "Accept-Encoding: gzip, " },
		{ { LRD_SLICE_INIT("accept-encoding"), LRD_SLICE_INIT("br") },
		  0,
		  "accept-encoding: br\r\n" },
		{ { LRD_SLICE_INIT("Range"), LRD_SLICE_INIT("bytes=0-1") },
		  0,
		  "Accept-Encoding: identity\r\n" },
		{ { LRD_SLICE_INIT("X"), LRD_SLICE_INIT("y") }, LARDER_NO_DECODE, NULL },
	};
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer got;
	char *seen;

	request.url = fixture_url(url, origin, "/x");
	request.fields = &rows[_i].field;
	request.field_count = 1;
	request.flags = rows[_i].flags;
	fixture_send(session, &request, 0, &got);
	fixture_forget(&got);
	seen = fixture_seen(origin, 0);
	if (rows[_i].want)
		ck_assert_msg(strstr(seen, rows[_i].want) != NULL, "row %d: %s", _i, seen);
	else
		ck_assert_ptr_null(strstr(seen, "ncoding"));
	free(seen);
	larder_session_close(session);
}
END_TEST

/* False and truncated data is an error and is not stored; bombs end at their limit. */
START_TEST(test_bad_bodies)
{
	static const struct {
		int kind; /* 0 junk, 1 truncated, 2 bomb, 3 empty */
		int rc;
	} rows[] = { { 0, LARDER_ECODING },
		     { 1, LARDER_ECODING },
		     { 2, LARDER_ELIMIT },
		     { 3, 0 } };
	const char *dir = lrd_tmpdir_new();
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];
	char *zeros;

	options.decode_max_bytes = rows[_i].kind == 2 ? 1 << 20 : 0;
	session = fixture_open_with(&options, dir);
	fields = "Content-Encoding: gzip\r\nCache-Control: max-age=60\r\n";
	free(body.ptr);
	if (rows[_i].kind == 2) {
		zeros = calloc(1, 4 << 20);
		body = code("gzip", zeros, 4 << 20);
		free(zeros);
	} else {
		body = code("gzip", plain, PLAIN_LEN);
	}
	if (rows[_i].kind == 0)
		set_body("junk that is no gzip", 20);
	if (rows[_i].kind == 1)
		body.len -= 5;
	if (rows[_i].kind == 3)
		body.len = 0;
	for (int again = 0; again < 2; again++) {
		fixture_get(session, fixture_url(url, origin, "/x"), &got);
		ck_assert_int_eq(got.sent, 0);
		ck_assert_msg(got.rc == rows[_i].rc, "row %d: %d %s", _i, got.rc,
			      got.err.message);
		if (got.rc < 0) {
			ck_assert_uint_eq(got.stored, 0);
			ck_assert_ptr_nonnull(
				strstr(got.err.message, "decode the body of"));
		}
		fixture_forget(&got);
	}
	ck_assert_uint_eq(lrd_origin_requests(origin), rows[_i].rc < 0 ? 2 : 1);
	larder_session_close(session);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* ---- lost updates ------------------------------------------------------------------------ */

/* httplib2 optimistic_concurrency_methods, ignore_etag; list of twenty, 19. */
static const struct {
	const char *method;
	const char *etag;    /* of what is stored */
	const char *methods; /* if_match_methods */
	larder_field field;  /* of the caller */
	uint32_t flags;
	bool sent;
} updates[] = {
	{ "PUT", "ETag: \"v1\"\r\n", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, true },
	{ "PATCH", "ETag: \"v1\"\r\n", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, true },
	{ "POST", "ETag: \"v1\"\r\n", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, false },
	{ "DELETE", "ETag: \"v1\"\r\n", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, false },
	{ "DELETE", "ETag: \"v1\"\r\n", "DELETE", { { NULL, 0 }, { NULL, 0 } }, 0, true },
	{ "PUT", "ETag: \"v1\"\r\n", "", { { NULL, 0 }, { NULL, 0 } }, 0, false },
	{ "PUT", "ETag: W/\"v1\"\r\n", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, false },
	{ "PUT", "", NULL, { { NULL, 0 }, { NULL, 0 } }, 0, false },
	{ "PUT",
	  "ETag: \"v1\"\r\n",
	  NULL,
	  { { NULL, 0 }, { NULL, 0 } },
	  LARDER_IGNORE_ETAG,
	  false },
	{ "PUT",
	  "ETag: \"v1\"\r\n",
	  NULL,
	  { LRD_SLICE_INIT("If-Match"), LRD_SLICE_INIT("\"own\"") },
	  0,
	  false },
	{ "PUT",
	  "ETag: \"v1\"\r\n",
	  NULL,
	  { LRD_SLICE_INIT("If-None-Match"), LRD_SLICE_INIT("*") },
	  0,
	  false },
};

START_TEST(test_lost_update)
{
	const char *dir = lrd_tmpdir_new();
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session;
	char url[FIXTURE_URL_MAX], all[256];
	struct fixture_answer got;
	char *seen;

	options.if_match_methods = updates[_i].methods;
	session = fixture_open_with(&options, dir);
	snprintf(all, sizeof(all), "Cache-Control: max-age=60\r\n%s", updates[_i].etag);
	fields = all;
	fixture_get(session, fixture_url(url, origin, "/x"), &got);
	ck_assert_uint_eq(got.stored, 1);
	fixture_forget(&got);
	request.method = updates[_i].method;
	request.url = url;
	request.flags = updates[_i].flags;
	if (updates[_i].field.name.ptr) {
		request.fields = &updates[_i].field;
		request.field_count = 1;
	}
	fixture_send(session, &request, 0, &got);
	ck_assert_int_eq(got.rc, 0);
	fixture_forget(&got);
	seen = fixture_seen(origin, 1);
	ck_assert_msg((strstr(seen, "If-Match: \"v1\"\r\n") != NULL) == updates[_i].sent,
		      "row %d: %s", _i, seen);
	free(seen);
	/* The write has made the stored tag void: a second one has none. */
	if (updates[_i].sent) {
		fixture_send(session, &request, 0, &got);
		fixture_forget(&got);
		seen = fixture_seen(origin, 2);
		ck_assert_ptr_null(strstr(seen, "If-Match"));
		free(seen);
	}
	larder_session_close(session);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* ---- errors as statuses ------------------------------------------------------------------ */

/* httplib2 force_exception_to_status_code, its table of codes. */
static const struct {
	const char *path; /* NULL: no URL at all */
	uint32_t status;
	const char *reason;
	const char *body; /* begins so */
} statuses[] = {
	{ "/x", 200, "OK", "plain" },
	{ "/hang", 408, "Request Timeout", "Request Timeout" },
	{ "/close", 400, "Bad Request", "request for http://127.0.0.1" },
	{ "/loop", 500, NULL, "looping" },
	{ NULL, 400, "Bad Request", "URL \"relative\"" },
};

START_TEST(test_errors_to_status)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	larder_session *session;
	char piece[64];
	ptrdiff_t n;

	options.errors_to_status = 1;
	options.first_byte_timeout_ms = 300;
	session = fixture_open_with(&options, NULL);
	ck_assert_int_eq(larder_get(session,
				    statuses[_i].path
					    ? fixture_url(url, origin, statuses[_i].path)
					    : "relative",
				    &response),
			 0);
	ck_assert_uint_eq(larder_response_status(response), statuses[_i].status);
	if (statuses[_i].reason)
		ck_assert(is(larder_response_reason(response), statuses[_i].reason));
	else
		ck_assert_ptr_nonnull(larder_response_previous(response, 0));
	n = larder_response_read(response, piece, sizeof(piece) - 1);
	ck_assert_int_ge(n, 0);
	piece[n] = '\0';
	ck_assert_msg(strncmp(piece, statuses[_i].body, strlen(statuses[_i].body)) == 0,
		      "row %d: %s", _i, piece);
	if (statuses[_i].status == 408 || statuses[_i].status == 400)
		ck_assert(is(larder_response_field(response, "content-type"),
			     "text/plain"));
	larder_response_free(response);
	larder_session_close(session);
}
END_TEST

START_TEST(test_bad_coding_to_status)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	larder_session *session;

	options.errors_to_status = 1;
	session = fixture_open_with(&options, NULL);
	fields = "Content-Encoding: gzip\r\n";
	ck_assert_int_eq(larder_get(session, fixture_url(url, origin, "/x"), &response),
			 0);
	ck_assert_uint_eq(larder_response_status(response), 500);
	ck_assert_ptr_nonnull(strstr(larder_response_reason(response).ptr, "decode"));
	ck_assert(is(larder_response_field(response, "Content-Encoding"), "gzip"));
	larder_response_free(response);
	larder_session_close(session);
}
END_TEST

/* ---- compat ------------------------------------------------------------------------------ */

/* What the table in larder.h says, both ways. */
static const struct {
	const char *method;
	const char *fields; /* of what is stored */
	const char *name, *value;
	unsigned asked[2]; /* requests of the second call: without, with compat */
	uint32_t status[2];
} habits[] = {
	{ "GET",
	  "Cache-Control: max-age=0\r\n",
	  "Cache-Control",
	  "only-if-cached",
	  { 0, 0 },
	  { 504, 200 } },
	{ "GET", "Cache-Control: max-age=60\r\n", "Range", "bytes=0-1", { 2, 1 }, { 0, 200 } },
	{ "GET",
	  "Cache-Control: max-age=60\r\n",
	  "Pragma",
	  "no-cache",
	  { 1, 1 },
	  { 200, 200 } },
};

START_TEST(test_compat)
{
	for (unsigned compat = 0; compat < 2; compat++) {
		const char *dir = lrd_tmpdir_new();
		larder_options options = LARDER_OPTIONS_INIT;
		larder_request request = LARDER_REQUEST_INIT;
		larder_field field = { lrd_slice_cstr(habits[_i].name),
				       lrd_slice_cstr(habits[_i].value) };
		char url[FIXTURE_URL_MAX];
		struct fixture_answer got;
		larder_session *session;

		options.compat = compat;
		session = fixture_open_with(&options, dir);
		fields = habits[_i].fields;
		fixture_get(session, fixture_url(url, origin, "/x"), &got);
		fixture_forget(&got);
		lrd_origin_clear(origin);
		request.method = habits[_i].method;
		request.url = url;
		request.fields = &field;
		request.field_count = 1;
		fixture_send(session, &request, 0, &got);
		if (habits[_i].asked[compat] < 2)
			ck_assert_msg(lrd_origin_requests(origin) ==
					      habits[_i].asked[compat],
				      "row %d compat %u: %u", _i, compat,
				      lrd_origin_requests(origin));
		if (habits[_i].status[compat])
			ck_assert_msg(got.status == habits[_i].status[compat],
				      "row %d compat %u: %u", _i, compat, got.status);
		if (strcmp(habits[_i].name, "Pragma") == 0)
			ck_assert(lrd_origin_saw(origin, "Cache-Control: no-cache") ==
				  (compat == 1));
		fixture_forget(&got);
		larder_session_close(session);
		lrd_tmpdir_remove(dir);
	}
}
END_TEST

/* httplib2 1.6: gone before the write is sent, even where it fails; RFC 9111 s4.4: only where it did not. */
START_TEST(test_compat_invalidation)
{
	for (unsigned compat = 0; compat < 2; compat++) {
		const char *dir = lrd_tmpdir_new();
		larder_options options = LARDER_OPTIONS_INIT;
		larder_request request = LARDER_REQUEST_INIT;
		char url[FIXTURE_URL_MAX];
		struct fixture_answer got;
		larder_session *session;

		options.compat = compat;
		session = fixture_open_with(&options, dir);
		fields = "Cache-Control: max-age=60\r\n";
		fixture_get(session, fixture_url(url, origin, "/x"), &got);
		fixture_forget(&got);
		request.method = "DELETE";
		request.url = url;
		request.fields = &(larder_field){ LRD_SLICE("X-Fail"), LRD_SLICE("1") };
		request.field_count = 1;
		fixture_send(session, &request, 0, &got);
		ck_assert_uint_eq(got.status, 412);
		fixture_forget(&got);
		fixture_get(session, url, &got);
		ck_assert_uint_eq(got.how, compat ? LARDER_HOW_MISS : LARDER_HOW_FRESH);
		fixture_forget(&got);
		larder_session_close(session);
		lrd_tmpdir_remove(dir);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/decode");
	TCase *tcase = tcase_create("decode");

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_codings, 0, COUNT(codings));
	tcase_add_test(tcase, test_accounting);
	tcase_add_loop_test(tcase, test_accept_encoding, 0, 4);
	tcase_add_loop_test(tcase, test_bad_bodies, 0, 4);
	tcase_add_loop_test(tcase, test_lost_update, 0, COUNT(updates));
	tcase_add_loop_test(tcase, test_errors_to_status, 0, COUNT(statuses));
	tcase_add_test(tcase, test_bad_coding_to_status);
	tcase_add_loop_test(tcase, test_compat, 0, COUNT(habits));
	tcase_add_test(tcase, test_compat_invalidation);
	suite_add_tcase(suite, tcase);
	return suite;
}
