/* SPDX-License-Identifier: MIT */
/*
 * test_authorize.c - challenges over the wire: who is told what, how often, and who may be
 * served what was stored.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/larder.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

#define ALICE "Basic YWxpY2U6U0VDUkVU" /* alice:SECRET */
#define BOB   "Basic Ym9iOndvcmQ="     /* bob:word */

static struct lrd_origin *a;
static struct lrd_origin *b;
static larder_session *session;
static const char *challenge; /* complete lines */
static const char *wanted;    /* what Authorization must begin with */

static bool is(larder_slice slice, const char *text)
{
	return lrd_slice_equal(slice, lrd_slice_cstr(text));
}

/* Asks for Authorization below everything but /open; tells each user who he is. */
static void guard(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	larder_slice sent = lrd_origin_field(request, "Authorization");
	char body[1024];

	(void)ctx;
	snprintf(body, sizeof(body), "for %.*s", (int)sent.len, sent.ptr ? sent.ptr : "");
	if (lrd_slice_starts(request->target, LRD_SLICE("/to/"))) {
		char location[512];

		snprintf(location, sizeof(location), "Location: %.*s\r\n",
			 (int)request->target.len - 4, request->target.ptr + 4);
		lrd_origin_reply(conn, "302 Go", location, "");
	} else if (lrd_slice_starts(request->target, LRD_SLICE("/open"))) {
		lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=60\r\n", body);
	} else if (lrd_slice_starts(sent, lrd_slice_cstr(wanted))) {
		lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=60\r\n", body);
	} else if (lrd_slice_starts(request->target, LRD_SLICE("/long"))) {
		lrd_origin_sendf(conn,
				 "HTTP/1.1 401 No\r\n%sContent-Length: 90000000\r\n\r\nx",
				 challenge);
	} else {
		lrd_origin_reply(conn, "401 No", challenge, "who are you?");
	}
}

static void setup(void)
{
	a = lrd_origin_new(&(struct lrd_origin_options){ .handler = guard });
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = guard });
	session = fixture_open(NULL);
	challenge = "WWW-Authenticate: Basic realm=\"r\"\r\n";
	wanted = "Basic ";
}

static void teardown(void)
{
	larder_session_close(session);
	lrd_origin_free(a);
	lrd_origin_free(b);
}

static void add(larder_session *to, larder_credential credential)
{
	credential.size = sizeof(credential);
	ck_assert_msg(larder_session_add_credential(to, &credential) == 0, "%s",
		      larder_session_error(to)->message);
}

static uint32_t status_of(larder_session *by, const char *url)
{
	struct fixture_answer got;
	uint32_t status;

	fixture_get(by, url, &got);
	ck_assert_msg(got.rc == 0, "%d %s", got.rc, got.err.message);
	status = got.status;
	fixture_forget(&got);
	return status;
}

/* httplib2 add_credentials: asked once, remembered for the space. */
START_TEST(test_basic_is_learned)
{
	char url[FIXTURE_URL_MAX];

	add(session, (larder_credential){ .user = "alice", .password = "SECRET" });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/dir/one")), 200);
	ck_assert_uint_eq(lrd_origin_requests(a), 2);
	ck_assert_uint_eq(lrd_origin_connections(a), 1);
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/dir/two")), 200);
	ck_assert_uint_eq(lrd_origin_requests(a), 3);
	/* An origin that did not ask is told nothing. */
	ck_assert_uint_eq(status_of(session, fixture_url(url, b, "/open")), 200);
	ck_assert(!lrd_origin_saw(b, "Authorization"));
	/* httplib2 clear_credentials. */
	larder_session_clear_credentials(session);
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/dir/one")), 401);
}
END_TEST

/* httplib2 1.8; list of twenty, 10 and 11: what comes of which challenge, and in how many requests. */
static const struct {
	const char *challenge;
	const char *begins; /* the accepted Authorization; NULL: the 401 is the answer */
	unsigned requests;
} challenges[] = {
	{ "WWW-Authenticate: Basic realm=\"r\"\r\n", ALICE, 2 },
	{ "WWW-Authenticate: Negotiate\r\n", NULL, 1 },
	{ "WWW-Authenticate: Bearer\r\n", NULL, 1 },
	{ "WWW-Authenticate: Basic realm=\"open\r\n", NULL, 1 },
	{ "WWW-Authenticate: ,,,=\"\\\r\n", NULL, 1 },
	{ "", NULL, 1 },
	{ "WWW-Authenticate: Negotiate, Basic realm=\"r\"\r\n", ALICE, 2 },
	{ "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=r\r\n", ALICE, 2 },
	{ "WWW-Authenticate: Basic realm=r, Digest realm=\"r\", nonce=\"n\", "
	  "qop=\"auth,auth-int\", algorithm=SHA-256\r\n",
	  "Digest username=\"alice\"", 2 },
	{ "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
	  "Digest username=\"alice\"", 2 },
	{ "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=UNKNOWN, Basic "
	  "realm=r\r\n",
	  ALICE, 2 },
	{ "WWW-Authenticate: WSSE realm=\"r\", profile=\"UsernameToken\"\r\n",
	  "WSSE profile=\"UsernameToken\"", 2 },
};

START_TEST(test_challenges)
{
	char url[FIXTURE_URL_MAX];
	uint32_t status;

	challenge = challenges[_i].challenge;
	wanted = challenges[_i].begins ? challenges[_i].begins : "nothing";
	add(session, (larder_credential){ .user = "alice", .password = "SECRET" });
	status = status_of(session, fixture_url(url, a, "/"));
	ck_assert_msg(status == (challenges[_i].begins ? 200u : 401u), "row %d: %u", _i,
		      status);
	ck_assert_msg(lrd_origin_requests(a) == challenges[_i].requests, "row %d: %u", _i,
		      lrd_origin_requests(a));
}
END_TEST

START_TEST(test_refused_ends)
{
	char url[FIXTURE_URL_MAX];

	wanted = "nothing";
	add(session, (larder_credential){ .user = "alice", .password = "wrong" });
	add(session, (larder_credential){ .user = "bob", .password = "wrong" });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/")), 401);
	ck_assert_uint_eq(lrd_origin_requests(a), 3);
}
END_TEST

START_TEST(test_schemes_are_settable)
{
	char url[FIXTURE_URL_MAX];

	challenge =
		"WWW-Authenticate: Basic realm=r, Digest realm=\"r\", nonce=\"n\"\r\n";
	wanted = ALICE;
	add(session, (larder_credential){ .user = "alice",
					  .password = "SECRET",
					  .schemes = LARDER_SCHEME_BASIC });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/")), 200);
	ck_assert(!lrd_origin_saw(a, "Digest username"));
}
END_TEST

START_TEST(test_preemptive)
{
	char url[FIXTURE_URL_MAX];

	add(session, (larder_credential){ .user = "alice",
					  .password = "SECRET",
					  .preemptive = LARDER_SCHEME_BASIC });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/")), 200);
	ck_assert_uint_eq(lrd_origin_requests(a), 1);
}
END_TEST

static ptrdiff_t token(const char *origin, const char *realm, uint32_t refused, char *buf,
		       size_t cap, void *ctx)
{
	unsigned *calls = ctx;

	(void)origin;
	(void)realm;
	(void)refused;
	(*calls)++;
	return snprintf(buf, cap, "TOKEN%u", *calls);
}

START_TEST(test_bearer_by_callback)
{
	char url[FIXTURE_URL_MAX];
	unsigned calls = 0;

	challenge = "WWW-Authenticate: Bearer realm=\"r\", error=\"invalid_token\"\r\n";
	wanted = "Bearer TOKEN";
	add(session, (larder_credential){ .token_fn = token, .token_ctx = &calls });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/")), 200);
	ck_assert_uint_ge(calls, 1);
	ck_assert_uint_eq(lrd_origin_requests(a), 2);
}
END_TEST

/* CVE-2022-27774 and its kin: credentials are an origin's, over redirects and back. */
START_TEST(test_scope)
{
	char url[FIXTURE_URL_MAX], path[FIXTURE_URL_MAX], scope[64];

	snprintf(scope, sizeof(scope), "http://127.0.0.1:%u", lrd_origin_port(a));
	add(session, (larder_credential){ .origin = scope,
					  .user = "alice",
					  .password = "SECRET",
					  .preemptive = LARDER_SCHEME_BASIC });
	snprintf(path, sizeof(path), "/to/http://127.0.0.1:%u/in", lrd_origin_port(b));
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, path)), 401);
	ck_assert(!lrd_origin_saw(b, "Authorization"));
	ck_assert_uint_eq(lrd_origin_requests(b), 1);
	/* And for whom it is asked, on the way back it goes out again. */
	snprintf(path, sizeof(path), "/to/http://127.0.0.1:%u/in", lrd_origin_port(a));
	ck_assert_uint_eq(status_of(session, fixture_url(url, b, path)), 200);
	ck_assert(!lrd_origin_saw(b, "Authorization"));
}
END_TEST

START_TEST(test_users_own_authorization)
{
	larder_field field = { LRD_SLICE("Authorization"), LRD_SLICE("Basic own") };
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer got;

	wanted = ALICE;
	add(session, (larder_credential){ .user = "alice", .password = "SECRET" });
	request.url = fixture_url(url, a, "/");
	request.fields = &field;
	request.field_count = 1;
	fixture_send(session, &request, 0, &got);
	ck_assert_uint_eq(got.status, 401);
	ck_assert_uint_eq(lrd_origin_requests(a), 1);
	fixture_forget(&got);
	request.field_count = 0;
	request.flags = LARDER_NO_AUTH;
	fixture_send(session, &request, 0, &got);
	ck_assert_uint_eq(got.status, 401);
	ck_assert(!lrd_origin_saw(a, ALICE));
	fixture_forget(&got);
}
END_TEST

struct source {
	size_t at;
	size_t len;
};

static ptrdiff_t pull(void *buf, size_t len, void *ctx)
{
	struct source *source = ctx;
	size_t n = source->len - source->at < len ? source->len - source->at : len;

	memset(buf, 'u', n);
	source->at += n;
	return (ptrdiff_t)n;
}

static int rewind_source(void *ctx)
{
	((struct source *)ctx)->at = 0;
	return 0;
}

/* jcgregorio#176: a body goes out again with the answer, or it is said that it cannot. */
static const struct {
	size_t len;
	int (*rewind)(void *ctx);
	int rc;
} bodies[] = {
	{ 100, NULL, 0 },
	{ 400000, rewind_source, 0 },
	{ 400000, NULL, LARDER_EREPEAT },
};

START_TEST(test_bodies)
{
	struct source source = { 0, bodies[_i].len };
	larder_request request = LARDER_REQUEST_INIT;
	char url[FIXTURE_URL_MAX];
	struct fixture_answer got;
	char *seen;

	add(session, (larder_credential){ .user = "alice", .password = "SECRET" });
	request.method = "POST";
	request.url = fixture_url(url, a, "/");
	request.body_read = pull;
	request.body_ctx = &source;
	request.body_rewind = bodies[_i].rewind;
	request.body_length = -1;
	fixture_send(session, &request, 0, &got);
	ck_assert_msg(got.sent == bodies[_i].rc, "row %d: %d %s", _i, got.sent,
		      got.err.message);
	if (got.sent == 0) {
		ck_assert_uint_eq(got.status, 200);
		seen = fixture_seen(a, lrd_origin_requests(a) - 1);
		ck_assert_uint_ge(strlen(strstr(seen, "\r\n\r\n") + 4), source.len);
		free(seen);
	}
	fixture_forget(&got);
}
END_TEST

/* A challenge's body is read over where it is short, and cut off where it is not. */
START_TEST(test_long_challenge)
{
	char url[FIXTURE_URL_MAX];

	add(session, (larder_credential){ .user = "alice", .password = "SECRET" });
	ck_assert_uint_eq(status_of(session, fixture_url(url, a, "/long")), 200);
	ck_assert_uint_eq(lrd_origin_connections(a), 2);
}
END_TEST

/* ---- one store, many people -------------------------------------------------------------- */

static void expect_body(larder_session *by, const char *url, const char *want,
			uint32_t how)
{
	struct fixture_answer got;

	fixture_get(by, url, &got);
	ck_assert_msg(got.rc == 0, "%s", got.err.message);
	ck_assert_str_eq(got.body, want);
	ck_assert_uint_eq(got.how, how);
	fixture_forget(&got);
}

/* peers 3.1, cross-user: session credentials make partitions, shared by equals. */
START_TEST(test_partitions)
{
	const char *dir = lrd_tmpdir_new();
	larder_session *alice = fixture_open(dir);
	larder_session *again = fixture_open(dir);
	larder_session *bob = fixture_open(dir);
	larder_session *anon = fixture_open(dir);
	char url[FIXTURE_URL_MAX];

	add(alice, (larder_credential){ .user = "alice", .password = "SECRET" });
	add(again, (larder_credential){ .user = "alice", .password = "SECRET" });
	add(bob, (larder_credential){ .user = "bob", .password = "word" });
	fixture_url(url, a, "/page");
	expect_body(alice, url, "for " ALICE, LARDER_HOW_MISS);
	expect_body(alice, url, "for " ALICE, LARDER_HOW_FRESH);
	expect_body(again, url, "for " ALICE, LARDER_HOW_FRESH);
	expect_body(bob, url, "for " BOB, LARDER_HOW_MISS);
	ck_assert_uint_eq(status_of(anon, url), 401);
	expect_body(bob, url, "for " BOB, LARDER_HOW_FRESH);
	expect_body(alice, url, "for " ALICE, LARDER_HOW_FRESH);
	larder_session_close(alice);
	larder_session_close(again);
	larder_session_close(bob);
	larder_session_close(anon);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* RFC 9111 s3.5: where one partition serves all, what was asked with credentials is not kept. */
START_TEST(test_shared_keeps_nothing)
{
	const char *dir = lrd_tmpdir_new();
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *alice, *anon;
	char url[FIXTURE_URL_MAX];

	options.shared = 1;
	options.partition = "all";
	alice = fixture_open_with(&options, dir);
	anon = fixture_open_with(&options, dir);
	add(alice, (larder_credential){ .user = "alice", .password = "SECRET" });
	fixture_url(url, a, "/page");
	expect_body(alice, url, "for " ALICE, LARDER_HOW_MISS);
	ck_assert_uint_eq(status_of(anon, url), 401);
	larder_session_close(alice);
	larder_session_close(anon);
	lrd_tmpdir_remove(dir);
}
END_TEST

/* ---- proxies ----------------------------------------------------------------------------- */

static void proxy_407(struct lrd_origin_conn *conn,
		      const struct lrd_origin_request *request, void *ctx)
{
	(void)ctx;
	if (!lrd_origin_field(request, "Proxy-Authorization").ptr)
		lrd_origin_reply(conn, "407 No",
				 "Proxy-Authenticate: Basic realm=\"p\"\r\n", "no");
	else if (is(request->method, "CONNECT"))
		lrd_origin_reply(conn, "403 No", "", "not there");
	else
		lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=60\r\n",
				 "by proxy");
}

/* peers 3.1: the user of a proxy is one of those whom answers may be for. */
START_TEST(test_partitions_of_proxy_users)
{
	static const struct {
		const char *url_user, *user;
		uint32_t how;
	} rows[] = {
		{ "u:a", NULL, LARDER_HOW_MISS },  { "u:b", NULL, LARDER_HOW_MISS },
		{ "u:a", NULL, LARDER_HOW_FRESH }, { NULL, "u", LARDER_HOW_MISS },
		{ NULL, "v", LARDER_HOW_MISS },    { NULL, "u", LARDER_HOW_FRESH },
	};
	const char *dir = lrd_tmpdir_new();

	lrd_origin_free(b);
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = proxy_407 });
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		larder_options options = LARDER_OPTIONS_INIT;
		struct fixture_answer got;
		larder_session *own;
		char proxy[128];

		snprintf(proxy, sizeof(proxy), "http://%s%s127.0.0.1:%u",
			 rows[i].url_user ? rows[i].url_user : "",
			 rows[i].url_user ? "@" : "", lrd_origin_port(b));
		options.proxy = proxy;
		own = fixture_open_with(&options, dir);
		if (rows[i].user)
			add(own, (larder_credential){ .user = rows[i].user,
						      .password = "w",
						      .proxy = 1 });
		fixture_get(own, "http://origin.example/", &got);
		ck_assert_msg(got.rc == 0, "row %zu: %s", i, got.err.message);
		ck_assert_msg(got.how == rows[i].how, "row %zu: %u", i, got.how);
		fixture_forget(&got);
		larder_session_close(own);
	}
	lrd_tmpdir_remove(dir);
}
END_TEST

/* httplib2 1.10; list of twenty, 17. */
START_TEST(test_proxy_that_forwards)
{
	larder_field field = { LRD_SLICE("X-For-Proxy"), LRD_SLICE("yes") };
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *own;
	char url[FIXTURE_URL_MAX], proxy[128];
	char *seen;

	lrd_origin_free(b);
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = proxy_407 });
	snprintf(proxy, sizeof(proxy), "http://us%%65r:SE%%43RET@127.0.0.1:%u",
		 lrd_origin_port(b));
	options.proxy = proxy;
	options.no_proxy = "direct.example, 127.0.0.1";
	options.proxy_fields = &field;
	options.proxy_field_count = 1;
	own = fixture_open_with(&options, NULL);
	ck_assert_uint_eq(status_of(own, "http://origin.example/a?b"), 200);
	seen = fixture_seen(b, 0);
	ck_assert_int_eq(strncmp(seen,
				 "GET http://origin.example/a?b HTTP/1.1\r\n"
				 "Host: origin.example\r\n",
				 62),
			 0);
	ck_assert_ptr_nonnull(
		strstr(seen, "Proxy-Authorization: Basic dXNlcjpTRUNSRVQ=\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "X-For-Proxy: yes\r\n"));
	free(seen);
	/* Hosts on no_proxy are reached directly, and learn nothing of the proxy. */
	ck_assert_uint_eq(status_of(own, fixture_url(url, a, "/open")), 200);
	ck_assert(!lrd_origin_saw(a, "Proxy"));
	larder_session_close(own);
}
END_TEST

START_TEST(test_proxy_that_tunnels)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_response *response = NULL;
	larder_session *own;
	char proxy[128];
	char *seen;

	lrd_origin_free(b);
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = proxy_407 });
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", lrd_origin_port(b));
	options.proxy = proxy;
	options.proxy_tunnel = 1;
	own = fixture_open_with(&options, NULL);
	ck_assert_int_eq(larder_get(own, "http://origin.example/a", &response),
			 LARDER_ECONNECT);
	ck_assert_uint_eq(lrd_origin_requests(b), 1);
	add(own,
	    (larder_credential){
		    .origin = proxy, .user = "user", .password = "SECRET", .proxy = 1 });
	add(own, (larder_credential){ .user = "alice", .password = "ORIGINS" });
	ck_assert_int_eq(larder_get(own, "http://origin.example/a", &response),
			 LARDER_ECONNECT);
	ck_assert_uint_eq(lrd_origin_requests(b), 3);
	seen = fixture_seen(b, 2);
	ck_assert_int_eq(strncmp(seen, "CONNECT origin.example:80 HTTP/1.1\r\n", 36), 0);
	ck_assert_ptr_nonnull(
		strstr(seen, "Proxy-Authorization: Basic dXNlcjpTRUNSRVQ=\r\n"));
	/* CVE-2015-3153: the origin's fields are not for the proxy. */
	ck_assert_ptr_null(strstr(seen, "User-Agent"));
	free(seen);
	larder_session_close(own);
}
END_TEST

START_TEST(test_environment)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *own;
	char proxy[128];

	lrd_origin_free(b);
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = proxy_407 });
	snprintf(proxy, sizeof(proxy), "http://user:word@127.0.0.1:%u",
		 lrd_origin_port(b));
	ck_assert_int_eq(setenv("http_proxy", proxy, 1), 0);
	own = fixture_open(NULL);
	ck_assert_uint_eq(status_of(own, "http://origin.example/"), 200);
	larder_session_close(own);
	options.no_proxy_env = 1;
	options.resolve_timeout_ms = 2000;
	own = fixture_open_with(&options, NULL);
	lrd_origin_clear(b);
	ck_assert_int_eq(larder_session_add_address(own, "origin.example", 0, "127.0.0.1"),
			 0);
	{
		larder_response *response = NULL;
		char url[64];

		snprintf(url, sizeof(url), "http://origin.example:%u/open",
			 lrd_origin_port(a));
		ck_assert_int_eq(larder_get(own, url, &response), 0);
		larder_response_free(response);
	}
	ck_assert_uint_eq(lrd_origin_requests(b), 0);
	larder_session_close(own);
}
END_TEST

static ptrdiff_t choose(const char *scheme, const char *host, uint32_t port, char *buf,
			size_t cap, void *ctx)
{
	if (strcmp(host, "no.example") == 0)
		return LARDER_ECANCELED;
	ck_assert_str_eq(scheme, "http");
	ck_assert_uint_eq(port, 80);
	return snprintf(buf, cap, "http://u:w@127.0.0.1:%u",
			lrd_origin_port(*(struct lrd_origin **)ctx));
}

START_TEST(test_choose_proxy)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_response *response = NULL;
	larder_session *own;

	lrd_origin_free(b);
	b = lrd_origin_new(&(struct lrd_origin_options){ .handler = proxy_407 });
	options.choose_proxy = choose;
	options.choose_proxy_ctx = &b;
	own = fixture_open_with(&options, NULL);
	ck_assert_uint_eq(status_of(own, "http://origin.example/"), 200);
	ck_assert_int_eq(larder_get(own, "http://no.example/", &response),
			 LARDER_ECANCELED);
	larder_session_close(own);
}
END_TEST

START_TEST(test_unix_socket)
{
	const char *dir = lrd_tmpdir_new();
	char path[108];
	struct lrd_origin *local;

	lrd_tmpdir_path(path, sizeof(path), dir, "sock");
	local = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = guard, .unix_path = path });
	ck_assert_int_eq(larder_session_add_unix_socket(session, "http://app.local", path),
			 0);
	ck_assert_uint_eq(status_of(session, "http://app.local/open"), 200);
	ck_assert_uint_eq(lrd_origin_requests(local), 1);
	lrd_origin_free(local);
}
END_TEST

START_TEST(test_bad_arguments)
{
	static const larder_credential bad[] = {
		{ .size = sizeof(bad[0]) },
		{ .size = sizeof(bad[0]), .user = "a\nb" },
		{ .size = sizeof(bad[0]), .user = "a", .token = "t" },
		{ .size = sizeof(bad[0]), .user = "a", .schemes = 64 },
		{ .size = sizeof(bad[0]), .user = "a", .preemptive = LARDER_SCHEME_DIGEST },
		{ .size = sizeof(bad[0]), .user = "a", .preemptive = LARDER_SCHEME_BEARER },
		{ .size = sizeof(bad[0]), .user = "a", .origin = "http://h/path" },
		{ .size = sizeof(bad[0]), .user = "a", .origin = "ftp://h" },
		{ .size = sizeof(bad[0]), .user = "a", .origin = "http://u@h" },
		{ .size = sizeof(bad[0]), .user = "a", .proxy = 2 },
		{ .size = 0, .user = "a" },
	};
	larder_certificate certificate = LARDER_CERTIFICATE_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(larder_session_add_credential(session, &bad[i]) ==
				      LARDER_EINVAL,
			      "row %zu", i);
	ck_assert_int_eq(larder_session_add_certificate(session, &certificate),
			 LARDER_EINVAL);
	certificate.cert_file = "/nonexistent.pem";
	ck_assert_int_eq(larder_session_add_certificate(session, &certificate),
			 LARDER_ECERT);
	ck_assert_int_eq(larder_session_add_address(session, "h", 0, "none"),
			 LARDER_EINVAL);
	ck_assert_int_eq(larder_session_add_unix_socket(session, NULL, "/x"),
			 LARDER_EINVAL);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/authorize");
	TCase *tcase = tcase_create("authorize");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, test_basic_is_learned);
	tcase_add_loop_test(tcase, test_challenges, 0,
			    (int)(sizeof(challenges) / sizeof(challenges[0])));
	tcase_add_test(tcase, test_refused_ends);
	tcase_add_test(tcase, test_schemes_are_settable);
	tcase_add_test(tcase, test_preemptive);
	tcase_add_test(tcase, test_bearer_by_callback);
	tcase_add_test(tcase, test_scope);
	tcase_add_test(tcase, test_users_own_authorization);
	tcase_add_loop_test(tcase, test_bodies, 0,
			    (int)(sizeof(bodies) / sizeof(bodies[0])));
	tcase_add_test(tcase, test_long_challenge);
	tcase_add_test(tcase, test_partitions);
	tcase_add_test(tcase, test_shared_keeps_nothing);
	tcase_add_test(tcase, test_partitions_of_proxy_users);
	tcase_add_test(tcase, test_proxy_that_forwards);
	tcase_add_test(tcase, test_proxy_that_tunnels);
	tcase_add_test(tcase, test_environment);
	tcase_add_test(tcase, test_choose_proxy);
	tcase_add_test(tcase, test_unix_socket);
	tcase_add_test(tcase, test_bad_arguments);
	suite_add_tcase(suite, tcase);
	return suite;
}
