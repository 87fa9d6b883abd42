/* SPDX-License-Identifier: MIT */
/* test_addr.c - literals that are addresses, those that merely look like some. */
#include "transport/addr.h"

#include <string.h>

#include "tests/support/check_main.h"

static const struct {
	const char *text;
	const char *as; /* NULL: no literal */
} literals[] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::1", "::1" },
	{ "2001:DB8:0:0::1", "2001:db8::1" },
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "fe80::1%lo", "fe80::1" },
	{ "fe80::1%no-such-interface", NULL },
	{ "127.1", NULL },
	{ "0x7f.0.0.1", NULL },
	{ "0177.0.0.1", NULL },
	{ "256.0.0.1", NULL },
	{ "1.2.3.4.5", NULL },
	{ "1.2.3.4 ", NULL },
	{ "[::1]", NULL },
	{ "2001:db8::1::2", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", NULL },
	{ "", NULL },
	{ "%lo", NULL },
	{ "example.org", NULL },
};

START_TEST(reads_literals)
{
	struct lrd_addr addr = { .len = 77 };
	char text[LRD_ADDR_TEXT_MAX];
	bool read = lrd_addr_parse(literals[_i].text, 8080, &addr);

	ck_assert_msg(read == (literals[_i].as != NULL), "row %d: %s", _i,
		      literals[_i].text);
	ck_assert_int_eq(lrd_addr_is_literal(literals[_i].text), read);
	if (read)
		ck_assert_str_eq(lrd_addr_text(&addr, text, sizeof(text)),
				 literals[_i].as);
	else
		ck_assert_uint_eq(addr.len, 77);
}
END_TEST

START_TEST(unix_paths_fit_or_not)
{
	char path[200];
	char text[LRD_ADDR_TEXT_MAX];
	struct lrd_addr addr;

	memset(path, 'p', sizeof(path));
	path[108] = '\0';
	ck_assert(!lrd_addr_unix(path, &addr));
	ck_assert(!lrd_addr_unix("", &addr));
	path[107] = '\0';
	ck_assert(lrd_addr_unix(path, &addr));
	ck_assert_str_eq(lrd_addr_text(&addr, text, sizeof(text)), path);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/addr");
	TCase *tcase = tcase_create("addr");

	tcase_add_loop_test(tcase, reads_literals, 0,
			    sizeof(literals) / sizeof(literals[0]));
	tcase_add_test(tcase, unix_paths_fit_or_not);
	suite_add_tcase(suite, tcase);
	return suite;
}
