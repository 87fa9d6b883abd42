/* SPDX-License-Identifier: MIT */
/* test_request.c - what goes onto the wire, byte by byte, and what never does. */
#include "session/request.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"

#define AGENT "User-Agent: larder/" LARDER_VERSION "\r\n"

static void serve(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "fine");
}

static struct lrd_origin *origin;
static larder_session *session;

static void setup(void)
{
	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = serve });
	larder_options options = LARDER_OPTIONS_INIT;

	/* Which codings go into Accept-Encoding depends on the build: test_decode.c has them. */
	options.no_decode = 1;
	session = fixture_open_with(&options, NULL);
}

static void teardown(void)
{
	larder_session_close(session);
	lrd_origin_free(origin);
}

/* Sends and compares all bytes; "@" in `want` stands for 127.0.0.1:PORT. */
static void expect_wire(larder_session *by, larder_request *request, const char *path,
			const char *want)
{
	char url[FIXTURE_URL_MAX];
	char host[64];
	char all[4096];
	const char *at = strchr(want, '@');
	struct fixture_answer answer;
	char *seen;

	lrd_origin_clear(origin);
	request->url = fixture_url(url, origin, path);
	snprintf(host, sizeof(host), "127.0.0.1:%u", lrd_origin_port(origin));
	ck_assert_ptr_nonnull(at);
	snprintf(all, sizeof(all), "%.*s%s%s", (int)(at - want), want, host, at + 1);
	fixture_send(by, request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 200);
	seen = fixture_seen(origin, 0);
	ck_assert_str_eq(seen, all);
	free(seen);
	fixture_forget(&answer);
}

/* ---- methods and bodies ------------------------------------------------------------------ */

static const struct {
	const char *method;
	const char *body;
	const char *wire;
} plain[] = {
	{ NULL, NULL, "GET /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "GET", NULL, "GET /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "HEAD", NULL, "HEAD /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "OPTIONS", NULL,
	  "OPTIONS /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "DELETE", NULL,
	  "DELETE /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "TRACE", NULL,
	  "TRACE /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "get", NULL, "get /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	{ "BREW-IT!", NULL,
	  "BREW-IT! /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n" },
	/* RFC 9110 s8.6: these say that they have no content. */
	{ "POST", NULL,
	  "POST /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 0\r\n\r\n" },
	{ "PUT", NULL,
	  "PUT /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 0\r\n\r\n" },
	{ "PATCH", NULL,
	  "PATCH /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 0\r\n\r\n" },
	{ "POST", "hello",
	  "POST /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 5\r\n\r\nhello" },
	{ "PUT", "",
	  "PUT /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 0\r\n\r\n" },
	{ "GET", "odd",
	  "GET /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 3\r\n\r\nodd" },
	{ "DELETE", "",
	  "DELETE /a?b=1 HTTP/1.1\r\nHost: @\r\n" AGENT
	  "Accept: */*\r\nContent-Length: 0\r\n\r\n" },
};

START_TEST(test_method_and_body)
{
	larder_request request = LARDER_REQUEST_INIT;

	request.method = plain[_i].method;
	if (plain[_i].body)
		request.body = lrd_slice_cstr(plain[_i].body);
	expect_wire(session, &request, "/a?b=1#fragment", plain[_i].wire);
}
END_TEST

struct pieces {
	const char *const *at;
	int calls;
};

static ptrdiff_t next_piece(void *buf, size_t len, void *ctx)
{
	struct pieces *pieces = ctx;
	const char *text = pieces->at[pieces->calls++];
	size_t size = text ? strlen(text) : 0;

	ck_assert_uint_le(size, len);
	memcpy(buf, text ? text : "", size);
	return (ptrdiff_t)size;
}

START_TEST(test_body_by_callback)
{
	static const char *const texts[] = { "hello, ", "wor", "ld", NULL };
	struct pieces pieces = { texts, 0 };
	larder_request request = LARDER_REQUEST_INIT;

	request.method = "POST";
	request.body_read = next_piece;
	request.body_ctx = &pieces;
	request.body_length = 12;
	expect_wire(session, &request, "/",
		    "POST / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\nContent-Length: 12\r\n\r\nhello, world");

	pieces.calls = 0;
	request.body_length = -1;
	expect_wire(session, &request, "/",
		    "POST / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "7\r\nhello, \r\n3\r\nwor\r\n2\r\nld\r\n0\r\n\r\n");

	/* Empty, known and unknown to be so. */
	pieces = (struct pieces){ texts + 3, 0 };
	request.body_length = 0;
	expect_wire(session, &request, "/",
		    "POST / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\nContent-Length: 0\r\n\r\n");
	pieces.calls = 0;
	request.body_length = -1;
	expect_wire(session, &request, "/",
		    "POST / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}
END_TEST

static ptrdiff_t bad_piece(void *buf, size_t len, void *ctx)
{
	(void)buf;
	(void)len;
	return *(ptrdiff_t *)ctx;
}

START_TEST(test_callback_errors)
{
	static const struct {
		ptrdiff_t gives;
		int64_t length;
		int rc;
		const char *text;
	} rows[] = {
		{ -77, 5, -77, "the callback gave up" },
		{ LARDER_ECLOSED, 5, LARDER_ECLOSED, "the callback gave up" },
		{ 0, 5, LARDER_EINVAL, "ends before body_length" },
		{ 6, 5, LARDER_EINVAL, "claims more than it was asked" },
		{ 1, 0, LARDER_EINVAL, "more than body_length" },
	};
	ptrdiff_t gives = rows[_i].gives;
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer answer;

	request.method = "PUT";
	request.url = fixture_url(url, origin, "/");
	request.body_read = bad_piece;
	request.body_ctx = &gives;
	request.body_length = rows[_i].length;
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.sent, rows[_i].rc);
	ck_assert_msg(strstr(answer.err.message, rows[_i].text) != NULL, "%s",
		      answer.err.message);
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
}
END_TEST

/* ---- fields ------------------------------------------------------------------------------ */

START_TEST(test_fields_in_the_callers_order)
{
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("X-First"), LRD_SLICE_INIT("1") },
		{ LRD_SLICE_INIT("accept"), LRD_SLICE_INIT("text/html") },
		{ LRD_SLICE_INIT("X-First"), LRD_SLICE_INIT("2") },
		{ LRD_SLICE_INIT("X-Blank"), LRD_SLICE_INIT("  in  side\t") },
		{ LRD_SLICE_INIT("X-Empty"), LRD_SLICE_INIT("") },
	};
	larder_request request = LARDER_REQUEST_INIT;

	request.fields = fields;
	request.field_count = 5;
	expect_wire(session, &request, "/",
		    "GET / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "X-First: 1\r\naccept: text/html\r\nX-First: 2\r\n"
		    "X-Blank: in  side\r\nX-Empty: \r\n\r\n");
}
END_TEST

START_TEST(test_many_fields)
{
	enum { COUNT = 200 };
	static larder_field fields[COUNT];
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer answer;
	char *seen;
	size_t found = 0;

	for (size_t i = 0; i < COUNT; i++)
		fields[i] = (larder_field){ LRD_SLICE("X-Many"), LRD_SLICE("yes") };
	request.url = fixture_url(url, origin, "/");
	request.fields = fields;
	request.field_count = COUNT;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	fixture_forget(&answer);
	seen = fixture_seen(origin, 0);
	for (const char *at = seen; (at = strstr(at, "X-Many: yes\r\n")) != NULL; at++)
		found++;
	ck_assert_uint_eq(found, COUNT);
	free(seen);
}
END_TEST

START_TEST(test_user_agent_of_the_session)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *own;

	options.no_decode = 1;
	options.user_agent = "probe/2";
	own = fixture_open_with(&options, NULL);
	expect_wire(own, &request, "/",
		    "GET / HTTP/1.1\r\nHost: @\r\nUser-Agent: probe/2\r\n"
		    "Accept: */*\r\n\r\n");
	larder_session_close(own);
	options.user_agent = "";
	own = fixture_open_with(&options, NULL);
	expect_wire(own, &request, "", "GET / HTTP/1.1\r\nHost: @\r\nAccept: */*\r\n\r\n");
	larder_session_close(own);
}
END_TEST

START_TEST(test_connection_close_is_the_callers_to_ask)
{
	static const larder_field close = { LRD_SLICE_INIT("Connection"),
					    LRD_SLICE_INIT("close") };
	larder_request request = LARDER_REQUEST_INIT;

	request.fields = &close;
	request.field_count = 1;
	expect_wire(session, &request, "/",
		    "GET / HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\nConnection: close\r\n\r\n");
	request.field_count = 0;
	expect_wire(session, &request, "/",
		    "GET / HTTP/1.1\r\nHost: @\r\n" AGENT "Accept: */*\r\n\r\n");
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
}
END_TEST

/* ---- what is refused, before a byte is sent ------------------------------------------------ */

#define BAD(text)                      \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	const char *method;
	const char *path;
	larder_slice name;
	larder_slice value;
	int rc;
	const char *text;
} refused[] = {
	{ "", "/", BAD("X"), BAD("y"), LARDER_EINVAL, "method is no token" },
	{ "GET ", "/", BAD("X"), BAD("y"), LARDER_EINVAL, "method is no token" },
	{ "GET / HTTP/1.1\r\nX:", "/", BAD("X"), BAD("y"), LARDER_EINVAL,
	  "method is no token" },
	{ "G\tT", "/", BAD("X"), BAD("y"), LARDER_EINVAL, "method is no token" },
	{ "G\x80T", "/", BAD("X"), BAD("y"), LARDER_EINVAL, "method is no token" },
	{ "CONNECT", "/", BAD("X"), BAD("y"), LARDER_EINVAL, "CONNECT" },
	{ "GET", "/\xff", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://127.0.0.1" },
	{ "GET", "/a\r\nX: y", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://127.0.0.1" },
	{ "GET", "/a\tb", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://127.0.0.1" },
	{ "GET", "/a\x7f", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://127.0.0.1" },
	{ "GET", "/\xc3", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://127.0.0.1" },
	{ "GET", "\\@evil/", BAD("X"), BAD("y"), LARDER_EURL, "URL \"http://" },
	{ "GET", "/", BAD(""), BAD("y"), LARDER_EINVAL, "is no token" },
	{ "GET", "/", BAD("X Y"), BAD("y"), LARDER_EINVAL, "field name \"X?Y\"" },
	{ "GET", "/", BAD("X:"), BAD("y"), LARDER_EINVAL, "is no token" },
	{ "GET", "/", BAD("X\r\nEvil"), BAD("y"), LARDER_EINVAL, "field name \"X??Evil\"" },
	{ "GET", "/", BAD("X\0"), BAD("y"), LARDER_EINVAL, "is no token" },
	{ "GET", "/", BAD("X\xff"), BAD("y"), LARDER_EINVAL, "is no token" },
	{ "GET", "/", BAD("X"), BAD("secret\r\nEvil: 1"), LARDER_EINVAL,
	  "value of field X" },
	{ "GET", "/", BAD("X"), BAD("secret\n"), LARDER_EINVAL, "value of field X" },
	{ "GET", "/", BAD("X"), BAD("a\rsecret"), LARDER_EINVAL, "value of field X" },
	{ "GET", "/", BAD("X"), BAD("a\0secret"), LARDER_EINVAL, "value of field X" },
	{ "GET", "/", BAD("X"), BAD("a\x01secret"), LARDER_EINVAL, "value of field X" },
	{ "GET", "/", BAD("X"), BAD("a\x7fsecret"), LARDER_EINVAL, "value of field X" },
	{ "GET", "/", BAD("Host"), BAD("evil.example"), LARDER_EINVAL,
	  "field Host is set by" },
	{ "GET", "/", BAD("host"), BAD("evil.example"), LARDER_EINVAL,
	  "field host is set by" },
	{ "POST", "/", BAD("Content-Length"), BAD("5"), LARDER_EINVAL,
	  "is set by the library" },
	{ "POST", "/", BAD("Transfer-Encoding"), BAD("chunked"), LARDER_EINVAL,
	  "is set by" },
	{ "GET", "/", BAD("Connection"), BAD("upgrade"), LARDER_EINVAL, "is set by" },
	{ "GET", "/", BAD("Upgrade"), BAD("h2c"), LARDER_EINVAL, "is set by" },
	{ "GET", "/", BAD("Keep-Alive"), BAD("5"), LARDER_EINVAL, "is set by" },
	{ "GET", "/", BAD("Proxy-Connection"), BAD("close"), LARDER_EINVAL, "is set by" },
	{ "GET", "/", BAD("TE"), BAD("trailers"), LARDER_EINVAL, "is set by" },
	{ "GET", "/", BAD("Trailer"), BAD("X"), LARDER_EINVAL, "is set by" },
};

/* httplib2 1.1, iri2uri and CVE-2020-11078: blanks and letters are escaped, controls refused. */
START_TEST(test_iris)
{
	larder_request request = LARDER_REQUEST_INIT;

	expect_wire(session, &request, "/a b/\xc3\xa9?q=\xc3\xa9 %41",
		    "GET /a%20b/%C3%A9?q=%C3%A9%20%41 HTTP/1.1\r\nHost: @\r\n" AGENT
		    "Accept: */*\r\n\r\n");
}
END_TEST

START_TEST(test_refused_before_a_byte)
{
	larder_field field = { refused[_i].name, refused[_i].value };
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer answer;

	request.method = refused[_i].method;
	request.url = fixture_url(url, origin, refused[_i].path);
	request.fields = &field;
	request.field_count = 1;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.sent == refused[_i].rc, "row %d: %d %s", _i, answer.sent,
		      answer.err.message);
	ck_assert_msg(strstr(answer.err.message, refused[_i].text) != NULL, "row %d: %s",
		      _i, answer.err.message);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_PREPARE);
	ck_assert_ptr_null(strstr(answer.err.message, "secret"));
	ck_assert_ptr_null(strpbrk(answer.err.message, "\r\n\t"));
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
}
END_TEST

static const struct {
	const char *url;
	const char *text;
} bad_urls[] = {
	{ "", "URL \"\"" },
	{ "/relative", "URL \"/relative\"" },
	{ "//host/x", "URL \"//host/x\"" },
	{ "ftp://host/x", "URL \"ftp://host/x\"" },
	{ "http://", "URL \"http://\"" },
	{ "http:///x", "URL" },
	{ "http://host:99999/", "URL" },
	{ "http://ho%2fst/", "URL" },
	{ "http://user:secret@127.0.0.1/", "URL \"http://127.0.0.1/\" has a user name" },
	{ "http://user:secret@127.0.0.1/?token=secret",
	  "URL \"http://127.0.0.1/\" has a user" },
	{ "http://user:secret/x@127.0.0.1/", "URL \"http://127.0.0.1/\"" },
	{ "http://user:secret@a@127.0.0.1/", "URL \"http://127.0.0.1/\"" },
	{ "user:secret@127.0.0.1", "URL \"127.0.0.1\"" },
	{ "nonsense?secret", "URL \"nonsense\"" },
};

START_TEST(test_bad_url)
{
	larder_response *response = NULL;
	const char *message;

	ck_assert_int_eq(larder_get(session, bad_urls[_i].url, &response), LARDER_EURL);
	message = larder_session_error(session)->message;
	ck_assert_msg(strstr(message, bad_urls[_i].text) != NULL, "%s", message);
	ck_assert_ptr_null(strstr(message, "secret"));
}
END_TEST

START_TEST(test_contradictions)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];

	ck_assert_int_eq(larder_send(session, &request, &response),
			 LARDER_EINVAL); /* no URL */
	request.url = fixture_url(url, origin, "/");
	request.mode = 6;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.mode = 0;
	request.body_length = 5;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.body_length = -2;
	request.body_read = next_piece;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.body_length = 0;
	request.body = LRD_SLICE("x");
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.body_read = NULL;
	request.body.ptr = NULL;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.body = LRD_SLICE("x");
	request.method = "TRACE";
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	request.method = "POST";
	request.field_count = 1;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_EINVAL);
	ck_assert_ptr_null(response);
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
}
END_TEST

START_TEST(test_url_text)
{
	static const struct {
		const char *url;
		const char *text;
	} rows[] = {
		{ "http://a/b", "http://a/b" },
		{ "http://a/b?c#d", "http://a/b" },
		{ "https://u@a:1/@b", "https://a:1/@b" },
		{ "https://a/@b/c", "https://a/@b/c" },
		{ "http://u:p@a\\@b/", "http://b/" },
		{ "\x01\x02", "??" },
		{ "a?x://y@z", "a" },
		{ "://@", "://" },
	};
	char buf[LRD_URL_TEXT_MAX];
	char longest[1000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(lrd_url_text(lrd_slice_cstr(rows[i].url), buf),
				 rows[i].text);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "http://", 7);
	lrd_url_text((larder_slice){ longest, sizeof(longest) }, buf);
	ck_assert_uint_eq(strlen(buf), LRD_URL_TEXT_MAX - 1);
	ck_assert_str_eq(buf + LRD_URL_TEXT_MAX - 4, "...");
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/request");
	TCase *tcase = tcase_create("wire");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_method_and_body, 0, COUNT(plain));
	tcase_add_test(tcase, test_body_by_callback);
	tcase_add_loop_test(tcase, test_callback_errors, 0, 5);
	tcase_add_test(tcase, test_fields_in_the_callers_order);
	tcase_add_test(tcase, test_many_fields);
	tcase_add_test(tcase, test_user_agent_of_the_session);
	tcase_add_test(tcase, test_connection_close_is_the_callers_to_ask);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("refused");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_iris);
	tcase_add_loop_test(tcase, test_refused_before_a_byte, 0, COUNT(refused));
	tcase_add_loop_test(tcase, test_bad_url, 0, COUNT(bad_urls));
	tcase_add_test(tcase, test_contradictions);
	tcase_add_test(tcase, test_url_text);
	suite_add_tcase(suite, tcase);
	return suite;
}
