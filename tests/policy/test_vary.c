/* SPDX-License-Identifier: MIT */
/* test_vary.c - which requests a stored response answers (RFC 9111 s4.1). */
#include "policy/vary.h"

#include "check_main.h"
#include "text.h"

static const uint8_t secret[16] = { 1, 2, 3 };

static const struct {
	const char *name;
	const char *response;
	enum lrd_vary kind;
	const char *list;
} lists[] = {
	{ "none", "X: 1", LRD_VARY_NONE, "" },
	{ "one", "Vary: Accept", LRD_VARY_FIELDS, "accept" },
	{ "sorted, lower case, each once", "Vary: Cookie, ACCEPT,cookie", LRD_VARY_FIELDS,
	  "accept,cookie" },
	{ "several lines", "Vary: B\nVary: a", LRD_VARY_FIELDS, "a,b" },
	{ "empty members", "Vary: , A,, ,B,", LRD_VARY_FIELDS, "a,b" },
	{ "all empty", "Vary: ,", LRD_VARY_NONE, "" },
	{ "empty", "Vary:", LRD_VARY_NONE, "" },
	{ "star", "Vary: *", LRD_VARY_ANY, "" },
	{ "star among others", "Vary: A, *", LRD_VARY_ANY, "" },
	{ "star on another line", "Vary: A\nVary: *", LRD_VARY_ANY, "" },
	{ "star behind rubbish", "Vary: a b, *", LRD_VARY_ANY, "" },
	{ "no token", "Vary: a b", LRD_VARY_MALFORMED, "" },
	{ "quoted", "Vary: \"a\"", LRD_VARY_MALFORMED, "" },
	{ "sixteen", "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", LRD_VARY_FIELDS,
	  "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p" },
	{ "seventeen", "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", LRD_VARY_TOO_LONG, "" },
};

START_TEST(list)
{
	struct text_fields text;
	struct lrd_buf out;

	lrd_buf_init(&out, LRD_VARY_LIST_BYTES, NULL);
	ck_assert_msg(lrd_vary_read(text_view(lists[_i].response, &text), &out) ==
			      lists[_i].kind,
		      "%s", lists[_i].name);
	ck_assert_str_eq(out.ptr, lists[_i].list);
	lrd_buf_release(&out);
}
END_TEST

/* Two requests: do they select the same response? */
static const struct {
	const char *name;
	const char *list;
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "equal", "x", "X: 1", "X: 1", true },
	{ "other value", "x", "X: 1", "X: 2", false },
	{ "case of an unknown field's value", "x", "X: a", "X: A", false },
	{ "case of the name", "x", "X: 1", "x: 1", true },
	{ "absent and absent", "x", "Y: 1", "Z: 1", true },
	{ "absent and present", "x", "Y: 1", "X: 1", false },
	{ "absent and empty", "x", "Y: 1", "X:", false },
	{ "blanks around the value", "x", "X:   1", "X: 1  ", true },
	{ "lines combine", "x", "X: 1\nX: 2", "X: 1, 2", true },
	{ "order of lines", "x", "X: 1\nX: 2", "X: 2\nX: 1", false },
	{ "blanks inside an unknown field", "x", "X: 1,2", "X: 1, 2", false },
	{ "all of several", "x,y", "X: 1\nY: 1", "X: 1\nY: 2", false },
	{ "fields that are not named", "x", "X: 1\nY: 1", "X: 1\nY: 2", true },
	{ "codings: order", "accept-encoding", "Accept-Encoding: gzip, br",
	  "Accept-Encoding: br,gzip", true },
	{ "codings: case", "accept-encoding", "Accept-Encoding: GZIP",
	  "Accept-Encoding: gzip", true },
	{ "codings: x-gzip", "accept-encoding", "Accept-Encoding: x-gzip",
	  "Accept-Encoding: gzip", true },
	{ "codings: weight of one", "accept-encoding", "Accept-Encoding: gzip;q=1.0",
	  "Accept-Encoding: gzip", true },
	{ "codings: other weight", "accept-encoding", "Accept-Encoding: gzip;q=0.5",
	  "Accept-Encoding: gzip", false },
	{ "codings: blanks", "accept-encoding", "Accept-Encoding: gzip ; q=0.5 ,br",
	  "Accept-Encoding: br, gzip;q=0.5", true },
	{ "codings: two lines", "accept-encoding",
	  "Accept-Encoding: gzip\nAccept-Encoding: br", "Accept-Encoding: br, gzip", true },
	{ "codings: none and empty", "accept-encoding", "X: 1", "Accept-Encoding:", false },
	{ "languages: order counts", "accept-language", "Accept-Language: de, en",
	  "Accept-Language: en, de", false },
	{ "languages: case and blanks", "accept-language",
	  "Accept-Language: DE-at ,en;Q=0.5", "Accept-Language: de-AT,en; q=0.5", true },
	{ "types: quoted text keeps its case", "accept", "Accept: a/b;c=\"X Y\"",
	  "Accept: a/b;c=\"x y\"", false },
	{ "types: the rest does not", "accept", "Accept: A/B; c=\"X\"",
	  "accept: a/b;C=\"X\"", true },
	{ "types: an escaped quote", "accept", "Accept: a/b;c=\"\\\"X\"",
	  "Accept: a/b;c=\"\\\"x\"", false },
	{ "credentials: equal", "authorization",
	  "Authorization: Basic YQ==", "Authorization: Basic YQ==", true },
	{ "credentials: other", "authorization",
	  "Authorization: Basic YQ==", "Authorization: Basic Yg==", false },
	{ "cookies", "cookie", "Cookie: a=1", "Cookie: a=2", false },
	{ "cookies: cut elsewhere", "cookie", "Cookie: ab\nCookie: c",
	  "Cookie: a\nCookie: bc", false },
};

static int text_of(const char *names, const char *request, struct lrd_buf *out)
{
	struct text_fields text;

	return lrd_vary_text(lrd_slice_cstr(names), text_view(request, &text), secret,
			     out);
}

START_TEST(pair)
{
	struct lrd_buf a, b;

	lrd_buf_init(&a, LRD_VARY_TEXT_BYTES, NULL);
	lrd_buf_init(&b, LRD_VARY_TEXT_BYTES, NULL);
	ck_assert_int_eq(text_of(pairs[_i].list, pairs[_i].a, &a), 0);
	ck_assert_int_eq(text_of(pairs[_i].list, pairs[_i].b, &b), 0);
	ck_assert_msg((strcmp(a.ptr, b.ptr) == 0) == pairs[_i].same, "%s:\n%s%s",
		      pairs[_i].name, a.ptr, b.ptr);
	lrd_buf_release(&a);
	lrd_buf_release(&b);
}
END_TEST

START_TEST(texts)
{
	larder_field forged = { LRD_SLICE("X"), LRD_SLICE("1\ny:2") };
	static char many[8100], value[9000];
	struct lrd_buf out;
	size_t at;

	lrd_buf_init(&out, LRD_VARY_TEXT_BYTES, NULL);
	ck_assert_int_eq(
		text_of("accept,cookie,x", "Accept: b, a\nCookie: sid=secret", &out), 0);
	ck_assert_ptr_eq(strstr(out.ptr, "accept:b,a\ncookie:"), out.ptr);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\nx\n"));
	ck_assert_ptr_null(strstr(out.ptr, "secret"));
	/* Another store hides them under another key. */
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_vary_text(LRD_SLICE("x"), lrd_view_of(&forged, 1), secret,
				       &out),
			 LARDER_EPROTO);
	ck_assert_uint_eq(out.len, 0);
	/* More members than are sorted: still a text, in their order. */
	at = (size_t)snprintf(many, sizeof(many), "Accept-Encoding: a0");
	for (int i = 1; i < 100; i++)
		at += (size_t)snprintf(many + at, sizeof(many) - at, ", a%d", i);
	ck_assert_int_eq(text_of("accept-encoding", many, &out), 0);
	ck_assert_ptr_nonnull(strstr(out.ptr, "a98,a99\n"));
	lrd_buf_clear(&out);
	memset(value, 'v', sizeof(value) - 1);
	forged.value = lrd_slice_cstr(value);
	ck_assert_int_eq(lrd_vary_text(LRD_SLICE("x"), lrd_view_of(&forged, 1), secret,
				       &out),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(out.len, 0);
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/vary");
	TCase *tcase = tcase_create("vary");

	tcase_add_loop_test(tcase, list, 0, sizeof(lists) / sizeof(lists[0]));
	tcase_add_loop_test(tcase, pair, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tcase, texts);
	suite_add_tcase(suite, tcase);
	return suite;
}
