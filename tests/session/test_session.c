/* SPDX-License-Identifier: MIT */
/* test_session.c - opening sessions, TLS, forks, and memory that runs out. */
#include "session/session.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"

/* ---- opening ----------------------------------------------------------------------------- */

static void expect_refused(const larder_options *options, int rc, const char *text)
{
	larder_session *session = NULL;
	larder_error err;

	ck_assert_int_eq(larder_session_open(options, &session, &err), rc);
	ck_assert_ptr_null(session);
	ck_assert_int_eq(err.code, rc);
	ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
	/* Nobody need listen. */
	ck_assert_int_eq(larder_session_open(options, &session, NULL), rc);
}

START_TEST(test_bad_options)
{
	larder_allocator half = { .malloc_fn = lrd_failing_malloc };
	larder_options options = LARDER_OPTIONS_INIT;
	char longest[80];

	memset(longest, 'p', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	options.no_cache = 2;
	expect_refused(&options, LARDER_EINVAL, "are 0 or 1");
	options.no_cache = 1;
	options.insecure = 7;
	expect_refused(&options, LARDER_EINVAL, "are 0 or 1");
	options.insecure = 0;
	options.cache = (larder_cache *)&options;
	expect_refused(&options, LARDER_EINVAL, "contradicts a given cache");
	options.no_cache = 0;
	options.store = "/nowhere";
	expect_refused(&options, LARDER_EINVAL, "store contradicts");
	options.cache = NULL;
	options.store = NULL;
	options.no_cache = 1;
	options.partition = longest;
	expect_refused(&options, LARDER_EINVAL, "longer than 64 bytes");
	options.partition = NULL;
	options.user_agent = "evil\r\nX: y";
	expect_refused(&options, LARDER_EINVAL, "user_agent");
	options.user_agent = NULL;
	options.allocator = &half;
	expect_refused(&options, LARDER_EINVAL, "allocator");
	options.allocator = NULL;
	options.max_head_bytes = UINT32_MAX;
	expect_refused(&options, LARDER_EINVAL, "max_head_bytes");
	options.max_head_bytes = 0;
	options.size = 0;
	expect_refused(&options, LARDER_EINVAL, "has no size");
}
END_TEST

START_TEST(test_store_that_is_none)
{
	larder_options options = LARDER_OPTIONS_INIT;
	char path[256];
	int fd;

	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "file");
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	options.store = path;
	expect_refused(&options, LARDER_ESTORE, path);
	/* The way out that the caller has. */
	options.store = NULL;
	options.no_cache = 1;
	larder_session_close(fixture_open_with(&options, NULL));
}
END_TEST

START_TEST(test_authorities_that_are_none)
{
	larder_options options = LARDER_OPTIONS_INIT;
	char path[256];

	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "ca.pem");
	options.no_cache = 1;
	options.ca_file = path;
	expect_refused(&options, LARDER_ECERT, path);
}
END_TEST

START_TEST(test_given_cache_is_borrowed)
{
	larder_cache_options wanted = LARDER_CACHE_OPTIONS_INIT;
	larder_options options = LARDER_OPTIONS_INIT;
	larder_cache *cache = NULL;
	larder_session *session;
	larder_error err;

	wanted.store = lrd_tmpdir_new();
	wanted.budget_bytes = 64 * 1024 * 1024;
	ck_assert_msg(larder_cache_open(&wanted, &cache, &err) == 0, "%s", err.message);
	options.cache = cache;
	for (int i = 0; i < 2; i++) {
		session = fixture_open_with(&options, NULL);
		ck_assert_ptr_eq(larder_session_cache(session), cache);
		larder_session_close(session);
	}
	larder_cache_close(cache);
}
END_TEST

START_TEST(test_error_of_the_last_call)
{
	larder_session *session = fixture_open(NULL);
	larder_response *response = NULL;

	ck_assert_int_eq(larder_session_error(session)->code, 0);
	ck_assert_str_eq(larder_session_error(session)->message, "");
	ck_assert_int_eq(larder_get(session, "nonsense", &response), LARDER_EURL);
	ck_assert_int_eq(larder_session_error(session)->code, LARDER_EURL);
	ck_assert_ptr_null(response);
	larder_session_close(session);
}
END_TEST

/* ---- TLS --------------------------------------------------------------------------------- */

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	_Atomic unsigned *requests = ctx;
	char body[64];

	if (requests)
		(*requests)++;
	snprintf(body, sizeof(body), "hello %.*s", LRD_SLICE_ARG(request->target));
	lrd_origin_reply(conn, "200 OK", NULL, body);
}

struct secured {
	struct lrd_test_cert *ca;
	struct lrd_test_cert *cert;
	struct lrd_origin *origin;
	char ca_file[256];
	char url[FIXTURE_URL_MAX];
};

static void secure(struct secured *s, const struct lrd_test_cert_spec *spec,
		   const char *host)
{
	s->ca = lrd_test_ca_new("larder test authority");
	s->cert = lrd_test_cert_new(spec, s->ca);
	s->origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = s->cert });
	lrd_tmpdir_path(s->ca_file, sizeof(s->ca_file), lrd_tmpdir_new(), "ca.pem");
	lrd_test_cert_write(s->ca, s->ca_file, false);
	snprintf(s->url, sizeof(s->url), "https://%s:%u/x", host,
		 lrd_origin_port(s->origin));
}

static void unsecure(struct secured *s)
{
	lrd_origin_free(s->origin);
	lrd_test_cert_free(s->cert);
	lrd_test_cert_free(s->ca);
}

static const struct {
	const char *name;
	struct lrd_test_cert_spec spec;
	const char *host;
	bool own_ca;
	bool insecure;
	int sent;
	const char *text;
} certificates[] = {
	{ "good name", { 0 }, "localhost", true, false, 0, NULL },
	{ "good address", { 0 }, "127.0.0.1", true, false, 0, NULL },
	{ "other name",
	  { .alt_names = "DNS:other.example" },
	  "localhost",
	  true,
	  false,
	  LARDER_ECERT,
	  "other.example" },
	{ "expired",
	  { .not_before_s = -7200, .not_after_s = -3600 },
	  "localhost",
	  true,
	  false,
	  LARDER_ECERT,
	  "expired" },
	{ "not yet",
	  { .not_before_s = 3600, .not_after_s = 7200 },
	  "localhost",
	  true,
	  false,
	  LARDER_ECERT,
	  "not yet valid" },
	{ "stranger", { 0 }, "localhost", false, false, LARDER_ECERT, "localhost" },
	{ "stranger, unchecked", { 0 }, "localhost", false, true, 0, NULL },
	{ "other name, unchecked",
	  { .alt_names = "DNS:other.example" },
	  "localhost",
	  true,
	  true,
	  0,
	  NULL },
};

START_TEST(test_certificates)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;
	larder_session *session;
	struct secured s;
	char stranger[256];

	secure(&s, &certificates[_i].spec, certificates[_i].host);
	options.ca_file = s.ca_file;
	if (!certificates[_i].own_ca) {
		struct lrd_test_cert *other = lrd_test_ca_new("somebody else");

		lrd_tmpdir_path(stranger, sizeof(stranger), lrd_tmpdir_new(), "other.pem");
		lrd_test_cert_write(other, stranger, false);
		lrd_test_cert_free(other);
		options.ca_file = stranger;
	}
	options.insecure = certificates[_i].insecure;
	session = fixture_open_with(&options, NULL);
	for (int pass = 0; pass < 2; pass++) {
		fixture_get(session, s.url, &answer);
		ck_assert_msg(answer.sent == certificates[_i].sent, "%s: %d %s",
			      certificates[_i].name, answer.sent, answer.err.message);
		if (answer.sent == 0) {
			ck_assert_str_eq(answer.body, "hello /x");
		} else {
			ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_TLS);
			ck_assert_msg(strstr(answer.err.message, certificates[_i].text) !=
					      NULL,
				      "%s", answer.err.message);
		}
		fixture_forget(&answer);
	}
	ck_assert_uint_eq(lrd_origin_requests(s.origin), certificates[_i].sent ? 0 : 2);
	if (certificates[_i].sent == 0)
		ck_assert_uint_eq(lrd_origin_connections(s.origin), 1);
	larder_session_close(session);
	unsecure(&s);
}
END_TEST

/* A body that ends with the connection ends with TLS's own goodbye, or it was cut. */
START_TEST(test_tls_cut)
{
	static const struct lrd_origin_step whole[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND("HTTP/1.1 200 OK\r\n\r\nhello"),
		ORIGIN_CLOSE,
	};
	static const struct lrd_origin_step cut[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND("HTTP/1.1 200 OK\r\n\r\nhello"),
		ORIGIN_CUT,
	};
	const struct lrd_origin_step *const scripts[] = { _i ? cut : whole, NULL };
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;
	larder_session *session;
	struct secured s;

	secure(&s, &(struct lrd_test_cert_spec){ 0 }, "localhost");
	lrd_origin_free(s.origin);
	s.origin = lrd_origin_new(
		&(struct lrd_origin_options){ .scripts = scripts, .cert = s.cert });
	snprintf(s.url, sizeof(s.url), "https://localhost:%u/x",
		 lrd_origin_port(s.origin));
	options.ca_file = s.ca_file;
	session = fixture_open_with(&options, NULL);
	fixture_get(session, s.url, &answer);
	ck_assert_int_eq(answer.sent, 0);
	ck_assert_int_eq(answer.rc, _i ? LARDER_ETRUNCATED : 0);
	ck_assert_str_eq(answer.body, "hello");
	fixture_forget(&answer);
	larder_session_close(session);
	unsecure(&s);
}
END_TEST

/* ---- forks ------------------------------------------------------------------------------- */

enum { CHILDREN = 16, GETS = 50 };

/* A child's work with the session it inherited; 0 when every body was its own. */
static int child_work(larder_session *session, const char *base, int who)
{
	int wrong = 0;

	for (int i = 0; i < GETS; i++) {
		struct fixture_answer answer;
		char want[64];
		char url[FIXTURE_URL_MAX + 32];

		snprintf(url, sizeof(url), "%s-%d-%d", base, who, i);
		snprintf(want, sizeof(want), "hello /x-%d-%d", who, i);
		fixture_get(session, url, &answer);
		wrong += answer.rc != 0 || strcmp(answer.body, want) != 0;
		fixture_forget(&answer);
	}
	return wrong;
}

static void fork_after_use(larder_session *session, const char *base)
{
	larder_response *open = NULL;
	struct fixture_answer answer;
	pid_t pids[CHILDREN];
	larder_slice body;
	int status;

	/* The parent has an idle connection and one in the middle of a response. */
	fixture_get(session, base, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	fixture_forget(&answer);
	ck_assert_int_eq(larder_get(session, base, &open), 0);
	for (int who = 0; who < CHILDREN; who++) {
		pids[who] = fork();
		ck_assert_int_ge(pids[who], 0);
		if (pids[who] == 0) {
			int wrong = child_work(session, base, who);

			larder_response_free(open); /* the parent's: closed in silence */
			larder_session_close(session);
			_exit(wrong != 0);
		}
	}
	/* Meanwhile the parent goes on. */
	ck_assert_int_eq(child_work(session, base, CHILDREN), 0);
	for (int who = 0; who < CHILDREN; who++) {
		ck_assert_int_eq(waitpid(pids[who], &status, 0), pids[who]);
		ck_assert_msg(status == 0, "child %d: status %d", who, status);
	}
	ck_assert_int_eq(larder_response_body(open, &body), 0);
	ck_assert_str_eq(body.ptr, "hello /x");
	larder_response_free(open);
	larder_session_close(session);
}

START_TEST(test_fork_http)
{
	struct fixture_remote remote;
	char url[FIXTURE_URL_MAX];

	fixture_remote_start(&remote, hello, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", remote.port);
	fork_after_use(fixture_open(_i ? lrd_tmpdir_new() : NULL), url);
	ck_assert_uint_eq(*remote.requests, 2 + (CHILDREN + 1) * GETS);
	fixture_remote_stop(&remote);
}
END_TEST

START_TEST(test_fork_https)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_remote remote;
	struct secured s;

	secure(&s, &(struct lrd_test_cert_spec){ 0 }, "localhost");
	lrd_origin_free(s.origin);
	s.origin = NULL;
	fixture_remote_start(&remote, hello, s.cert);
	snprintf(s.url, sizeof(s.url), "https://localhost:%u/x", remote.port);
	options.ca_file = s.ca_file;
	fork_after_use(fixture_open_with(&options, NULL), s.url);
	ck_assert_uint_eq(*remote.requests, 2 + (CHILDREN + 1) * GETS);
	fixture_remote_stop(&remote);
	unsecure(&s);
}
END_TEST

START_TEST(test_inherited_response)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	larder_session *session = fixture_open(NULL);
	larder_response *open = NULL;
	larder_slice body;
	char url[FIXTURE_URL_MAX];
	int status;
	pid_t pid;

	ck_assert_int_eq(larder_get(session, fixture_url(url, origin, "/x"), &open), 0);
	pid = fork();
	if (pid == 0) {
		char byte;
		int bad = 0;

		/* What had arrived before the fork may be read; never the parent's socket. */
		while (larder_response_read(open, &byte, 1) > 0)
			bad += larder_response_error(open)->code != 0;
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(larder_response_body(open, &body), 0);
	ck_assert_str_eq(body.ptr, "hello /x");
	larder_response_free(open);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

enum { HALF_READ = 3 * 1024 * 1024 };

static void large(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	_Atomic unsigned *requests = ctx;

	(void)request;
	(*requests)++;
	lrd_origin_sendf(conn,
			 "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n"
			 "Content-Length: %d\r\n\r\n",
			 HALF_READ);
	lrd_origin_send_fill(conn, HALF_READ);
}

/*
 * A child inherits a response that is half read and half stored, and lets it go. The parent
 * reads on, and what it stores is whole.
 */
START_TEST(test_fork_in_the_middle_of_a_body)
{
	larder_session *session = fixture_open(lrd_tmpdir_new());
	struct fixture_remote remote;
	struct fixture_answer answer;
	larder_response *open = NULL;
	char *body = malloc(HALF_READ);
	char url[FIXTURE_URL_MAX];
	size_t got = 0;
	size_t wrong = 0;
	ptrdiff_t n;
	int status;
	pid_t pid;

	ck_assert_ptr_nonnull(body);
	fixture_remote_start(&remote, large, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", remote.port);
	ck_assert_int_eq(larder_get(session, url, &open), 0);
	while (got < HALF_READ / 2) {
		n = larder_response_read(open, body + got, HALF_READ / 2 - got);
		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (_i)
			larder_response_free(open);
		fixture_get(session, url, &answer);
		status = answer.rc != 0 || answer.len != HALF_READ;
		fixture_forget(&answer);
		if (!_i)
			larder_response_free(open);
		larder_session_close(session);
		free(body);
		_exit(status);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	while ((n = larder_response_read(open, body + got, HALF_READ - got)) > 0)
		got += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(got, HALF_READ);
	for (size_t i = 0; i < got; i++)
		wrong += body[i] != lrd_origin_pattern(i);
	ck_assert_uint_eq(wrong, 0);
	larder_response_free(open);
	fixture_get(session, url, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	ck_assert_uint_eq(answer.len, HALF_READ);
	ck_assert(memcmp(answer.body, body, HALF_READ) == 0);
	ck_assert_uint_eq(*remote.requests, 2);
	fixture_forget(&answer);
	larder_session_close(session);
	fixture_remote_stop(&remote);
	free(body);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

/* A whole life of a session: 0, or the error that ended it. */
static int whole_life(struct lrd_failing_alloc *fa, const char *store, const char *url)
{
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, fa };
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session = NULL;
	larder_response *response = NULL;
	larder_slice body;
	int rc;

	options.store = store;
	options.no_cache = !store;
	options.budget_bytes = 64 * 1024 * 1024;
	options.partition = "p";
	options.allocator = &allocator;
	rc = larder_session_open(&options, &session, NULL);
	for (int i = 0; rc == 0 && i < 2; i++) {
		rc = larder_get(session, url, &response);
		if (rc == 0)
			rc = larder_response_body(response, &body);
		if (rc == 0)
			ck_assert_str_eq(body.ptr, "hello /x");
		larder_response_free(response);
		response = NULL;
	}
	larder_session_close(session);
	return rc;
}

START_TEST(test_out_of_memory)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	const char *store = _i ? lrd_tmpdir_new() : NULL;
	struct lrd_failing_alloc fa;
	char url[FIXTURE_URL_MAX];
	size_t calls;
	size_t failed = 0;

	fixture_url(url, origin, "/x");
	lrd_failing_alloc_init(&fa, 0);
	ck_assert_int_eq(whole_life(&fa, store, url), 0);
	ck_assert_int_eq(fa.live, 0);
	calls = fa.calls;
	ck_assert_uint_gt(calls, 5);
	for (size_t at = 1; at <= calls; at++) {
		int rc;

		lrd_failing_alloc_init(&fa, at);
		rc = whole_life(&fa, store, url);
		ck_assert_msg(rc == 0 || rc == LARDER_ENOMEM, "allocation %zu: %d", at,
			      rc);
		ck_assert_msg(fa.live == 0, "allocation %zu: %ld live", at, fa.live);
		failed += rc != 0;
	}
	ck_assert_uint_gt(failed, 5);
	lrd_origin_free(origin);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/session");
	TCase *tcase = tcase_create("open");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, test_bad_options);
	tcase_add_test(tcase, test_store_that_is_none);
	tcase_add_test(tcase, test_authorities_that_are_none);
	tcase_add_test(tcase, test_given_cache_is_borrowed);
	tcase_add_test(tcase, test_error_of_the_last_call);
	tcase_add_loop_test(tcase, test_out_of_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("tls");
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, test_certificates, 0, COUNT(certificates));
	tcase_add_loop_test(tcase, test_tls_cut, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("fork");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_fork_http, 0, 2);
	tcase_add_test(tcase, test_fork_https);
	tcase_add_test(tcase, test_inherited_response);
	tcase_add_loop_test(tcase, test_fork_in_the_middle_of_a_body, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
