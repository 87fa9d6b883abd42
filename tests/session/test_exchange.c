/* SPDX-License-Identifier: MIT */
/* test_exchange.c - what bytes from a server come to, and what becomes of the connection. */
#include "session/exchange.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define OK           "HTTP/1.1 200 OK\r\n"
#define FRESH        "Cache-Control: max-age=600\r\n"

/*
 * One response as bytes, and what the client must make of it. A second request follows: on
 * the same connection the server answers "again", on a new one "fresh".
 */
struct row {
	const char *name;
	const char *method; /* NULL: GET */
	larder_slice wire;
	enum lrd_origin_action then; /* ORIGIN_ACT_EXPECT: serves on */
	int sent;                    /* of larder_send */
	uint32_t status;
	const char *body; /* all of it, or what comes before the error */
	int rc;           /* of reading the body */
	bool reused;
	const char *text; /* in the error's message */
};

#define WIRE(text) LRD_SLICE_INIT(text)
#define ON         ORIGIN_ACT_EXPECT

/* Whole messages: RFC 9112 s6.3, case by case. */
static const struct row framing[] = {
	{ "length", NULL, WIRE(OK "Content-Length: 5\r\n\r\nhello"), ON, 0, 200, "hello",
	  0, true, NULL },
	{ "length 0", NULL, WIRE(OK "Content-Length: 0\r\n\r\n"), ON, 0, 200, "", 0, true,
	  NULL },
	{ "chunked", NULL,
	  WIRE(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
	  ON, 0, 200, "hello", 0, true, NULL },
	{ "chunked, extension", NULL,
	  WIRE(OK "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n"), ON, 0,
	  200, "hello", 0, true, NULL },
	{ "chunked, trailers", NULL,
	  WIRE(OK
	       "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
	  ON, 0, 200, "hello", 0, true, NULL },
	{ "until close", NULL, WIRE(OK "\r\nhello"), ORIGIN_ACT_CLOSE, 0, 200, "hello", 0,
	  false, NULL },
	{ "until close, empty", NULL, WIRE(OK "\r\n"), ORIGIN_ACT_CLOSE, 0, 200, "", 0,
	  false, NULL },
	{ "HEAD", "HEAD", WIRE(OK "Content-Length: 5\r\n\r\n"), ON, 0, 200, "", 0, true,
	  NULL },
	{ "HEAD, chunked", "HEAD", WIRE(OK "Transfer-Encoding: chunked\r\n\r\n"), ON, 0,
	  200, "", 0, true, NULL },
	{ "204", NULL, WIRE("HTTP/1.1 204 No Content\r\n\r\n"), ON, 0, 204, "", 0, true,
	  NULL },
	{ "304", NULL, WIRE("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"), ON, 0,
	  304, "", 0, true, NULL },
	{ "304 with a length", NULL,
	  WIRE("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), ON, 0, 304, "",
	  0, true, NULL },
	{ "404", NULL, WIRE("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), ON,
	  0, 404, "no", 0, true, NULL },
	{ "999 no reason", NULL, WIRE("HTTP/1.1 999 \r\nContent-Length: 2\r\n\r\nno"), ON,
	  0, 999, "no", 0, true, NULL },
	{ "100 before", NULL,
	  WIRE("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 5\r\n\r\nhello"), ON,
	  0, 200, "hello", 0, true, NULL },
	{ "102 and 103 before", NULL,
	  WIRE("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
	       "</a>\r\n\r\n" OK "Content-Length: 5\r\n\r\nhello"),
	  ON, 0, 200, "hello", 0, true, NULL },
	{ "close announced", NULL,
	  WIRE(OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello"), ON, 0, 200,
	  "hello", 0, false, NULL },
	{ "HTTP/1.0", NULL, WIRE("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  0, 200, "hello", 0, false, NULL },
	{ "keep-alive 0", NULL,
	  WIRE(OK "Keep-Alive: timeout=0\r\nContent-Length: 5\r\n\r\nhello"), ON, 0, 200,
	  "hello", 0, false, NULL },
	{ "keep-alive 5", NULL,
	  WIRE(OK "Keep-Alive: max=9, timeout=5\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  0, 200, "hello", 0, true, NULL },
};

/* Bytes behind the end: the answer stands, the connection does not. */
static const struct row excess[] = {
	{ "length", NULL, WIRE(OK FRESH "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200"), ON,
	  0, 200, "hello", 0, false, NULL },
	{ "length 0", NULL, WIRE(OK FRESH "Content-Length: 0\r\n\r\nx"), ON, 0, 200, "",
	  0, false, NULL },
	{ "chunked", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\r\n"),
	  ON, 0, 200, "hello", 0, false, NULL },
	{ "HEAD with a body", "HEAD", WIRE(OK FRESH "Content-Length: 5\r\n\r\nhello"), ON,
	  0, 200, "", 0, false, NULL },
	{ "204 with a body", NULL, WIRE("HTTP/1.1 204 No Content\r\n" FRESH "\r\nhello"),
	  ON, 0, 204, "", 0, false, NULL },
};

#define BADHEAD   "is not HTTP/1.1"
#define BADFRAME  "contradicts itself"
#define LENGTHS   "more than one Content-Length"
#define NOLENGTH  "no number of bytes"
#define BADCODING "Transfer-Encoding that is empty"
#define BADCHUNK  "is not chunked"

/* Over all of these two readers could disagree. */
static const struct row smuggling[] = {
	{ "length and chunked", NULL,
	  WIRE(OK FRESH
	       "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	  ON, LARDER_EPROTO, 0, "", 0, false, BADFRAME },
	{ "chunked and length", NULL,
	  WIRE(OK FRESH
	       "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
	  ON, LARDER_EPROTO, 0, "", 0, false, BADFRAME },
	{ "two lengths", NULL,
	  WIRE(OK FRESH "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), ON,
	  LARDER_EPROTO, 0, "", 0, false, LENGTHS },
	{ "one length twice", NULL,
	  WIRE(OK FRESH "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, LENGTHS },
	{ "list of lengths", NULL, WIRE(OK FRESH "Content-Length: 5, 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, LENGTHS },
	{ "+5", NULL, WIRE(OK FRESH "Content-Length: +5\r\n\r\nhello"), ON, LARDER_EPROTO,
	  0, "", 0, false, NOLENGTH },
	{ "-5", NULL, WIRE(OK FRESH "Content-Length: -5\r\n\r\nhello"), ON, LARDER_EPROTO,
	  0, "", 0, false, NOLENGTH },
	{ "0x5", NULL, WIRE(OK FRESH "Content-Length: 0x5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, NOLENGTH },
	{ "5 5", NULL, WIRE(OK FRESH "Content-Length: 5 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, NOLENGTH },
	{ "no length at all", NULL, WIRE(OK FRESH "Content-Length: \r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, NOLENGTH },
	{ "huge length", NULL,
	  WIRE(OK FRESH "Content-Length: 99999999999999999999\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, NOLENGTH },
	{ "empty transfer-encoding", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: \r\n\r\nhello"), ON, LARDER_EPROTO, 0, "", 0,
	  false, BADCODING },
	{ "chunk size g", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\ng\r\nhello\r\n0\r\n\r\n"), ON,
	  0, 200, "", LARDER_EPROTO, false, BADCHUNK },
	{ "chunk size -1", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n"), ON,
	  0, 200, "", LARDER_EPROTO, false, BADCHUNK },
	{ "chunk size 0x5", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
	  ON, 0, 200, "", LARDER_EPROTO, false, BADCHUNK },
	{ "chunk size wraps", NULL,
	  WIRE(OK FRESH
	       "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n"),
	  ON, 0, 200, "", LARDER_EPROTO, false, BADCHUNK },
	{ "chunk longer than its size", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n"), ON,
	  0, 200, NULL, LARDER_EPROTO, false, BADCHUNK },
	{ "chunk with LF", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n"), ON, 0, 200,
	  "", LARDER_EPROTO, false, BADCHUNK },
	{ "LF only", NULL, WIRE("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "folded line", NULL,
	  WIRE(OK FRESH "X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "blank before colon", NULL, WIRE(OK FRESH "Content-Length : 5\r\n\r\nhello"),
	  ON, LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "NUL in a value", NULL,
	  WIRE(OK FRESH "X: a\0b\r\nContent-Length: 5\r\n\r\nhello"), ON, LARDER_EPROTO,
	  0, "", 0, false, BADHEAD },
	{ "CR in a value", NULL, WIRE(OK FRESH "X: a\rb\r\nContent-Length: 5\r\n\r\nhello"),
	  ON, LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "HTTP/0.9", NULL, WIRE("<html>hello</html>"), ORIGIN_ACT_CLOSE, LARDER_EPROTO,
	  0, "", 0, false, BADHEAD },
	{ "HTTP/2.0", NULL, WIRE("HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "status 20", NULL, WIRE("HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, BADHEAD },
	{ "101", NULL, WIRE("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nhello"), ON,
	  LARDER_EPROTO, 0, "", 0, false, "switches protocols" },
};

/* The connection ends too early. */
static const struct row cut[] = {
	{ "length", NULL, WIRE(OK FRESH "Content-Length: 5000\r\n\r\nhello"),
	  ORIGIN_ACT_CLOSE, 0, 200, "hello", LARDER_ETRUNCATED, false,
	  "cut short after 5 of 5000 bytes" },
	{ "length, reset", NULL, WIRE(OK FRESH "Content-Length: 5000\r\n\r\nhello"),
	  ORIGIN_ACT_RESET, 0, 200, NULL, LARDER_ETRUNCATED, false, "cut short after" },
	{ "length, nothing", NULL, WIRE(OK FRESH "Content-Length: 5000\r\n\r\n"),
	  ORIGIN_ACT_CLOSE, 0, 200, "", LARDER_ETRUNCATED, false,
	  "cut short after 0 of 5000" },
	{ "chunked, in data", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n9\r\nhello"), ORIGIN_ACT_CLOSE,
	  0, 200, "hello", LARDER_ETRUNCATED, false, "cut short after 5 bytes" },
	{ "chunked, no end", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
	  ORIGIN_ACT_CLOSE, 0, 200, "hello", LARDER_ETRUNCATED, false,
	  "cut short after 5 bytes" },
	{ "chunked, in trailers", NULL,
	  WIRE(OK FRESH "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"),
	  ORIGIN_ACT_CLOSE, 0, 200, "hello", LARDER_ETRUNCATED, false,
	  "cut short after 5 bytes" },
	{ "until close, reset", NULL, WIRE(OK FRESH "\r\nhello"), ORIGIN_ACT_RESET, 0,
	  200, NULL, LARDER_ETRUNCATED, false, "cut short after" },
	{ "in the head", NULL, WIRE(OK FRESH "Content-Le"), ORIGIN_ACT_CLOSE,
	  LARDER_ECLOSED, 0, "", 0, false, "response head of http://127.0.0.1" },
	{ "no byte", "POST", WIRE(""), ORIGIN_ACT_CLOSE, LARDER_ECLOSED, 0, "", 0, false,
	  "was not answered" },
};

static void play(const struct row *row, const char *store)
{
	struct lrd_origin_step first[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND_BYTES(row->wire.ptr, row->wire.len),
		{ row->then, "", 0, 0 },
		ORIGIN_SEND(OK "Content-Length: 5\r\n\r\nagain"),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step next[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 5\r\n\r\nfresh"),
		ORIGIN_HOLD,
	};
	const struct lrd_origin_step *const scripts[] = { first, next, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(store);
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	request.method = row->method;
	request.url = fixture_url(url, origin, "/x");
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.sent == row->sent, "%s: send %d: %s", row->name, answer.sent,
		      answer.err.message);
	ck_assert_msg(answer.status == row->status, "%s: %u", row->name, answer.status);
	if (row->sent == 0) {
		ck_assert_msg(answer.rc == row->rc, "%s: body %d: %s", row->name,
			      answer.rc, answer.err.message);
		ck_assert_msg(!row->body || strcmp(answer.body, row->body) == 0, "%s: %s",
			      row->name, answer.body);
	}
	if (row->text)
		ck_assert_msg(strstr(answer.err.message, row->text) != NULL, "%s: %s",
			      row->name, answer.err.message);
	ck_assert_uint_eq(answer.stored, 0);
	fixture_forget(&answer);

	request.method = NULL;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s: then %s", row->name, answer.err.message);
	ck_assert_str_eq(answer.body, row->reused ? "again" : "fresh");
	ck_assert_uint_eq(lrd_origin_connections(origin), row->reused ? 1 : 2);
	ck_assert_uint_eq(lrd_origin_requests(origin), 2);
	fixture_forget(&answer);
	larder_session_close(session);
	lrd_origin_free(origin);
}

START_TEST(test_framing)
{
	play(&framing[_i], NULL);
}
END_TEST

/* With a cache, since none of these may be stored however fresh they claim to be. */
START_TEST(test_excess)
{
	play(&excess[_i], lrd_tmpdir_new());
}
END_TEST

START_TEST(test_smuggling)
{
	play(&smuggling[_i], lrd_tmpdir_new());
}
END_TEST

START_TEST(test_cut)
{
	play(&cut[_i], lrd_tmpdir_new());
}
END_TEST

/* ---- pieces ------------------------------------------------------------------------------ */

/* The same answer however large the buffer is, and however the bytes arrive. */
START_TEST(test_body_in_pieces)
{
	static const size_t pieces[] = { 1, 2, 7, 4096, 65536, 262144, 1048576 };
	static const struct lrd_origin_step length[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 300000\r\n\r\n"),
		ORIGIN_FILL(300000),
		ORIGIN_LOOP,
	};
	static const struct lrd_origin_step chunked[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Transfer-Encoding: chunked\r\n\r\n493e0\r\n"),
		ORIGIN_FILL(300000),
		ORIGIN_SEND("\r\n0\r\n\r\n"),
		ORIGIN_LOOP,
	};
	static const struct lrd_origin_step close[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "\r\n"),
		ORIGIN_FILL(300000),
		ORIGIN_CLOSE,
	};
	static const struct lrd_origin_step *const kinds[] = { length, chunked, close };
	size_t size = pieces[_i];

	for (size_t kind = 0; kind < 3; kind++) {
		const struct lrd_origin_step *scripts[] = { kinds[kind], NULL };
		struct lrd_origin *origin =
			lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
		larder_session *session = fixture_open(NULL);
		larder_request request = LARDER_REQUEST_INIT;
		char url[FIXTURE_URL_MAX];

		request.url = fixture_url(url, origin, "/");
		for (int again = 0; again < 2; again++) {
			struct fixture_answer answer;
			size_t wrong = 0;

			fixture_send(session, &request, size, &answer);
			ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
			ck_assert_uint_eq(answer.len, 300000);
			for (size_t i = 0; i < answer.len; i++)
				wrong += answer.body[i] != lrd_origin_pattern(i);
			ck_assert_uint_eq(wrong, 0);
			fixture_forget(&answer);
		}
		ck_assert_uint_eq(lrd_origin_connections(origin), kind == 2 ? 2 : 1);
		larder_session_close(session);
		lrd_origin_free(origin);
	}
}
END_TEST

START_TEST(test_head_byte_by_byte)
{
	static const char head[] = OK "Content-Length: 5\r\n\r\nhello";
	struct lrd_origin_step steps[2 * sizeof(head) + 2] = { ORIGIN_EXPECT("") };
	const struct lrd_origin_step *scripts[] = { steps, NULL };
	struct lrd_origin *origin;
	larder_session *session = fixture_open(NULL);
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	for (size_t i = 0; i + 1 < sizeof(head); i++) {
		steps[1 + 2 * i] = (struct lrd_origin_step)ORIGIN_SEND_BYTES(head + i, 1);
		steps[2 + 2 * i] = (struct lrd_origin_step)ORIGIN_PAUSE(1);
	}
	origin = lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	fixture_get(session, fixture_url(url, origin, "/"), &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_str_eq(answer.body, "hello");
	fixture_forget(&answer);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* ---- limits and deadlines ---------------------------------------------------------------- */

/* One request to a script; the answer's error must come in time. */
static void ask_once(const struct lrd_origin_step *steps, larder_options *options,
		     struct fixture_answer *answer)
{
	const struct lrd_origin_step *scripts[] = { steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open_with(options, NULL);
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, "/"), answer);
	larder_session_close(session);
	lrd_origin_free(origin);
}

START_TEST(test_head_bombs)
{
	enum { BIG = 400 * 1024 };
	static char line[BIG];
	static char lines[BIG];
	static const struct lrd_origin_step endless[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK),
		ORIGIN_SEND_BYTES(lines, BIG),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step one_line[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "X: "),
		ORIGIN_SEND_BYTES(line, BIG),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step *const bombs[] = { endless, one_line };
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;

	memset(line, 'x', sizeof(line));
	for (size_t i = 0; i + 8 <= sizeof(lines); i += 8)
		memcpy(lines + i, "XX: yy\r\n", 8);
	options.max_fields = _i == 2 ? 100000 : 0; /* then bytes are what is too much */
	options.idle_timeout_ms = 5000;
	ask_once(bombs[_i % 2], &options, &answer);
	ck_assert_msg(answer.sent == LARDER_ELIMIT, "%d %s", answer.sent,
		      answer.err.message);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "max_head_bytes (307200)"));
}
END_TEST

START_TEST(test_large_head_within_limits)
{
	enum { BIG = 290 * 1024 };
	static char lines[BIG];
	static const struct lrd_origin_step steps[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 2\r\n"),
		ORIGIN_SEND_BYTES(lines, BIG),
		ORIGIN_SEND("\r\nhi"),
		ORIGIN_HOLD,
	};
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;

	memset(lines, 'x', sizeof(lines));
	for (size_t i = 0; i + 1024 <= sizeof(lines); i += 1024) {
		memcpy(lines + i, "X: ", 3);
		memcpy(lines + i + 1022, "\r\n", 2);
	}
	ask_once(steps, &options, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_str_eq(answer.body, "hi");
	fixture_forget(&answer);
}
END_TEST

START_TEST(test_endless_interim)
{
	static const struct lrd_origin_step steps[] = {
		ORIGIN_EXPECT(""),
#define TEN(x) x x x x x x x x x x
		ORIGIN_SEND(TEN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
		ORIGIN_SEND(TEN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
		ORIGIN_SEND(TEN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
		ORIGIN_SEND(TEN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
		ORIGIN_HOLD,
	};
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;

	ask_once(steps, &options, &answer);
	ck_assert_int_eq(answer.sent, LARDER_ELIMIT);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "more than 32 interim"));
}
END_TEST

START_TEST(test_body_over_the_limit)
{
	static const struct lrd_origin_step length[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 100001\r\n\r\n"),
		ORIGIN_FILL(100001),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step close[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "\r\n"),
		ORIGIN_FILL(100001),
		ORIGIN_CLOSE,
	};
	static const struct lrd_origin_step *const kinds[] = { length, close };
	larder_options options = LARDER_OPTIONS_INIT;
	struct fixture_answer answer;

	options.max_body_bytes = 100000;
	ask_once(kinds[_i], &options, &answer);
	ck_assert_int_eq(answer.sent, 0);
	ck_assert_int_eq(answer.rc, LARDER_ELIMIT);
	ck_assert_uint_le(answer.len, 100000);
	ck_assert_ptr_nonnull(strstr(answer.err.message, "max_body_bytes is 100000"));
	fixture_forget(&answer);
	options.max_body_bytes = 100001;
	ask_once(kinds[_i], &options, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	fixture_forget(&answer);
}
END_TEST

static const struct {
	const char *name;
	struct lrd_origin_step steps[8];
	uint32_t first_byte_ms;
	uint32_t idle_ms;
	uint32_t total_ms;
	int sent;
	int rc;
	uint32_t phase;
	const char *option;
} slow[] = {
	{ "no first byte",
	  { ORIGIN_EXPECT(""), ORIGIN_HOLD },
	  150,
	  5000,
	  0,
	  LARDER_ETIMEDOUT,
	  0,
	  LARDER_PHASE_FIRST_BYTE,
	  "first_byte_timeout_ms (150)" },
	{ "interim heads do not count as the answer",
	  { ORIGIN_EXPECT(""), ORIGIN_PAUSE(60), ORIGIN_SEND("HTTP/1.1 102 P\r\n\r\n"),
	    ORIGIN_PAUSE(60), ORIGIN_SEND("HTTP/1.1 102 P\r\n\r\n"), ORIGIN_HOLD },
	  250,
	  5000,
	  0,
	  LARDER_ETIMEDOUT,
	  0,
	  LARDER_PHASE_FIRST_BYTE,
	  "first_byte_timeout_ms (250)" },
	{ "head stalls",
	  { ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-"), ORIGIN_HOLD },
	  5000,
	  150,
	  0,
	  LARDER_ETIMEDOUT,
	  0,
	  LARDER_PHASE_FIRST_BYTE,
	  "idle_timeout_ms (150)" },
	{ "body stalls",
	  { ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-Length: 9\r\n\r\nhell"),
	    ORIGIN_HOLD },
	  5000,
	  150,
	  0,
	  0,
	  LARDER_ETIMEDOUT,
	  LARDER_PHASE_BODY,
	  "idle_timeout_ms (150)" },
	{ "total, in the head",
	  { ORIGIN_EXPECT(""), ORIGIN_HOLD },
	  5000,
	  5000,
	  150,
	  LARDER_ETIMEDOUT,
	  0,
	  LARDER_PHASE_FIRST_BYTE,
	  "total_timeout_ms (150)" },
	{ "total, in a dripping body",
	  { ORIGIN_EXPECT(""), ORIGIN_SEND(OK "Content-Length: 9\r\n\r\nh"),
	    ORIGIN_PAUSE(100), ORIGIN_SEND("e"), ORIGIN_PAUSE(100), ORIGIN_SEND("l"),
	    ORIGIN_HOLD },
	  5000,
	  5000,
	  250,
	  0,
	  LARDER_ETIMEDOUT,
	  LARDER_PHASE_BODY,
	  "total_timeout_ms (250)" },
};

START_TEST(test_slow)
{
	larder_options options = LARDER_OPTIONS_INIT;
	uint64_t start_ns = lrd_clock_mono_ns();
	struct fixture_answer answer;
	uint64_t ms;

	options.first_byte_timeout_ms = slow[_i].first_byte_ms;
	options.idle_timeout_ms = slow[_i].idle_ms;
	options.total_timeout_ms = slow[_i].total_ms;
	ask_once(slow[_i].steps, &options, &answer);
	ms = (lrd_clock_mono_ns() - start_ns) / 1000000;
	ck_assert_msg(answer.sent == slow[_i].sent, "%s: %d", slow[_i].name, answer.sent);
	ck_assert_msg(answer.rc == (slow[_i].sent ? slow[_i].sent : slow[_i].rc),
		      "%s: %d", slow[_i].name, answer.rc);
	ck_assert_uint_eq(answer.err.phase, slow[_i].phase);
	ck_assert_msg(strstr(answer.err.message, "timed out: ") != NULL &&
			      strstr(answer.err.message, slow[_i].option) != NULL,
		      "%s", answer.err.message);
	ck_assert_msg(ms >= 100 && ms < 4000, "%s: %u ms", slow[_i].name, (unsigned)ms);
	fixture_forget(&answer);
}
END_TEST

/* ---- dead connections -------------------------------------------------------------------- */

struct upload {
	size_t left;
	size_t most; /* at once */
};

static ptrdiff_t upload_piece(void *buf, size_t len, void *ctx)
{
	struct upload *upload = ctx;
	size_t n = upload->left < upload->most ? upload->left : upload->most;

	if (n > len)
		n = len;
	memset(buf, 'u', n);
	upload->left -= n;
	return (ptrdiff_t)n;
}

/*
 * A connection that was kept dies when the second request has arrived on it: idempotent ones
 * are sent once more, others are not.
 */
static const struct {
	const char *method;
	const char *body;
	size_t upload;
	size_t most;
	int sent;
} dying[] = {
	{ "GET", NULL, 0, 0, 0 },
	{ "HEAD", NULL, 0, 0, 0 },
	{ "OPTIONS", NULL, 0, 0, 0 },
	{ "PUT", "content", 0, 0, 0 },
	{ "DELETE", NULL, 0, 0, 0 },
	{ "PUT", NULL, 1000, 1000, 0 }, /* one piece, still in our hands */
	{ "PUT", NULL, 200000, 50000, LARDER_ECLOSED }, /* pieces that are gone */
	{ "POST", "content", 0, 0, LARDER_ECLOSED },
	{ "PATCH", "content", 0, 0, LARDER_ECLOSED },
	{ "get", NULL, 0, 0, LARDER_ECLOSED },
};

START_TEST(test_kept_connection_dies)
{
	static const struct lrd_origin_step first[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 5\r\n\r\nfirst"),
		ORIGIN_EXPECT(""),
		ORIGIN_CLOSE,
	};
	static const struct lrd_origin_step next[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step *const scripts[] = { first, next, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	struct upload upload = { dying[_i].upload, dying[_i].most };
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, "/"), &answer);
	ck_assert_int_eq(answer.rc, 0);
	fixture_forget(&answer);
	request.method = dying[_i].method;
	request.url = url;
	if (dying[_i].body)
		request.body = lrd_slice_cstr(dying[_i].body);
	if (dying[_i].upload) {
		request.body_read = upload_piece;
		request.body_ctx = &upload;
		request.body_length = -1;
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.sent == dying[_i].sent, "row %d: %d %s", _i, answer.sent,
		      answer.err.message);
	fixture_forget(&answer);
	ck_assert_uint_eq(lrd_origin_connections(origin), dying[_i].sent ? 1 : 2);
	if (dying[_i].sent == 0)
		ck_assert_uint_eq(lrd_origin_requests(origin), 3);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* A new connection that dies costs two more; a POST is sent once. [httplib2: RETRIES] */
START_TEST(test_new_connection_dies)
{
	static const struct lrd_origin_step steps[] = { ORIGIN_EXPECT(""), ORIGIN_CLOSE };
	static const struct lrd_origin_step *const scripts[] = { steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	static const struct {
		const char *method;
		uint32_t retries;
		uint32_t no_retries;
		unsigned requests;
	} rows[] = {
		{ "GET", 0, 0, 3 }, { "GET", 1, 0, 2 },	 { "GET", 5, 0, 6 },
		{ "GET", 0, 1, 1 }, { "POST", 0, 0, 1 }, { "DELETE", 0, 0, 3 },
	};
	larder_options options = LARDER_OPTIONS_INIT;
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	larder_session *session;
	char url[FIXTURE_URL_MAX];

	options.retries = rows[_i].retries;
	options.no_retries = rows[_i].no_retries;
	session = fixture_open_with(&options, NULL);
	request.method = rows[_i].method;
	request.url = fixture_url(url, origin, "/");
	fixture_send(session, &request, 0, &answer);
	ck_assert_int_eq(answer.sent, LARDER_ECLOSED);
	ck_assert_uint_eq(answer.err.phase, LARDER_PHASE_FIRST_BYTE);
	ck_assert_uint_eq(lrd_origin_requests(origin), rows[_i].requests);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* The server closed while idle: found before use, so even a POST goes out, once. */
START_TEST(test_closed_while_idle)
{
	static const struct lrd_origin_step first[] = {
		ORIGIN_EXPECT("GET"),
		ORIGIN_SEND(OK "Content-Length: 5\r\n\r\nfirst"),
		ORIGIN_CLOSE,
	};
	static const struct lrd_origin_step next[] = {
		ORIGIN_EXPECT("POST"),
		ORIGIN_SEND(OK "Content-Length: 4\r\n\r\nnext"),
		ORIGIN_HOLD,
	};
	static const struct lrd_origin_step *const scripts[] = { first, next, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	struct fixture_answer answer;
	char url[FIXTURE_URL_MAX];

	fixture_get(session, fixture_url(url, origin, "/"), &answer);
	fixture_forget(&answer);
	while (lrd_origin_open(origin) > 0)
		usleep(1000);
	request.method = "POST";
	request.url = url;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_str_eq(answer.body, "next");
	fixture_forget(&answer);
	ck_assert_uint_eq(lrd_origin_requests(origin), 2);
	ck_assert_uint_eq(lrd_origin_unexpected(origin), 0);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* A body left unread, and a response freed early, take their connection with them. */
START_TEST(test_unread_body_costs_the_connection)
{
	static const struct lrd_origin_step steps[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 5\r\n\r\nhello"),
		ORIGIN_LOOP,
	};
	static const struct lrd_origin_step *const scripts[] = { steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(NULL);
	larder_response *open = NULL;
	larder_response *other = NULL;
	larder_slice body;
	char url[FIXTURE_URL_MAX];

	fixture_url(url, origin, "/");
	ck_assert_int_eq(larder_get(session, url, &open), 0);
	ck_assert_int_eq(larder_get(session, url, &other), 0); /* beside the first */
	ck_assert_uint_eq(lrd_origin_connections(origin), 2);
	ck_assert_int_eq(larder_response_body(other, &body), 0);
	ck_assert_str_eq(body.ptr, "hello");
	larder_response_free(open); /* its connection is cut off */
	ck_assert_int_eq(larder_get(session, url, &open), 0);
	ck_assert_uint_eq(lrd_origin_connections(origin), 2); /* the other's was kept */
	ck_assert_str_eq(body.ptr, "hello");
	larder_response_free(other);
	larder_session_close(session);
	/* The session is closed; the response is not. */
	ck_assert_int_eq(larder_response_body(open, &body), 0);
	ck_assert_str_eq(body.ptr, "hello");
	larder_response_free(open);
	lrd_origin_free(origin);
}
END_TEST

/* ---- uploads ----------------------------------------------------------------------------- */

START_TEST(test_large_uploads)
{
	enum { SIZE = 3 * 1024 * 1024 };
	static const struct lrd_origin_step steps[] = {
		ORIGIN_EXPECT(""),
		ORIGIN_SEND(OK "Content-Length: 2\r\n\r\nok"),
		ORIGIN_LOOP,
	};
	static const struct lrd_origin_step *const scripts[] = { steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	struct upload upload = { SIZE, 100000 };
	struct fixture_answer answer;
	char *memory = malloc(SIZE);
	char url[FIXTURE_URL_MAX];
	char *seen;

	ck_assert_ptr_nonnull(memory);
	memset(memory, 'u', SIZE);
	request.method = "PUT";
	request.url = fixture_url(url, origin, "/");
	if (_i == 0) {
		request.body = (larder_slice){ memory, SIZE };
	} else {
		request.body_read = upload_piece;
		request.body_ctx = &upload;
		request.body_length = _i == 1 ? SIZE : -1;
	}
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_str_eq(answer.body, "ok");
	fixture_forget(&answer);
	seen = fixture_seen(origin, 0);
	if (_i < 2)
		ck_assert(memcmp(strstr(seen, "\r\n\r\n") + 4, memory, SIZE) == 0);
	else
		ck_assert_ptr_nonnull(strstr(seen, "Transfer-Encoding: chunked\r\n"));
	free(seen);
	free(memory);
	larder_session_close(session);
	lrd_origin_free(origin);
}
END_TEST

/* The answer comes before the upload is over: it counts, the connection does not. */
START_TEST(test_early_answer)
{
	larder_session *session = fixture_open(NULL);
	larder_request request = LARDER_REQUEST_INIT;
	struct upload upload = { 64 * 1024 * 1024, 65536 };
	struct fixture_answer answer;
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	char url[64];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	pid = fork();
	if (pid == 0) {
		static const char reply[] =
			"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";
		char head[4096];
		int fd = accept(listener, NULL, NULL);

		(void)!read(fd, head, sizeof(head));
		(void)!write(fd, reply, sizeof(reply) - 1);
		sleep(10); /* reads no more; ended by the parent */
		_exit(0);
	}
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(address.sin_port));
	request.method = "POST";
	request.url = url;
	request.body_read = upload_piece;
	request.body_ctx = &upload;
	request.body_length = _i ? -1 : 64 * 1024 * 1024;
	fixture_send(session, &request, 0, &answer);
	ck_assert_msg(answer.rc == 0, "%s", answer.err.message);
	ck_assert_uint_eq(answer.status, 413);
	ck_assert_str_eq(answer.body, "big");
	ck_assert_uint_gt(upload.left, 0);
	fixture_forget(&answer);
	larder_session_close(session);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(listener);
}
END_TEST

START_TEST(test_step_names)
{
	ck_assert_str_eq(lrd_step_name(LRD_STEP_COMPOSE), "compose");
	ck_assert_str_eq(lrd_step_name(LRD_STEP_RECEIVE), "receive");
	ck_assert_str_eq(lrd_step_name(LRD_STEP_OVER), "over");
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/exchange");
	TCase *tcase = tcase_create("bytes");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_framing, 0, COUNT(framing));
	tcase_add_loop_test(tcase, test_excess, 0, COUNT(excess));
	tcase_add_loop_test(tcase, test_smuggling, 0, COUNT(smuggling));
	tcase_add_loop_test(tcase, test_cut, 0, COUNT(cut));
	tcase_add_loop_test(tcase, test_body_in_pieces, 0, 7);
	tcase_add_test(tcase, test_head_byte_by_byte);
	tcase_add_test(tcase, test_step_names);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("limits");
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_head_bombs, 0, 3);
	tcase_add_test(tcase, test_large_head_within_limits);
	tcase_add_test(tcase, test_endless_interim);
	tcase_add_loop_test(tcase, test_body_over_the_limit, 0, 2);
	tcase_add_loop_test(tcase, test_slow, 0, COUNT(slow));
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("connections");
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_kept_connection_dies, 0, COUNT(dying));
	tcase_add_loop_test(tcase, test_new_connection_dies, 0, 6);
	tcase_add_test(tcase, test_closed_while_idle);
	tcase_add_test(tcase, test_unread_body_costs_the_connection);
	tcase_add_loop_test(tcase, test_large_uploads, 0, 3);
	tcase_add_loop_test(tcase, test_early_answer, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
