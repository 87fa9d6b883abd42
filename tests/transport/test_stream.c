/* SPDX-License-Identifier: MIT */
/* test_stream.c - reading and writing under deadlines, over one end of a real socket pair. */
#include "transport/stream.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "transport/tcp.h"

#define MS UINT64_C(1000000)

static struct lrd_stream *ours;
static int theirs;
static larder_error err;

static void set_up(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(lrd_tcp_take_fd(fds[0], "peer:80", NULL, &ours, &err), 0);
	theirs = fds[1];
}

static void tear_down(void)
{
	lrd_stream_close(ours);
	if (theirs >= 0)
		close(theirs);
}

static struct lrd_wait within(unsigned ms, uint32_t phase)
{
	return (struct lrd_wait){
		.deadline_ns = lrd_clock_mono_ns() + ms * MS,
		.phase = phase,
	};
}

START_TEST(reads_bytes_then_the_end)
{
	struct lrd_wait wait = within(2000, LARDER_PHASE_BODY);
	char buf[16];

	ck_assert_int_eq(write(theirs, "abc", 3), 3);
	ck_assert_int_eq(lrd_stream_read(ours, buf, sizeof(buf), &wait, &err), 3);
	ck_assert_mem_eq(buf, "abc", 3);
	ck_assert_uint_eq(ours->bytes_in, 3);
	close(theirs);
	theirs = -1;
	ck_assert_int_eq(lrd_stream_read(ours, buf, sizeof(buf), &wait, &err), 0);
}
END_TEST

START_TEST(a_silent_peer_meets_the_deadline)
{
	uint64_t begin_ns = lrd_clock_mono_ns();
	struct lrd_wait wait = within(40, LARDER_PHASE_FIRST_BYTE);
	char byte;
	uint64_t took_ns;

	ck_assert_int_eq(lrd_stream_read(ours, &byte, 1, &wait, &err), LARDER_ETIMEDOUT);
	took_ns = lrd_clock_mono_ns() - begin_ns;
	ck_assert_uint_ge(took_ns, 40 * MS);
	ck_assert_uint_lt(took_ns, 2000 * MS);
	ck_assert_int_eq(err.code, LARDER_ETIMEDOUT);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_FIRST_BYTE);
	ck_assert_str_eq(err.host, "peer:80");
	ck_assert_ptr_nonnull(strstr(err.message, "peer:80"));
	/* The stream stays good. */
	ck_assert_int_eq(write(theirs, "x", 1), 1);
	wait = within(2000, LARDER_PHASE_BODY);
	ck_assert_int_eq(lrd_stream_read(ours, &byte, 1, &wait, NULL), 1);
}
END_TEST

START_TEST(a_past_deadline_waits_for_nothing)
{
	struct lrd_wait wait = { .deadline_ns = 1, .phase = LARDER_PHASE_BODY };
	char byte;

	ck_assert_int_eq(lrd_stream_read(ours, &byte, 1, &wait, NULL), LARDER_ETIMEDOUT);
	/* What is there already is read all the same. */
	ck_assert_int_eq(write(theirs, "x", 1), 1);
	ck_assert_int_eq(lrd_stream_read(ours, &byte, 1, &wait, NULL), 1);
}
END_TEST

START_TEST(another_thread_can_wake_it)
{
	int wake = eventfd(0, EFD_CLOEXEC);
	struct lrd_wait wait = { .wake_fd = wake, .phase = LARDER_PHASE_BODY };
	uint64_t one = 1;
	char byte;
	pid_t child = fork();

	if (child == 0) {
		usleep(30000);
		_exit(write(wake, &one, sizeof(one)) != sizeof(one));
	}
	ck_assert_int_eq(lrd_stream_read(ours, &byte, 1, &wait, &err), LARDER_ECANCELED);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_BODY);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	close(wake);
}
END_TEST

START_TEST(a_slow_reader_meets_the_deadline_of_the_writer)
{
	const size_t size = 8 << 20;
	char *big = calloc(1, size);
	struct iovec iov = { .iov_base = big, .iov_len = size };
	struct lrd_wait wait = within(40, LARDER_PHASE_SEND);

	ck_assert_ptr_nonnull(big);
	ck_assert_int_eq(lrd_stream_write_all(ours, &iov, 1, &wait, &err),
			 LARDER_ETIMEDOUT);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_SEND);
	/* Some of it went out, and the count says how much. */
	ck_assert_uint_gt(ours->bytes_out, 0);
	ck_assert_uint_lt(ours->bytes_out, size);
	free(big);
}
END_TEST

START_TEST(a_gone_reader_is_no_signal)
{
	char bytes[] = "abcd";
	struct iovec iov[2] = { { bytes, 2 }, { bytes + 2, 2 } };
	struct lrd_wait wait = within(2000, LARDER_PHASE_SEND);

	signal(SIGPIPE, SIG_DFL);
	close(theirs);
	theirs = -1;
	ck_assert_int_eq(lrd_stream_write_all(ours, iov, 2, &wait, &err), LARDER_ECLOSED);
	ck_assert_int_eq(err.code, LARDER_ECLOSED);
	ck_assert_int_eq(err.os_errno, EPIPE);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_SEND);
	ck_assert_uint_eq(ours->bytes_out, 0);
	/* One failure is the end. */
	ck_assert_int_eq(lrd_stream_write_all(ours, iov, 1, &wait, NULL), LARDER_ECLOSED);
	ck_assert(!lrd_stream_alive(ours));
}
END_TEST

/* More pieces than are copied at once, empty ones among them, read slowly by a child. */
START_TEST(writes_every_piece_in_order)
{
	enum { PIECES = 53, PIECE = 70001 };
	struct iovec iov[PIECES];
	struct lrd_wait wait = within(20000, LARDER_PHASE_SEND);
	size_t total = 0;
	int status;
	pid_t child;

	for (int i = 0; i < PIECES; i++) {
		iov[i].iov_len = i % 5 == 3 ? 0 : PIECE;
		iov[i].iov_base = malloc(PIECE);
		ck_assert_ptr_nonnull(iov[i].iov_base);
		memset(iov[i].iov_base, 'A' + i % 26, PIECE);
		total += iov[i].iov_len;
	}
	child = fork();
	if (child == 0) {
		char buf[5000];
		size_t at = 0;
		ssize_t got;

		while (at < total && (got = read(theirs, buf, sizeof(buf))) > 0) {
			for (ssize_t k = 0; k < got; k++, at++) {
				size_t piece = at / PIECE;

				/* Of five pieces the fourth is empty. */
				piece += (piece + 1) / 4;
				if (buf[k] != (char)('A' + piece % 26))
					_exit(1);
			}
		}
		_exit(at != total);
	}
	ck_assert_int_eq(lrd_stream_write_all(ours, iov, PIECES, &wait, &err), 0);
	ck_assert_uint_eq(ours->bytes_out, total);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	for (int i = 0; i < PIECES; i++)
		free(iov[i].iov_base);
}
END_TEST

START_TEST(reading_now_never_waits)
{
	char byte;

	ck_assert_int_eq(lrd_stream_read_now(ours, &byte, 1, LARDER_PHASE_BODY, &err),
			 LRD_WANT_READ);
	ck_assert_int_eq(write(theirs, "x", 1), 1);
	ck_assert_int_eq(lrd_stream_read_now(ours, &byte, 1, LARDER_PHASE_BODY, &err), 1);
}
END_TEST

static void *answer_later(void *unused)
{
	(void)unused;
	usleep(20 * 1000);
	ck_assert_int_eq(write(theirs, "abc", 3), 3);
	return NULL;
}

START_TEST(reading_soon_sleeps_for_a_slice_at_most)
{
	uint64_t begin_ns = lrd_clock_mono_ns();
	uint64_t took_ns;
	pthread_t thread;
	char buf[8];

	ck_assert_int_eq(lrd_stream_read_soon(ours, buf, sizeof(buf), LARDER_PHASE_BODY,
					      &err),
			 LRD_WANT_READ);
	took_ns = lrd_clock_mono_ns() - begin_ns;
	ck_assert_uint_ge(took_ns, (LRD_STREAM_SLICE_MS - 10) * MS);
	ck_assert_uint_lt(took_ns, 5000 * MS);
	ck_assert_int_eq(pthread_create(&thread, NULL, answer_later, NULL), 0);
	ck_assert_int_eq(lrd_stream_read_soon(ours, buf, sizeof(buf), LARDER_PHASE_BODY,
					      &err),
			 3);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* Nothing of it stays: the next one does not sleep. */
	begin_ns = lrd_clock_mono_ns();
	ck_assert_int_eq(lrd_stream_read_now(ours, buf, sizeof(buf), LARDER_PHASE_BODY,
					     &err),
			 LRD_WANT_READ);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 50 * MS);
}
END_TEST

static void on_signal(int number)
{
	(void)number;
}

static void *interrupt(void *thread)
{
	usleep(20 * 1000);
	ck_assert_int_eq(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
	return NULL;
}

/* A handler may have canceled: the sleeper comes back to look. */
START_TEST(a_signal_ends_reading_soon)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t begin_ns = lrd_clock_mono_ns();
	pthread_t self = pthread_self();
	pthread_t thread;
	char byte;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, interrupt, &self), 0);
	ck_assert_int_eq(lrd_stream_read_soon(ours, &byte, 1, LARDER_PHASE_BODY, &err),
			 LRD_WANT_READ);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, (LRD_STREAM_SLICE_MS - 10) * MS);
}
END_TEST

START_TEST(waits_for_either_direction)
{
	struct lrd_wait wait = within(2000, LARDER_PHASE_SEND);

	ck_assert_int_eq(lrd_stream_wait(ours, LRD_READABLE | LRD_WRITABLE, &wait, &err),
			 LRD_WRITABLE);
	ck_assert_int_eq(write(theirs, "x", 1), 1);
	ck_assert_int_eq(lrd_stream_wait(ours, LRD_READABLE | LRD_WRITABLE, &wait, &err),
			 LRD_READABLE | LRD_WRITABLE);
}
END_TEST

START_TEST(an_idle_stream_is_alive_until_anything_comes)
{
	ck_assert(lrd_stream_alive(ours));
	if (_i == 0) {
		ck_assert_int_eq(write(theirs, "x", 1), 1);
	} else {
		close(theirs);
		theirs = -1;
	}
	ck_assert(!lrd_stream_alive(ours));
}
END_TEST

START_TEST(a_child_can_neither_use_nor_disturb_it)
{
	struct lrd_wait wait = within(2000, LARDER_PHASE_BODY);
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		int wrong = !lrd_stream_inherited(ours) || lrd_stream_alive(ours) ||
			    lrd_stream_write_all(ours, &iov, 1, &wait, NULL) !=
				    LARDER_ECLOSED ||
			    lrd_stream_read(ours, &byte, 1, &wait, NULL) != LARDER_ECLOSED;

		lrd_stream_close(ours);
		_exit(wrong);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(lrd_stream_alive(ours));
	ck_assert_int_eq(lrd_stream_write_all(ours, &iov, 1, &wait, NULL), 0);
	ck_assert_int_eq(read(theirs, &byte, 1), 1);
}
END_TEST

START_TEST(the_earlier_deadline_counts)
{
	uint64_t now_ns = lrd_clock_mono_ns();

	ck_assert_uint_eq(lrd_wait_deadline(0, 0), 0);
	ck_assert_uint_eq(lrd_wait_deadline(5, 0), 5);
	ck_assert_uint_eq(lrd_wait_deadline(now_ns + MS, 60000), now_ns + MS);
	ck_assert_uint_ge(lrd_wait_deadline(0, 1000), now_ns + 1000 * MS);
	ck_assert_uint_lt(lrd_wait_deadline(now_ns + 900000 * MS, 1000),
			  now_ns + 100000 * MS);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/stream");
	TCase *tcase = tcase_create("stream");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, reads_bytes_then_the_end);
	tcase_add_test(tcase, a_silent_peer_meets_the_deadline);
	tcase_add_test(tcase, a_past_deadline_waits_for_nothing);
	tcase_add_test(tcase, another_thread_can_wake_it);
	tcase_add_test(tcase, a_slow_reader_meets_the_deadline_of_the_writer);
	tcase_add_test(tcase, a_gone_reader_is_no_signal);
	tcase_add_test(tcase, writes_every_piece_in_order);
	tcase_add_test(tcase, reading_now_never_waits);
	tcase_add_test(tcase, reading_soon_sleeps_for_a_slice_at_most);
	tcase_add_test(tcase, a_signal_ends_reading_soon);
	tcase_add_test(tcase, waits_for_either_direction);
	tcase_add_loop_test(tcase, an_idle_stream_is_alive_until_anything_comes, 0, 2);
	tcase_add_test(tcase, a_child_can_neither_use_nor_disturb_it);
	tcase_add_test(tcase, the_earlier_deadline_counts);
	suite_add_tcase(suite, tcase);
	return suite;
}
