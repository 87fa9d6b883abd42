/* SPDX-License-Identifier: MIT */
/* test_threads.c - eight threads with a session each, and one cache for all. */
#include <larder/larder.h>

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { THREADS = 8, ROUNDS = 40, PAGES = 10 };

static struct lrd_origin *origin;
static larder_cache *cache;

static void serve(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	char body[64];

	(void)ctx;
	snprintf(body, sizeof(body), "page %.*s", LRD_SLICE_ARG(request->target));
	lrd_origin_reply(conn, "200 OK",
			 request->target.ptr[1] == 'n' ? "Cache-Control: no-store\r\n"
						       : "Cache-Control: max-age=600\r\n",
			 body);
}

struct work {
	pthread_t thread;
	unsigned wrong;
	unsigned fresh;
	char message[1024];
};

/* Checks nothing by itself: libcheck's asserts belong to the main thread. */
static void *work(void *arg)
{
	struct work *mine = arg;
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session = NULL;
	larder_error err = { 0 };
	char url[FIXTURE_URL_MAX];
	char path[32];
	char want[64];

	options.cache = cache;
	if (larder_session_open(&options, &session, &err) < 0) {
		snprintf(mine->message, sizeof(mine->message), "%s", err.message);
		mine->wrong++;
		return NULL;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		larder_response *response = NULL;
		larder_slice body = { "", 0 };

		snprintf(path, sizeof(path), "/%c%u", i % 4 ? 'f' : 'n', i % PAGES);
		snprintf(want, sizeof(want), "page %s", path);
		snprintf(url, sizeof(url), "http://127.0.0.1:%u%s",
			 lrd_origin_port(origin), path);
		if (larder_get(session, url, &response) < 0 ||
		    larder_response_body(response, &body) < 0 ||
		    strcmp(body.ptr, want) != 0) {
			snprintf(mine->message, sizeof(mine->message), "%s: %s", url,
				 larder_session_error(session)->message);
			mine->wrong++;
		} else {
			mine->fresh +=
				larder_response_served(response)->how == LARDER_HOW_FRESH;
		}
		larder_response_free(response);
	}
	larder_session_close(session);
	return NULL;
}

START_TEST(test_sessions_share_a_cache)
{
	larder_cache_options wanted = LARDER_CACHE_OPTIONS_INIT;
	struct work works[THREADS] = { 0 };
	larder_error err;
	unsigned fresh = 0;

	wanted.store = lrd_tmpdir_new();
	wanted.budget_bytes = 64 * 1024 * 1024;
	ck_assert_msg(larder_cache_open(&wanted, &cache, &err) == 0, "%s", err.message);
	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = serve });
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&works[i].thread, NULL, work, &works[i]),
				 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(works[i].thread, NULL), 0);
		ck_assert_msg(works[i].wrong == 0, "thread %d: %u wrong: %s", i,
			      works[i].wrong, works[i].message);
		fresh += works[i].fresh;
	}
	/* 30 of each thread's 40 requests may be hits, less the first of each page. */
	ck_assert_uint_ge(fresh, THREADS * 30 - THREADS * PAGES);
	lrd_origin_free(origin);
	larder_cache_close(cache);
}
END_TEST

/* The same directory opened by each session by itself: one environment behind all. */
START_TEST(test_sessions_on_one_directory)
{
	const char *store = lrd_tmpdir_new();
	larder_session *first;
	larder_session *second;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = serve });
	first = fixture_open(store);
	second = fixture_open(store);
	fixture_get(first, fixture_url(url, origin, "/f"), &answer);
	fixture_forget(&answer);
	larder_session_close(first);
	fixture_get(second, url, &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	ck_assert_str_eq(answer.body, "page /f");
	fixture_forget(&answer);
	larder_session_close(second);
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/threads");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_sessions_share_a_cache);
	tcase_add_test(tcase, test_sessions_on_one_directory);
	suite_add_tcase(suite, tcase);
	return suite;
}
