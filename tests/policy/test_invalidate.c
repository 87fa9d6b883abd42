/* SPDX-License-Identifier: MIT */
/* test_invalidate.c - which URLs a response to an unsafe method makes doubtful (RFC 9111 s4.4). */
#include "policy/invalidate.h"

#include "check_main.h"
#include "text.h"

static const struct {
	const char *method;
	uint32_t status;
	bool applies;
} answers[] = {
	{ "POST", 200, true },      { "PUT", 204, true },        { "DELETE", 301, true },
	{ "PATCH", 399, true },     { "UNHEARD-OF", 200, true }, { "Get", 200, true },
	{ "POST", 199, false },     { "POST", 400, false },      { "POST", 404, false },
	{ "POST", 500, false },     { "GET", 200, false },       { "HEAD", 200, false },
	{ "OPTIONS", 200, false },  { "TRACE", 200, false },     { "QUERY", 200, false },
	{ "PROPFIND", 207, false },
};

START_TEST(applies)
{
	ck_assert_msg(
		lrd_invalidate_applies(lrd_method_of(lrd_slice_cstr(answers[_i].method)),
				       answers[_i].status) == answers[_i].applies,
		"%s %u", answers[_i].method, answers[_i].status);
}
END_TEST

static const struct {
	const char *field;
	const char *target; /* NULL: none */
} targets[] = {
	{ "X: 1", NULL },
	{ "Location: /b", "http://a.test/b" },
	{ "Location: b?c#d", "http://a.test/dir/b?c" },
	{ "Location: ../%7eb", "http://a.test/~b" },
	{ "Location: http://A.test:80/b", "http://a.test/b" },
	{ "Location: //a.test/b", "http://a.test/b" },
	{ "Location:", "http://a.test/dir/page" },
	{ "Location: http://b.test/b", NULL },
	{ "Location: https://a.test/b", NULL },
	{ "Location: http://a.test:81/b", NULL },
	{ "Location: http://a.test./b", NULL },
	{ "Location: http://a.test@b.test/", NULL },
	{ "Location: mailto:a@b", NULL },
	{ "Location: http://[/", NULL },
	{ "Location: http://a.test\\b", NULL },
};

START_TEST(target)
{
	struct text_fields text;
	struct lrd_uri base;
	struct lrd_buf out;
	int rc;

	ck_assert_int_eq(lrd_uri_parse(LRD_SLICE("http://a.test/dir/page"), &base), 0);
	lrd_buf_init(&out, 4096, NULL);
	rc = lrd_invalidate_target(LRD_INVALIDATE_LOCATION,
				   text_view(targets[_i].field, &text), &base, &out);
	ck_assert_msg(rc == (targets[_i].target != NULL), "%s: %s", targets[_i].field,
		      out.ptr);
	ck_assert_str_eq(out.ptr, targets[_i].target ? targets[_i].target : "");
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/invalidate");
	TCase *tcase = tcase_create("invalidate");

	tcase_add_loop_test(tcase, applies, 0, sizeof(answers) / sizeof(answers[0]));
	tcase_add_loop_test(tcase, target, 0, sizeof(targets) / sizeof(targets[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
