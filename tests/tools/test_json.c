/* SPDX-License-Identifier: MIT */
/* test_json.c - any bytes become JSON that says what they were. */
#include "tools/json.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static const struct {
	larder_slice bytes;
	const char *dumped;
} texts[] = {
	{ LRD_SLICE_INIT("plain"), "\"plain\"" },
	{ LRD_SLICE_INIT(""), "\"\"" },
	{ LRD_SLICE_INIT("\"\\\n\033"), "\"\\\"\\\\\\n\\u001B\"" },
	{ LRD_SLICE_INIT("\xc3\xbc"), "\"\\u00FC\"" },
	/* ISO 8859-1, as old field values have it */
	{ LRD_SLICE_INIT("\xfc"), "\"\\u00FC\"" },
	{ LRD_SLICE_INIT("a\xff\xfe"), "\"a\\u00FF\\u00FE\"" },
	{ LRD_SLICE_INIT("a\0b"), "\"a\\u0000b\"" },
};

START_TEST(texts_are_dumped)
{
	json_t *text = lrd_cli_json_text(texts[_i].bytes);
	char *dumped = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	ck_assert_ptr_nonnull(dumped);
	ck_assert_str_eq(dumped, texts[_i].dumped);
	free(dumped);
	json_decref(text);
}
END_TEST

static const struct {
	larder_slice body;
	const char *dumped;
} bodies[] = {
	{ LRD_SLICE_INIT("text"), "{\"body\":\"text\"}" },
	{ { NULL, 0 }, "{\"body\":\"\"}" },
	{ LRD_SLICE_INIT("\xff\x00\x01"), "{\"encoding\":\"base64\",\"body\":\"/wAB\"}" },
	{ LRD_SLICE_INIT("a\0b"), "{\"encoding\":\"base64\",\"body\":\"YQBi\"}" },
};

START_TEST(bodies_are_dumped)
{
	json_t *object = json_object();
	char *dumped;

	ck_assert_int_eq(lrd_cli_json_set_body(object, bodies[_i].body), 0);
	dumped = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	ck_assert_ptr_nonnull(dumped);
	ck_assert_str_eq(dumped, bodies[_i].dumped);
	free(dumped);
	json_decref(object);
}
END_TEST

START_TEST(fields_keep_their_order)
{
	const larder_field fields[] = {
		{ LRD_SLICE_INIT("B"), LRD_SLICE_INIT("2") },
		{ LRD_SLICE_INIT("A"), LRD_SLICE_INIT("1") },
		{ LRD_SLICE_INIT("B"), LRD_SLICE_INIT("\xe9") },
	};
	json_t *list = lrd_cli_json_fields(fields, 3);
	char *dumped = json_dumps(list, JSON_COMPACT | JSON_ENSURE_ASCII);

	ck_assert_str_eq(dumped, "[[\"B\",\"2\"],[\"A\",\"1\"],[\"B\",\"\\u00E9\"]]");
	free(dumped);
	json_decref(list);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("tools/json");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, texts_are_dumped, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tcase, bodies_are_dumped, 0,
			    sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_test(tcase, fields_keep_their_order);
	suite_add_tcase(suite, tcase);
	return suite;
}
