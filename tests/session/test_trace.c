/* SPDX-License-Identifier: MIT */
/* test_trace.c - what a watcher hears of a request's way, and what nobody may hear. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "session/redact.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define OK           "HTTP/1.1 200 OK\r\n"

/* ---- the watcher ------------------------------------------------------------------------- */

struct heard {
	char names[1024]; /* of the events, each with a blank behind it */
	char all[65536];  /* every text of every event */
	larder_trace_event last[LARDER_TRACE_FAIL + 1];
	larder_timing timing;
	uint64_t at_ns;
	char *print; /* of debug */
	size_t print_len;
};

static void add(char *text, size_t size, larder_slice more, const char *tail)
{
	size_t len = strlen(text);
	int added = snprintf(text + len, size - len, "%.*s%s", (int)more.len,
			     more.len ? more.ptr : "", tail);

	ck_assert_int_ge(added, 0);
	ck_assert_uint_lt((size_t)added, size - len);
}

static void hear(const larder_trace_event *event, void *ctx)
{
	struct heard *heard = ctx;

	ck_assert_uint_ge(event->size, sizeof(*event));
	ck_assert_uint_ge(event->kind, LARDER_TRACE_BEGIN);
	ck_assert_uint_le(event->kind, LARDER_TRACE_FAIL);
	ck_assert_uint_ge(event->at_ns, heard->at_ns);
	heard->at_ns = event->at_ns;
	add(heard->names, sizeof(heard->names),
	    lrd_slice_cstr(larder_trace_name(event->kind)), " ");
	add(heard->all, sizeof(heard->all), event->method, "\n");
	add(heard->all, sizeof(heard->all), event->url, "\n");
	add(heard->all, sizeof(heard->all), event->host, "\n");
	add(heard->all, sizeof(heard->all), event->text, "\n");
	for (size_t i = 0; i < event->field_count; i++) {
		add(heard->all, sizeof(heard->all), event->fields[i].name, ": ");
		add(heard->all, sizeof(heard->all), event->fields[i].value, "\n");
	}
	heard->last[event->kind] = *event;
	if (event->timing) {
		ck_assert_uint_ge(event->timing->size, sizeof(larder_timing));
		heard->timing = *event->timing;
	}
}

static void keep_print(const char *text, size_t len, void *ctx)
{
	struct heard *heard = ctx;

	ck_assert_uint_gt(len, 2);
	ck_assert_int_eq(text[len - 1], '\n');
	heard->print = realloc(heard->print, heard->print_len + len + 1);
	ck_assert_ptr_nonnull(heard->print);
	memcpy(heard->print + heard->print_len, text, len);
	heard->print_len += len;
	heard->print[heard->print_len] = '\0';
}

static larder_options watched(struct heard *heard)
{
	larder_options options = LARDER_OPTIONS_INIT;

	memset(heard, 0, sizeof(*heard));
	options.trace = hear;
	options.trace_ctx = heard;
	options.debug_write = keep_print;
	options.debug_ctx = heard;
	return options;
}

static void expect(const struct heard *heard, const char *names)
{
	ck_assert_str_eq(heard->names, names);
}

static void forget(struct heard *heard)
{
	heard->names[0] = '\0';
}

/* ---- the way of a request ---------------------------------------------------------------- */

static void answer(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		   void *ctx)
{
	(void)ctx;
	if (lrd_slice_equal(request->target, LRD_SLICE("/early")))
		lrd_origin_sendf(conn, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
	if (lrd_slice_equal(request->target, LRD_SLICE("/away?code=sesame")))
		lrd_origin_reply(conn, "302 Found", "Location: /there?code=sesame\r\n",
				 "");
	else if (lrd_slice_equal(request->target, LRD_SLICE("/secret")) &&
		 !lrd_origin_field(request, "Authorization").ptr)
		lrd_origin_reply(conn, "401 Unauthorized",
				 "WWW-Authenticate: Basic realm=\"r\"\r\n", "");
	else if (lrd_slice_equal(request->target, LRD_SLICE("/fresh")))
		lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=60\r\n", "hello");
	else
		lrd_origin_reply(conn, "200 OK",
				 "Set-Cookie: sesame=sesame\r\nX-Session-Id: sesame\r\n",
				 "hello");
}

#define NEW "resolve connect "

/* Requests one after the other over one session. */
static const struct {
	const char *path;
	const char *names;
} ways[] = {
	{ "/", "begin " NEW "request response done body " },
	{ "/", "begin reuse request response done body " },
	{ "/early", "begin reuse request interim response done body " },
	{ "/away?code=sesame", "begin reuse request response body redirect begin reuse "
			       "request response done body " },
	{ "/secret", "begin reuse request response challenge body reuse request response "
		     "done body " },
};

START_TEST(each_step_is_told_in_its_turn)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = answer });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_session *session = fixture_open_with(&options, NULL);
	larder_credential credentials = LARDER_CREDENTIAL_INIT;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	credentials.user = "alice";
	credentials.password = "sesame";
	ck_assert_int_eq(larder_session_add_credential(session, &credentials), 0);
	for (int i = 0; i < COUNT(ways); i++) {
		forget(&heard);
		fixture_get(session, fixture_url(url, origin, ways[i].path), &got);
		ck_assert_msg(got.rc == 0, "%s", got.err.message);
		ck_assert_uint_eq(got.status, 200);
		expect(&heard, ways[i].names);
		ck_assert_uint_eq(heard.last[LARDER_TRACE_DONE].status, 200);
		ck_assert_uint_eq(heard.last[LARDER_TRACE_BODY].bytes, 5);
		ck_assert_uint_ge(heard.last[LARDER_TRACE_BODY].pieces, 1);
		ck_assert_uint_gt(heard.timing.total_ns, 0);
		ck_assert_uint_gt(heard.timing.first_byte_ns, 0);
		ck_assert_uint_le(heard.timing.first_byte_ns, heard.timing.total_ns);
		fixture_forget(&got);
	}
	/* No word of it anywhere, and yet the heads are there. */
	ck_assert_ptr_null(strstr(heard.all, "sesame"));
	ck_assert_ptr_null(strstr(heard.all, "YWxpY2U6")); /* alice: */
	ck_assert_ptr_nonnull(strstr(heard.all, "Authorization: ...\n"));
	ck_assert_ptr_nonnull(strstr(heard.all, "Set-Cookie: ...\n"));
	ck_assert_ptr_nonnull(strstr(heard.all, "X-Session-Id: ...\n"));
	ck_assert_ptr_nonnull(strstr(heard.all, "Location: /there?\n"));
	ck_assert_ptr_nonnull(strstr(heard.all, "GET /away?... HTTP/1.1\n"));
	ck_assert_ptr_nonnull(strstr(heard.all, "WWW-Authenticate: Basic realm=\"r\"\n"));
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(tls_is_told_with_its_cipher)
{
	struct lrd_test_cert_spec spec = { 0 };
	struct lrd_test_cert *authority = lrd_test_ca_new("authority");
	struct lrd_test_cert *leaf = lrd_test_cert_new(&spec, authority);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = answer, .cert = leaf });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_session *session;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	options.insecure = 1;
	session = fixture_open_with(&options, NULL);
	(void)snprintf(url, sizeof(url), "https://localhost:%u/", lrd_origin_port(origin));
	fixture_get(session, url, &got);
	ck_assert_msg(got.rc == 0, "%s", got.err.message);
	expect(&heard, "begin resolve connect tls request response done body ");
	ck_assert_uint_eq(heard.last[LARDER_TRACE_TLS].tls_version, 0x0304);
	ck_assert_ptr_nonnull(strstr(heard.all, "TLS_"));
	ck_assert_uint_gt(heard.timing.tls_ns, 0);
	ck_assert_uint_gt(heard.timing.connect_ns, 0);
	fixture_forget(&got);
	larder_session_close(session);
	lrd_origin_free(origin);
	lrd_test_cert_free(leaf);
	lrd_test_cert_free(authority);
}
END_TEST

START_TEST(the_plan_is_told_with_its_reason)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = answer });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_session *session = fixture_open_with(&options, lrd_tmpdir_new());
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, "/fresh"), &got);
	ck_assert_int_eq(got.rc, 0);
	expect(&heard, "begin plan " NEW "request response done body ");
	ck_assert_uint_eq(heard.last[LARDER_TRACE_PLAN].verdict, LARDER_FETCH);
	fixture_forget(&got);
	forget(&heard);
	fixture_get(session, url, &got);
	expect(&heard, "begin plan done ");
	ck_assert_uint_eq(heard.last[LARDER_TRACE_PLAN].verdict, LARDER_SERVE);
	ck_assert_uint_ne(heard.last[LARDER_TRACE_PLAN].why, 0);
	ck_assert_uint_gt(heard.timing.cache_ns, 0);
	ck_assert_uint_eq(heard.timing.first_byte_ns, 0);
	fixture_forget(&got);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(retries_and_failures_are_told)
{
	static const struct lrd_origin_step once[] = {
		ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-Length: 2\r\n\r\nok"),
		ORIGIN_EXPECT(""), ORIGIN_CLOSE, /* without a byte */
	};
	static const struct lrd_origin_step again[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 9\r\n\r\nok"),
		ORIGIN_END,
	};
	static const struct lrd_origin_step *const scripts[] = { once, again, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_session *session = fixture_open_with(&options, NULL);
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, "/"), &got);
	ck_assert_int_eq(got.rc, 0);
	fixture_forget(&got);
	forget(&heard);
	fixture_get(session, url, &got);
	ck_assert_int_eq(got.rc, LARDER_ETRUNCATED);
	expect(&heard, "begin reuse request retry " NEW "request response done fail ");
	ck_assert_uint_eq(heard.last[LARDER_TRACE_RETRY].attempt, 1);
	ck_assert_int_eq(heard.last[LARDER_TRACE_RETRY].code, LARDER_ECLOSED);
	ck_assert_int_eq(heard.last[LARDER_TRACE_FAIL].code, LARDER_ETRUNCATED);
	ck_assert_uint_eq(heard.last[LARDER_TRACE_FAIL].phase, LARDER_PHASE_BODY);
	fixture_forget(&got);
	forget(&heard);
	fixture_get(session, "http://127.0.0.1:1/", &got);
	ck_assert_int_eq(got.rc, LARDER_ECONNECT);
	expect(&heard, "begin fail ");
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(uploads_are_counted)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = answer });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_session *session = fixture_open_with(&options, NULL);
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	request.url = fixture_url(url, origin, "/");
	request.method = "POST";
	request.body = LRD_SLICE("0123456789");
	fixture_send(session, &request, 0, &got);
	ck_assert_int_eq(got.rc, 0);
	expect(&heard, "begin " NEW "request upload response done body ");
	ck_assert_uint_eq(heard.last[LARDER_TRACE_UPLOAD].bytes, 10);
	ck_assert_uint_ge(heard.last[LARDER_TRACE_UPLOAD].pieces, 1);
	fixture_forget(&got);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* ---- the print --------------------------------------------------------------------------- */

static void colourful(struct lrd_origin_conn *conn,
		      const struct lrd_origin_request *request, void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK",
			 "Set-Cookie: a=sesame\r\nAuthentication-Info: sesame\r\n",
			 "red \033[31m\r\nbody");
}

/* Level by level. */
START_TEST(the_wire_is_printed_without_secrets)
{
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("Cookie"), LRD_SLICE_INIT("c=sesame") },
		{ LRD_SLICE_INIT("authorization"), LRD_SLICE_INIT("Bearer sesame") },
		{ LRD_SLICE_INIT("Proxy-Authorization"), LRD_SLICE_INIT("Basic sesame") },
		{ LRD_SLICE_INIT("X-WSSE"), LRD_SLICE_INIT("sesame") },
		{ LRD_SLICE_INIT("X-Api-Key"), LRD_SLICE_INIT("sesame") },
		{ LRD_SLICE_INIT("X-Plain"), LRD_SLICE_INIT("to be seen") },
	};
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = colourful });
	struct heard heard;
	larder_options options = watched(&heard);
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session;
	struct fixture_answer got;
	char url[FIXTURE_URL_MAX];

	options.debug = (uint32_t)_i;
	session = fixture_open_with(&options, NULL);
	request.url = fixture_url(url, origin, "/path?q=sesame");
	request.method = "PUT";
	request.fields = fields;
	request.field_count = COUNT(fields);
	request.body = LRD_SLICE("up\n");
	fixture_send(session, &request, 0, &got);
	ck_assert_msg(got.rc == 0, "%s", got.err.message);
	ck_assert(lrd_origin_saw(origin, "sesame"));
	if (_i == 0) {
		ck_assert_ptr_null(heard.print);
	} else {
		ck_assert_ptr_nonnull(heard.print);
		ck_assert_ptr_null(strstr(heard.print, "sesame"));
		ck_assert_ptr_nonnull(strstr(
			heard.print, "> PUT /path?... HTTP/1.1\n> Host: 127.0.0.1"));
		ck_assert_ptr_nonnull(strstr(heard.print, "\n> authorization: ...\n"));
		ck_assert_ptr_nonnull(strstr(heard.print, "\n> X-Plain: to be seen\n"));
		ck_assert_ptr_nonnull(strstr(heard.print, "\n< HTTP/1.1 200 OK\n"));
		ck_assert_ptr_nonnull(strstr(heard.print, "\n< Set-Cookie: ...\n"));
		ck_assert_ptr_nonnull(strstr(heard.print, "\n* connect: 127.0.0.1:"));
		ck_assert_ptr_null(strchr(heard.print, '\033'));
		ck_assert((strstr(heard.print, "> | up\\n\n") != NULL) == (_i == 2));
		ck_assert((strstr(heard.print, "< | red \\x1b[31m\\r\\nbody\n") != NULL) ==
			  (_i == 2));
	}
	free(heard.print);
	fixture_forget(&got);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(there_are_three_levels)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session = NULL;
	larder_error err;

	options.no_cache = 1;
	options.debug = 3;
	ck_assert_int_eq(larder_session_open(&options, &session, &err), LARDER_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.message, "debug"));
	ck_assert_str_eq(larder_trace_name(0), "unknown");
	ck_assert_str_eq(larder_trace_name(LARDER_TRACE_FAIL + 1), "unknown");
}
END_TEST

/* ---- what hides -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool hidden;
} names[] = {
	{ "Authorization", true },
	{ "PROXY-AUTHORIZATION", true },
	{ "cookie", true },
	{ "Cookie2", true },
	{ "Set-Cookie", true },
	{ "X-WSSE", true },
	{ "X-Auth-Token", true },
	{ "X-Amz-Security-Token", true },
	{ "X-Vault-Token", true },
	{ "Api-Key", true },
	{ "X-CSRF-Token", true },
	{ "Session-Id", true },
	{ "X-Signature", true },
	{ "Authentication-Info", true },
	{ "WWW-Authenticate", false },
	{ "Proxy-Authenticate", false },
	{ "Content-Type", false },
	{ "ETag", false },
	{ "Cache-Control", false },
	{ "Host", false },
};

START_TEST(names_hide_values)
{
	ck_assert_msg(lrd_redact_hides(lrd_slice_cstr(names[_i].name)) == names[_i].hidden,
		      "%s", names[_i].name);
}
END_TEST

START_TEST(urls_in_values_lose_what_is_secret)
{
	static const struct {
		const char *value;
		const char *shown;
	} rows[] = {
		{ "/a", "/a" },
		{ "/a?b=c", "/a?" },
		{ "/a#token=c", "/a#" },
		{ "http://user:pw@h/a", "..." },
	};

	for (int i = 0; i < COUNT(rows); i++) {
		larder_field field = { LRD_SLICE("location"),
				       lrd_slice_cstr(rows[i].value) };
		larder_field *shown = lrd_redact_fields(lrd_view_of(&field, 1), NULL);

		ck_assert_ptr_nonnull(shown);
		ck_assert_msg(lrd_slice_equal(shown[0].value,
					      lrd_slice_cstr(rows[i].shown)),
			      "%s", rows[i].value);
		free(shown);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/trace");
	TCase *tcase = tcase_create("trace");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, each_step_is_told_in_its_turn);
	tcase_add_test(tcase, tls_is_told_with_its_cipher);
	tcase_add_test(tcase, the_plan_is_told_with_its_reason);
	tcase_add_test(tcase, retries_and_failures_are_told);
	tcase_add_test(tcase, uploads_are_counted);
	tcase_add_loop_test(tcase, the_wire_is_printed_without_secrets, 0, 3);
	tcase_add_test(tcase, there_are_three_levels);
	tcase_add_loop_test(tcase, names_hide_values, 0, COUNT(names));
	tcase_add_test(tcase, urls_in_values_lose_what_is_secret);
	suite_add_tcase(suite, tcase);
	return suite;
}
