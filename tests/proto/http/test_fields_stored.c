/* SPDX-License-Identifier: MIT */
/* test_fields_stored.c - the stored form: round trip, and bytes that lie. */
#include "proto/bytes/le.h"
#include "proto/http/fields.h"
#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

static const char *const lists[] = {
	"",
	"A: ",
	"Content-Type: text/html\nETag: \"x\"\nSet-Cookie: a\nSet-Cookie: b\nX: \xe9 \t "
	"y",
};

START_TEST(round_trip)
{
	struct row_fields rows;
	struct lrd_field_view view = row_view(lists[_i], &rows);
	larder_field back[ROW_FIELDS];
	struct lrd_buf out;
	size_t count = 99;
	char *copy;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_fields_encode(view, &out), 0);
	copy = lrd_guard_alloc(out.ptr, out.len);
	ck_assert_int_eq(lrd_fields_decode_count(lrd_slice_of(copy, out.len)),
			 (int)view.count);
	ck_assert_int_eq(lrd_fields_decode(lrd_slice_of(copy, out.len), back, view.count,
					   &count),
			 0);
	ck_assert_uint_eq(count, view.count);
	for (size_t i = 0; i < count; i++) {
		ck_assert(lrd_slice_equal(back[i].name, view.at[i].name));
		ck_assert(lrd_slice_equal(back[i].value, view.at[i].value));
		ck_assert_int_eq(back[i].name.ptr[back[i].name.len], '\0');
		ck_assert_int_eq(back[i].value.ptr[back[i].value.len], '\0');
	}
	lrd_guard_free(copy, out.len);
	lrd_buf_release(&out);
}
END_TEST

START_TEST(every_cut_and_every_longer_one_is_corrupt)
{
	struct row_fields rows;
	larder_field back[ROW_FIELDS];
	struct lrd_buf out;
	size_t count = 99;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_fields_encode(row_view(lists[2], &rows), &out), 0);
	for (size_t len = 0; len <= out.len + 1; len++) {
		char *copy;

		if (len == out.len)
			continue;
		ck_assert_int_eq(lrd_buf_reserve(&out, 1), 0);
		copy = lrd_guard_alloc(out.ptr, len);
		ck_assert_int_eq(lrd_fields_decode(lrd_slice_of(copy, len), back,
						   ROW_FIELDS, &count),
				 LARDER_ECORRUPT);
		lrd_guard_free(copy, len);
	}
	ck_assert_uint_eq(count, 99);
	ck_assert_int_eq(lrd_fields_decode(lrd_buf_slice(&out), back, 4, &count),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(count, 99);
	lrd_buf_release(&out);
}
END_TEST

/* Each of the bytes set to each value: no crash, and lengths stay inside. */
START_TEST(any_changed_byte_stays_inside)
{
	struct row_fields rows;
	larder_field back[ROW_FIELDS];
	struct lrd_buf out;
	size_t count;

	lrd_buf_init(&out, 1000, NULL);
	ck_assert_int_eq(lrd_fields_encode(row_view("A: b\nC: d", &rows), &out), 0);
	for (size_t i = 0; i < out.len; i++) {
		char *copy = lrd_guard_alloc(out.ptr, out.len);

		for (int byte = 0; byte < 256; byte++) {
			copy[i] = (char)byte;
			if (lrd_fields_decode(lrd_slice_of(copy, out.len), back,
					      ROW_FIELDS, &count) == 0) {
				for (size_t j = 0; j < count; j++) {
					ck_assert(back[j].name.ptr >= copy);
					ck_assert(back[j].value.ptr + back[j].value.len <
						  copy + out.len);
				}
			}
		}
		lrd_guard_free(copy, out.len);
	}
	lrd_buf_release(&out);
}
END_TEST

START_TEST(claims_are_not_believed)
{
	char bytes[22] = { 0 };
	larder_field back[ROW_FIELDS];
	size_t count;

	lrd_le_put32(bytes, UINT32_MAX);
	ck_assert_int_eq(lrd_fields_decode_count(lrd_slice_of(bytes, sizeof(bytes))),
			 LARDER_ECORRUPT);
	lrd_le_put32(bytes, 1);
	lrd_le_put32(bytes + 4, UINT32_MAX);
	lrd_le_put32(bytes + 8, UINT32_MAX);
	ck_assert_int_eq(lrd_fields_decode(lrd_slice_of(bytes, sizeof(bytes)), back,
					   ROW_FIELDS, &count),
			 LARDER_ECORRUPT);
	ck_assert_int_eq(lrd_fields_decode(lrd_slice_of("", 0), back, ROW_FIELDS, &count),
			 LARDER_ECORRUPT);
}
END_TEST

START_TEST(no_room_changes_nothing)
{
	struct row_fields rows;
	char storage[24];
	struct lrd_buf out;

	lrd_buf_init_fixed(&out, storage, sizeof(storage));
	ck_assert_int_eq(lrd_buf_append_cstr(&out, "kept"), 0);
	ck_assert_int_eq(lrd_fields_encode(row_view("A: b\nC: d", &rows), &out),
			 LARDER_ELIMIT);
	ck_assert_str_eq(out.ptr, "kept");
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("fields_stored");
	TCase *tc = tcase_create("fields_stored");

	tcase_add_loop_test(tc, round_trip, 0, sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tc, every_cut_and_every_longer_one_is_corrupt);
	tcase_add_test(tc, any_changed_byte_stays_inside);
	tcase_add_test(tc, claims_are_not_believed);
	tcase_add_test(tc, no_room_changes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
