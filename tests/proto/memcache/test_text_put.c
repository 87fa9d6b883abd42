/* SPDX-License-Identifier: MIT */
/* test_text_put.c - composed requests and replies, to the byte, and that they are read back. */
#include "proto/memcache/text.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static const struct lrd_mc_limits limits = {
	.item_max = 1 << 20, .line_long_max = 4096, .inline_max = 4096, .joined_max = 4096
};

#define S(text) LRD_SLICE_INIT(text)

static const struct {
	struct lrd_mc_command command;
	const char *bytes; /* NULL: EINVAL */
} requests[] = {
	{ { .verb = LRD_MC_GET, .key = S("a") }, "get a\r\n" },
	{ { .verb = LRD_MC_GETS, .keys = S("a b") }, "gets a b\r\n" },
	{ { .verb = LRD_MC_GAT, .exptime = -1, .keys = S("a b") }, "gat -1 a b\r\n" },
	{ { .verb = LRD_MC_SET,
	    .key = S("a"),
	    .client_flags = 4294967295,
	    .exptime = 60,
	    .value = S("x\r\ny"),
	    .value_len = 4 },
	  "set a 4294967295 60 4\r\nx\r\ny\r\n" },
	{ { .verb = LRD_MC_CAS,
	    .key = S("a"),
	    .value = S(""),
	    .cas = UINT64_MAX,
	    .noreply = true },
	  "cas a 0 0 0 18446744073709551615 noreply\r\n\r\n" },
	{ { .verb = LRD_MC_SET, .part = LRD_MC_HEAD, .key = S("a"), .value_len = 1 << 20 },
	  "set a 0 0 1048576\r\n" },
	{ { .verb = LRD_MC_SET, .part = LRD_MC_PIECE, .value = S("xyz") }, "xyz" },
	{ { .verb = LRD_MC_SET, .part = LRD_MC_TAIL }, "\r\n" },
	{ { .verb = LRD_MC_DELETE, .key = S("a"), .noreply = true },
	  "delete a noreply\r\n" },
	{ { .verb = LRD_MC_INCR, .key = S("a"), .number = UINT64_MAX },
	  "incr a 18446744073709551615\r\n" },
	{ { .verb = LRD_MC_DECR, .key = S("a"), .number = 1 }, "decr a 1\r\n" },
	{ { .verb = LRD_MC_TOUCH, .key = S("a"), .exptime = 10 }, "touch a 10\r\n" },
	{ { .verb = LRD_MC_FLUSH_ALL }, "flush_all\r\n" },
	{ { .verb = LRD_MC_FLUSH_ALL, .has_exptime = true, .exptime = 10, .noreply = true },
	  "flush_all 10 noreply\r\n" },
	{ { .verb = LRD_MC_STATS, .words = S("detail on") }, "stats detail on\r\n" },
	{ { .verb = LRD_MC_VERSION }, "version\r\n" },
	{ { .verb = LRD_MC_VERBOSITY, .number = 2 }, "verbosity 2\r\n" },
	{ { .verb = LRD_MC_NONE }, NULL },
	{ { .verb = LRD_MC_GET }, NULL },
	{ { .verb = LRD_MC_GET, .key = S("a\r\nflush_all") }, NULL },
	{ { .verb = LRD_MC_DELETE, .key = S("a b") }, NULL },
	{ { .verb = LRD_MC_DELETE, .key = S("a\x7f") }, NULL },
	{ { .verb = LRD_MC_GET, .key = S("a"), .noreply = true }, NULL },
	{ { .verb = LRD_MC_SET, .key = S("a"), .value = S("xy"), .value_len = 3 }, NULL },
	{ { .verb = LRD_MC_STATS, .words = S("a\r\nquit") }, NULL },
};

START_TEST(a_request_is_composed_to_the_byte)
{
	const struct lrd_mc_command *command = &requests[_i].command;
	const char *expected = requests[_i].bytes;
	struct lrd_mc_command back;
	struct lrd_mc_text parser;
	struct lrd_buf out;
	int rc;

	lrd_buf_init(&out, 4096, NULL);
	rc = lrd_mc_text_put_request(command, &out);
	if (!expected) {
		ck_assert_int_eq(rc, LARDER_EINVAL);
		ck_assert_uint_eq(out.len, 0);
		lrd_buf_release(&out);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(out.ptr, expected);
	if (command->part == LRD_MC_WHOLE) {
		lrd_mc_text_init(&parser, &limits);
		ck_assert_int_eq(lrd_mc_text_request(&parser, lrd_buf_slice(&out), &back),
				 (ptrdiff_t)out.len);
		ck_assert_int_eq(back.refusal, LRD_MC_ACCEPTED);
		ck_assert_int_eq(back.verb, command->verb);
		ck_assert_int_eq(back.noreply, command->noreply);
		ck_assert_uint_eq(back.client_flags, command->client_flags);
		ck_assert_int_eq(back.exptime, command->exptime);
		ck_assert_uint_eq(back.cas, command->cas);
		ck_assert_uint_eq(back.number, command->number);
		ck_assert(lrd_slice_equal(back.value, command->value));
		ck_assert(lrd_slice_equal(back.words, command->words));
		ck_assert(command->keys.len || lrd_slice_equal(back.key, command->key));
	}
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	struct lrd_mc_reply reply;
	const char *bytes;
} replies[] = {
	{ { .status = LRD_MC_STORED }, "STORED\r\n" },
	{ { .status = LRD_MC_END }, "END\r\n" },
	{ { .status = LRD_MC_ERROR }, "ERROR\r\n" },
	{ { .status = LRD_MC_VALUE, .key = S("a"), .client_flags = 7, .value = S("x\r\ny") },
	  "VALUE a 7 4\r\nx\r\ny\r\n" },
	{ { .status = LRD_MC_VALUE, .key = S("a"), .value = S(""), .has_cas = true, .cas = 9 },
	  "VALUE a 0 0 9\r\n\r\n" },
	{ { .status = LRD_MC_STAT, .key = S("pid"), .text = S("12") }, "STAT pid 12\r\n" },
	{ { .status = LRD_MC_NUMBER, .number = UINT64_MAX }, "18446744073709551615\r\n" },
	{ { .status = LRD_MC_VERSION_IS, .text = S("1.6.0") }, "VERSION 1.6.0\r\n" },
	{ { .status = LRD_MC_CLIENT_ERROR, .text = S("bad data chunk") },
	  "CLIENT_ERROR bad data chunk\r\n" },
	{ { .status = LRD_MC_SERVER_ERROR, .text = S("no room") },
	  "SERVER_ERROR no room\r\n" },
	{ { .status = LRD_MC_SERVER_ERROR, .text = S("no\nroom") }, NULL },
	{ { .status = LRD_MC_VALUE, .key = S("a b"), .value = S("") }, NULL },
	{ { .status = LRD_MC_STAT }, NULL },
};

START_TEST(a_reply_is_composed_to_the_byte)
{
	const struct lrd_mc_reply *reply = &replies[_i].reply;
	const char *expected = replies[_i].bytes;
	struct lrd_mc_reply back;
	struct lrd_buf out;
	int rc;

	lrd_buf_init(&out, 4096, NULL);
	rc = lrd_mc_text_put_reply(reply, &out);
	if (!expected) {
		ck_assert_int_eq(rc, LARDER_EINVAL);
		ck_assert_uint_eq(out.len, 0);
		lrd_buf_release(&out);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(out.ptr, expected);
	ck_assert_int_eq(lrd_mc_text_reply(lrd_buf_slice(&out), 4096, &back),
			 (ptrdiff_t)out.len);
	ck_assert_int_eq(back.status, reply->status);
	ck_assert(lrd_slice_equal(back.key, reply->key));
	ck_assert(lrd_slice_equal(back.text, reply->text));
	ck_assert(lrd_slice_equal(back.value, reply->value));
	ck_assert_uint_eq(back.client_flags, reply->client_flags);
	ck_assert_int_eq(back.has_cas, reply->has_cas);
	ck_assert_uint_eq(back.cas, reply->cas);
	ck_assert_uint_eq(back.number, reply->number);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(a_full_buffer_is_left_as_it_was)
{
	struct lrd_mc_command command = requests[3].command;
	char storage[12];
	struct lrd_buf out;

	lrd_buf_init_fixed(&out, storage, sizeof(storage));
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "before"), 0);
	ck_assert_int_eq(lrd_mc_text_put_request(&command, &out), LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "before");
	ck_assert_int_eq(lrd_mc_text_put_reply(&replies[3].reply, &out), LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "before");
}
END_TEST

START_TEST(the_longest_value_line_fits)
{
	char head[LRD_MC_VALUE_HEAD_MAX];
	char key[LRD_MC_KEY_MAX];
	uint64_t cas = UINT64_MAX;

	memset(key, 'k', sizeof(key));
	ck_assert_uint_eq(lrd_mc_text_value_head(head, lrd_slice_of(key, sizeof(key)),
						 UINT32_MAX, UINT64_MAX, &cas),
			  sizeof(head));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("memcache/text_put");
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, a_request_is_composed_to_the_byte, 0,
			    sizeof(requests) / sizeof(requests[0]));
	tcase_add_loop_test(tcase, a_reply_is_composed_to_the_byte, 0,
			    sizeof(replies) / sizeof(replies[0]));
	tcase_add_test(tcase, a_full_buffer_is_left_as_it_was);
	tcase_add_test(tcase, the_longest_value_line_fits);
	suite_add_tcase(suite, tcase);
	return suite;
}
