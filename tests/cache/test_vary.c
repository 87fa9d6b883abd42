/* SPDX-License-Identifier: MIT */
/* test_vary.c - variants of one URL side by side (RFC 9111 s4.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"
#include "store/store.h"

static larder_cache *cache;

static void setup(void)
{
	cache = drive_open(NULL);
}

static void teardown(void)
{
	larder_cache_close(cache);
}

static void store(const char *request, const char *fields, const char *body, int64_t ago_s)
{
	larder_plan *plan = drive(
		cache,
		&(struct drive_request){ .fields = request, .mode = LARDER_MODE_RELOAD },
		&(struct drive_response){ .fields = fields, .body = body, .ago_s = ago_s });

	ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s", drive_store_why(plan));
	larder_plan_free(plan);
}

/* The body that answers, or "" where the origin has to be asked. */
static const char *body_for(const char *request)
{
	static char text[256];
	larder_plan *plan =
		drive_lookup(cache, &(struct drive_request){ .fields = request });

	text[0] = '\0';
	if (larder_plan_verdict(plan) == LARDER_SERVE)
		snprintf(text, sizeof(text), "%s", larder_plan_body(plan).ptr);
	larder_plan_free(plan);
	return text;
}

START_TEST(side_by_side)
{
	const char *fields = "Vary: Accept-Language\nCache-Control: max-age=60\n";

	store("Accept-Language: de\n", fields, "deutsch", 0);
	store("Accept-Language: en\n", fields, "english", 0);
	store("", fields, "none", 0);
	ck_assert_str_eq(body_for("Accept-Language: de\n"), "deutsch");
	ck_assert_str_eq(body_for("Accept-Language: en\n"), "english");
	ck_assert_str_eq(body_for("Accept-Language: EN\n"), "english");
	ck_assert_str_eq(body_for("X: 1\n"), "none");
	ck_assert_str_eq(body_for("Accept-Language: fr\n"), "");
	ck_assert_str_eq(body_for("Accept-Language:\n"), "");
	ck_assert_str_eq(
		drive_says(cache,
			   &(struct drive_request){ .fields = "Accept-Language: fr\n" }),
		"miss vary-miss");
	/* A new answer takes the place of its own variant only. */
	store("Accept-Language: de\n", fields, "neu", 0);
	ck_assert_str_eq(body_for("Accept-Language: de\n"), "neu");
	ck_assert_str_eq(body_for("Accept-Language: en\n"), "english");
}
END_TEST

/* Responses of one URL that vary on different fields: the most recent that fits. */
START_TEST(most_recent)
{
	store("A: 1\nB: 1\n", "Vary: A\nCache-Control: max-age=600\n", "by A", 20);
	store("A: 1\nB: 1\n", "Vary: B\nCache-Control: max-age=600\n", "by B", 10);
	ck_assert_str_eq(body_for("A: 1\nB: 1\n"), "by B");
	ck_assert_str_eq(body_for("A: 1\nB: 2\n"), "by A");
	ck_assert_str_eq(body_for("A: 2\nB: 1\n"), "by B");
	ck_assert_str_eq(body_for("A: 2\nB: 2\n"), "");
}
END_TEST

/* A default response that lacks Vary goes by the newest one that has it. */
START_TEST(default_without_vary)
{
	store("A: 1\n", "Vary: A\nCache-Control: max-age=600\n", "one", 20);
	store("", "Cache-Control: max-age=600\n", "default", 10);
	ck_assert_str_eq(body_for("A: 1\n"), "one");
	ck_assert_str_eq(body_for(""), "default");
	ck_assert_str_eq(body_for("A: 2\n"), "");
}
END_TEST

/* The other way round: what was stored without Vary no longer answers everybody. */
START_TEST(vary_appears)
{
	store("A: 1\n", "Cache-Control: max-age=600\n", "plain", 20);
	ck_assert_str_eq(body_for("A: 2\n"), "plain");
	store("A: 1\n", "Vary: A\nCache-Control: max-age=600\n", "one", 10);
	ck_assert_str_eq(body_for("A: 1\n"), "one");
	ck_assert_str_eq(body_for("A: 2\n"), "");
}
END_TEST

START_TEST(limited)
{
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	char request[64];
	larder_plan *plan;
	int kept = 0;

	larder_cache_close(cache);
	options.max_variants = 4;
	cache = drive_open_in(drive_dir(), &options);
	for (int i = 0; i < 10; i++) {
		snprintf(request, sizeof(request), "A: %d\n", i);
		store(request, "Vary: A\nCache-Control: max-age=6000\n", "x", 100 - i);
	}
	plan = drive(cache, &(struct drive_request){ .fields = "A: x\n" },
		     &(struct drive_response){
			     .fields = "Vary: A\nCache-Control: max-age=60\n",
			     .ago_s = 1000 });
	ck_assert_str_eq(drive_store_why(plan), "variant-limit");
	ck_assert_uint_eq(larder_plan_served(plan)->stored, 1);
	larder_plan_free(plan);
	for (int i = 0; i < 10; i++) {
		snprintf(request, sizeof(request), "A: %d\n", i);
		if (strcmp(body_for(request), "x") == 0) {
			ck_assert_int_ge(i, 7);
			kept++;
		}
	}
	ck_assert_int_eq(kept, 3);
}
END_TEST

/* RFC 9111 s4.3.1: a request that fits no variant asks with the tags of all. */
START_TEST(union_of_tags)
{
	const char *condition;
	larder_plan *plan;

	store("A: 1\n", "Vary: A\nETag: \"one\"\nCache-Control: max-age=600\nX: old\n",
	      "one", 20);
	store("A: 2\n", "Vary: A\nETag: W/\"two\"\nCache-Control: max-age=600\n", "two",
	      10);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "A: 3\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	condition = drive_condition(plan, "If-None-Match");
	ck_assert_ptr_nonnull(condition);
	ck_assert_ptr_nonnull(strstr(condition, "\"one\""));
	ck_assert_ptr_nonnull(strstr(condition, "W/\"two\""));
	ck_assert_ptr_null(drive_condition(plan, "If-Modified-Since"));
	/* The 304 says which; it answers this request from now on, too. */
	drive_answer(plan, &(struct drive_response){
				   .status = 304,
				   .fields = "ETag: \"one\"\nVary: A\n"
					     "Cache-Control: max-age=600\nX: new\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(plan).ptr, "one");
	ck_assert_str_eq(drive_field(plan, "X"), "new");
	larder_plan_free(plan);
	ck_assert_str_eq(body_for("A: 3\n"), "one");
	ck_assert_str_eq(body_for("A: 1\n"), "one");
	ck_assert_str_eq(body_for("A: 2\n"), "two");
}
END_TEST

/* The variant that a 304 names was replaced while it was on its way: ask again. */
START_TEST(replaced_meanwhile)
{
	larder_plan *plan;

	store("A: 1\n", "Vary: A\nETag: \"one\"\nCache-Control: max-age=600\n", "one", 20);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "A: 3\n" });
	store("A: 1\n", "Vary: A\nETag: \"new\"\nCache-Control: max-age=600\n", "new", 10);
	drive_answer(plan, &(struct drive_response){ .status = 304,
						     .fields = "ETag: \"one\"\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	larder_plan_free(plan);
}
END_TEST

/* A 304 without any tag cannot say which of several it means. */
START_TEST(ambiguous_304)
{
	larder_plan *plan;

	store("A: 1\n", "Vary: A\nETag: \"one\"\nCache-Control: max-age=600\n", "one", 20);
	store("A: 2\n", "Vary: A\nETag: \"two\"\nCache-Control: max-age=600\n", "two", 10);
	plan = drive_lookup(cache, &(struct drive_request){ .fields = "A: 3\n" });
	drive_answer(plan, &(struct drive_response){ .status = 304 });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_FETCH);
	larder_plan_free(plan);
}
END_TEST

/* RFC 9111 s4.3.4: all with the same strong validator are updated, no others. */
START_TEST(siblings_updated)
{
	larder_plan *plan;

	store("A: 1\n", "Vary: A\nETag: \"s\"\nCache-Control: max-age=10\n", "same", 100);
	store("A: 2\n", "Vary: A\nETag: \"s\"\nCache-Control: max-age=10\n", "same", 100);
	store("A: 3\n", "Vary: A\nETag: W/\"s\"\nCache-Control: max-age=10\n", "weak",
	      100);
	plan = drive(cache, &(struct drive_request){ .fields = "A: 1\n" },
		     &(struct drive_response){
			     .status = 304,
			     .fields = "ETag: \"s\"\nCache-Control: max-age=600\n" });
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	larder_plan_free(plan);
	ck_assert_str_eq(body_for("A: 1\n"), "same");
	ck_assert_str_eq(body_for("A: 2\n"), "same");
	ck_assert_str_eq(body_for("A: 3\n"), "");
}
END_TEST

/* Values of credentials are no part of what is stored. */
START_TEST(secrets_stay_out)
{
	static const char secret[] = "Basic c2VjcmV0LXBhc3N3b3Jk";
	char path[4096], *bytes;
	long size;
	FILE *file;

	store("Authorization: Basic c2VjcmV0LXBhc3N3b3Jk\nCookie: sid=hush-hush\n",
	      "Vary: Authorization, Cookie\nCache-Control: max-age=60\n", "x", 0);
	ck_assert_str_eq(body_for("Authorization: Basic c2VjcmV0LXBhc3N3b3Jk\nCookie: "
				  "sid=hush-hush\n"),
			 "x");
	snprintf(path, sizeof(path), "%s/data.mdb", drive_dir());
	file = fopen(path, "rb");
	ck_assert_ptr_nonnull(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)size);
	ck_assert_uint_eq(fread(bytes, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	ck_assert_ptr_null(memmem(bytes, (size_t)size, secret + 6, sizeof(secret) - 7));
	ck_assert_ptr_null(memmem(bytes, (size_t)size, "hush-hush", 9));
	ck_assert_ptr_nonnull(memmem(bytes, (size_t)size, "cookie", 6));
	free(bytes);
}
END_TEST

struct variant_record {
	char name[256], head[2048];
	size_t name_len, head_len;
};

static int find_variant(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct variant_record *out = ctx;

	(void)read;
	if (record->kind != LRD_KIND_RESPONSE)
		return 0;
	out->name_len = record->name.len;
	out->head_len = record->head.len;
	ck_assert(out->name_len < sizeof(out->name) && out->head_len < sizeof(out->head));
	memcpy(out->name, record->name.ptr, out->name_len);
	memcpy(out->head, record->head.ptr, out->head_len);
	return 1;
}

/* Should two selecting texts ever share a digest, the text in the record tells them apart. */
START_TEST(text_decides)
{
	struct lrd_store_options options = { .must_exist = true };
	struct variant_record found = { .name_len = 0 };
	struct lrd_store *raw = NULL;
	struct lrd_put put = { .kind = LRD_KIND_RESPONSE };
	struct lrd_write *write;
	uint64_t cursor = 0;
	char *text;

	store("A: 1\n", "Vary: A\nCache-Control: max-age=600\n", "one", 0);
	ck_assert_int_eq(lrd_store_open(drive_dir(), &options, &raw, NULL), 0);
	ck_assert_int_eq(lrd_store_walk(raw, &cursor, 100, 0, find_variant, &found), 1);
	text = memmem(found.head, found.head_len, "a:1\n", 4);
	ck_assert_ptr_nonnull(text);
	for (int changed = 0; changed < 2; changed++) {
		text[2] = changed ? '9' : '1';
		ck_assert_int_eq(lrd_key_init(raw, LRD_SLICE(""),
					      lrd_slice_of(found.name, found.name_len),
					      &put.key),
				 0);
		put.head = lrd_slice_of(found.head, found.head_len);
		ck_assert_int_eq(lrd_write_begin(raw, &write), 0);
		ck_assert_int_eq(lrd_write_put(write, &put, LRD_SLICE("raw"), NULL), 0);
		ck_assert_int_eq(lrd_write_commit(write), 0);
		ck_assert_str_eq(body_for("A: 1\n"), changed ? "" : "raw");
	}
	lrd_store_close(raw);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/vary");
	TCase *tcase = tcase_create("vary");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, side_by_side);
	tcase_add_test(tcase, most_recent);
	tcase_add_test(tcase, default_without_vary);
	tcase_add_test(tcase, vary_appears);
	tcase_add_test(tcase, limited);
	tcase_add_test(tcase, union_of_tags);
	tcase_add_test(tcase, replaced_meanwhile);
	tcase_add_test(tcase, ambiguous_304);
	tcase_add_test(tcase, siblings_updated);
	tcase_add_test(tcase, secrets_stay_out);
	tcase_add_test(tcase, text_decides);
	suite_add_tcase(suite, tcase);
	return suite;
}
