/* SPDX-License-Identifier: MIT */
/* test_threads.c - one cache used by several threads at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"

enum { THREADS = 4, ROUNDS = 300, URLS = 5 };

static larder_cache *cache;

/* libcheck's assertions belong to the main thread: a thread returns what is wrong. */
static const char *one(unsigned number)
{
	char url[64], text[64];
	larder_field fields[] = { { LRD_SLICE("Cache-Control"),
				    LRD_SLICE("max-age=600") },
				  { LRD_SLICE("ETag"), LRD_SLICE("\"x\"") } };
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_head head = LARDER_HEAD_INIT;
	larder_plan *plan = NULL;
	const char *wrong = NULL;

	snprintf(url, sizeof(url), "http://origin.test/%u", number % URLS);
	snprintf(text, sizeof(text), "body of %u", number % URLS);
	lookup.method = number % 17 == 3 ? LRD_SLICE("PUT") : LRD_SLICE("GET");
	lookup.url = lrd_slice_cstr(url);
	if (larder_cache_lookup(cache, &lookup, &plan) < 0)
		return "lookup";
	if (larder_plan_verdict(plan) == LARDER_SERVE) {
		if (strcmp(larder_plan_body(plan).ptr, text) != 0)
			wrong = "another body";
	} else {
		head.status = 200;
		head.fields = fields;
		head.field_count = 2;
		head.body_length = (int64_t)strlen(text);
		if (larder_plan_receive(plan, &head) < 0 ||
		    larder_plan_append(plan, text, strlen(text)) < 0 ||
		    larder_plan_commit(plan) < 0)
			wrong = "storing";
	}
	larder_plan_free(plan);
	return wrong;
}

static void *run(void *arg)
{
	const char *wrong = NULL;
	unsigned number = *(const unsigned *)arg;

	for (unsigned i = 0; i < ROUNDS && !wrong; i++)
		wrong = one(number * 31 + i * 7);
	return (void *)wrong;
}

START_TEST(together)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];

	cache = drive_open(NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *wrong = NULL;

		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s", (const char *)wrong);
	}
	larder_cache_close(cache);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/threads");
	TCase *tcase = tcase_create("threads");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, together);
	suite_add_tcase(suite, tcase);
	return suite;
}
