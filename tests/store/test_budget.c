/* SPDX-License-Identifier: MIT */
/* test_budget.c - the budget is never passed, eviction prefers what is over, disks fill up. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Log-uniform between 100 bytes and 1 MiB. */
static size_t mixed_size(uint64_t *random)
{
	unsigned int shift = (unsigned int)(next_random(random) % 14);
	size_t base = (size_t)100 << shift;
	size_t size = base + next_random(random) % base;

	return size > 1 << 20 ? 1 << 20 : size;
}

static struct lrd_store_stat stat_of(struct lrd_store *store)
{
	struct lrd_store_stat stat;

	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	return stat;
}

START_TEST(mixed_sizes_stay_inside)
{
	enum { PUTS = 4000, NAMES = 3000 };
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	uint64_t random = 88172645463325252u;
	uint64_t highest = 0;
	size_t found = 0;
	struct lrd_store_stat stat;

	for (int i = 0; i < PUTS; i++) {
		uint64_t number = next_random(&random) % NAMES;
		size_t size = mixed_size(&random);
		char name[32];
		int rc;

		(void)snprintf(name, sizeof(name), "m%llu", (unsigned long long)number);
		rc = i % 2 ? test_store_body(store, name, number, size)
			   : test_fill_body(store, name, number, size, 65536);
		ck_assert_msg(rc == 0, "put %d of %zu bytes: %d", i, size, rc);
		stat = stat_of(store);
		if (stat.used_bytes > highest)
			highest = stat.used_bytes;
		ck_assert_uint_le(stat.used_bytes, stat.budget_bytes);
		ck_assert_int_eq(test_verify_body(store, name, number), (long)size);
	}
	stat = stat_of(store);
	ck_assert_uint_gt(stat.counters[LRD_COUNT_EVICTED], 0);
	/* The room is used, not merely kept. */
	ck_assert_uint_gt(highest, stat.budget_bytes / 10 * 9);
	for (uint64_t number = 0; number < NAMES; number++) {
		char name[32];
		long got;

		(void)snprintf(name, sizeof(name), "m%llu", (unsigned long long)number);
		got = test_verify_body(store, name, number);
		ck_assert_int_ne(got, TEST_WRONG);
		found += got >= 0;
	}
	ck_assert_uint_eq(found, stat.entries);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(small_entries_stay_inside)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 4);
	struct lrd_store_stat stat;

	for (int i = 0; i < 60000;) {
		struct lrd_write *write;

		ck_assert_int_eq(lrd_write_begin(store, &write), 0);
		for (int n = 0; n < 20; n++, i++) {
			char name[32];
			struct lrd_put put;

			(void)snprintf(name, sizeof(name), "s%d", i);
			put = test_put(store, name);
			ck_assert_int_eq(lrd_write_put(write, &put,
						       (larder_slice){ name, 10 }, NULL),
					 0);
		}
		ck_assert_int_eq(lrd_write_commit(write), 0);
		if (i % 1000 == 0) {
			stat = stat_of(store);
			ck_assert_uint_le(stat.used_bytes, stat.budget_bytes);
		}
	}
	stat = stat_of(store);
	/* 4 MiB hold about 26 000 such records in full pages. */
	ck_assert_uint_gt(stat.entries, 8000);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(too_large_is_said_early)
{
	enum { KEPT = 100 };
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 16);
	struct lrd_put put = test_put(store, "big");
	struct lrd_fill *fill = NULL;
	unsigned char *bytes = calloc(1, 9 << 20);
	char name[32];
	int rc = 0;

	/* 9 of 16 MiB are more than the half that one body may have. */
	ck_assert_int_eq(lrd_fill_begin(store, 9 << 20, &fill), LARDER_EFULL);
	ck_assert_ptr_null(fill);
	for (int i = 0; i < KEPT; i++) {
		(void)snprintf(name, sizeof(name), "kept%d", i);
		ck_assert_int_eq(test_store_body(store, name, 1, 50000), 0);
	}
	ck_assert_int_eq(test_store_body(store, "huge", 1, 9 << 20), LARDER_EFULL);
	ck_assert_int_eq(lrd_fill_begin(store, UINT64_MAX, &fill), 0);
	for (int i = 0; i < 20 && rc == 0; i++)
		rc = lrd_fill_append(fill, bytes, 1 << 20);
	ck_assert_int_eq(rc, LARDER_EFULL);
	/* 5 MB of others, and 4 MiB that it came to: nobody had to go. */
	for (int i = 0; i < KEPT; i++) {
		(void)snprintf(name, sizeof(name), "kept%d", i);
		ck_assert_int_eq(test_verify_body(store, name, 1), 50000);
	}
	ck_assert_int_eq(lrd_fill_commit(fill, &put, NULL), LARDER_EFULL);
	/* Its rows make room again at once. */
	ck_assert_int_eq(lrd_fill_begin(store, 7 << 20, &fill), 0);
	ck_assert_int_eq(lrd_fill_append(fill, bytes, 7 << 20), 0);
	ck_assert_int_eq(lrd_fill_commit(fill, &put, NULL), 0);
	ck_assert_int_eq(test_findings(store), 0);
	free(bytes);
	lrd_store_close(store);
}
END_TEST

/* Stores `count` entries of about a page with times of their own. */
static void store_timed(struct lrd_store *store, const char *prefix, int count,
			int64_t stale_until)
{
	static char body[3000];

	for (int i = 0; i < count; i++) {
		struct lrd_write *write;
		struct lrd_put put;
		char name[32];

		(void)snprintf(name, sizeof(name), "%s%d", prefix, i);
		put = test_put(store, name);
		put.stale_until = stale_until;
		ck_assert_int_eq(lrd_write_begin(store, &write), 0);
		ck_assert_int_eq(lrd_write_put(write, &put,
					       (larder_slice){ body, sizeof(body) }, NULL),
				 0);
		ck_assert_int_eq(lrd_write_commit(write), 0);
	}
}

static int count_live(struct lrd_store *store, const char *prefix, int count)
{
	int live = 0;

	for (int i = 0; i < count; i++) {
		unsigned char *body;
		char name[32];

		(void)snprintf(name, sizeof(name), "%s%d", prefix, i);
		live += test_read_body(store, name, &body) >= 0;
		free(body);
	}
	return live;
}

START_TEST(expired_go_first)
{
	/* 16 MiB are 4096 pages: 1500 that are over (since 1990) and 1500 that are not, then
	 * 1200 more make room for themselves. */
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 16);

	store_timed(store, "live", 1500, 0);
	store_timed(store, "over", 1500, 631152000);
	store_timed(store, "new", 1200, 0);
	/* Windows of neighbours: most of what goes is over. */
	ck_assert_int_gt(count_live(store, "live", 1500), 1200);
	ck_assert_int_gt(count_live(store, "new", 1200), 1100);
	lrd_store_close(store);
}
END_TEST

START_TEST(the_used_survive)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 16);

	store_timed(store, "hot", 500, 0);
	store_timed(store, "cold", 2500, 0);
	for (int round = 0; round < 12; round++) {
		char prefix[16];

		for (int n = 0; n < 3; n++)
			ck_assert_int_ge(count_live(store, "hot", 500), 400);
		(void)snprintf(prefix, sizeof(prefix), "new%d.", round);
		store_timed(store, prefix, 300, 0);
	}
	/* By chance alone more than half of both would be gone. */
	ck_assert_int_gt(count_live(store, "hot", 500), 425);
	ck_assert_int_lt(count_live(store, "cold", 2500), 1500);
	lrd_store_close(store);
}
END_TEST

struct pinner {
	const char *dir;
	int ready;
};

static void pin_a_snapshot(void *ctx)
{
	const struct pinner *pinner = ctx;
	struct lrd_store *store = test_open(pinner->dir, 16);
	struct lrd_read read;

	if (lrd_read_begin(store, &read) < 0 || write(pinner->ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

/* A snapshot that stays keeps every page it can see: no page of the map is used again. */
START_TEST(a_pinned_snapshot_costs_room_until_it_dies)
{
	struct pinner pinner = { .dir = lrd_tmpdir_new() };
	struct lrd_store *store = test_open(pinner.dir, 16);
	int ready[2];
	int refused = 0;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pinner.ready = ready[1];
	ck_assert_int_eq(test_store_body(store, "kept", 1, 5000), 0);
	pid = test_fork(pin_a_snapshot, &pinner);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 400; i++) {
		int rc = i % 2 ? test_store_body(store, "churn", 2, 100000)
			       : test_fill_body(store, "churn", 2, 200000, 50000);

		/* Nothing but this error, and what is there can be read. */
		ck_assert_msg(rc == 0 || rc == LARDER_EFULL, "put %d: %d", i, rc);
		refused += rc < 0;
		ck_assert_int_eq(test_verify_body(store, "kept", 1), 5000);
	}
	ck_assert_int_gt(refused, 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	(void)test_wait(pid);
	/* At once, without waiting for anybody's upkeep. */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(test_fill_body(store, "churn", 3, 300000, 50000), 0);
	ck_assert_int_eq(test_verify_body(store, "churn", 3), 300000);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

/* A file system of 12 MiB, or NULL where this process may not make one. */
static const char *small_disk(char *path, size_t size)
{
	lrd_tmpdir_path(path, size, lrd_tmpdir_new(), "disk");
	if (geteuid() != 0 || mkdir(path, 0700) != 0 ||
	    mount("larder-test", path, "tmpfs", 0, "size=12m,mode=0700") != 0) {
		(void)fprintf(stderr, "skipped: only root can mount a small tmpfs\n");
		return NULL;
	}
	return path;
}

START_TEST(a_full_disk_is_a_smaller_cache)
{
	char path[512];
	const char *dir = small_disk(path, sizeof(path));
	struct lrd_store *store;
	char name[32];
	uint64_t before;
	int stored = 0;

	if (!dir)
		return;
	store = test_open(dir, 64);
	for (int i = 0; i < 400; i++) {
		int rc;

		(void)snprintf(name, sizeof(name), "d%d", i % 100);
		rc = test_store_body(store, name, (uint64_t)(i % 100), 100000);
		ck_assert_msg(rc == 0 || rc == LARDER_EFULL, "put %d: %d", i, rc);
		stored += rc == 0;
	}
	ck_assert_int_gt(stored, 390);
	ck_assert_int_eq(test_verify_body(store, name, 99), 100000);
	/* Larger than the disk: refused, and the rest is still there. */
	before = stat_of(store).entries;
	ck_assert_uint_gt(before, 40);
	ck_assert_int_eq(test_fill_body(store, "big", 1, 20 << 20, 65536), LARDER_EFULL);
	ck_assert_uint_gt(stat_of(store).entries, before / 2);
	ck_assert_int_eq(test_store_body(store, "big", 1, 12 << 20), LARDER_EFULL);
	ck_assert_uint_gt(stat_of(store).entries, before / 2);
	ck_assert_int_eq(test_store_body(store, "small", 5, 5000), 0);
	ck_assert_int_eq(test_verify_body(store, "small", 5), 5000);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
	(void)umount2(dir, MNT_DETACH);
}
END_TEST

/* A body that finds out by itself how small the disk is costs no more than its part. */
START_TEST(a_disk_that_proves_full_keeps_its_entries)
{
	char path[512];
	const char *dir = small_disk(path, sizeof(path));
	struct lrd_store *store;
	char name[32];
	int kept = 0;

	if (!dir)
		return;
	store = test_open(dir, 64);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(test_store_body(store, name, (uint64_t)i, 100000), 0);
	}
	ck_assert_int_eq(test_fill_body(store, "big", 1, 15 << 20, 65536), LARDER_EFULL);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		kept += test_verify_body(store, name, (uint64_t)i) == 100000;
	}
	ck_assert_int_ge(kept, 10);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
	(void)umount2(dir, MNT_DETACH);
}
END_TEST

/* Leaves `bytes` of a disk. */
static void use_up(const char *dir, const char *name, uint64_t bytes)
{
	char path[600];
	struct statvfs disk;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(statvfs(dir, &disk), 0);
	ck_assert_int_eq(posix_fallocate(fd, 0,
					 (off_t)(disk.f_bavail * disk.f_bsize - bytes)),
			 0);
	(void)close(fd);
}

START_TEST(no_room_to_begin_is_said)
{
	char path[512];
	char dir[600];
	const char *disk = small_disk(path, sizeof(path));
	struct lrd_store_options options = { .budget_bytes = UINT64_C(4) << 30 };
	struct lrd_store *store = NULL;
	larder_error err;
	int rc;

	if (!disk)
		return;
	(void)snprintf(dir, sizeof(dir), "%s/store", disk);
	use_up(disk, "filler", 1 << 20);
	rc = lrd_store_open(dir, &options, &store, &err);
	ck_assert_int_eq(rc, LARDER_EFULL);
	ck_assert_msg(strstr(err.message, "control") && err.os_errno == ENOSPC, "%s",
		      err.message);
	/* Nothing half made stays in the way. */
	(void)snprintf(dir, sizeof(dir), "%s/filler", disk);
	ck_assert_int_eq(unlink(dir), 0);
	(void)snprintf(dir, sizeof(dir), "%s/store", disk);
	store = test_open(dir, 8);
	ck_assert_int_eq(test_store_body(store, "k", 1, 1000), 0);
	lrd_store_close(store);
	(void)umount2(disk, MNT_DETACH);
}
END_TEST

/* What a store takes on disk before anything is in it. */
START_TEST(a_new_store_is_small)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 4096);
	static const char *const names[] = { "control", "data.mdb", "lock.mdb" };
	uint64_t bytes = 0;

	ck_assert_int_eq(test_store_body(store, "k", 1, 1000), 0);
	for (size_t i = 0; i < 3; i++) {
		char path[512];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		bytes += (uint64_t)st.st_blocks * 512;
	}
	ck_assert_uint_lt(bytes, 12 << 20);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("budget");
	TCase *tc = tcase_create("budget");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, mixed_sizes_stay_inside);
	tcase_add_test(tc, small_entries_stay_inside);
	tcase_add_test(tc, too_large_is_said_early);
	tcase_add_test(tc, expired_go_first);
	tcase_add_test(tc, the_used_survive);
	tcase_add_test(tc, a_pinned_snapshot_costs_room_until_it_dies);
	tcase_add_test(tc, a_full_disk_is_a_smaller_cache);
	tcase_add_test(tc, a_disk_that_proves_full_keeps_its_entries);
	tcase_add_test(tc, no_room_to_begin_is_said);
	tcase_add_test(tc, a_new_store_is_small);
	return suite;
}
