/* SPDX-License-Identifier: MIT */
/* test_idn.c - international host names, and those that would turn into another host. */
#include "transport/idn.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *host;
	const char *ascii; /* NULL: EURL */
} rows[] = {
	{ "example.org", "example.org" },
	{ "Example.ORG", "Example.ORG" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "a_b.example", "a_b.example" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "xn--bcher-kva.example" },
	{ "B\xc3\x9c"
	  "CHER.Example",
	  "xn--bcher-kva.example" },
	{ "bu\xcc\x88"
	  "cher.example",
	  "xn--bcher-kva.example" },
	{ "b\xc3\xbc"
	  "cher.example.",
	  "xn--bcher-kva.example." },
	/* Nontransitional: a sharp s is a letter of its own. */
	{ "stra\xc3\x9f"
	  "e.example",
	  "xn--strae-oqa.example" },
	{ "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
	  "xn--r8jz45g.xn--zckzah" },
	/* The three other dots: U+3002, U+FF0E, U+FF61; in the middle and at the end. */
	{ "www\xe3\x80\x82"
	  "example\xef\xbc\x8e"
	  "org\xef\xbd\xa1",
	  "www.example.org." },
	/* Full-width letters and digits. */
	{ "\xef\xbd\x97\xef\xbd\x97\xef\xbd\x97.example", "www.example" },
	{ "\xef\xbc\xa5xample.org", "example.org" },
	/* A slash, at sign, colon, percent, hash, question mark in full width; U+2100 a/c. */
	{ "good.example\xef\xbc\x8f.evil.example", NULL },
	{ "good.example\xef\xbc\xa0"
	  "evil.example",
	  NULL },
	{ "good.example\xef\xbc\x9a"
	  "80",
	  NULL },
	{ "good\xef\xbc\x85.example", NULL },
	{ "good\xef\xbc\x83.example", NULL },
	{ "good\xef\xbc\x9f.example", NULL },
	{ "\xe2\x84\x80.example", NULL },
	{ "a\xe2\x80\x8b b\xc3\xbc.example", NULL },
	{ "b\xc3\xbc..example", NULL },
	{ ".b\xc3\xbc.example", NULL },
	{ "\xe3\x80\x82", NULL },
	{ "\xc2\xa0", NULL },
	{ "\xff.example", NULL },
	{ "\xed\xa0\x80.example", NULL },
	{ "b\xc3", NULL },
	/* A right-to-left override has no place in a name. */
	{ "a\xe2\x80\xae"
	  "b.example",
	  NULL },
};

START_TEST(names)
{
	size_t len = strlen(rows[_i].host);
	char *host = lrd_guard_alloc(rows[_i].host, len);
	struct lrd_buf out;
	int rc;

	lrd_buf_init(&out, 300, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "//"), 0);
	rc = lrd_idn_iri_host(lrd_slice_of(host, len), &out, NULL);
	ck_assert_msg(rc == (rows[_i].ascii ? 0 : LARDER_EURL), "%s: %d, %s",
		      rows[_i].host, rc, out.ptr);
	ck_assert_str_eq(out.ptr + 2, rows[_i].ascii ? rows[_i].ascii : "");
	lrd_buf_release(&out);
	lrd_guard_free(host, len);
}
END_TEST

START_TEST(long_names)
{
	char host[3000];
	struct lrd_buf out;

	lrd_buf_init(&out, sizeof(host), NULL);
	for (size_t len = 2; len < sizeof(host); len += 100) {
		for (size_t i = 0; i + 1 < len; i += 2)
			memcpy(host + i, "\xc3\xbc", 2);
		/* One label: longer than 63 bytes in its ASCII form soon. */
		if (lrd_idn_to_ascii(lrd_slice_of(host, len & ~(size_t)1), &out) == 0)
			ck_assert_uint_le(len, 102);
		lrd_buf_clear(&out);
	}
	lrd_buf_release(&out);
	lrd_buf_init(&out, 5, NULL);
	ck_assert_int_eq(lrd_idn_to_ascii(LRD_SLICE("\xc3\xbc.example"), &out),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(out.len, 0);
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/idn");
	TCase *tcase = tcase_create("idn");

	if (lrd_idn_available()) {
		tcase_add_loop_test(tcase, names, 0, sizeof(rows) / sizeof(rows[0]));
		tcase_add_test(tcase, long_names);
	} else {
		tcase_add_loop_test(tcase, names, 0, 4);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
