/* SPDX-License-Identifier: MIT */
/* test_chunked.c - bodies cut at every place, exact ends, and codings that lie. */
#include "proto/http/chunked.h"

#include <stdio.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/splits.h"

static const struct lrd_chunked_limits roomy = { 100, 200, 300, 10 };

struct expected {
	const struct lrd_chunked_limits *limits;
	int rc;           /* 0, or an error */
	size_t used;      /* bytes up to the end of the body */
	const char *body; /* NULL: cut short */
	const char *trailers;
};

static void feed(const struct lrd_piece *pieces, size_t count, const char *how, void *ctx)
{
	const struct expected *expected = ctx;
	struct lrd_chunked chunked;
	struct lrd_fields trailers;
	struct lrd_buf body;
	ptrdiff_t n = 0;
	size_t used = 0;
	char text[200] = "";

	lrd_fields_init(&trailers, 1000, 10, NULL);
	lrd_buf_init(&body, 1000, NULL);
	lrd_chunked_init(&chunked, expected->limits, &trailers, NULL);
	for (size_t i = 0; i < count && n >= 0; i++) {
		larder_slice in = lrd_slice_of(pieces[i].ptr, pieces[i].len);
		larder_slice piece;

		while (in.len > 0 && !lrd_chunked_done(&chunked)) {
			n = lrd_chunked_read(&chunked, in, &piece);
			if (n < 0)
				break;
			ck_assert_int_gt(n, 0);
			ck_assert_int_eq(lrd_buf_append_slice(&body, piece), 0);
			used += (size_t)n;
			in = lrd_slice_skip(in, (size_t)n);
		}
	}
	ck_assert_msg((n < 0 ? (int)n : 0) == expected->rc, "%s: %td, not %d", how, n,
		      expected->rc);
	if (n < 0) {
		larder_slice piece = LRD_SLICE("x");

		ck_assert_int_eq(
			lrd_chunked_read(&chunked, LRD_SLICE("0\r\n\r\n"), &piece), n);
		ck_assert_uint_eq(piece.len, 0);
		ck_assert(!lrd_chunked_done(&chunked));
	} else {
		ck_assert_int_eq(lrd_chunked_done(&chunked), expected->body != NULL);
	}
	if (lrd_chunked_done(&chunked)) {
		larder_slice piece;

		ck_assert_msg(used == expected->used, "%s: %zu bytes", how, used);
		ck_assert_str_eq(body.ptr, expected->body);
		for (size_t i = 0; i < trailers.count; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "%s=%s;", trailers.at[i].name.ptr,
				 trailers.at[i].value.ptr);
		ck_assert_str_eq(text, expected->trailers);
		ck_assert_int_eq(lrd_chunked_read(&chunked, LRD_SLICE("abc"), &piece), 0);
	}
	lrd_chunked_release(&chunked);
	lrd_fields_release(&trailers);
	lrd_buf_release(&body);
}

static const struct {
	const char *text, *body, *trailers;
} good[] = {
	{ "0\r\n\r\n", "", "" },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", "" },
	{ "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", "" },
	{ "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "" },
	{ "0005\r\nhello\r\n0000\r\n\r\n", "hello", "" },
	{ "5;a\r\nhello\r\n0;b=c;d=\"e;\\\"\"\r\n\r\n", "hello", "" },
	{ "5 \t;\ta = b\r\nhello\r\n0\r\n\r\n", "hello", "" },
	{ "5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n", "" },
	{ "1\r\na\r\n0\r\nDigest: x\r\nX-Y:  z \r\n\r\n", "a", "Digest=x;X-Y=z;" },
	{ "0\r\nContent-Length: 5\r\nA: b\r\nSet-Cookie: c\r\ncache-control: d\r\n\r\n",
	  "", "A=b;" },
};

START_TEST(good_bodies)
{
	size_t len = strlen(good[_i].text);
	struct expected expected = { &roomy, 0, len, good[_i].body, good[_i].trailers };
	char more[300];

	feed_all_splits(good[_i].text, len, feed, &expected);
	/* The next message begins where the body ends. */
	snprintf(more, sizeof(more), "%sHTTP/1.1 200 OK\r\n", good[_i].text);
	feed_all_splits(more, strlen(more), feed, &expected);
	/* And every beginning is no end. */
	expected.body = NULL;
	for (size_t cut = 0; cut < len; cut++)
		feed_all_splits(good[_i].text, cut, feed, &expected);
}
END_TEST

static const char *const bad[] = {
	"\r\n",
	"x\r\n",
	"-1\r\n",
	"+1\r\n",
	" 5\r\n",
	"0x5\r\n",
	"5 \r\nhello\r\n",
	"5\t\r\n",
	"5 5\r\n",
	"5\nhello",
	"5\r5",
	"5\rx",
	"5;a\nhello",
	"5;a\rb",
	"5;\x01\r\n",
	"5;\x7f\r\n",
	";a\r\n",
	"5,\r\n",
	"8000000000000000\r\n",
	"FFFFFFFFFFFFFFFF\r\n",
	"10000000000000000\r\n",
	"00000000000000000000g\r\n",
	"5\r\nhello0\r\n",
	"5\r\nhello\n0\r\n",
	"5\r\nhello\rx",
	"5\r\nhello\r\n\r\n",
	"1\r\nab\r\n",
	"0\r\n\n",
	"0\r\nA: b\n\r\n",
	"0\r\n A: b\r\n\r\n",
	"0\r\nA : b\r\n\r\n",
	"0\r\nA\r\n\r\n",
	"0\r\nA: b\r\n c\r\n\r\n",
	"0\r\n: b\r\n\r\n",
	"0\r\nA: \x01\r\n\r\n",
	"0\r\n\r\r\n",
	"0\r\nTransfer-Encoding : x\r\n\r\n",
};

START_TEST(malformed_bodies)
{
	struct expected expected = { &roomy, LARDER_EPROTO, 0, NULL, "" };

	feed_all_splits(bad[_i], strlen(bad[_i]), feed, &expected);
}
END_TEST

START_TEST(the_largest_size)
{
	struct expected expected = { &roomy, 0, 0, NULL, "" };

	feed_all_splits("7fffffffffffffff\r\nabc", 21, feed, &expected);
}
END_TEST

static const struct {
	struct lrd_chunked_limits limits;
	const char *text;
	bool fits;
} limits[] = {
	{ { 5, 99, 99, 9 }, "000\r\n\r\n", true },
	{ { 5, 99, 99, 9 }, "0000\r\n\r\n", false },
	{ { 5, 99, 99, 9 }, "0000000000", false },
	{ { 99, 4, 99, 9 }, "1;a\r\nx\r\n0\r\n\r\n", true },
	{ { 99, 4, 99, 9 }, "1;aaaa\r\nx\r\n0\r\n\r\n", false },
	{ { 99, 4, 99, 9 }, "1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n0\r\n\r\n", false },
	{ { 99, 9, 6, 9 }, "0\r\nA: b\r\n\r\n", true },
	{ { 99, 9, 5, 9 }, "0\r\nA: b\r\n\r\n", false },
	{ { 99, 9, 0, 0 }, "0\r\n\r\n", true },
	{ { 6, 9, 99, 9 }, "0\r\nA: b\r\n\r\n", true },
	{ { 5, 9, 99, 9 }, "0\r\nA: b\r\n\r\n", false },
	{ { 99, 9, 99, 1 }, "0\r\nA: b\r\n\r\n", true },
	{ { 99, 9, 99, 1 }, "0\r\nHost: b\r\nA: c\r\n\r\n", false },
};

START_TEST(limits_hold)
{
	struct expected expected = { &limits[_i].limits, 0, 0, "", "" };

	/* What the body is matters not here: rows that fit end, others give ELIMIT. */
	if (limits[_i].fits) {
		expected.used = strlen(limits[_i].text);
		if (strchr(limits[_i].text, 'x'))
			expected.body = "x";
		if (strchr(limits[_i].text, ':'))
			expected.trailers = "A=b;";
	} else {
		expected.rc = LARDER_ELIMIT;
		expected.body = NULL;
	}
	feed_all_splits(limits[_i].text, strlen(limits[_i].text), feed, &expected);
}
END_TEST

START_TEST(which_trailers_are_allowed)
{
	static const char *const no[] = { "content-length",
					  "Content-Anything",
					  "TRANSFER-ENCODING",
					  "Host",
					  "Authorization",
					  "proxy-x",
					  "If-Match",
					  "Vary",
					  "Set-Cookie",
					  "ETag",
					  "Age",
					  "Trailer" };
	static const char *const yes[] = { "Digest",      "Server-Timing", "X-Checksum",
					   "grpc-status", "Conten",        "Hosts" };

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(!lrd_trailer_allowed(lrd_slice_cstr(no[i])), "%s", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert_msg(lrd_trailer_allowed(lrd_slice_cstr(yes[i])), "%s", yes[i]);
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
	struct row_fields rows;
	struct expected expected = { &roomy, 0, 0, "0123456789abcdefg", "A=b;" };
	struct lrd_buf out;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_chunked_write_head(17, &out), 0);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "0123456789abcdefg" LRD_CHUNKED_TAIL),
			 0);
	ck_assert_int_eq(lrd_chunked_write_end(row_view("A: b", &rows), &out), 0);
	ck_assert_str_eq(out.ptr, "11\r\n0123456789abcdefg\r\n0\r\nA: b\r\n\r\n");
	expected.used = out.len;
	feed_all_splits(out.ptr, out.len, feed, &expected);
	ck_assert_int_eq(lrd_chunked_write_head(0, &out), LARDER_EINVAL);
	ck_assert_int_eq(lrd_chunked_write_end(row_view("Host: b", &rows), &out),
			 LARDER_EINVAL);
	ck_assert_uint_eq(out.len, expected.used);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(no_memory_for_a_trailer)
{
	struct lrd_failing_alloc fa = { 0 };
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, &fa };
	struct lrd_chunked chunked;
	larder_slice piece;

	lrd_failing_alloc_init(&fa, 1);
	lrd_chunked_init(&chunked, &roomy, NULL, &allocator);
	ck_assert_int_eq(lrd_chunked_read(&chunked, LRD_SLICE("0\r\nA: b"), &piece),
			 LARDER_ENOMEM);
	lrd_chunked_release(&chunked);
	lrd_chunked_release(NULL);
	ck_assert_int_eq(fa.live, 0);
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("chunked");
	TCase *tc = tcase_create("chunked");

	tcase_add_loop_test(tc, good_bodies, 0, COUNT(good));
	tcase_add_loop_test(tc, malformed_bodies, 0, COUNT(bad));
	tcase_add_test(tc, the_largest_size);
	tcase_add_loop_test(tc, limits_hold, 0, COUNT(limits));
	tcase_add_test(tc, which_trailers_are_allowed);
	tcase_add_test(tc, what_is_written_can_be_read);
	tcase_add_test(tc, no_memory_for_a_trailer);
	suite_add_tcase(suite, tc);
	return suite;
}
