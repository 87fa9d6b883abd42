/* SPDX-License-Identifier: MIT */
/* test_text_reply.c - replies of the text protocol that a server may send, hostile ones too. */
#include "proto/memcache/text.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *bytes;
	ptrdiff_t outcome; /* 0: all of it */
	int status;
	const char *value; /* or text */
} rows[] = {
	{ "STORED\r\n", 0, LRD_MC_STORED, "" },
	{ "NOT_FOUND\r\n", 0, LRD_MC_NOT_FOUND, "" },
	{ "TOUCHED\r\n", 0, LRD_MC_TOUCHED, "" },
	{ "VALUE a 1 3\r\nabc\r\n", 0, LRD_MC_VALUE, "abc" },
	{ "VALUE a 1 3 99\r\nabc\r\n", 0, LRD_MC_VALUE, "abc" },
	{ "VALUE a 1 3\r\nabc\r", LRD_MC_PARTIAL, 0, "" },
	{ "VALUE a 1 3\r\nabcd\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 1 3 9 9\r\nabc\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 1\r\nabc\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 4294967296 3\r\nabc\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 1 -3\r\nabc\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 1 101\r\n", LRD_MC_BAD, 0, "" },
	{ "VALUE a 1 100\r\n", LRD_MC_PARTIAL, 0, "" },
	{ "VALUE a 1 18446744073709551615\r\n", LRD_MC_BAD, 0, "" },
	{ "42\r\n", 0, LRD_MC_NUMBER, "" },
	{ "99 \r\n", 0, LRD_MC_NUMBER, "" },
	{ "99x\r\n", LRD_MC_BAD, 0, "" },
	{ "STAT version 1.6.18\r\n", 0, LRD_MC_STAT, "1.6.18" },
	{ "STAT empty\r\n", 0, LRD_MC_STAT, "" },
	{ "STAT \r\n", LRD_MC_BAD, 0, "" },
	{ "CLIENT_ERROR bad data chunk\r\n", 0, LRD_MC_CLIENT_ERROR, "bad data chunk" },
	{ "SERVER_ERROR out of memory storing object\r\n", 0, LRD_MC_SERVER_ERROR,
	  "out of memory storing object" },
	{ "VERSION 1.6\r\n", 0, LRD_MC_VERSION_IS, "1.6" },
	{ "STORED\n", LRD_MC_BAD, 0, "" },
	{ "\r\n", LRD_MC_BAD, 0, "" },
	{ "HTTP/1.1 400 Bad Request\r\n", LRD_MC_BAD, 0, "" },
	{ "STORE", LRD_MC_PARTIAL, 0, "" },
	{ "", LRD_MC_PARTIAL, 0, "" },
};

START_TEST(each_row_whole_and_cut_short)
{
	const char *bytes = rows[_i].bytes;
	size_t len = strlen(bytes);
	ptrdiff_t outcome = rows[_i].outcome ? rows[_i].outcome : (ptrdiff_t)len;
	struct lrd_mc_reply reply = { .status = LRD_MC_RESET };
	char *copy = lrd_guard_alloc(bytes, len);

	ck_assert_int_eq(lrd_mc_text_reply(lrd_slice_of(copy, len), 100, &reply), outcome);
	if (outcome > 0) {
		larder_slice expected = lrd_slice_cstr(rows[_i].value);

		ck_assert_int_eq((int)reply.status, rows[_i].status);
		ck_assert(lrd_slice_equal(reply.status == LRD_MC_VALUE ? reply.value
								       : reply.text,
					  expected));
	} else {
		ck_assert_int_eq(reply.status, LRD_MC_RESET);
	}
	lrd_guard_free(copy, len);
	for (size_t cut = 0; rows[_i].outcome == 0 && cut < len; cut++) {
		copy = lrd_guard_alloc(bytes, cut);
		ck_assert_int_eq(lrd_mc_text_reply(lrd_slice_of(copy, cut), 100, &reply),
				 LRD_MC_PARTIAL);
		lrd_guard_free(copy, cut);
	}
}
END_TEST

START_TEST(a_line_without_end_is_bad)
{
	char line[LRD_MC_LINE_MAX + 1];
	struct lrd_mc_reply reply;

	memset(line, 'S', sizeof(line));
	ck_assert_int_eq(lrd_mc_text_reply(lrd_slice_of(line, sizeof(line) - 1), 100,
					   &reply),
			 LRD_MC_PARTIAL);
	ck_assert_int_eq(lrd_mc_text_reply(lrd_slice_of(line, sizeof(line)), 100, &reply),
			 LRD_MC_BAD);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("memcache/text_reply");
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, each_row_whole_and_cut_short, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, a_line_without_end_is_bad);
	suite_add_tcase(suite, tcase);
	return suite;
}
