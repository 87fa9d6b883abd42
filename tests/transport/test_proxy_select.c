/* SPDX-License-Identifier: MIT */
/* test_proxy_select.c - environments, and the proxy that each names for an origin. */
#include "transport/proxy_select.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

/* "NAME=value\nNAME=value" */
static const char *look_up(const char *name, void *ctx)
{
	static char value[200];
	const char *line = ctx;
	size_t len = strlen(name);

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + len + 1, "\n"),
			 line + len + 1);
		return value;
	}
	return NULL;
}

static const struct {
	const char *env;
	const char *scheme, *host;
	int rc;
	const char *proxy; /* or what the error names */
} rows[] = {
	{ "", "http", "a.test", 0, NULL },
	{ "http_proxy=http://p", "http", "a.test", 1, "p" },
	{ "http_proxy=http://p", "HTTP", "a.test", 1, "p" },
	{ "http_proxy=http://p", "https", "a.test", 0, NULL },
	{ "https_proxy=http://p", "https", "a.test", 1, "p" },
	{ "https_proxy=http://p", "http", "a.test", 0, NULL },
	{ "all_proxy=socks5://p", "http", "a.test", 1, "p" },
	{ "all_proxy=socks5://p", "https", "a.test", 1, "p" },
	{ "ALL_PROXY=p", "https", "a.test", 1, "p" },
	{ "all_proxy=q\nhttp_proxy=p", "http", "a.test", 1, "p" },
	{ "HTTPS_PROXY=p", "https", "a.test", 1, "p" },
	{ "https_proxy=p\nHTTPS_PROXY=q", "https", "a.test", 1, "p" },
	{ "HTTP_PROXY=p", "http", "a.test", 1, "p" },
	/* Under CGI it is what the client wrote into "Proxy:". */
	{ "HTTP_PROXY=evil\nREQUEST_METHOD=GET", "http", "a.test", 0, NULL },
	{ "HTTP_PROXY=evil\nREQUEST_METHOD=", "http", "a.test", 0, NULL },
	{ "HTTP_PROXY=evil\nREQUEST_METHOD=GET\nall_proxy=p", "http", "a.test", 1, "p" },
	{ "http_proxy=p\nREQUEST_METHOD=GET", "http", "a.test", 1, "p" },
	{ "HTTPS_PROXY=p\nREQUEST_METHOD=GET", "https", "a.test", 1, "p" },
	{ "http_proxy=\nHTTP_PROXY=q", "http", "a.test", 0, NULL },
	{ "http_proxy= \nall_proxy=p", "http", "a.test", 1, "p" },
	{ "http_proxy=p\nno_proxy=a.test", "http", "www.a.test", 0, NULL },
	{ "http_proxy=p\nno_proxy=a.test", "http", "b.test", 1, "p" },
	{ "http_proxy=p\nNO_PROXY=a.test", "http", "a.test", 0, NULL },
	{ "http_proxy=p\nno_proxy=b.test\nNO_PROXY=a.test", "http", "a.test", 1, "p" },
	{ "http_proxy=p\nno_proxy=a.test:81", "http", "a.test", 1, "p" },
	{ "http_proxy=p\nno_proxy=a.test:80", "http", "a.test", 0, NULL },
	{ "https_proxy=p\nno_proxy=*", "https", "a.test", 0, NULL },
	/* Never past a proxy that was asked for. */
	{ "http_proxy=ftp://p", "http", "a.test", LARDER_EINVAL, "http_proxy" },
	{ "HTTP_PROXY=p:x", "http", "a.test", LARDER_EINVAL, "HTTP_PROXY" },
	{ "all_proxy=http://", "https", "a.test", LARDER_EINVAL, "all_proxy" },
	{ "https_proxy=wss://p\nall_proxy=q", "https", "a.test", LARDER_EINVAL,
	  "https_proxy" },
	{ "http_proxy=ftp://p\nno_proxy=a.test", "http", "a.test", 0, NULL },
};

START_TEST(environments)
{
	struct lrd_proxy_url url = { .port = 7 };
	char env[200];
	larder_error err;
	int rc;

	snprintf(env, sizeof(env), "%s", rows[_i].env);
	rc = lrd_proxy_from_env(lrd_slice_cstr(rows[_i].scheme),
				lrd_slice_cstr(rows[_i].host), 80, look_up, env, &url,
				&err);
	ck_assert_msg(rc == rows[_i].rc, "%s: %d", rows[_i].env, rc);
	if (rc == 1)
		ck_assert_str_eq(url.host, rows[_i].proxy);
	else
		ck_assert_uint_eq(url.port, 7);
	if (rc < 0)
		ck_assert_int_eq(
			strncmp(err.message, rows[_i].proxy, strlen(rows[_i].proxy)), 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/proxy_select");
	TCase *tcase = tcase_create("proxy_select");

	tcase_add_loop_test(tcase, environments, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
