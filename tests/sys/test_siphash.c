/* SPDX-License-Identifier: MIT */
/* test_siphash.c - the keyed hash against known answers, fed in every way. */
#include "sys/siphash.h"

#include <string.h>

#include "check_main.h"
#include "proto/bytes/hex.h"

/* Key 00 01 .. 0f, message 00 01 .. up to the length; as OpenSSL's SIPHASH with size 16 has it. */
static const struct {
	size_t len;
	const char *sum;
} known[] = {
	{ 0, "a3817f04ba25a8e66df67214c7550293" },
	{ 1, "da87c1d86b99af44347659119b22fc45" },
	{ 7, "a1f1ebbed8dbc153c0b84aa61ff08239" },
	{ 8, "3b62a9ba6258f5610f83e264f31497b4" },
	{ 9, "264499060ad9baabc47f8b02bb6d71ed" },
	{ 15, "5493e99933b0a8117e08ec0f97cfc3d9" },
	{ 16, "6ee2a4ca67b054bbfd3315bf85230577" },
	{ 63, "5150d1772f50834a503e069a973fbd7c" },
};

START_TEST(answers)
{
	uint8_t key[16], message[64], sum[16];
	struct lrd_siphash hash;
	char text[33];

	for (size_t i = 0; i < 64; i++)
		message[i] = (uint8_t)i;
	memcpy(key, message, sizeof(key));
	/* In steps of every size, and whole at last. */
	for (size_t step = 1; step <= 64; step++) {
		lrd_siphash_init(&hash, key);
		for (size_t at = 0; at < known[_i].len; at += step)
			lrd_siphash_add(&hash, message + at,
					known[_i].len - at < step ? known[_i].len - at
								  : step);
		lrd_siphash_add(&hash, NULL, 0);
		lrd_siphash_end(&hash, sum);
		lrd_hex_format(sum, sizeof(sum), text);
		ck_assert_str_eq(text, known[_i].sum);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("sys/siphash");
	TCase *tcase = tcase_create("siphash");

	tcase_add_loop_test(tcase, answers, 0, sizeof(known) / sizeof(known[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
