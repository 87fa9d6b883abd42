/* SPDX-License-Identifier: MIT */
/* test_iri.c - from what people type to URIs, once and for all. */
#include "proto/http/iri.h"

#include "proto/http/uri.h"
#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

/* Stands in for IDN: "<n>" with n the bytes given. */
static int count_host(larder_slice host, struct lrd_buf *out, void *ctx)
{
	++*(int *)ctx;
	if (lrd_slice_starts(host, LRD_SLICE("\xc3\x97")))
		return LARDER_EURL;
	return lrd_buf_appendf(out, "x%zu", host.len);
}

static const struct {
	const char *text;
	const char *uri; /* NULL: EURL */
	bool is_uri;
} rows[] = {
	{ "", "", true },
	{ "http://a.test/", "http://a.test/", true },
	{ "http://a.test/b c", "http://a.test/b%20c", false },
	{ "http://a.test/b%20c", "http://a.test/b%20c", true },
	{ "http://a.test/%e2%98%84", "http://a.test/%e2%98%84", true },
	{ "http://a.test/\xe2\x98\x84?\xe2\x98\x84=\xe2\x98\x84#\xe2\x98\x84",
	  "http://a.test/%E2%98%84?%E2%98%84=%E2%98%84#%E2%98%84", false },
	{ "http://a.test/\xe2\x98\x84/%E2%98%84", "http://a.test/%E2%98%84/%E2%98%84",
	  false },
	{ "http://a.test?q=\xc3\xa9", "http://a.test?q=%C3%A9", false },
	{ "http://a.test/<\">", "http://a.test/%3C%22%3E", true },
	{ "http://a.test/[^`{|}]", "http://a.test/[^`{|}]", true },
	{ "http://a.test/100%", "http://a.test/100%", true },
	{ "http://a.test/\xf0\x9f\x98\x80", "http://a.test/%F0%9F%98%80", false },
	{ "http://b\xc3\xbc"
	  "cher.test/",
	  "http://x12/", false },
	{ "http://b\xc3\xbc"
	  "cher.test:8080/\xc3\xbc",
	  "http://x12:8080/%C3%BC", false },
	{ "http://u\xc3\xbc:p\xc3\xbc@b\xc3\xbc/", "http://u%C3%BC:p%C3%BC@x3/", false },
	{ "http://u\xc3\xbc@a.test/", "http://u%C3%BC@a.test/", false },
	{ "//b\xc3\xbc/c", "//x3/c", false },
	{ "/\xc3\xbc//b\xc3\xbc", "/%C3%BC//b%C3%BC", false },
	{ "\xc3\xbc", "%C3%BC", false },
	{ "?\xc3\xbc", "?%C3%BC", false },
	{ "\xc3\xbc:b", "%C3%BC:b", false },
	{ "a b:c", "a%20b:c", false },
	{ "mailto:\xc3\xbc@a", "mailto:%C3%BC@a", false },
	/* What the URI parser is to refuse stays for it to see. */
	{ "http://a b/", "http://a b/", false },
	{ "http://good.test\\@evil.test/", "http://good.test\\@evil.test/", true },
	{ "http://[::1]:80/\xc3\xbc", "http://[::1]:80/%C3%BC", false },
	/* Beyond ASCII where no name is, or no name that can be. */
	{ "http://[::\xc3\xbc]/", NULL, false },
	{ "http://a:8\xc3\xbc/", NULL, false },
	{ "http://a\\\xc3\xbc/", NULL, false },
	{ "http://\xc3\x97/", NULL, false },
	{ "http://a.test/\xff", NULL, false },
	{ "http://a.test/\xc3", NULL, false },
	{ "http://a.test/\xed\xa0\x80", NULL, false },
	{ "http://a.test/\xc0\xaf", NULL, false },
	{ "http://a.test/\r\nX: y", NULL, false },
	{ "http://a.test/\t", NULL, false },
	{ "http://a.test/\x7f", NULL, false },
	{ "http://a.test/\x01", NULL, false },
	{ "ht\ntp://a.test/", NULL, false },
};

START_TEST(one_row)
{
	larder_slice text = row_guard(rows[_i].text);
	struct lrd_buf out;
	struct lrd_buf again;
	int asked = 0;
	int rc;

	lrd_buf_init(&out, 1000, NULL);
	lrd_buf_init(&again, 1000, NULL);
	ck_assert_int_eq(lrd_iri_is_uri(text), rows[_i].is_uri);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "x"), 0);
	rc = lrd_iri_to_uri(text, count_host, &asked, &out);
	ck_assert_msg(rc == (rows[_i].uri ? 0 : LARDER_EURL), "%s: %d", rows[_i].text, rc);
	ck_assert_msg(strcmp(out.ptr + 1, rows[_i].uri ? rows[_i].uri : "") == 0,
		      "%s gave %s", rows[_i].text, out.ptr + 1);
	if (rc == 0) {
		ck_assert_int_eq(lrd_iri_to_uri(lrd_slice_skip(lrd_buf_slice(&out), 1),
						NULL, NULL, &again),
				 0);
		ck_assert_str_eq(again.ptr, out.ptr + 1);
	}
	lrd_buf_release(&out);
	lrd_buf_release(&again);
	row_free(text);
}
END_TEST

START_TEST(a_host_beyond_ascii_needs_somebody_to_convert_it)
{
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	ck_assert_int_eq(lrd_iri_to_uri(LRD_SLICE("http://\xc3\xbc/"), NULL, NULL, &out),
			 LARDER_EURL);
	ck_assert_uint_eq(out.len, 0);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(a_nul_is_a_control)
{
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	ck_assert_int_eq(lrd_iri_to_uri(LRD_SLICE("http://a/\0b"), NULL, NULL, &out),
			 LARDER_EURL);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(limits)
{
	struct lrd_buf out;

	for (size_t max = 0; max < 21; max++) {
		lrd_buf_init(&out, max, NULL);
		ck_assert_int_eq(lrd_iri_to_uri(LRD_SLICE("http://a/\xc3\xbc/b c"), NULL,
						NULL, &out),
				 LARDER_ELIMIT);
		ck_assert_uint_eq(out.len, 0);
		lrd_buf_release(&out);
	}
	lrd_buf_init(&out, 21, NULL);
	ck_assert_int_eq(
		lrd_iri_to_uri(LRD_SLICE("http://a/\xc3\xbc/b c"), NULL, NULL, &out), 0);
	ck_assert_str_eq(out.ptr, "http://a/%C3%BC/b%20c");
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("iri");
	TCase *tc = tcase_create("iri");

	tcase_add_loop_test(tc, one_row, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, a_host_beyond_ascii_needs_somebody_to_convert_it);
	tcase_add_test(tc, a_nul_is_a_control);
	tcase_add_test(tc, limits);
	suite_add_tcase(suite, tc);
	return suite;
}
