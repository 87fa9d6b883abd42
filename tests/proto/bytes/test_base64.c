/* SPDX-License-Identifier: MIT */
/* test_base64.c - the vectors of RFC 4648 s10, and texts that no strict decoder takes. */
#include "proto/bytes/base64.h"

#include <stdlib.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static const struct {
	const char *bytes, *standard, *url;
} vectors[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "Aladdin:open sesame",
	  "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ" },
	{ "\xfb\xff\xfe", "+//+", "-__-" },
};

static void check_both_ways(const char *bytes, const char *text, unsigned flags)
{
	size_t len = strlen(text);
	char *copy = lrd_guard_alloc(text, len);
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	ck_assert_int_eq(lrd_base64_encode(&out, lrd_slice_cstr(bytes), flags), 0);
	ck_assert_str_eq(out.ptr, text);
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_base64_decode(&out, lrd_slice_of(copy, len), flags), 0);
	ck_assert_str_eq(out.ptr, bytes);
	lrd_buf_release(&out);
	lrd_guard_free(copy, len);
}

START_TEST(both_ways)
{
	check_both_ways(vectors[_i].bytes, vectors[_i].standard, LRD_BASE64_STANDARD);
	check_both_ways(vectors[_i].bytes, vectors[_i].url,
			LRD_BASE64_URL | LRD_BASE64_NO_PAD);
}
END_TEST

static const struct {
	const char *text;
	unsigned flags;
} malformed[] = {
	{ "Z", 0 },
	{ "Zg", 0 },
	{ "Zg=", 0 },
	{ "Zg===", 0 },
	{ "=", 0 },
	{ "====", 0 },
	{ "Z===", 0 },
	{ "Zh==", 0 }, /* pad bits set: would be a second spelling of "f" */
	{ "Zm9=", 0 },
	{ "Zm9v\n", 0 },
	{ "Zm 9v", 0 },
	{ "Zm=v", 0 },
	{ "-__-", 0 },
	{ "+//+", LRD_BASE64_URL },
	{ "Zg==", LRD_BASE64_NO_PAD },
	{ "Z", LRD_BASE64_NO_PAD },
	{ "Zh", LRD_BASE64_NO_PAD },
	{ "Zm9vY", LRD_BASE64_NO_PAD },
};

START_TEST(malformed_text_is_refused)
{
	struct lrd_buf out;

	lrd_buf_init(&out, 100, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_base64_decode(&out, lrd_slice_cstr(malformed[_i].text),
					   malformed[_i].flags),
			 LARDER_EPROTO);
	ck_assert_str_eq(out.ptr, "kept");
	lrd_buf_release(&out);
}
END_TEST

START_TEST(every_length_and_an_exact_maximum)
{
	char bytes[64];
	struct lrd_buf text;
	struct lrd_buf back;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37 + 200);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		lrd_buf_init(&text, (len + 2) / 3 * 4, NULL);
		lrd_buf_init(&back, len, NULL);
		ck_assert_int_eq(lrd_base64_encode(&text, lrd_slice_of(bytes, len), 0), 0);
		ck_assert_int_eq(lrd_base64_decode(&back, lrd_buf_slice(&text), 0), 0);
		ck_assert(lrd_slice_equal(lrd_buf_slice(&back), lrd_slice_of(bytes, len)));
		lrd_buf_release(&text);
		lrd_buf_release(&back);
	}
	lrd_buf_init(&text, 3, NULL);
	ck_assert_int_eq(lrd_base64_encode(&text, LRD_SLICE("f"), 0), LARDER_ELIMIT);
	lrd_buf_release(&text);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("base64");
	TCase *tc = tcase_create("base64");

	tcase_add_loop_test(tc, both_ways, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tc, malformed_text_is_refused, 0,
			    sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_test(tc, every_length_and_an_exact_maximum);
	suite_add_tcase(suite, tc);
	return suite;
}
