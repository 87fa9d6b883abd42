/* SPDX-License-Identifier: MIT */
/* test_groups.c - groups of responses (RFC 9875), answers to QUERY (RFC 10008), targeted fields (RFC 9213). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"

#define FRESH "Cache-Control: max-age=600\n"

/* Stored so long ago that no second is shared with what follows. */
static void store(larder_cache *cache, const char *url, const char *credentials,
		  const char *fields)
{
	larder_plan *plan = drive(cache,
				  &(struct drive_request){ .url = url,
							   .fields = credentials },
				  &(struct drive_response){ .fields = fields,
							    .body = "x" });

	ck_assert_msg(larder_plan_served(plan)->stored, "%s: %s", url,
		      drive_store_why(plan));
	larder_plan_free(plan);
}

static void expect(larder_cache *cache, const char *url, const char *credentials,
		   const char *says)
{
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){
						   .url = url, .fields = credentials }),
			 says);
}

static void post(larder_cache *cache, const char *url, uint32_t status,
		 const char *fields)
{
	larder_plan_free(
		drive(cache, &(struct drive_request){ .method = "POST", .url = url },
		      &(struct drive_response){ .status = status, .fields = fields }));
}

static const struct {
	const char *name;
	const char *url, *groups; /* of what is stored */
	const char *method;
	uint32_t status;
	const char *invalidation;
	bool stands;
} rows[] = {
	{ "9875 s2.2: one of them", "http://o.test/a", "\"x\", \"y\"", "POST", 200, "\"y\"",
	  false },
	{ "9875 s2.2: another", "http://o.test/a", "\"x\"", "POST", 200, "\"y\"", true },
	{ "9875 s2.2: case counts", "http://o.test/a", "\"x\"", "POST", 200, "\"X\"", true },
	{ "9875 s2.2: another origin", "http://p.test/a", "\"x\"", "POST", 200, "\"x\"",
	  true },
	{ "9875 s2.2: another port", "http://o.test:81/a", "\"x\"", "POST", 200, "\"x\"",
	  true },
	{ "9875 s2.2: https", "https://o.test/a", "\"x\"", "POST", 200, "\"x\"", true },
	{ "9875 s3: a safe method", "http://o.test/a", "\"x\"", "OPTIONS", 200, "\"x\"",
	  true },
	{ "9875 s3: an error", "http://o.test/a", "\"x\"", "POST", 500, "\"x\"", true },
	{ "9875 s3: a redirect", "http://o.test/a", "\"x\"", "DELETE", 303, "\"x\"", false },
	{ "9875 s3: malformed", "http://o.test/a", "\"x\"", "POST", 200, "x", true },
};

START_TEST(invalidation)
{
	larder_cache *cache = drive_open(NULL);
	char fields[256];

	snprintf(fields, sizeof(fields), FRESH "ETag: \"e\"\nCache-Groups: %s\n",
		 rows[_i].groups);
	store(cache, rows[_i].url, "", fields);
	expect(cache, rows[_i].url, "", "fresh max-age");
	snprintf(fields, sizeof(fields), "Cache-Group-Invalidation: %s\n",
		 rows[_i].invalidation);
	larder_plan_free(drive(cache,
			       &(struct drive_request){ .method = rows[_i].method,
							.url = "http://o.test/other" },
			       &(struct drive_response){ .status = rows[_i].status,
							 .fields = fields }));
	ck_assert_msg(strcmp(drive_says(cache,
					&(struct drive_request){ .url = rows[_i].url }),
			     rows[_i].stands ? "fresh max-age"
					     : "miss group-invalidated") == 0,
		      "%s", rows[_i].name);
	larder_cache_close(cache);
}
END_TEST

/* All of them at once, in every partition, variants too; no licence counts; no cascade. */
START_TEST(reach)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;

	store(cache, "http://o.test/1", "",
	      FRESH "Cache-Groups: \"g\"\nETag: \"e\"\n");
	store(cache, "http://o.test/2", "Authorization: Basic YQ==\n",
	      FRESH "Cache-Groups: \"g\", \"h\"\n");
	store(cache, "http://o.test/3", "A: 1\n",
	      FRESH "Vary: A\nCache-Groups: \"g\"\n");
	store(cache, "http://o.test/4", "", FRESH "Cache-Groups: \"h\"\n");
	post(cache, "http://o.test/p", 200, "Cache-Group-Invalidation: \"g\"\n");
	expect(cache, "http://o.test/1", "", "miss group-invalidated");
	expect(cache, "http://o.test/1", "Cache-Control: max-stale\n",
	       "miss group-invalidated");
	expect(cache, "http://o.test/2", "Authorization: Basic YQ==\n",
	       "miss group-invalidated");
	expect(cache, "http://o.test/3", "A: 1\n", "miss group-invalidated");
	expect(cache, "http://o.test/4", "", "fresh max-age");
	/* An invalidated response is no answer for a failing origin. */
	plan = drive(cache, &(struct drive_request){ .url = "http://o.test/1" },
		     &(struct drive_response){ .status = 503 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* A request that began before the invalidation brings what was true before it. */
START_TEST(race)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request request = { .url = "http://o.test/a" };
	larder_plan *plan = drive_lookup(cache, &request);

	ck_assert_int_eq(larder_cache_purge_group(cache, LRD_SLICE("http://o.test/"),
						  LRD_SLICE("g")),
			 0);
	drive_answer(plan, &(struct drive_response){ .fields = FRESH "Cache-Groups: \"g\"\n",
						     .body = "old" });
	ck_assert_str_eq(drive_store_why(plan), "group-invalidated-meanwhile");
	larder_plan_free(plan);
	expect(cache, "http://o.test/a", "", "miss uri-miss");
	larder_cache_close(cache);
}
END_TEST

START_TEST(purge)
{
	larder_cache *cache = drive_open(NULL);
	char fields[8192] = FRESH "Cache-Groups: ", group[64];

	/* RFC 9875 s2: 32 groups of 32 characters. */
	for (int i = 0; i < 32; i++)
		snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields),
			 "%s\"%032d\"", i ? ", " : "", i);
	fields[strlen(fields) + 1] = 0;
	fields[strlen(fields)] = (char)10;
	store(cache, "http://o.test/a", "", fields);
	store(cache, "http://o.test/b", "", FRESH);
	expect(cache, "http://o.test/a", "", "fresh max-age");
	snprintf(group, sizeof(group), "%032d", 31);
	ck_assert_int_eq(larder_cache_purge_group(cache, LRD_SLICE("http://O.test:80/x"),
						  lrd_slice_cstr(group)),
			 0);
	expect(cache, "http://o.test/a", "", "miss group-invalidated");
	expect(cache, "http://o.test/b", "", "fresh max-age");
	ck_assert_int_eq(larder_cache_purge_group(cache, LRD_SLICE("o.test"),
						  LRD_SLICE("g")),
			 LARDER_EURL);
	ck_assert_int_eq(larder_cache_purge_group(cache, LRD_SLICE("http://o.test/"),
						  LRD_SLICE("")),
			 LARDER_EINVAL);
	larder_cache_close(cache);
}
END_TEST

/* ---- QUERY ------------------------------------------------------------------------------- */

#define Q "Content-Type: text/q\n"

static const char *query(larder_cache *cache, const char *fields, const char *content)
{
	return drive_says(cache, &(struct drive_request){
					 .method = "QUERY", .fields = fields, .content = content });
}

static void keep_query(larder_cache *cache, const char *fields, const char *content)
{
	larder_plan *plan = drive(
		cache,
		&(struct drive_request){
			.method = "QUERY", .fields = fields, .content = content },
		&(struct drive_response){ .fields = FRESH, .body = content });

	ck_assert(larder_plan_served(plan)->stored);
	larder_plan_free(plan);
}

START_TEST(query_key)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	char *body;

	keep_query(cache, Q, "one");
	keep_query(cache, Q, "two");
	plan = drive_lookup(cache, &(struct drive_request){ .method = "QUERY",
							    .fields = Q,
							    .content = "one" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, "one");
	free(body);
	larder_plan_free(plan);
	ck_assert_str_eq(query(cache, Q, "two"), "fresh max-age");
	ck_assert_str_eq(query(cache, Q, "three"), "miss uri-miss");
	/* RFC 10008 s2.7: what says how to read the content is part of it. */
	ck_assert_str_eq(query(cache, "Content-Type: text/r\n", "one"), "miss uri-miss");
	ck_assert_str_eq(query(cache, Q "Content-Encoding: gzip\n", "one"),
			 "miss uri-miss");
	ck_assert_str_eq(query(cache, "", "one"), "miss uri-miss");
	ck_assert_str_eq(query(cache, Q, NULL), "bypass no-content");
	ck_assert_str_eq(query(cache, Q, ""), "miss uri-miss");
	/* It answers no GET, and no other principal. */
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "GET" }),
			 "miss uri-miss");
	ck_assert_str_eq(query(cache, Q "Cookie: a=1\n", "one"), "miss uri-miss");
	larder_cache_close(cache);
}
END_TEST

/* An unsafe request to the URL, or a purge, is the end of all answers to QUERY on it. */
START_TEST(query_invalidation)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *slow;

	keep_query(cache, Q, "one");
	slow = drive_lookup(cache, &(struct drive_request){ .method = "QUERY",
							    .fields = Q,
							    .content = "slow" });
	post(cache, NULL, 500, "");
	ck_assert_str_eq(query(cache, Q, "one"), "fresh max-age");
	if (_i == 0)
		post(cache, NULL, 200, "");
	else
		ck_assert_int_ge(larder_cache_purge(
					 cache, LRD_SLICE("http://origin.test/page"),
					 _i == 1 ? "" : NULL),
				 0);
	ck_assert_str_eq(query(cache, Q, "one"), "miss group-invalidated");
	drive_answer(slow, &(struct drive_response){ .fields = FRESH, .body = "old" });
	ck_assert_str_eq(drive_store_why(slow), "invalidated-meanwhile");
	larder_plan_free(slow);
	keep_query(cache, Q, "one");
	ck_assert_str_eq(query(cache, Q, "one"), "fresh max-age");
	larder_cache_close(cache);
}
END_TEST

START_TEST(query_validation)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request request = { .method = "QUERY", .fields = Q, .content = "one" };
	larder_plan *plan;
	char *body;

	larder_plan_free(drive(cache, &request,
			       &(struct drive_response){
				       .fields = "Cache-Control: max-age=1\nETag: \"e\"\n",
				       .body = "answer",
				       .ago_s = 60 }));
	plan = drive_lookup(cache, &request);
	ck_assert_str_eq(drive_condition(plan, "If-None-Match"), "\"e\"");
	drive_answer(plan, &(struct drive_response){ .status = 304,
						     .fields = FRESH "ETag: \"e\"\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, "answer");
	free(body);
	larder_plan_free(plan);
	ck_assert_str_eq(query(cache, Q, "one"), "fresh max-age");
	larder_cache_close(cache);
}
END_TEST

/* ---- targeted fields ----------------------------------------------------------------------- */

START_TEST(targeted)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	larder_error err;

	/* A private cache that names no target takes no notice. */
	store(cache, NULL, "", FRESH "CDN-Cache-Control: no-store\n");
	larder_cache_close(cache);
	options.targets = "My-Cache-Control, CDN-Cache-Control";
	cache = drive_open(&options);
	plan = drive(cache, &(struct drive_request){ .method = "GET" },
		     &(struct drive_response){
			     .fields = FRESH "CDN-Cache-Control: no-store\n" });
	ck_assert_str_eq(drive_store_why(plan), "no-store");
	larder_plan_free(plan);
	store(cache, "http://o.test/t", "",
	      "Cache-Control: no-store\nCDN-Cache-Control: max-age=60\nETag: \"e\"\n");
	expect(cache, "http://o.test/t", "", "fresh max-age");
	/* A 304 is read by the same rule. */
	plan = drive(cache,
		     &(struct drive_request){ .url = "http://o.test/t",
					      .mode = LARDER_MODE_NO_CACHE },
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"e\"\nCDN-Cache-Control: max-age=90\n" });
	ck_assert_int_ge(larder_plan_served(plan)->ttl_s, 89);
	larder_plan_free(plan);
	larder_cache_close(cache);
	options.targets = "a b";
	options.store = drive_dir();
	ck_assert_int_eq(larder_cache_open(&options, &cache, &err), LARDER_EINVAL);
}
END_TEST

/* ---- No-Vary-Search ------------------------------------------------------------------------ */

#define NVS "No-Vary-Search: params=(\"utm\"), key-order\n"

START_TEST(search)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;

	store(cache, "http://o.test/s?b=2&a=1&utm=9", "", FRESH NVS);
	store(cache, "http://o.test/s?a=2", "", FRESH NVS);
	expect(cache, "http://o.test/s?a=1&b=2", "", "fresh max-age");
	expect(cache, "http://o.test/s?utm=x&a=2", "", "fresh max-age");
	expect(cache, "http://o.test/s?a=3", "", "miss uri-miss");
	expect(cache, "http://o.test/t?a=2", "", "miss uri-miss");
	expect(cache, "http://o.test/s?a=2&utm=1", "Cookie: a=1\n", "miss uri-miss");
	/* Without the field queries differ as they always did. */
	store(cache, "http://o.test/u?a=1", "", FRESH);
	expect(cache, "http://o.test/u?a=1&utm=1", "", "miss uri-miss");
	/* What is stale beside does not answer; the URL itself is asked for. */
	larder_plan_free(drive(cache,
			       &(struct drive_request){ .url = "http://o.test/v?a=1" },
			       &(struct drive_response){
				       .fields = "Cache-Control: max-age=1\nETag: \"e\"\n" NVS,
				       .ago_s = 60 }));
	plan = drive_lookup(cache, &(struct drive_request){ .url = "http://o.test/v?utm=1&a=1" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	ck_assert_ptr_null(drive_condition(plan, "If-None-Match"));
	drive_answer(plan, &(struct drive_response){ .fields = FRESH, .body = "new" });
	larder_plan_free(plan);
	expect(cache, "http://o.test/v?utm=1&a=1", "", "fresh max-age");
	expect(cache, "http://o.test/v?a=1", "", "miss expired");
	/* Invalidated URLs are not answered by their neighbours. */
	post(cache, "http://o.test/s?utm=x&a=2", 200, "");
	expect(cache, "http://o.test/s?utm=x&a=2", "", "miss invalidated");
	expect(cache, "http://o.test/s?utm=y&a=2", "", "miss uri-miss");
	expect(cache, "http://o.test/s?a=2", "", "fresh max-age");
	larder_cache_close(cache);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/groups");
	TCase *tcase = tcase_create("groups");

	tcase_add_loop_test(tcase, invalidation, 0, COUNT(rows));
	tcase_add_test(tcase, reach);
	tcase_add_test(tcase, race);
	tcase_add_test(tcase, purge);
	tcase_add_test(tcase, query_key);
	tcase_add_loop_test(tcase, query_invalidation, 0, 3);
	tcase_add_test(tcase, query_validation);
	tcase_add_test(tcase, targeted);
	tcase_add_test(tcase, search);
	suite_add_tcase(suite, tcase);
	return suite;
}
