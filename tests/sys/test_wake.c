/* SPDX-License-Identifier: MIT */
/* test_wake.c - stopping one who works or polls, from threads, signal handlers, across forks. */
#include "sys/wake.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check_main.h"

static struct lrd_wake wake;

static void tear_down(void)
{
	lrd_wake_clear(&wake);
	lrd_wake_release(&wake);
}

static int readable(int fd, int ms)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, ms);
}

START_TEST(raising_is_seen_and_heard_until_it_is_cleared)
{
	int fd = lrd_wake_arm(&wake);

	ck_assert_int_gt(fd, 0);
	ck_assert_int_eq(lrd_wake_arm(&wake), fd);
	ck_assert(!lrd_wake_raised(&wake));
	ck_assert_int_eq(readable(fd, 0), 0);
	for (int i = 0; i < 3; i++) {
		errno = EBADMSG;
		lrd_wake_raise(&wake);
		lrd_wake_raise(&wake);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert(lrd_wake_raised(&wake));
		ck_assert_int_eq(readable(fd, 0), 1);
		lrd_wake_clear(&wake);
		ck_assert(!lrd_wake_raised(&wake));
		ck_assert_int_eq(readable(fd, 0), 0);
	}
}
END_TEST

/* Before anybody polled there is no descriptor; the first one knows. */
START_TEST(what_was_raised_before_arming_is_not_lost)
{
	int fd;

	lrd_wake_raise(&wake);
	fd = lrd_wake_arm(&wake);
	ck_assert_int_gt(fd, 0);
	ck_assert_int_eq(readable(fd, 0), 1);
}
END_TEST

/* A write that came behind the clear would else wake every later wait. */
START_TEST(a_late_write_is_taken_back_once_it_was_heard)
{
	int fd = lrd_wake_arm(&wake);

	lrd_wake_raise(&wake);
	atomic_store(&wake.raised, false); /* as a clear does between word and write */
	ck_assert_int_eq(readable(fd, 0), 1);
	lrd_wake_heard(&wake);
	lrd_wake_clear(&wake);
	ck_assert_int_eq(readable(fd, 0), 0);
}
END_TEST

static void *raise_later(void *unused)
{
	(void)unused;
	usleep(10 * 1000);
	lrd_wake_raise(&wake);
	return NULL;
}

START_TEST(another_thread_wakes_a_poll)
{
	int fd = lrd_wake_arm(&wake);
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, raise_later, NULL), 0);
	ck_assert_int_eq(readable(fd, 10000), 1);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void on_alarm(int number)
{
	(void)number;
	lrd_wake_raise(&wake);
}

START_TEST(a_signal_handler_may_raise)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int fd = lrd_wake_arm(&wake);

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(readable(fd, 0), 1);
}
END_TEST

START_TEST(parent_and_child_never_wake_each_other)
{
	int fd = lrd_wake_arm(&wake);
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int wrong = 0;
		int mine;

		lrd_wake_raise(&wake); /* with the parent's descriptor still in hand */
		mine = lrd_wake_arm(&wake);
		wrong |= mine <= 0 || readable(mine, 0) != 1;
		lrd_wake_clear(&wake);
		wrong |= readable(mine, 0) != 0;
		lrd_wake_release(&wake);
		_exit(wrong);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(readable(fd, 0), 0);
	ck_assert(!lrd_wake_raised(&wake));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("sys/wake");
	TCase *tcase = tcase_create("wake");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, raising_is_seen_and_heard_until_it_is_cleared);
	tcase_add_test(tcase, what_was_raised_before_arming_is_not_lost);
	tcase_add_test(tcase, a_late_write_is_taken_back_once_it_was_heard);
	tcase_add_test(tcase, another_thread_wakes_a_poll);
	tcase_add_test(tcase, a_signal_handler_may_raise);
	tcase_add_test(tcase, parent_and_child_never_wake_each_other);
	suite_add_tcase(suite, tcase);
	return suite;
}
