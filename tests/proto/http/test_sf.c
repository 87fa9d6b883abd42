/* SPDX-License-Identifier: MIT */
/* test_sf.c - structured fields (RFC 9651): dictionaries and lists. */
#include "proto/http/sf.h"

#include <stdio.h>

#include "check_main.h"
#include "proto/bytes/slice.h"

enum { CAP = 8 };

static void put(char *out, size_t size, const struct lrd_sf_item *item)
{
	static const char kinds[] = "?idstb@(";
	size_t at = strlen(out);

	snprintf(out + at, size - at, "%s%.*s=%c%.*s", at ? "|" : "",
		 LRD_SLICE_ARG(item->key), kinds[item->kind],
		 item->kind == LRD_SF_BOOLEAN ? 1 : (int)item->text.len,
		 item->kind == LRD_SF_BOOLEAN ? (item->truth ? "1" : "0")
					      : item->text.ptr);
}

static const struct {
	const char *lines[2];
	bool keyed;
	const char *expect; /* NULL: malformed */
} rows[] = {
	{ { "max-age=60, no-store" }, true, "max-age=i60|no-store=?1" },
	{ { "a=1", "b=2" }, true, "a=i1|b=i2" },
	{ { "a=1, a=2" }, true, "a=i2" },
	{ { "a=?0, b=?1, c" }, true, "a=?0|b=?1|c=?1" },
	{ { "a=-5, b=1.5, c=tok/en:x" }, true, "a=i-5|b=d1.5|c=ttok/en:x" },
	{ { "a=\"x, \\\"y\\\\\"; p=1;q, b" }, true, "a=s\"x, \\\"y\\\\\"|b=?1" },
	{ { "a=(\"x\" \"y\";z);w, b=()" }, true, "a=(\"x\" \"y\";z|b=(" },
	{ { "a=:YQ==:, b=@15" }, true, "a=b:YQ==:|b=@@15" },
	{ { "\ta=1 \t,\t b " }, true, "a=i1|b=?1" },
	{ { "" }, true, "" },
	{ { "a=1," }, true, NULL },
	{ { ",a=1" }, true, NULL },
	{ { "a=1,,b" }, true, NULL },
	{ { "A=1" }, true, NULL },
	{ { "max-age =60" }, true, NULL },
	{ { "max-age=" }, true, NULL },
	{ { "a=\"x" }, true, NULL },
	{ { "a=\"x\\y\"" }, true, NULL },
	{ { "a=(\"x\"\"y\")" }, true, NULL },
	{ { "a=(x" }, true, NULL },
	{ { "a=1.2.3" }, true, NULL },
	{ { "a=1.2345" }, true, NULL },
	{ { "a=1." }, true, NULL },
	{ { "a=1234567890123456" }, true, NULL },
	{ { "a=?2" }, true, NULL },
	{ { "a=:x" }, true, NULL },
	{ { "a=1 b=2" }, true, NULL },
	{ { "a=\x80" }, true, NULL },
	{ { "a=1", "b=" }, true, NULL },
	{ { "\"one\", \"two\"", "\"three\"" }, false, "=s\"one\"|=s\"two\"|=s\"three\"" },
	{ { "x;p=1, (1 2)" }, false, "=tx|=(1 2" },
	{ { "\"a\" \"b\"" }, false, NULL },
};

START_TEST(table)
{
	larder_field fields[2];
	struct lrd_sf_item items[CAP];
	char text[512] = "";
	size_t count = 0, lines = 0;
	int rc;

	for (; lines < 2 && rows[_i].lines[lines]; lines++) {
		fields[lines].name = LRD_SLICE("F");
		fields[lines].value = lrd_slice_cstr(rows[_i].lines[lines]);
	}
	rc = rows[_i].keyed ? lrd_sf_dictionary(lrd_view_of(fields, lines),
						LRD_SLICE("f"), items, CAP, &count)
			    : lrd_sf_list(lrd_view_of(fields, lines), LRD_SLICE("f"), items,
					  CAP, &count);
	ck_assert_msg(rc == (rows[_i].expect ? 1 : LARDER_EPROTO), "%s: %d",
		      rows[_i].lines[0], rc);
	for (size_t i = 0; i < count; i++)
		put(text, sizeof(text), &items[i]);
	if (rows[_i].expect)
		ck_assert_str_eq(text, rows[_i].expect);
	ck_assert_int_eq(lrd_sf_dictionary(lrd_view_of(fields, lines), LRD_SLICE("g"),
					   items, CAP, &count),
			 0);
}
END_TEST

START_TEST(bounds)
{
	larder_field field = { LRD_SLICE("F"), LRD_SLICE("a, b, c") };
	struct lrd_sf_item items[2];
	size_t count = 7;

	ck_assert_int_eq(lrd_sf_dictionary(lrd_view_of(&field, 1), field.name, items, 2,
					   &count),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(count, 7);
}
END_TEST

START_TEST(inside)
{
	larder_slice rest = LRD_SLICE(" \"a\\\"b\" ;x 12  tok ");
	struct lrd_sf_item item;
	struct lrd_buf out;

	lrd_buf_init(&out, 16, NULL);
	ck_assert(!lrd_sf_inner_next(&(larder_slice){ "", 0 }, &item));
	ck_assert(lrd_sf_inner_next(&(larder_slice){ rest.ptr, 7 }, &item));
	ck_assert_int_eq(lrd_sf_string(&item, &out), 0);
	ck_assert_str_eq(out.ptr, "a\"b");
	rest = LRD_SLICE("12 tok");
	ck_assert(lrd_sf_inner_next(&rest, &item));
	ck_assert_int_eq(item.kind, LRD_SF_INTEGER);
	ck_assert_int_eq(lrd_sf_string(&item, &out), LARDER_EINVAL);
	ck_assert(lrd_sf_inner_next(&rest, &item));
	ck_assert_int_eq(item.kind, LRD_SF_TOKEN);
	ck_assert(!lrd_sf_inner_next(&rest, &item));
	lrd_buf_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("proto/http/sf");
	TCase *tcase = tcase_create("sf");

	tcase_add_loop_test(tcase, table, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, inside);
	suite_add_tcase(suite, tcase);
	return suite;
}
