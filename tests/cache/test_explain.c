/* SPDX-License-Identifier: MIT */
/* test_explain.c - decisions told step by step, and that they are those of a lookup. */
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

struct told {
	char steps[1024]; /* "method+ stored+ vary-" */
	char text[4096];
	char section[64]; /* of the last step that decided against it */
};

static void take_step(const larder_step *step, void *ctx)
{
	static const char marks[] = "?+-.";
	struct told *told = ctx;
	size_t at = strlen(told->steps);

	ck_assert_uint_le(step->result, 3);
	snprintf(told->steps + at, sizeof(told->steps) - at, "%s%s%c", at ? " " : "",
		 step->name, marks[step->result]);
	at = strlen(told->text);
	snprintf(told->text + at, sizeof(told->text) - at, "%s\n", step->text);
	if (step->result == LARDER_STEP_FAIL)
		snprintf(told->section, sizeof(told->section), "%s", step->section);
}

static larder_explained explain(larder_cache *cache, const struct drive_request *request,
				int64_t at, bool shared, struct told *told)
{
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_explain how = LARDER_EXPLAIN_INIT;
	larder_explained out = LARDER_EXPLAINED_INIT;
	struct drive_fields fields;

	drive_fields_read(request->fields, &fields);
	lookup.method = lrd_slice_cstr(request->method ? request->method : "GET");
	lookup.url =
		lrd_slice_cstr(request->url ? request->url : "http://origin.test/page");
	lookup.fields = fields.at;
	lookup.field_count = fields.count;
	lookup.mode = request->mode;
	if (request->content)
		lookup.content = lrd_slice_cstr(request->content);
	how.at = at;
	how.shared = shared;
	how.step = take_step;
	how.ctx = told;
	memset(told, 0, sizeof(*told));
	ck_assert_int_eq(larder_cache_explain(cache, &lookup, &how, &out), 0);
	return out;
}

static const struct {
	const char *name;
	const char *stored; /* fields; NULL: nothing */
	const char *stored_request;
	int64_t ago_s;
	struct drive_request request;
	int64_t in_s; /* decide so far from now */
	bool shared;
	const char *steps;
	const char *says; /* how and why */
	const char *section;
	bool hint;
} rows[] = {
	{ "nothing", NULL, NULL, 0, { .fields = "" }, 0, false, "method+ stored-",
	  "miss uri-miss", "RFC 9111 s4", true },
	{ "fresh", "Cache-Control: max-age=60\n", "", 0, { .fields = "" }, 0, false,
	  "method+ stored+ freshness+", "fresh max-age", "", false },
	{ "stale", "Cache-Control: max-age=60\nETag: \"e\"\n", "", 100, { .fields = "" }, 0,
	  false, "method+ stored+ freshness- reuse- validator.", "miss expired",
	  "RFC 9111 s4.2", true },
	{ "stale in a while", "Cache-Control: max-age=60\n", "", 0, { .fields = "" }, 61,
	  false, "method+ stored+ freshness- reuse- validator.", "miss expired",
	  "RFC 9111 s4.2", true },
	{ "stale, accepted", "Cache-Control: max-age=60\n", "", 100,
	  { .fields = "Cache-Control: max-stale=90\n" }, 0, false,
	  "method+ stored+ freshness. reuse+", "stale max-stale", "", false },
	{ "method", NULL, NULL, 0, { .method = "PUT", .fields = "" }, 0, false, "method-",
	  "bypass method", "RFC 9111 s4", true },
	{ "request", "Cache-Control: max-age=60\n", "", 0,
	  { .fields = "Cache-Control: no-cache\n" }, 0, false,
	  "method+ stored+ freshness+ reuse- validator.", "miss request-no-cache",
	  "RFC 9111 s5.2.1.4", true },
	{ "precondition", "Cache-Control: max-age=60\n", "", 0,
	  { .fields = "If-Match: \"e\"\n" }, 0, false, "method+ request-",
	  "miss precondition", "RFC 9111 s4.3.2", true },
	{ "variant", "Cache-Control: max-age=60\nVary: A\n", "A: 1\n", 0,
	  { .fields = "A: 1\n" }, 0, false, "method+ stored+ vary+ freshness+",
	  "fresh max-age", "", false },
	{ "other variant", "Cache-Control: max-age=60\nVary: A\n", "A: 1\n", 0,
	  { .fields = "A: 2\n" }, 0, false, "method+ stored+ vary- variant.",
	  "miss vary-miss", "RFC 9111 s4.1", true },
	{ "group", "Cache-Control: max-age=60\nCache-Groups: \"g\"\n", "", 0,
	  { .fields = "" }, 0, false, "method+ stored+ groups+ freshness+", "fresh max-age",
	  "", false },
	{ "range", "Cache-Control: max-age=60\n", "", 0, { .fields = "Range: bytes=0-1\n" },
	  0, false, "method+ stored+ freshness+ part+", "fresh max-age", "", false },
	{ "ranges", "Cache-Control: max-age=60\n", "", 0,
	  { .fields = "Range: bytes=0-0,2-2\n" }, 0, false,
	  "method+ stored+ freshness+ part- validator.", "miss several-ranges",
	  "RFC 9110 s14.2", true },
	{ "conditions", "Cache-Control: max-age=60\nETag: \"e\"\n", "", 0,
	  { .fields = "If-None-Match: \"e\"\n" }, 0, false,
	  "method+ stored+ freshness+ conditions+", "fresh max-age", "", false },
	{ "shared", "Cache-Control: max-age=60, private\n", "", 0, { .fields = "" }, 0, true,
	  "method+ stored+ reuse-", "miss not-shared", "RFC 9111 s3", true },
	{ "s-maxage", "Cache-Control: max-age=60, s-maxage=1\n", "", 10, { .fields = "" }, 0,
	  true, "method+ stored+ freshness- reuse- validator.", "miss expired",
	  "RFC 9111 s4.2", true },
	{ "only-if-cached", NULL, NULL, 0,
	  { .fields = "Cache-Control: only-if-cached\n" }, 0, false, "method+ stored-",
	  "refused uri-miss", "RFC 9111 s4", true },
};

START_TEST(table)
{
	larder_cache *cache = drive_open(NULL);
	char says[128], lookup[128];
	larder_explained out;
	struct told told;

	if (rows[_i].stored)
		larder_plan_free(drive(
			cache,
			&(struct drive_request){ .fields = rows[_i].stored_request },
			&(struct drive_response){ .fields = rows[_i].stored,
						  .body = "body",
						  .ago_s = rows[_i].ago_s }));
	out = explain(cache, &rows[_i].request,
		      rows[_i].in_s ? lrd_clock_now_s() + rows[_i].in_s : 0,
		      rows[_i].shared, &told);
	ck_assert_msg(strcmp(told.steps, rows[_i].steps) == 0, "%s: %s", rows[_i].name,
		      told.steps);
	snprintf(says, sizeof(says), "%s %s", larder_how_name(out.how),
		 larder_why_name(out.why));
	ck_assert_msg(strcmp(says, rows[_i].says) == 0, "%s: %s", rows[_i].name, says);
	ck_assert_msg(strcmp(told.section, rows[_i].section) == 0, "%s: %s", rows[_i].name,
		      told.section);
	ck_assert_int_eq(out.hint[0] != '\0', rows[_i].hint);
	/* At the same moment and for the same kind of cache a lookup says the same. */
	if (rows[_i].in_s == 0 && !rows[_i].shared && out.verdict != LARDER_REFUSE) {
		snprintf(lookup, sizeof(lookup), "%s",
			 drive_says(cache, &rows[_i].request));
		ck_assert_str_eq(lookup, says);
	}
	larder_cache_close(cache);
}
END_TEST

START_TEST(details)
{
	larder_cache *cache = drive_open(NULL);
	larder_explained out;
	struct told told;

	larder_plan_free(drive(cache,
			       &(struct drive_request){
				       .fields = "Accept-Language: de\nAuthorization: x\n" },
			       &(struct drive_response){
				       .fields = "Cache-Control: max-age=60\n"
						 "Vary: Accept-Language, Authorization\n",
				       .body = "body",
				       .ago_s = 10 }));
	out = explain(cache,
		      &(struct drive_request){
			      .fields = "Accept-Language: fr\nAuthorization: x\n" },
		      0, false, &told);
	ck_assert_ptr_nonnull(strstr(told.text, "accept-language:de"));
	ck_assert_ptr_nonnull(strstr(told.text, "accept-language:fr"));
	/* Credentials stand there as hashes alone. */
	ck_assert_ptr_null(strstr(told.text, "authorization:x"));
	ck_assert_int_eq(out.partition[0], '~');
	out = explain(cache,
		      &(struct drive_request){
			      .fields = "Accept-Language: de\nAuthorization: x\n" },
		      0, false, &told);
	ck_assert_uint_eq(out.status, 200);
	ck_assert_uint_eq(out.body_bytes, 4);
	ck_assert_int_ge(out.age_s, 10);
	ck_assert_int_le(out.ttl_s, 50);
	larder_cache_close(cache);
}
END_TEST

START_TEST(misuse)
{
	larder_cache *cache = drive_open(NULL);
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_explained out = LARDER_EXPLAINED_INIT;

	lookup.url = LRD_SLICE("http://o.test/");
	ck_assert_int_eq(larder_cache_explain(NULL, &lookup, NULL, &out), LARDER_EINVAL);
	ck_assert_int_eq(larder_cache_explain(cache, NULL, NULL, &out), LARDER_EINVAL);
	ck_assert_int_eq(larder_cache_explain(cache, &lookup, NULL, NULL), LARDER_EINVAL);
	ck_assert_int_eq(larder_cache_explain(cache, &lookup, NULL, &out), 0);
	ck_assert_uint_eq(out.verdict, LARDER_FETCH);
	lookup.url = LRD_SLICE("o.test");
	ck_assert_int_eq(larder_cache_explain(cache, &lookup, NULL, &out), LARDER_EURL);
	larder_cache_close(cache);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/explain");
	TCase *tcase = tcase_create("explain");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, details);
	tcase_add_test(tcase, misuse);
	suite_add_tcase(suite, tcase);
	return suite;
}
