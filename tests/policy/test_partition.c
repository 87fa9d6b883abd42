/* SPDX-License-Identifier: MIT */
/* test_partition.c - the names of principals: equal for equal credentials, for no others. */
#include "policy/partition.h"

#include "check_main.h"
#include "text.h"

static const uint8_t secret[16] = { 9, 8, 7 };

struct who {
	const char *fields, *userinfo, *identity;
};

static const struct who people[] = {
	{ "Authorization: Basic YQ==", "", "" },
	{ "Authorization: Basic Yg==", "", "" },
	{ "Authorization: basic YQ==", "", "" },
	{ "Authorization: Bearer YQ==", "", "" },
	{ "Cookie: Basic YQ==", "", "" },
	{ "Proxy-Authorization: Basic YQ==", "", "" },
	{ "Cookie: a=1", "", "" },
	{ "Cookie: a=1; b=2", "", "" },
	{ "Cookie: a=1\nCookie: b=2", "", "" },
	{ "Cookie: b=2\nCookie: a=1", "", "" },
	{ "Cookie:", "", "" },
	{ "", "a", "" },
	{ "", "", "a" },
	{ "", "a:b", "" },
	{ "", "a", "b" },
	{ "X-WSSE: UsernameToken a", "", "" },
	{ "X-Api-Key: a", "", "" },
	{ "X-Auth-Token: a", "", "" },
	{ "Authorization: Basic YQ==", "", "a" },
	{ "Authorization: Basic YQ==\nCookie: a=1", "", "" },
	{ "Authorization: Digest a", "", "" },
	{ "Authorization: Digest b", "", "" },
	{ "Authorization: Digest b", "", "b" },
	{ "Authorization: HMACDigest b", "", "b" },
	{ "Authorization: WSSE b", "", "b" },
	{ "Cookie: Digest b", "", "b" },
};
enum { PEOPLE = sizeof(people) / sizeof(people[0]) };

static void name_of(const struct who *who, const uint8_t key[16],
		    char out[LRD_PARTITION_NAME_SIZE])
{
	struct text_fields text;
	size_t len = lrd_partition_name(text_view(who->fields, &text),
					lrd_slice_cstr(who->userinfo),
					lrd_slice_cstr(who->identity), key, out);

	ck_assert_uint_eq(len, strlen(out));
}

START_TEST(all_differ)
{
	char names[PEOPLE][LRD_PARTITION_NAME_SIZE], again[LRD_PARTITION_NAME_SIZE];
	uint8_t other_key[16] = { 1 };

	for (size_t i = 0; i < PEOPLE; i++) {
		name_of(&people[i], secret, names[i]);
		ck_assert_uint_eq(strlen(names[i]), 33);
		ck_assert_int_eq(names[i][0], '~');
		name_of(&people[i], secret, again);
		ck_assert_str_eq(names[i], again);
		name_of(&people[i], other_key, again);
		ck_assert_str_ne(names[i], again);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(names[i], names[k]) != 0, "%zu and %zu", i,
				      k);
	}
}
END_TEST

static const struct {
	struct who a, b;
} same[] = {
	{ { "", "", "" }, { "Accept: x\nUser-Agent: y", "", "" } },
	{ { "authorization: Basic YQ==", "", "" },
	  { "Authorization:  Basic YQ==", "", "" } },
	{ { "Accept: 1\nCookie: a", "", "" }, { "Cookie: a\nAccept: 2", "", "" } },
	{ { "Authorization: Digest nc=1", "", "me" },
	  { "Authorization: digest nc=2", "", "me" } },
	{ { "Authorization: WSSE x\nX-WSSE: 1", "", "me" },
	  { "Authorization: WSSE y\nX-WSSE: 2", "", "me" } },
};

START_TEST(some_are_one)
{
	char a[LRD_PARTITION_NAME_SIZE], b[LRD_PARTITION_NAME_SIZE];

	name_of(&same[_i].a, secret, a);
	name_of(&same[_i].b, secret, b);
	if (_i == 0)
		ck_assert_str_eq(a, "");
	else if (_i == 3)
		ck_assert_str_ne(a, b); /* the scheme's case is part of what is sent */
	else
		ck_assert_str_eq(a, b);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/partition");
	TCase *tcase = tcase_create("partition");

	tcase_add_test(tcase, all_differ);
	tcase_add_loop_test(tcase, some_are_one, 0, 5);
	suite_add_tcase(suite, tcase);
	return suite;
}
