/* SPDX-License-Identifier: MIT */
/* test_proxy_url.c - proxies as users write them. */
#include "transport/proxy_url.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *text;
	enum lrd_proxy_kind kind;
	bool local_dns;
	const char *host;
	uint16_t port;
	const char *user; /* NULL: no '@' */
	const char *password;
} good[] = {
	{ "http://p.test:3128", LRD_PROXY_HTTP, false, "p.test", 3128, NULL, "" },
	{ "http://p.test", LRD_PROXY_HTTP, false, "p.test", 80, NULL, "" },
	{ "HTTP://P.Test/", LRD_PROXY_HTTP, false, "P.Test", 80, NULL, "" },
	{ " http://p.test:8080/\t", LRD_PROXY_HTTP, false, "p.test", 8080, NULL, "" },
	{ "p.test:3128", LRD_PROXY_HTTP, false, "p.test", 3128, NULL, "" },
	{ "p.test", LRD_PROXY_HTTP, false, "p.test", 80, NULL, "" },
	{ "localhost:", LRD_PROXY_HTTP, false, "localhost", 80, NULL, "" },
	{ "u:p@p.test:1", LRD_PROXY_HTTP, false, "p.test", 1, "u", "p" },
	{ "https://p.test", LRD_PROXY_HTTPS, false, "p.test", 443, NULL, "" },
	{ "socks://p.test", LRD_PROXY_SOCKS5, false, "p.test", 1080, NULL, "" },
	{ "socks5h://p.test", LRD_PROXY_SOCKS5, false, "p.test", 1080, NULL, "" },
	{ "socks5://p.test:9", LRD_PROXY_SOCKS5, true, "p.test", 9, NULL, "" },
	{ "socks4a://p.test", LRD_PROXY_SOCKS4, false, "p.test", 1080, NULL, "" },
	{ "Socks4://u@p.test", LRD_PROXY_SOCKS4, true, "p.test", 1080, "u", "" },
	{ "http://[2001:db8::1]:3128", LRD_PROXY_HTTP, false, "2001:db8::1", 3128, NULL,
	  "" },
	{ "http://u:p@[::1]", LRD_PROXY_HTTP, false, "::1", 80, "u", "p" },
	{ "http://192.0.2.1:65535", LRD_PROXY_HTTP, false, "192.0.2.1", 65535, NULL, "" },
	{ "http://a%40b:c%3Ad%2F%25@p", LRD_PROXY_HTTP, false, "p", 80, "a@b", "c:d/%" },
	{ "http://u:p:q@p", LRD_PROXY_HTTP, false, "p", 80, "u", "p:q" },
	{ "http://:p@p", LRD_PROXY_HTTP, false, "p", 80, "", "p" },
	{ "http://@p", LRD_PROXY_HTTP, false, "p", 80, "", "" },
	{ "http://%C3%A9:\xc3\xa9@p", LRD_PROXY_HTTP, false, "p", 80, "\xc3\xa9",
	  "\xc3\xa9" },
};

START_TEST(what_is_understood)
{
	size_t len = strlen(good[_i].text);
	char *text = lrd_guard_alloc(good[_i].text, len);
	struct lrd_proxy_url url;
	struct lrd_proxy view;
	larder_error err;

	ck_assert_msg(lrd_proxy_url_parse(lrd_slice_of(text, len), &url, &err) == 0,
		      "%s: %s", good[_i].text, err.message);
	lrd_guard_free(text, len);
	ck_assert_int_eq(url.kind, good[_i].kind);
	ck_assert_int_eq(url.local_dns, good[_i].local_dns);
	ck_assert_str_eq(url.host, good[_i].host);
	ck_assert_uint_eq(url.port, good[_i].port);
	ck_assert_int_eq(url.has_user, good[_i].user != NULL);
	ck_assert_str_eq(url.user, good[_i].user ? good[_i].user : "");
	ck_assert_str_eq(url.password, good[_i].password);
	view = lrd_proxy_url_view(&url);
	ck_assert_ptr_eq(view.host, url.host);
	ck_assert_uint_eq(view.port, url.port);
	ck_assert_uint_eq(view.password.len, strlen(good[_i].password));
	ck_assert_int_eq(view.user.ptr != NULL, good[_i].user != NULL);
	lrd_proxy_url_wipe(&url);
	ck_assert_uint_eq(url.password_len, 0);
	ck_assert_str_eq(url.password, "");
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	"http://",
	"http:///",
	"http://:80",
	"ftp://p.test",
	"socks6://p.test",
	"https//p.test",
	"://p.test",
	"http:p.test",
	"http://p.test:0",
	"http://p.test:65536",
	"http://p.test:80x",
	"http://p.test:-1",
	"http://p.test:+80",
	"http://p.test:80:81",
	"http://2001:db8::1:80",
	"http://[2001:db8::1",
	"http://[2001:db8::1]80",
	"http://[p.test]:80",
	"http://[192.0.2.1]:80",
	"http://p.test/path",
	"http://p.test?x",
	"http://p.test#x",
	"http://p.test\\x",
	"http://se/cret@p.test",
	"http://u:se@cret@p.test",
	"http://u:secret%@p.test",
	"http://u:secret%4@p.test",
	"http://u:secret%zz@p.test",
	"http://u:secret%00@p.test",
	"http://u:secret%0d%0a@p.test",
	"http://u:secret%7f@p.test",
	"http://u:sec ret@p.test",
	"http://u:sec\tret@p.test",
	"http://u:secret\n@p.test",
	"http://p test",
	"http://p%2etest",
	"http://p\xc3\xa9.test",
	"http://p!.test",
	"secret://p.test",
	"u:secret://p.test",
};

START_TEST(what_is_not)
{
	size_t len = strlen(bad[_i]);
	char *text = lrd_guard_alloc(bad[_i], len);
	struct lrd_proxy_url url = { .port = 7 };
	larder_error err;

	ck_assert_msg(lrd_proxy_url_parse(lrd_slice_of(text, len), &url, &err) ==
			      LARDER_EINVAL,
		      "%s", bad[_i]);
	ck_assert_uint_eq(url.port, 7);
	ck_assert_ptr_null(strstr(err.message, "secret"));
	ck_assert_ptr_nonnull(strstr(err.message, "proxy URL not understood: "));
	lrd_guard_free(text, len);
}
END_TEST

START_TEST(lengths)
{
	char text[2200];
	struct lrd_proxy_url url;

	for (size_t host = 254; host <= 257; host++) {
		memset(text, 'a', host);
		ck_assert_int_eq(lrd_proxy_url_parse(lrd_slice_of(text, host), &url, NULL),
				 host <= 255 ? 0 : LARDER_EINVAL);
	}
	for (size_t user = 254; user <= 257; user++) {
		memset(text, 'a', user);
		text[user] = '@';
		text[user + 1] = 'p';
		ck_assert_int_eq(lrd_proxy_url_parse(lrd_slice_of(text, user + 2), &url,
						     NULL),
				 user <= LRD_PROXY_USER_MAX ? 0 : LARDER_EINVAL);
	}
	for (size_t password = 1022; password <= 1025; password++) {
		memset(text, 'a', password + 2);
		text[1] = ':';
		text[password + 2] = '@';
		text[password + 3] = 'p';
		ck_assert_int_eq(lrd_proxy_url_parse(lrd_slice_of(text, password + 4),
						     &url, NULL),
				 password <= LRD_PROXY_PASSWORD_MAX ? 0 : LARDER_EINVAL);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/proxy_url");
	TCase *tcase = tcase_create("proxy_url");

	tcase_add_loop_test(tcase, what_is_understood, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tcase, what_is_not, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, lengths);
	suite_add_tcase(suite, tcase);
	return suite;
}
