/* SPDX-License-Identifier: MIT */
/* test_examples.c - the programs of tools/examples do what their first lines say. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static struct fixture_remote remote;
static const char *folder;

static void serve(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	_Atomic unsigned *requests = ctx;
	char body[256];

	(*requests)++;
	if (lrd_slice_equal(request->method, LRD_SLICE("POST"))) {
		snprintf(body, sizeof(body), "%zu bytes, %.*s", request->body.len,
			 LRD_SLICE_ARG(lrd_origin_field(request, "Content-Type")));
		lrd_origin_reply(conn, "201 Created", NULL, body);
		return;
	}
	if (lrd_slice_equal(request->target, LRD_SLICE("/v"))) {
		bool known = lrd_origin_field(request, "If-None-Match").ptr != NULL;

		lrd_origin_reply(conn, known ? "304 Not Modified" : "200 OK",
				 "Cache-Control: no-cache\r\nETag: \"1\"\r\n", "v");
		return;
	}
	if (lrd_slice_equal(request->target, LRD_SLICE("/slow")))
		lrd_origin_pause(conn, 1000);
	snprintf(body, sizeof(body), "body of %.*s", LRD_SLICE_ARG(request->target));
	lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=600\r\n", body);
}

static void setup(void)
{
	folder = lrd_tmpdir_new();
	ck_assert_int_eq(setenv("LARDER_STORE", folder, 1), 0);
	fixture_remote_start(&remote, serve, NULL);
}

static void teardown(void)
{
	fixture_remote_stop(&remote);
}

/* Runs a shell line in which EX is the examples' folder and URL the origin; its exit status. */
static int run(const char *line, char *out, size_t size)
{
	char command[1024];
	size_t len;
	FILE *pipe;
	int status;

	snprintf(command, sizeof(command), "EX=%s/examples; URL=http://127.0.0.1:%u; %s",
		 LARDER_BIN_DIR, remote.port, line);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	len = fread(out, 1, size - 1, pipe);
	out[len] = '\0';
	status = pclose(pipe);
	ck_assert_msg(WIFEXITED(status), "%s: status %d, %s", line, status, out);
	return WEXITSTATUS(status);
}

START_TEST(test_get)
{
	char out[1024];

	for (int pass = 0; pass < 2; pass++) {
		ck_assert_int_eq(run("$EX/get $URL/a", out, sizeof(out)), 0);
		ck_assert_str_eq(out, "body of /a");
	}
	ck_assert_uint_eq(*remote.requests, 1);
	ck_assert_int_eq(run("$EX/get nonsense 2>&1", out, sizeof(out)), 1);
	ck_assert_ptr_nonnull(strstr(out, "get: URL \"nonsense\""));
	ck_assert_int_eq(run("$EX/get 2>&1", out, sizeof(out)), 2);
}
END_TEST

START_TEST(test_worker)
{
	char path[256];
	char out[1024];
	FILE *file;

	lrd_tmpdir_path(path, sizeof(path), folder, "b");
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("body of /b", file);
	fclose(file);
	ck_assert_int_eq(run("echo $URL/b | $EX/worker -n 5 -d $LARDER_STORE", out,
			     sizeof(out)),
			 0);
	ck_assert_msg(strstr(out, "requests=5 failed=0 wrong=0 hits=4 hits_us=") != NULL,
		      "%s", out);
	ck_assert_ptr_nonnull(strstr(out, "confirmed=0 "));
	ck_assert_ptr_nonnull(strstr(out, "fetched=1 "));
	ck_assert_uint_eq(*remote.requests, 1);
	/* A file that differs is noticed. */
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("body of /c", file);
	fclose(file);
	ck_assert_int_eq(
		run("echo $URL/b | $EX/worker -d $LARDER_STORE", out, sizeof(out)), 1);
	ck_assert_ptr_nonnull(strstr(out, "wrong=1"));
}
END_TEST

START_TEST(test_prefork)
{
	char out[2048];
	size_t lines = 0;

	ck_assert_int_eq(run("$EX/prefork 4 $URL/d", out, sizeof(out)), 0);
	for (const char *at = out; (at = strstr(at, "200, 10 bytes, ")) != NULL; at++)
		lines++;
	ck_assert_msg(lines == 5, "%s", out);
	ck_assert_uint_eq(*remote.requests, 1);
}
END_TEST

START_TEST(test_post)
{
	char out[1024];

	ck_assert_int_eq(run("head -c 200000 /dev/zero | $EX/post $URL/e text/x 2>&1",
			     out, sizeof(out)),
			 0);
	ck_assert_str_eq(out, "201 Created\n200000 bytes, text/x");
}
END_TEST

#ifdef TEST_CURL
/* The cache with another transport: fetched once, validated, shared with other programs. */
START_TEST(test_curl)
{
	char out[2048];

	/* The second and third wait for the first. */
	ck_assert_int_eq(run("$EX/curl $URL/f $URL/f $URL/f 2>&1 >/dev/null", out,
			     sizeof(out)),
			 0);
	ck_assert_uint_eq(*remote.requests, 1);
	ck_assert_msg(strstr(out, "fwd=uri-miss; fwd-status=200; stored") != NULL, "%s",
		      out);
	ck_assert_ptr_nonnull(strstr(out, "fwd=uri-miss; collapsed"));
	ck_assert_int_eq(run("$EX/get $URL/f; $EX/curl $URL/f", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "body of /fbody of /f");
	ck_assert_uint_eq(*remote.requests, 1);
	/* Validated by conditions that the plan gives. */
	ck_assert_int_eq(run("$EX/curl $URL/v; $EX/curl $URL/v 2>&1 >/dev/null", out,
			     sizeof(out)),
			 0);
	ck_assert_msg(strstr(out, "fwd-status=304") != NULL, "%s", out);
	/* Herds of processes. */
	ck_assert_int_eq(run("for i in 1 2 3 4 5 6 7 8; do $EX/curl $URL/slow & done; wait",
			     out, sizeof(out)),
			 0);
	ck_assert_uint_eq(strlen(out), 8 * strlen("body of /slow"));
	ck_assert_uint_eq(*remote.requests, 4);
	ck_assert_int_eq(run("$EX/curl http://127.0.0.1:1/ 2>&1", out, sizeof(out)), 1);
}
END_TEST
#endif

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/examples");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_get);
	tcase_add_test(tcase, test_worker);
	tcase_add_test(tcase, test_prefork);
	tcase_add_test(tcase, test_post);
#ifdef TEST_CURL
	tcase_add_test(tcase, test_curl);
#endif
	suite_add_tcase(suite, tcase);
	return suite;
}
