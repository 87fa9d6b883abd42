/* SPDX-License-Identifier: MIT */
/* test_flight.c - herds of processes in front of a slow origin: who asks it, who waits, how long. */
#include <larder/larder.h>

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { HERD = 50, DELAY_MS = 200 };

static char store[4096];
static struct fixture_remote remote;

/* The path's first letter says what is answered. */
static void slow(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		 void *ctx)
{
	unsigned number = atomic_fetch_add((_Atomic unsigned *)ctx, 1) + 1;
	const char *fields = "Cache-Control: max-age=60\r\n";
	char body[64];

	lrd_origin_pause(conn, DELAY_MS);
	switch (request->target.ptr[1]) {
	case 'n':
		fields = "Cache-Control: no-store\r\n";
		break;
	case 's':
		fields = number == 1 ? "Cache-Control: max-age=1, "
				       "stale-while-revalidate=60\r\n"
				     : "Cache-Control: max-age=60\r\n";
		break;
	case 'l':
		/* Half of the body, and the rest after a while. */
		lrd_origin_sendf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
				       "Cache-Control: max-age=60\r\n\r\n12345");
		lrd_origin_pause(conn, DELAY_MS);
		lrd_origin_sendf(conn, "67890");
		return;
	default:
		break;
	}
	snprintf(body, sizeof(body), "answer %u", number);
	lrd_origin_reply(conn, "200 OK", fields, body);
}

static void set_up(void)
{
	lrd_tmpdir_path(store, sizeof(store), lrd_tmpdir_new(), "store");
	fixture_remote_start(&remote, slow, NULL);
}

static void tear_down(void)
{
	fixture_remote_stop(&remote);
}

static uint64_t now_ms(void)
{
	return lrd_clock_mono_ns() / 1000000;
}

static const char *url_of(const char *path)
{
	static char url[FIXTURE_URL_MAX];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", remote.port, path);
	return url;
}

/* ---- the herd ------------------------------------------------------------------------------ */

struct outcome {
	uint32_t ok;
	uint32_t how;
	uint32_t collapsed;
	uint32_t refresh;
	uint64_t ms; /* of the request, its body read */
};

struct herd {
	pid_t pids[HERD];
	struct outcome *outcomes; /* shared */
	_Atomic unsigned *gate;   /* shared: how many are ready, and one more: go */
	size_t count;
};

static void one_get(const char *url, struct outcome *out, const struct herd *herd)
{
	larder_session *session = fixture_open(store);
	larder_response *response = NULL;
	larder_slice body;
	uint64_t begin;

	if (herd) {
		atomic_fetch_add(herd->gate, 1);
		while (atomic_load(herd->gate) <= herd->count)
			(void)poll(NULL, 0, 1);
	}
	begin = now_ms();
	out->ok = larder_get(session, url, &response) == 0 &&
		  larder_response_body(response, &body) == 0 && body.len > 0 &&
		  larder_response_status(response) == 200;
	out->ms = now_ms() - begin;
	if (response) {
		out->how = larder_response_served(response)->how;
		out->collapsed = larder_response_served(response)->collapsed;
		out->refresh = larder_response_served(response)->refresh;
	}
	larder_response_free(response);
	larder_session_close(session);
}

static void herd_start(struct herd *herd, size_t count, const char *url)
{
	herd->count = count;
	herd->outcomes = mmap(NULL, sizeof(*herd->outcomes) * HERD + sizeof(*herd->gate),
			      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(herd->outcomes, MAP_FAILED);
	herd->gate = (void *)(herd->outcomes + HERD);
	for (size_t i = 0; i < count; i++) {
		herd->pids[i] = fork();
		ck_assert_int_ge(herd->pids[i], 0);
		if (herd->pids[i] == 0) {
			one_get(url, &herd->outcomes[i], herd);
			_exit(0);
		}
	}
}

/* Nobody is left to start: all ask now. */
static void herd_go(struct herd *herd)
{
	while (atomic_load(herd->gate) < herd->count)
		(void)poll(NULL, 0, 1);
	atomic_fetch_add(herd->gate, 1);
}

static void herd_join(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		int status = 0;

		ck_assert_int_eq(waitpid(herd->pids[i], &status, 0), herd->pids[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %x",
			      (unsigned)status);
		ck_assert_msg(herd->outcomes[i].ok, "request %zu failed", i);
	}
}

static void herd_end(struct herd *herd)
{
	munmap(herd->outcomes, sizeof(*herd->outcomes) * HERD + sizeof(*herd->gate));
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The time that the p-th part of the herd needed. */
static uint64_t quantile(const struct herd *herd, double p)
{
	uint64_t ms[HERD];

	for (size_t i = 0; i < herd->count; i++)
		ms[i] = herd->outcomes[i].ms;
	qsort(ms, herd->count, sizeof(ms[0]), by_value);
	return ms[(size_t)(p * (double)(herd->count - 1))];
}

static unsigned collapsed(const struct herd *herd)
{
	unsigned n = 0;

	for (size_t i = 0; i < herd->count; i++)
		n += herd->outcomes[i].collapsed;
	return n;
}

/* The bounds on time are wide: sanitizers and busy machines; the benchmark has the figures. */

START_TEST(cold)
{
	struct herd herd;

	herd_start(&herd, HERD, url_of("/cold"));
	herd_go(&herd);
	herd_join(&herd);
	ck_assert_uint_eq(atomic_load(remote.requests), 1);
	ck_assert_uint_eq(collapsed(&herd), HERD - 1);
	ck_assert_uint_lt(quantile(&herd, 1.0), 5 * DELAY_MS);
	herd_end(&herd);
}
END_TEST

START_TEST(stale_while_one_refreshes)
{
	larder_session *session = fixture_open(store);
	struct fixture_answer answer;
	unsigned refreshes = 0;
	struct herd herd;

	fixture_get(session, url_of("/swr"), &answer);
	fixture_forget(&answer);
	(void)poll(NULL, 0, 2100);
	herd_start(&herd, HERD, url_of("/swr"));
	herd_go(&herd);
	herd_join(&herd);
	for (size_t i = 0; i < herd.count; i++)
		refreshes += herd.outcomes[i].refresh;
	ck_assert_uint_eq(refreshes, 1);
	ck_assert_uint_lt(quantile(&herd, 0.5), DELAY_MS / 2);
	/* Closing the session gave the refresh the time it needed. */
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	fixture_get(session, url_of("/swr"), &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	ck_assert_str_eq(answer.body, "answer 2");
	fixture_forget(&answer);
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

START_TEST(uncacheable)
{
	larder_session *session = fixture_open(store);
	struct fixture_answer answer;
	struct herd herd;

	/* One learns it for all. */
	fixture_get(session, url_of("/no"), &answer);
	fixture_forget(&answer);
	herd_start(&herd, HERD, url_of("/no"));
	herd_go(&herd);
	herd_join(&herd);
	ck_assert_uint_eq(atomic_load(remote.requests), 1 + HERD);
	ck_assert_uint_eq(collapsed(&herd), 0);
	/* Nobody waited for another before it asked. */
	ck_assert_uint_lt(quantile(&herd, 0.5), 2 * DELAY_MS);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

/* ---- owners in trouble ------------------------------------------------------------------------ */

/* A process that asks first, and by now has the flight. */
static pid_t start_owner(const char *path)
{
	pid_t pid = fork();
	unsigned before = atomic_load(remote.requests);

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_session *session = fixture_open(store);
		larder_request request = LARDER_REQUEST_INIT;
		struct fixture_answer answer;

		request.url = url_of(path);
		fixture_send(session, &request, 0, &answer);
		fixture_forget(&answer);
		larder_session_close(session);
		_exit(0);
	}
	while (atomic_load(remote.requests) == before)
		(void)poll(NULL, 0, 1);
	return pid;
}

START_TEST(owner_killed)
{
	/* Whoever is there before keeps the table of leases from being made anew. */
	larder_session *session = fixture_open(store);
	struct herd herd;
	pid_t owner;

	herd_start(&herd, HERD - 1, url_of("/cold"));
	while (atomic_load(herd.gate) < herd.count)
		(void)poll(NULL, 0, 1);
	owner = start_owner("/cold");
	herd_go(&herd);
	(void)poll(NULL, 0, DELAY_MS / 2);
	ck_assert_int_eq(kill(owner, SIGKILL), 0);
	herd_join(&herd);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	ck_assert_uint_lt(quantile(&herd, 1.0), 6 * DELAY_MS);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

/* It lives, and does nothing: its lease bounds how long the others believe in it. */
START_TEST(owner_stopped)
{
	larder_session *session = fixture_open(store);
	struct herd herd;
	pid_t owner;

	herd_start(&herd, 10, url_of("/cold"));
	owner = start_owner("/cold");
	ck_assert_int_eq(kill(owner, SIGSTOP), 0);
	herd_go(&herd);
	herd_join(&herd);
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	ck_assert_uint_ge(quantile(&herd, 0.0), 1000);
	ck_assert_uint_lt(quantile(&herd, 1.0), 9000);
	ck_assert_int_eq(kill(owner, SIGCONT), 0);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

/* The user reads half of the body and frees the response. */
START_TEST(owner_gives_up)
{
	larder_session *session = fixture_open(store);
	larder_response *response = NULL;
	struct herd herd;
	char half[5];

	/* Before the response: a child does not wait for what its parent has open. */
	herd_start(&herd, 10, url_of("/long"));
	ck_assert_int_eq(larder_get(session, url_of("/long"), &response), 0);
	ck_assert_int_gt(larder_response_read(response, half, sizeof(half)), 0);
	herd_go(&herd);
	(void)poll(NULL, 0, 50);
	larder_response_free(response);
	herd_join(&herd);
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

/* Who reads slowly is not waited for as long as he reads. */
START_TEST(owner_reads_slowly)
{
	larder_session *session = fixture_open(store);
	larder_response *response = NULL;
	larder_slice rest;
	struct herd herd;
	char half[5];

	/* Before the response: a child does not wait for what its parent has open. */
	herd_start(&herd, 10, url_of("/long"));
	ck_assert_int_eq(larder_get(session, url_of("/long"), &response), 0);
	ck_assert_int_gt(larder_response_read(response, half, sizeof(half)), 0);
	herd_go(&herd);
	herd_join(&herd);
	ck_assert_uint_eq(atomic_load(remote.requests), 2);
	ck_assert_uint_lt(quantile(&herd, 1.0), 5000);
	ck_assert_int_eq(larder_response_body(response, &rest), 0);
	/* Its answer is the older one by now. */
	ck_assert_str_eq(rest.ptr, "67890");
	larder_response_free(response);
	larder_session_close(session);
	herd_end(&herd);
}
END_TEST

/* The same thread asks again while it has the first answer open. */
START_TEST(nested)
{
	larder_session *session = fixture_open(store), *other = fixture_open(store);
	larder_response *first = NULL, *second = NULL, *third = NULL;
	larder_slice body;
	uint64_t begin = now_ms();

	ck_assert_int_eq(larder_get(session, url_of("/long"), &first), 0);
	ck_assert_int_eq(larder_get(session, url_of("/long"), &second), 0);
	ck_assert_int_eq(larder_get(other, url_of("/long"), &third), 0);
	ck_assert_uint_lt(now_ms() - begin, 2000);
	ck_assert_int_eq(larder_response_body(third, &body), 0);
	ck_assert_str_eq(body.ptr, "1234567890");
	ck_assert_int_eq(larder_response_body(first, &body), 0);
	ck_assert_str_eq(body.ptr, "1234567890");
	larder_response_free(first);
	larder_response_free(second);
	larder_response_free(third);
	larder_session_close(session);
	larder_session_close(other);
}
END_TEST

/* Waiting counts towards the request's own time. */
START_TEST(waiting_is_on_the_clock)
{
	larder_session *session = fixture_open(store);
	pid_t owner = start_owner("/cold");
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	uint64_t begin = now_ms();

	ck_assert_int_eq(kill(owner, SIGSTOP), 0);
	request.url = url_of("/cold");
	request.total_timeout_ms = 300;
	ck_assert_int_eq(larder_send(session, &request, &response), LARDER_ETIMEDOUT);
	ck_assert_uint_lt(now_ms() - begin, 2000);
	ck_assert_int_eq(kill(owner, SIGCONT), 0);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
	larder_session_close(session);
}
END_TEST

/* ---- refreshing ---------------------------------------------------------------------------------- */

/* The child of a process that has refreshed does so itself, and the parent goes on. */
START_TEST(refresh_after_fork)
{
	larder_session *session = fixture_open(store);
	struct fixture_answer answer;
	int status = 0;
	pid_t pid;

	fixture_get(session, url_of("/swr"), &answer);
	fixture_forget(&answer);
	(void)poll(NULL, 0, 2100);
	fixture_get(session, url_of("/swr"), &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_STALE);
	fixture_forget(&answer);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fixture_get(session, url_of("/sub"), &answer);
		larder_session_close(session);
		_exit(answer.rc == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	larder_session_close(session);
	session = fixture_open(store);
	fixture_get(session, url_of("/swr"), &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_FRESH);
	fixture_forget(&answer);
	larder_session_close(session);
}
END_TEST

/* A refresh that hangs does not hold up the end of the session for long. */
START_TEST(refresh_is_cut_off)
{
	larder_session *session = fixture_open(store);
	struct fixture_answer answer;
	uint64_t begin;

	fixture_get(session, url_of("/swr"), &answer);
	fixture_forget(&answer);
	(void)poll(NULL, 0, 2100);
	ck_assert_int_eq(kill(remote.pid, SIGSTOP), 0);
	begin = now_ms();
	fixture_get(session, url_of("/swr"), &answer);
	ck_assert_uint_eq(answer.how, LARDER_HOW_STALE);
	ck_assert_uint_lt(now_ms() - begin, 500);
	fixture_forget(&answer);
	larder_session_close(session);
	ck_assert_uint_lt(now_ms() - begin, 3000);
	ck_assert_int_eq(kill(remote.pid, SIGCONT), 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/flight");
	TCase *tcase = tcase_create("flight");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, cold);
	tcase_add_test(tcase, stale_while_one_refreshes);
	tcase_add_test(tcase, uncacheable);
	tcase_add_test(tcase, owner_killed);
	tcase_add_test(tcase, owner_stopped);
	tcase_add_test(tcase, owner_gives_up);
	tcase_add_test(tcase, owner_reads_slowly);
	tcase_add_test(tcase, nested);
	tcase_add_test(tcase, waiting_is_on_the_clock);
	tcase_add_test(tcase, refresh_after_fork);
	tcase_add_test(tcase, refresh_is_cut_off);
	suite_add_tcase(suite, tcase);
	return suite;
}
