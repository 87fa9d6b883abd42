/* SPDX-License-Identifier: MIT */
/* test_invalidate.c - unsafe methods, the fence, and purging (RFC 9111 s4.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"
#include "store/store.h"
#include "sys/clock.h"

static larder_cache *cache;

static void setup(void)
{
	cache = drive_open(NULL);
}

static void teardown(void)
{
	larder_cache_close(cache);
}

static void store(const struct drive_request *request, const char *body)
{
	larder_plan *plan = drive(
		cache, request,
		&(struct drive_response){
			.fields = "Cache-Control: max-age=600\nVary: A\n", .body = body });

	ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s", drive_store_why(plan));
	larder_plan_free(plan);
}

static const struct {
	const char *method;
	uint32_t status;
	bool invalidates;
} rows[] = {
	{ "POST", 200, true },      { "PUT", 201, true },      { "DELETE", 204, true },
	{ "PATCH", 302, true },     { "M-SEARCH", 200, true }, { "post", 200, true },
	{ "POST", 400, false },     { "DELETE", 405, false },  { "PUT", 500, false },
	{ "OPTIONS", 200, false },  { "TRACE", 200, false },   { "QUERY", 200, false },
	{ "PROPFIND", 207, false },
};

START_TEST(methods)
{
	struct drive_request unsafe = { .method = rows[_i].method };
	struct drive_request variants[] = { { .fields = "A: 1\n" },
					    { .fields = "A: 2\n" } };
	larder_plan *plan;

	store(&variants[0], "one");
	store(&variants[1], "two");
	plan = drive_lookup(cache, &unsafe);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_BYPASS);
	/* Nothing happens before the answer is there. */
	ck_assert_str_eq(drive_says(cache, &variants[0]), "fresh max-age");
	drive_answer(plan, &(struct drive_response){ .status = rows[_i].status });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(strcmp(drive_says(cache, &variants[i]),
				     rows[_i].invalidates ? "miss invalidated"
							  : "fresh max-age") == 0,
			      "%s %u", rows[_i].method, rows[_i].status);
}
END_TEST

static const struct {
	const char *fields;
	const char *url;
	bool invalidates;
} targets[] = {
	{ "Location: /other\n", "http://origin.test/other", true },
	{ "Content-Location: other\n", "http://origin.test/other", true },
	{ "Location: http://ORIGIN.test:80/%6fther#x\n", "http://origin.test/other", true },
	{ "Location: http://elsewhere.test/other\n", "http://elsewhere.test/other", false },
	{ "Location: https://origin.test/other\n", "https://origin.test/other", false },
	{ "Location: http://origin.test:8080/other\n", "http://origin.test:8080/other",
	  false },
	{ "Location: http://[bad/\n", "http://origin.test/other", false },
};

START_TEST(locations)
{
	struct drive_request other = { .url = targets[_i].url };
	larder_plan *plan;

	store(&other, "x");
	plan = drive(cache, &(struct drive_request){ .method = "POST" },
		     &(struct drive_response){ .status = 201,
					       .fields = targets[_i].fields });
	larder_plan_free(plan);
	ck_assert_msg(strcmp(drive_says(cache, &other), targets[_i].invalidates
								? "miss invalidated"
								: "fresh max-age") == 0,
		      "%s", targets[_i].fields);
}
END_TEST

/* An answer that an unsafe request overtook is served and not kept. */
START_TEST(fence)
{
	struct drive_response old = { .fields = "Cache-Control: max-age=600\n",
				      .body = "old" };
	struct drive_response new = { .fields = "Cache-Control: max-age=600\n",
				      .body = "new" };
	struct drive_request get = { .url = "http://origin.test/doc" };
	struct drive_request put = { .url = "http://origin.test/doc", .method = "PUT" };
	larder_plan *slow, *plan;
	bool stored_before = _i & 1, renewed = _i & 2;

	if (stored_before)
		larder_plan_free(drive(cache, &get, &old));
	get.mode = LARDER_MODE_RELOAD;
	slow = drive_lookup(cache, &get);
	get.mode = LARDER_MODE_DEFAULT;
	larder_plan_free(drive(cache, &put, &(struct drive_response){ .status = 204 }));
	if (renewed) {
		plan = drive(cache, &get, &new);
		ck_assert_int_eq(larder_plan_served(plan)->stored, 1);
		larder_plan_free(plan);
	}
	drive_answer(slow, &old);
	ck_assert_int_eq(larder_plan_verdict(slow), LARDER_PASS);
	ck_assert_str_eq(drive_store_why(slow), "invalidated-meanwhile");
	larder_plan_free(slow);

	plan = drive(cache, &get, &new);
	if (renewed) {
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
		ck_assert_str_eq(larder_plan_body(plan).ptr, "new");
	} else {
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
		ck_assert_int_eq(larder_plan_served(plan)->stored, 1);
	}
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "fresh max-age");
}
END_TEST

/* The same for a validation: a 304 to a request from before confirms nothing. */
START_TEST(fence_304)
{
	struct drive_request get = { 0 };
	larder_plan *slow;

	larder_plan_free(
		drive(cache, &get,
		      &(struct drive_response){ .fields = "ETag: \"v\"\nCache-Control: "
							  "max-age=1\n",
						.body = "old",
						.ago_s = 100 }));
	slow = drive_lookup(cache, &get);
	larder_plan_free(drive(cache, &(struct drive_request){ .method = "DELETE" },
			       &(struct drive_response){ .status = 204 }));
	drive_answer(slow,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"v\"\nCache-Control: max-age=600\n" });
	ck_assert_int_eq(larder_plan_verdict(slow), LARDER_SERVE);
	ck_assert_int_eq(larder_plan_served(slow)->stored, 0);
	larder_plan_free(slow);
	ck_assert_str_eq(drive_says(cache, &get), "miss invalidated");
}
END_TEST

/* RFC 9110 s9.3.3: a POST's own answer, stored for GET. */
START_TEST(post)
{
	static const struct {
		const char *fields;
		const char *store_why;
	} answers[] = {
		{ "Content-Location: /page\nCache-Control: max-age=600\n", "storable" },
		{ "Content-Location: http://origin.test/page\nCache-Control: "
		  "max-age=600\n",
		  "storable" },
		{ "Content-Location: /page\n", "post-not-explicit" },
		{ "Cache-Control: max-age=600\n", "post-not-explicit" },
		{ "Content-Location: /other\nCache-Control: max-age=600\n",
		  "post-not-explicit" },
	};
	larder_plan *plan = drive(cache, &(struct drive_request){ .method = "POST" },
				  &(struct drive_response){ .fields = answers[_i].fields,
							    .body = "made" });
	bool stored = strcmp(answers[_i].store_why, "storable") == 0;

	ck_assert_str_eq(drive_store_why(plan), answers[_i].store_why);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 stored ? "fresh max-age" : "miss invalidated");
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "POST" }),
			 "bypass method");
}
END_TEST

/* What a user changes is gone for that user and for the anonymous. */
START_TEST(partitions)
{
	struct drive_request alice = { .partition = "alice" },
			     bob = { .partition = "bob" }, anonymous = { .partition = "" };
	struct drive_request put = { .partition = "alice", .method = "PUT" };

	store(&alice, "a");
	store(&bob, "b");
	store(&anonymous, "n");
	larder_plan_free(drive(cache, &put, &(struct drive_response){ .status = 204 }));
	ck_assert_str_eq(drive_says(cache, &alice), "miss invalidated");
	ck_assert_str_eq(drive_says(cache, &anonymous), "miss invalidated");
	ck_assert_str_eq(drive_says(cache, &bob), "fresh max-age");
}
END_TEST

START_TEST(purge)
{
	struct drive_request requests[] = {
		{ .fields = "A: 1\n" },
		{ .fields = "A: 2\n" },
		{ .fields = "A: 1\n", .partition = "alice" },
		{ .fields = "Authorization: Basic YTpi\n" },
		{ .url = "http://origin.test/page2" },
		{ .url = "http://origin.test/page/" },
	};
	larder_slice url = LRD_SLICE("http://origin.TEST/page#x");
	larder_plan *slow;

	for (size_t i = 0; i < 6; i++)
		store(&requests[i], "x");
	slow = drive_lookup(cache, &(struct drive_request){ .mode = LARDER_MODE_RELOAD });
	ck_assert_int_eq(larder_cache_purge(cache, url, "alice"), 1);
	ck_assert_str_eq(drive_says(cache, &requests[2]), "miss invalidated");
	ck_assert_str_eq(drive_says(cache, &requests[0]), "fresh max-age");
	ck_assert_int_eq(larder_cache_purge(cache, url, NULL), 3);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(drive_says(cache, &requests[i]), "miss invalidated");
	for (size_t i = 4; i < 6; i++)
		ck_assert_str_eq(drive_says(cache, &requests[i]), "fresh max-age");
	ck_assert_int_eq(larder_cache_purge(cache, url, NULL), 0);
	/* What was on its way meanwhile does not bring it back. */
	drive_answer(slow,
		     &(struct drive_response){ .fields = "Cache-Control: max-age=60\n" });
	ck_assert_str_eq(drive_store_why(slow), "invalidated-meanwhile");
	larder_plan_free(slow);
	ck_assert_int_eq(larder_cache_purge(cache, LRD_SLICE("nonsense"), NULL),
			 LARDER_EURL);
}
END_TEST

static int count_response(const struct lrd_record *record, struct lrd_read *read,
			  void *ctx)
{
	(void)read;
	if (record->kind == LRD_KIND_RESPONSE)
		++*(size_t *)ctx;
	return 0;
}

static size_t responses_stored(void)
{
	struct lrd_store_options options = { .must_exist = true };
	struct lrd_store *store = NULL;
	uint64_t cursor = 0;
	size_t count = 0;

	ck_assert_int_eq(lrd_store_open(drive_dir(), &options, &store, NULL), 0);
	while (lrd_store_walk(store, &cursor, 100, lrd_clock_now_s(), count_response,
			      &count) == 1)
		;
	lrd_store_close(store);
	return count;
}

/* Nothing of what is removed stays behind to take up room. */
START_TEST(no_remains)
{
	struct drive_request variants[] = { { .fields = "A: 1\n" },
					    { .fields = "A: 2\n" } };

	store(&variants[0], "one");
	store(&variants[1], "two");
	ck_assert_uint_eq(responses_stored(), 2);
	larder_plan_free(drive(cache, &(struct drive_request){ .method = "PUT" },
			       &(struct drive_response){ .status = 204 }));
	ck_assert_uint_eq(responses_stored(), 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/invalidate");
	TCase *tcase = tcase_create("invalidate");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, methods, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tcase, locations, 0, sizeof(targets) / sizeof(targets[0]));
	tcase_add_loop_test(tcase, fence, 0, 4);
	tcase_add_test(tcase, fence_304);
	tcase_add_loop_test(tcase, post, 0, 5);
	tcase_add_test(tcase, partitions);
	tcase_add_test(tcase, purge);
	tcase_add_test(tcase, no_remains);
	suite_add_tcase(suite, tcase);
	return suite;
}
