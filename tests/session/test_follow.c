/* SPDX-License-Identifier: MIT */
/*
 * test_follow.c - redirects over the wire and from the store: chains, methods, bodies, limits,
 * and what must not cross to another origin.
 *
 * The origin answers GET /to/CODE/WHERE with that status and "Location: WHERE"; /code/CODE with
 * that status alone; all else with 200 and the method as body.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/larder.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static struct lrd_origin *a;
static struct lrd_origin *b;
static larder_session *session;

static const char *reply_fields;   /* of 3xx */
static _Atomic unsigned redirects; /* answered */

static void answer(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		   void *ctx)
{
	char target[1024];
	char method[32];
	int code = 0;
	int at = 0;

	(void)ctx;
	snprintf(target, sizeof(target), "%.*s", (int)request->target.len,
		 request->target.ptr);
	snprintf(method, sizeof(method), "%.*s", (int)request->method.len,
		 request->method.ptr);
	if (strncmp(target, "/to/", 4) == 0) {
		code = (int)strtol(target + 4, NULL, 10);
		at = 8; /* behind "/to/302/" */
	}
	if (at) {
		char status[16];
		char fields[2048];

		atomic_fetch_add(&redirects, 1);
		snprintf(status, sizeof(status), "%d Go", code);
		snprintf(fields, sizeof(fields), "Location: %s\r\n%s", target + at,
			 reply_fields ? reply_fields : "");
		lrd_origin_reply(conn, status, fields, "moved");
	} else if (strncmp(target, "/code/", 6) == 0) {
		char status[16];

		code = (int)strtol(target + 6, NULL, 10);
		snprintf(status, sizeof(status), "%d Go", code);
		lrd_origin_reply(conn, status, "", "nowhere");
	} else if (strcmp(target, "/loop") == 0) {
		lrd_origin_reply(conn, "302 Go", "Location: /loop\r\n", "");
	} else if (strcmp(target, "/long") == 0) {
		lrd_origin_sendf(conn, "HTTP/1.1 302 Go\r\nLocation: /end\r\n"
				       "Content-Length: 100000000\r\n\r\nbegin");
	} else if (strcmp(target, "/slow") == 0) {
		lrd_origin_sendf(conn, "HTTP/1.1 302 Go\r\nLocation: /end\r\n"
				       "Content-Length: 10\r\n\r\nb");
		lrd_origin_pause(conn, 3000);
	} else if (strcmp(target, "/early") == 0) {
		lrd_origin_sendf(
			conn, "HTTP/1.1 100 Continue\r\n\r\n"
			      "HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\nX: 1\r\n\r\n"
			      "HTTP/1.1 103 Early Hints\r\nLink: </t.css>\r\n\r\n"
			      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			      "Trailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n");
	} else if (strcmp(target, "/sub/doc") == 0) {
		lrd_origin_reply(conn, "200 OK", "Content-Location: doc.en\r\n", method);
	} else {
		lrd_origin_reply(conn, "200 OK", "", method);
	}
}

static larder_session *open_with(larder_options *options, const char *store)
{
	return fixture_open_with(options, store);
}

static void setup(void)
{
	a = lrd_origin_new(&(struct lrd_origin_options){ .handler = answer });
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = answer });
	session = fixture_open(NULL);
	reply_fields = NULL;
	redirects = 0;
}

static void teardown(void)
{
	larder_session_close(session);
	lrd_origin_free(a);
	lrd_origin_free(b);
}

static larder_response *send_ok(larder_session *by, const larder_request *request)
{
	larder_response *response = NULL;
	int rc = larder_send(by, request, &response);

	ck_assert_msg(rc == 0, "%d %s", rc, larder_session_error(by)->message);
	return response;
}

/* The last request that `origin` saw. */
static char *last(struct lrd_origin *origin)
{
	return fixture_seen(origin, lrd_origin_requests(origin) - 1);
}

static bool is(larder_slice slice, const char *text)
{
	return lrd_slice_equal(slice, lrd_slice_cstr(text));
}

/* ---- chains ------------------------------------------------------------------------------ */

/* httplib2 "previous" and "content-location"; its list of twenty, 9. */
START_TEST(test_chain_first_to_last)
{
	larder_request request = LARDER_REQUEST_INIT;
	const larder_response *first, *second;
	larder_response *response;
	char url[FIXTURE_URL_MAX], end[FIXTURE_URL_MAX];
	larder_slice body;

	request.url = fixture_url(url, a, "/to/302//to/301//end?x=1");
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	first = larder_response_previous(response, 0);
	second = larder_response_previous(response, 1);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(larder_response_previous(response, 2));
	ck_assert_uint_eq(larder_response_status(first), 302);
	ck_assert(is(larder_response_url(first), url));
	ck_assert(is(larder_response_field(first, "location"), "/to/301//end?x=1"));
	ck_assert_uint_eq(larder_response_status(second), 301);
	ck_assert_uint_eq(larder_response_served(second)->how, LARDER_HOW_BYPASS);
	fixture_url(end, a, "/end?x=1");
	ck_assert(is(larder_response_url(response), end));
	ck_assert(is(larder_response_content_location(response), end));
	ck_assert_int_eq(larder_response_body(response, &body), 0);
	ck_assert(is(body, "GET"));
	larder_response_free(response);
	/* Short bodies are read over: one connection was enough. */
	ck_assert_uint_eq(lrd_origin_connections(a), 1);
}
END_TEST

START_TEST(test_content_location_of_the_server)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response;
	char url[FIXTURE_URL_MAX], want[FIXTURE_URL_MAX];

	request.url = fixture_url(url, a, "/sub/doc");
	response = send_ok(session, &request);
	ck_assert(is(larder_response_content_location(response),
		     fixture_url(want, a, "/sub/doc.en")));
	larder_response_free(response);
	request.method = "POST";
	request.url = fixture_url(url, a, "/code/404");
	response = send_ok(session, &request);
	ck_assert(is(larder_response_content_location(response), url));
	larder_response_free(response);
}
END_TEST

/* Where Locations lead (RFC 3986 s5.2, RFC 9110 s10.2.2); "@" is a, "%" is b. List of twenty, 18. */
static const struct {
	const char *from;
	const char *location;
	const char *to;
	int rc;
} locations[] = {
	{ "/x/y", "z", "@/x/z", 0 },
	{ "/x/y", "../z", "@/z", 0 },
	{ "/x/y", "?z", "@/x/y?z", 0 },
	{ "/x/y", "//%/z", "%/z", 0 },
	{ "/x/y", "http://%/z", "%/z", 0 },
	{ "/x/y#part", "/z", "@/z#part", 0 },
	{ "/x/y#part", "/z#other", "@/z#other", 0 },
	{ "/x/y", "/z z", "@/z%20z", 0 },
	{ "/x/y", "/z\xc3\xa9", "@/z%C3%A9", 0 },
	{ "/x/y", "ftp://%/z", NULL, LARDER_EREDIRECT },
	{ "/x/y", "file:///etc/passwd", NULL, LARDER_EREDIRECT },
	{ "/x/y", "javascript:alert(1)", NULL, LARDER_EREDIRECT },
	{ "/x/y", "http://user:word@%/z", NULL, LARDER_EREDIRECT },
	{ "/x/y", "http://%\\@evil/", NULL, LARDER_EREDIRECT },
	{ "/x/y", "http://", NULL, LARDER_EREDIRECT },
	{ "/x/y", "", NULL, LARDER_EREDIRECT },
};

static char location[512];

static void expand(const char *text, char *buf, size_t size, bool scheme)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; *text; text++) {
		if (*text == '@' && scheme)
			len += (size_t)snprintf(buf + len, size - len,
						"http://127.0.0.1:%u", lrd_origin_port(a));
		else if (*text == '%' && scheme && text[1] == '/')
			len += (size_t)snprintf(buf + len, size - len,
						"http://127.0.0.1:%u", lrd_origin_port(b));
		else if (*text == '%' && !scheme)
			len += (size_t)snprintf(buf + len, size - len, "127.0.0.1:%u",
						lrd_origin_port(b));
		else
			len += (size_t)snprintf(buf + len, size - len, "%c", *text);
	}
}

static void redirect_once(struct lrd_origin_conn *conn,
			  const struct lrd_origin_request *request, void *ctx)
{
	char fields[600];

	(void)ctx;
	snprintf(fields, sizeof(fields), "Location: %s\r\n", location);
	if (memchr(request->target.ptr, 'z', request->target.len))
		lrd_origin_reply(conn, "200 OK", "", "end");
	else
		lrd_origin_reply(conn, "302 Go", fields, "");
}

START_TEST(test_locations)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX], want[512];
	int rc;

	lrd_origin_free(a);
	a = lrd_origin_new(&(struct lrd_origin_options){ .handler = redirect_once });
	expand(locations[_i].location, location, sizeof(location), false);
	request.url = fixture_url(url, a, locations[_i].from);
	rc = larder_send(session, &request, &response);
	ck_assert_msg(rc == locations[_i].rc, "%s: %d %s", locations[_i].location, rc,
		      larder_session_error(session)->message);
	if (rc == 0) {
		expand(locations[_i].to, want, sizeof(want), true);
		ck_assert_msg(is(larder_response_url(response), want), "%s: %s",
			      locations[_i].location, larder_response_url(response).ptr);
	} else {
		ck_assert_ptr_null(
			strstr(larder_session_error(session)->message, "word"));
		ck_assert_ptr_nonnull(larder_session_refused(session));
		ck_assert_uint_eq(larder_response_status(larder_session_refused(session)),
				  302);
		ck_assert_uint_eq(lrd_origin_requests(b), 0);
	}
	larder_response_free(response);
}
END_TEST

/* ---- methods and bodies ------------------------------------------------------------------ */

/* httplib2 1.4, follow_redirects, follow_all_redirects. */
static const struct {
	const char *method;
	int code;
	uint32_t flags;
	uint32_t compat;
	const char *sent; /* the last request line begins so; NULL: the 3xx is the answer */
	bool body;
} methods[] = {
	{ "GET", 300, 0, 0, "GET /end ", false },
	{ "GET", 307, 0, 0, "GET /end ", false },
	{ "HEAD", 302, 0, 0, "HEAD /end ", false },
	{ "HEAD", 302, 0, 1, "GET /end ", false },
	{ "HEAD", 303, 0, 0, "HEAD /end ", false },
	{ "POST", 301, 0, 0, NULL, true },
	{ "POST", 302, 0, 0, NULL, true },
	{ "POST", 307, 0, 0, NULL, true },
	{ "POST", 303, 0, 0, "GET /end ", false },
	{ "POST", 308, 0, 0, "POST /end ", true },
	{ "POST", 301, LARDER_FOLLOW_ALL_METHODS, 0, "POST /end ", true },
	{ "POST", 302, LARDER_FOLLOW_ALL_METHODS, 0, "GET /end ", false },
	{ "POST", 307, LARDER_FOLLOW_ALL_METHODS, 0, "POST /end ", true },
	{ "PUT", 302, LARDER_FOLLOW_ALL_METHODS, 0, "PUT /end ", true },
	{ "PUT", 302, LARDER_FOLLOW_ALL_METHODS, 1, "GET /end ", false },
	{ "DELETE", 303, 0, 0, "GET /end ", false },
};

START_TEST(test_methods)
{
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("Content-Type"), LRD_SLICE_INIT("text/x") },
	};
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX], path[64];
	larder_response *response;
	larder_session *own;
	char *seen;

	options.compat = methods[_i].compat;
	own = open_with(&options, NULL);
	snprintf(path, sizeof(path), "/to/%d//end", methods[_i].code);
	request.method = methods[_i].method;
	request.url = fixture_url(url, a, path);
	request.flags = methods[_i].flags;
	request.fields = fields;
	request.field_count = 1;
	if (strcmp(request.method, "POST") == 0 || strcmp(request.method, "PUT") == 0)
		request.body = LRD_SLICE("content");
	response = send_ok(own, &request);
	seen = last(a);
	if (methods[_i].sent) {
		ck_assert_uint_eq(larder_response_status(response), 200);
		ck_assert_msg(strncmp(seen, methods[_i].sent, strlen(methods[_i].sent)) ==
				      0,
			      "row %d: %s", _i, seen);
		ck_assert_msg((strstr(seen, "\r\n\r\ncontent") != NULL) == methods[_i].body,
			      "row %d: %s", _i, seen);
		/* List of twenty, 12: what describes content goes with it. */
		if (request.body.len && !methods[_i].body)
			ck_assert_ptr_null(strstr(seen, "Content-"));
	} else {
		ck_assert_uint_eq(larder_response_status(response),
				  (uint32_t)methods[_i].code);
		ck_assert_uint_eq(lrd_origin_requests(a), 1);
	}
	free(seen);
	larder_response_free(response);
	larder_session_close(own);
}
END_TEST

struct source {
	size_t at;
	size_t len;
	unsigned rewinds;
};

static ptrdiff_t pull(void *buf, size_t len, void *ctx)
{
	struct source *source = ctx;
	size_t n = source->len - source->at;

	if (n > len)
		n = len;
	memset(buf, 'u', n);
	source->at += n;
	return (ptrdiff_t)n;
}

static int rewind_source(void *ctx)
{
	struct source *source = ctx;

	source->at = 0;
	source->rewinds++;
	return 0;
}

static int refuse_rewind(void *ctx)
{
	(void)ctx;
	return -77;
}

/* A body by callback goes along: when it is small, or when it can be had again. */
static const struct {
	size_t len;
	int (*rewind)(void *ctx);
	int rc;
	unsigned rewinds;
} bodies[] = {
	{ 1000, NULL, 0, 0 },
	{ 300000, NULL, LARDER_EREPEAT, 0 },
	{ 300000, rewind_source, 0, 1 },
	{ 300000, refuse_rewind, -77, 0 },
};

START_TEST(test_bodies_by_callback)
{
	struct source source = { 0, bodies[_i].len, 0 };
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];
	char length[64];
	char *seen;

	request.method = "PUT";
	request.url = fixture_url(url, a, "/to/308//end");
	request.body_read = pull;
	request.body_ctx = &source;
	request.body_rewind = bodies[_i].rewind;
	request.body_length = (int64_t)source.len;
	fixture_send(session, &request, 0, &got);
	ck_assert_msg(got.sent == bodies[_i].rc, "row %d: %d %s", _i, got.sent,
		      got.err.message);
	ck_assert_uint_eq(source.rewinds, bodies[_i].rewinds);
	if (got.sent == 0) {
		seen = last(a);
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", source.len);
		ck_assert_ptr_nonnull(strstr(seen, length));
		ck_assert_uint_eq(strlen(strstr(seen, "\r\n\r\n") + 4), source.len);
		free(seen);
	}
	fixture_forget(&got);
}
END_TEST

/* ---- limits and modes -------------------------------------------------------------------- */

/* httplib2 RedirectLimit, redirections=5: the last redirect is at hand. */
START_TEST(test_limit)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];

	request.url = fixture_url(url, a, "/loop");
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EREDIRECT);
	ck_assert_ptr_null(response);
	ck_assert_uint_eq(lrd_origin_requests(a), 6);
	response = larder_session_refused(session);
	ck_assert_ptr_nonnull(response);
	ck_assert_uint_eq(larder_response_status(response), 302);
	ck_assert_ptr_nonnull(larder_response_previous(response, 4));
	ck_assert_ptr_null(larder_response_previous(response, 5));
	lrd_origin_clear(a);
	request.max_redirects = 2;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EREDIRECT);
	ck_assert_uint_eq(lrd_origin_requests(a), 3);
	/* The next call forgets it. */
	request.url = fixture_url(url, a, "/end");
	larder_response_free(send_ok(session, &request));
	ck_assert_ptr_null(larder_session_refused(session));
}
END_TEST

/* httplib2 RedirectMissingLocation; a 300 without one is an answer. */
START_TEST(test_missing_location)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];

	request.url = fixture_url(url, a, "/code/302");
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EREDIRECT);
	ck_assert_ptr_nonnull(
		strstr(larder_session_error(session)->message, "no Location"));
	request.url = fixture_url(url, a, "/code/300");
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 300);
	larder_response_free(response);
}
END_TEST

START_TEST(test_modes)
{
	static const uint16_t codes[] = { 302 };
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	larder_session *own;
	larder_slice body;

	request.url = fixture_url(url, a, "/to/301//end");
	request.redirect = LARDER_REDIRECT_MANUAL;
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 301);
	ck_assert_int_eq(larder_response_body(response, &body), 0);
	ck_assert(is(body, "moved"));
	larder_response_free(response);
	request.redirect = LARDER_REDIRECT_ERROR;
	response = NULL;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EREDIRECT);
	ck_assert_ptr_null(response);
	request.redirect = 4;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.redirect = LARDER_REDIRECT_DEFAULT;
	/* httplib2 follow_redirects = False, redirect_codes. */
	options.no_redirects = 1;
	own = open_with(&options, NULL);
	response = send_ok(own, &request);
	ck_assert_uint_eq(larder_response_status(response), 301);
	larder_response_free(response);
	request.redirect = LARDER_REDIRECT_FOLLOW;
	response = send_ok(own, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	larder_response_free(response);
	larder_session_close(own);
	options = (larder_options)LARDER_OPTIONS_INIT;
	options.redirect_codes = codes;
	options.redirect_code_count = 1;
	own = open_with(&options, NULL);
	response = send_ok(own, &request);
	ck_assert_uint_eq(larder_response_status(response), 301);
	larder_response_free(response);
	larder_session_close(own);
}
END_TEST

/* A body that nobody wants costs its connection, never the caller's time or memory. */
START_TEST(test_unwanted_bodies)
{
	static const char *const paths[] = { "/long", "/slow" };
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response;
	char url[FIXTURE_URL_MAX];

	request.url = fixture_url(url, a, paths[_i]);
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	larder_response_free(response);
	ck_assert_uint_eq(lrd_origin_connections(a), 2);
}
END_TEST

/* ---- secrets ----------------------------------------------------------------------------- */

static const larder_field secrets[] = {
	{ LRD_SLICE_INIT("Authorization"), LRD_SLICE_INIT("Bearer SECRET1") },
	{ LRD_SLICE_INIT("Cookie"), LRD_SLICE_INIT("c=SECRET2") },
	{ LRD_SLICE_INIT("X-Api-Key"), LRD_SLICE_INIT("SECRET3") },
	{ LRD_SLICE_INIT("X-Auth-Token"), LRD_SLICE_INIT("SECRET4") },
	{ LRD_SLICE_INIT("X-WSSE"), LRD_SLICE_INIT("SECRET5") },
	{ LRD_SLICE_INIT("If-None-Match"), LRD_SLICE_INIT("\"SECRET6\"") },
	{ LRD_SLICE_INIT("X-Plain"), LRD_SLICE_INIT("plain") },
};

/* CVE-2018-1000007, CVE-2022-27774, CVE-2022-27776: to another port, and back. */
START_TEST(test_secrets_stay)
{
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX], path[FIXTURE_URL_MAX];
	larder_response *response;
	char *seen;

	snprintf(path, sizeof(path),
		 "/to/302/http://127.0.0.1:%u/to/302/http://127.0.0.1:%u/end",
		 lrd_origin_port(b), lrd_origin_port(a));
	request.url = fixture_url(url, a, path);
	request.fields = secrets;
	request.field_count = sizeof(secrets) / sizeof(secrets[0]);
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	larder_response_free(response);
	ck_assert_uint_eq(lrd_origin_requests(b), 1);
	ck_assert(!lrd_origin_saw(b, "SECRET"));
	ck_assert(lrd_origin_saw(b, "X-Plain: plain"));
	/* Back at the first origin they are gone all the same. */
	seen = last(a);
	ck_assert_ptr_null(strstr(seen, "SECRET"));
	free(seen);
	seen = fixture_seen(a, 0);
	ck_assert_ptr_nonnull(strstr(seen, "SECRET1"));
	free(seen);
}
END_TEST

START_TEST(test_secrets_go_along_where_asked)
{
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX], path[FIXTURE_URL_MAX];

	snprintf(path, sizeof(path), "/to/302/http://127.0.0.1:%u/end",
		 lrd_origin_port(b));
	request.url = fixture_url(url, a, path);
	request.fields = secrets;
	request.field_count = 5;
	request.flags = LARDER_FORWARD_CREDENTIALS;
	larder_response_free(send_ok(session, &request));
	ck_assert(lrd_origin_saw(b, "SECRET1"));
	ck_assert(lrd_origin_saw(b, "SECRET2"));
	/* On the same origin they stay without being asked; httplib2 drops Authorization. */
	lrd_origin_clear(a);
	request.flags = 0;
	request.url = fixture_url(url, a, "/to/302//end");
	larder_response_free(send_ok(session, &request));
	ck_assert_uint_eq(lrd_origin_requests(a), 2);
	free(fixture_seen(a, 1));
	{
		char *seen = fixture_seen(a, 1);

		ck_assert_ptr_nonnull(strstr(seen, "SECRET1"));
		free(seen);
	}
}
END_TEST

/* "localhost" and 127.0.0.1 are two origins even when they are one server. */
START_TEST(test_secrets_stay_with_the_name)
{
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX], path[FIXTURE_URL_MAX];
	char *seen;

	snprintf(path, sizeof(path), "/to/307/http://localhost:%u/end",
		 lrd_origin_port(a));
	request.url = fixture_url(url, a, path);
	request.fields = secrets;
	request.field_count = 6;
	larder_response_free(send_ok(session, &request));
	seen = last(a);
	ck_assert_ptr_nonnull(strstr(seen, "Host: localhost:"));
	ck_assert_ptr_null(strstr(seen, "SECRET"));
	free(seen);
}
END_TEST

/* ---- stored redirects -------------------------------------------------------------------- */

/* httplib2 1.4 "permanent", list of twenty, 7; with compat as httplib2 has it. */
static const struct {
	const char *fields;
	const char *mode; /* a request field */
	int code;
	uint32_t compat;
	unsigned asked; /* redirects seen by the origin in two requests */
} stored[] = {
	{ "Cache-Control: max-age=60\r\n", NULL, 301, 0, 1 },
	{ "Cache-Control: max-age=60\r\n", NULL, 308, 0, 1 },
	{ "Cache-Control: max-age=60\r\n", NULL, 302, 0, 1 },
	{ "Cache-Control: max-age=60\r\n", "no-cache", 301, 0, 2 },
	{ "Cache-Control: no-cache\r\n", NULL, 301, 0, 2 },
	{ "Cache-Control: max-age=0\r\n", NULL, 308, 0, 2 },
	{ "Cache-Control: no-store\r\n", NULL, 301, 0, 2 },
	{ "", NULL, 302, 0, 2 },
	{ "Cache-Control: max-age=0\r\n", NULL, 301, 1, 1 },
	{ "Cache-Control: no-cache\r\n", NULL, 308, 1, 1 },
	{ "Cache-Control: no-store\r\n", NULL, 301, 1, 2 },
	{ "Cache-Control: max-age=0\r\n", NULL, 302, 1, 2 },
};

START_TEST(test_stored_redirects)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_field field = { LRD_SLICE("Cache-Control"), LRD_SLICE("no-cache") };
	char url[FIXTURE_URL_MAX], path[64], end[FIXTURE_URL_MAX];
	larder_response *response;
	larder_session *own;
	larder_slice body;
	const char *dir = lrd_tmpdir_new();

	reply_fields = stored[_i].fields;
	options.compat = stored[_i].compat;
	own = open_with(&options, dir);
	snprintf(path, sizeof(path), "/to/%d//end", stored[_i].code);
	request.url = fixture_url(url, a, path);
	larder_response_free(send_ok(own, &request));
	if (stored[_i].mode) {
		request.fields = &field;
		request.field_count = 1;
	}
	response = send_ok(own, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	ck_assert(is(larder_response_url(response), fixture_url(end, a, "/end")));
	ck_assert_uint_eq(larder_response_status(larder_response_previous(response, 0)),
			  (uint32_t)stored[_i].code);
	ck_assert_int_eq(larder_response_body(response, &body), 0);
	larder_response_free(response);
	ck_assert_msg(redirects == stored[_i].asked, "row %d: %u", _i, redirects);
	/* A stored redirect is one for HEAD too, which stays HEAD. */
	if (stored[_i].asked == 1) {
		char *seen;

		request.method = "HEAD";
		larder_response_free(send_ok(own, &request));
		ck_assert_uint_eq(redirects, 1);
		seen = last(a);
		ck_assert_int_eq(strncmp(seen, "HEAD /end ", 10), 0);
		free(seen);
	}
	larder_session_close(own);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* A loop in the store ends as one on the wire does. */
START_TEST(test_stored_loop)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	const char *dir = lrd_tmpdir_new();
	larder_session *own = fixture_open(dir);
	char url[FIXTURE_URL_MAX];

	lrd_origin_free(a);
	snprintf(location, sizeof(location), "/round\r\nCache-Control: max-age=60");
	a = lrd_origin_new(&(struct lrd_origin_options){ .handler = redirect_once });
	request.url = fixture_url(url, a, "/round");
	ck_assert_int_eq(larder_send(own, &request, &response), LARDER_EREDIRECT);
	ck_assert_uint_eq(lrd_origin_requests(a), 1);
	larder_session_close(own);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* ---- what comes before and behind a response --------------------------------------------- */

/* List of twenty, 14. */
START_TEST(test_interim_and_trailers)
{
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	const larder_field *fields;
	larder_response *response;
	larder_slice body;
	uint32_t status;
	size_t count;

	request.url = fixture_url(url, a, "/early");
	response = send_ok(session, &request);
	ck_assert_uint_eq(larder_response_status(response), 200);
	fields = larder_response_interim(response, 0, &status, &count);
	ck_assert_uint_eq(status, 103);
	ck_assert_uint_eq(count, 2);
	ck_assert(is(fields[0].value, "</s.css>"));
	ck_assert(is(fields[1].name, "X"));
	fields = larder_response_interim(response, 1, &status, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(is(fields[0].value, "</t.css>"));
	ck_assert_ptr_null(larder_response_interim(response, 2, &status, &count));
	ck_assert_uint_eq(status, 0);
	ck_assert_ptr_null(larder_response_trailers(response, &count));
	ck_assert_int_eq(larder_response_body(response, &body), 0);
	ck_assert(is(body, "ok"));
	fields = larder_response_trailers(response, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(is(fields[0].value, "7"));
	larder_response_free(response);
	/* Nothing of it is left for the next one. */
	request.url = fixture_url(url, a, "/end");
	response = send_ok(session, &request);
	ck_assert_ptr_null(larder_response_interim(response, 0, &status, &count));
	larder_response_free(response);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/follow");
	TCase *tcase = tcase_create("follow");

#define ROWS(rows) (int)(sizeof(rows) / sizeof((rows)[0]))
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, test_chain_first_to_last);
	tcase_add_test(tcase, test_content_location_of_the_server);
	tcase_add_loop_test(tcase, test_locations, 0, ROWS(locations));
	tcase_add_loop_test(tcase, test_methods, 0, ROWS(methods));
	tcase_add_loop_test(tcase, test_bodies_by_callback, 0, ROWS(bodies));
	tcase_add_test(tcase, test_limit);
	tcase_add_test(tcase, test_missing_location);
	tcase_add_test(tcase, test_modes);
	tcase_add_loop_test(tcase, test_unwanted_bodies, 0, 2);
	tcase_add_test(tcase, test_secrets_stay);
	tcase_add_test(tcase, test_secrets_go_along_where_asked);
	tcase_add_test(tcase, test_secrets_stay_with_the_name);
	tcase_add_loop_test(tcase, test_stored_redirects, 0, ROWS(stored));
	tcase_add_test(tcase, test_stored_loop);
	tcase_add_test(tcase, test_interim_and_trailers);
	suite_add_tcase(suite, tcase);
	return suite;
}
