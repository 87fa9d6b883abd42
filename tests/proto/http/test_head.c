/* SPDX-License-Identifier: MIT */
/* test_head.c - heads read at every cut, and each way in which they are not HTTP. */
#include "proto/http/head.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/splits.h"

static const struct lrd_head_limits roomy = { 1000, 4000, 20 };

struct expected {
	enum lrd_head_kind kind;
	const struct lrd_head_limits *limits;
	ptrdiff_t result; /* bytes, or an error, or LRD_PARTIAL */
	const char *dump;
};

/* All of a head that was read, in one line. */
static void dump(const struct lrd_head *head, char *out, size_t size)
{
	struct lrd_field_view view = lrd_fields_view(&head->fields);

	if (head->kind == LRD_HEAD_RESPONSE)
		snprintf(out, size, "1.%d %d [%s]", head->minor, head->status,
			 head->reason.ptr);
	else
		snprintf(out, size, "1.%d %s [%s]", head->minor, head->method.ptr,
			 head->target.ptr);
	for (size_t i = 0; i < view.count; i++) {
		size_t used = strlen(out);

		snprintf(out + used, size - used, " %s=%s", view.at[i].name.ptr,
			 view.at[i].value.ptr);
	}
}

/* The bytes gathered so far lie against a guard page and move with each piece. */
static void feed(const struct lrd_piece *pieces, size_t count, const char *how, void *ctx)
{
	const struct expected *expected = ctx;
	struct lrd_buf in;
	struct lrd_head head;
	ptrdiff_t result = LRD_PARTIAL;
	char text[500];

	lrd_buf_init(&in, 1 << 20, NULL);
	lrd_head_init(&head, expected->kind, expected->limits, NULL);
	for (size_t i = 0; i < count; i++) {
		char *copy;

		ck_assert_int_eq(lrd_buf_append(&in, pieces[i].ptr, pieces[i].len), 0);
		copy = lrd_guard_alloc(in.ptr, in.len);
		result = lrd_head_read(&head, lrd_slice_of(copy, in.len));
		/* Sticky: an error stays, and so does the end. */
		if (result != LRD_PARTIAL)
			ck_assert_int_eq(lrd_head_read(&head, lrd_slice_of(copy, in.len)),
					 result);
		lrd_guard_free(copy, in.len);
	}
	ck_assert_msg(result == expected->result, "%s: %td, not %td", how, result,
		      expected->result);
	if (result > 0) {
		dump(&head, text, sizeof(text));
		ck_assert_msg(strcmp(text, expected->dump) == 0, "%s: %s", how, text);
	}
	lrd_head_release(&head);
	lrd_buf_release(&in);
}

#define RESPONSE "HTTP/1.1 200 OK\r\n"
#define REQUEST  "GET / HTTP/1.1\r\n"

static const struct {
	const char *text, *dump;
} responses[] = {
	{ RESPONSE "\r\n", "1.1 200 [OK]" },
	{ "HTTP/1.0 404 Not  Found \r\n\r\n", "1.0 404 [Not  Found ]" },
	{ "HTTP/1.7 200 OK\r\n\r\n", "1.1 200 [OK]" },
	{ "HTTP/1.1 200 \r\n\r\n", "1.1 200 []" },
	{ "HTTP/1.1 200\r\n\r\n", "1.1 200 []" },
	{ "HTTP/1.1 999 \xe9t\xe9\r\n\r\n", "1.1 999 [\xe9t\xe9]" },
	{ RESPONSE "A:b\r\nc-D: \t e f \t\r\nA:\r\n\r\n", "1.1 200 [OK] A=b c-D=e f A=" },
	{ RESPONSE "x: a:b\"\xff\"\r\n\r\n", "1.1 200 [OK] x=a:b\"\xff\"" },
};

START_TEST(good_responses)
{
	struct expected expected = { LRD_HEAD_RESPONSE, &roomy,
				     (ptrdiff_t)strlen(responses[_i].text),
				     responses[_i].dump };
	char more[500];

	feed_all_splits(responses[_i].text, strlen(responses[_i].text), feed, &expected);
	/* What follows the head is not looked at. */
	snprintf(more, sizeof(more), "%s\n\r \x01:", responses[_i].text);
	feed_all_splits(more, strlen(more), feed, &expected);
}
END_TEST

static const struct {
	const char *text, *dump;
} requests[] = {
	{ REQUEST "\r\n", "1.1 GET [/]" },
	{ "\r\n" REQUEST "\r\n", "1.1 GET [/]" },
	{ "get http://h/a?b HTTP/1.0\r\nHost: h\r\n\r\n",
	  "1.0 get [http://h/a?b] Host=h" },
	{ "OPTIONS * HTTP/1.1\r\n\r\n", "1.1 OPTIONS [*]" },
	{ "CONNECT h:1 HTTP/1.1\r\n\r\n", "1.1 CONNECT [h:1]" },
};

START_TEST(good_requests)
{
	struct expected expected = { LRD_HEAD_REQUEST, &roomy,
				     (ptrdiff_t)strlen(requests[_i].text),
				     requests[_i].dump };

	feed_all_splits(requests[_i].text, strlen(requests[_i].text), feed, &expected);
}
END_TEST

/* A fault stays one with anything behind it. */
static const char *const bad_responses[] = {
	/* HTTP/0.9, other versions, other protocols */
	"<html>",
	"hTTP/1.1 200 OK\r\n\r\n",
	"HTTP/2 200\r\n\r\n",
	"HTTP/0.9 200 OK\r\n\r\n",
	"HTTP/1.x 200 OK\r\n\r\n",
	"HTTP/11 200 OK\r\n\r\n",
	"ICY 200 OK\r\n\r\n",
	"\r\n" RESPONSE "\r\n",
	" HTTP/1.1 200 OK\r\n\r\n",
	"\x15\x03\x01\x02",
	"HTTP/1.10 200 OK\r\n\r\n",
	/* status */
	"HTTP/1.1 20 OK\r\n\r\n",
	"HTTP/1.1 2000 OK\r\n\r\n",
	"HTTP/1.1 099 OK\r\n\r\n",
	"HTTP/1.1 2x0 OK\r\n\r\n",
	"HTTP/1.1  200 OK\r\n\r\n",
	"HTTP/1.1\t200 OK\r\n\r\n",
	"HTTP/1.1 -20 OK\r\n\r\n",
	"HTTP/1.1 200OK\r\n\r\n",
	"HTTP/1.1 200\tOK\r\n\r\n",
	"HTTP/1.1\r\n\r\n",
	"HTTP/1.1 200 O\rK\r\n\r\n",
	"HTTP/1.1 200 O\x01\r\n\r\n",
	/* line ends */
	"HTTP/1.1 200 OK\nA: b\r\n\r\n",
	RESPONSE "A: b\n\r\n",
	RESPONSE "\n",
	RESPONSE "A: b\r\n\n",
	RESPONSE "A: b\rC: d\r\n\r\n",
	RESPONSE "A: b\r\r\n\r\n",
	RESPONSE "\r\r\n",
	/* names */
	RESPONSE " A: b\r\n\r\n",
	RESPONSE "A: b\r\n c\r\n\r\n",
	RESPONSE "A: b\r\n\tc\r\n\r\n",
	RESPONSE "A : b\r\n\r\n",
	RESPONSE "A\t: b\r\n\r\n",
	RESPONSE ": b\r\n\r\n",
	RESPONSE "A\r\n\r\n",
	RESPONSE "A B: c\r\n\r\n",
	RESPONSE "A(: b\r\n\r\n",
	RESPONSE "\xc3\xa9: b\r\n\r\n",
	RESPONSE "A\x7f: b\r\n\r\n",
	RESPONSE "\"A\": b\r\n\r\n",
	/* values */
	RESPONSE "A: b\x01\r\n\r\n",
	RESPONSE "A: \x7f\r\n\r\n",
	RESPONSE "A: \x0b\r\n\r\n",
};

START_TEST(malformed_responses)
{
	struct expected expected = { LRD_HEAD_RESPONSE, &roomy, LARDER_EPROTO, NULL };

	feed_all_splits(bad_responses[_i], strlen(bad_responses[_i]), feed, &expected);
}
END_TEST

START_TEST(a_nul_is_refused_anywhere)
{
	const char *text = RESPONSE "Ab: cd\r\n\r\n";
	struct expected expected = { LRD_HEAD_RESPONSE, &roomy, LARDER_EPROTO, NULL };
	size_t len = strlen(text);
	char copy[100];

	for (size_t i = 0; i + 2 < len; i++) {
		memcpy(copy, text, len);
		copy[i] = '\0';
		feed_all_splits(copy, len, feed, &expected);
	}
}
END_TEST

static const char *const bad_requests[] = {
	"GET /\r\n\r\n",
	"GET  / HTTP/1.1\r\n\r\n",
	"GET /  HTTP/1.1\r\n\r\n",
	"GET / HTTP/1.1 \r\n\r\n",
	"GET / HTTP/2.0\r\n\r\n",
	"GET / http/1.1\r\n\r\n",
	"G(T / HTTP/1.1\r\n\r\n",
	" GET / HTTP/1.1\r\n\r\n",
	"GET /a b HTTP/1.1\r\n\r\n",
	"GET /\t HTTP/1.1\r\n\r\n",
	"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
	"GET HTTP/1.1\r\n\r\n",
	"\r\n\r\n" REQUEST "\r\n",
	"GET / HTTP/1.\r\n\r\n",
	"GET / HTTP/1.1\n\r\n",
};

START_TEST(malformed_requests)
{
	struct expected expected = { LRD_HEAD_REQUEST, &roomy, LARDER_EPROTO, NULL };

	feed_all_splits(bad_requests[_i], strlen(bad_requests[_i]), feed, &expected);
}
END_TEST

START_TEST(every_beginning_is_partial)
{
	const char *text = RESPONSE "A: b\r\nC: d\r\n\r\n";
	struct expected expected = { LRD_HEAD_RESPONSE, &roomy, LRD_PARTIAL, NULL };

	for (size_t len = 0; len < strlen(text); len++)
		feed_all_splits(text, len, feed, &expected);
}
END_TEST

START_TEST(limits_are_exact)
{
	const char *text = RESPONSE "A: bcdefghijklmno\r\nC: d\r\n\r\n"; /* 17, 19, 6, 2 */
	struct lrd_head_limits limits = { 19, 44, 2 };
	struct expected expected = { LRD_HEAD_RESPONSE, &limits, 44,
				     "1.1 200 [OK] A=bcdefghijklmno C=d" };

	feed_all_splits(text, strlen(text), feed, &expected);
	expected.result = LARDER_ELIMIT;
	limits.max_line = 18;
	feed_all_splits(text, strlen(text), feed, &expected);
	limits.max_line = 19;
	limits.max_bytes = 43;
	feed_all_splits(text, strlen(text), feed, &expected);
	limits.max_bytes = 44;
	limits.max_fields = 1;
	feed_all_splits(text, strlen(text), feed, &expected);
	/* A line that never ends is found out. */
	limits = (struct lrd_head_limits){ 20, 100, 5 };
	feed_all_splits("HTTP/1.1 200 aaaaaaaaaaaaaaaaaaa", 32, feed, &expected);
}
END_TEST

START_TEST(reset_reads_the_next_one)
{
	struct lrd_head head;

	lrd_head_init(&head, LRD_HEAD_RESPONSE, &roomy, NULL);
	ck_assert_int_eq(
		lrd_head_read(&head, LRD_SLICE("HTTP/1.1 100 Go\r\nA: b\r\n\r\n")), 25);
	lrd_head_reset(&head);
	ck_assert_uint_eq(head.fields.count, 0);
	ck_assert_int_eq(lrd_head_read(&head, LRD_SLICE("bad")), LARDER_EPROTO);
	lrd_head_reset(&head);
	ck_assert_int_eq(lrd_head_read(&head, LRD_SLICE(RESPONSE "\r\n")), 19);
	ck_assert_int_eq(head.status, 200);
	lrd_head_release(&head);
	lrd_head_release(NULL);
}
END_TEST

START_TEST(every_failed_allocation_is_reported)
{
	struct lrd_failing_alloc fa = { 0 };
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, &fa };
	struct lrd_head head;
	size_t calls;

	lrd_failing_alloc_init(&fa, 0);
	lrd_head_init(&head, LRD_HEAD_RESPONSE, &roomy, &allocator);
	ck_assert_int_gt(lrd_head_read(&head, LRD_SLICE(RESPONSE "A: b\r\n\r\n")), 0);
	lrd_head_release(&head);
	calls = fa.calls;
	ck_assert_uint_gt(calls, 2);
	for (size_t i = 1; i <= calls; i++) {
		lrd_failing_alloc_init(&fa, i);
		lrd_head_init(&head, LRD_HEAD_RESPONSE, &roomy, &allocator);
		ck_assert_int_eq(lrd_head_read(&head, LRD_SLICE(RESPONSE "A: b\r\n\r\n")),
				 LARDER_ENOMEM);
		lrd_head_release(&head);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("head");
	TCase *tc = tcase_create("head");

	tcase_add_loop_test(tc, good_responses, 0, COUNT(responses));
	tcase_add_loop_test(tc, good_requests, 0, COUNT(requests));
	tcase_add_loop_test(tc, malformed_responses, 0, COUNT(bad_responses));
	tcase_add_test(tc, a_nul_is_refused_anywhere);
	tcase_add_loop_test(tc, malformed_requests, 0, COUNT(bad_requests));
	tcase_add_test(tc, every_beginning_is_partial);
	tcase_add_test(tc, limits_are_exact);
	tcase_add_test(tc, reset_reads_the_next_one);
	tcase_add_test(tc, every_failed_allocation_is_reported);
	suite_add_tcase(suite, tc);
	return suite;
}
