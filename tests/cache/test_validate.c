/* SPDX-License-Identifier: MIT */
/* test_validate.c - 304, HEAD and failures of the origin against what is stored (RFC 9111 s4.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"

static larder_cache *cache;

static void setup(void)
{
	cache = drive_open(NULL);
}

static void teardown(void)
{
	larder_cache_close(cache);
}

static const struct drive_request get = { .method = "GET" };
static const struct drive_request head = { .method = "HEAD" };

static void store(const char *fields, const char *body, int64_t ago_s)
{
	larder_plan *plan =
		drive(cache, &(struct drive_request){ .mode = LARDER_MODE_RELOAD },
		      &(struct drive_response){
			      .fields = fields, .body = body, .ago_s = ago_s });

	ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s", drive_store_why(plan));
	larder_plan_free(plan);
}

/* RFC 9111 s4.3.1: the stored validators, exactly as received. */
START_TEST(conditions)
{
	static const struct {
		const char *fields;
		const char *inm, *ims;
	} rows[] = {
		{ "ETag: \"a,b\"\n", "\"a,b\"", NULL },
		{ "ETag: W/\"x\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n",
		  "W/\"x\"", "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ "ETag: unquoted\n", "unquoted", NULL },
		{ "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT\n", NULL,
		  "Sunday, 06-Nov-94 08:49:37 GMT" },
		{ "Last-Modified: yesterday\n", NULL, NULL },
		{ "X: 1\n", NULL, NULL },
	};
	char fields[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value;
		larder_plan *plan;

		snprintf(fields, sizeof(fields), "%sCache-Control: max-age=1\n",
			 rows[i].fields);
		store(fields, "x", 100);
		plan = drive_lookup(cache, &get);
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
		value = drive_condition(plan, "If-None-Match");
		ck_assert(!value == !rows[i].inm &&
			  (!value || !strcmp(value, rows[i].inm)));
		value = drive_condition(plan, "If-Modified-Since");
		ck_assert(!value == !rows[i].ims &&
			  (!value || !strcmp(value, rows[i].ims)));
		larder_plan_free(plan);
	}
}
END_TEST

/* RFC 9111 s3.2: what a 304 replaces, adds and may not touch. */
START_TEST(merge)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\nContent-Length: 4\nContent-Type: "
	      "text/plain\n"
	      "Content-Encoding: x\nX-Keep: 1\nX-Old: old\nX-Old: older\nAge: 7\n",
	      "body", 100);
	plan = drive(cache, &get,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"v\"\nCache-Control: "
				       "max-age=50\nContent-Length: 0\n"
				       "Content-Encoding: gzip\nX-Old: new\nX-New: 1\n"
				       "Connection: X-Hop\nX-Hop: 1\nKeep-Alive: 5\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_REVALIDATED);
	ck_assert_uint_eq(larder_plan_served(plan)->fwd_status, 304);
	ck_assert_int_eq(larder_plan_served(plan)->stored, 1);
	ck_assert_str_eq(drive_store_why(plan), "updated");
	for (int i = 0; i < 2; i++) {
		char *body = drive_body(plan, NULL);

		ck_assert_uint_eq(larder_plan_status(plan), 200);
		ck_assert_str_eq(body, "body");
		free(body);
		ck_assert_str_eq(drive_field(plan, "Content-Length"), "4");
		ck_assert_str_eq(drive_field(plan, "Content-Encoding"), "x");
		ck_assert_str_eq(drive_field(plan, "Content-Type"), "text/plain");
		ck_assert_str_eq(drive_field(plan, "X-Keep"), "1");
		ck_assert_str_eq(drive_field(plan, "X-Old"), "new");
		ck_assert_str_eq(drive_field(plan, "X-New"), "1");
		ck_assert_str_eq(drive_field(plan, "Cache-Control"), "max-age=50");
		ck_assert_ptr_null(drive_field(plan, "Keep-Alive"));
		ck_assert_ptr_null(drive_field(plan, "X-Hop"));
		/* RFC 9111 s5.1: the origin was asked, so no Age at first. */
		ck_assert(!drive_field(plan, "Age") == (i == 0));
		larder_plan_free(plan);
		plan = drive_lookup(cache, &get);
		ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_FRESH);
	}
	ck_assert_int_lt(larder_plan_served(plan)->age_s, 5);
	larder_plan_free(plan);
}
END_TEST

static const struct {
	const char *name;
	const char *stored;
	const char *update;
	bool matches;
} selections[] = {
	{ "same strong tag", "ETag: \"v\"\n", "ETag: \"v\"\n", true },
	{ "same weak tag", "ETag: W/\"v\"\n", "ETag: W/\"v\"\n", true },
	{ "tag became weak", "ETag: \"v\"\n", "ETag: W/\"v\"\n", true },
	{ "other tag", "ETag: \"v\"\n", "ETag: \"w\"\n", false },
	{ "no validator in the 304", "ETag: \"v\"\n", "X: 1\n", true },
	{ "same date", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n",
	  "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT\n", true },
	{ "other date", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n",
	  "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\n", false },
	{ "tag where there was none", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n",
	  "ETag: \"v\"\n", false },
};

/* RFC 9111 s4.3.4: a 304 that fits nothing asks again, without conditions. */
START_TEST(selection)
{
	char fields[512];
	size_t count;
	larder_plan *plan;

	snprintf(fields, sizeof(fields), "%sCache-Control: max-age=1\n",
		 selections[_i].stored);
	store(fields, "old", 100);
	plan = drive_lookup(cache, &get);
	drive_answer(plan, &(struct drive_response){ .status = 304,
						     .fields = selections[_i].update });
	ck_assert_msg((larder_plan_verdict(plan) == LARDER_SERVE) == selections[_i].matches,
		      "%s", selections[_i].name);
	if (!selections[_i].matches) {
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
		ck_assert_ptr_null(larder_plan_condition(plan, &count));
		ck_assert_uint_eq(count, 0);
		drive_answer(plan, &(struct drive_response){
					   .fields = "Cache-Control: max-age=60\n",
					   .body = "new" });
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
		ck_assert_str_eq(larder_why_name(larder_plan_served(plan)->why),
				 "unmatched-304");
		larder_plan_free(plan);
		plan = drive_lookup(cache, &get);
		ck_assert_str_eq(larder_plan_body(plan).ptr, "new");
	}
	larder_plan_free(plan);
}
END_TEST

/* Asked again, a second 304 goes to the user: no loop. */
START_TEST(stubborn_304)
{
	struct drive_response not_modified = { .status = 304, .fields = "ETag: \"w\"\n" };
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "old", 100);
	plan = drive_lookup(cache, &get);
	drive_answer(plan, &not_modified);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	drive_answer(plan, &not_modified);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
}
END_TEST

/* RFC 9111 s4.3.3: a whole response replaces; one that may not be stored removes. */
START_TEST(replacement)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "old", 100);
	plan = drive(cache, &get,
		     &(struct drive_response){
			     .fields = "ETag: \"w\"\nCache-Control: max-age=60\n",
			     .body = "new" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &get);
	ck_assert_str_eq(larder_plan_body(plan).ptr, "new");
	larder_plan_free(plan);

	plan = drive(cache, &(struct drive_request){ .mode = LARDER_MODE_NO_CACHE },
		     &(struct drive_response){ .fields = "Cache-Control: no-store\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "miss uri-miss");
}
END_TEST

/* What shows the old response to be outdated says nothing of a newer one. */
START_TEST(removal_spares_newer)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "old", 100);
	plan = drive_lookup(cache, &get);
	store("ETag: \"w\"\nCache-Control: max-age=60\n", "newer", 0);
	drive_answer(plan,
		     &(struct drive_response){ .fields = "Cache-Control: no-store\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "fresh max-age");
}
END_TEST

/* RFC 9111 s4.3.2: the caller's own conditions, from a fresh entry and past a stale one. */
START_TEST(own_conditions)
{
	static const struct {
		const char *fields;
		uint32_t status;
	} rows[] = {
		{ "If-None-Match: \"v\"\n", 304 },
		{ "If-None-Match: W/\"v\"\n", 304 },
		{ "If-None-Match: \"a\", \"v\"\n", 304 },
		{ "If-None-Match: *\n", 304 },
		{ "If-None-Match: \"w\"\n", 200 },
		{ "If-None-Match: \"w\"\nIf-Modified-Since: Sun, 06 Nov 2050 08:49:37 "
		  "GMT\n",
		  200 },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n", 304 },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\n", 200 },
		{ "If-Modified-Since: nonsense\n", 200 },
	};
	larder_plan *plan;

	store("ETag: \"v\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nX: 1\n"
	      "Cache-Control: max-age=60\nContent-Length: 4\n",
	      "body", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool not_modified = rows[i].status == 304;

		plan = drive_lookup(cache,
				    &(struct drive_request){ .fields = rows[i].fields });
		ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
		ck_assert_msg(larder_plan_status(plan) == rows[i].status, "%s",
			      rows[i].fields);
		ck_assert_str_eq(drive_field(plan, "ETag"), "\"v\"");
		ck_assert(!drive_field(plan, "Content-Length") == not_modified);
		ck_assert(!drive_field(plan, "X") == not_modified);
		ck_assert_uint_eq(larder_plan_body_length(plan), not_modified ? 0 : 4);
		larder_plan_free(plan);
	}
}
END_TEST

/* A 304 to the caller's own condition reaches the caller, and renews what is stored. */
START_TEST(own_304)
{
	struct drive_request own = { .fields = "If-None-Match: \"v\"\n" };
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "body", 100);
	plan = drive_lookup(cache, &own);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	ck_assert_ptr_null(drive_condition(plan, "If-None-Match"));
	drive_answer(plan,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"v\"\nCache-Control: max-age=60\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "fresh max-age");

	/* One that confirms what only the caller has leaves the store alone. */
	own.fields = "If-None-Match: \"other\"\n";
	own.url = "http://origin.test/unknown";
	plan = drive(cache, &own,
		     &(struct drive_response){ .status = 304,
					       .fields = "ETag: \"other\"\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .url = own.url }),
			 "miss uri-miss");
}
END_TEST

static const struct {
	const char *name;
	const char *stored;
	int64_t ago_s;
	const char *request;
	uint32_t status; /* 0: no answer at all */
	bool served;
} failures[] = {
	{ "RFC 5861 s4: 503 in the window", "max-age=10, stale-if-error=100", 50, "", 503,
	  true },
	{ "500", "max-age=10, stale-if-error=100", 50, "", 500, true },
	{ "502", "max-age=10, stale-if-error=100", 50, "", 502, true },
	{ "504", "max-age=10, stale-if-error=100", 50, "", 504, true },
	{ "no answer", "max-age=10, stale-if-error=100", 50, "", 0, true },
	{ "501 is no failure", "max-age=10, stale-if-error=100", 50, "", 501, false },
	{ "404 is no failure", "max-age=10, stale-if-error=100", 50, "", 404, false },
	{ "window over", "max-age=10, stale-if-error=30", 50, "", 503, false },
	{ "no licence", "max-age=10", 50, "", 503, false },
	{ "no licence, no answer", "max-age=10", 50, "", 0, false },
	{ "request's licence", "max-age=10", 50, "Cache-Control: stale-if-error=100\n",
	  503, true },
	{ "must-revalidate wins", "max-age=10, stale-if-error=100, must-revalidate", 50,
	  "", 503, false },
	{ "no-cache wins", "no-cache, stale-if-error=100", 50, "", 0, false },
	{ "request no-cache wins", "max-age=10, stale-if-error=100", 50,
	  "Cache-Control: no-cache\n", 503, false },
};

START_TEST(on_failure)
{
	struct drive_request request = { .fields = failures[_i].request };
	char fields[256];
	larder_plan *plan;

	snprintf(fields, sizeof(fields), "ETag: \"v\"\nCache-Control: %s\n",
		 failures[_i].stored);
	store(fields, "kept", failures[_i].ago_s);
	plan = drive_lookup(cache, &request);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	if (failures[_i].status)
		drive_answer(plan,
			     &(struct drive_response){ .status = failures[_i].status });
	else
		ck_assert_int_eq(larder_plan_fail(plan, LARDER_ECONNECT), 0);
	ck_assert_msg((larder_plan_verdict(plan) == LARDER_SERVE) == failures[_i].served,
		      "%s", failures[_i].name);
	if (failures[_i].served) {
		ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_STALE);
		ck_assert_str_eq(larder_plan_body(plan).ptr, "kept");
		ck_assert_ptr_nonnull(drive_field(plan, "Age"));
		ck_assert_int_lt(larder_plan_served(plan)->ttl_s, 0);
	} else {
		ck_assert_int_eq(larder_plan_verdict(plan),
				 failures[_i].status ? LARDER_PASS : LARDER_FETCH);
	}
	larder_plan_free(plan);
}
END_TEST

START_TEST(configured_licence)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *lenient;
	larder_plan *plan;

	options.stale_on_error_s = 100;
	lenient = drive_open_in(drive_dir(), &options);
	store("Cache-Control: max-age=10\n", "kept", 50);
	plan = drive_lookup(lenient, &get);
	ck_assert_int_eq(larder_plan_fail(plan, LARDER_ETIMEDOUT), 0);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	larder_plan_free(plan);
	larder_cache_close(lenient);
}
END_TEST

/* RFC 9111 s4.3.5. */
START_TEST(head_updates)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\nContent-Length: 4\n", "body", 100);
	plan = drive(cache, &head,
		     &(struct drive_response){
			     .fields = "ETag: \"v\"\nContent-Length: 4\n"
				       "Cache-Control: max-age=60\nX-New: 1\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	ck_assert_str_eq(drive_store_why(plan), "updated");
	larder_plan_free(plan);
	plan = drive_lookup(cache, &get);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_FRESH);
	ck_assert_str_eq(drive_field(plan, "X-New"), "1");
	ck_assert_str_eq(larder_plan_body(plan).ptr, "body");
	larder_plan_free(plan);
}
END_TEST

START_TEST(head_casts_doubt)
{
	static const char *const answers[] = { "ETag: \"w\"\n", "Content-Length: 5\n",
					       "ETag: \"v\"\nContent-Length: 5\n" };
	struct drive_request anew = { .method = "HEAD", .mode = LARDER_MODE_NO_CACHE };
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=60\nContent-Length: 4\n", "body", 0);
	plan = drive(cache, &anew, &(struct drive_response){ .fields = answers[_i] });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	ck_assert_str_eq(drive_store_why(plan), "head-differs");
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "miss marked-stale");
	/* Confirmed, it is good again. */
	plan = drive(cache, &get,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"v\"\nCache-Control: max-age=60\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "fresh max-age");
}
END_TEST

/* A HEAD is validated and answered from a GET's entry, without its body. */
START_TEST(head_validates)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\nContent-Length: 4\n", "body", 100);
	plan = drive(cache, &head,
		     &(struct drive_response){ .status = 304, .fields = "ETag: \"v\"\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_status(plan), 200);
	ck_assert_uint_eq(larder_plan_body_length(plan), 0);
	ck_assert_str_eq(drive_field(plan, "Content-Length"), "4");
	larder_plan_free(plan);
}
END_TEST

/* Two 304s that cross: each user is served, the second does not undo the first. */
START_TEST(crossing_304s)
{
	struct drive_response first = {
		.status = 304, .fields = "ETag: \"v\"\nCache-Control: max-age=60\nX: 1\n"
	};
	struct drive_response second = {
		.status = 304, .fields = "ETag: \"v\"\nCache-Control: max-age=60\nX: 2\n"
	};
	larder_plan *a, *b, *c;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "body", 100);
	a = drive_lookup(cache, &get);
	b = drive_lookup(cache, &get);
	drive_answer(a, &first);
	drive_answer(b, &second);
	ck_assert_int_eq(larder_plan_verdict(a), LARDER_SERVE);
	ck_assert_int_eq(larder_plan_verdict(b), LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(b).ptr, "body");
	ck_assert_str_eq(drive_store_why(b), "changed-meanwhile");
	c = drive_lookup(cache, &get);
	ck_assert_str_eq(drive_field(c, "X"), "1");
	larder_plan_free(a);
	larder_plan_free(b);
	larder_plan_free(c);
}
END_TEST

/* RFC 5861 s3: only for who promises to refresh. */
START_TEST(stale_while_revalidate)
{
	struct drive_request promises = { .can_refresh = 1 };
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=10, stale-while-revalidate=100\n", "x",
	      50);
	ck_assert_str_eq(drive_says(cache, &get), "miss expired");
	plan = drive_lookup(cache, &promises);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_STALE);
	ck_assert_uint_eq(larder_plan_served(plan)->refresh, 1);
	larder_plan_free(plan);
}
END_TEST

/* A 304 that brings no-store: serve this once, keep it no longer (RFC 9111 s3). */
START_TEST(no_store_304)
{
	larder_plan *plan;

	store("ETag: \"v\"\nCache-Control: max-age=1\n", "body", 100);
	plan = drive(cache, &get,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"v\"\nCache-Control: no-store\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(plan).ptr, "body");
	ck_assert_str_eq(drive_store_why(plan), "no-store");
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "miss uri-miss");
}
END_TEST

static const struct {
	const char *stored;
	int64_t ago_s;
	const char *request;
	uint32_t mode;
	uint32_t status;
	const char *answer;
	const char *member;
} statuses[] = {
	{ NULL, 0, "", 0, 200, "Cache-Control: max-age=60\n",
	  "larder; fwd=uri-miss; fwd-status=200; stored; detail=uri-miss" },
	{ NULL, 0, "", 0, 200, "Cache-Control: no-store\n",
	  "larder; fwd=uri-miss; fwd-status=200; detail=uri-miss" },
	{ "Cache-Control: max-age=1\nETag: \"v\"\n", 100, "", 0, 304,
	  "ETag: \"v\"\nCache-Control: max-age=60\n",
	  "larder; fwd=stale; fwd-status=304; stored; ttl=60; detail=expired" },
	{ "Cache-Control: max-age=60\nETag: \"v\"\n", 0, "Cache-Control: no-cache\n", 0,
	  200, "Cache-Control: max-age=60\n",
	  "larder; fwd=request; fwd-status=200; stored; detail=request-no-cache" },
	{ "Cache-Control: max-age=60\n", 0, "Range: bytes=0-0\n", 0, 206, "",
	  "larder; hit; ttl=60" },
	{ "Cache-Control: max-age=60\n", 0, "Range: bytes=0-0,0-0\n", 0, 206, "",
	  "larder; fwd=request; fwd-status=206; detail=several-ranges" },
	{ NULL, 0, "", LARDER_MODE_NO_STORE, 200, "",
	  "larder; fwd=bypass; fwd-status=200; detail=mode-no-store" },
	{ "Cache-Control: max-age=60\n", 0, "Cache-Control: max-age=0, no-cache\n", 0, 503,
	  "", "larder; fwd=request; fwd-status=503; detail=request-no-cache" },
	{ NULL, 0, "", LARDER_MODE_ONLY_IF_CACHED, 0, "", "larder; detail=only-if-cached" },
	{ "Cache-Control: max-age=10, stale-if-error=1000\n", 60, "", 0, 503, "",
	  "larder; fwd=stale; fwd-status=503; ttl=-50; detail=stale-if-error" },
};

/* RFC 9211. */
START_TEST(cache_status)
{
	struct drive_request request = { .fields = statuses[_i].request,
					 .mode = statuses[_i].mode };
	char member[256], cut[8];
	larder_plan *plan;
	size_t len;

	if (statuses[_i].stored)
		store(statuses[_i].stored, "x", statuses[_i].ago_s);
	plan = drive(cache, &request,
		     &(struct drive_response){ .status = statuses[_i].status,
					       .fields = statuses[_i].answer });
	len = larder_plan_cache_status(plan, member, sizeof(member));
	ck_assert_str_eq(member, statuses[_i].member);
	ck_assert_uint_eq(len, strlen(member));
	ck_assert_uint_eq(larder_plan_cache_status(plan, cut, sizeof(cut)), len);
	ck_assert_str_eq(cut, "larder;");
	ck_assert_uint_eq(larder_plan_cache_status(plan, NULL, 0), len);
	larder_plan_free(plan);
}
END_TEST

START_TEST(cache_status_hit)
{
	char member[256];
	larder_plan *plan;

	store("Cache-Control: max-age=600\n", "x", 0);
	plan = drive_lookup(cache, &get);
	(void)larder_plan_cache_status(plan, member, sizeof(member));
	ck_assert_msg(!strcmp(member, "larder; hit; ttl=600") ||
			      !strcmp(member, "larder; hit; ttl=599"),
		      "%s", member);
	larder_plan_free(plan);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/validate");
	TCase *tcase = tcase_create("validate");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, conditions);
	tcase_add_test(tcase, merge);
	tcase_add_loop_test(tcase, selection, 0,
			    sizeof(selections) / sizeof(selections[0]));
	tcase_add_test(tcase, stubborn_304);
	tcase_add_test(tcase, replacement);
	tcase_add_test(tcase, removal_spares_newer);
	tcase_add_test(tcase, own_conditions);
	tcase_add_test(tcase, own_304);
	tcase_add_loop_test(tcase, on_failure, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tcase, configured_licence);
	tcase_add_test(tcase, head_updates);
	tcase_add_loop_test(tcase, head_casts_doubt, 0, 3);
	tcase_add_test(tcase, head_validates);
	tcase_add_test(tcase, crossing_304s);
	tcase_add_test(tcase, stale_while_revalidate);
	tcase_add_test(tcase, no_store_304);
	tcase_add_loop_test(tcase, cache_status, 0,
			    sizeof(statuses) / sizeof(statuses[0]));
	tcase_add_test(tcase, cache_status_hit);
	suite_add_tcase(suite, tcase);
	return suite;
}
