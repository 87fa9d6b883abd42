/* SPDX-License-Identifier: MIT */
/* test_control.c - cancellation and deadlines in every phase, progress, and what is kept. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "session/response.h"
#include "sys/clock.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define OK           "HTTP/1.1 200 OK\r\n"
#define MS           UINT64_C(1000000)

/* ---- a server that takes its time -------------------------------------------------------- */

/* Accepts nobody; with its queue full, new connections are not even made. */
struct wall {
	int listener;
	int fillers[4];
	int filled;
	unsigned port;
};

static void wall_open(struct wall *wall, bool full)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	memset(wall, 0, sizeof(*wall));
	wall->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(wall->listener, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(wall->listener, full ? 0 : 8), 0);
	ck_assert_int_eq(getsockname(wall->listener, (struct sockaddr *)&in, &len), 0);
	wall->port = ntohs(in.sin_port);
	for (; full && wall->filled < 4; wall->filled++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		wall->fillers[wall->filled] = fd;
		if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
			ck_assert_int_eq(errno, EINPROGRESS);
	}
	usleep(20000);
}

static void wall_close(struct wall *wall)
{
	while (wall->filled)
		close(wall->fillers[--wall->filled]);
	close(wall->listener);
}

static char much[8 * 1024 * 1024];

enum place { CONNECT, TLS, SEND, FIRST_BYTE, HEAD, BODY, PLACES };

static const struct {
	const char *name;
	bool full;
	const char *scheme;
	struct lrd_origin_step steps[4];
	uint32_t phase;
	const char *option; /* that limits it */
} places[PLACES] = {
	[CONNECT] = { "connect",
		      true,
		      "http",
		      { { 0 } },
		      LARDER_PHASE_CONNECT,
		      "connect_timeout_ms (300)" },
	[TLS] = { "tls", false, "https", { { 0 } }, LARDER_PHASE_TLS, "tls_timeout_ms (300)" },
	[SEND] = { "send",
		   false,
		   "http",
		   { { 0 } },
		   LARDER_PHASE_SEND,
		   "idle_timeout_ms (300)" },
	[FIRST_BYTE] = { "first byte",
			 false,
			 NULL,
			 { ORIGIN_EXPECT(""), ORIGIN_HOLD },
			 LARDER_PHASE_FIRST_BYTE,
			 "first_byte_timeout_ms (300)" },
	[HEAD] = { "head",
		   false,
		   NULL,
		   { ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-"), ORIGIN_HOLD },
		   LARDER_PHASE_FIRST_BYTE,
		   "idle_timeout_ms (300)" },
	[BODY] = { "body",
		   false,
		   NULL,
		   { ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-Length: 9\r\n\r\nhell"),
		     ORIGIN_HOLD },
		   LARDER_PHASE_BODY,
		   "idle_timeout_ms (300)" },
};

/* A request that stands still at a place. */
struct still {
	enum place at;
	struct wall wall;
	struct lrd_origin *origin;
	const struct lrd_origin_step *scripts[2];
	char url[FIXTURE_URL_MAX];
	larder_request request;
	larder_session *session;
	struct fixture_answer answer;
	uint64_t took_ns;
};

static void still_open(struct still *still, enum place at, larder_options *options)
{
	memset(still, 0, sizeof(*still));
	still->at = at;
	still->request = (larder_request)LARDER_REQUEST_INIT;
	if (places[at].scheme) {
		wall_open(&still->wall, places[at].full);
		ck_assert_int_gt(snprintf(still->url, sizeof(still->url),
					  "%s://127.0.0.1:%u/", places[at].scheme,
					  still->wall.port),
				 0);
	} else {
		still->scripts[0] = places[at].steps;
		still->origin = lrd_origin_new(
			&(struct lrd_origin_options){ .scripts = still->scripts });
		fixture_url(still->url, still->origin, "/");
	}
	still->request.url = still->url;
	if (at == SEND) {
		still->request.method = "PUT";
		still->request.body = lrd_slice_of(much, sizeof(much));
		options->expect_min_bytes = UINT64_MAX;
	}
	still->session = fixture_open_with(options, NULL);
}

static void *still_run(void *arg)
{
	struct still *still = arg;
	uint64_t begin_ns = lrd_clock_mono_ns();

	fixture_send(still->session, &still->request, 0, &still->answer);
	still->took_ns = lrd_clock_mono_ns() - begin_ns;
	return NULL;
}

static void still_close(struct still *still)
{
	fixture_forget(&still->answer);
	larder_session_close(still->session);
	if (places[still->at].scheme)
		wall_close(&still->wall);
	lrd_origin_free(still->origin);
}

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

/* The session goes on as if nothing had been. */
static void expect_usable(larder_session *session)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	for (int i = 0; i < 2; i++) {
		fixture_get(session, fixture_url(url, origin, "/"), &answer);
		ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
		ck_assert_str_eq(answer.body, "hello");
		fixture_forget(&answer);
	}
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
	lrd_origin_free(origin);
}

/* ---- cancellation ------------------------------------------------------------------------ */

START_TEST(another_thread_cancels)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct still still;
	pthread_t thread;

	options.no_retries = 1;
	options.insecure = 1;
	still_open(&still, (enum place)(_i / 2), &options);
	ck_assert_int_eq(pthread_create(&thread, NULL, still_run, &still), 0);
	/* Within the first slice of a sleeping read, or in the poll behind it. */
	usleep(_i % 2 ? 30 * 1000 : 250 * 1000);
	larder_session_cancel(still.session);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_msg(still.answer.rc == LARDER_ECANCELED, "%s: %d %s",
		      places[still.at].name, still.answer.rc, still.answer.err.message);
	ck_assert_uint_eq(still.answer.err.phase, places[still.at].phase);
	ck_assert_ptr_nonnull(strstr(still.answer.err.message, "cancel"));
	ck_assert_uint_lt(still.took_ns, 2000 * MS);
	if (still.origin) {
		/* Its connection is not kept. */
		for (int i = 0; i < 200 && lrd_origin_open(still.origin); i++)
			usleep(5000);
		ck_assert_uint_eq(lrd_origin_open(still.origin), 0);
	}
	expect_usable(still.session);
	still_close(&still);
}
END_TEST

static larder_session *alarmed;

static void on_alarm(int number)
{
	(void)number;
	larder_session_cancel(alarmed);
}

START_TEST(a_signal_handler_cancels)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	larder_options options = LARDER_OPTIONS_INIT;
	struct still still;

	still_open(&still, _i ? BODY : FIRST_BYTE, &options);
	alarmed = still.session;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	alarm(1);
	still_run(&still);
	ck_assert_int_eq(still.answer.rc, LARDER_ECANCELED);
	ck_assert_uint_lt(still.took_ns, 3000 * MS);
	expect_usable(still.session);
	still_close(&still);
}
END_TEST

/* The rule of the race: what comes before larder_send begins is not for it. */
START_TEST(a_cancellation_is_not_kept_for_the_next_request)
{
	larder_session *session = fixture_open(NULL);

	larder_session_cancel(session);
	expect_usable(session);
	larder_session_cancel(session);
	larder_session_cancel(session);
	expect_usable(session);
	larder_session_close(session);
}
END_TEST

/* ... and until then it is for every response that still comes over the network. */
START_TEST(open_responses_are_canceled_too)
{
	static const struct lrd_origin_step steps[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 9\r\n\r\nhello"),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step *const scripts[] = { steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(NULL);
	larder_response *response = NULL;
	char url[FIXTURE_URL_MAX];
	char buf[16];

	ck_assert_int_eq(larder_get(session, fixture_url(url, origin, "/"), &response), 0);
	ck_assert_int_eq(larder_response_read(response, buf, 2), 2);
	larder_session_cancel(session);
	ck_assert_int_eq(larder_response_read(response, buf, 2), LARDER_ECANCELED);
	ck_assert_int_eq(larder_response_error(response)->code, LARDER_ECANCELED);
	ck_assert_uint_eq(larder_response_error(response)->phase, LARDER_PHASE_BODY);
	/* It is the answer for good. */
	ck_assert_int_eq(larder_response_read(response, buf, 2), LARDER_ECANCELED);
	larder_response_free(response);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(waiting_for_another_fetch_is_canceled)
{
	struct still still;
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *other;
	const char *store = lrd_tmpdir_new();
	pthread_t threads[2];
	struct still waiting;

	still_open(&still, FIRST_BYTE, &options);
	larder_session_close(still.session);
	still.session = fixture_open(store);
	other = fixture_open(store);
	waiting = still;
	waiting.session = other;
	ck_assert_int_eq(pthread_create(&threads[0], NULL, still_run, &still), 0);
	ck_assert(lrd_origin_await_requests(still.origin, 1, 5000));
	ck_assert_int_eq(pthread_create(&threads[1], NULL, still_run, &waiting), 0);
	usleep(100 * 1000);
	larder_session_cancel(other);
	ck_assert_int_eq(pthread_join(threads[1], NULL), 0);
	ck_assert_int_eq(waiting.answer.rc, LARDER_ECANCELED);
	ck_assert_uint_eq(waiting.answer.err.phase, LARDER_PHASE_WAIT);
	ck_assert_uint_lt(waiting.took_ns, 2000 * MS);
	ck_assert_uint_eq(lrd_origin_requests(still.origin), 1);
	expect_usable(other);
	larder_session_cancel(still.session);
	ck_assert_int_eq(pthread_join(threads[0], NULL), 0);
	ck_assert_int_eq(still.answer.rc, LARDER_ECANCELED);
	larder_session_close(other);
	still_close(&still);
}
END_TEST

START_TEST(a_child_does_not_cancel_its_parent)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct still still;
	pthread_t thread;
	int status = -1;
	pid_t child;

	/* The descriptor is there before the fork. */
	still_open(&still, FIRST_BYTE, &options);
	expect_usable(still.session);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		larder_session_cancel(still.session);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(pthread_create(&thread, NULL, still_run, &still), 0);
	usleep(300 * 1000);
	larder_session_cancel(still.session);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(still.answer.rc, LARDER_ECANCELED);
	ck_assert_uint_ge(still.took_ns, 250 * MS);
	still_close(&still);
}
END_TEST

/* ---- deadlines --------------------------------------------------------------------------- */

START_TEST(every_phase_has_a_deadline_of_its_own)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct still still;

	options.connect_timeout_ms = _i == CONNECT ? 300 : 20000;
	options.tls_timeout_ms = _i == TLS ? 300 : 20000;
	options.first_byte_timeout_ms = _i == FIRST_BYTE ? 300 : 20000;
	options.idle_timeout_ms = _i == SEND || _i == HEAD || _i == BODY ? 300 : 20000;
	options.insecure = 1;
	still_open(&still, (enum place)_i, &options);
	still_run(&still);
	ck_assert_msg(still.answer.rc == LARDER_ETIMEDOUT, "%s: %d %s", places[_i].name,
		      still.answer.rc, still.answer.err.message);
	ck_assert_uint_eq(still.answer.err.phase, places[_i].phase);
	ck_assert_msg(strstr(still.answer.err.message, places[_i].option) != NULL, "%s",
		      still.answer.err.message);
	ck_assert_uint_ge(still.took_ns, 299 * MS);
	ck_assert_uint_lt(still.took_ns, 5000 * MS);
	expect_usable(still.session);
	still_close(&still);
}
END_TEST

START_TEST(the_total_deadline_is_named_in_every_phase)
{
	larder_options options = LARDER_OPTIONS_INIT;
	struct still still;

	options.insecure = 1;
	still_open(&still, (enum place)_i, &options);
	still.request.total_timeout_ms = 300;
	still_run(&still);
	ck_assert_int_eq(still.answer.rc, LARDER_ETIMEDOUT);
	ck_assert_uint_eq(still.answer.err.phase, places[_i].phase);
	ck_assert_msg(strstr(still.answer.err.message, "total_timeout_ms (300)") != NULL,
		      "%s", still.answer.err.message);
	ck_assert_uint_ge(still.took_ns, 299 * MS);
	ck_assert_uint_lt(still.took_ns, 5000 * MS);
	still_close(&still);
}
END_TEST

/* ---- progress ---------------------------------------------------------------------------- */

struct watcher {
	larder_progress last;
	unsigned calls;
	unsigned cancel_at; /* which call; 0: none */
	uint64_t up_seen;
};

static int watch(const larder_progress *progress, void *ctx)
{
	struct watcher *watcher = ctx;

	ck_assert_uint_ge(progress->size, sizeof(larder_progress));
	ck_assert_uint_ge(progress->uploaded, watcher->last.uploaded);
	ck_assert_uint_ge(progress->downloaded, watcher->last.downloaded);
	if (progress->to_upload >= 0)
		ck_assert_uint_le(progress->uploaded, (uint64_t)progress->to_upload);
	watcher->last = *progress;
	watcher->calls++;
	return watcher->calls == watcher->cancel_at;
}

struct supply {
	size_t left;
};

static ptrdiff_t supply(void *buf, size_t len, void *ctx)
{
	struct supply *at = ctx;
	size_t n = at->left < len ? at->left : len;

	memset(buf, 's', n);
	at->left -= n;
	return (ptrdiff_t)n;
}

static void echo_length(struct lrd_origin_conn *conn,
			const struct lrd_origin_request *request, void *ctx)
{
	(void)ctx;
	(void)request;
	lrd_origin_sendf(conn, OK "Content-Length: 300000\r\n\r\n");
	lrd_origin_send_fill(conn, 300000);
}

/* 0: from memory, 1: by callback, 2: chunked. */
START_TEST(progress_tells_every_byte)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = echo_length });
	larder_request request = LARDER_REQUEST_INIT;
	struct watcher watcher = { .calls = 0 };
	struct supply at = { 200000 };
	larder_session *session = fixture_open(NULL);
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	request.url = fixture_url(url, origin, "/");
	request.method = "PUT";
	request.progress = watch;
	request.progress_ctx = &watcher;
	if (_i == 0) {
		request.body = lrd_slice_of(much, 200000);
	} else {
		request.body_read = supply;
		request.body_ctx = &at;
		request.body_length = _i == 1 ? 200000 : -1;
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_ge(watcher.calls, 2);
	ck_assert_uint_eq(watcher.last.uploaded, 200000);
	ck_assert_int_eq(watcher.last.to_upload, _i == 2 ? -1 : 200000);
	ck_assert_uint_eq(watcher.last.downloaded, 300000);
	ck_assert_int_eq(watcher.last.to_download, 300000);
	fixture_forget(&answer);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* 0: with the first piece sent, 1: in the body, 2: after a second of silence. */
START_TEST(progress_cancels)
{
	static const struct lrd_origin_step silent[] = { ORIGIN_EXPECT(""), ORIGIN_HOLD };
	static const struct lrd_origin_step *const scripts[] = { silent, NULL };
	struct lrd_origin_options behaviour = { .handler = echo_length };
	larder_request request = LARDER_REQUEST_INIT;
	struct watcher watcher = { .cancel_at = 1 };
	larder_session *session = fixture_open(NULL);
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];
	struct lrd_origin *origin;

	if (_i == 2)
		behaviour = (struct lrd_origin_options){ .scripts = scripts };
	origin = lrd_origin_new(&behaviour);
	request.url = fixture_url(url, origin, "/");
	request.progress = watch;
	request.progress_ctx = &watcher;
	if (_i == 0) {
		request.method = "PUT";
		request.body = lrd_slice_of(much, 1000);
	}
	fixture_send(session, &request, 1000, &answer);
	ck_assert_int_eq(answer.rc, LARDER_ECANCELED);
	ck_assert_int_eq(answer.sent, _i == 1 ? 0 : LARDER_ECANCELED);
	ck_assert_uint_eq(watcher.calls, 1);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "progress"));
	expect_usable(session);
	fixture_forget(&answer);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* ---- what is kept ------------------------------------------------------------------------ */

START_TEST(a_response_held_open_keeps_no_receive_buffer)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = echo_length });
	larder_session *session = fixture_open(NULL);
	larder_response *held[4];
	larder_slice body;
	char url[FIXTURE_URL_MAX];

	for (int i = 0; i < COUNT(held); i++) {
		ck_assert_int_eq(
			larder_get(session, fixture_url(url, origin, "/"), &held[i]), 0);
		/* While the body comes it is in use. */
		ck_assert_uint_gt(held[i]->exchange->in.size, 0);
		ck_assert_uint_eq(session->spare_in.size, 0);
		ck_assert_int_eq(larder_response_body(held[i], &body), 0);
		ck_assert_uint_eq(body.len, 300000);
		ck_assert_uint_eq(held[i]->exchange->in.size, 0);
		ck_assert_uint_gt(session->spare_in.size, 0);
	}
	for (int i = 0; i < COUNT(held); i++)
		larder_response_free(held[i]);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/control");
	TCase *tcase = tcase_create("control");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, another_thread_cancels, 0, 2 * PLACES);
	tcase_add_loop_test(tcase, a_signal_handler_cancels, 0, 2);
	tcase_add_test(tcase, a_cancellation_is_not_kept_for_the_next_request);
	tcase_add_test(tcase, open_responses_are_canceled_too);
	tcase_add_test(tcase, waiting_for_another_fetch_is_canceled);
	tcase_add_test(tcase, a_child_does_not_cancel_its_parent);
	tcase_add_loop_test(tcase, every_phase_has_a_deadline_of_its_own, 0, PLACES);
	tcase_add_loop_test(tcase, the_total_deadline_is_named_in_every_phase, 0, PLACES);
	tcase_add_loop_test(tcase, progress_tells_every_byte, 0, 3);
	tcase_add_loop_test(tcase, progress_cancels, 0, 3);
	tcase_add_test(tcase, a_response_held_open_keeps_no_receive_buffer);
	suite_add_tcase(suite, tcase);
	return suite;
}
