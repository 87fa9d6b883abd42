/* SPDX-License-Identifier: MIT */
/* test_no_proxy.c - the table of hosts that are reached without a proxy. */
#include "transport/no_proxy.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *list;
	const char *host;
	uint16_t port;
	bool matches;
} rows[] = {
	{ "", "a.test", 80, false },
	{ " , ,", "a.test", 80, false },
	{ "*", "a.test", 80, true },
	{ "*", "192.0.2.1", 80, true },
	{ "b.test, *", "a.test", 80, true },
	{ "a.test", "a.test", 80, true },
	{ "A.Test", "a.tEST", 80, true },
	{ "a.test", "www.a.test", 443, true },
	{ "a.test", "x.www.a.test", 443, true },
	{ "a.test", "bada.test", 80, false },
	{ "a.test", "test", 80, false },
	{ "a.test", "a.test.evil", 80, false },
	{ ".a.test", "a.test", 80, true },
	{ ".a.test", "www.a.test", 80, true },
	{ ".a.test", "bada.test", 80, false },
	{ "*.a.test", "www.a.test", 80, true },
	{ "*.a.test", "a.test", 80, true },
	{ "*a.test", "bada.test", 80, false },
	{ "*.", "a.test", 80, false },
	{ ".", "a.test", 80, false },
	{ "a.test.", "a.test", 80, true },
	{ "a.test", "a.test.", 80, true },
	{ "a.test.", "www.a.test.", 80, true },
	{ "b.test,a.test", "a.test", 80, true },
	{ "b.test a.test", "a.test", 80, true },
	{ " b.test ,\ta.test ", "a.test", 80, true },
	{ ",,a.test,,", "a.test", 80, true },
	{ "a.test:80", "a.test", 80, true },
	{ "a.test:80", "a.test", 8080, false },
	{ "a.test:8080", "www.a.test", 8080, true },
	{ "a.test:x", "a.test", 80, false },
	{ "a.test:0", "a.test", 0, false },
	{ "a.test:99999", "a.test", 80, false },
	{ "localhost", "localhost", 80, true },
	{ "local", "localhost", 80, false },
	{ "192.0.2.1", "192.0.2.1", 80, true },
	{ "192.0.2.1", "192.0.2.10", 80, false },
	{ "0.2.1", "192.0.2.1", 80, false },
	{ ".2.1", "192.0.2.1", 80, false },
	{ "192.0.2.1:81", "192.0.2.1", 81, true },
	{ "192.0.2.1:81", "192.0.2.1", 80, false },
	{ "192.0.2.1", "a.192.0.2.1", 80, false },
	{ "192.0.2.0/24", "192.0.2.1", 80, true },
	{ "192.0.2.77/24", "192.0.2.1", 80, true },
	{ "192.0.2.0/24", "192.0.3.1", 80, false },
	{ "192.0.2.0/25", "192.0.2.127", 80, true },
	{ "192.0.2.0/25", "192.0.2.128", 80, false },
	{ "192.0.2.4/31", "192.0.2.5", 80, true },
	{ "192.0.2.4/31", "192.0.2.6", 80, false },
	{ "192.0.2.4/32", "192.0.2.4", 80, true },
	{ "192.0.2.4/33", "192.0.2.4", 80, false },
	{ "0.0.0.0/0", "203.0.113.9", 80, true },
	{ "0.0.0.0/0", "::1", 80, false },
	{ "0.0.0.0/0", "a.test", 80, false },
	{ "10/8", "10.0.0.1", 80, false },
	{ "10.0.0.0/", "10.0.0.1", 80, false },
	{ "10.0.0.0/x", "10.0.0.1", 80, false },
	{ "10.0.0.0/-1", "10.0.0.1", 80, false },
	{ "a.test/24", "a.test", 80, false },
	{ "/24", "10.0.0.1", 80, false },
	{ "2001:db8::1", "2001:db8::1", 80, true },
	{ "2001:DB8:0::1", "2001:db8::1", 80, true },
	{ "2001:db8::1", "[2001:db8::1]", 80, true },
	{ "[2001:db8::1]", "2001:db8::1", 80, true },
	{ "[2001:db8::1]:443", "2001:db8::1", 443, true },
	{ "[2001:db8::1]:443", "2001:db8::1", 80, false },
	{ "[2001:db8::1]x", "2001:db8::1", 80, false },
	{ "[2001:db8::1", "2001:db8::1", 80, false },
	{ "2001:db8::/32", "2001:db8:1::1", 80, true },
	{ "[2001:db8::]/32", "2001:db8:1::1", 80, true },
	{ "2001:db8::/33", "2001:db8:8000::1", 80, false },
	{ "2001:db8::/129", "2001:db8::1", 80, false },
	{ "::/0", "2001:db8::1", 80, true },
	{ "fe80::/10", "fe80::1%eth0", 80, true },
	{ "::1", "::1", 80, true },
	{ "1", "::1", 80, false },
	{ "a.test", "", 80, false },
	{ "*", "", 80, false },
};

START_TEST(members)
{
	size_t list_len = strlen(rows[_i].list);
	size_t host_len = strlen(rows[_i].host);
	char *list = lrd_guard_alloc(rows[_i].list, list_len);
	char *host = lrd_guard_alloc(rows[_i].host, host_len);

	ck_assert_msg(lrd_no_proxy_matches(lrd_slice_of(list, list_len),
					   lrd_slice_of(host, host_len),
					   rows[_i].port) == rows[_i].matches,
		      "\"%s\" against %s:%u", rows[_i].list, rows[_i].host, rows[_i].port);
	lrd_guard_free(list, list_len);
	lrd_guard_free(host, host_len);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/no_proxy");
	TCase *tcase = tcase_create("no_proxy");

	tcase_add_loop_test(tcase, members, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
