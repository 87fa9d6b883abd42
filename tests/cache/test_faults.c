/* SPDX-License-Identifier: MIT */
/* test_faults.c - memory that runs out, and heads in the store that make no sense. */
#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "cache/variants.h"
#include "check_main.h"
#include "drive.h"
#include "failing_alloc.h"
#include "proto/bytes/slice.h"
#include "store/store.h"
#include "sys/clock.h"
#include "tmpdir.h"

/* ---- memory ------------------------------------------------------------------------------ */

struct step {
	const char *request;
	uint32_t status;
	const char *fields;
	const char *method;
	size_t body_len;
};

static const struct step steps[] = {
	{ "A: 1\n", 200, "Cache-Control: max-age=0\nETag: \"1\"\nVary: A\n", "GET", 5 },
	{ "A: 2\n", 200, "Cache-Control: max-age=60\nETag: \"2\"\nVary: A\n", "GET",
	  100000 },
	{ "A: 1\n", 304, "Cache-Control: max-age=60\nETag: \"1\"\n", "GET", 0 },
	{ "A: 3\n", 304, "Cache-Control: max-age=60\nETag: \"1\"\n", "GET", 0 },
	{ "A: 1\n", 200, "Cache-Control: max-age=60\n", "GET", 0 },
	{ "Cookie: a=1\n", 200, "Cache-Control: max-age=60\n", "GET", 400000 },
	{ "Cookie: a=1\n", 200, "", "GET", 0 },
	{ "A: 1\n", 200, "ETag: \"9\"\n", "HEAD", 0 },
	{ "Cookie: a=1\n", 204, "Location: /x\n", "POST", 0 },
};

static char big[400000];

static int answer(larder_plan *plan, const struct step *step)
{
	struct drive_fields fields;
	larder_head head = LARDER_HEAD_INIT;
	int rc;

	drive_fields_read(step->fields, &fields);
	head.status = step->status;
	head.version = 11;
	head.reason = LRD_SLICE("OK");
	head.fields = fields.at;
	head.field_count = fields.count;
	head.body_length = (int64_t)step->body_len;
	rc = larder_plan_receive(plan, &head);
	if (rc == 0 && larder_plan_verdict(plan) == LARDER_PASS) {
		for (size_t at = 0; at < step->body_len; at += 10000)
			ck_assert_int_eq(larder_plan_append(plan, big + at,
							    step->body_len - at < 10000
								    ? step->body_len - at
								    : 10000),
					 0);
		ck_assert_int_eq(larder_plan_commit(plan), 0);
	}
	return rc;
}

/* Reads whatever the plan serves to its end. */
static void drain(larder_plan *plan)
{
	if (larder_plan_verdict(plan) == LARDER_SERVE)
		free(drive_body(plan, NULL));
}

static int run_step(larder_cache *cache, const struct step *step)
{
	struct drive_fields fields;
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_plan *plan = NULL;
	int rc;

	drive_fields_read(step->request, &fields);
	lookup.method = lrd_slice_cstr(step->method);
	lookup.url = LRD_SLICE("http://origin.test/a/./page");
	lookup.fields = fields.at;
	lookup.field_count = fields.count;
	rc = larder_cache_lookup(cache, &lookup, &plan);
	if (rc < 0) {
		ck_assert_ptr_null(plan);
		return rc;
	}
	for (int i = 0; i < 2 && rc == 0 && larder_plan_verdict(plan) == LARDER_FETCH; i++)
		rc = answer(plan, step);
	if (rc == 0)
		drain(plan);
	larder_plan_free(plan);
	return rc;
}

static void run_all(struct lrd_failing_alloc *fa, const char *dir)
{
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, fa };
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *cache = NULL;
	larder_error err;
	int rc;

	options.store = dir;
	options.budget_bytes = 32 << 20;
	options.allocator = &allocator;
	rc = larder_cache_open(&options, &cache, &err);
	if (rc < 0) {
		ck_assert_msg(rc == LARDER_ENOMEM, "%d %s", rc, err.message);
		ck_assert_ptr_null(cache);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		rc = run_step(cache, &steps[i]);
		ck_assert_msg(rc == 0 || rc == LARDER_ENOMEM, "step %zu: %d", i, rc);
	}
	larder_cache_close(cache);
}

START_TEST(out_of_memory)
{
	struct lrd_failing_alloc fa;
	char path[4096];
	size_t calls;

	memset(big, 'b', sizeof(big));
	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "store");
	lrd_failing_alloc_init(&fa, 0);
	run_all(&fa, path);
	ck_assert_int_eq(fa.live, 0);
	calls = fa.calls;
	ck_assert_uint_gt(calls, 50);
	for (size_t i = 1; i <= calls; i++) {
		lrd_failing_alloc_init(&fa, i);
		fa.sticky = i % 2 == 0;
		run_all(&fa, path);
		ck_assert_msg(fa.live == 0, "call %zu of %zu leaks %ld", i, calls,
			      fa.live);
	}
	/* It still works afterwards. */
	lrd_failing_alloc_init(&fa, 0);
	run_all(&fa, path);
	ck_assert_int_eq(fa.live, 0);
}
END_TEST

/* One hit costs one allocation. */
START_TEST(one_allocation)
{
	struct lrd_failing_alloc fa;
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, &fa };
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *cache;
	larder_plan *plan;

	lrd_failing_alloc_init(&fa, 0);
	options.allocator = &allocator;
	cache = drive_open(&options);
	larder_plan_free(
		drive(cache, &(struct drive_request){ 0 },
		      &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
						.body = big,
						.body_len = 200000 }));
	fa.calls = 0;
	plan = drive_lookup(cache, &(struct drive_request){ 0 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_uint_eq(fa.calls, 1);
	larder_plan_free(plan);
	larder_cache_close(cache);
	ck_assert_int_eq(fa.live, 0);
}
END_TEST

/* ---- damaged heads ----------------------------------------------------------------------- */

static void put_raw(struct lrd_store *store, uint8_t kind, larder_slice head)
{
	struct lrd_put put = { .kind = kind, .stored_at = lrd_clock_now_s(), .head = head };
	struct lrd_write *write;

	ck_assert_int_eq(lrd_key_init(store, LRD_SLICE(""),
				      LRD_SLICE("http://origin.test/page"), &put.key),
			 0);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &put, LRD_SLICE("body"), NULL), 0);
	ck_assert_int_eq(lrd_write_commit(write), 0);
}

static size_t get_raw(struct lrd_store *store, uint8_t kind, char *out, size_t cap)
{
	struct lrd_record record;
	struct lrd_read read;
	struct lrd_key key;
	size_t len;

	ck_assert_int_eq(lrd_key_init(store, LRD_SLICE(""),
				      LRD_SLICE("http://origin.test/page"), &key),
			 0);
	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	ck_assert_int_eq(lrd_read_get(&read, &key, lrd_clock_now_s(), &record), 0);
	ck_assert_uint_eq(record.kind, kind);
	len = record.head.len;
	ck_assert_uint_le(len, cap);
	memcpy(out, record.head.ptr, len);
	lrd_read_end(&read);
	return len;
}

/* A head with any byte changed, or cut anywhere: a hit that holds together, or a miss. */
START_TEST(damaged_heads)
{
	bool directory = _i == 1;
	uint8_t kind = directory ? LRD_KIND_VARIANTS : LRD_KIND_RESPONSE;
	struct drive_request request = { .fields = "A: 1\n" };
	larder_cache *cache = drive_open(NULL);
	struct lrd_store_options options = { .must_exist = true };
	struct lrd_store *store = NULL;
	char head[2048], changed[2048];
	size_t len, misses = 0;

	larder_plan_free(
		drive(cache, &request,
		      &(struct drive_response){
			      .fields = directory ? "Cache-Control: max-age=60\nVary: A\n"
						  : "Cache-Control: max-age=60\nX: 1\n",
			      .body = "body" }));
	ck_assert_int_eq(lrd_store_open(drive_dir(), &options, &store, NULL), 0);
	len = get_raw(store, kind, head, sizeof(head));
	for (size_t i = 0; i < 2 * len; i++) {
		larder_plan *plan;
		size_t count, use = len;

		memcpy(changed, head, len);
		if (i < len)
			changed[i] ^= (char)(1 + i % 255);
		else
			use = i - len;
		put_raw(store, kind, lrd_slice_of(changed, use));
		plan = drive_lookup(cache, &request);
		if (larder_plan_verdict(plan) == LARDER_SERVE) {
			const larder_field *fields = larder_plan_fields(plan, &count);

			for (size_t k = 0; k < count; k++)
				ck_assert_int_eq(fields[k].value.ptr[fields[k].value.len],
						 0);
		} else {
			misses++;
		}
		if (i >= len)
			ck_assert_int_ne(larder_plan_verdict(plan), LARDER_SERVE);
		larder_plan_free(plan);
	}
	ck_assert_uint_gt(misses, len);
	/* What is damaged is replaced like anything else. */
	put_raw(store, kind, LRD_SLICE("rubbish"));
	larder_plan_free(drive(
		cache, &request,
		&(struct drive_response){ .fields = "Cache-Control: max-age=60\n" }));
	ck_assert_str_eq(drive_says(cache, &request), "fresh max-age");
	lrd_store_close(store);
	larder_cache_close(cache);
}
END_TEST

/* A value of a memcache client under a URL is no response. */
START_TEST(other_kinds)
{
	larder_cache *cache = drive_open(NULL);
	struct lrd_store_options options = { .must_exist = true };
	struct lrd_store *store = NULL;

	ck_assert_int_eq(lrd_store_open(drive_dir(), &options, &store, NULL), 0);
	put_raw(store, LRD_KIND_VALUE, LRD_SLICE(""));
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss other-kind");
	put_raw(store, LRD_KIND_UNCACHEABLE, LRD_SLICE(""));
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss other-kind");
	put_raw(store, 200, LRD_SLICE(""));
	ck_assert_str_eq(drive_says(cache, &(struct drive_request){ 0 }),
			 "miss other-kind");
	lrd_store_close(store);
	larder_cache_close(cache);
}
END_TEST

START_TEST(options)
{
	struct {
		larder_cache_options known;
		uint64_t more;
	} longer = { .known = LARDER_CACHE_OPTIONS_INIT };
	larder_cache_options set = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *cache = NULL;
	larder_error err;
	char path[4096];

	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "store");
	longer.known.size = sizeof(longer);
	longer.known.store = path;
	longer.more = 1;
	ck_assert_int_eq(larder_cache_open(&longer.known, &cache, &err), LARDER_EINVAL);
	ck_assert_uint_gt(strlen(err.message), 10);
	longer.more = 0;
	ck_assert_int_eq(larder_cache_open(&longer.known, &cache, &err), 0);
	larder_cache_close(cache);
	cache = NULL;
	set.store = path;
	set.heuristic_percent = 101;
	ck_assert_int_eq(larder_cache_open(&set, &cache, &err), LARDER_EINVAL);
	set.heuristic_percent = 0;
	set.max_variants = LRD_VARIANTS_MAX + 1;
	ck_assert_int_eq(larder_cache_open(&set, &cache, NULL), LARDER_EINVAL);
	set.max_variants = 0;
	set.size = 0;
	ck_assert_int_eq(larder_cache_open(&set, &cache, &err), LARDER_EINVAL);
	ck_assert_ptr_null(cache);
	larder_cache_close(NULL);
	larder_plan_free(NULL);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/faults");
	TCase *tcase = tcase_create("faults");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, out_of_memory);
	tcase_add_test(tcase, one_allocation);
	tcase_add_loop_test(tcase, damaged_heads, 0, 2);
	tcase_add_test(tcase, other_kinds);
	tcase_add_test(tcase, options);
	suite_add_tcase(suite, tcase);
	return suite;
}
