/* SPDX-License-Identifier: MIT */
/* test_body.c - which bytes belong to a body, however they arrive. */
#include "session/body.h"

#include <check.h>
#include <string.h>

#include "tests/support/check_main.h"
#include "tests/support/splits.h"

static const struct lrd_body_limits plenty = {
	.max_trailer_bytes = 4096,
	.max_trailer_fields = 10,
};

struct row {
	const char *name;
	struct lrd_framing framing;
	uint64_t max_bytes;
	const char *in;
	int rc;           /* the first error, or 0 */
	const char *body; /* content before the error or the end */
	size_t rest;      /* bytes that are not the body's */
	bool ended;
	int at_close; /* of lrd_body_close() */
};

#define LENGTH(n)                               \
	{                                       \
		LRD_BODY_LENGTH, n, true, false \
	}
#define CHUNKED                                  \
	{                                        \
		LRD_BODY_CHUNKED, 0, true, false \
	}
#define CLOSE                                         \
	{                                             \
		LRD_BODY_UNTIL_CLOSE, 0, false, false \
	}
#define NONE                                  \
	{                                     \
		LRD_BODY_NONE, 0, true, false \
	}

static const struct row rows[] = {
	{ "nothing", NONE, 0, "HTTP", 0, "", 4, true, 0 },
	{ "length 0", LENGTH(0), 0, "x", 0, "", 1, true, 0 },
	{ "length", LENGTH(5), 0, "hello", 0, "hello", 0, true, 0 },
	{ "length, excess", LENGTH(5), 0, "helloHTTP", 0, "hello", 4, true, 0 },
	{ "length, short", LENGTH(6), 0, "hello", 0, "hello", 0, false, LARDER_ETRUNCATED },
	{ "length over the limit", LENGTH(6), 5, "hello!", LARDER_ELIMIT, "", 6, false,
	  LARDER_ETRUNCATED },
	{ "length at the limit", LENGTH(5), 5, "hello", 0, "hello", 0, true, 0 },
	{ "until close", CLOSE, 0, "hello", 0, "hello", 0, false, 0 },
	{ "until close, over", CLOSE, 4, "hello", LARDER_ELIMIT, NULL, 0, false, 0 },
	{ "chunked", CHUNKED, 0, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 0, "hello", 0, true,
	  0 },
	{ "chunked, excess", CHUNKED, 0, "5\r\nhello\r\n0\r\n\r\nHTTP", 0, "hello", 4,
	  true, 0 },
	{ "chunked, cut in data", CHUNKED, 0, "5\r\nhel", 0, "hel", 0, false,
	  LARDER_ETRUNCATED },
	{ "chunked, no end", CHUNKED, 0, "5\r\nhello\r\n", 0, "hello", 0, false,
	  LARDER_ETRUNCATED },
	{ "chunked, cut in trailers", CHUNKED, 0, "5\r\nhello\r\n0\r\nX: y\r\n", 0,
	  "hello", 0, false, LARDER_ETRUNCATED },
	{ "chunked over the limit", CHUNKED, 4, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	  LARDER_ELIMIT, NULL, 0, false, LARDER_ETRUNCATED },
	{ "chunked, no number", CHUNKED, 0, "z\r\nhello", LARDER_EPROTO, "", 0, false,
	  LARDER_ETRUNCATED },
};

static void feed(const struct lrd_piece *pieces, size_t count, const char *how, void *ctx)
{
	const struct row *row = ctx;
	struct lrd_body_limits limits = plenty;
	struct lrd_body body;
	char got[64];
	size_t len = 0;
	size_t rest = 0;
	int rc = 0;

	limits.max_bytes = row->max_bytes;
	lrd_body_begin(&body, &row->framing, &limits, NULL);
	for (size_t i = 0; i < count; i++) {
		larder_slice in = { pieces[i].ptr, pieces[i].len };
		larder_slice piece;

		while (rc == 0 && in.len && !body.ended) {
			ptrdiff_t n = lrd_body_take(&body, in, &piece);

			if (n < 0) {
				rc = (int)n;
				break;
			}
			ck_assert_uint_le((size_t)n, in.len);
			ck_assert_msg(n > 0 || body.ended, "%s, %s: stuck", row->name,
				      how);
			memcpy(got + len, piece.ptr, piece.len);
			len += piece.len;
			in.ptr += n;
			in.len -= (size_t)n;
		}
		rest += in.len;
	}
	ck_assert_msg(rc == row->rc, "%s, %s: %d", row->name, how, rc);
	if (row->body)
		ck_assert_msg(len == strlen(row->body) && memcmp(got, row->body, len) == 0,
			      "%s, %s: got %.*s", row->name, how, (int)len, got);
	if (rc == 0) {
		ck_assert_msg(rest == row->rest, "%s, %s: rest %zu", row->name, how, rest);
		ck_assert_msg(body.ended == row->ended, "%s, %s: ended", row->name, how);
		ck_assert_uint_eq(body.received, len);
		ck_assert_int_eq(lrd_body_close(&body), row->at_close);
	}
	lrd_body_release(&body);
}

START_TEST(test_row)
{
	struct row row = rows[_i];

	feed_all_splits(row.in, strlen(row.in), feed, &row);
}
END_TEST

START_TEST(test_trailers_are_kept)
{
	static const struct lrd_framing chunked = CHUNKED;
	larder_slice in = { "0\r\nX-Sum: 9\r\n\r\n", 15 };
	larder_slice piece;
	struct lrd_body body;
	struct lrd_field_view trailers;

	lrd_body_begin(&body, &chunked, &plenty, NULL);
	while (!body.ended) {
		ptrdiff_t n = lrd_body_take(&body, in, &piece);

		ck_assert_int_gt(n, 0);
		in.ptr += n;
		in.len -= (size_t)n;
	}
	trailers = lrd_fields_view(&body.trailers);
	ck_assert_uint_eq(trailers.count, 1);
	ck_assert_str_eq(trailers.at[0].name.ptr, "X-Sum");
	ck_assert_str_eq(trailers.at[0].value.ptr, "9");
	lrd_body_release(&body);
}
END_TEST

START_TEST(test_plain_bytes_are_counted)
{
	static const struct lrd_framing length = LENGTH(10);
	static const struct lrd_framing chunked = CHUNKED;
	struct lrd_body_limits limits = plenty;
	struct lrd_body body;

	lrd_body_begin(&body, &length, &plenty, NULL);
	ck_assert_uint_eq(lrd_body_plain(&body), 10);
	ck_assert_int_eq(lrd_body_count(&body, 9), 0);
	ck_assert(!body.ended);
	ck_assert_uint_eq(lrd_body_plain(&body), 1);
	ck_assert_int_eq(lrd_body_count(&body, 1), 0);
	ck_assert(body.ended);
	lrd_body_release(&body);

	/* Too long, or chunked: nothing may bypass lrd_body_take(). */
	limits.max_bytes = 9;
	lrd_body_begin(&body, &length, &limits, NULL);
	ck_assert_uint_eq(lrd_body_plain(&body), 0);
	lrd_body_release(&body);
	lrd_body_begin(&body, &chunked, &plenty, NULL);
	ck_assert_uint_eq(lrd_body_plain(&body), 0);
	lrd_body_release(&body);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/body");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, test_row, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tcase, test_trailers_are_kept);
	tcase_add_test(tcase, test_plain_bytes_are_counted);
	suite_add_tcase(suite, tcase);
	return suite;
}
