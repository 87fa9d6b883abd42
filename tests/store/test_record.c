/* SPDX-License-Identifier: MIT */
/* test_record.c - the bytes of a record: there and back, and every kind of hostile value. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/le.h"
#include "store/record.h"
#include "sys/digest.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

enum { HASH = 0x1234567 };

static const struct {
	const char *name;
	size_t partition_len, name_len, head_len, body_len;
	uint64_t body_id, text_id;
} shapes[] = {
	{ "empty", 0, 0, 0, 0, 0, 0 },
	{ "usual", 5, 60, 300, 1024, 0, 0 },
	{ "largest", 64, 1000, 2000, 4080 - 104 - 3064, 0, 0 },
	{ "body in rows", 0, 60, 300, 1000000, 77, 0 },
	{ "texts in rows", 64, 16384, 1 << 20, 100, 0, 78 },
	{ "both in rows", 64, 16384, 1 << 20, UINT32_MAX, LRD_BODY_ID_MAX,
	  LRD_BODY_ID_MAX },
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static char bytes[4 << 20];

/* Encodes a shape into a block of exactly its size, against a guard page. */
static char *encode(int shape, size_t *len)
{
	struct lrd_record record = { .kind = 7,
				     .marks = 3,
				     .client_flags = 0x80000001,
				     .cas = UINT64_MAX,
				     .stored_at = -1,
				     .expires_at = INT64_MAX,
				     .stale_until = INT64_MIN,
				     .hash = HASH,
				     .slot = 99 };
	struct lrd_record_links links = { .text_id = shapes[shape].text_id,
					  .epoch = 4000000000u };
	unsigned char out[LRD_VALUE_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	record.partition = (larder_slice){ bytes, shapes[shape].partition_len };
	record.name = (larder_slice){ bytes + 100, shapes[shape].name_len };
	record.head = (larder_slice){ bytes + 20000, shapes[shape].head_len };
	record.body_len = shapes[shape].body_len;
	record.body_id = shapes[shape].body_id;
	if (!record.body_id)
		record.inline_body =
			(larder_slice){ bytes + 5000, shapes[shape].body_len };
	*len = lrd_record_size(&record, &links);
	lrd_record_encode(&record, &links, out);
	return lrd_guard_alloc(out, *len);
}

START_TEST(there_and_back)
{
	struct lrd_record record;
	struct lrd_record_links links;
	size_t len;
	char *value = encode(_i, &len);

	ck_assert_msg(lrd_record_decode(value, len, HASH, &record, &links) == 0, "%s",
		      shapes[_i].name);
	ck_assert_uint_eq(record.kind, 7);
	ck_assert_uint_eq(record.marks, 3);
	ck_assert_uint_eq(record.client_flags, 0x80000001);
	ck_assert_uint_eq(record.cas, UINT64_MAX);
	ck_assert_int_eq(record.stored_at, -1);
	ck_assert_int_eq(record.expires_at, INT64_MAX);
	ck_assert_int_eq(record.stale_until, INT64_MIN);
	ck_assert_uint_eq(record.slot, 99);
	ck_assert_uint_eq(record.hash, HASH);
	ck_assert_uint_eq(record.body_len, shapes[_i].body_len);
	ck_assert_uint_eq(record.body_id, shapes[_i].body_id);
	ck_assert_uint_eq(links.text_id, shapes[_i].text_id);
	ck_assert_uint_eq(links.epoch, 4000000000u);
	ck_assert_uint_eq(record.partition.len, shapes[_i].partition_len);
	ck_assert_uint_eq(record.name.len, shapes[_i].name_len);
	ck_assert_uint_eq(record.head.len, shapes[_i].head_len);
	if (!links.text_id) {
		ck_assert_int_eq(memcmp(record.partition.ptr, bytes, record.partition.len),
				 0);
		ck_assert_int_eq(memcmp(record.name.ptr, bytes + 100, record.name.len), 0);
		ck_assert_int_eq(memcmp(record.head.ptr, bytes + 20000, record.head.len),
				 0);
	} else {
		ck_assert_ptr_null(record.head.ptr);
	}
	if (!record.body_id) {
		ck_assert_uint_eq(record.inline_body.len, shapes[_i].body_len);
		ck_assert_int_eq(memcmp(record.inline_body.ptr, bytes + 5000,
					record.inline_body.len),
				 0);
		ck_assert_uint_eq(record.body_sum,
				  lrd_record_body_sum(bytes + 5000,
						      record.inline_body.len, HASH));
	}
	lrd_guard_free(value, len);
}
END_TEST

START_TEST(any_other_length_is_refused)
{
	struct lrd_record record;
	struct lrd_record_links links;
	size_t len;
	char *value = encode(_i, &len);

	for (size_t cut = 0; cut < len; cut++) {
		char *part = lrd_guard_alloc(value, cut);

		/* An inline body is checked when it is copied; its length is checked here. */
		ck_assert_int_eq(lrd_record_decode(part, cut, HASH, &record, &links),
				 LARDER_ECORRUPT);
		lrd_guard_free(part, cut);
	}
	lrd_guard_free(value, len);
}
END_TEST

START_TEST(any_flipped_bit_is_refused)
{
	size_t len;
	char *value = encode(_i, &len);
	size_t body = shapes[_i].body_id ? 0 : shapes[_i].body_len;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct lrd_record record = { .cas = 5 };
		struct lrd_record_links links = { .epoch = 6 };
		int rc;

		value[bit / 8] ^= (char)(1 << (bit % 8));
		rc = lrd_record_decode(value, len, HASH, &record, &links);
		if (bit / 8 < len - body) {
			ck_assert_msg(rc == LARDER_ECORRUPT, "%s: bit %zu",
				      shapes[_i].name, bit);
			ck_assert_uint_eq(record.cas, 5); /* untouched */
			ck_assert_uint_eq(links.epoch, 6);
		} else {
			/* The body's own checksum is for whoever copies it. */
			ck_assert_int_eq(rc, 0);
			ck_assert_uint_ne(record.body_sum,
					  lrd_record_body_sum(record.inline_body.ptr,
							      record.inline_body.len,
							      HASH));
		}
		value[bit / 8] ^= (char)(1 << (bit % 8));
	}
	lrd_guard_free(value, len);
}
END_TEST

START_TEST(another_key_is_refused)
{
	struct lrd_record record;
	struct lrd_record_links links;
	size_t len;
	char *value = encode(1, &len);

	ck_assert_int_eq(lrd_record_decode(value, len, HASH + 1, &record, &links),
			 LARDER_ECORRUPT);
	lrd_guard_free(value, len);
}
END_TEST

/* Values whose checksum is right, but which no library of ours writes. */
static const struct {
	const char *name;
	size_t at;
	size_t width;
	uint64_t value;
} lies[] = {
	{ "version", 8, 1, 2 },
	{ "flags", 10, 1, 1 },
	{ "partition too long", 11, 1, 65 },
	{ "partition beyond the end", 11, 1, 64 },
	{ "name beyond the end", 12, 2, 16384 },
	{ "name too long", 12, 2, 16385 },
	{ "head beyond the end", 16, 4, 1 << 20 },
	{ "head too long", 16, 4, (1 << 20) + 1 },
	{ "head huge", 16, 4, UINT32_MAX },
	{ "body longer", 72, 8, 1025 },
	{ "body huge", 72, 8, UINT64_MAX },
	{ "body id without rows to name", 80, 8, 5 },
	{ "body id beyond its bits", 80, 8, LRD_BODY_ID_MAX + 1 },
	{ "text id beyond its bits", 88, 8, LRD_BODY_ID_MAX + 1 },
};

START_TEST(a_well_summed_lie_is_refused)
{
	struct lrd_record record;
	struct lrd_record_links links;
	size_t len;
	char *value = encode(1, &len);
	uint64_t sum;

	for (size_t i = 0; i < lies[_i].width; i++)
		value[lies[_i].at + i] = (char)(lies[_i].value >> (8 * i));
	/* Over what the lie would have covered, were it inside the value. */
	for (size_t covered = 104; covered <= len; covered++) {
		sum = lrd_digest(value + 8, covered - 8, HASH);
		lrd_le_put64(value, sum);
		ck_assert_msg(lrd_record_decode(value, len, HASH, &record, &links) ==
				      LARDER_ECORRUPT,
			      "%s", lies[_i].name);
	}
	lrd_guard_free(value, len);
}
END_TEST

START_TEST(places)
{
	static const struct {
		size_t text_len;
		uint64_t body_len;
		int texts, body;
	} rows[] = {
		{ 0, 3976, 0, 0 },         { 0, 3977, 0, 1 },   { 3976, 0, 0, 0 },
		{ 3976, 1, 0, 1 },         { 3977, 0, 1, 0 },   { 3977, 3976, 1, 0 },
		{ 3977, 3977, 1, 1 },      { 100, 3876, 0, 0 }, { 100, 3877, 0, 1 },
		{ 100, UINT64_MAX, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int texts = -1, body = -1;

		lrd_record_place(rows[i].text_len, rows[i].body_len, &texts, &body);
		ck_assert_msg(texts == rows[i].texts && body == rows[i].body, "row %zu",
			      i);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("record");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, there_and_back, 0, SHAPES);
	tcase_add_loop_test(tc, any_other_length_is_refused, 0, SHAPES);
	tcase_add_loop_test(tc, any_flipped_bit_is_refused, 0, SHAPES);
	tcase_add_test(tc, another_key_is_refused);
	tcase_add_loop_test(tc, a_well_summed_lie_is_refused, 0,
			    (int)(sizeof(lies) / sizeof(lies[0])));
	tcase_add_test(tc, places);
	return suite;
}
