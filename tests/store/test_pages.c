/* SPDX-License-Identifier: MIT */
/*
 * test_pages.c - damage to the structure of data.mdb: no process dies of it, no wrong byte is
 * handed out, the check sees it, and it heals.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/layout.h"
#include "store/page.h"
#include "store/pages.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { NAMES = 40, USED_MAX = 600 };

/* The files of a store as they were when it was closed, and copies of it to be damaged. */
static struct {
	char dir[256], copy[256];
	unsigned char *data;
	size_t size;
	uint64_t pages;
} pristine;

static size_t len_of(int i)
{
	return i % 3 == 0 ? 100 + (size_t)i * 17 : 900 + (size_t)i * 333;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	unsigned char *bytes;
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size);
	ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
	(void)close(fd);
	*size = (size_t)st.st_size;
	return bytes;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	(void)close(fd);
}

static void make_pristine(void)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store;
	struct lrd_pages found = { 0 };
	char path[512];
	int fd;

	lrd_tmpdir_path(pristine.dir, sizeof(pristine.dir), dir, "whole");
	lrd_tmpdir_path(pristine.copy, sizeof(pristine.copy), dir, "copy");
	store = test_open(pristine.dir, 64);
	/* Enough for branches, a free list and a garbage list with something in them. */
	for (int i = 0; i < NAMES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(test_store_body(store, name, 9, 5000), 0);
		ck_assert_int_eq(test_store_body(store, name, (uint64_t)i, len_of(i)), 0);
	}
	lrd_store_close(store);
	lrd_tmpdir_path(path, sizeof(path), pristine.dir, "data.mdb");
	pristine.data = read_file(path, &pristine.size);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(lrd_pages_check(fd, NULL, &found, NULL, NULL), 0);
	(void)close(fd);
	ck_assert_uint_eq(found.bad_pages, 0);
	ck_assert_uint_eq(found.lost_pages, 0);
	pristine.pages = found.pages + 2;
	ck_assert_uint_lt(pristine.pages, USED_MAX);
}

/* A copy of the closed store, which whoever opens it adopts. */
static void make_copy(void)
{
	static const char *const names[] = { "control", "lock.mdb", "data.mdb" };

	ck_assert(mkdir(pristine.copy, 0700) == 0 || access(pristine.copy, W_OK) == 0);
	for (size_t i = 0; i < 3; i++) {
		char from[512], to[512];
		unsigned char *bytes;
		size_t size;

		lrd_tmpdir_path(from, sizeof(from), pristine.dir, names[i]);
		lrd_tmpdir_path(to, sizeof(to), pristine.copy, names[i]);
		bytes = read_file(from, &size);
		(void)unlink(to);
		write_file(to, bytes, size);
		free(bytes);
	}
}

static void put_page(uint64_t number, const unsigned char *page)
{
	char path[512];
	int fd;

	lrd_tmpdir_path(path, sizeof(path), pristine.copy, "data.mdb");
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, page, LRD_PAGE, (off_t)(number * LRD_PAGE)), LRD_PAGE);
	(void)close(fd);
}

/* Uses the store in every way there is; whatever it answers, it answers rightly. */
static void use_it(void *ctx)
{
	struct lrd_store_options options = { .budget_bytes = 64 << 20 };
	struct lrd_store *store = NULL;
	struct lrd_upkeep done;
	struct lrd_check found;
	bool rebuild;

	(void)ctx;
	if (lrd_store_open(pristine.copy, &options, &store, NULL) < 0)
		_exit(0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < NAMES; i++) {
			char name[16];
			long got;

			(void)snprintf(name, sizeof(name), "k%d", i);
			got = test_verify_body(store, name, (uint64_t)i);
			if (got == TEST_WRONG || (got >= 0 && (size_t)got != len_of(i)))
				_exit(3);
		}
		for (int i = 0; i < NAMES; i += 7) {
			struct lrd_write *write;
			struct lrd_key key;
			char name[16];

			(void)snprintf(name, sizeof(name), "k%d", i);
			key = test_key(store, name);
			if (lrd_write_begin(store, &write) < 0)
				continue;
			if (lrd_write_delete(write, &key) < 0)
				lrd_write_abort(write);
			else if (lrd_write_commit(write) < 0)
				continue;
			(void)!test_store_body(store, name, (uint64_t)i, len_of(i));
		}
		for (int i = 0; i < 20; i++)
			(void)!lrd_store_upkeep(store, 2000, &done);
		(void)!lrd_store_check(store, &found, NULL, NULL);
	}
	/* In the end everything works again, if need be from the beginning. */
	if (test_store_body(store, "last", 1, 20000) < 0 ||
	    test_verify_body(store, "last", 1) != 20000)
		_exit(4);
	/* Damage that nothing came by is found by the repair. */
	if (lrd_store_repair(store, 2000, &found, &rebuild, NULL, NULL) < 0)
		_exit(5);
	if (test_store_body(store, "last", 2, 20000) < 0 ||
	    test_verify_body(store, "last", 2) != 20000)
		_exit(6);
	if (lrd_store_check(store, &found, NULL, NULL) != 0)
		_exit(7);
	lrd_store_close(store);
	_exit(0);
}

/* Looks, healing nothing. 0: clean; 1: findings, or refused as damaged; else an error. */
static int verdict(void)
{
	struct lrd_store_options options = { .as_it_is = true };
	struct lrd_store *store = NULL;
	larder_error err = { 0 };
	struct lrd_check found;
	int rc = lrd_store_open(pristine.copy, &options, &store, &err);

	if (rc == LARDER_ECORRUPT && err.message[0] != '\0')
		return 1;
	if (rc < 0)
		return rc;
	rc = lrd_store_check(store, &found, NULL, NULL);
	lrd_store_close(store);
	return rc;
}

static void exit_verdict(void *ctx)
{
	(void)ctx;
	_exit(verdict() & 255);
}

/* One page in the place of the right one: looked at, then used. */
static void try_page(uint64_t number, const unsigned char *page, const char *what,
		     int detail, int *unseen)
{
	int status;

	make_copy();
	put_page(number, page);
	status = test_wait(test_fork(exit_verdict, NULL));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1,
		      "page %d, %s %d: the check ended with %x", (int)number, what,
		      detail, (unsigned int)status);
	*unseen += WEXITSTATUS(status) == 0;
	status = test_wait(test_fork(use_it, NULL));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "page %d, %s %d: using it ended with %x", (int)number, what, detail,
		      (unsigned int)status);
}

static const unsigned char *page_at(uint64_t number)
{
	return pristine.data + number * LRD_PAGE;
}

enum { HEADS = 5 };

/* Each byte of some heads, each by a bit: meta, branch, leaf, overflow, free list, tables. */
START_TEST(each_byte_of_a_head)
{
	unsigned int random = 77 + (unsigned int)_i;
	int unseen = 0;

	make_pristine();
	for (int n = 0; n < HEADS; n++) {
		uint64_t number =
			n < 2 ? (uint64_t)n : (uint64_t)rand_r(&random) % pristine.pages;
		int bytes = number < 2 ? LRD_META_END : LRD_PAGE_HEAD + 8;
		unsigned char page[LRD_PAGE];

		for (int i = _i; i < bytes; i += number < 2 ? 12 : 4) {
			memcpy(page, page_at(number), LRD_PAGE);
			page[i] ^= (unsigned char)(1 << (rand_r(&random) % 8));
			try_page(number, page, "flip of byte", i, &unseen);
		}
	}
}
END_TEST

/* Whole pages: zeroed, noise, another page's bytes; and noise in heads and offsets alone. */
START_TEST(whole_pages)
{
	unsigned int random = 1234 + (unsigned int)_i;
	int unseen = 0;
	int structural = 0;

	make_pristine();
	for (int n = 0; n < 15; n++) {
		uint64_t number = (uint64_t)rand_r(&random) % pristine.pages;
		uint64_t other = (uint64_t)rand_r(&random) % pristine.pages;
		unsigned char page[LRD_PAGE];
		int what = n % 5;

		memcpy(page, page_at(number), LRD_PAGE);
		if (what == 0)
			memset(page, 0, LRD_PAGE);
		if (what == 1)
			memcpy(page, page_at(other), LRD_PAGE);
		for (size_t i = 0; what == 2 && i < LRD_PAGE; i++)
			page[i] = (unsigned char)rand_r(&random);
		for (size_t i = 8; what == 3 && i < 40; i++)
			page[i] = (unsigned char)rand_r(&random);
		/* Node heads lie where the free space ends. */
		for (size_t i = 0; what == 4 && i < 4; i++)
			page[lrd_page_u16(page + 14) % 4000 + (size_t)rand_r(&random) % 16] =
				(unsigned char)rand_r(&random);
		structural += what < 3 && number != other;
		try_page(number, page, "kind", what, &unseen);
	}
	/* Free pages may be anything; of those in use hardly one goes unseen. */
	ck_assert_int_lt(unseen, 15);
	ck_assert_int_gt(structural, 0);
}
END_TEST

/* Ways to damage a whole file: no open without healing calls it clean, and each says why. */
START_TEST(whole_files)
{
	static const char *const files[] = { "data.mdb", "control", "lock.mdb" };
	const char *file = files[_i % 3];
	char path[512];
	unsigned char *bytes;
	size_t size;
	int status;

	make_pristine();
	make_copy();
	lrd_tmpdir_path(path, sizeof(path), pristine.copy, file);
	bytes = read_file(path, &size);
	switch (_i / 3) {
	case 0: /* empty */
		ck_assert_int_eq(truncate(path, 0), 0);
		break;
	case 1: /* cut */
		ck_assert_int_eq(truncate(path, (off_t)(size / 2)), 0);
		break;
	case 2: /* noise */
		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)(i * 2654435761u >> 13);
		write_file(path, bytes, size);
		break;
	default: /* gone */
		ck_assert_int_eq(unlink(path), 0);
		break;
	}
	free(bytes);
	status = test_wait(test_fork(exit_verdict, NULL));
	ck_assert(WIFEXITED(status));
	/* LMDB makes lock.mdb anew by itself, whatever is in it. */
	if (strcmp(file, "lock.mdb") != 0)
		ck_assert_int_ne(WEXITSTATUS(status), 0);
	status = test_wait(test_fork(use_it, NULL));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %d: %x", file,
		      _i / 3, (unsigned int)status);
}
END_TEST

/* A repaired store has its other entries still. */
START_TEST(repair_keeps_the_rest)
{
	struct lrd_store *store;
	struct lrd_check found;
	unsigned char page[LRD_PAGE];
	bool rebuild = true;
	int whole = 0;

	make_pristine();
	make_copy();
	/* The second half of a leaf of records: the entry there is lost, rows and all. */
	for (uint64_t number = 2; number < pristine.pages; number++) {
		memcpy(page, page_at(number), LRD_PAGE);
		if (!lrd_page_is(page, number, LRD_PAGE_LEAF) || lrd_page_nodes(page) < 3 ||
		    lrd_page_u16(page + lrd_page_offset(page, 1) + 4) != 0 ||
		    lrd_page_u32(page + lrd_page_offset(page, 1)) < LRD_ROW_SUM + 104)
			continue;
		page[lrd_page_offset(page, 1) + 16 + 40] ^= 1;
		put_page(number, page);
	}
	store = test_open(pristine.copy, 64);
	ck_assert_int_eq(lrd_store_repair(store, 2000, &found, &rebuild, NULL, NULL), 1);
	ck_assert(!rebuild);
	ck_assert_uint_gt(found.bad_records, 0);
	ck_assert_int_eq(test_findings(store), 0);
	for (int i = 0; i < NAMES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "k%d", i);
		whole += test_verify_body(store, name, (uint64_t)i) == (long)len_of(i);
	}
	ck_assert_int_gt(whole, NAMES / 2);
	ck_assert_int_lt(whole, NAMES);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *tc = tcase_create("pages");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, each_byte_of_a_head, 0, 4);
	tcase_add_loop_test(tc, whole_pages, 0, 4);
	tcase_add_loop_test(tc, whole_files, 0, 12);
	tcase_add_test(tc, repair_keeps_the_rest);
	return suite;
}
