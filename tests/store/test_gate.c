/* SPDX-License-Identifier: MIT */
/* test_gate.c - a stopped or dead writer, threads that meet, readers that were killed. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

static double now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct child {
	const char *dir;
	int ready; /* told when it is where the test wants it */
};

static void take_gate_and_stop(void *ctx)
{
	const struct child *child = ctx;
	struct lrd_store *store = test_open(child->dir, 64);
	struct lrd_put put = test_put(store, "half");
	struct lrd_write *write;

	if (lrd_write_begin(store, &write) < 0 ||
	    lrd_write_put(write, &put, (larder_slice){ "x", 1 }, NULL) < 0)
		_exit(1);
	(void)raise(SIGSTOP);
	if (lrd_write_commit(write) < 0)
		_exit(2);
	lrd_store_close(store);
}

static struct lrd_store *open_patient(const char *dir, uint32_t timeout_ms)
{
	struct lrd_store_options options = { .budget_bytes = 64 << 20,
					     .gate_timeout_ms = timeout_ms };
	struct lrd_store *store = NULL;

	ck_assert_int_eq(lrd_store_open(dir, &options, &store, NULL), 0);
	return store;
}

START_TEST(a_stopped_writer_blocks_no_reader)
{
	struct child child = { .dir = lrd_tmpdir_new() };
	struct lrd_store *store = open_patient(child.dir, 0);
	struct lrd_store_stat stat;
	struct lrd_upkeep done;
	double start;
	pid_t pid;
	int status;

	ck_assert_int_eq(test_store_body(store, "k", 1, 50000), 0);
	pid = test_fork(take_gate_and_stop, &child);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));

	start = now_s();
	ck_assert_int_eq(test_store_body(store, "k", 2, 10), LARDER_EBUSY);
	/* The default of 50 ms, not at once and not for ever. */
	ck_assert_double_ge(now_s() - start, 0.045);
	ck_assert_double_le(now_s() - start, 5.0);
	ck_assert_int_eq(test_fill_body(store, "k", 2, 10, 10), LARDER_EBUSY);
	ck_assert_int_eq(test_verify_body(store, "k", 1), 50000);
	ck_assert_int_eq(test_verify_body(store, "half", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_store_flush(store, 200), 0);
	/* The flush left entries to remove: that needs the gate, and waits no longer for it. */
	start = now_s();
	ck_assert_int_eq(lrd_store_upkeep(store, 0, &done), LARDER_EBUSY);
	ck_assert_double_le(now_s() - start, 5.0);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_GATE_TIMEOUT], 3);

	/* It goes on: nothing was lost. */
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(test_wait(pid), 0);
	ck_assert_int_eq(lrd_store_upkeep(store, 0, &done), 0);
	ck_assert_int_eq(test_store_body(store, "k", 2, 10), 0);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_stopped_writer_that_dies_hands_over)
{
	struct child child = { .dir = lrd_tmpdir_new() };
	struct lrd_store *store = open_patient(child.dir, 1000);
	double start;
	pid_t pid;
	int status;

	pid = test_fork(take_gate_and_stop, &child);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	(void)test_wait(pid);
	start = now_s();
	ck_assert_int_eq(test_store_body(store, "k", 2, 10), 0);
	ck_assert_double_le(now_s() - start, 0.9);
	ck_assert_int_eq(test_verify_body(store, "half", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(one_thread_cannot_wait_for_itself)
{
	struct lrd_store *store = open_patient(lrd_tmpdir_new(), 10000);
	struct lrd_write *write, *again;
	double start = now_s();

	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_begin(store, &again), LARDER_EINVAL);
	ck_assert_double_le(now_s() - start, 5.0);
	lrd_write_abort(write);
	lrd_store_close(store);
}
END_TEST

static void read_and_stay(void *ctx)
{
	const struct child *child = ctx;
	struct lrd_store *store = test_open(child->dir, 64);
	struct lrd_read reads[20];

	for (int i = 0; i < 20; i++) {
		if (lrd_read_begin(store, &reads[i]) < 0)
			_exit(1);
	}
	if (write(child->ready, "r", 1) != 1)
		_exit(2);
	for (;;)
		(void)pause();
}

START_TEST(killed_readers_are_cleared)
{
	enum { READERS = 80 }; /* times 20 is more than the table has */
	struct child child = { .dir = lrd_tmpdir_new() };
	struct lrd_store *store = open_patient(child.dir, 1000);
	pid_t pids[READERS];
	int ready[2];
	char byte;
	struct lrd_read read_now;
	int alive = 0;

	ck_assert_int_eq(pipe(ready), 0);
	child.ready = ready[1];
	ck_assert_int_eq(test_store_body(store, "k", 1, 100), 0);
	/* Each batch fills part of the table and dies. */
	for (int batch = 0; batch < 8; batch++) {
		for (int i = 0; i < READERS / 8; i++)
			pids[i] = test_fork(read_and_stay, &child);
		for (int i = 0; i < READERS / 8; i++)
			ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		for (int i = 0; i < READERS / 8; i++) {
			ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
			(void)test_wait(pids[i]);
		}
		alive++;
	}
	ck_assert_int_eq(alive, 8);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(lrd_read_begin(store, &read_now), 0);
		lrd_read_end(&read_now);
		ck_assert_int_eq(test_store_body(store, "k", 1, 100), 0);
	}
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("gate");
	TCase *tc = tcase_create("gate");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_stopped_writer_blocks_no_reader);
	tcase_add_test(tc, a_stopped_writer_that_dies_hands_over);
	tcase_add_test(tc, one_thread_cannot_wait_for_itself);
	tcase_add_test(tc, killed_readers_are_cleared);
	return suite;
}
