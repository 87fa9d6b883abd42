/* SPDX-License-Identifier: MIT */
/* test_public.c - larder/store.h as a user sees it. */
#include <larder/store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static larder_store *store;

static void set_up(void)
{
	larder_store_options options = LARDER_STORE_OPTIONS_INIT;
	larder_error err;

	options.budget_bytes = 64 << 20;
	options.gate_timeout_ms = 2000;
	ck_assert_msg(larder_store_open(lrd_tmpdir_new(), &options, &store, &err) == 0,
		      "%s", err.message);
}

static void tear_down(void)
{
	larder_store_close(store);
}

static larder_item make_item(const char *key, const char *value)
{
	larder_item item = LARDER_ITEM_INIT;

	item.key = (larder_slice){ key, strlen(key) };
	item.value = (larder_slice){ value, strlen(value) };
	return item;
}

static void expect_value(const char *key, const char *value)
{
	larder_item wanted = make_item(key, "");
	larder_item found = LARDER_ITEM_INIT;
	int rc = larder_store_get(store, &wanted, &found);

	if (!value) {
		ck_assert_int_eq(rc, LARDER_ENOTFOUND);
		ck_assert_ptr_null(found.owned);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(found.value.ptr, value); /* NUL-terminated */
	ck_assert_uint_eq(found.value.len, strlen(value));
	ck_assert_str_eq(found.key.ptr, key);
	larder_item_release(&found);
	larder_item_release(&found);
}

START_TEST(set_get_delete)
{
	larder_item item = make_item("k", "value");
	larder_item found = LARDER_ITEM_INIT;
	uint64_t cas = 0;

	expect_value("k", NULL);
	item.flags = 77;
	item.expires_at = (int64_t)time(NULL) + 1000;
	ck_assert_int_eq(larder_store_set(store, &item, &cas), 0);
	expect_value("k", "value");
	ck_assert_int_eq(larder_store_get(store, &item, &found), 0);
	ck_assert_uint_eq(found.flags, 77);
	ck_assert_uint_eq(found.cas, cas);
	ck_assert_int_eq(found.expires_at, item.expires_at);
	ck_assert_int_ge(found.stored_at, (int64_t)time(NULL) - 10);
	larder_item_release(&found);
	item.partition = (larder_slice){ "bob", 3 };
	ck_assert_int_eq(larder_store_get(store, &item, &found), LARDER_ENOTFOUND);
	ck_assert_int_eq(larder_store_delete(store, &item), LARDER_ENOTFOUND);
	item.partition.len = 0;
	ck_assert_int_eq(larder_store_delete(store, &item), 0);
	ck_assert_int_eq(larder_store_delete(store, &item), LARDER_ENOTFOUND);
	expect_value("k", NULL);
}
END_TEST

START_TEST(conditions)
{
	larder_item item = make_item("k", "one");
	uint64_t cas = 0;

	ck_assert_int_eq(larder_store_replace(store, &item, NULL), LARDER_ENOTFOUND);
	ck_assert_int_eq(larder_store_cas(store, &item, NULL), LARDER_ENOTFOUND);
	ck_assert_int_eq(larder_store_add(store, &item, &cas), 0);
	ck_assert_int_eq(larder_store_add(store, &item, NULL), LARDER_EEXIST);
	item = make_item("k", "two");
	item.cas = cas + 1;
	ck_assert_int_eq(larder_store_cas(store, &item, NULL), LARDER_ECONFLICT);
	expect_value("k", "one");
	item.cas = cas;
	ck_assert_int_eq(larder_store_cas(store, &item, &cas), 0);
	expect_value("k", "two");
	item = make_item("k", "three");
	ck_assert_int_eq(larder_store_replace(store, &item, NULL), 0);
	expect_value("k", "three");
}
END_TEST

START_TEST(large_values)
{
	static const size_t lens[] = { 1, 5000, (1 << 20) - 1, 1 << 20, 20 << 20 };
	size_t len = lens[_i];
	char *bytes = malloc(len);
	char *copy = malloc(len);
	larder_item item = make_item("k", "");
	larder_item found = LARDER_ITEM_INIT;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + (i >> 10));
	item.value = (larder_slice){ bytes, len };
	ck_assert_int_eq(larder_store_set(store, &item, NULL), 0);
	ck_assert_int_eq(larder_store_get(store, &item, &found), 0);
	ck_assert_uint_eq(found.value.len, len);
	ck_assert_int_eq(memcmp(found.value.ptr, bytes, len), 0);
	larder_item_release(&found);
	ck_assert_int_eq(larder_store_read(store, &item, copy, len, &found), 0);
	ck_assert_int_eq(memcmp(copy, bytes, len), 0);
	ck_assert_ptr_eq(found.value.ptr, copy);
	ck_assert_int_eq(larder_store_read(store, &item, copy, len - 1, &found),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(found.value.len, len);
	ck_assert_int_eq(larder_store_add(store, &item, NULL), LARDER_EEXIST);
	free(bytes);
	free(copy);
}
END_TEST

START_TEST(numbers)
{
	larder_item item = make_item("n", "18446744073709551614");
	uint64_t number = 0;

	ck_assert_int_eq(larder_store_incr(store, &item, 1, &number), LARDER_ENOTFOUND);
	ck_assert_int_eq(larder_store_set(store, &item, NULL), 0);
	ck_assert_int_eq(larder_store_incr(store, &item, 1, &number), 0);
	ck_assert_uint_eq(number, UINT64_MAX);
	ck_assert_int_eq(larder_store_incr(store, &item, 2, &number), 0);
	ck_assert_uint_eq(number, 1);
	expect_value("n", "1");
	ck_assert_int_eq(larder_store_incr(store, &item, INT64_MIN, NULL), 0);
	expect_value("n", "0");
	item = make_item("n", "x1");
	ck_assert_int_eq(larder_store_set(store, &item, NULL), 0);
	ck_assert_int_eq(larder_store_incr(store, &item, 1, &number), LARDER_EINVAL);
	expect_value("n", "x1");
}
END_TEST

START_TEST(times)
{
	larder_item item = make_item("k", "v");
	larder_item found = LARDER_ITEM_INIT;
	uint64_t cas = 0;

	item.expires_at = (int64_t)time(NULL) - 5;
	ck_assert_int_eq(larder_store_set(store, &item, NULL), 0);
	expect_value("k", NULL);
	ck_assert_int_eq(larder_store_touch(store, &item), LARDER_ENOTFOUND);
	item.expires_at = 0;
	ck_assert_int_eq(larder_store_set(store, &item, &cas), 0);
	item.expires_at = (int64_t)time(NULL) + 100;
	ck_assert_int_eq(larder_store_touch(store, &item), 0);
	ck_assert_int_eq(larder_store_get(store, &item, &found), 0);
	ck_assert_int_eq(found.expires_at, item.expires_at);
	ck_assert_uint_eq(found.cas, cas);
	larder_item_release(&found);
	item.expires_at = 1;
	ck_assert_int_eq(larder_store_touch(store, &item), 0);
	expect_value("k", NULL);
}
END_TEST

struct seen {
	int count;
	int stop_at;
};

static int visit(const larder_item *item, void *ctx)
{
	struct seen *seen = ctx;
	larder_item found = LARDER_ITEM_INIT;

	/* The store may be used meanwhile. */
	ck_assert_int_eq(larder_store_get(store, item, &found), 0);
	ck_assert_uint_eq(found.value.len, item->value.len);
	larder_item_release(&found);
	if (seen->count % 3 == 0)
		ck_assert_int_eq(larder_store_delete(store, item), 0);
	return ++seen->count == seen->stop_at ? 7 : 0;
}

START_TEST(iterate_flush_stat)
{
	larder_store_stats stats = LARDER_STORE_STATS_INIT;
	struct seen seen = { 0, 0 };

	for (int i = 0; i < 200; i++) {
		char key[16];
		larder_item item;

		(void)snprintf(key, sizeof(key), "i%d", i);
		item = make_item(key, key);
		ck_assert_int_eq(larder_store_set(store, &item, NULL), 0);
	}
	ck_assert_int_eq(larder_store_iterate(store, visit, &seen), 0);
	ck_assert_int_eq(seen.count, 200);
	ck_assert_int_eq(larder_store_stat(store, &stats), 0);
	ck_assert_uint_eq(stats.entries, 133);
	ck_assert_uint_eq(stats.hits, 200);
	ck_assert_uint_eq(stats.processes, 1);
	seen = (struct seen){ 0, 5 };
	ck_assert_int_eq(larder_store_iterate(store, visit, &seen), 7);
	ck_assert_int_eq(seen.count, 5);
	ck_assert_int_eq(larder_store_flush(store), 0);
	seen = (struct seen){ 0, 0 };
	ck_assert_int_eq(larder_store_iterate(store, visit, &seen), 0);
	ck_assert_int_eq(seen.count, 0);
}
END_TEST

START_TEST(misuse_is_said)
{
	struct {
		larder_store_options known;
		uint64_t newer;
	} options = { LARDER_STORE_OPTIONS_INIT, 0 };
	larder_item item = make_item("k", "v");
	larder_item no_size = { 0 };
	larder_store *other = NULL;
	larder_error err;
	const char *dir = lrd_tmpdir_new();

	options.known.size = sizeof(options);
	options.newer = 1;
	ck_assert_int_eq(larder_store_open(dir, &options.known, &other, &err),
			 LARDER_EINVAL);
	ck_assert_int_eq(larder_store_open(dir, NULL, NULL, &err), LARDER_EINVAL);
	options.newer = 0;
	options.known.budget_bytes = 8 << 20;
	ck_assert_int_eq(larder_store_open(dir, &options.known, &other, &err), 0);
	ck_assert_str_eq(larder_store_path(other), dir);
	larder_store_close(other);
	larder_store_close(NULL);
	ck_assert_int_eq(larder_store_set(store, &no_size, NULL), LARDER_EINVAL);
	ck_assert_int_eq(larder_store_set(NULL, &item, NULL), LARDER_EINVAL);
	ck_assert_int_eq(larder_store_get(store, &item, &no_size), LARDER_EINVAL);
	item.value = (larder_slice){ NULL, 5 };
	ck_assert_int_eq(larder_store_set(store, &item, NULL), LARDER_EINVAL);
	item.key = (larder_slice){ dir, 1 << 20 };
	ck_assert_int_eq(larder_store_delete(store, &item), LARDER_EINVAL);
	larder_item_release(NULL);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("public");
	TCase *tc = tcase_create("public");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, set_get_delete);
	tcase_add_test(tc, conditions);
	tcase_add_loop_test(tc, large_values, 0, 5);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, times);
	tcase_add_test(tc, iterate_flush_stat);
	tcase_add_test(tc, misuse_is_said);
	return suite;
}
