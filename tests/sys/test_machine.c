/* SPDX-License-Identifier: MIT */
/* test_machine.c - boot, PID namespace and start times; crash points; broken invariants. */
#include "sys/machine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <larder/types.h>

#include "sys/assert.h"
#include "sys/crash.h"
#include "tests/support/check_main.h"

START_TEST(ids_are_stable)
{
	uint8_t a[LRD_BOOT_ID_LEN] = { 0 }, b[LRD_BOOT_ID_LEN] = { 0 };
	uint8_t zero[LRD_BOOT_ID_LEN] = { 0 };
	uint64_t ns = 0, again = 0;

	ck_assert_int_eq(lrd_machine_boot_id(a), 0);
	ck_assert_int_eq(lrd_machine_boot_id(b), 0);
	ck_assert_mem_eq(a, b, sizeof(a));
	ck_assert_mem_ne(a, zero, sizeof(a));
	ck_assert_int_eq(lrd_machine_pid_namespace(&ns), 0);
	ck_assert_int_eq(lrd_machine_pid_namespace(&again), 0);
	ck_assert_uint_eq(ns, again);
	ck_assert_uint_ne(ns, 0);
}
END_TEST

START_TEST(start_times_tell_processes_apart)
{
	uint64_t mine = 0, childs = 0;
	pid_t pid;

	ck_assert_int_eq(lrd_machine_start_time((uint32_t)getpid(), &mine), 0);
	ck_assert_uint_gt(mine, 0);
	pid = fork();
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(lrd_machine_start_time((uint32_t)pid, &childs), 0);
	ck_assert_uint_ge(childs, mine);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(lrd_machine_start_time((uint32_t)pid, &childs), LARDER_ENOTFOUND);
}
END_TEST

static int run_passes(const char *point)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setenv("LARDER_CRASH_POINT", point, 1);
		LRD_CRASH_POINT("test.one");
		LRD_CRASH_POINT("test.one.more");
		LRD_CRASH_POINT("test.one");
		_exit(5);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(crash_points)
{
#ifdef LARDER_FAULTS
	static const struct {
		const char *point;
		int killed;
	} rows[] = {
		{ "test.one", 1 },      { "test.one:1", 1 },
		{ "test.one:2", 1 },    { "test.one:3", 0 },
		{ "test.one.more", 1 }, { "test.on", 0 },
		{ "test.one.", 0 },     { "", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = run_passes(rows[i].point);

		if (rows[i].killed)
			ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
				      "%s", rows[i].point);
		else
			ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 5, "%s",
				      rows[i].point);
	}
#else
	ck_assert_int_eq(WEXITSTATUS(run_passes("test.one")), 5);
#endif
}
END_TEST

START_TEST(a_broken_invariant_aborts)
{
	int one = 1;

	(void)close(STDERR_FILENO); /* its line is not this test's output */
	lrd_assert(one == 1);
	lrd_assert(one == 2);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("machine");
	TCase *tc = tcase_create("machine");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, ids_are_stable);
	tcase_add_test(tc, start_times_tell_processes_apart);
	tcase_add_test(tc, crash_points);
	if (!getenv("CK_FORK") || strcmp(getenv("CK_FORK"), "no") != 0)
		tcase_add_test_raise_signal(tc, a_broken_invariant_aborts, SIGABRT);
	return suite;
}
