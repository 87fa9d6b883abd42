/* SPDX-License-Identifier: MIT */
/* test_hash.c - hashes over pieces, HMAC, comparing and wiping. */
#include "auth/hash.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"

static const struct {
	enum lrd_hash_kind kind;
	const char *hex; /* of "a:b" */
} kinds[] = {
	{ LRD_HASH_MD5, "d8160c9b3dc20d4e931aeb4f45262155" },
	{ LRD_HASH_SHA1, "dcea6d9ccd3d20ba1549f6d9b5dde60742158882" },
	{ LRD_HASH_SHA256,
	  "6783a31eabf68ccc0660f935c0826282bdd2241f3a80a9f2d10d59aea9ebb5d8" },
	{ LRD_HASH_SHA512_256,
	  "399ce3b985f4a59dcded69bacdd23f8fe39ff5dacb7ced8431ff48ca561cf644" },
};

START_TEST(pieces_hash_like_the_whole)
{
	const larder_slice pieces[] = { LRD_SLICE("a"), LRD_SLICE("b") };
	const larder_slice odd[] = { LRD_SLICE(""), LRD_SLICE("a:"), LRD_SLICE("b") };
	const larder_slice whole = LRD_SLICE("a:b");
	char hex[LRD_HASH_HEX_SIZE], other[LRD_HASH_HEX_SIZE];

	ck_assert_int_eq(lrd_hash_hex(kinds[_i].kind, ':', pieces, 2, hex), 0);
	ck_assert_str_eq(hex, kinds[_i].hex);
	ck_assert_uint_eq(strlen(hex), 2 * lrd_hash_size(kinds[_i].kind));
	ck_assert_int_eq(lrd_hash_hex(kinds[_i].kind, '\0', &whole, 1, other), 0);
	ck_assert_str_eq(hex, other);
	ck_assert_int_eq(lrd_hash_hex(kinds[_i].kind, '\0', odd, 3, other), 0);
	ck_assert_str_eq(hex, other);
}
END_TEST

/* RFC 2202, RFC 4231, and a key longer than a block. */
START_TEST(hmac_is_as_published)
{
	const larder_slice text = LRD_SLICE("what do ya want for nothing?");
	const larder_slice pieces[] = { LRD_SLICE("a"), LRD_SLICE("b") };
	char key[100];
	char hex[LRD_HASH_HEX_SIZE];

	ck_assert_int_eq(
		lrd_hmac_hex(LRD_HASH_MD5, LRD_SLICE("Jefe"), '\0', &text, 1, hex), 0);
	ck_assert_str_eq(hex, "750c783e6ab0b503eaa86e310a5db738");
	ck_assert_int_eq(
		lrd_hmac_hex(LRD_HASH_SHA1, LRD_SLICE("Jefe"), '\0', &text, 1, hex), 0);
	ck_assert_str_eq(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	ck_assert_int_eq(
		lrd_hmac_hex(LRD_HASH_SHA256, LRD_SLICE("Jefe"), '\0', &text, 1, hex), 0);
	ck_assert_str_eq(
		hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 'k', sizeof(key));
	ck_assert_int_eq(lrd_hmac_hex(LRD_HASH_SHA256, lrd_slice_of(key, sizeof(key)),
				      ':', pieces, 2, hex),
			 0);
	ck_assert_str_eq(
		hex, "eecda5dd33b18f26f84b1b54d2e85cb4c57d7e5374f7ce76370119d236b6462a");
}
END_TEST

START_TEST(what_is_not_a_hash_is_refused)
{
	char hex[LRD_HASH_HEX_SIZE] = "before";

	ck_assert_int_eq(lrd_hash_hex(LRD_HASH_NONE, '\0', NULL, 0, hex), LARDER_EINVAL);
	ck_assert_int_eq(lrd_hmac_hex(LRD_HASH_SHA512_256, LRD_SLICE("k"), '\0', NULL, 0,
				      hex),
			 LARDER_EINVAL);
	ck_assert_str_eq(hex, "before");
	ck_assert_uint_eq(lrd_hash_size(LRD_HASH_NONE), 0);
}
END_TEST

START_TEST(secrets_are_compared_and_wiped)
{
	char bytes[] = "secret";

	ck_assert(lrd_secret_equal(LRD_SLICE("ab"), LRD_SLICE("ab")));
	ck_assert(!lrd_secret_equal(LRD_SLICE("ab"), LRD_SLICE("aB")));
	ck_assert(!lrd_secret_equal(LRD_SLICE("ab"), LRD_SLICE("abc")));
	ck_assert(lrd_secret_equal(LRD_SLICE(""), lrd_slice_of(NULL, 0)));
	lrd_secret_wipe(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_int_eq(bytes[i], 0);
	lrd_secret_wipe(NULL, 0);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, pieces_hash_like_the_whole, 0,
			    sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(tcase, hmac_is_as_published);
	tcase_add_test(tcase, what_is_not_a_hash_is_refused);
	tcase_add_test(tcase, secrets_are_compared_and_wiped);
	suite_add_tcase(suite, tcase);
	return suite;
}
