/* SPDX-License-Identifier: MIT */
/* test_fetch.c - storing and serving: the plain way, HEAD, modes, ages, what stays out. */
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"

static larder_cache *cache;

static void setup(void)
{
	cache = drive_open(NULL);
}

static void teardown(void)
{
	larder_cache_close(cache);
}

static void store(const char *url, const char *fields, const char *body, int64_t ago_s)
{
	struct drive_request request = { .url = url };
	struct drive_response response = { .fields = fields, .body = body, .ago_s = ago_s };
	larder_plan *plan = drive(cache, &request, &response);

	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s", drive_store_why(plan));
	ck_assert_str_eq(drive_store_why(plan), "storable");
	larder_plan_free(plan);
}

START_TEST(miss_store_hit)
{
	struct drive_request request = { .url = "http://origin.test/a?b=c" };
	larder_plan *plan = drive_lookup(cache, &request);
	size_t len;
	char *body;

	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_MISS);
	ck_assert_ptr_null(larder_plan_condition(plan, &len));
	drive_answer(
		plan,
		&(struct drive_response){
			.fields = "Cache-Control: max-age=60\nX-One: 1\nETag: \"v\"\n"
				  "Set-Cookie: a=b\nConnection: close, X-Hop\n"
				  "X-Hop: gone\nTransfer-Encoding: chunked\nX-One: 2\n",
			.body = "hello",
			.claimed_len = -1 });
	ck_assert_int_eq(larder_plan_served(plan)->stored, 1);
	larder_plan_free(plan);

	plan = drive_lookup(cache, &request);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_int_eq(larder_plan_served(plan)->how, LARDER_HOW_FRESH);
	ck_assert_str_eq(larder_why_name(larder_plan_served(plan)->why), "max-age");
	ck_assert_uint_eq(larder_plan_status(plan), 200);
	ck_assert_uint_eq(larder_plan_version(plan), 11);
	ck_assert_str_eq(larder_plan_reason(plan).ptr, "Reason");
	ck_assert_str_eq(drive_field(plan, "etag"), "\"v\"");
	ck_assert_str_eq(drive_field(plan, "set-cookie"), "a=b");
	ck_assert_str_eq(drive_field(plan, "x-one"), "1");
	ck_assert_ptr_nonnull(drive_field(plan, "age"));
	/* RFC 9111 s3.1 */
	ck_assert_ptr_null(drive_field(plan, "connection"));
	ck_assert_ptr_null(drive_field(plan, "x-hop"));
	ck_assert_ptr_null(drive_field(plan, "transfer-encoding"));
	ck_assert_str_eq(larder_plan_body(plan).ptr, "hello");
	body = drive_body(plan, &len);
	ck_assert_str_eq(body, "hello");
	free(body);
	larder_plan_free(plan);
}
END_TEST

/* Spellings of one URL are one key (RFC 9110 s4.2.3); what differs is another. */
START_TEST(keys)
{
	static const struct {
		const char *url;
		const char *says;
	} rows[] = {
		{ "http://origin.test/p%61th/x", "fresh max-age" },
		{ "HTTP://ORIGIN.test:80/path/x", "fresh max-age" },
		{ "http://origin.test/a/../path/./x", "fresh max-age" },
		{ "http://origin.test/path/x#part", "fresh max-age" },
		{ "http://origin.test:8080/path/x", "miss uri-miss" },
		{ "https://origin.test/path/x", "miss uri-miss" },
		{ "http://origin.test/path/x?", "miss uri-miss" },
		{ "http://origin.test/path/x?a=1", "miss uri-miss" },
		{ "http://origin.test/path/X", "miss uri-miss" },
		{ "http://origin.test./path/x", "miss uri-miss" },
		{ "http://origin.test/path%2Fx", "miss uri-miss" },
	};

	store("http://origin.test/path/x", "Cache-Control: max-age=60\n", "x", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(
			strcmp(drive_says(cache,
					  &(struct drive_request){ .url = rows[i].url }),
			       rows[i].says) == 0,
			"%s", rows[i].url);
}
END_TEST

/* RFC 9110 s9.3.2, and methods that stored responses do not answer. */
START_TEST(methods)
{
	larder_plan *plan;
	char byte[1];

	store(NULL, "Cache-Control: max-age=60\nContent-Length: 4\n", "body", 0);
	plan = drive_lookup(cache, &(struct drive_request){ .method = "HEAD" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_str_eq(drive_field(plan, "content-length"), "4");
	ck_assert_uint_eq(larder_plan_body_length(plan), 0);
	ck_assert_uint_eq(larder_plan_body(plan).len, 0);
	ck_assert_int_eq(larder_plan_read(plan, byte, 1), 0);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "POST" }),
			 "bypass method");
	ck_assert_str_eq(drive_says(cache,
				    &(struct drive_request){ .method = "OPTIONS" }),
			 "bypass method");
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ .method = "get" }),
			 "bypass method");
}
END_TEST

/* A HEAD never makes an entry that a GET could get (RFC 9110 s9.3.2). */
START_TEST(head_is_not_stored)
{
	struct drive_request head = { .method = "HEAD" };
	larder_plan *plan = drive(
		cache, &head,
		&(struct drive_response){ .fields = "Cache-Control: max-age=60\n" });

	ck_assert_str_eq(drive_store_why(plan), "head");
	ck_assert_uint_eq(larder_plan_served(plan)->stored, 0);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss uri-miss");
}
END_TEST

/* RFC 9111 s4.2.3 and s5.1: Age on reuse is the current age, whatever came. */
START_TEST(age)
{
	larder_plan *plan;

	store(NULL, "Cache-Control: max-age=600\nAge: 100\n", "x", 30);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_int_ge(larder_plan_served(plan)->age_s, 130);
	ck_assert_int_le(larder_plan_served(plan)->age_s, 140);
	ck_assert_int_eq(strtoll(drive_field(plan, "Age"), NULL, 10),
			 larder_plan_served(plan)->age_s);
	ck_assert_int_eq(larder_plan_served(plan)->ttl_s,
			 600 - larder_plan_served(plan)->age_s);
	larder_plan_free(plan);
}
END_TEST

/* A response without Date gets one (RFC 9110 s6.6.1). */
START_TEST(date_is_supplied)
{
	larder_plan *plan =
		drive(cache, &(struct drive_request){ 0 },
		      &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
						.no_date = true });

	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_ptr_nonnull(drive_field(plan, "date"));
	larder_plan_free(plan);
}
END_TEST

static const struct {
	const char *name;
	const char *stored; /* fields; NULL: nothing is stored */
	int64_t ago_s;
	uint32_t mode;
	const char *request;
	const char *says;
	const char *cache_control; /* field to add, or NULL */
	const char *inm;
} modes[] = {
	{ "default fresh", "Cache-Control: max-age=60\n", 0, LARDER_MODE_DEFAULT, "",
	  "fresh max-age", NULL, NULL },
	{ "default stale", "Cache-Control: max-age=60\nETag: \"e\"\n", 100,
	  LARDER_MODE_DEFAULT, "", "miss expired", NULL, "\"e\"" },
	{ "default nothing", NULL, 0, LARDER_MODE_DEFAULT, "", "miss uri-miss", NULL,
	  NULL },
	{ "no-store fresh", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_NO_STORE, "", "bypass mode-no-store", "no-cache", NULL },
	{ "reload fresh", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_RELOAD, "", "miss mode-reload", "no-cache", NULL },
	{ "no-cache fresh", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_NO_CACHE, "", "miss mode-no-cache", "max-age=0", "\"e\"" },
	{ "no-cache own field", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_NO_CACHE, "Cache-Control: no-transform\n", "miss mode-no-cache",
	  NULL, "\"e\"" },
	{ "force-cache fresh", "Cache-Control: max-age=60\n", 0, LARDER_MODE_FORCE_CACHE,
	  "", "fresh max-age", NULL, NULL },
	{ "force-cache stale", "Cache-Control: max-age=60\n", 100,
	  LARDER_MODE_FORCE_CACHE, "", "stale any-age", NULL, NULL },
	{ "force-cache no-cache", "Cache-Control: no-cache\n", 0, LARDER_MODE_FORCE_CACHE,
	  "", "stale any-age", NULL, NULL },
	{ "force-cache nothing", NULL, 0, LARDER_MODE_FORCE_CACHE, "", "miss uri-miss",
	  NULL, NULL },
	{ "only-if-cached stale", "Cache-Control: max-age=60\n", 100,
	  LARDER_MODE_ONLY_IF_CACHED, "", "stale any-age", NULL, NULL },
	{ "only-if-cached nothing", NULL, 0, LARDER_MODE_ONLY_IF_CACHED, "",
	  "refused only-if-cached", NULL, NULL },
	{ "field only-if-cached fresh", "Cache-Control: max-age=60\n", 0,
	  LARDER_MODE_DEFAULT, "Cache-Control: only-if-cached\n", "fresh max-age", NULL,
	  NULL },
	{ "field only-if-cached stale", "Cache-Control: max-age=60\n", 100,
	  LARDER_MODE_DEFAULT, "Cache-Control: only-if-cached\n",
	  "refused only-if-cached", NULL, NULL },
	{ "field only-if-cached max-stale", "Cache-Control: max-age=60\n", 100,
	  LARDER_MODE_DEFAULT, "Cache-Control: only-if-cached, max-stale\n",
	  "stale max-stale", NULL, NULL },
	{ "refresh fresh", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_REFRESH, "", "miss mode-refresh", NULL, "\"e\"" },
	{ "refresh immutable", "Cache-Control: max-age=60, immutable\nETag: \"e\"\n", 0,
	  LARDER_MODE_REFRESH, "", "fresh immutable", NULL, NULL },
	{ "range", "Cache-Control: max-age=60\n", 0, LARDER_MODE_DEFAULT,
	  "Range: bytes=0-1\n", "fresh max-age", NULL, NULL },
	{ "several ranges", "Cache-Control: max-age=60\nETag: \"e\"\n", 0,
	  LARDER_MODE_DEFAULT, "Range: bytes=0-0,0-0\n", "miss several-ranges", NULL, NULL },
	{ "if-match", "Cache-Control: max-age=60\nETag: \"e\"\n", 0, LARDER_MODE_DEFAULT,
	  "If-Match: \"e\"\n", "miss precondition", NULL, NULL },
};

START_TEST(mode_table)
{
	struct drive_request request = { .mode = modes[_i].mode,
					 .fields = modes[_i].request };
	const char *value;
	larder_plan *plan;

	if (modes[_i].stored)
		store(NULL, modes[_i].stored, "x", modes[_i].ago_s);
	ck_assert_msg(strcmp(drive_says(cache, &request), modes[_i].says) == 0, "%s: %s",
		      modes[_i].name, drive_says(cache, &request));
	plan = drive_lookup(cache, &request);
	value = drive_condition(plan, "Cache-Control");
	ck_assert_msg(!value == !modes[_i].cache_control, "%s", modes[_i].name);
	if (value)
		ck_assert_str_eq(value, modes[_i].cache_control);
	value = drive_condition(plan, "If-None-Match");
	ck_assert_msg(!value == !modes[_i].inm, "%s", modes[_i].name);
	if (value)
		ck_assert_str_eq(value, modes[_i].inm);
	larder_plan_free(plan);
}
END_TEST

/* RELOAD stores, NO_STORE does not. */
START_TEST(mode_storing)
{
	struct drive_response two = { .fields = "Cache-Control: max-age=60\n",
				      .body = "two" };
	larder_plan *plan;

	store(NULL, "Cache-Control: max-age=60\n", "one", 0);
	plan = drive(cache, &(struct drive_request){ .mode = LARDER_MODE_NO_STORE }, &two);
	ck_assert_str_eq(drive_store_why(plan), "mode-no-store");
	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_str_eq(larder_plan_body(plan).ptr, "one");
	larder_plan_free(plan);

	plan = drive(cache, &(struct drive_request){ .mode = LARDER_MODE_RELOAD }, &two);
	ck_assert_int_eq(larder_plan_served(plan)->stored, 1);
	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_str_eq(larder_plan_body(plan).ptr, "two");
	larder_plan_free(plan);
}
END_TEST

/* Bodies that are cut or not committed are never visible (RFC 9111 s3.3). */
START_TEST(cut_bodies)
{
	struct drive_response cut = { .fields = "Cache-Control: max-age=60\n",
				      .body = "half",
				      .claimed_len = 8 };
	struct drive_response open_end = { .fields = "Cache-Control: max-age=60\n",
					   .body = "half",
					   .no_commit = true };
	struct drive_response longer = { .fields = "Cache-Control: max-age=60\n",
					 .body = "too long",
					 .claimed_len = 4 };
	larder_plan *plan = drive(cache, &(struct drive_request){ 0 }, &cut);

	ck_assert_str_eq(drive_store_why(plan), "incomplete");
	larder_plan_free(plan);
	plan = drive(cache, &(struct drive_request){ 0 }, &longer);
	ck_assert_str_eq(drive_store_why(plan), "incomplete");
	larder_plan_free(plan);
	plan = drive(cache, &(struct drive_request){ 0 }, &open_end);
	ck_assert_str_eq(drive_store_why(plan), "not-committed");
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss uri-miss");
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss uri-miss");
}
END_TEST

/* Every size around the borders of record, buffer, copy and hold comes back byte for byte. */
START_TEST(body_sizes)
{
	static const size_t sizes[] = { 0,      1,      3500,   4072,  4073,
					9000,   65535,  65536,  65537, 262143,
					262144, 262145, 3000000 };
	size_t size = sizes[_i % 13], len;
	bool unknown = _i >= 13;
	char *body = malloc(size + 1), *got;
	larder_plan *plan;

	for (size_t i = 0; i < size; i++)
		body[i] = (char)(i * 2654435761u >> 13);
	body[size] = '\0';
	plan = drive(cache, &(struct drive_request){ 0 },
		     &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
					       .body = size ? body : "",
					       .body_len = size,
					       .claimed_len = unknown ? -1 : 0 });
	ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s", drive_store_why(plan));
	larder_plan_free(plan);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_body_length(plan), size);
	ck_assert_int_eq(larder_plan_body(plan).ptr != NULL, size <= 262144);
	got = drive_body(plan, &len);
	ck_assert(memcmp(got, body, size) == 0);
	free(got);
	larder_plan_free(plan);
	free(body);
}
END_TEST

static const struct {
	const char *name;
	const char *request;
	uint32_t status;
	const char *fields;
	const char *store_why;
	const char *then; /* what the next plain GET says */
} stored[] = {
	{ "request no-store", "Cache-Control: no-store\n", 200,
	  "Cache-Control: max-age=60\n", "request-no-store", "miss uri-miss" },
	{ "response no-store", "", 200, "Cache-Control: no-store, max-age=60\n",
	  "no-store", "miss uri-miss" },
	{ "206", "", 206, "Cache-Control: max-age=60\nContent-Range: bytes 0-0/1\n",
	  "partial", "miss uri-miss" },
	{ "304 nobody asked for", "", 304, "Cache-Control: max-age=60\n", "status-304",
	  "miss uri-miss" },
	{ "vary star", "", 200, "Cache-Control: max-age=60\nVary: *\n", "vary-star",
	  "miss uri-miss" },
	{ "vary malformed", "", 200, "Cache-Control: max-age=60\nVary: a b\n",
	  "vary-malformed", "miss uri-miss" },
	{ "302 without freshness", "", 302, "Location: /x\n", "no-freshness",
	  "miss uri-miss" },
	{ "302 with freshness", "", 302, "Location: /x\nCache-Control: max-age=60\n",
	  "storable", "fresh max-age" },
	{ "404 explicit", "", 404, "Cache-Control: max-age=60\n", "storable",
	  "fresh max-age" },
	{ "404 plain", "", 404, "", "storable", "miss no-lifetime" },
	{ "500", "", 500, "", "no-freshness", "miss uri-miss" },
	{ "599 explicit", "", 599, "Cache-Control: max-age=60\n", "storable",
	  "fresh max-age" },
	{ "600", "", 600, "Cache-Control: max-age=60\n", "status-odd", "miss uri-miss" },
	{ "private in a private cache", "", 200, "Cache-Control: private, max-age=60\n",
	  "storable", "fresh max-age" },
	{ "Set-Cookie", "", 200, "Cache-Control: max-age=60\nSet-Cookie: a=1\n",
	  "storable", "fresh max-age" },
	{ "a field with a break", "", 200, "Cache-Control: max-age=60\nX: a\001b\n",
	  "malformed", "miss uri-miss" },
	{ "204", "", 204, "Cache-Control: max-age=60\n", "storable", "fresh max-age" },
};

START_TEST(storing_table)
{
	struct drive_request request = { .fields = stored[_i].request };
	larder_plan *plan = drive(cache, &request,
				  &(struct drive_response){ .status = stored[_i].status,
							    .fields = stored[_i].fields,
							    .body = "x" });

	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_PASS);
	ck_assert_msg(strcmp(drive_store_why(plan), stored[_i].store_why) == 0, "%s: %s",
		      stored[_i].name, drive_store_why(plan));
	larder_plan_free(plan);
	ck_assert_msg(strcmp(drive_says(cache, &(struct drive_request){ 0 }),
			     stored[_i].then) == 0,
		      "%s: %s", stored[_i].name,
		      drive_says(cache, &(struct drive_request){ 0 }));
}
END_TEST

/* RFC 9111 s5.2.2.4: named fields only after validation. */
START_TEST(qualified_no_cache)
{
	larder_plan *plan;

	store(NULL, "Cache-Control: max-age=60, no-cache=\"Set-Cookie\"\nSet-Cookie: a=1\nX: 1\n",
	      "x", 0);
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_ptr_null(drive_field(plan, "Set-Cookie"));
	ck_assert_str_eq(drive_field(plan, "X"), "1");
	larder_plan_free(plan);
}
END_TEST

static const struct {
	const char *url;
	int rc;
} urls[] = {
	{ "http://", LARDER_EURL },           { "ftp://origin.test/", LARDER_EURL },
	{ "/relative", LARDER_EURL },         { "", LARDER_EURL },
	{ "http://a b/", LARDER_EURL },       { "http://h:99999/", LARDER_EURL },
	{ "http://h/\r\nX: y", LARDER_EURL },
};

START_TEST(bad_lookups)
{
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_plan *plan = NULL;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		lookup.url = lrd_slice_cstr(urls[i].url);
		ck_assert_msg(larder_cache_lookup(cache, &lookup, &plan) == urls[i].rc,
			      "%s", urls[i].url);
		ck_assert_ptr_null(plan);
	}
	lookup.url = LRD_SLICE("http://h/");
	lookup.mode = 99;
	ck_assert_int_eq(larder_cache_lookup(cache, &lookup, &plan), LARDER_EINVAL);
	lookup.mode = 0;
	lookup.partition =
		"0123456789012345678901234567890123456789012345678901234567890123x";
	ck_assert_int_eq(larder_cache_lookup(cache, &lookup, &plan), LARDER_EINVAL);
	lookup.partition = NULL;
	lookup.size = 0;
	ck_assert_int_eq(larder_cache_lookup(cache, &lookup, &plan), LARDER_EINVAL);
	ck_assert_ptr_null(plan);
}
END_TEST

/* URLs of 8 KiB work; what no key can hold goes to the origin. */
START_TEST(long_urls)
{
	static char url[20000];
	struct drive_request request = { .url = url };
	larder_plan *plan;

	memset(url, 'a', sizeof(url));
	memcpy(url, "http://origin.test/", 19);
	url[8192] = '\0';
	store(url, "Cache-Control: max-age=60\nVary: Accept\n", "x", 0);
	ck_assert_str_eq(drive_says(cache, &request), "fresh max-age");
	url[8192] = 'a';
	url[sizeof(url) - 1] = '\0';
	ck_assert_str_eq(drive_says(cache, &request), "bypass key-too-long");
	plan = drive(cache, &request,
		     &(struct drive_response){ .fields = "Cache-Control: max-age=60\n" });
	ck_assert_str_eq(drive_store_why(plan), "key-too-long");
	larder_plan_free(plan);
}
END_TEST

START_TEST(too_large)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	struct drive_response announced = { .fields = "Cache-Control: max-age=60\n",
					    .body = "0123456789" };
	struct drive_response open_end = announced;
	larder_cache *small;
	larder_plan *plan;

	options.max_body_bytes = 9;
	small = drive_open(&options);
	open_end.claimed_len = -1;
	plan = drive(small, &(struct drive_request){ 0 }, &announced);
	ck_assert_str_eq(drive_store_why(plan), "too-large");
	larder_plan_free(plan);
	plan = drive(small, &(struct drive_request){ 0 }, &open_end);
	ck_assert_str_eq(drive_store_why(plan), "too-large");
	larder_plan_free(plan);
	larder_cache_close(small);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/fetch");
	TCase *tcase = tcase_create("fetch");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, miss_store_hit);
	tcase_add_test(tcase, keys);
	tcase_add_test(tcase, methods);
	tcase_add_test(tcase, head_is_not_stored);
	tcase_add_test(tcase, age);
	tcase_add_test(tcase, date_is_supplied);
	tcase_add_loop_test(tcase, mode_table, 0, sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(tcase, mode_storing);
	tcase_add_test(tcase, cut_bodies);
	tcase_add_loop_test(tcase, body_sizes, 0, 26);
	tcase_add_loop_test(tcase, storing_table, 0, sizeof(stored) / sizeof(stored[0]));
	tcase_add_test(tcase, qualified_no_cache);
	tcase_add_test(tcase, bad_lookups);
	tcase_add_test(tcase, long_urls);
	tcase_add_test(tcase, too_large);
	suite_add_tcase(suite, tcase);
	return suite;
}
