/* SPDX-License-Identifier: MIT */
/* test_response.c - one object for bodies from wire and store, pulled and whole. */
#include "session/response.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static void fill(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		 void *ctx)
{
	const size_t *size = ctx;

	if (memcmp(request->target.ptr, "/chunked", 8) == 0) {
		lrd_origin_sendf(conn,
				 "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n"
				 "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
				 *size);
		lrd_origin_send_fill(conn, *size);
		lrd_origin_sendf(conn, "\r\n0\r\n\r\n");
		return;
	}
	lrd_origin_sendf(conn,
			 "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 *size);
	lrd_origin_send_fill(conn, *size);
}

static void check_pattern(const char *bytes, size_t len, uint64_t from)
{
	size_t i = 0;

	while (i < len && bytes[i] == lrd_origin_pattern(from + i))
		i++;
	ck_assert_msg(i == len, "byte %zu of %zu differs", i, len);
}

/* Sizes around every border: an inline body, one page, what a plan holds in memory, chunks. */
static const size_t sizes[] = { 0,     1,      3000,   4079,   4080,    4081,
				65536, 262143, 262144, 262145, 1048576, 3000001 };
static const char *const paths[] = { "/length", "/chunked" };

START_TEST(test_whole_body)
{
	size_t size = sizes[_i];
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = fill, .ctx = &size });
	larder_session *session = fixture_open(lrd_tmpdir_new());
	char url[FIXTURE_URL_MAX];

	for (size_t path = 0; path < (size ? 2u : 1u); path++) {
		for (int pass = 0; pass < 3; pass++) {
			larder_response *response = NULL;
			larder_slice body;
			larder_slice again;
			char byte;

			ck_assert_int_eq(larder_get(session,
						    fixture_url(url, origin, paths[path]),
						    &response),
					 0);
			ck_assert_int_eq(larder_response_length(response),
					 pass || !path ? (int64_t)size : -1);
			ck_assert_msg(larder_response_body(response, &body) == 0, "%s",
				      larder_response_error(response)->message);
			ck_assert_uint_eq(body.len, size);
			ck_assert_int_eq(body.ptr[body.len], '\0');
			check_pattern(body.ptr, body.len, 0);
			ck_assert_int_eq(larder_response_body(response, &again), 0);
			ck_assert_ptr_eq(again.ptr, body.ptr);
			/* A body gathered whole is not pulled once more. */
			if (response->gathered)
				ck_assert_int_eq(larder_response_read(response, &byte, 1),
						 0);
			ck_assert_uint_eq(larder_response_served(response)->how,
					  pass ? LARDER_HOW_FRESH : LARDER_HOW_MISS);
			larder_response_free(response);
		}
		ck_assert_uint_eq(lrd_origin_requests(origin), path + 1);
	}
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* What was pulled is not in the whole body: the rest is. */
START_TEST(test_rest_of_the_body)
{
	size_t size = sizes[_i];
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = fill, .ctx = &size });
	larder_session *session = fixture_open(lrd_tmpdir_new());
	char url[FIXTURE_URL_MAX];

	for (int pass = 0; pass < 2 && size > 10; pass++) {
		larder_response *response = NULL;
		larder_slice rest;
		char start[10];
		size_t got = 0;

		ck_assert_int_eq(
			larder_get(session, fixture_url(url, origin, "/"), &response), 0);
		while (got < sizeof(start)) {
			ptrdiff_t n = larder_response_read(response, start + got,
							   sizeof(start) - got);

			ck_assert_int_gt(n, 0);
			got += (size_t)n;
		}
		check_pattern(start, got, 0);
		ck_assert_int_eq(larder_response_body(response, &rest), 0);
		ck_assert_uint_eq(rest.len, size - got);
		check_pattern(rest.ptr, rest.len, got);
		larder_response_free(response);
	}
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(test_whole_body_over_the_limit)
{
	size_t size = 100001;
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = fill, .ctx = &size });
	larder_options options = LARDER_OPTIONS_INIT;
	larder_response *response = NULL;
	larder_slice body = { "untouched", 9 };
	larder_session *session;
	char url[FIXTURE_URL_MAX];

	options.max_body_bytes = 100000;
	session = fixture_open_with(&options, NULL);
	ck_assert_int_eq(
		larder_get(session, fixture_url(url, origin, paths[_i]), &response), 0);
	ck_assert_int_eq(larder_response_body(response, &body), LARDER_ELIMIT);
	ck_assert_str_eq(body.ptr, "untouched");
	ck_assert_ptr_nonnull(strstr(larder_response_error(response)->message,
				     "max_body_bytes is 100000"));
	larder_response_free(response);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* The session's spare objects carry nothing over from one response to the next. */
START_TEST(test_responses_do_not_mix)
{
	size_t size = 5000;
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = fill, .ctx = &size });
	larder_session *session = fixture_open(NULL);
	larder_response *open[8] = { NULL };
	larder_slice body[8];
	char url[FIXTURE_URL_MAX];
	char name[32];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++) {
			snprintf(name, sizeof(name), "/%d-%d", round, i);
			ck_assert_int_eq(larder_get(session, fixture_url(url, origin, name),
						    &open[i]),
					 0);
		}
		for (int i = 7; i >= 0; i--)
			ck_assert_int_eq(larder_response_body(open[i], &body[i]), 0);
		for (int i = 0; i < 8; i++) {
			snprintf(name, sizeof(name), "/%d-%d", round, i);
			ck_assert_str_eq(larder_response_url(open[i]).ptr,
					 fixture_url(url, origin, name));
			ck_assert_uint_eq(body[i].len, size);
			check_pattern(body[i].ptr, body[i].len, 0);
			ck_assert_str_eq(larder_response_error(open[i])->message, "");
		}
		for (int i = 0; i < 8; i++)
			larder_response_free(open[i]);
	}
	ck_assert_uint_le(lrd_origin_connections(origin), 8);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(test_nothing_is_welcome)
{
	larder_response_free(NULL);
	larder_session_close(NULL);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/response");
	TCase *tcase = tcase_create("bodies");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_whole_body, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, test_rest_of_the_body, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, test_whole_body_over_the_limit, 0, 2);
	tcase_add_test(tcase, test_responses_do_not_mix);
	tcase_add_test(tcase, test_nothing_is_welcome);
	suite_add_tcase(suite, tcase);
	return suite;
}
