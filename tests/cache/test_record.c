/* SPDX-License-Identifier: MIT */
/* test_record.c - heads of responses and directories: round trips, and hostile bytes. */
#include <string.h>

#include "cache/extra.h"
#include "cache/record.h"
#include "cache/variants.h"
#include "check_main.h"
#include "guard.h"
#include "proto/bytes/slice.h"

static const struct lrd_response sample = {
	.status = 404,
	.version = 20,
	.fresh = {
		.response_time = 1700000000,
		.initial_age_s = 7,
		.lifetime_s = 60,
		.shared_lifetime_s = INT64_MAX,
		.date = -5,
		.swr_s = -1,
		.sie_s = 30,
		.flags = LRD_FRESH_MUST_REVALIDATE | LRD_FRESH_VALIDATOR,
		.why = LRD_WHY_MAX_AGE,
		.shared_why = LRD_WHY_S_MAXAGE,
	},
	.fence = UINT64_MAX,
	.reason = LRD_SLICE_INIT("Not Found"),
	.selecting = LRD_SLICE_INIT("accept:a\n"),
};

static const larder_field fields[] = {
	{ LRD_SLICE_INIT("A"), LRD_SLICE_INIT("1") },
	{ LRD_SLICE_INIT("B"), LRD_SLICE_INIT("") },
};

START_TEST(response_round_trip)
{
	struct lrd_response out;
	larder_field got[2];
	struct lrd_buf buf;
	size_t count;

	lrd_buf_init(&buf, 4096, NULL);
	ck_assert_int_eq(lrd_response_encode(&sample, lrd_view_of(fields, 2), &buf), 0);
	ck_assert_int_eq(lrd_response_decode(lrd_buf_slice(&buf), &out), 0);
	ck_assert_uint_eq(out.status, 404);
	ck_assert_uint_eq(out.version, 20);
	ck_assert(out.fresh.response_time == sample.fresh.response_time &&
		  out.fresh.initial_age_s == 7 && out.fresh.lifetime_s == 60 &&
		  out.fresh.shared_lifetime_s == INT64_MAX && out.fresh.date == -5 &&
		  out.fresh.swr_s == -1 && out.fresh.sie_s == 30 &&
		  out.fresh.flags == sample.fresh.flags &&
		  out.fresh.why == sample.fresh.why &&
		  out.fresh.shared_why == sample.fresh.shared_why);
	ck_assert(out.fence == UINT64_MAX);
	ck_assert_str_eq(out.reason.ptr, "Not Found");
	ck_assert_str_eq(out.selecting.ptr, "accept:a\n");
	ck_assert_int_eq(lrd_fields_decode(out.fields, got, 2, &count), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(got[0].value.ptr, "1");
	lrd_buf_release(&buf);
}
END_TEST

/* Parts and stamps come back as they went, and only in a form of their own. */
START_TEST(extra_round_trip)
{
	struct lrd_extra in = { .parts = { .size = 100, .count = 2, .at = { { 0, 9 }, { 20, 99 } } },
				.stamp_count = 2,
				.stamps = { { 7, LRD_STAMP_GROUP, LRD_SLICE("a") },
					    { UINT64_MAX, LRD_STAMP_QUERY, { "", 0 } } } };
	struct lrd_response with = sample, out;
	struct lrd_buf extra, buf;
	struct lrd_extra back;

	lrd_buf_init(&extra, LRD_EXTRA_MAX, NULL);
	lrd_buf_init(&buf, 4096, NULL);
	ck_assert_int_eq(lrd_extra_encode(&in, &extra), 0);
	with.extra = lrd_buf_slice(&extra);
	with.fresh.flags |= LRD_FRESH_PARTIAL;
	ck_assert_int_eq(lrd_response_encode(&with, lrd_view_of(fields, 2), &buf), 0);
	ck_assert_int_eq(lrd_response_decode(lrd_buf_slice(&buf), &out), 0);
	ck_assert_int_eq(lrd_extra_decode(out.extra, &back), 0);
	ck_assert_uint_eq(back.parts.size, 100);
	ck_assert_uint_eq(back.parts.count, 2);
	ck_assert_uint_eq(back.parts.at[1].last, 99);
	ck_assert_uint_eq(back.stamp_count, 2);
	ck_assert_uint_eq(back.stamps[0].number, 7);
	ck_assert(lrd_slice_equal(back.stamps[0].name, LRD_SLICE("a")));
	ck_assert_int_eq(back.stamps[1].kind, LRD_STAMP_QUERY);
	ck_assert_str_eq(out.reason.ptr, "Not Found");
	/* The mark of a part in the plain form is damage: it would pass for whole. */
	buf.ptr[0] = LRD_RESPONSE_FORM;
	ck_assert_int_eq(lrd_response_decode(lrd_buf_slice(&buf), &out), LARDER_ECORRUPT);
	for (size_t len = 1; len < extra.len; len++) {
		char *copy = lrd_guard_alloc(extra.ptr, len);

		ck_assert_int_eq(lrd_extra_decode(lrd_slice_of(copy, len), &back),
				 LARDER_ECORRUPT);
		lrd_guard_free(copy, len);
	}
	for (size_t i = 0; i < extra.len * 8; i++) {
		extra.ptr[i / 8] = (char)(extra.ptr[i / 8] ^ (1 << (i % 8)));
		if (lrd_extra_decode(lrd_buf_slice(&extra), &back) == 0 &&
		    back.parts.count > 0)
			ck_assert(lrd_parts_valid(&back.parts));
		extra.ptr[i / 8] = (char)(extra.ptr[i / 8] ^ (1 << (i % 8)));
	}
	lrd_buf_release(&extra);
	lrd_buf_release(&buf);
}
END_TEST

/* Cut anywhere, or with any length byte changed: refused, or within bounds. */
START_TEST(hostile_response)
{
	struct lrd_response out;
	struct lrd_buf buf;

	lrd_buf_init(&buf, 4096, NULL);
	ck_assert_int_eq(lrd_response_encode(&sample, lrd_view_of(fields, 2), &buf), 0);
	for (size_t len = 0; len < LRD_RESPONSE_FIXED + 20; len++) {
		char *copy = lrd_guard_alloc(buf.ptr, len);

		ck_assert_int_eq(lrd_response_decode(lrd_slice_of(copy, len), &out),
				 LARDER_ECORRUPT);
		lrd_guard_free(copy, len);
	}
	for (size_t i = 0; i < buf.len * 8; i++) {
		char *copy = lrd_guard_alloc(buf.ptr, buf.len);
		larder_field got[8];
		size_t count;

		copy[i / 8] ^= (char)(1 << i % 8);
		if (lrd_response_decode(lrd_slice_of(copy, buf.len), &out) == 0) {
			ck_assert(out.reason.ptr >= copy &&
				  out.reason.ptr + out.reason.len < copy + buf.len);
			ck_assert(out.selecting.ptr >= copy &&
				  out.selecting.ptr + out.selecting.len < copy + buf.len);
			if (lrd_fields_decode(out.fields, got, 8, &count) == 0)
				ck_assert_uint_le(count, 8);
		}
		lrd_guard_free(copy, buf.len);
	}
	lrd_buf_release(&buf);
}
END_TEST

static struct lrd_variant variant_of(unsigned char first, int64_t date)
{
	return (struct lrd_variant){
		.digest = { first },
		.date = date,
		.vary = LRD_SLICE("accept"),
		.etag = first % 2 ? LRD_SLICE("\"odd\"") : LRD_SLICE(""),
	};
}

START_TEST(directory_round_trip)
{
	static struct lrd_variants in, out;
	struct lrd_variant variant;
	uint8_t dropped[LRD_SIPHASH_SIZE];
	struct lrd_buf buf;

	in.count = 0;
	in.fence = 99;
	for (unsigned i = 0; i < LRD_VARIANTS_MAX; i++) {
		variant = variant_of((unsigned char)i, 1000 + (int64_t)i);
		ck_assert_int_eq(lrd_variants_insert(&in, &variant, 0, dropped), 0);
	}
	lrd_buf_init(&buf, 1 << 20, NULL);
	ck_assert_int_eq(lrd_variants_encode(&in, &buf), 0);
	ck_assert_int_eq(lrd_variants_decode(lrd_buf_slice(&buf), &out), 0);
	ck_assert_uint_eq(out.count, LRD_VARIANTS_MAX);
	ck_assert_uint_eq(out.fence, 99);
	ck_assert_int_eq(out.at[3].date, 1003);
	ck_assert(lrd_slice_equal(out.at[3].etag, LRD_SLICE("\"odd\"")));
	ck_assert(lrd_slice_equal(out.at[4].etag, LRD_SLICE("")));
	/* One more: the oldest goes. */
	variant = variant_of(200, 5000);
	ck_assert_int_eq(lrd_variants_insert(&in, &variant, 0, dropped), 1);
	ck_assert_uint_eq(dropped[0], 0);
	ck_assert_uint_eq(in.count, LRD_VARIANTS_MAX);
	/* The same again: in its own place. */
	ck_assert_int_eq(lrd_variants_insert(&in, &variant, 0, dropped), 0);
	lrd_buf_release(&buf);
}
END_TEST

START_TEST(hostile_directory)
{
	static struct lrd_variants in, out;
	struct lrd_variant variant = variant_of(1, 1);
	uint8_t dropped[LRD_SIPHASH_SIZE];
	struct lrd_buf buf;

	in.count = 0;
	ck_assert_int_eq(lrd_variants_insert(&in, &variant, 0, dropped), 0);
	variant = variant_of(2, 2);
	ck_assert_int_eq(lrd_variants_insert(&in, &variant, 0, dropped), 0);
	lrd_buf_init(&buf, 1 << 20, NULL);
	ck_assert_int_eq(lrd_variants_encode(&in, &buf), 0);
	for (size_t len = 0; len < buf.len; len++) {
		char *copy = lrd_guard_alloc(buf.ptr, len);

		ck_assert_int_eq(lrd_variants_decode(lrd_slice_of(copy, len), &out),
				 LARDER_ECORRUPT);
		lrd_guard_free(copy, len);
	}
	for (size_t i = 0; i < buf.len * 8; i++) {
		char *copy = lrd_guard_alloc(buf.ptr, buf.len);

		copy[i / 8] ^= (char)(1 << i % 8);
		if (lrd_variants_decode(lrd_slice_of(copy, buf.len), &out) == 0)
			for (size_t k = 0; k < out.count; k++)
				ck_assert(out.at[k].vary.ptr >= copy &&
					  out.at[k].etag.ptr + out.at[k].etag.len <=
						  copy + buf.len);
		lrd_guard_free(copy, buf.len);
	}
	lrd_buf_release(&buf);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/record");
	TCase *tcase = tcase_create("record");

	tcase_add_test(tcase, response_round_trip);
	tcase_add_test(tcase, extra_round_trip);
	tcase_add_test(tcase, hostile_response);
	tcase_add_test(tcase, directory_round_trip);
	tcase_add_test(tcase, hostile_directory);
	suite_add_tcase(suite, tcase);
	return suite;
}
