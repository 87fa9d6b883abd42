/* SPDX-License-Identifier: MIT */
/* test_damage.c - flipped bits in data.mdb: never a wrong byte handed out, and it heals. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/layout.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

/* Finds `needle` in the data file: its offset, or -1. The last one, where there are several. */
static off_t find_bytes(const char *path, const void *needle, size_t len)
{
	struct stat st;
	unsigned char *bytes;
	off_t found = -1;
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size);
	ck_assert_int_eq(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	for (off_t at = 0; at + (off_t)len <= st.st_size; at++) {
		if (memcmp(bytes + at, needle, len) == 0)
			found = at;
	}
	free(bytes);
	(void)close(fd);
	return found;
}

static void flip(const char *path, off_t at, unsigned char mask)
{
	unsigned char byte;
	int fd = open(path, O_RDWR);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= mask;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	(void)close(fd);
}

static const char head[] = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\n\r\n";
static const char body[] = "the body that must come back as it was, or not at all";

static void put_small(struct lrd_store *store)
{
	struct lrd_put put = test_put(store, "http://www.example.org/a");
	struct lrd_write *write;

	put.head = (larder_slice){ head, sizeof(head) - 1 };
	put.expires_at = 5000;
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &put,
				       (larder_slice){ body, sizeof(body) - 1 }, NULL),
			 0);
	ck_assert_int_eq(lrd_write_commit(write), 0);
}

/* 0: right; 1: absent; anything else: wrong. */
static int look(struct lrd_store *store)
{
	struct lrd_key key = test_key(store, "http://www.example.org/a");
	struct lrd_record record;
	struct lrd_read read;
	char got[sizeof(body)];
	int rc;

	if (lrd_read_begin(store, &read) < 0)
		return 1;
	rc = lrd_read_get(&read, &key, 0, &record);
	if (rc == 0) {
		if (record.body_len != sizeof(body) - 1 ||
		    record.head.len != sizeof(head) - 1 ||
		    memcmp(record.head.ptr, head, sizeof(head) - 1) != 0 ||
		    record.expires_at != 5000)
			rc = 2;
		else
			rc = lrd_read_body(&read, &record, 0, got, sizeof(body) - 1);
		if (rc == 0 && memcmp(got, body, sizeof(body) - 1) != 0)
			rc = 3;
	}
	lrd_read_end(&read);
	return rc < 0 ? 1 : rc;
}

/* Every byte of the record, each by another bit: it is found out, or it made no difference. */
START_TEST(each_byte_of_a_record)
{
	enum { BEFORE = 104 + 24 + 31, AFTER = sizeof(body) - 1 };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	char path[512];
	off_t at;
	int absent = 0;

	lrd_tmpdir_path(path, sizeof(path), dir, "data.mdb");
	put_small(store);
	at = find_bytes(path, body, sizeof(body) - 1);
	ck_assert_int_gt(at, BEFORE);
	for (int i = -BEFORE; i < AFTER; i++) {
		unsigned char mask = (unsigned char)(1 << ((unsigned int)i % 8));
		int found;

		flip(path, at + i, mask);
		found = look(store);
		ck_assert_msg(found == 1, "byte %d flipped: %d", i, found);
		absent++;
		flip(path, at + i, mask);
		ck_assert_int_eq(look(store), 0);
	}
	ck_assert_int_eq(absent, BEFORE + AFTER);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_damaged_record_is_counted_and_removed)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct lrd_store_stat stat;
	struct lrd_check found;
	char path[512];
	off_t at;

	lrd_tmpdir_path(path, sizeof(path), dir, "data.mdb");
	put_small(store);
	ck_assert_int_eq(test_store_body(store, "other", 1, 5000), 0);
	at = find_bytes(path, head, sizeof(head) - 1);
	ck_assert_int_gt(at, 0);
	flip(path, at, 1);
	ck_assert_int_eq(lrd_store_check(store, &found, NULL, NULL), 1);
	ck_assert_uint_eq(found.bad_records, 1);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(look(store), 1);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_DAMAGED], 1);
	ck_assert_uint_eq(stat.entries, 2);
	/* The next write of anybody removes it. */
	ck_assert_int_eq(test_store_body(store, "third", 1, 10), 0);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.entries, 2);
	ck_assert_int_eq(test_findings(store), 0);
	put_small(store);
	ck_assert_int_eq(look(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_damaged_row)
{
	enum { LEN = 100000 };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct lrd_key key;
	struct lrd_record record;
	struct lrd_read read;
	struct lrd_store_stat stat;
	unsigned char needle[64];
	unsigned char got[4];
	char path[512];
	off_t at;

	lrd_tmpdir_path(path, sizeof(path), dir, "data.mdb");
	ck_assert_int_eq(test_store_body(store, "k", 7, LEN), 0);
	/* The pattern repeats, so mark the place by what no other row has. */
	test_pattern(needle, 7, 13 * LRD_ROW_MAX + 1000, sizeof(needle));
	at = find_bytes(path, needle, sizeof(needle));
	ck_assert_int_gt(at, 0);
	flip(path, at + 5, 0x10);
	ck_assert_int_eq(test_verify_body(store, "k", 7), LARDER_ECORRUPT);
	/* Elsewhere in the body all is well, near the damage it is not. */
	key = test_key(store, "k");
	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	ck_assert_int_eq(lrd_read_get(&read, &key, 0, &record), 0);
	ck_assert_int_eq(lrd_read_body(&read, &record, 0, got, 4), 0);
	lrd_read_end(&read);
	ck_assert_int_eq(test_store_body(store, "other", 1, 10), 0);
	ck_assert_int_eq(test_verify_body(store, "k", 7), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_DAMAGED], 1);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

/* Random bytes of the whole file, page heads included, looked at by a child each time: LMDB
 * itself may refuse or fall, but no wrong byte may be seen. */
struct job {
	const char *dir;
};

static void look_around(void *ctx)
{
	const struct job *job = ctx;
	struct lrd_store *store = NULL;
	struct lrd_store_options options = { .budget_bytes = 64 << 20 };

	/* LMDB's assertions speak on standard error. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(9);
	if (lrd_store_open(job->dir, &options, &store, NULL) < 0)
		_exit(0);
	for (int i = 0; i < 20; i++) {
		char name[16];
		long got;

		(void)snprintf(name, sizeof(name), "k%d", i);
		got = test_verify_body(store, name, (uint64_t)i);
		if (got == TEST_WRONG || (got >= 0 && got != 200 + i * 900))
			_exit(3);
	}
	_exit(0); /* no close: the next round wants the file as it is */
}

START_TEST(random_bytes_of_the_file)
{
	const char *dir = lrd_tmpdir_new();
	struct job job = { dir };
	struct lrd_store *store = test_open(dir, 64);
	unsigned int random = 5 + (unsigned int)_i;
	struct stat st;
	char path[512];
	off_t used;
	int fallen = 0;

	lrd_tmpdir_path(path, sizeof(path), dir, "data.mdb");
	for (int i = 0; i < 20; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(test_store_body(store, name, (uint64_t)i,
						 200 + (size_t)i * 900),
				 0);
	}
	lrd_store_close(store);
	ck_assert_int_eq(stat(path, &st), 0);
	used = st.st_size < 400000 ? st.st_size : 400000;
	for (int round = 0; round < 60; round++) {
		off_t at = 8192 + (off_t)((unsigned int)rand_r(&random) %
					  (unsigned int)(used - 8192));
		unsigned char mask = (unsigned char)(1 << (rand_r(&random) % 8));
		int status;

		flip(path, at, mask);
		status = test_wait(test_fork(look_around, &job));
		ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) == 0,
			      "byte %lld flipped: wrong data", (long long)at);
		if (WIFSIGNALED(status))
			fallen++;
		flip(path, at, mask);
	}
	/* What LMDB cannot bear must stay rare. */
	ck_assert_int_le(fallen, 6);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("damage");
	TCase *tc = tcase_create("damage");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_byte_of_a_record);
	tcase_add_test(tc, a_damaged_record_is_counted_and_removed);
	tcase_add_test(tc, a_damaged_row);
	tcase_add_loop_test(tc, random_bytes_of_the_file, 0, 3);
	return suite;
}
