/* SPDX-License-Identifier: MIT */
/* test_custom.c - dialing through a caller's transport, and what becomes of its mistakes. */
#include "transport/custom.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/wake.h"
#include "tests/support/check_main.h"
#include "transport/dial.h"

#define MS UINT64_C(1000000)

/* A transport over a socket pair, whose other end is `peer`. */
struct pair {
	int ours;
	int peer;
	int open_rc;
	ptrdiff_t lie; /* what read and write claim, unless 0 */
	unsigned opened;
	unsigned closed;
	char scheme[8];
	char host[64];
	uint32_t port;
	uint32_t timeout_ms;
	uint32_t longest_wait_ms;
};

static struct pair pair;
static larder_error err;

static int pair_open(const char *scheme, const char *host, uint32_t port,
		     uint32_t timeout_ms, void **conn, void *ctx)
{
	struct pair *at = ctx;
	int fds[2];

	at->opened++;
	at->port = port;
	at->timeout_ms = timeout_ms;
	(void)snprintf(at->scheme, sizeof(at->scheme), "%s", scheme);
	(void)snprintf(at->host, sizeof(at->host), "%s", host);
	if (at->open_rc < 0)
		return at->open_rc;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	at->ours = fds[0];
	at->peer = fds[1];
	*conn = at;
	return 0;
}

static ptrdiff_t pair_read(void *conn, void *buf, size_t len, void *ctx)
{
	struct pair *at = conn;
	ssize_t got;

	ck_assert_ptr_eq(conn, ctx);
	if (at->lie)
		return at->lie;
	got = read(at->ours, buf, len);
	return got < 0 ? LARDER_TRANSPORT_WAIT_READ : got;
}

static ptrdiff_t pair_write(void *conn, const void *buf, size_t len, void *ctx)
{
	struct pair *at = conn;
	ssize_t sent;

	ck_assert_ptr_eq(conn, ctx);
	if (at->lie)
		return at->lie;
	sent = write(at->ours, buf, len < 3 ? len : 3);
	return sent < 0 ? LARDER_TRANSPORT_WAIT_WRITE : sent;
}

static int pair_wait(void *conn, uint32_t events, uint32_t timeout_ms, void *ctx)
{
	struct pair *at = conn;
	struct pollfd one = { .fd = at->ours };

	ck_assert_ptr_eq(conn, ctx);
	if (timeout_ms > at->longest_wait_ms)
		at->longest_wait_ms = timeout_ms;
	if (events & LARDER_TRANSPORT_READABLE)
		one.events |= POLLIN;
	if (events & LARDER_TRANSPORT_WRITABLE)
		one.events |= POLLOUT;
	if (poll(&one, 1, (int)timeout_ms) <= 0)
		return 0;
	return (one.revents & (POLLIN | POLLHUP) ? LARDER_TRANSPORT_READABLE : 0) |
	       (one.revents & POLLOUT ? LARDER_TRANSPORT_WRITABLE : 0);
}

static int pair_fd(void *conn, void *ctx)
{
	ck_assert_ptr_eq(conn, ctx);
	return ((const struct pair *)conn)->ours;
}

static int no_fd(void *conn, void *ctx)
{
	ck_assert_ptr_eq(conn, ctx);
	return -1;
}

static void pair_close(void *conn, void *ctx)
{
	struct pair *at = conn;

	ck_assert_ptr_eq(conn, ctx);
	at->closed++;
	close(at->ours);
}

static larder_transport over_pair(void)
{
	return (larder_transport){
		.size = sizeof(larder_transport),
		.ctx = &pair,
		.open = pair_open,
		.read = pair_read,
		.write = pair_write,
		.wait = pair_wait,
		.close = pair_close,
	};
}

static void set_up(void)
{
	memset(&pair, 0, sizeof(pair));
	memset(&err, 0, sizeof(err));
	pair.peer = -1;
}

static void tear_down(void)
{
	if (pair.peer >= 0)
		close(pair.peer);
	if (pair.open_rc == 0)
		ck_assert_uint_eq(pair.opened, pair.closed);
}

static struct lrd_stream *dial(const larder_transport *transport)
{
	const struct lrd_dial target = {
		.host = "mars.test",
		.port = 81,
		.unix_path = "/nowhere", /* does not matter */
		.transport = transport,
		.connect_timeout_ms = 5000,
	};
	struct lrd_stream *stream = NULL;
	int rc = lrd_dial(&target, &stream, &err);

	ck_assert_msg(rc == 0, "%s", err.message);
	ck_assert_str_eq(pair.scheme, "http");
	ck_assert_str_eq(pair.host, "mars.test");
	ck_assert_uint_eq(pair.port, 81);
	ck_assert_uint_gt(pair.timeout_ms, 0);
	ck_assert_uint_le(pair.timeout_ms, 5000);
	return stream;
}

/* 0: by its own wait, 1: by a descriptor. */
START_TEST(bytes_go_both_ways)
{
	larder_transport transport = over_pair();
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 5000 * MS };
	struct iovec iov[3] = { { (char *)"ab", 2 }, { NULL, 0 }, { (char *)"cdefg", 5 } };
	struct lrd_stream *stream;
	char buf[16];

	if (_i) {
		transport.wait = NULL;
		transport.fd = pair_fd;
	}
	stream = dial(&transport);
	ck_assert_str_eq(stream->host, "mars.test:81");
	ck_assert_int_eq(lrd_stream_write_all(stream, iov, 3, &wait, &err), 0);
	ck_assert_int_eq(read(pair.peer, buf, sizeof(buf)), 7);
	ck_assert_mem_eq(buf, "abcdefg", 7);
	ck_assert_uint_eq(stream->bytes_out, 7);
	ck_assert_int_eq(write(pair.peer, "xyz", 3), 3);
	ck_assert_int_eq(lrd_stream_read(stream, buf, sizeof(buf), &wait, &err), 3);
	ck_assert_mem_eq(buf, "xyz", 3);
	ck_assert(!lrd_stream_alive(stream)); /* it has no alive() */
	close(pair.peer);
	pair.peer = -1;
	ck_assert_int_eq(lrd_stream_read(stream, buf, sizeof(buf), &wait, &err), 0);
	lrd_stream_close(stream);
}
END_TEST

START_TEST(its_own_wait_keeps_deadlines_and_hears_cancellation)
{
	larder_transport transport = over_pair();
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 250 * MS,
				 .phase = LARDER_PHASE_BODY };
	struct lrd_stream *stream = dial(&transport);
	struct lrd_wake wake = { .raised = false };
	char byte;

	ck_assert_int_eq(lrd_stream_read(stream, &byte, 1, &wait, &err), LARDER_ETIMEDOUT);
	ck_assert_uint_ge(lrd_clock_mono_ns(), wait.deadline_ns);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_BODY);
	ck_assert_uint_le(pair.longest_wait_ms, 100);
	wait.deadline_ns = 0;
	wait.wake_fd = lrd_wake_arm(&wake);
	lrd_wake_raise(&wake);
	ck_assert_int_eq(lrd_stream_read(stream, &byte, 1, &wait, &err), LARDER_ECANCELED);
	lrd_wake_release(&wake);
	lrd_stream_close(stream);
}
END_TEST

static const struct {
	int given;
	int expected;
} open_rows[] = {
	{ LARDER_ECONNECT, LARDER_ECONNECT },
	{ LARDER_ETIMEDOUT, LARDER_ETIMEDOUT },
	{ LARDER_ECERT, LARDER_ECERT },
	{ -12345, LARDER_EIO },
	{ -1001, LARDER_EIO },
};

START_TEST(what_open_returns_is_told)
{
	larder_transport transport = over_pair();
	const struct lrd_dial target = { .host = "mars.test",
					 .port = 81,
					 .transport = &transport };
	struct lrd_stream *stream = NULL;

	pair.open_rc = open_rows[_i].given;
	ck_assert_int_eq(lrd_dial(&target, &stream, &err), open_rows[_i].expected);
	ck_assert_ptr_null(stream);
	ck_assert_int_eq(err.code, open_rows[_i].expected);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_CONNECT);
	ck_assert_ptr_nonnull(strstr(err.message, "mars.test:81"));
	ck_assert_uint_eq(pair.closed, 0);
}
END_TEST

START_TEST(one_that_cannot_be_waited_for_is_refused)
{
	larder_transport transport = over_pair();
	const struct lrd_dial target = { .host = "mars.test",
					 .port = 81,
					 .transport = &transport };
	struct lrd_stream *stream = NULL;

	transport.wait = NULL;
	transport.fd = no_fd;
	ck_assert_int_eq(lrd_dial(&target, &stream, &err), LARDER_EINVAL);
	ck_assert_ptr_null(stream);
}
END_TEST

static const struct {
	ptrdiff_t claim;
	int expected;
} lies[] = {
	{ 1000000, LARDER_EINVAL },
	{ LARDER_ECLOSED, LARDER_ECLOSED },
	{ -999999, LARDER_EIO },
	{ PTRDIFF_MIN, LARDER_EIO },
};

START_TEST(claims_that_cannot_be_are_errors)
{
	larder_transport transport = over_pair();
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 5000 * MS };
	struct iovec iov = { (char *)"ab", 2 };
	struct lrd_stream *stream = dial(&transport);
	char buf[16];

	pair.lie = lies[_i].claim;
	ck_assert_int_eq(lrd_stream_write_all(stream, &iov, 1, &wait, &err),
			 lies[_i].expected);
	ck_assert_int_eq(err.code, lies[_i].expected);
	ck_assert_ptr_nonnull(strstr(err.message, "mars.test:81"));
	ck_assert_int_eq(lrd_stream_read(stream, buf, sizeof(buf), &wait, &err),
			 lies[_i].expected);
	lrd_stream_close(stream);
}
END_TEST

START_TEST(what_must_be_there_is_there)
{
	const larder_transport whole = over_pair();
	larder_transport less = whole;

	ck_assert(lrd_custom_valid(&whole));
	less.open = NULL;
	ck_assert(!lrd_custom_valid(&less));
	less = whole;
	less.read = NULL;
	ck_assert(!lrd_custom_valid(&less));
	less = whole;
	less.write = NULL;
	ck_assert(!lrd_custom_valid(&less));
	less = whole;
	less.close = NULL;
	ck_assert(!lrd_custom_valid(&less));
	less = whole;
	less.wait = NULL;
	ck_assert(!lrd_custom_valid(&less));
	less.fd = pair_fd;
	ck_assert(lrd_custom_valid(&less));
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/custom");
	TCase *tcase = tcase_create("custom");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, bytes_go_both_ways, 0, 2);
	tcase_add_test(tcase, its_own_wait_keeps_deadlines_and_hears_cancellation);
	tcase_add_loop_test(tcase, what_open_returns_is_told, 0, ROWS(open_rows));
	tcase_add_test(tcase, one_that_cannot_be_waited_for_is_refused);
	tcase_add_loop_test(tcase, claims_that_cannot_be_are_errors, 0, ROWS(lies));
	tcase_add_test(tcase, what_must_be_there_is_there);
	suite_add_tcase(suite, tcase);
	return suite;
}
