/* SPDX-License-Identifier: MIT */
/* test_crash.c - writers killed at named points and at random: what others find then. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { NAMES = 24 };

/* The body under name i has one of these lengths; its first 8 bytes of pattern tell which. */
static size_t len_of(int i, unsigned int version)
{
	static const size_t lens[] = { 10, 3000, 9000, 70000, 200000, 500000 };

	return lens[((unsigned int)i + version) % 6];
}

/* A version's pattern, so that a reader can tell which one it got. */
static uint64_t seed_of(int i, unsigned int version)
{
	return (uint64_t)i * 1000 + version % 6;
}

/* One random change. */
static int change(struct lrd_store *store, unsigned int *random)
{
	int i = (int)(rand_r(random) % NAMES);
	unsigned int version = (unsigned int)rand_r(random) % 6;
	struct lrd_upkeep done;
	struct lrd_write *write;
	struct lrd_key key;
	char name[16];
	int rc;

	(void)snprintf(name, sizeof(name), "n%d", i);
	switch (rand_r(random) % 6) {
	case 0:
	case 1:
		return test_store_body(store, name, seed_of(i, version),
				       len_of(i, version));
	case 2:
	case 3:
		return test_fill_body(store, name, seed_of(i, version),
				      len_of(i, version), 30000);
	case 4:
		rc = lrd_write_begin(store, &write);
		if (rc < 0)
			return rc;
		key = test_key(store, name);
		rc = lrd_write_delete(write, &key);
		if (rc < 0 && rc != LARDER_ENOTFOUND)
			(void)printf("delete: %d\n", rc);
		return lrd_write_commit(write);
	default:
		return lrd_store_upkeep(store, 2000, &done);
	}
}

static void change_for_ever(void *ctx)
{
	const char *dir = ctx;
	unsigned int random = (unsigned int)getpid();
	struct lrd_store *store = test_open(dir, 64);

	for (;;) {
		int rc = change(store, &random);

		if (rc < 0 && rc != LARDER_EBUSY) {
			(void)printf("writer: %d\n", rc);
			_exit(1);
		}
	}
}

/* Every body is one of the versions that were ever written, whole. */
static int wrong_bodies(struct lrd_store *store)
{
	int wrong = 0;

	for (int i = 0; i < NAMES; i++) {
		unsigned char *body;
		bool right = false;
		char name[16];
		long got;

		(void)snprintf(name, sizeof(name), "n%d", i);
		got = test_read_body(store, name, &body);
		for (unsigned int version = 0; version < 6 && got >= 0 && !right;
		     version++)
			right = got == (long)len_of(i, version) &&
				test_matches(body, seed_of(i, version), (size_t)got);
		free(body);
		if (right || got == LARDER_ENOTFOUND)
			continue;
		(void)fprintf(stderr, "%s: %ld\n", name, got);
		wrong++;
	}
	return wrong;
}

/* Frees everything that dead fills left; afterwards no garbage may remain. */
static void tidy(struct lrd_store *store)
{
	struct lrd_store_stat stat;

	for (int i = 0; i < 400; i++) {
		struct lrd_upkeep done;

		ck_assert_int_eq(lrd_store_upkeep(store, 2000, &done), 0);
		ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
		if (stat.garbage_bodies == 0)
			return;
		(void)usleep(10000); /* the dead are looked for once a second */
	}
	ck_abort_msg("%llu bodies stay garbage", (unsigned long long)stat.garbage_bodies);
}

/* ---- killed at a point ------------------------------------------------------------------- */

static const char *const points[] = {
	"store.open.after_format",   "store.rebuild.begun",
	"store.build.before_rename", "store.build.between_renames",
	"store.rows.after_row:1",    "store.rows.after_row:100",
	"store.put.before_record",   "store.put.before_record:20",
	"store.write.before_commit", "store.write.before_commit:30",
	"store.write.after_commit",  "store.write.after_commit:30",
	"store.fill.before_commit",  "store.fill.before_commit:10",
	"store.fill.after_commit",   "store.fill.after_commit:10",
	"store.fill.before_publish", "store.fill.before_publish:5",
	"store.garbage.after_rows",  "store.garbage.after_rows:5",
	"store.upkeep.end",          "store.close.before_stamp",
};
enum { POINTS = sizeof(points) / sizeof(points[0]) };

struct job {
	const char *dir;
	const char *point;
};

static void change_until_point(void *ctx)
{
	const struct job *job = ctx;
	unsigned int random = 7;
	struct lrd_store *store;

	(void)setenv("LARDER_CRASH_POINT", job->point, 1);
	store = test_open(job->dir, 64);
	for (int i = 0; i < 400; i++)
		(void)change(store, &random);
	lrd_store_close(store);
}

START_TEST(killed_at_a_point)
{
	const char *dir = lrd_tmpdir_new();
	struct job job = { dir, points[_i] };
	bool opening = strstr(points[_i], ".open.") || strstr(points[_i], ".build.") ||
		       strstr(points[_i], ".rebuild.") || strstr(points[_i], ".close.");
	struct lrd_store *store = NULL;
	int status;

	/* Where opening or closing is to be hit, nobody else may have the store open. */
	if (!opening) {
		store = test_open(dir, 64);
		ck_assert_int_eq(test_store_body(store, "kept", 99, 300000), 0);
	}
	status = test_wait(test_fork(change_until_point, &job));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s was never passed (status %x)", points[_i], status);
	if (opening)
		store = test_open(dir, 64);
	else
		ck_assert_int_eq(test_verify_body(store, "kept", 99), 300000);
	ck_assert_int_eq(test_findings(store), 0);
	ck_assert_int_eq(wrong_bodies(store), 0);
	/* The next writer goes on at once. */
	ck_assert_int_eq(test_fill_body(store, "next", 5, 400000, 10000), 0);
	ck_assert_int_eq(test_verify_body(store, "next", 5), 400000);
	tidy(store);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

/* ---- killed at random -------------------------------------------------------------------- */

enum { KILLS = 200, WRITERS = 3 };

START_TEST(killed_at_random)
{
	char *dir = (char *)lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	unsigned int random = 42;
	pid_t pids[WRITERS];

	ck_assert_int_eq(test_store_body(store, "kept", 99, 300000), 0);
	for (int i = 0; i < WRITERS; i++)
		pids[i] = test_fork(change_for_ever, dir);
	for (int kill_no = 0; kill_no < KILLS; kill_no++) {
		struct timespec pause = { 0, 1000000 + (long)(rand_r(&random) % 25000) *
							       1000 };
		int victim = (int)(rand_r(&random) % WRITERS);
		int status;

		(void)nanosleep(&pause, NULL);
		ck_assert_int_eq(kill(pids[victim], SIGKILL), 0);
		status = test_wait(pids[victim]);
		ck_assert_msg(WIFSIGNALED(status), "a writer failed by itself: %x",
			      status);
		ck_assert_int_eq(test_verify_body(store, "kept", 99), 300000);
		if (kill_no % 20 == 0) {
			ck_assert_int_eq(test_findings(store), 0);
			ck_assert_int_eq(wrong_bodies(store), 0);
		}
		pids[victim] = test_fork(change_for_ever, dir);
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
		(void)test_wait(pids[i]);
	}
	ck_assert_int_eq(test_findings(store), 0);
	ck_assert_int_eq(wrong_bodies(store), 0);
	ck_assert_int_eq(test_store_body(store, "after", 1, 1000), 0);
	tidy(store);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

static void die_with_a_hold(void *ctx)
{
	struct lrd_store *store = test_open(ctx, 64);
	struct lrd_key key = test_key(store, "held");
	struct lrd_record record;
	struct lrd_hold hold;
	struct lrd_read read;

	if (lrd_read_begin(store, &read) < 0 || lrd_read_get(&read, &key, 0, &record) < 0)
		_exit(1);
	lrd_read_end(&read);
	if (lrd_hold_take(store, &key, record.body_id, &hold) < 0)
		_exit(2);
	lrd_store_count(store, LRD_COUNT_HIT, 5);
	(void)raise(SIGKILL);
}

START_TEST(the_dead_are_folded_in)
{
	char *dir = (char *)lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct lrd_store_stat stat;

	ck_assert_int_eq(test_store_body(store, "held", 1, 300000), 0);
	lrd_store_count(store, LRD_COUNT_HIT, 3);
	(void)test_wait(test_fork(die_with_a_hold, dir));
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_HIT], 8);
	ck_assert_uint_eq(stat.processes, 1);
	/* Its hold no longer keeps the rows. */
	ck_assert_int_eq(test_store_body(store, "held", 2, 100), 0);
	tidy(store);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_HIT], 8);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("crash");
	TCase *tc = tcase_create("points");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, killed_at_a_point, 0, POINTS);
	tcase_add_test(tc, the_dead_are_folded_in);
	suite_add_tcase(suite, tc);
	tc = tcase_create("random");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, killed_at_random);
	suite_add_tcase(suite, tc);
	return suite;
}
