/* SPDX-License-Identifier: MIT */
/* test_range.c - parts: cut out of what is stored, kept, joined and completed (RFC 9110 s14, RFC 9111 s3.3, s3.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"

#define TAG "ETag: \"t\"\n"
#define FRESH "Cache-Control: max-age=600\n"

static const char whole[] = "0123456789abcdefghij"; /* 20 bytes */

static void store_whole(larder_cache *cache, const char *fields)
{
	larder_plan_free(drive(cache, &(struct drive_request){ .method = "GET" },
			       &(struct drive_response){ .fields = fields,
							 .body = whole }));
}

/* Asks for bytes first to last of something of `size` bytes, and gets them from the origin. */
static larder_plan *fetch_part(larder_cache *cache, unsigned first, unsigned last,
			       const char *fields)
{
	char range[64], text[256], body[64];

	snprintf(range, sizeof(range), "Range: bytes=%u-%u\n", first, last);
	snprintf(text, sizeof(text), "Content-Range: bytes %u-%u/20\n%s", first, last,
		 fields);
	snprintf(body, sizeof(body), "%.*s", (int)(last - first + 1), whole + first);
	return drive(cache, &(struct drive_request){ .fields = range },
		     &(struct drive_response){
			     .status = 206, .fields = text, .body = body });
}

static void keep_part(larder_cache *cache, unsigned first, unsigned last)
{
	larder_plan *plan = fetch_part(cache, first, last, TAG FRESH);

	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	ck_assert(larder_plan_served(plan)->stored);
	larder_plan_free(plan);
}

static const struct {
	const char *name;
	const char *stored;  /* fields of the whole response */
	const char *request; /* fields */
	uint32_t status;     /* served; 0: goes to the origin */
	const char *body, *content_range;
} cuts[] = {
	{ "9110 s14.2: first to last", TAG FRESH, "Range: bytes=2-4", 206, "234",
	  "bytes 2-4/20" },
	{ "9110 s14.1.2: open end", TAG FRESH, "Range: bytes=17-", 206, "hij",
	  "bytes 17-19/20" },
	{ "9110 s14.1.2: the last", TAG FRESH, "Range: bytes=-2", 206, "ij",
	  "bytes 18-19/20" },
	{ "9110 s14.1.2: more than there is", TAG FRESH, "Range: bytes=18-99", 206, "ij",
	  "bytes 18-19/20" },
	{ "9110 s14.1.2: all of it", TAG FRESH, "Range: bytes=0-", 206, whole,
	  "bytes 0-19/20" },
	{ "9110 s14.2: unit in capitals", TAG FRESH, "Range: BYTES=0-0", 206, "0",
	  "bytes 0-0/20" },
	{ "9110 s14.2: unknown unit", TAG FRESH, "Range: lines=0-0", 200, whole, NULL },
	{ "9110 s14.2: malformed", TAG FRESH, "Range: bytes=4-2", 200, whole, NULL },
	{ "9110 s14.2: two lines", TAG FRESH, "Range: bytes=0-0\nRange: bytes=1-1", 200,
	  whole, NULL },
	{ "9110 s15.5.17: beyond", TAG FRESH, "Range: bytes=20-", 416, "", "bytes */20" },
	{ "9110 s14.2: several", TAG FRESH, "Range: bytes=0-0,5-6", 0, NULL, NULL },
	{ "9110 s14.2: several, one exists", TAG FRESH, "Range: bytes=0-0,50-60", 206,
	  "0", "bytes 0-0/20" },
	{ "9110 s13.1.5: If-Range, same tag", TAG FRESH,
	  "Range: bytes=0-0\nIf-Range: \"t\"", 206, "0", "bytes 0-0/20" },
	{ "9110 s13.1.5: If-Range, other tag", TAG FRESH,
	  "Range: bytes=0-0\nIf-Range: \"u\"", 200, whole, NULL },
	{ "9110 s13.1.5: If-Range, weak", "ETag: W/\"t\"\n" FRESH,
	  "Range: bytes=0-0\nIf-Range: W/\"t\"", 200, whole, NULL },
	{ "9110 s13.1.5: If-Range, date",
	  "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\n" FRESH,
	  "Range: bytes=0-0\nIf-Range: Sun, 06 Nov 1994 08:00:00 GMT", 206, "0",
	  "bytes 0-0/20" },
	{ "9110 s13.1.5: If-Range, later date",
	  "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\n" FRESH,
	  "Range: bytes=0-0\nIf-Range: Sun, 06 Nov 1994 09:00:00 GMT", 200, whole, NULL },
	{ "9110 s13.1.5: If-Range without Range", TAG FRESH, "If-Range: \"u\"", 200, whole,
	  NULL },
	{ "9110 s13.2.2: If-None-Match before Range", TAG FRESH,
	  "Range: bytes=0-0\nIf-None-Match: \"t\"", 304, "", NULL },
	{ "9110 s13.2.2: If-None-Match that fails", TAG FRESH,
	  "Range: bytes=0-0\nIf-None-Match: \"u\"", 206, "0", "bytes 0-0/20" },
};

START_TEST(cut)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	char *body;

	store_whole(cache, cuts[_i].stored);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = cuts[_i].request });
	ck_assert_msg(larder_plan_verdict(plan) ==
			      (cuts[_i].status ? LARDER_SERVE : LARDER_FETCH),
		      "%s", cuts[_i].name);
	if (cuts[_i].status) {
		const char *range = drive_field(plan, "Content-Range");

		ck_assert_msg(larder_plan_status(plan) == cuts[_i].status, "%s: %u",
			      cuts[_i].name, larder_plan_status(plan));
		if (cuts[_i].content_range)
			ck_assert_str_eq(range, cuts[_i].content_range);
		else
			ck_assert_ptr_null(range);
		body = drive_body(plan, NULL);
		ck_assert_str_eq(body, cuts[_i].body);
		ck_assert_int_eq(strncmp(larder_plan_body(plan).ptr, body, strlen(body)), 0);
		ck_assert_uint_eq(larder_plan_body(plan).len, strlen(body));
		free(body);
		ck_assert_ptr_nonnull(drive_field(plan, "Age"));
	} else {
		ck_assert_uint_eq(larder_plan_served(plan)->why, 52);
		ck_assert_ptr_null(drive_condition(plan, "If-None-Match"));
	}
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* Large bodies are cut out of the store, not out of memory. */
START_TEST(cut_large)
{
	size_t size = 700000;
	char *large = malloc(size), *body;
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	size_t len;

	ck_assert_ptr_nonnull(large);
	for (size_t i = 0; i < size; i++)
		large[i] = (char)('a' + i % 23);
	larder_plan_free(drive(cache, &(struct drive_request){ .method = "GET" },
			       &(struct drive_response){ .fields = TAG FRESH,
							 .body = large,
							 .body_len = size }));
	plan = drive_lookup(cache, &(struct drive_request){
					   .fields = "Range: bytes=300001-600000" });
	ck_assert_uint_eq(larder_plan_status(plan), 206);
	body = drive_body(plan, &len);
	ck_assert_uint_eq(len, 300000);
	ck_assert_int_eq(memcmp(body, large + 300001, len), 0);
	ck_assert_str_eq(drive_field(plan, "Content-Length"), "300000");
	free(body);
	free(large);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* Stale: validated, and the part cut out of what the 304 confirms. */
START_TEST(stale)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	char *body;

	store_whole(cache, TAG "Cache-Control: max-age=0\n");
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "Range: bytes=1-2" });
	ck_assert_str_eq(drive_condition(plan, "If-None-Match"), "\"t\"");
	drive_answer(plan, &(struct drive_response){ .status = 304, .fields = TAG FRESH });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_status(plan), 206);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, "12");
	free(body);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

static const struct {
	const char *name;
	const char *fields; /* of the 206 for bytes 0-4 */
	const char *store_why;
} kept[] = {
	{ "9111 s3.3: strong tag", "Content-Range: bytes 0-4/20\n" TAG FRESH,
	  "partial-kept" },
	{ "9111 s3.3: strong date",
	  "Content-Range: bytes 0-4/20\nLast-Modified: Sun, 06 Nov 1994 08:00:00 GMT\n" FRESH,
	  "partial-kept" },
	{ "9111 s3.4: weak tag", "Content-Range: bytes 0-4/20\nETag: W/\"t\"\n" FRESH,
	  "no-strong-validator" },
	{ "9111 s3.4: weak tag and strong date",
	  "Content-Range: bytes 0-4/20\nETag: W/\"t\"\n"
	  "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\n" FRESH,
	  "no-strong-validator" },
	{ "9110 s14.4: no Content-Range", TAG FRESH, "partial" },
	{ "9110 s14.4: size unknown", "Content-Range: bytes 0-4/*\n" TAG FRESH, "partial" },
	{ "9110 s14.4: another length", "Content-Range: bytes 0-5/20\n" TAG FRESH,
	  "partial" },
	{ "9110 s14.4: malformed", "Content-Range: bytes 4-0/20\n" TAG FRESH, "partial" },
	{ "9111 s5.2.2.5: no-store",
	  "Content-Range: bytes 0-4/20\nCache-Control: no-store\n" TAG, "no-store" },
	{ "9110 s14.4: all of it", "Content-Range: bytes 0-4/5\n" TAG FRESH, "storable" },
};

/* A 206 is kept if it can be placed, and never answers for the whole. */
START_TEST(keep)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan = drive(
		cache, &(struct drive_request){ .fields = "Range: bytes=0-4" },
		&(struct drive_response){
			.status = 206, .fields = kept[_i].fields, .body = "01234" });
	bool stored = larder_plan_served(plan)->stored;

	ck_assert_msg(strcmp(drive_store_why(plan), kept[_i].store_why) == 0, "%s: %s",
		      kept[_i].name, drive_store_why(plan));
	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "Range: bytes=1-2" });
	ck_assert_int_eq(larder_plan_verdict(plan) == LARDER_SERVE, stored);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ .method = "GET" });
	if (strcmp(kept[_i].store_why, "storable") == 0) {
		ck_assert_uint_eq(larder_plan_status(plan), 200);
		ck_assert_str_eq(drive_field(plan, "Content-Length"), "5");
	} else {
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
		ck_assert_ptr_null(drive_condition(plan, "Range"));
		ck_assert_ptr_null(drive_condition(plan, "If-None-Match"));
	}
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

START_TEST(no_part_of_others)
{
	larder_cache *cache = drive_open(NULL);
	char status[256];
	larder_plan *plan;

	keep_part(cache, 5, 9);
	/* Neither what lies outside, nor HEAD, nor the whole, whatever the mode. */
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "Range: bytes=4-6" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	larder_plan_cache_status(plan, status, sizeof(status));
	ck_assert_ptr_nonnull(strstr(status, "fwd=partial"));
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "HEAD" }),
			 "miss partial-stored");
	ck_assert_str_eq(
		drive_says(cache, &(struct drive_request){ .mode = LARDER_MODE_FORCE_CACHE }),
		"miss partial-stored");
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){
						   .mode = LARDER_MODE_ONLY_IF_CACHED }),
			 "refused only-if-cached");
	/* A failing origin is no reason to serve a part for the whole. */
	plan = drive(cache, &(struct drive_request){ .method = "GET" },
		     &(struct drive_response){ .status = 503 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	/* If-Range that does not hold asks for the whole. */
	plan = drive_lookup(cache, &(struct drive_request){
					   .fields = "Range: bytes=5-6\nIf-Range: \"u\"" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

static void expect_part(larder_cache *cache, unsigned first, unsigned last, bool there)
{
	char range[64];
	larder_plan *plan;
	char *body;

	snprintf(range, sizeof(range), "Range: bytes=%u-%u\n", first, last);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = range });
	ck_assert_msg((larder_plan_verdict(plan) == LARDER_SERVE) == there, "%s", range);
	if (there) {
		body = drive_body(plan, NULL);
		ck_assert_uint_eq(strlen(body), last - first + 1);
		ck_assert_int_eq(strncmp(body, whole + first, last - first + 1), 0);
		free(body);
	}
	larder_plan_free(plan);
}

/* RFC 9111 s3.4: apart, overlapping, filling the hole, and whole in the end. */
START_TEST(join)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;
	char *body;

	keep_part(cache, 2, 5);
	keep_part(cache, 12, 15);
	expect_part(cache, 2, 5, true);
	expect_part(cache, 12, 15, true);
	expect_part(cache, 5, 12, false);
	keep_part(cache, 4, 8);
	expect_part(cache, 2, 8, true);
	keep_part(cache, 9, 13);
	expect_part(cache, 2, 15, true);
	keep_part(cache, 0, 1);
	keep_part(cache, 16, 19);
	plan = drive_lookup(cache, &(struct drive_request){ .method = "GET" });
	ck_assert_uint_eq(larder_plan_status(plan), 200);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, whole);
	free(body);
	ck_assert_str_eq(drive_field(plan, "Content-Length"), "20");
	ck_assert_ptr_null(drive_field(plan, "Content-Range"));
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* Another validator, or another size: the newer part stands alone. */
START_TEST(no_join)
{
	static const char *const others[] = {
		"Content-Range: bytes 10-12/20\nETag: \"u\"\n" FRESH,
		"Content-Range: bytes 10-12/21\n" TAG FRESH,
	};
	larder_cache *cache = drive_open(NULL);

	keep_part(cache, 0, 9);
	larder_plan_free(drive(
		cache, &(struct drive_request){ .fields = "Range: bytes=10-12" },
		&(struct drive_response){
			.status = 206, .fields = others[_i], .body = "abc" }));
	expect_part(cache, 0, 9, false);
	expect_part(cache, 10, 12, true);
	larder_cache_close(cache);
}
END_TEST

/* A part of what is stored as a whole changes nothing; a part of something newer replaces it. */
START_TEST(part_of_whole)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan;

	store_whole(cache, TAG "Cache-Control: no-cache\n");
	plan = fetch_part(cache, 0, 3, TAG FRESH);
	ck_assert_str_eq(drive_store_why(plan), "whole-is-stored");
	larder_plan_free(plan);
	plan = fetch_part(cache, 0, 3, "ETag: \"new\"\n" FRESH);
	ck_assert_str_eq(drive_store_why(plan), "partial-kept");
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "GET" }),
			 "miss partial-stored");
	larder_cache_close(cache);
}
END_TEST

static const struct {
	const char *name;
	const char *fields;
	int64_t claimed;
	bool kept;
} broken[] = {
	{ "9111 s3.3: length and strong tag", TAG FRESH, 20, true },
	{ "9111 s3.3: weak tag", "ETag: W/\"t\"\n" FRESH, 20, false },
	{ "9111 s3.3: no validator", FRESH, 20, false },
	{ "9111 s3.3: no length", TAG FRESH, -1, false },
	{ "9111 s3.3: no-store", TAG "Cache-Control: no-store\n", 20, false },
};

/* RFC 9111 s3.3: a 200 that breaks off is a part. */
START_TEST(breaks_off)
{
	larder_cache *cache = drive_open(NULL);
	larder_plan *plan = drive(cache, &(struct drive_request){ .method = "GET" },
				  &(struct drive_response){ .fields = broken[_i].fields,
							    .body = "01234567",
							    .claimed_len = broken[_i].claimed,
							    .cut = true });

	ck_assert_msg(larder_plan_served(plan)->stored == broken[_i].kept, "%s: %s",
		      broken[_i].name, drive_store_why(plan));
	larder_plan_free(plan);
	expect_part(cache, 0, 7, broken[_i].kept);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "GET" }),
			 broken[_i].kept ? "miss partial-stored" : "miss uri-miss");
	larder_cache_close(cache);
}
END_TEST

/* The rest is asked for, and both are served as one. */
START_TEST(resume)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request request = { .can_resume = 1 };
	larder_plan *plan;
	char *body;

	keep_part(cache, 0, 7);
	plan = drive_lookup(cache, &request);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	ck_assert_str_eq(drive_condition(plan, "Range"), "bytes=8-");
	ck_assert_str_eq(drive_condition(plan, "If-Range"), "\"t\"");
	drive_answer(plan, &(struct drive_response){
				   .status = 206,
				   .fields = "Content-Range: bytes 8-19/20\nX-New: 1\n" TAG FRESH,
				   .body = whole + 8 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_RESUME);
	ck_assert_uint_eq(larder_plan_status(plan), 200);
	ck_assert_str_eq(drive_field(plan, "Content-Length"), "20");
	ck_assert_str_eq(drive_field(plan, "X-New"), "1");
	ck_assert_ptr_null(drive_field(plan, "Content-Range"));
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, "01234567");
	free(body);
	ck_assert(larder_plan_served(plan)->stored);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &request);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, whole);
	free(body);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

static const struct {
	const char *name;
	uint32_t status;
	const char *fields;
} misfits[] = {
	{ "another tag", 206, "Content-Range: bytes 8-19/20\nETag: \"u\"\n" FRESH },
	{ "another size", 206, "Content-Range: bytes 8-19/21\n" TAG FRESH },
	{ "not to the end", 206, "Content-Range: bytes 8-18/20\n" TAG FRESH },
	{ "from elsewhere", 206, "Content-Range: bytes 9-19/20\n" TAG FRESH },
	{ "no Content-Range", 206, TAG FRESH },
	{ "beyond", 416, "Content-Range: bytes */8\n" },
	{ "unasked 304", 304, TAG },
};

/* What does not continue the stored part is never served: the whole is asked for. */
START_TEST(resume_fails)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request request = { .can_resume = 1 };
	larder_plan *plan;
	char *body;

	keep_part(cache, 0, 7);
	plan = drive_lookup(cache, &request);
	drive_answer(plan, &(struct drive_response){ .status = misfits[_i].status,
						     .fields = misfits[_i].fields,
						     .claimed_len = -1 });
	ck_assert_msg(larder_plan_verdict(plan) == LARDER_FETCH, "%s", misfits[_i].name);
	ck_assert_ptr_null(drive_condition(plan, "Range"));
	drive_answer(plan, &(struct drive_response){ .fields = TAG FRESH, .body = whole });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &request);
	body = drive_body(plan, NULL);
	ck_assert_str_eq(body, whole);
	free(body);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* Breaking off again and again, it grows; an origin that sends all of it is taken at its word. */
START_TEST(grows)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request request = { .can_resume = 1 };
	larder_plan *plan;

	keep_part(cache, 0, 3);
	plan = drive_lookup(cache, &request);
	drive_answer(plan,
		     &(struct drive_response){
			     .status = 206,
			     .fields = "Content-Range: bytes 4-19/20\n" TAG FRESH,
			     .body = "456",
			     .claimed_len = 16,
			     .cut = true });
	ck_assert_str_eq(drive_store_why(plan), "partial-kept");
	larder_plan_free(plan);
	expect_part(cache, 0, 6, true);
	expect_part(cache, 0, 7, false);
	plan = drive_lookup(cache, &request);
	ck_assert_str_eq(drive_condition(plan, "Range"), "bytes=7-");
	drive_answer(plan, &(struct drive_response){ .fields = "ETag: \"new\"\n" FRESH,
						     .body = "entirely new" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &request);
	ck_assert_uint_eq(larder_plan_body_length(plan), 12);
	larder_plan_free(plan);
	larder_cache_close(cache);
}
END_TEST

/* RFC 9110 s15.5.17: what answers one request's Range says nothing to another. */
START_TEST(no_416_for_others)
{
	larder_cache *cache = drive_open(NULL);

	larder_plan_free(drive(cache,
			       &(struct drive_request){ .fields = "Range: bytes=99-" },
			       &(struct drive_response){ .status = 416, .fields = FRESH }));
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "GET" }),
			 "miss uri-miss");
	/* An origin that does not know ranges: its 200 is as good as any. */
	larder_plan_free(drive(cache,
			       &(struct drive_request){ .fields = "Range: bytes=0-1" },
			       &(struct drive_response){ .fields = FRESH, .body = whole }));
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "GET" }),
			 "fresh max-age");
	larder_cache_close(cache);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/range");
	TCase *tcase = tcase_create("range");

	tcase_add_loop_test(tcase, cut, 0, COUNT(cuts));
	tcase_add_test(tcase, cut_large);
	tcase_add_test(tcase, stale);
	tcase_add_loop_test(tcase, keep, 0, COUNT(kept));
	tcase_add_test(tcase, no_part_of_others);
	tcase_add_test(tcase, join);
	tcase_add_loop_test(tcase, no_join, 0, 2);
	tcase_add_test(tcase, part_of_whole);
	tcase_add_loop_test(tcase, breaks_off, 0, COUNT(broken));
	tcase_add_test(tcase, resume);
	tcase_add_loop_test(tcase, resume_fails, 0, COUNT(misfits));
	tcase_add_test(tcase, grows);
	tcase_add_test(tcase, no_416_for_others);
	suite_add_tcase(suite, tcase);
	return suite;
}
