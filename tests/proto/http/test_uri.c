/* SPDX-License-Identifier: MIT */
/* test_uri.c - what each part of a URI is, and which texts are none. */
#include "proto/http/uri.h"

#include <stdio.h>

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

enum {
	A = LRD_URI_HAS_AUTHORITY,
	U = LRD_URI_HAS_USERINFO,
	P = LRD_URI_HAS_PORT,
	Q = LRD_URI_HAS_QUERY,
	F = LRD_URI_HAS_FRAGMENT,
	S = LRD_URI_HAS_SCHEME,
	N = LRD_URI_NORMAL,
	LOOSE = LRD_URI_LOOSE,
};

static const struct {
	const char *text;
	unsigned flags;
	const char *scheme, *userinfo, *host, *port, *path, *query, *fragment;
	unsigned port_number;
} parts[] = {
	/* the five of RFC 3986 s3 and the examples of s1.1.2 */
	{ "foo://example.com:8042/over/there?name=ferret#nose", S | A | P | Q | F, "foo",
	  "", "example.com", "8042", "/over/there", "name=ferret", "nose", 8042 },
	{ "ftp://ftp.is.co.za/rfc/rfc1808.txt", S | A | N, "ftp", "", "ftp.is.co.za", "",
	  "/rfc/rfc1808.txt", "", "", 0 },
	{ "ldap://[2001:db8::7]/c=GB?objectClass?one", S | A | Q | N | LRD_URI_IP6,
	  "ldap", "", "2001:db8::7", "", "/c=GB", "objectClass?one", "", 0 },
	{ "mailto:John.Doe@example.com", S | N, "mailto", "", "", "",
	  "John.Doe@example.com", "", "", 0 },
	{ "news:comp.infosystems.www.servers.unix", S | N, "news", "", "", "",
	  "comp.infosystems.www.servers.unix", "", "", 0 },
	{ "tel:+1-816-555-1212", S | N, "tel", "", "", "", "+1-816-555-1212", "", "", 0 },
	{ "telnet://192.0.2.16:80/", S | A | P | N | LRD_URI_IP4, "telnet", "",
	  "192.0.2.16", "80", "/", "", "", 80 },
	{ "urn:oasis:names:specification:docbook:dtd:xml:4.1.2", S | N, "urn", "", "", "",
	  "oasis:names:specification:docbook:dtd:xml:4.1.2", "", "", 0 },
	{ "http://h/", S | A | N, "http", "", "h", "", "/", "", "", 80 },
	{ "https://h/a?b", S | A | Q | N, "https", "", "h", "", "/a", "b", "", 443 },
	{ "http://h", S | A, "http", "", "h", "", "", "", "", 80 },
	{ "http://h?q", S | A | Q, "http", "", "h", "", "", "q", "", 80 },
	{ "http://h/?", S | A | Q | N, "http", "", "h", "", "/", "", "", 80 },
	{ "http://h/#", S | A | F, "http", "", "h", "", "/", "", "", 80 },
	{ "http://h:/", S | A | P, "http", "", "h", "", "/", "", "", 80 },
	{ "http://h:80/", S | A | P, "http", "", "h", "80", "/", "", "", 80 },
	{ "http://h:443/", S | A | P | N, "http", "", "h", "443", "/", "", "", 443 },
	{ "http://h:0/", S | A | P, "http", "", "h", "0", "/", "", "", 0 },
	{ "http://h:65535/", S | A | P | N, "http", "", "h", "65535", "/", "", "", 65535 },
	{ "http://h:00008080/", S | A | P, "http", "", "h", "00008080", "/", "", "", 8080 },
	{ "http://user:pa%20ss@h/", S | A | U, "http", "user:pa%20ss", "h", "", "/", "",
	  "", 80 },
	{ "http://@h/", S | A | U, "http", "", "h", "", "/", "", "", 80 },
	{ "HTTP://Host/", S | A, "HTTP", "", "Host", "", "/", "", "", 80 },
	{ "http://h/a%2Fb", S | A, "http", "", "h", "", "/a%2Fb", "", "", 80 },
	{ "http://h/a/./b", S | A, "http", "", "h", "", "/a/./b", "", "", 80 },
	{ "http://h/.a/..b/c.", S | A | N, "http", "", "h", "", "/.a/..b/c.", "", "", 80 },
	{ "http://h/..", S | A, "http", "", "h", "", "/..", "", "", 80 },
	{ "http://h//a//", S | A | N, "http", "", "h", "", "//a//", "", "", 80 },
	{ "http://h/a:b@c;d=e!$&'()*+,~", S | A | N, "http", "", "h", "",
	  "/a:b@c;d=e!$&'()*+,~", "", "", 80 },
	{ "http://h/a|b?f[x]={1}^`", S | A | Q | N | LOOSE, "http", "", "h", "", "/a|b",
	  "f[x]={1}^`", "", 80 },
	{ "http://1.2.3.4/", S | A | N | LRD_URI_IP4, "http", "", "1.2.3.4", "", "/", "",
	  "", 80 },
	{ "http://1.2.3.256/", S | A | N, "http", "", "1.2.3.256", "", "/", "", "", 80 },
	{ "http://01.2.3.4/", S | A | N, "http", "", "01.2.3.4", "", "/", "", "", 80 },
	{ "http://example.com./", S | A | N, "http", "", "example.com.", "", "/", "", "",
	  80 },
	{ "http://under_score.x/", S | A | N, "http", "", "under_score.x", "", "/", "",
	  "", 80 },
	{ "http://[::1]:8080/", S | A | P | N | LRD_URI_IP6, "http", "", "::1", "8080",
	  "/", "", "", 8080 },
	{ "http://[FE80::1%25eth0]/", S | A | LRD_URI_IP6 | LRD_URI_HAS_ZONE, "http", "",
	  "FE80::1", "", "/", "", "", 80 },
	{ "http://[v1.fe:x]/", S | A | N | LRD_URI_IP_FUTURE, "http", "", "v1.fe:x", "",
	  "/", "", "", 80 },
	{ "http://h/a#b/?c", S | A | F, "http", "", "h", "", "/a", "", "b/?c", 80 },
	{ "file:///etc/passwd", S | A | N, "file", "", "", "", "/etc/passwd", "", "", 0 },
};

START_TEST(an_absolute_uri_has_parts)
{
	larder_slice text = row_guard(parts[_i].text);
	struct lrd_uri uri;

	ck_assert_msg(lrd_uri_parse(text, &uri) == 0, "refused: %s", parts[_i].text);
	ck_assert_msg(uri.flags == parts[_i].flags, "%s: flags 0x%x, not 0x%x",
		      parts[_i].text, uri.flags, parts[_i].flags);
	ck_slice(uri.scheme, parts[_i].scheme);
	ck_slice(uri.userinfo, parts[_i].userinfo);
	ck_slice(uri.host, parts[_i].host);
	ck_slice(uri.port, parts[_i].port);
	ck_slice(uri.path, parts[_i].path);
	ck_slice(uri.query, parts[_i].query);
	ck_slice(uri.fragment, parts[_i].fragment);
	ck_assert_uint_eq(uri.port_number, parts[_i].port_number);
	row_free(text);
}
END_TEST

/* No reference of any kind. */
static const char *const malformed[] = {
	"http://h/a b",
	"http://h/a\tb",
	"http://h/a\nb",
	"http://h/a\r\nHost: evil",
	" http://h/",
	"http://h/ ",
	"http://h/\x7f",
	"http://h/\xc3\xa9",
	"http://h\xc3\xa9/",
	"http://h/\x01",
	/* what browsers mend and others do not */
	"http:\\\\h/",
	"http://h\\a",
	"http://good\\@evil/",
	"http://h/a\\b",
	"http://h/<a>",
	"http://h/\"",
	"http://a@b@c/",
	"http://a%40b@c@d/",
	"http://h:80@evil:x/",
	/* escapes */
	"http://h/%",
	"http://h/%1",
	"http://h/%zz",
	"http://h/a?%",
	"http://h/#%g0",
	"http://u%@h/",
	/* hosts */
	"http://h%2fevil/",
	"http://h%2Eevil/",
	"http://h%00/",
	"http://%41/",
	"http://h|/",
	"http://[::1/",
	"http://::1/",
	"http://[]/",
	"http://[::1]x/",
	"http://[1:2:3:4:5:6:7]/",
	"http://[1:2:3:4:5:6:7:8:9]/",
	"http://[1::2::3]/",
	"http://[12345::]/",
	"http://[:::]/",
	"http://[1:2:3:4:5:6:7:8::]/",
	"http://[::1.2.3]/",
	"http://[::1.2.3.256]/",
	"http://[1:]/",
	"http://[::1%eth0]/",
	"http://[::1%25]/",
	"http://[::1%25a b]/",
	"http://[g::]/",
	"http://[1:2:3:4:5:6:7:1.2.3.4]/",
	"http://[v.x]/",
	"http://[v1.]/",
	"http://a[::1]/",
	"http://[:1:2:3:4:5:6:7]/",
	"http://[1.2.3.4]/",
	/* ports */
	"http://h:65536/",
	"http://h:99999999999999999999/",
	"http://h:-1/",
	"http://h:+1/",
	"http://h:8 0/",
	"http://h:0x50/",
	"http://h:80:80/",
	"http://h:a/",
	/* relative, with a colon where a scheme would end */
	"1a:b",
	":a",
	"a_b:c",
	"%41:b",
	"http://h/a#b#c",
};

START_TEST(malformed_texts_are_refused)
{
	larder_slice text = row_guard(malformed[_i]);
	struct lrd_uri uri = { .port_number = 7 };

	ck_assert_msg(lrd_uri_parse(text, &uri) == LARDER_EURL, "taken: %s",
		      malformed[_i]);
	ck_assert_msg(lrd_uri_parse_reference(text, &uri) == LARDER_EURL, "taken: %s",
		      malformed[_i]);
	ck_assert_uint_eq(uri.port_number, 7);
	row_free(text);
}
END_TEST

/* Good references that are no absolute URI, or an http one without host. */
static const char *const relative[] = {
	"",
	"/",
	"//h/a",
	"a",
	"./a:b",
	"?q",
	"#f",
	"../x",
	"h/a:b",
	"http:g",
	"http:/g",
	"http:///g",
	"http://:80/",
	"http://u@/",
	"https://?q",
	"HTTP:",
	"//",
	"example.com/path",
};

START_TEST(references_are_not_absolute)
{
	larder_slice text = row_guard(relative[_i]);
	struct lrd_uri uri;

	ck_assert_msg(lrd_uri_parse_reference(text, &uri) == 0, "refused: %s",
		      relative[_i]);
	ck_assert_msg(lrd_uri_parse(text, &uri) == LARDER_EURL, "taken: %s", relative[_i]);
	row_free(text);
}
END_TEST

static const char *const addresses[] = {
	"::",
	"::1",
	"1::",
	"1:2:3:4:5:6:7:8",
	"1::8",
	"1:2:3:4:5:6:7::",
	"::2:3:4:5:6:7:8",
	"::1.2.3.4",
	"1:2:3:4:5:6:1.2.3.4",
	"1::1.2.3.4",
	"::ffff:1.2.3.4",
	"abcd:EF01::",
};

START_TEST(ipv6_addresses)
{
	char text[100];
	struct lrd_uri uri;

	snprintf(text, sizeof(text), "http://[%s]/", addresses[_i]);
	ck_assert_msg(lrd_uri_parse(lrd_slice_cstr(text), &uri) == 0, "refused: %s", text);
	ck_slice(uri.host, addresses[_i]);
	ck_assert(uri.flags & LRD_URI_IP6);
}
END_TEST

START_TEST(every_beginning_of_a_long_one)
{
	const char *text =
		"http://us%65r:p@[fe80::1%25e%30]:8080/a/../%7eb;c?d[]=%20&e#f";
	struct lrd_uri uri;

	for (size_t len = 0; len <= strlen(text); len++) {
		char *copy = lrd_guard_alloc(text, len);

		if (lrd_uri_parse_reference(lrd_slice_of(copy, len), &uri) == 0)
			ck_assert_uint_eq(uri.text.len, len);
		lrd_guard_free(copy, len);
	}
}
END_TEST

START_TEST(a_long_uri_and_a_nul)
{
	char text[8200];
	struct lrd_uri uri;

	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	ck_assert_int_eq(lrd_uri_parse(lrd_slice_of(text, sizeof(text)), &uri), 0);
	text[5000] = '\0';
	ck_assert_int_eq(lrd_uri_parse(lrd_slice_of(text, sizeof(text)), &uri),
			 LARDER_EURL);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("uri");
	TCase *tc = tcase_create("uri");

	tcase_add_loop_test(tc, an_absolute_uri_has_parts, 0,
			    sizeof(parts) / sizeof(parts[0]));
	tcase_add_loop_test(tc, malformed_texts_are_refused, 0,
			    sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_loop_test(tc, references_are_not_absolute, 0,
			    sizeof(relative) / sizeof(relative[0]));
	tcase_add_loop_test(tc, ipv6_addresses, 0,
			    sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(tc, every_beginning_of_a_long_one);
	tcase_add_test(tc, a_long_uri_and_a_nul);
	suite_add_tcase(suite, tc);
	return suite;
}
