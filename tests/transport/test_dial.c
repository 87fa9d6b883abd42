/* SPDX-License-Identifier: MIT */
/* test_dial.c - whole dials: each step's failure by its phase, many of them, and a pool on top. */
#include "transport/dial.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/origin.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"
#include "transport/pool.h"

#define MS UINT64_C(1000000)

static const larder_slice nobody = { NULL, 0 };
static struct lrd_test_cert *ca;
static struct lrd_test_cert *cert;
static struct lrd_tls *tls;
static larder_error err;

static void set_up(void)
{
	static const struct lrd_test_cert_spec spec = { 0 };
	char path[200];
	const struct lrd_tls_options options = { .ca_file = path };

	ca = lrd_test_ca_new("larder test CA");
	cert = lrd_test_cert_new(&spec, ca);
	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "ca.pem");
	lrd_test_cert_write(ca, path, false);
	ck_assert_int_eq(lrd_tls_new(&options, &tls, &err), 0);
	signal(SIGPIPE, SIG_DFL);
}

static void tear_down(void)
{
	lrd_tls_unref(tls);
	lrd_test_cert_free(cert);
	lrd_test_cert_free(ca);
}

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

static struct lrd_origin *origin_new(bool secured)
{
	return lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = secured ? cert : NULL });
}

/* One GET and its answer; 0 or the error met. */
static int exchange(struct lrd_stream *stream)
{
	char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct iovec iov = { request, sizeof(request) - 1 };
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	char buf[1000];
	size_t len = 0;
	int rc = lrd_stream_write_all(stream, &iov, 1, &wait, &err);

	if (rc < 0)
		return rc;
	while (len < 5 || memcmp(buf + len - 5, "hello", 5) != 0) {
		ptrdiff_t got = lrd_stream_read(stream, buf + len, sizeof(buf) - len,
						&wait, &err);

		if (got <= 0)
			return got < 0 ? (int)got : LARDER_ECLOSED;
		len += (size_t)got;
	}
	return 0;
}

START_TEST(dials_and_tells_the_times)
{
	struct lrd_origin *origin = origin_new(_i == 1);
	struct lrd_dial_times times = { 0 };
	struct lrd_stream *stream = NULL;
	const struct lrd_dial dial = {
		.host = "localhost",
		.port = lrd_origin_port(origin),
		.tls = _i == 1 ? tls : NULL,
		.resolve_timeout_ms = 5000,
		.connect_timeout_ms = 5000,
		.tls_timeout_ms = 5000,
		.times = &times,
	};

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	ck_assert_uint_le(times.begin_ns, times.resolved_ns);
	ck_assert_uint_le(times.resolved_ns, times.connected_ns);
	if (_i == 1)
		ck_assert_uint_lt(times.connected_ns, times.secured_ns);
	else
		ck_assert_uint_eq(times.secured_ns, 0);
	ck_assert(!stream->reused);
	ck_assert_int_eq(exchange(stream), 0);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(an_unknown_host_is_named)
{
	struct lrd_stream *stream = NULL;
	const struct lrd_dial dial = { .host = "no-such-host.invalid",
				       .port = 80,
				       .resolve_timeout_ms = 20000 };
	int rc = lrd_dial(&dial, &stream, &err);

	/* Without any network the name server is what is missing. */
	ck_assert_msg(rc == LARDER_ERESOLVE || rc == LARDER_ETIMEDOUT, "%d %s", rc,
		      err.message);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_RESOLVE);
	ck_assert_str_eq(err.host, "no-such-host.invalid:80");
	ck_assert_ptr_nonnull(
		strstr(err.message, "cannot resolve no-such-host.invalid: "));
}
END_TEST

START_TEST(names_that_cannot_be)
{
	char name[400];
	struct lrd_stream *stream = NULL;
	struct lrd_dial dial = { .host = name, .port = 80 };

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ERESOLVE);
	dial.host = NULL;
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ERESOLVE);
	dial.host = "";
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ERESOLVE);
	dial.host = "a";
	dial.unix_path = name;
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	ck_assert_ptr_null(stream);
}
END_TEST

START_TEST(the_whole_deadline_counts_in_every_phase)
{
	static const struct lrd_origin_step silence[] = { ORIGIN_HOLD };
	const struct lrd_origin_step *const scripts[] = { silence, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	uint64_t begin_ns = lrd_clock_mono_ns();
	struct lrd_stream *stream = NULL;
	const struct lrd_dial dial = {
		.host = "127.0.0.1",
		.port = lrd_origin_port(origin),
		.tls = tls,
		.tls_timeout_ms = _i == 0 ? 60 : 60000,
		.deadline_ns = _i == 0 ? 0 : begin_ns + 60 * MS,
	};

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ETIMEDOUT);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_TLS);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 5000 * MS);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(cancelled_during_the_handshake)
{
	static const struct lrd_origin_step silence[] = { ORIGIN_HOLD };
	const struct lrd_origin_step *const scripts[] = { silence, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	struct lrd_stream *stream = NULL;
	const struct lrd_dial dial = {
		.host = "127.0.0.1",
		.port = lrd_origin_port(origin),
		.tls = tls,
		.wake_fd = eventfd(1, EFD_CLOEXEC),
	};

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECANCELED);
	close(dial.wake_fd);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(over_a_unix_socket)
{
	char path[200];
	struct lrd_stream *stream = NULL;
	struct lrd_dial dial = { .host = "origin.test", .port = 80, .unix_path = path };
	struct lrd_origin *origin;

	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "sock");
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	ck_assert_str_eq(err.host, "origin.test:80");
	ck_assert_ptr_nonnull(strstr(err.message, path));
	origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .unix_path = path });
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	ck_assert_int_eq(exchange(stream), 0);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
}
END_TEST

/* A refusal that came while the upload ran into a closed door is not lost with it. */
START_TEST(an_early_answer_survives_a_failed_write)
{
	static const struct lrd_origin_step script[] = {
		ORIGIN_SEND("HTTP/1.1 413 Too Large\r\n\r\n"), ORIGIN_PAUSE(50),
		ORIGIN_CLOSE
	};
	const struct lrd_origin_step *const scripts[] = { script, NULL };
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.scripts = scripts, .cert = _i == 1 ? cert : NULL });
	const struct lrd_dial dial = { .host = "localhost",
				       .port = lrd_origin_port(origin),
				       .tls = _i == 1 ? tls : NULL };
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	static char piece[100000];
	struct iovec iov = { piece, sizeof(piece) };
	struct lrd_stream *stream = NULL;
	char buf[200];
	size_t len = 0;
	ptrdiff_t got;
	int rc;

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	do {
		rc = lrd_stream_write_all(stream, &iov, 1, &wait, &err);
	} while (rc == 0);
	ck_assert_msg(rc == LARDER_ECLOSED, "%d %s", rc, err.message);
	do {
		got = lrd_stream_read(stream, buf + len, sizeof(buf) - len, &wait, &err);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	ck_assert_uint_eq(len, 26);
	ck_assert_mem_eq(buf, "HTTP/1.1 413 Too Large\r\n\r\n", 26);
	ck_assert_msg(got == LARDER_ECLOSED, "%td %s", got, err.message);
	ck_assert_int_eq(lrd_stream_read(stream, buf, 1, &wait, &err), LARDER_ECLOSED);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
}
END_TEST

/* Thousands, good and bad, and the next free descriptor is the same as before. */
START_TEST(many_dials_leave_nothing)
{
	struct lrd_origin *plain = origin_new(false);
	struct lrd_origin *secured = origin_new(true);
	struct lrd_dial dial = { .host = "127.0.0.1", .connect_timeout_ms = 10000 };
	uint16_t closed_port;
	int refusing = lrd_origin_refusing(&closed_port);
	struct lrd_stream *stream = NULL;
	size_t left = 0;
	int probe;

	for (int i = 0; i < 2400; i++) {
		bool refused = i % 4 == 0;
		int rc;

		dial.port = refused ? closed_port : lrd_origin_port(plain);
		dial.tls = NULL;
		/* Fewer with TLS, one of two with the wrong name; they cost a millisecond. */
		if (i % 12 == 1) {
			dial.port = lrd_origin_port(secured);
			dial.tls = tls;
			dial.host = i % 24 == 1 ? "127.0.0.2" : "127.0.0.1";
		}
		rc = lrd_dial(&dial, &stream, &err);
		dial.host = "127.0.0.1";
		if (rc == 0 && i % 3 == 0)
			ck_assert_int_eq(exchange(stream), 0);
		if (rc == 0 && i % 2)
			lrd_stream_close(stream);
		else if (rc == 0)
			lrd_stream_abort(stream);
		if (refused)
			ck_assert_int_eq(rc, LARDER_ECONNECT);
	}
	lrd_origin_free(plain);
	lrd_origin_free(secured);
	close(refusing);
	/* Nothing but the standard ones and what the test's frame opened is left. */
	for (probe = 3; probe < 200; probe++) {
		if (dup2(probe, 250) == 250)
			left++;
	}
	close(250);
	ck_assert_uint_le(left, 8);
}
END_TEST

START_TEST(a_pooled_connection_carries_the_next_request)
{
	struct lrd_origin *origin = origin_new(_i == 1);
	const struct lrd_dial dial = { .host = "localhost",
				       .port = lrd_origin_port(origin),
				       .tls = _i == 1 ? tls : NULL };
	struct lrd_pool *pool = NULL;
	struct lrd_pool_key key;
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(lrd_pool_new(NULL, &pool), 0);
	ck_assert_int_eq(lrd_pool_key_make(&dial, nobody, &key), 0);
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(exchange(stream), 0);
		lrd_pool_put(pool, &key, stream, 0);
		stream = lrd_pool_take(pool, &key);
		ck_assert_ptr_nonnull(stream);
		ck_assert(stream->reused);
	}
	lrd_stream_close(stream);
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
	ck_assert_uint_eq(lrd_origin_requests(origin), 50);
	lrd_pool_free(pool);
	lrd_origin_free(origin);
}
END_TEST

/* Children that use the parent's pool, all at once, while the parent goes on. */
START_TEST(children_make_connections_of_their_own)
{
	enum { CHILDREN = 8, ROUNDS = 20 };
	struct lrd_origin *origin = origin_new(_i == 1);
	const struct lrd_dial dial = { .host = "localhost",
				       .port = lrd_origin_port(origin),
				       .tls = _i == 1 ? tls : NULL };
	struct lrd_pool *pool = NULL;
	struct lrd_pool_key key;
	struct lrd_stream *stream = NULL;
	pid_t children[CHILDREN];
	int gate[2];
	char byte;

	ck_assert_int_eq(lrd_pool_new(NULL, &pool), 0);
	ck_assert_int_eq(lrd_pool_key_make(&dial, nobody, &key), 0);
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	ck_assert_int_eq(exchange(stream), 0);
	lrd_pool_put(pool, &key, stream, 0);
	/*
	 * The origin's threads are in this process: a fork while one of them holds a lock of
	 * malloc or OpenSSL would leave it locked in the child. So all forks come while they
	 * sleep, and the children begin together when the pipe is closed.
	 */
	ck_assert_int_eq(pipe(gate), 0);
	usleep(50000);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0)
			_exit(5);
		stream = lrd_pool_take(pool, &key);
		if (stream)
			_exit(1);
		for (int k = 0; k < ROUNDS; k++) {
			if (!stream && lrd_dial(&dial, &stream, &err) < 0)
				_exit(2);
			if (exchange(stream) < 0)
				_exit(3);
			lrd_pool_put(pool, &key, stream, 0);
			stream = lrd_pool_take(pool, &key);
			if (!stream)
				_exit(4);
		}
		lrd_stream_close(stream);
		lrd_pool_free(pool);
		_exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	for (int k = 0; k < ROUNDS; k++) {
		stream = lrd_pool_take(pool, &key);
		ck_assert_ptr_nonnull(stream);
		ck_assert_int_eq(exchange(stream), 0);
		lrd_pool_put(pool, &key, stream, 0);
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_msg(status == 0, "child %d: status %x", i, (unsigned)status);
	}
	ck_assert_uint_eq(lrd_origin_connections(origin), CHILDREN + 1);
	lrd_pool_free(pool);
	lrd_origin_free(origin);
}
END_TEST

/* One configuration of TLS, its session cache included, used by several threads. */
static void *many_exchanges(void *arg)
{
	const struct lrd_dial *dial = arg;

	for (int i = 0; i < 15; i++) {
		struct lrd_stream *stream = NULL;
		larder_error own;

		if (lrd_dial(dial, &stream, &own) < 0)
			return arg;
		lrd_stream_close(stream);
	}
	return NULL;
}

START_TEST(threads_share_a_tls_configuration)
{
	enum { THREADS = 6 };
	struct lrd_origin *origin = origin_new(true);
	struct lrd_dial dial = { .host = "localhost",
				 .port = lrd_origin_port(origin),
				 .tls = tls };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, many_exchanges, &dial),
				 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	lrd_origin_free(origin);
}
END_TEST

START_TEST(memory_may_fail_anywhere)
{
	struct lrd_origin *origin = origin_new(true);
	struct lrd_failing_alloc fa;
	const larder_allocator allocator = {
		.malloc_fn = lrd_failing_malloc,
		.realloc_fn = lrd_failing_realloc,
		.free_fn = lrd_failing_free,
		.ctx = &fa,
	};
	const struct lrd_dial dial = { .host = "localhost",
				       .port = lrd_origin_port(origin),
				       .tls = tls,
				       .allocator = &allocator };
	size_t calls = 1;

	for (size_t fail_at = 0; fail_at <= calls; fail_at++) {
		struct lrd_stream *stream = NULL;
		int rc;

		lrd_failing_alloc_init(&fa, fail_at);
		rc = lrd_dial(&dial, &stream, &err);
		if (fail_at == 0)
			calls = fa.calls;
		ck_assert_int_eq(rc, fail_at ? LARDER_ENOMEM : 0);
		lrd_stream_close(stream);
		ck_assert_int_eq(fa.live, 0);
	}
	ck_assert_uint_ge(calls, 3);
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/dial");
	TCase *tcase = tcase_create("dial");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 40);
	tcase_add_loop_test(tcase, dials_and_tells_the_times, 0, 2);
	tcase_add_test(tcase, an_unknown_host_is_named);
	tcase_add_test(tcase, names_that_cannot_be);
	tcase_add_loop_test(tcase, the_whole_deadline_counts_in_every_phase, 0, 2);
	tcase_add_test(tcase, cancelled_during_the_handshake);
	tcase_add_test(tcase, over_a_unix_socket);
	tcase_add_loop_test(tcase, an_early_answer_survives_a_failed_write, 0, 2);
	tcase_add_test(tcase, many_dials_leave_nothing);
	tcase_add_loop_test(tcase, a_pooled_connection_carries_the_next_request, 0, 2);
	tcase_add_loop_test(tcase, children_make_connections_of_their_own, 0, 2);
	tcase_add_test(tcase, threads_share_a_tls_configuration);
	tcase_add_test(tcase, memory_may_fail_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}
