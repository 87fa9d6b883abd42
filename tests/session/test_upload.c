/* SPDX-License-Identifier: MIT */
/* test_upload.c - Expect: 100-continue and trailers, byte for byte as they go over the wire. */
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define MS           UINT64_C(1000000)
#define OK           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- a server that reads heads and bodies apart ------------------------------------------ */

enum act {
	END,       /* closes */
	READ_HEAD, /* up to the empty line */
	READ_BODY, /* `count` bytes */
	READ_END,  /* up to "0 CRLF", fields and the empty line */
	SILENCE,   /* for `count` ms: not a byte may come */
	SEND
};

struct step {
	enum act act;
	const char *text;
	size_t count;
};

enum { CONNECTIONS = 3, GOT_MAX = 4 * 1024 * 1024 };

struct server {
	int listener;
	unsigned port;
	pthread_t thread;
	const struct step *scripts[CONNECTIONS + 1];
	int accepted;
	char *got[CONNECTIONS]; /* everything of that connection */
	size_t len[CONNECTIONS];
	bool broken; /* a byte came in a silence, or the end did */
};

static bool read_one(struct server *server, int at, int fd)
{
	ssize_t n = recv(fd, server->got[at] + server->len[at], 1, 0);

	if (n != 1)
		return false;
	server->len[at]++;
	server->got[at][server->len[at]] = '\0';
	return true;
}

static bool ends_with(struct server *server, int at, size_t from, const char *text)
{
	size_t len = strlen(text);

	return server->len[at] >= from + len &&
	       memcmp(server->got[at] + server->len[at] - len, text, len) == 0;
}

static bool run_step(struct server *server, int at, int fd, const struct step *step)
{
	size_t from = server->len[at];
	char byte;

	switch (step->act) {
	case READ_HEAD:
		while (!ends_with(server, at, from, "\r\n\r\n")) {
			if (!read_one(server, at, fd))
				return false;
		}
		return true;
	case READ_BODY:
		while (server->len[at] < from + step->count) {
			ssize_t n = recv(fd, server->got[at] + server->len[at],
					 from + step->count - server->len[at], 0);

			if (n <= 0)
				return false;
			server->len[at] += (size_t)n;
		}
		return true;
	case READ_END:
		while (!ends_with(server, at, from, "\r\n0\r\n")) {
			if (!read_one(server, at, fd))
				return false;
		}
		while (!ends_with(server, at, from, "\r\n\r\n")) {
			if (!read_one(server, at, fd))
				return false;
		}
		return true;
	case SILENCE:
		usleep((useconds_t)step->count * 1000);
		return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
	case SEND:
		return send(fd, step->text, strlen(step->text), MSG_NOSIGNAL) > 0;
	default:
		return true;
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;

	for (int at = 0; server->scripts[at]; at++) {
		const struct step *step = server->scripts[at];
		int fd = accept(server->listener, NULL, NULL);

		if (fd < 0)
			break;
		server->accepted++;
		for (; step->act != END && !server->broken; step++)
			server->broken = !run_step(server, at, fd, step);
		/* Whatever else comes until the client ends it. */
		shutdown(fd, SHUT_WR);
		while (read_one(server, at, fd))
			;
		close(fd);
	}
	return NULL;
}

static void start(struct server *server, const struct step *first,
		  const struct step *second)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	memset(server, 0, sizeof(*server));
	server->scripts[0] = first;
	server->scripts[1] = second;
	for (int i = 0; i < CONNECTIONS; i++) {
		server->got[i] = calloc(1, GOT_MAX);
		ck_assert_ptr_nonnull(server->got[i]);
	}
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(server->listener, 8), 0);
	ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&in, &len), 0);
	server->port = ntohs(in.sin_port);
	ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	ck_assert_int_eq(pthread_join(server->thread, NULL), 0);
	close(server->listener);
}

static void forget(struct server *server)
{
	for (int i = 0; i < CONNECTIONS; i++)
		free(server->got[i]);
}

static unsigned occurrences(const char *text, const char *what)
{
	unsigned count = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		count++;
	return count;
}

/* ---- Expect ------------------------------------------------------------------------------ */

enum { LARGE = 1536 * 1024, SMALL = 1024 * 1024 };

static char content[LARGE];

static ptrdiff_t supply(void *buf, size_t len, void *ctx)
{
	size_t *at = ctx;
	size_t n = sizeof(content) - *at < len ? sizeof(content) - *at : len;

	memcpy(buf, content + *at, n);
	*at += n;
	return (ptrdiff_t)n;
}

static const struct step continues[] = {
	{ READ_HEAD, NULL, 0 },
	{ SILENCE, NULL, 200 },
	{ SEND, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0 },
	{ SILENCE, NULL, 100 },
	{ SEND, "HTTP/1.1 100 Continue\r\n\r\n", 0 },
	{ READ_BODY, NULL, LARGE },
	{ SEND, OK, 0 },
	{ END, NULL, 0 },
};
static const struct step knows_nothing[] = {
	{ READ_HEAD, NULL, 0 }, { SILENCE, NULL, 150 }, { READ_BODY, NULL, LARGE },
	{ SEND, OK, 0 },        { END, NULL, 0 },
};
static const struct step refuses[] = {
	{ READ_HEAD, NULL, 0 },
	{ SEND, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno", 0 },
	{ END, NULL, 0 },
};
static const struct step will_have_none[] = {
	{ READ_HEAD, NULL, 0 },
	{ SEND, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno", 0 },
	{ END, NULL, 0 },
};
static const struct step plain[] = {
	{ READ_HEAD, NULL, 0 },
	{ READ_BODY, NULL, LARGE },
	{ SEND, OK, 0 },
	{ END, NULL, 0 },
};
static const struct step never_mind[] = {
	{ READ_HEAD, NULL, 0 },
	{ SEND, OK, 0 },
	{ END, NULL, 0 },
};

static const struct {
	const char *name;
	const struct step *first;
	const struct step *second;
	uint32_t wait_ms;
	uint64_t min_bytes;
	uint32_t status;
	unsigned expects; /* in all heads */
	int connections;
	size_t bodies; /* bytes of content that were sent */
} expect_rows[] = {
	{ "100", continues, NULL, 20000, 0, 200, 1, 1, LARGE },
	{ "nothing", knows_nothing, NULL, 250, 0, 200, 1, 1, LARGE },
	{ "413", refuses, NULL, 20000, 0, 413, 1, 1, 0 },
	{ "417", will_have_none, plain, 20000, 0, 200, 1, 2, LARGE },
	{ "a final status", never_mind, NULL, 20000, 0, 200, 1, 1, 0 },
	{ "off", plain, NULL, 20000, UINT64_MAX, 200, 0, 1, LARGE },
	{ "at the limit", plain, NULL, 20000, LARGE, 200, 0, 1, LARGE },
	{ "above it", continues, NULL, 20000, LARGE - 1, 200, 1, 1, LARGE },
};

/* Each from memory and by a callback that cannot go back. */
START_TEST(a_large_body_waits_until_it_is_wanted)
{
	int row = _i / 2;
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	uint64_t begin_ns = lrd_clock_mono_ns();
	struct fixture_answer answer;
	larder_session *session;
	struct server server;
	char url[FIXTURE_URL_MAX];
	size_t at = 0;
	size_t sent = 0;

	memset(content, 'c', sizeof(content));
	start(&server, expect_rows[row].first, expect_rows[row].second);
	options.expect_wait_ms = expect_rows[row].wait_ms;
	options.expect_min_bytes = expect_rows[row].min_bytes;
	session = fixture_open_with(&options, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	request.method = "PUT";
	if (_i % 2) {
		request.body_read = supply;
		request.body_ctx = &at;
		request.body_length = LARGE;
	} else {
		request.body = lrd_slice_of(content, LARGE);
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s: %s", expect_rows[row].name, answer.err.message);
	ck_assert_uint_eq(answer.status, expect_rows[row].status);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 10000 * MS);
	larder_session_close(session);
	stop(&server);
	ck_assert_msg(!server.broken, "%s", expect_rows[row].name);
	ck_assert_int_eq(server.accepted, expect_rows[row].connections);
	for (int i = 0; i < server.accepted; i++) {
		const char *body = strstr(server.got[i], "\r\n\r\n");

		ck_assert_ptr_nonnull(body);
		sent += server.len[i] - (size_t)(body + 4 - server.got[i]);
	}
	ck_assert_msg(sent == expect_rows[row].bodies, "%s: %zu", expect_rows[row].name,
		      sent);
	ck_assert_uint_eq(occurrences(server.got[0], "\r\nExpect: 100-continue\r\n") +
				  occurrences(server.got[1], "\r\nExpect: "),
			  expect_rows[row].expects);
	fixture_forget(&answer);
	forget(&server);
}
END_TEST

START_TEST(small_bodies_and_none_are_not_announced)
{
	static const struct step small[] = {
		{ READ_HEAD, NULL, 0 },
		{ READ_BODY, NULL, SMALL },
		{ SEND, OK, 0 },
		{ END, NULL, 0 },
	};
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = fixture_open(NULL);
	struct fixture_answer answer;
	struct server server;
	char url[FIXTURE_URL_MAX];

	start(&server, _i ? small : never_mind, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	if (_i) {
		request.method = "POST";
		request.body = lrd_slice_of(content, SMALL);
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	larder_session_close(session);
	stop(&server);
	ck_assert(!server.broken);
	ck_assert_ptr_null(strstr(server.got[0], "Expect"));
	fixture_forget(&answer);
	forget(&server);
}
END_TEST

/* ---- trailers ---------------------------------------------------------------------------- */

struct digested {
	unsigned pieces;
	unsigned asked;
	char sum[16];
	larder_field fields[2];
	ptrdiff_t answer; /* what the callback returns, when not 0 */
};

static ptrdiff_t digest_piece(void *buf, size_t len, void *ctx)
{
	struct digested *digested = ctx;

	ck_assert_uint_ge(len, 5);
	if (digested->pieces == 2)
		return 0;
	memcpy(buf, "hello", 5);
	/* Known no sooner than the body is. */
	(void)snprintf(digested->sum, sizeof(digested->sum), "%u", ++digested->pieces);
	digested->fields[0].value = lrd_slice_cstr(digested->sum);
	return 5;
}

static int digest_again(void *ctx)
{
	((struct digested *)ctx)->pieces = 0;
	return 0;
}

static ptrdiff_t digest_fields(const larder_field **fields, void *ctx)
{
	struct digested *digested = ctx;

	digested->asked++;
	*fields = digested->fields;
	return digested->answer ? digested->answer : 2;
}

static void trailing(larder_request *request, struct digested *digested, bool by_callback)
{
	memset(digested, 0, sizeof(*digested));
	digested->fields[0].name = LRD_SLICE("X-Sum");
	digested->fields[1] = (larder_field){ LRD_SLICE("X-Note"), LRD_SLICE("a, b") };
	request->method = "POST";
	request->body_read = digest_piece;
	request->body_rewind = digest_again;
	request->body_ctx = digested;
	request->body_length = -1;
	if (by_callback) {
		request->trailers_fn = digest_fields;
	} else {
		request->trailers = digested->fields;
		request->trailer_count = 2;
	}
}

static const struct step chunked[] = {
	{ READ_HEAD, NULL, 0 },
	{ READ_END, NULL, 0 },
	{ SEND, OK, 0 },
	{ END, NULL, 0 },
};

/* 0: an array, 1: a callback. */
START_TEST(trailers_follow_the_last_chunk)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = fixture_open(NULL);
	struct digested digested;
	struct fixture_answer answer;
	struct server server;
	char url[FIXTURE_URL_MAX];

	start(&server, chunked, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	trailing(&request, &digested, _i);
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	larder_session_close(session);
	stop(&server);
	ck_assert_str_eq(
		strstr(server.got[0], "\r\n\r\n") + 4,
		"5\r\nhello\r\n5\r\nhello\r\n0\r\nX-Sum: 2\r\nX-Note: a, b\r\n\r\n");
	ck_assert_uint_eq(occurrences(server.got[0], "\r\nTrailer: X-Sum\r\n"),
			  _i ? 0 : 1);
	ck_assert_uint_eq(occurrences(server.got[0], "\r\nTrailer: X-Note\r\n"),
			  _i ? 0 : 1);
	ck_assert_uint_eq(digested.asked, _i ? 1 : 0);
	fixture_forget(&answer);
	forget(&server);
}
END_TEST

/* A redirect sends the body again: held by the library, and still in chunks. */
START_TEST(trailers_follow_a_repeated_body)
{
	static const struct step away[] = {
		{ READ_HEAD, NULL, 0 },
		{ READ_END, NULL, 0 },
		{ SEND,
		  "HTTP/1.1 307 T\r\nLocation: /there\r\nContent-Length: 0\r\n"
		  "Connection: close\r\n\r\n",
		  0 },
		{ END, NULL, 0 },
	};
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session;
	struct digested digested;
	struct fixture_answer answer;
	struct server server;
	char url[FIXTURE_URL_MAX];

	options.follow_all_methods = 1;
	session = fixture_open_with(&options, NULL);
	start(&server, away, chunked);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	trailing(&request, &digested, _i);
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 200);
	larder_session_close(session);
	stop(&server);
	ck_assert_ptr_nonnull(strstr(server.got[1], "POST /there HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(
		strstr(server.got[1], "hello\r\n0\r\nX-Sum: 2\r\nX-Note: a, b\r\n\r\n"));
	ck_assert_ptr_null(strstr(server.got[1], "Content-Length"));
	fixture_forget(&answer);
	forget(&server);
}
END_TEST

static const struct {
	const char *name;
	larder_field field;
} forbidden[] = {
	{ "framing", { LRD_SLICE_INIT("Transfer-Encoding"), LRD_SLICE_INIT("x") } },
	{ "length", { LRD_SLICE_INIT("content-length"), LRD_SLICE_INIT("1") } },
	{ "routing", { LRD_SLICE_INIT("Host"), LRD_SLICE_INIT("x") } },
	{ "authentication", { LRD_SLICE_INIT("Authorization"), LRD_SLICE_INIT("x") } },
	{ "content", { LRD_SLICE_INIT("Content-Type"), LRD_SLICE_INIT("x") } },
	{ "control", { LRD_SLICE_INIT("Cache-Control"), LRD_SLICE_INIT("x") } },
	{ "announcement", { LRD_SLICE_INIT("Trailer"), LRD_SLICE_INIT("x") } },
	{ "no token", { LRD_SLICE_INIT("X Y"), LRD_SLICE_INIT("x") } },
	{ "injected name", { LRD_SLICE_INIT("X\r\nY"), LRD_SLICE_INIT("x") } },
	{ "empty name", { LRD_SLICE_INIT(""), LRD_SLICE_INIT("x") } },
	{ "injected value", { LRD_SLICE_INIT("X"), LRD_SLICE_INIT("a\r\nEvil: 1") } },
	{ "NUL", { LRD_SLICE_INIT("X"), LRD_SLICE_INIT("a\0b") } },
};

/* Names of an array before anything is sent; values, and all of a callback's, at the end. */
START_TEST(what_cannot_stand_behind_a_body_is_refused)
{
	int row = _i / 2;
	bool by_callback = _i % 2;
	bool is_value = row >= COUNT(forbidden) - 2;
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = fixture_open(NULL);
	struct digested digested;
	struct fixture_answer answer;
	struct server server;
	char url[FIXTURE_URL_MAX];

	start(&server, chunked, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	trailing(&request, &digested, by_callback);
	digested.fields[1] = forbidden[row].field;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == LARDER_EINVAL, "%s: %d", forbidden[row].name,
		      answer.rc);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "trailers"));
	ck_assert_uint_eq(answer.err.phase, by_callback || is_value
						    ? LARDER_PHASE_SEND
						    : LARDER_PHASE_PREPARE);
	larder_session_close(session);
	stop(&server);
	ck_assert_ptr_null(strstr(server.got[0], "Evil"));
	/* The body never got its end: no server takes it for whole. */
	ck_assert_ptr_null(strstr(server.got[0], "\r\n0\r\n"));
	if (!by_callback && !is_value)
		ck_assert_int_eq(server.accepted, 0);
	forget(&server);
}
END_TEST

START_TEST(trailers_need_chunks)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = fixture_open(NULL);
	struct digested digested;
	struct fixture_answer answer;

	trailing(&request, &digested, false);
	request.url = "http://127.0.0.1:1/";
	switch (_i) {
	case 0:
		request.body_length = 10;
		break;
	case 1:
		request.body_read = NULL;
		request.body_rewind = NULL;
		request.body_length = 0;
		request.body = LRD_SLICE("hello");
		break;
	case 2:
		request.trailers_fn = digest_fields; /* both */
		break;
	default:
		request.trailers = NULL; /* and a count */
		break;
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.rc, LARDER_EINVAL);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_PREPARE);
	larder_session_close(session);
}
END_TEST

static const struct {
	ptrdiff_t returned;
	int rc;
} gave_up[] = {
	{ LARDER_EIO, LARDER_EIO },
	{ PTRDIFF_MIN, LARDER_ECANCELED },
	{ 100000, LARDER_EINVAL },
};

START_TEST(a_callback_may_give_up)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = fixture_open(NULL);
	struct digested digested;
	struct fixture_answer answer;
	struct server server;
	char url[FIXTURE_URL_MAX];

	start(&server, chunked, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/up", server.port);
	request.url = url;
	trailing(&request, &digested, true);
	digested.answer = gave_up[_i].returned;
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.rc, gave_up[_i].rc);
	ck_assert_uint_eq(digested.asked, 1);
	larder_session_close(session);
	stop(&server);
	forget(&server);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/upload");
	TCase *tcase = tcase_create("upload");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_large_body_waits_until_it_is_wanted, 0,
			    2 * COUNT(expect_rows));
	tcase_add_loop_test(tcase, small_bodies_and_none_are_not_announced, 0, 2);
	tcase_add_loop_test(tcase, trailers_follow_the_last_chunk, 0, 2);
	tcase_add_loop_test(tcase, trailers_follow_a_repeated_body, 0, 2);
	tcase_add_loop_test(tcase, what_cannot_stand_behind_a_body_is_refused, 0,
			    2 * COUNT(forbidden));
	tcase_add_loop_test(tcase, trailers_need_chunks, 0, 4);
	tcase_add_loop_test(tcase, a_callback_may_give_up, 0, COUNT(gave_up));
	suite_add_tcase(suite, tcase);
	return suite;
}
