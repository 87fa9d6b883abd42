/* SPDX-License-Identifier: MIT */
/* test_transport.c - requests over connections of the caller's making. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tls_certs.h"
#include "transport/idn.h"

/* ---- a transport: sockets to one port, whatever the host is ------------------------------ */

struct line {
	unsigned port;
	unsigned opened;
	unsigned closed;
	int refuse;                  /* what open returns */
	char asked[FIXTURE_URL_MAX]; /* "scheme host port" of the last open */
};

struct wire {
	struct line *line;
	int fd;
};

static int line_open(const char *scheme, const char *host, uint32_t port,
		     uint32_t timeout_ms, void **conn, void *ctx)
{
	struct line *line = ctx;
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)line->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct wire *wire;

	ck_assert_uint_gt(timeout_ms, 0);
	(void)snprintf(line->asked, sizeof(line->asked), "%s %s %u", scheme, host, port);
	if (line->refuse)
		return line->refuse;
	wire = calloc(1, sizeof(*wire));
	ck_assert_ptr_nonnull(wire);
	wire->line = line;
	wire->fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(wire->fd, (struct sockaddr *)&in, sizeof(in)), 0);
	line->opened++;
	*conn = wire;
	return 0;
}

static ptrdiff_t line_read(void *conn, void *buf, size_t len, void *ctx)
{
	const struct wire *wire = conn;
	ssize_t n = recv(wire->fd, buf, len, MSG_DONTWAIT);

	ck_assert_ptr_eq(wire->line, ctx);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? LARDER_TRANSPORT_WAIT_READ : LARDER_ECLOSED;
}

static ptrdiff_t line_write(void *conn, const void *buf, size_t len, void *ctx)
{
	const struct wire *wire = conn;
	ssize_t n = send(wire->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	ck_assert_ptr_eq(wire->line, ctx);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? LARDER_TRANSPORT_WAIT_WRITE : LARDER_ECLOSED;
}

static int line_wait(void *conn, uint32_t events, uint32_t timeout_ms, void *ctx)
{
	const struct wire *wire = conn;
	struct pollfd one = { .fd = wire->fd };

	ck_assert_ptr_eq(wire->line, ctx);
	ck_assert_uint_le(timeout_ms, 100);
	one.events = (short)((events & LARDER_TRANSPORT_READABLE ? POLLIN : 0) |
			     (events & LARDER_TRANSPORT_WRITABLE ? POLLOUT : 0));
	if (poll(&one, 1, (int)timeout_ms) <= 0)
		return 0;
	return (int)events;
}

static int line_fd(void *conn, void *ctx)
{
	(void)ctx;
	return ((const struct wire *)conn)->fd;
}

static int line_alive(void *conn, void *ctx)
{
	char byte;

	(void)ctx;
	return recv(((const struct wire *)conn)->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <
	       0;
}

static void line_close(void *conn, void *ctx)
{
	struct wire *wire = conn;

	((struct line *)ctx)->closed++;
	close(wire->fd);
	free(wire);
}

static larder_transport over(struct line *line, struct lrd_origin *origin)
{
	larder_transport transport = LARDER_TRANSPORT_INIT;

	memset(line, 0, sizeof(*line));
	line->port = lrd_origin_port(origin);
	transport.ctx = line;
	transport.open = line_open;
	transport.read = line_read;
	transport.write = line_write;
	transport.wait = line_wait;
	transport.close = line_close;
	return transport;
}

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)ctx;
	if (lrd_slice_equal(request->target, LRD_SLICE("/large"))) {
		lrd_origin_sendf(conn,
				 "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n");
		lrd_origin_send_fill(conn, 2000000);
	} else if (lrd_slice_equal(request->target, LRD_SLICE("/slow"))) {
		lrd_origin_pause(conn, 5000);
	} else {
		lrd_origin_reply(conn, "200 OK", NULL, "hello");
	}
}

static void get(larder_session *session, const char *url, size_t len)
{
	struct fixture_answer answer;

	fixture_get(session, url, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(answer.len, len);
	fixture_forget(&answer);
}

/* 0: its own wait; 1: a descriptor; 2: connections that can be kept; 3: a proxy in vain. */
START_TEST(requests_go_over_it)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	larder_options options = LARDER_OPTIONS_INIT;
	struct line line;
	larder_transport transport = over(&line, origin);
	larder_session *session;

	if (_i == 1) {
		transport.wait = NULL;
		transport.fd = line_fd;
	}
	if (_i == 2)
		transport.alive = line_alive;
	if (_i == 3)
		options.proxy = "http://127.0.0.1:1";
	options.transport = &transport;
	session = fixture_open_with(&options, NULL);
	memset(&transport, 0, sizeof(transport)); /* it was copied */
	get(session, "http://no-such-host.invalid:8080/", 5);
	ck_assert_str_eq(line.asked, "http no-such-host.invalid 8080");
	get(session, "http://no-such-host.invalid:8080/large", 2000000);
	get(session, "http://no-such-host.invalid:8080/", 5);
	ck_assert_uint_eq(line.opened, _i == 2 ? 1 : 3);
	larder_session_close(session);
	ck_assert_uint_eq(line.closed, line.opened);
	lrd_origin_free(origin);
}
END_TEST

/* 0: ours above it, 1: its own affair. */
START_TEST(https_is_secured_above_it_or_by_itself)
{
	struct lrd_test_cert_spec spec = { 0 };
	struct lrd_test_cert *authority = lrd_test_ca_new("authority");
	struct lrd_test_cert *leaf = lrd_test_cert_new(&spec, authority);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = _i ? NULL : leaf });
	larder_options options = LARDER_OPTIONS_INIT;
	struct line line;
	larder_transport transport = over(&line, origin);
	larder_session *session;

	transport.secures = (uint32_t)_i;
	options.transport = &transport;
	options.insecure = 1;
	session = fixture_open_with(&options, NULL);
	get(session, "https://localhost/large", 2000000);
	ck_assert_str_eq(line.asked, "https localhost 443");
	larder_session_close(session);
	ck_assert_uint_eq(line.closed, 1);
	lrd_origin_free(origin);
	lrd_test_cert_free(leaf);
	lrd_test_cert_free(authority);
}
END_TEST

/* A connection of one transport is never used for another. */
START_TEST(a_request_may_have_one_of_its_own)
{
	struct lrd_origin *origins[2] = {
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello }),
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello }),
	};
	struct line lines[2];
	larder_transport transports[2] = { over(&lines[0], origins[0]),
					   over(&lines[1], origins[1]) };
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	larder_session *session;

	transports[0].alive = transports[1].alive = line_alive;
	options.transport = &transports[0];
	session = fixture_open_with(&options, NULL);
	request.url = "http://mars.test/";
	for (int i = 0; i < 4; i++) {
		request.transport = i % 2 ? &transports[1] : NULL;
		fixture_send(session, &request, 0, &answer);
		ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
		fixture_forget(&answer);
	}
	ck_assert_uint_eq(lrd_origin_requests(origins[0]), 2);
	ck_assert_uint_eq(lrd_origin_requests(origins[1]), 2);
	ck_assert_uint_eq(lines[0].opened, 1);
	ck_assert_uint_eq(lines[1].opened, 1);
	larder_session_close(session);
	lrd_origin_free(origins[0]);
	lrd_origin_free(origins[1]);
}
END_TEST

/* What people type arrives as names and paths are on the wire. */
START_TEST(international_names_arrive_as_ascii)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	larder_options options = LARDER_OPTIONS_INIT;
	struct line line;
	larder_transport transport = over(&line, origin);
	larder_session *session;

	if (lrd_idn_available()) {
		options.transport = &transport;
		session = fixture_open_with(&options, NULL);
		get(session,
		    "http://B\xc3\xbc"
		    "cher.test/a b/\xc3\xa9",
		    5);
		ck_assert_str_eq(line.asked, "http xn--bcher-kva.test 80");
		ck_assert(lrd_origin_saw(origin, "GET /a%20b/%C3%A9 HTTP/1.1\r\n"
						 "Host: xn--bcher-kva.test\r\n"));
		larder_session_close(session);
	}
	lrd_origin_free(origin);
}
END_TEST

START_TEST(its_failures_are_the_requests)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	larder_options options = LARDER_OPTIONS_INIT;
	struct line line;
	larder_transport transport = over(&line, origin);
	struct fixture_answer answer;
	larder_session *session;

	options.transport = &transport;
	session = fixture_open_with(&options, NULL);
	line.refuse = LARDER_ECONNECT;
	fixture_get(session, "http://mars.test/", &answer);
	ck_assert_int_eq(answer.rc, LARDER_ECONNECT);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_CONNECT);
	ck_assert_str_eq(answer.err.host, "mars.test:80");
	line.refuse = 0;
	get(session, "http://mars.test/", 5);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

static void *cancel_later(void *session)
{
	usleep(200 * 1000);
	larder_session_cancel(session);
	return NULL;
}

/* 0: by its own wait, 1: by a descriptor. */
START_TEST(deadlines_and_cancellation_hold)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	larder_options options = LARDER_OPTIONS_INIT;
	struct line line;
	larder_transport transport = over(&line, origin);
	struct fixture_answer answer;
	larder_session *session;
	pthread_t thread;

	if (_i) {
		transport.wait = NULL;
		transport.fd = line_fd;
	}
	options.transport = &transport;
	options.first_byte_timeout_ms = 600;
	session = fixture_open_with(&options, NULL);
	fixture_get(session, "http://mars.test/slow", &answer);
	ck_assert_int_eq(answer.rc, LARDER_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "first_byte_timeout_ms (600)"));
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, session), 0);
	fixture_get(session, "http://mars.test/slow", &answer);
	ck_assert_int_eq(answer.rc, LARDER_ECANCELED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(line.closed, 2);
	get(session, "http://mars.test/", 5);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(one_that_lacks_a_function_is_refused)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	struct line line;
	larder_transport transport = over(&line, origin);
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = NULL;
	struct fixture_answer answer;
	larder_error err;

	transport.write = NULL;
	options.no_cache = 1;
	options.transport = &transport;
	ck_assert_int_eq(larder_session_open(&options, &session, &err), LARDER_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.message, "transport"));
	session = fixture_open(NULL);
	request.url = "http://mars.test/";
	request.transport = &transport;
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.rc, LARDER_EINVAL);
	transport.write = line_write;
	transport.size = 0;
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.rc, LARDER_EINVAL);
	ck_assert_uint_eq(line.opened, 0);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/transport");
	TCase *tcase = tcase_create("transport");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, requests_go_over_it, 0, 4);
	tcase_add_loop_test(tcase, https_is_secured_above_it_or_by_itself, 0, 2);
	tcase_add_test(tcase, a_request_may_have_one_of_its_own);
	tcase_add_test(tcase, international_names_arrive_as_ascii);
	tcase_add_test(tcase, its_failures_are_the_requests);
	tcase_add_loop_test(tcase, deadlines_and_cancellation_hold, 0, 2);
	tcase_add_test(tcase, one_that_lacks_a_function_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
