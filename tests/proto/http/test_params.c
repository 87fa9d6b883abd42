/* SPDX-License-Identifier: MIT */
/* test_params.c - parameters, quoted strings, q-values. */
#include <stdio.h>

#include "proto/http/list.h"
#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const struct {
	const char *text, *head,
		*params; /* "name=value" joined by '|', "~" quoted; '!' malformed */
} rows[] = {
	{ "", "", "" },
	{ "text/html", "text/html", "" },
	{ "text/html;charset=utf-8", "text/html", "charset=utf-8" },
	{ "text/html ; charset=\"utf-8\" ;q=0.5", "text/html", "charset=~utf-8|q=0.5" },
	{ "a;b", "a", "b" },
	{ "a;;b=c;", "a", "b=c" },
	{ "a;b=\"c;d\\\"\"; e=f", "a", "b=~c;d\\\"|e=f" },
	{ "a;b=\"\"", "a", "b=~" },
	{ "a;b=", "a", "!" },
	{ "a;b = c", "a", "!" },
	{ "a;b=c d", "a", "!" },
	{ "a;=c", "a", "!" },
	{ "a;b=\"c", "a", "!" },
	{ "a;b=\"c\"d", "a", "!" },
	{ "a;b=\"c\\", "a", "!" },
	{ "a;b=c;d e", "a", "b=c|!" },
};

START_TEST(parameters)
{
	larder_slice text = row_guard(rows[_i].text);
	larder_slice rest = text;
	struct lrd_param param;
	char all[100] = "";
	int rc;

	ck_slice(lrd_params_head(&rest), rows[_i].head);
	while ((rc = lrd_params_next(&rest, &param)) != 0) {
		size_t used = strlen(all);
		const char *bar = used ? "|" : "";

		if (rc < 0)
			snprintf(all + used, sizeof(all) - used, "%s!", bar);
		else
			snprintf(all + used, sizeof(all) - used, "%s%.*s%s%s%.*s", bar,
				 LRD_SLICE_ARG(param.name), param.has_value ? "=" : "",
				 param.quoted ? "~" : "", LRD_SLICE_ARG(param.value));
	}
	ck_assert_str_eq(all, rows[_i].params);
	row_free(text);
}
END_TEST

static const struct {
	const char *text, *plain; /* NULL: malformed */
} quoted[] = {
	{ "\"\"", "" },
	{ "\"a b\"", "a b" },
	{ "\"a\\\"b\\\\\"", "a\"b\\" },
	{ "\"\\a\"", "a" },
	{ "\"\xe9\t\"", "\xe9\t" },
	{ "", NULL },
	{ "a", NULL },
	{ "\"", NULL },
	{ "\"a", NULL },
	{ "\"a\"b", NULL },
	{ "\"a\\\"", NULL },
	{ "\"a\nb\"", NULL },
	{ "\"a\\\n\"", NULL },
	{ "'a'", NULL },
};

START_TEST(quoted_strings)
{
	larder_slice text = row_guard(quoted[_i].text);
	larder_slice inside = LRD_SLICE("untouched");
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	if (quoted[_i].plain) {
		ck_assert_int_eq(lrd_quoted_parse(text, &inside), 0);
		ck_assert_int_eq(lrd_quoted_unescape(inside, &out), 0);
		ck_assert_str_eq(out.ptr, quoted[_i].plain);
		/* And back, where only what must be is escaped. */
		lrd_buf_clear(&out);
		ck_assert_int_eq(lrd_quoted_append(lrd_slice_cstr(quoted[_i].plain), &out),
				 0);
		ck_assert_int_eq(lrd_quoted_parse(lrd_buf_slice(&out), &inside), 0);
	} else {
		ck_assert_int_eq(lrd_quoted_parse(text, &inside), LARDER_EPROTO);
		ck_slice(inside, "untouched");
	}
	lrd_buf_release(&out);
	row_free(text);
}
END_TEST

START_TEST(quoting_and_unescaping_fail_cleanly)
{
	struct lrd_buf out;

	lrd_buf_init(&out, 6, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_quoted_append(LRD_SLICE("a\r\nb"), &out), LARDER_EINVAL);
	ck_assert_int_eq(lrd_quoted_append(LRD_SLICE("a"), &out), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_quoted_unescape(LRD_SLICE("a\\"), &out), LARDER_EPROTO);
	ck_assert_str_eq(out.ptr, "kept");
	ck_assert_int_eq(lrd_quoted_unescape(LRD_SLICE("\\\\"), &out), 0);
	ck_assert_str_eq(out.ptr, "kept\\");
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	const char *text;
	int q; /* -1: malformed */
} qvalues[] = {
	{ "0", 0 },       { "1", 1000 },   { "0.", 0 },      { "1.", 1000 },
	{ "0.5", 500 },   { "0.05", 50 },  { "0.123", 123 }, { "1.000", 1000 },
	{ "0.0001", -1 }, { "1.001", -1 }, { "2", -1 },      { "", -1 },
	{ ".5", -1 },     { "-0.5", -1 },  { "0,5", -1 },    { "0.5x", -1 },
	{ "00.5", -1 },
};

START_TEST(quality_values)
{
	larder_slice text = row_guard(qvalues[_i].text);
	char member[40];
	uint16_t q = 7;
	int rc = lrd_qvalue_parse(text, &q);

	ck_assert_int_eq(rc, qvalues[_i].q < 0 ? LARDER_EPROTO : 0);
	ck_assert_int_eq(q, qvalues[_i].q < 0 ? 7 : qvalues[_i].q);
	snprintf(member, sizeof(member), "gzip; x=1 ;Q=%s", qvalues[_i].text);
	ck_assert_int_eq(lrd_member_qvalue(lrd_slice_cstr(member)),
			 qvalues[_i].q < 0 ? 0 : qvalues[_i].q);
	ck_assert_int_eq(lrd_member_qvalue(LRD_SLICE("gzip")), 1000);
	row_free(text);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("params");
	TCase *tc = tcase_create("params");

	tcase_add_loop_test(tc, parameters, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, quoted_strings, 0, sizeof(quoted) / sizeof(quoted[0]));
	tcase_add_test(tc, quoting_and_unescaping_fail_cleanly);
	tcase_add_loop_test(tc, quality_values, 0, sizeof(qvalues) / sizeof(qvalues[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
