/* SPDX-License-Identifier: MIT */
/* test_uri_resolve.c - all examples of RFC 3986 s5.4, and what a Location field may hold. */
#include "proto/http/uri.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

#define BASE "http://a/b/c/d;p?q"

static const struct {
	const char *base, *reference, *target;
} rows[] = {
	/* s5.4.1 */
	{ BASE, "g:h", "g:h" },
	{ BASE, "g", "http://a/b/c/g" },
	{ BASE, "./g", "http://a/b/c/g" },
	{ BASE, "g/", "http://a/b/c/g/" },
	{ BASE, "/g", "http://a/g" },
	{ BASE, "//g", "http://g" },
	{ BASE, "?y", "http://a/b/c/d;p?y" },
	{ BASE, "g?y", "http://a/b/c/g?y" },
	{ BASE, "#s", "http://a/b/c/d;p?q#s" },
	{ BASE, "g#s", "http://a/b/c/g#s" },
	{ BASE, "g?y#s", "http://a/b/c/g?y#s" },
	{ BASE, ";x", "http://a/b/c/;x" },
	{ BASE, "g;x", "http://a/b/c/g;x" },
	{ BASE, "g;x?y#s", "http://a/b/c/g;x?y#s" },
	{ BASE, "", "http://a/b/c/d;p?q" },
	{ BASE, ".", "http://a/b/c/" },
	{ BASE, "./", "http://a/b/c/" },
	{ BASE, "..", "http://a/b/" },
	{ BASE, "../", "http://a/b/" },
	{ BASE, "../g", "http://a/b/g" },
	{ BASE, "../..", "http://a/" },
	{ BASE, "../../", "http://a/" },
	{ BASE, "../../g", "http://a/g" },
	/* s5.4.2 */
	{ BASE, "../../../g", "http://a/g" },
	{ BASE, "../../../../g", "http://a/g" },
	{ BASE, "/./g", "http://a/g" },
	{ BASE, "/../g", "http://a/g" },
	{ BASE, "g.", "http://a/b/c/g." },
	{ BASE, ".g", "http://a/b/c/.g" },
	{ BASE, "g..", "http://a/b/c/g.." },
	{ BASE, "..g", "http://a/b/c/..g" },
	{ BASE, "./../g", "http://a/b/g" },
	{ BASE, "./g/.", "http://a/b/c/g/" },
	{ BASE, "g/./h", "http://a/b/c/g/h" },
	{ BASE, "g/../h", "http://a/b/c/h" },
	{ BASE, "g;x=1/./y", "http://a/b/c/g;x=1/y" },
	{ BASE, "g;x=1/../y", "http://a/b/c/y" },
	{ BASE, "g?y/./x", "http://a/b/c/g?y/./x" },
	{ BASE, "g?y/../x", "http://a/b/c/g?y/../x" },
	{ BASE, "g#s/./x", "http://a/b/c/g#s/./x" },
	{ BASE, "g#s/../x", "http://a/b/c/g#s/../x" },
	{ BASE, "http:g", "http:g" },
	/* others */
	{ "http://a", "g", "http://a/g" },
	{ "http://a?q", "", "http://a?q" },
	{ "http://a?q", "g", "http://a/g" },
	{ "http://u@a:81/b", "/c", "http://u@a:81/c" },
	{ "https://a/b", "//c:8/d", "https://c:8/d" },
	{ "https://a/b", "http://c/./d", "http://c/d" },
	{ "http://a/b#f", "", "http://a/b" },
	{ "http://a/b?q", "?", "http://a/b?" },
	{ "http://a/b?q", "#", "http://a/b?q#" },
	{ "http://a/b/", "..//c", "http://a//c" },
	{ "foo:a/b", "c", "foo:a/c" },
	{ "foo:a", "../c", "foo:c" },
	{ "foo:/a", "..//b", "foo:/.//b" },
	{ "foo:/a/b", "/.//b", "foo:/.//b" },
};

START_TEST(targets)
{
	larder_slice reference = row_guard(rows[_i].reference);
	struct lrd_uri base;
	struct lrd_buf out;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_uri_parse(lrd_slice_cstr(rows[_i].base), &base), 0);
	ck_assert_int_eq(lrd_uri_resolve(&base, reference, &out), 0);
	ck_assert_msg(strcmp(out.ptr, rows[_i].target) == 0, "%s from %s is %s, not %s",
		      rows[_i].reference, rows[_i].base, out.ptr, rows[_i].target);
	lrd_buf_release(&out);
	row_free(reference);
}
END_TEST

START_TEST(failures_change_nothing)
{
	char storage[20];
	struct lrd_uri base;
	struct lrd_uri relative;
	struct lrd_buf out;

	lrd_buf_init_fixed(&out, storage, sizeof(storage));
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_uri_parse(LRD_SLICE(BASE), &base), 0);
	ck_assert_int_eq(lrd_uri_parse_reference(LRD_SLICE("/b"), &relative), 0);
	ck_assert_int_eq(lrd_uri_resolve(&base, LRD_SLICE("a b"), &out), LARDER_EURL);
	ck_assert_int_eq(lrd_uri_resolve(&relative, LRD_SLICE("a"), &out), LARDER_EURL);
	ck_assert_int_eq(lrd_uri_resolve(&base, LRD_SLICE("gggg"), &out), LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "kept");
}
END_TEST

static const struct {
	const char *path, *without;
} paths[] = {
	{ "", "" },
	{ ".", "" },
	{ "..", "" },
	{ "./", "" },
	{ "../", "" },
	{ "../../a", "a" },
	{ "/", "/" },
	{ "/a/b/c/./../../g", "/a/g" },
	{ "mid/content=5/../6", "mid/6" },
	{ "/..", "/" },
	{ "/../..", "/" },
	{ "/a/..", "/" },
	{ "/./", "/" },
	{ "a/..", "/" },
	{ "//..", "/" },
};

START_TEST(dot_segments)
{
	char path[100];
	size_t len = strlen(paths[_i].path);

	memcpy(path, paths[_i].path, len + 1);
	len = lrd_uri_remove_dots(path, len);
	ck_slice(lrd_slice_of(path, len), paths[_i].without);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("uri_resolve");
	TCase *tc = tcase_create("uri_resolve");

	tcase_add_loop_test(tc, targets, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, dot_segments, 0, sizeof(paths) / sizeof(paths[0]));
	tcase_add_test(tc, failures_change_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
