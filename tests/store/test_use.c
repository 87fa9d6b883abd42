/* SPDX-License-Identifier: MIT */
/* test_use.c - keys, times, marks, cas, updates, holds, flushes, walks, upkeep. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static struct lrd_store *store;

static void set_up(void)
{
	store = test_open(lrd_tmpdir_new(), 64);
}

static void tear_down(void)
{
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}

static larder_slice slice(const char *text)
{
	return (larder_slice){ text, strlen(text) };
}

/* One put in a transaction of its own. */
static int put_one(const struct lrd_put *put, const char *body, uint64_t *cas)
{
	struct lrd_write *write;
	int rc = lrd_write_begin(store, &write);

	if (rc < 0)
		return rc;
	rc = lrd_write_put(write, put, slice(body), cas);
	if (rc == 0)
		return lrd_write_commit(write);
	lrd_write_abort(write);
	return rc;
}

/* Looks an entry up and copies the record out, its slices dead. */
static int get_one(const char *name, int64_t now, struct lrd_record *out)
{
	struct lrd_key key = test_key(store, name);
	struct lrd_read read;
	int rc = lrd_read_begin(store, &read);

	if (rc < 0)
		return rc;
	rc = lrd_read_get(&read, &key, now, out);
	lrd_read_end(&read);
	return rc;
}

START_TEST(all_fields_come_back)
{
	struct lrd_put put = { .kind = 9,
			       .marks = LRD_MARK_STALE,
			       .client_flags = 0xdeadbeef,
			       .cas = 77,
			       .stored_at = 1700000000,
			       .expires_at = 1700000100,
			       .stale_until = 1700009999 };
	struct lrd_record record;
	struct lrd_read read;
	uint64_t cas = 0;
	char body[4];

	ck_assert_int_eq(lrd_key_init(store, slice("alice"), slice("http://x/"), &put.key),
			 0);
	put.head = slice("HTTP/1.1 200 OK");
	ck_assert_int_eq(put_one(&put, "body", &cas), 0);
	ck_assert_uint_eq(cas, 77);
	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	ck_assert_int_eq(lrd_read_get(&read, &put.key, 1700000000, &record), 0);
	ck_assert_uint_eq(record.kind, 9);
	ck_assert_uint_eq(record.marks, LRD_MARK_STALE);
	ck_assert_uint_eq(record.client_flags, 0xdeadbeef);
	ck_assert_uint_eq(record.cas, 77);
	ck_assert_int_eq(record.stored_at, 1700000000);
	ck_assert_int_eq(record.expires_at, 1700000100);
	ck_assert_int_eq(record.stale_until, 1700009999);
	ck_assert_mem_eq(record.partition.ptr, "alice", 5);
	ck_assert_uint_eq(record.partition.len, 5);
	ck_assert_mem_eq(record.name.ptr, "http://x/", 9);
	ck_assert_mem_eq(record.head.ptr, "HTTP/1.1 200 OK", 15);
	ck_assert_int_eq(lrd_read_body(&read, &record, 1, body, 2), 0);
	ck_assert_mem_eq(body, "od", 2);
	ck_assert_int_eq(lrd_read_body(&read, &record, 3, body, 2), LARDER_EINVAL);
	ck_assert_int_eq(lrd_read_body(&read, &record, UINT64_MAX, body, 2),
			 LARDER_EINVAL);
	lrd_read_end(&read);
}
END_TEST

START_TEST(partitions_are_apart)
{
	static const char *const partitions[] = { "", "a", "ab", "alice", "bob" };
	static const char *const names[] = { "", "b", "bk", "k", "alicek" };

	for (size_t p = 0; p < 5; p++) {
		for (size_t n = 0; n < 5; n++) {
			struct lrd_put put = { .kind = 1 };
			char body[32];

			(void)snprintf(body, sizeof(body), "%zu.%zu", p, n);
			ck_assert_int_eq(lrd_key_init(store, slice(partitions[p]),
						      slice(names[n]), &put.key),
					 0);
			ck_assert_int_eq(put_one(&put, body, NULL), 0);
		}
	}
	for (size_t p = 0; p < 5; p++) {
		for (size_t n = 0; n < 5; n++) {
			struct lrd_key key;
			struct lrd_record record;
			struct lrd_read read;
			char body[32], wanted[32];

			(void)snprintf(wanted, sizeof(wanted), "%zu.%zu", p, n);
			ck_assert_int_eq(lrd_key_init(store, slice(partitions[p]),
						      slice(names[n]), &key),
					 0);
			ck_assert_int_eq(lrd_read_begin(store, &read), 0);
			ck_assert_int_eq(lrd_read_get(&read, &key, 0, &record), 0);
			ck_assert_uint_eq(record.body_len, strlen(wanted));
			ck_assert_int_eq(lrd_read_body(&read, &record, 0, body,
						       record.body_len),
					 0);
			ck_assert_mem_eq(body, wanted, strlen(wanted));
			lrd_read_end(&read);
		}
	}
}
END_TEST

START_TEST(keys_have_limits)
{
	static char long_name[LRD_KEY_MAX + 1];
	struct lrd_put put = { .kind = 1 };
	struct lrd_key key;

	memset(long_name, 'n', sizeof(long_name));
	ck_assert_int_eq(lrd_key_init(store, slice(""),
				      (larder_slice){ long_name, sizeof(long_name) }, &key),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_key_init(store,
				      (larder_slice){ long_name, LRD_PARTITION_MAX + 1 },
				      slice("x"), &key),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_key_init(store, slice("p"),
				      (larder_slice){ long_name, LRD_KEY_MAX }, &put.key),
			 0);
	ck_assert_int_eq(put_one(&put, "body of a long name", NULL), 0);
	put.kind = 0;
	ck_assert_int_eq(put_one(&put, "", NULL), LARDER_EINVAL);
}
END_TEST

/* Texts around the size where they leave the record, and the largest. */
static const size_t head_lens[] = { 3900, 3970, 3971,   3975,        3976,
				    4072, 8144, 100000, LRD_HEAD_MAX };

START_TEST(long_heads)
{
	size_t len = head_lens[_i];
	unsigned char *head = malloc(len);
	struct lrd_put put = test_put(store, "k");
	struct lrd_record record;
	struct lrd_read read;
	char body[100];

	for (uint64_t round = 0; round < 3; round++) {
		struct lrd_write *write;

		test_pattern(head, round, 0, len);
		put.head = (larder_slice){ (char *)head, len };
		if (round < 2) {
			ck_assert_int_eq(put_one(&put, "some body", NULL), 0);
		} else {
			ck_assert_int_eq(lrd_write_begin(store, &write), 0);
			ck_assert_int_eq(lrd_write_update(write, &put, 0, NULL), 0);
			ck_assert_int_eq(lrd_write_commit(write), 0);
		}
		ck_assert_int_eq(lrd_read_begin(store, &read), 0);
		ck_assert_int_eq(lrd_read_get(&read, &put.key, 0, &record), 0);
		ck_assert_uint_eq(record.head.len, len);
		ck_assert_int_eq(memcmp(record.head.ptr, head, len), 0);
		ck_assert_uint_eq(record.name.len, 1);
		ck_assert_int_eq(lrd_read_body(&read, &record, 0, body, 9), 0);
		ck_assert_mem_eq(body, "some body", 9);
		lrd_read_end(&read);
	}
	/* Small again: the rows go. */
	put.head = slice("h");
	ck_assert_int_eq(put_one(&put, "x", NULL), 0);
	free(head);
}
END_TEST

START_TEST(times_end_entries)
{
	struct lrd_put put = test_put(store, "k");
	struct lrd_record record;

	put.expires_at = 100;
	put.stale_until = 200;
	ck_assert_int_eq(put_one(&put, "x", NULL), 0);
	ck_assert_int_eq(get_one("k", 50, &record), 0);
	ck_assert_int_eq(get_one("k", 150, &record), 0);
	ck_assert_int_eq(get_one("k", 199, &record), 0);
	memset(&record, 0x55, sizeof(record));
	ck_assert_int_eq(get_one("k", 200, &record), LARDER_ENOTFOUND);
	ck_assert_uint_eq(record.cas, UINT64_C(0x5555555555555555)); /* untouched */
	put.stale_until = 0;
	ck_assert_int_eq(put_one(&put, "x", NULL), 0);
	ck_assert_int_eq(get_one("k", INT64_MAX, &record), 0);
}
END_TEST

START_TEST(cas_grows)
{
	struct lrd_put put = test_put(store, "k");
	uint64_t first = 0, second = 0, third = 0;

	ck_assert_int_eq(put_one(&put, "a", &first), 0);
	ck_assert_int_eq(put_one(&put, "b", &second), 0);
	ck_assert_uint_gt(first, 0);
	ck_assert_uint_gt(second, first);
	put.cas = second + 1000;
	ck_assert_int_eq(put_one(&put, "c", &third), 0);
	ck_assert_uint_eq(third, second + 1000);
	put.cas = 0;
	ck_assert_int_eq(put_one(&put, "d", &second), 0);
	ck_assert_uint_gt(second, third);
	/* The end of the range given by a caller does not use it up. */
	put.cas = UINT64_MAX;
	ck_assert_int_eq(put_one(&put, "e", &third), 0);
	ck_assert_uint_eq(third, UINT64_MAX);
	put.cas = 0;
	ck_assert_int_eq(put_one(&put, "f", &third), 0);
	ck_assert_uint_eq(third, second + 1);
}
END_TEST

START_TEST(update_keeps_the_body)
{
	static const size_t lens[] = { 0, 10, 3000, 3950, 50000 };
	size_t len = lens[_i];
	struct lrd_put put = test_put(store, "k");
	struct lrd_record before, after;
	struct lrd_write *write;
	char head[1500];
	uint64_t cas = 0;

	memset(head, 'h', sizeof(head));
	ck_assert_int_eq(test_store_body(store, "k", 4, len), 0);
	ck_assert_int_eq(get_one("k", 0, &before), 0);
	put.head = (larder_slice){ head, sizeof(head) };
	put.expires_at = 5000;
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_update(write, &put, before.cas + 1, NULL),
			 LARDER_ECONFLICT);
	ck_assert_int_eq(lrd_write_update(write, &put, before.cas, &cas), 0);
	put.key = test_key(store, "absent");
	ck_assert_int_eq(lrd_write_update(write, &put, 0, NULL), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_write_commit(write), 0);
	ck_assert_int_eq(get_one("k", 0, &after), 0);
	ck_assert_uint_eq(after.cas, cas);
	ck_assert_uint_gt(after.cas, before.cas);
	ck_assert_int_eq(after.expires_at, 5000);
	ck_assert_uint_eq(after.head.len, sizeof(head));
	ck_assert_int_eq(test_verify_body(store, "k", 4), (long)len);
}
END_TEST

START_TEST(abort_leaves_no_trace)
{
	struct lrd_write *write;
	struct lrd_put put = test_put(store, "k");
	struct lrd_key key = test_key(store, "old");
	struct lrd_record record;

	ck_assert_int_eq(test_store_body(store, "old", 1, 9000), 0);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &put, slice("x"), NULL), 0);
	ck_assert_int_eq(lrd_write_delete(write, &key), 0);
	ck_assert_int_eq(lrd_write_get(write, &put.key, 0, &record), 0);
	ck_assert_int_eq(lrd_write_get(write, &key, 0, &record), LARDER_ENOTFOUND);
	lrd_write_abort(write);
	ck_assert_int_eq(get_one("k", 0, &record), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_verify_body(store, "old", 1), 9000);
}
END_TEST

START_TEST(delete_says_what_was_there)
{
	struct lrd_write *write;
	struct lrd_key key = test_key(store, "k");

	ck_assert_int_eq(test_store_body(store, "k", 1, 9000), 0);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_delete(write, &key), 0);
	ck_assert_int_eq(lrd_write_delete(write, &key), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_write_commit(write), 0);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
}
END_TEST

START_TEST(a_batch_counts_its_pages)
{
	struct lrd_write *write;
	struct lrd_put put = test_put(store, "k");
	static char body[100000];
	size_t pages;

	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_uint_eq(lrd_write_pages(write), 0);
	ck_assert_int_eq(
		lrd_write_put(write, &put, (larder_slice){ body, sizeof(body) }, NULL), 0);
	pages = lrd_write_pages(write);
	ck_assert_uint_ge(pages, 25);
	ck_assert_uint_le(pages, 60);
	ck_assert_int_eq(lrd_write_commit(write), 0);
}
END_TEST

/* ---- holds ------------------------------------------------------------------------------- */

static void upkeep_until_quiet(void)
{
	struct lrd_upkeep done;
	int slices = 0;

	do {
		ck_assert_int_eq(lrd_store_upkeep(store, 2000, &done), 0);
		ck_assert_int_lt(++slices, 1000);
	} while (done.more || done.rows > 0);
}

static uint64_t garbage_bodies(void)
{
	struct lrd_store_stat stat;

	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	return stat.garbage_bodies;
}

START_TEST(a_hold_keeps_the_rows)
{
	enum { LEN = 700000 };
	struct lrd_key key = test_key(store, "k");
	struct lrd_record record;
	struct lrd_hold hold;
	struct lrd_write *write;
	unsigned char *got = malloc(LEN);
	size_t at = 0;

	ck_assert_int_eq(test_store_body(store, "k", 3, LEN), 0);
	ck_assert_int_eq(get_one("k", 0, &record), 0);
	ck_assert_int_eq(lrd_hold_take(store, &key, record.body_id + 1, &hold),
			 LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_hold_take(store, &key, record.body_id, &hold), 0);
	ck_assert_uint_eq(hold.body_len, LEN);
	while (at < LEN) {
		ptrdiff_t part = lrd_hold_read(&hold, at, got + at, 10000);

		ck_assert_int_gt(part, 0);
		at += (size_t)part;
		/* Replaced, deleted, swept and crowded out while it is being read. */
		if (at == 100000)
			ck_assert_int_eq(test_store_body(store, "k", 4, 50000), 0);
		if (at == 200000) {
			ck_assert_int_eq(lrd_write_begin(store, &write), 0);
			ck_assert_int_eq(lrd_write_delete(write, &key), 0);
			ck_assert_int_eq(lrd_write_commit(write), 0);
			upkeep_until_quiet();
		}
		if (at >= 300000 && at < 400000) {
			char name[32];

			(void)snprintf(name, sizeof(name), "crowd%zu", at);
			ck_assert_int_eq(test_fill_body(store, name, at, 12 << 20, 1 << 20),
					 0);
		}
	}
	ck_assert_int_eq(lrd_hold_read(&hold, LEN, got, 1), 0);
	ck_assert_int_eq(lrd_hold_read(&hold, LEN + 1, got, 1), LARDER_EINVAL);
	ck_assert(test_matches(got, 3, LEN));
	ck_assert_uint_ge(garbage_bodies(), 1);
	lrd_hold_release(&hold);
	upkeep_until_quiet();
	ck_assert_uint_eq(garbage_bodies(), 0);
	ck_assert_int_eq(lrd_hold_read(&hold, 0, got, 1), LARDER_ENOTFOUND);
	free(got);
}
END_TEST

START_TEST(a_live_fill_is_not_swept)
{
	struct lrd_put put = test_put(store, "k");
	struct lrd_fill *fill;
	unsigned char *bytes = malloc(1000000);

	test_pattern(bytes, 6, 0, 1000000);
	ck_assert_int_eq(lrd_fill_begin(store, 1000000, &fill), 0);
	ck_assert_int_eq(lrd_fill_append(fill, bytes, 600000), 0);
	ck_assert_uint_eq(garbage_bodies(), 1);
	upkeep_until_quiet();
	ck_assert_uint_eq(garbage_bodies(), 1);
	ck_assert_int_eq(lrd_fill_append(fill, bytes + 600000, 400000), 0);
	ck_assert_uint_eq(lrd_fill_len(fill), 1000000);
	ck_assert_int_eq(test_verify_body(store, "k", 6), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_fill_commit(fill, &put, NULL), 0);
	ck_assert_int_eq(test_verify_body(store, "k", 6), 1000000);
	ck_assert_uint_eq(garbage_bodies(), 0);

	ck_assert_int_eq(lrd_fill_begin(store, UINT64_MAX, &fill), 0);
	ck_assert_int_eq(lrd_fill_append(fill, bytes, 600000), 0);
	lrd_fill_abort(fill);
	upkeep_until_quiet();
	ck_assert_uint_eq(garbage_bodies(), 0);
	free(bytes);
}
END_TEST

START_TEST(publishing_in_a_batch)
{
	struct lrd_put put = test_put(store, "k");
	struct lrd_put other = test_put(store, "other");
	struct lrd_write *write;
	struct lrd_fill *fill;
	unsigned char *bytes = malloc(300000);

	test_pattern(bytes, 6, 0, 300000);
	ck_assert_int_eq(lrd_fill_begin(store, UINT64_MAX, &fill), 0);
	ck_assert_int_eq(lrd_fill_append(fill, bytes, 300000), 0);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &other, slice("x"), NULL), 0);
	ck_assert_int_eq(lrd_write_publish(write, &put, fill, NULL), 0);
	/* The fill is gone; aborting leaves its rows to be swept. */
	lrd_write_abort(write);
	ck_assert_int_eq(test_verify_body(store, "k", 6), LARDER_ENOTFOUND);
	upkeep_until_quiet();
	ck_assert_uint_eq(garbage_bodies(), 0);
	free(bytes);
}
END_TEST

/* ---- flush, walk, upkeep ------------------------------------------------------------------ */

static void put_kind(const char *name, uint8_t kind, int64_t stale_until)
{
	struct lrd_put put = test_put(store, name);

	put.kind = kind;
	put.stale_until = stale_until;
	ck_assert_int_eq(put_one(&put, name, NULL), 0);
}

START_TEST(a_flush_takes_what_was_before)
{
	struct lrd_record record;

	put_kind("one", 1, 0);
	put_kind("two", 2, 0);
	ck_assert_int_eq(lrd_store_flush(store, 1), 0);
	ck_assert_int_eq(get_one("one", 0, &record), LARDER_ENOTFOUND);
	ck_assert_int_eq(get_one("two", 0, &record), 0);
	put_kind("one", 1, 0);
	ck_assert_int_eq(get_one("one", 0, &record), 0);
	ck_assert_int_eq(lrd_store_flush(store, 0), 0);
	ck_assert_int_eq(get_one("one", 0, &record), LARDER_ENOTFOUND);
	ck_assert_int_eq(get_one("two", 0, &record), LARDER_ENOTFOUND);
	put_kind("two", 2, 0);
	ck_assert_int_eq(get_one("two", 0, &record), 0);
}
END_TEST

struct walked {
	int seen[100];
	int stop_at;
	int count;
};

static int visit(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct walked *walked = ctx;
	char body[16] = "";
	int number;

	ck_assert_uint_lt(record->body_len, sizeof(body));
	ck_assert_int_eq(lrd_read_body(read, record, 0, body, record->body_len), 0);
	ck_assert_mem_eq(body, record->name.ptr, record->name.len);
	number = (int)strtol(body + 1, NULL, 10);
	ck_assert_int_ge(number, 0);
	ck_assert_int_lt(number, 100);
	walked->seen[number]++;
	return ++walked->count == walked->stop_at ? 42 : 0;
}

START_TEST(a_walk_sees_all_once)
{
	struct walked walked = { 0 };
	uint64_t cursor = 0;
	int rc, calls = 0;

	for (int i = 0; i < 100; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "w%d", i);
		put_kind(name, 1, i % 10 == 0 ? 1500 : 0);
	}
	do {
		rc = lrd_store_walk(store, &cursor, 7, 1600, visit, &walked);
		ck_assert_int_ge(rc, 0);
		calls++;
	} while (rc == 1);
	ck_assert_int_eq(calls, 15);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(walked.seen[i], i % 10 == 0 ? 0 : 1);
	/* Stopped by the visitor, it goes on behind that entry. */
	memset(&walked, 0, sizeof(walked));
	walked.stop_at = 5;
	cursor = 0;
	ck_assert_int_eq(lrd_store_walk(store, &cursor, 1000, 1600, visit, &walked), 42);
	ck_assert_int_eq(lrd_store_walk(store, &cursor, 1000, 1600, visit, &walked), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(walked.seen[i], i % 10 == 0 ? 0 : 1);
	ck_assert_int_eq(lrd_store_walk(store, &cursor, 0, 0, visit, &walked),
			 LARDER_EINVAL);
}
END_TEST

START_TEST(upkeep_removes_what_is_over)
{
	struct lrd_store_stat stat;
	struct lrd_upkeep done;
	uint64_t expired = 0;
	struct lrd_record record;

	for (int i = 0; i < 1000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "e%d", i);
		put_kind(name, 1, i % 2 ? 1500 : 0);
	}
	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(lrd_store_upkeep(store, 1400, &done), 0);
		ck_assert_uint_eq(done.expired, 0);
	}
	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(lrd_store_upkeep(store, 1600, &done), 0);
		expired += done.expired;
	}
	ck_assert_uint_eq(expired, 500);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.entries, 500);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_EXPIRED], 500);
	ck_assert_int_eq(get_one("e0", 1600, &record), 0);
}
END_TEST

START_TEST(stat_tells)
{
	struct lrd_store_stat stat;

	ck_assert_int_eq(test_store_body(store, "k", 1, 1 << 20), 0);
	lrd_store_count(store, LRD_COUNT_MISS, 2);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.budget_bytes, 64 << 20);
	ck_assert_uint_ge(stat.map_bytes, stat.budget_bytes + (8 << 20));
	ck_assert_uint_ge(stat.used_bytes, 1 << 20);
	ck_assert_uint_lt(stat.used_bytes, (1 << 20) + (1 << 17));
	ck_assert_uint_eq(stat.entries, 1);
	ck_assert_uint_eq(stat.processes, 1);
	ck_assert_uint_ge(stat.readers_max, 1024);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_MISS], 2);
	ck_assert_str_eq(lrd_counter_name(LRD_COUNT_MISS), "misses");
	ck_assert_str_eq(lrd_counter_name((enum lrd_counter)10000), "unknown");
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("use");
	TCase *tc = tcase_create("use");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_fields_come_back);
	tcase_add_test(tc, partitions_are_apart);
	tcase_add_test(tc, keys_have_limits);
	tcase_add_loop_test(tc, long_heads, 0,
			    (int)(sizeof(head_lens) / sizeof(head_lens[0])));
	tcase_add_test(tc, times_end_entries);
	tcase_add_test(tc, cas_grows);
	tcase_add_loop_test(tc, update_keeps_the_body, 0, 5);
	tcase_add_test(tc, abort_leaves_no_trace);
	tcase_add_test(tc, delete_says_what_was_there);
	tcase_add_test(tc, a_batch_counts_its_pages);
	tcase_add_test(tc, a_hold_keeps_the_rows);
	tcase_add_test(tc, a_live_fill_is_not_swept);
	tcase_add_test(tc, publishing_in_a_batch);
	tcase_add_test(tc, a_flush_takes_what_was_before);
	tcase_add_test(tc, a_walk_sees_all_once);
	tcase_add_test(tc, upkeep_removes_what_is_over);
	tcase_add_test(tc, stat_tells);
	return suite;
}
