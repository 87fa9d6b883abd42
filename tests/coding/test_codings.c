/* SPDX-License-Identifier: MIT */
/* test_codings.c - which codings Content-Encoding names. */
#include "coding/codings.h"

#include "coding/stage.h"
#include "proto/bytes/slice.h"
#include "tests/coding/coded.h"
#include "tests/support/check_main.h"

/* `codecs`: the first letters of each codec's name, in order; foreign: what is passed over. */
static const struct {
	const char *value, *codecs, *foreign;
	int rc;
} values[] = {
	{ "", "", NULL, 0 },
	{ "identity", "", NULL, 0 },
	{ "gzip", "g", NULL, 0 },
	{ "GZip", "g", NULL, 0 },
	{ "x-gzip", "g", NULL, 0 },
	{ "X-GZIP", "g", NULL, 0 },
	{ "deflate", "d", NULL, 0 },
	{ "zlib", "d", NULL, 0 },
	{ "deflate, gzip", "dg", NULL, 0 },
	{ " ,gzip,, identity ,Deflate,", "gd", NULL, 0 },
	{ "gzip,gzip,gzip,gzip,gzip", "ggggg", NULL, 0 },
	{ "gzip,gzip,gzip,gzip,gzip,gzip", NULL, NULL, LARDER_ELIMIT },
	{ "a,b,c,d,e,f", NULL, NULL, LARDER_ELIMIT },
	{ "identity,identity,identity,identity,identity,identity,gzip", "g", NULL, 0 },
	{ "compress", "", "compress", 0 },
	{ "gzip, aes128gcm, other", "", "aes128gcm", 0 },
	{ "gzip;q=1", "", "gzip;q=1", 0 },
	{ "gzip gzip", "", "gzip gzip", 0 },
	{ "\"gzip\"", "", "\"gzip\"", 0 },
	{ "gzi", "", "gzi", 0 },
};

static void check_row(const struct lrd_codings *codings, int row)
{
	ck_assert_uint_eq(codings->count, strlen(values[row].codecs));
	for (size_t i = 0; i < codings->count; i++)
		ck_assert_int_eq(codings->codec[i]->name[0], values[row].codecs[i]);
	ck_assert_int_eq(codings->foreign.ptr != NULL, values[row].foreign != NULL);
	if (values[row].foreign)
		ck_assert(lrd_slice_equal(codings->foreign,
					  lrd_slice_cstr(values[row].foreign)));
	ck_assert(!codings->not_built);
}

START_TEST(values_are_read)
{
	struct lrd_codings codings = { .count = 77 };
	int rc = lrd_codings_read_value(lrd_slice_cstr(values[_i].value), &codings);

	ck_assert_msg(rc == values[_i].rc, "%s: %d", values[_i].value, rc);
	if (rc == 0)
		check_row(&codings, _i);
	else
		ck_assert_uint_eq(codings.count, 77);
}
END_TEST

START_TEST(lines_make_one_stack)
{
	const larder_field fields[] = {
		{ LRD_SLICE("Content-Encoding"), LRD_SLICE("deflate") },
		{ LRD_SLICE("Content-Type"), LRD_SLICE("text/plain") },
		{ LRD_SLICE("content-encoding"), LRD_SLICE("x-GZIP") },
	};
	struct lrd_codings codings;

	ck_assert_int_eq(lrd_codings_read(lrd_view_of(fields, 3), &codings), 0);
	ck_assert_uint_eq(codings.count, 2);
	ck_assert_str_eq(codings.codec[0]->name, "deflate");
	ck_assert_str_eq(codings.codec[1]->name, "gzip");
	ck_assert_int_eq(lrd_codings_read(lrd_view_of(fields + 1, 1), &codings), 0);
	ck_assert_uint_eq(codings.count, 0);
}
END_TEST

/* What we ask for is what we can take off; what this build lacks is said to be lacking. */
START_TEST(what_is_asked_for_is_supported)
{
	const char *optional[] = { "br", "zstd" };
	larder_slice rest = lrd_slice_cstr(lrd_coding_supported());
	larder_slice name;
	struct lrd_codings codings;
	size_t count = 0;

	while (lrd_slice_split(&rest, ',', &name)) {
		ck_assert_int_eq(lrd_codings_read_value(lrd_slice_trim(name), &codings),
				 0);
		ck_assert_uint_eq(codings.count, 1);
		count++;
	}
	ck_assert_uint_ge(count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(
			lrd_codings_read_value(lrd_slice_cstr(optional[i]), &codings), 0);
		count -= codings.count;
		ck_assert_int_eq(codings.not_built, codings.count == 0);
		ck_assert_int_eq(strstr(lrd_coding_supported(), optional[i]) != NULL,
				 codings.count == 1);
	}
	ck_assert_uint_eq(count, 2);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("coding/codings");
	TCase *tcase = tcase_create("codings");

	tcase_add_loop_test(tcase, values_are_read, 0, sizeof(values) / sizeof(values[0]));
	tcase_add_test(tcase, lines_make_one_stack);
	tcase_add_test(tcase, what_is_asked_for_is_supported);
	suite_add_tcase(suite, tcase);
	return suite;
}
