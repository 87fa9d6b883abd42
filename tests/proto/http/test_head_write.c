/* SPDX-License-Identifier: MIT */
/* test_head_write.c - heads as bytes, and injections that must not become any. */
#include "proto/http/head.h"
#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

START_TEST(what_is_written_can_be_read)
{
	static const struct lrd_head_limits limits = { 100, 1000, 10 };
	struct row_fields rows;
	struct lrd_field_view view = row_view("Host: h\nA: \nB: x \xe9 y", &rows);
	struct lrd_head head;
	struct lrd_buf out;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_head_write_request(LRD_SLICE("GET"), LRD_SLICE("/a?b"), view,
						&out),
			 0);
	ck_assert_str_eq(out.ptr,
			 "GET /a?b HTTP/1.1\r\nHost: h\r\nA: \r\nB: x \xe9 y\r\n\r\n");
	lrd_head_init(&head, LRD_HEAD_REQUEST, &limits, NULL);
	ck_assert_int_eq(lrd_head_read(&head, lrd_buf_slice(&out)), (int)out.len);
	ck_slice(head.target, "/a?b");
	ck_assert_uint_eq(head.fields.count, 3);
	lrd_head_release(&head);

	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_head_write_response(204, LRD_SLICE(""), lrd_view_of(NULL, 0),
						 &out),
			 0);
	ck_assert_str_eq(out.ptr, "HTTP/1.1 204 \r\n\r\n");
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	const char *method, *target, *name, *value;
} injections[] = {
	{ "", "/", "A", "b" },
	{ "GET /x HTTP/1.1\r\nB: c\r\n\r\nGET", "/", "A", "b" },
	{ "G T", "/", "A", "b" },
	{ "GET", "", "A", "b" },
	{ "GET", "/ HTTP/1.1\r\nB: c", "A", "b" },
	{ "GET", "/a b", "A", "b" },
	{ "GET", "/a\tb", "A", "b" },
	{ "GET", "/a\x7f", "A", "b" },
	{ "GET", "/\xc3\xa9", "A", "b" },
	{ "GET", "/", "", "b" },
	{ "GET", "/", "A: b\r\nC", "d" },
	{ "GET", "/", "A ", "b" },
	{ "GET", "/", "A", "b\r\nC: d" },
	{ "GET", "/", "A", "b\nC: d" },
	{ "GET", "/", "A", "b\r" },
	{ "GET", "/", "A", "b\x01" },
};

START_TEST(nothing_is_written_of_what_could_split)
{
	larder_field field = { lrd_slice_cstr(injections[_i].name),
			       lrd_slice_cstr(injections[_i].value) };
	struct lrd_buf out;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_head_write_request(lrd_slice_cstr(injections[_i].method),
						lrd_slice_cstr(injections[_i].target),
						lrd_view_of(&field, 1), &out),
			 LARDER_EINVAL);
	ck_assert_str_eq(out.ptr, "kept");
	lrd_buf_release(&out);
}
END_TEST

START_TEST(other_failures)
{
	larder_field nul = { LRD_SLICE_INIT("A"), LRD_SLICE_INIT("b\0c") };
	struct lrd_buf out;

	lrd_buf_init(&out, 20, NULL);
	ck_assert_int_eq(lrd_head_write_fields(lrd_view_of(&nul, 1), &out), LARDER_EINVAL);
	ck_assert_int_eq(lrd_head_write_response(99, LRD_SLICE("x"), lrd_view_of(NULL, 0),
						 &out),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_head_write_response(1000, LRD_SLICE("x"),
						 lrd_view_of(NULL, 0), &out),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_head_write_response(200, LRD_SLICE("\r\n"),
						 lrd_view_of(NULL, 0), &out),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_head_write_response(200, LRD_SLICE("much too long"),
						 lrd_view_of(NULL, 0), &out),
			 LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "");
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("head_write");
	TCase *tc = tcase_create("head_write");

	tcase_add_test(tc, what_is_written_can_be_read);
	tcase_add_loop_test(tc, nothing_is_written_of_what_could_split, 0,
			    sizeof(injections) / sizeof(injections[0]));
	tcase_add_test(tc, other_failures);
	suite_add_tcase(suite, tc);
	return suite;
}
