/* SPDX-License-Identifier: MIT */
/* test_fork.c - every fork is noticed, also a raw one; descriptors stay with the parent. */
#include "sys/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check_main.h"

static int status_of(pid_t pid)
{
	int status = -1;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(a_fork_changes_the_number)
{
	uint32_t mine = lrd_fork_generation();
	pid_t pid;

	ck_assert_uint_ne(mine, 0);
	ck_assert_uint_eq(lrd_fork_generation(), mine);
	pid = fork();
	if (pid == 0) {
		uint32_t child = lrd_fork_generation();
		pid_t grandchild;
		int status;

		if (child == mine || child == 0 || child != lrd_fork_generation())
			_exit(1);
		grandchild = fork();
		if (grandchild == 0)
			_exit(lrd_fork_generation() == child ||
			      lrd_fork_generation() == mine);
		(void)waitpid(grandchild, &status, 0);
		_exit(status == 0 && lrd_fork_generation() == child ? 0 : 2);
	}
	ck_assert_int_eq(status_of(pid), 0);
	ck_assert_uint_eq(lrd_fork_generation(), mine);
}
END_TEST

START_TEST(a_raw_clone_is_noticed_too)
{
	uint32_t mine = lrd_fork_generation();
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(lrd_fork_generation() == mine);
	ck_assert_int_eq(status_of(pid), 0);
}
END_TEST

START_TEST(descriptors_are_closed_in_the_child)
{
	int kept = open("/dev/null", O_RDONLY);
	int closed = open("/dev/null", O_RDONLY);
	int forgotten = open("/dev/null", O_RDONLY);
	pid_t pid;

	lrd_fork_guard_lock();
	ck_assert_int_eq(lrd_fork_close_in_child(closed), 0);
	ck_assert_int_eq(lrd_fork_close_in_child(forgotten), 0);
	lrd_fork_forget(forgotten);
	lrd_fork_forget(12345);
	lrd_fork_guard_unlock();
	pid = fork();
	if (pid == 0)
		_exit(fcntl(kept, F_GETFD) < 0 || fcntl(forgotten, F_GETFD) < 0 ||
		      fcntl(closed, F_GETFD) >= 0);
	ck_assert_int_eq(status_of(pid), 0);
	ck_assert_int_ge(fcntl(closed, F_GETFD), 0);
}
END_TEST

static atomic_int stop;

static void *lock_and_unlock(void *arg)
{
	while (!atomic_load(&stop)) {
		lrd_fork_guard_lock();
		lrd_fork_guard_unlock();
	}
	return arg;
}

START_TEST(the_guard_is_free_in_every_child)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, lock_and_unlock, NULL),
				 0);
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			lrd_fork_guard_lock();
			lrd_fork_guard_unlock();
			_exit(0);
		}
		ck_assert_int_eq(status_of(pid), 0);
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("fork");
	TCase *tc = tcase_create("fork");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_fork_changes_the_number);
	tcase_add_test(tc, a_raw_clone_is_noticed_too);
	tcase_add_test(tc, descriptors_are_closed_in_the_child);
	tcase_add_test(tc, the_guard_is_free_in_every_child);
	return suite;
}
