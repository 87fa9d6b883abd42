/* SPDX-License-Identifier: MIT */
/* test_digest.c - the digest against known values, its own streaming form, and guard pages. */
#include "sys/digest.h"

#include <stdlib.h>
#include <string.h>

#include "sys/digest_wide.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

/* XXH3's published vectors: a generated buffer, seeds 0 and PRIME64_1. */
START_TEST(known_values)
{
	static const struct {
		size_t len;
		uint64_t plain, seeded;
	} rows[] = {
		{ 0, UINT64_C(0x2d06800538d394c2), UINT64_C(0xa8a6b918b2f0364a) },
		{ 1, UINT64_C(0xc44bdff4074eecdb), UINT64_C(0x032be332dd766ef8) },
		{ 6, UINT64_C(0x27b56a84cd2d7325), UINT64_C(0x84589c116ab59ab9) },
		{ 12, UINT64_C(0xa713daf0dfbb77e7), UINT64_C(0xe7303e1b2336de0e) },
		{ 24, UINT64_C(0xa3fe70bf9d3510eb), UINT64_C(0x850e80fc35bdd690) },
		{ 48, UINT64_C(0x397da259ecba1f11), UINT64_C(0xadc2cbaa44acc616) },
		{ 80, UINT64_C(0xbcdefbbb2c47c90a), UINT64_C(0xc6dd0cb699532e73) },
		{ 195, UINT64_C(0xcd94217ee362ec3a), UINT64_C(0xba68003d370cb3d9) },
		{ 403, UINT64_C(0xcdeb804d65c6dea4), UINT64_C(0x6259f6ecfd6443fd) },
		{ 512, UINT64_C(0x617e49599013cb6b), UINT64_C(0x3ce457de14c27708) },
		{ 2048, UINT64_C(0xdd59e2c3a5f038e0), UINT64_C(0x66f81670669ababc) },
	};
	unsigned char bytes[2048];
	uint64_t state = 2654435761U;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(state >> 56);
		state *= UINT64_C(0x9e3779b185ebca8d);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(lrd_digest(bytes, rows[i].len, 0), rows[i].plain);
		ck_assert_uint_eq(lrd_digest(bytes, rows[i].len,
					     UINT64_C(0x9e3779b185ebca8d)),
				  rows[i].seeded);
	}
	ck_assert_uint_eq(lrd_digest(NULL, 0, 0), rows[0].plain);
}
END_TEST

START_TEST(all_forms_agree_at_every_length)
{
	unsigned char source[1200];

	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (unsigned char)(i * 131 + 7);
	for (size_t len = 0; len <= sizeof(source); len++) {
		char *guarded = lrd_guard_alloc(source, len);
		char *copy = lrd_guard_alloc(source, len);
		uint64_t wanted = lrd_digest(guarded, len, len);
		struct lrd_digest_stream stream;

		memset(copy, 0, len);
		ck_assert_uint_eq(lrd_digest_copy(copy, guarded, len, len), wanted);
		ck_assert_int_eq(memcmp(copy, source, len), 0);
		lrd_digest_stream_init(&stream, len);
		lrd_digest_stream_add(&stream, guarded, len / 3);
		lrd_digest_stream_add(&stream, guarded + len / 3, len - len / 3);
		ck_assert_uint_eq(lrd_digest_stream_end(&stream), wanted);
		lrd_guard_free(copy, len);
		lrd_guard_free(guarded, len);
	}
}
END_TEST

#ifdef LRD_DIGEST_WIDE
START_TEST(the_wide_unit_computes_the_same)
{
	unsigned char *source = malloc(70000);
	struct lrd_digest_stream stream;

	if (!__builtin_cpu_supports("avx2")) {
		free(source);
		return;
	}
	for (size_t i = 0; i < 70000; i++)
		source[i] = (unsigned char)(i * 31 + (i >> 9));
	for (size_t len = 0; len < 70000; len = len * 2 + 1) {
		/* The stream always takes the plain way. */
		lrd_digest_stream_init(&stream, 99);
		lrd_digest_stream_add(&stream, source, len);
		ck_assert_uint_eq(lrd_digest_wide(source, len, 99),
				  lrd_digest_stream_end(&stream));
	}
	free(source);
}
END_TEST
#endif

START_TEST(seed_and_bytes_matter)
{
	char bytes[500] = "";

	for (size_t i = 0; i < sizeof(bytes); i++) {
		uint64_t before = lrd_digest(bytes, sizeof(bytes), 1);

		bytes[i] ^= 4;
		ck_assert_uint_ne(lrd_digest(bytes, sizeof(bytes), 1), before);
	}
	ck_assert_uint_ne(lrd_digest(bytes, 500, 1), lrd_digest(bytes, 500, 2));
	ck_assert_uint_ne(lrd_digest(bytes, 10, 1), lrd_digest(bytes, 10, 2));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("digest");
	TCase *tc = tcase_create("digest");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, known_values);
	tcase_add_test(tc, all_forms_agree_at_every_length);
#ifdef LRD_DIGEST_WIDE
	tcase_add_test(tc, the_wide_unit_computes_the_same);
#endif
	tcase_add_test(tc, seed_and_bytes_matter);
	return suite;
}
