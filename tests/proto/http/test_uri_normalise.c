/* SPDX-License-Identifier: MIT */
/* test_uri_normalise.c - one spelling for each URI, and what is derived from its authority. */
#include "proto/http/uri.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const struct {
	const char *text, *normal;
} rows[] = {
	{ "http://h/", "http://h/" },
	{ "http://h", "http://h/" },
	{ "http://h?q", "http://h/?q" },
	{ "http://h/?", "http://h/?" },
	{ "http://h?", "http://h/?" },
	{ "http://h/#f", "http://h/" },
	{ "http://h/a#", "http://h/a" },
	{ "HTTP://User@WWW.Example.COM:80/", "http://www.example.com/" },
	{ "http://u:p@h:8080/x", "http://h:8080/x" },
	{ "https://h:443/", "https://h/" },
	{ "https://h:80/", "https://h:80/" },
	{ "http://h:443/", "http://h:443/" },
	{ "http://h:/", "http://h/" },
	{ "http://h:0080/", "http://h/" },
	{ "http://h:08080/", "http://h:8080/" },
	{ "http://h:0/", "http://h:0/" },
	{ "http://h:000/", "http://h:0/" },
	{ "foo://h:80/", "foo://h:80/" },
	{ "eXAMPLE://a/./b/../b/%63/%7bfoo%7d",
	  "example://a/b/c/%7Bfoo%7D" }, /* RFC 3986 s6.2.2 */
	{ "http://h/%7esmith/%41%2d%2E%5f", "http://h/~smith/A-._" },
	{ "http://h/a%2fb%3f%23%25", "http://h/a%2Fb%3F%23%25" },
	{ "http://h/%c3%a9?%c3%a9=%61", "http://h/%C3%A9?%C3%A9=a" },
	{ "http://h/a/../../b", "http://h/b" },
	{ "http://h/a/%2e%2E/b", "http://h/b" },
	{ "http://h/a/.%2e/b/%2e", "http://h/b/" },
	{ "http://h/..", "http://h/" },
	{ "http://h/.", "http://h/" },
	{ "http://h/a//../b", "http://h/a/b" },
	{ "http://h//", "http://h//" },
	{ "http://h/a/b/..", "http://h/a/" },
	{ "http://h/a/...", "http://h/a/..." },
	{ "http://h/a?x=/../y", "http://h/a?x=/../y" },
	{ "http://h/A?B", "http://h/A?B" },
	{ "http://h/?b=2&a=1", "http://h/?b=2&a=1" },
	{ "http://h/a|[b]", "http://h/a|[b]" },
	{ "http://[2001:DB8::A]:80/", "http://[2001:db8::a]/" },
	{ "http://[FE80::1%25Eth%30]/", "http://[fe80::1%25Eth0]/" },
	{ "http://EXAMPLE.com./", "http://example.com./" },
	{ "urn:ISBN:%7e", "urn:ISBN:~" },
	{ "URN:a/../b", "urn:a/../b" },
	{ "foo:/a/..//b", "foo:/.//b" },
	{ "foo:/.//b", "foo:/.//b" },
	{ "file:///a/../b", "file:///b" },
};

START_TEST(one_spelling)
{
	larder_slice text = row_guard(rows[_i].text);
	struct lrd_uri uri;
	struct lrd_buf once;
	struct lrd_buf twice;

	lrd_buf_init(&once, 1000, NULL);
	lrd_buf_init(&twice, 1000, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&once, "key:"), 0);
	ck_assert_int_eq(lrd_uri_parse(text, &uri), 0);
	ck_assert_int_eq(lrd_uri_normalise(&uri, &once), 0);
	ck_assert_str_eq(once.ptr + 4, rows[_i].normal);
	lrd_buf_consume(&once, 4);

	/* Again: nothing changes. That it is normal is known of most, and of no other text. */
	ck_assert_int_eq(
		!(uri.flags & LRD_URI_NORMAL) || strcmp(once.ptr, rows[_i].text) == 0, 1);
	ck_assert_int_eq(lrd_uri_parse(lrd_buf_slice(&once), &uri), 0);
	ck_assert_int_eq(lrd_uri_normalise(&uri, &twice), 0);
	ck_assert_str_eq(twice.ptr, once.ptr);
	lrd_buf_release(&once);
	lrd_buf_release(&twice);
	row_free(text);
}
END_TEST

static const struct {
	const char *text, *origin, *host, *target;
} derived[] = {
	{ "http://h", "http://h", "h", "/" },
	{ "HTTPS://U@H:443/a/../b?c#d", "https://h", "h", "/a/../b?c" },
	{ "http://h:8080?q", "http://h:8080", "h:8080", "/?q" },
	{ "http://h/?", "http://h", "h", "/?" },
	{ "http://[::1]:81/%7e", "http://[::1]:81", "[::1]:81", "/%7e" },
	{ "http://[FE80::1%25eth0]/", "http://[fe80::1%25eth0]", "[fe80::1]", "/" },
	{ "http://h//evil/", "http://h", "h", "//evil/" },
};

START_TEST(origin_host_and_target)
{
	struct lrd_uri uri;
	struct lrd_buf out;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_uri_parse(lrd_slice_cstr(derived[_i].text), &uri), 0);
	ck_assert_int_eq(lrd_uri_origin(&uri, &out), 0);
	ck_assert_str_eq(out.ptr, derived[_i].origin);
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_uri_host_field(&uri, &out), 0);
	ck_assert_str_eq(out.ptr, derived[_i].host);
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_uri_request_target(&uri, &out), 0);
	ck_assert_str_eq(out.ptr, derived[_i].target);
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "http://h/a", "HTTP://H:80/b?c", true },
	{ "http://h/", "https://h/", false },
	{ "http://h/", "http://h:8080/", false },
	{ "http://h/", "http://h./", false },
	{ "http://h/", "http://i/", false },
	{ "https://h:443/", "https://h/", true },
	{ "http://h:443/", "https://h/", false },
	{ "http://u@h/", "http://v@h/", true },
	{ "http://[fe80::1%25a]/", "http://[fe80::1%25b]/", false },
};

START_TEST(same_origin)
{
	struct lrd_uri a;
	struct lrd_uri b;

	ck_assert_int_eq(lrd_uri_parse(lrd_slice_cstr(pairs[_i].a), &a), 0);
	ck_assert_int_eq(lrd_uri_parse(lrd_slice_cstr(pairs[_i].b), &b), 0);
	ck_assert_int_eq(lrd_uri_same_origin(&a, &b), pairs[_i].same);
	ck_assert_int_eq(lrd_uri_same_origin(&b, &a), pairs[_i].same);
}
END_TEST

START_TEST(no_room_changes_nothing)
{
	char storage[16];
	struct lrd_uri uri;
	struct lrd_buf out;

	lrd_buf_init_fixed(&out, storage, sizeof(storage));
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_uri_parse(LRD_SLICE("http://H/abcdefgh?i"), &uri), 0);
	ck_assert_int_eq(lrd_uri_normalise(&uri, &out), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_uri_request_target(&uri, &out), 0);
	lrd_buf_truncate(&out, 4);
	ck_assert_int_eq(lrd_uri_parse(LRD_SLICE("http://h/abcdefghij?k"), &uri), 0);
	ck_assert_int_eq(lrd_uri_request_target(&uri, &out), LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "kept");
	ck_assert_int_eq(lrd_uri_parse_reference(LRD_SLICE("/a"), &uri), 0);
	ck_assert_int_eq(lrd_uri_normalise(&uri, &out), LARDER_EURL);
	ck_assert_int_eq(lrd_uri_origin(&uri, &out), LARDER_EURL);
	ck_assert_int_eq(lrd_uri_host_field(&uri, &out), LARDER_EURL);
	ck_assert_int_eq(lrd_uri_parse(LRD_SLICE("mailto:a"), &uri), 0);
	ck_assert_int_eq(lrd_uri_request_target(&uri, &out), LARDER_EURL);
	ck_assert_str_eq(out.ptr, "kept");
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("uri_normalise");
	TCase *tc = tcase_create("uri_normalise");

	tcase_add_loop_test(tc, one_spelling, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, origin_host_and_target, 0,
			    sizeof(derived) / sizeof(derived[0]));
	tcase_add_loop_test(tc, same_origin, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tc, no_room_changes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
