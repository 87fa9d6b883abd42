/* SPDX-License-Identifier: MIT */
/* test_spaces.c - what a learned protection space covers. */
#include "auth/spaces.h"

#include <stdio.h>

#include "proto/bytes/slice.h"
#include "tests/auth/answers.h"
#include "tests/support/check_main.h"

static const struct lrd_auth_origin here = { LRD_SLICE_INIT("http"),
					     LRD_SLICE_INIT("a.example"), 80 };

static struct lrd_auth *auth_for(struct lrd_credentials *store, const char *challenge)
{
	struct lrd_auth *auth = NULL;

	ck_assert_int_gt(auth_of(store,
				 challenge[0] == 'D' ? &lrd_auth_digest : &lrd_auth_basic,
				 challenge, &auth),
			 0);
	return auth;
}

static const struct {
	const char *challenge, *learned, *asked;
	bool covers;
} rows[] = {
	{ "Basic realm=x", "/dir/page", "/dir/page", true },
	{ "Basic realm=x", "/dir/page", "/dir/", true },
	{ "Basic realm=x", "/dir/page", "/dir/other?q=/x", true },
	{ "Basic realm=x", "/dir/page", "/dir/sub/page", true },
	{ "Basic realm=x", "/dir/page?x=/y/z", "/dir/other", true },
	{ "Basic realm=x", "/dir/page", "/dirt", false },
	{ "Basic realm=x", "/dir/page", "/dir", false },
	{ "Basic realm=x", "/dir/page", "/", false },
	{ "Basic realm=x", "/dir/page", "/Dir/page", false },
	{ "Basic realm=x", "/dir/a", "/dir/../b", false },
	{ "Basic realm=x", "/dir/a", "/dir/%2E%2e/b", false },
	{ "Basic realm=x", "/dir/a", "/dir/.%2e/b", false },
	{ "Basic realm=x", "/dir/a", "/dir/.hidden", true },
	{ "Basic realm=x", "/page", "/anything/below", true },
	{ "Basic realm=x", "/page", "/a/../b", true },
	{ "Digest realm=x, nonce=n", "/dir/page", "/", true },
	{ "Digest realm=x, nonce=n", "/dir/page", "/elsewhere", true },
	{ "Digest realm=x, nonce=n, domain=\"/a /b/\"", "/dir/page", "/a", true },
	{ "Digest realm=x, nonce=n, domain=\"/a /b/\"", "/dir/page", "/a/c", true },
	{ "Digest realm=x, nonce=n, domain=\"/a /b/\"", "/dir/page", "/ab", false },
	{ "Digest realm=x, nonce=n, domain=\"/a /b/\"", "/dir/page", "/b/c", true },
	{ "Digest realm=x, nonce=n, domain=\"/a /b/\"", "/dir/page", "/dir/page", false },
	{ "Digest realm=x, nonce=n, domain=\"http://A.example/a\"", "/dir/page", "/a/b",
	  true },
	{ "Digest realm=x, nonce=n, domain=\"http://b.example/a\"", "/dir/page", "/a/b",
	  false },
	{ "Digest realm=x, nonce=n, domain=\"https://a.example/a\"", "/dir/page", "/a/b",
	  false },
	{ "Digest realm=x, nonce=n, domain=\"//a.example/a\"", "/dir/page", "/a/b", false },
	{ "Digest realm=x, nonce=n, domain=\"nonsense \\\\ \"", "/dir/page", "/dir/page",
	  true },
};

START_TEST(spaces_end_at_segments)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_spaces *spaces = lrd_credentials_spaces(store);
	struct lrd_auth *auth = auth_for(store, rows[_i].challenge);
	struct lrd_auth *found;

	ck_assert_int_eq(lrd_spaces_learn(spaces, &here, lrd_slice_cstr(rows[_i].learned),
					  auth),
			 0);
	found = lrd_spaces_find(spaces, &here, lrd_slice_cstr(rows[_i].asked));
	ck_assert_msg((found == auth) == rows[_i].covers, "%s at %s: %s",
		      rows[_i].challenge, rows[_i].learned, rows[_i].asked);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(other_origins_know_nothing)
{
	static const struct lrd_auth_origin others[] = {
		{ LRD_SLICE_INIT("https"), LRD_SLICE_INIT("a.example"), 80 },
		{ LRD_SLICE_INIT("http"), LRD_SLICE_INIT("a.example."), 80 },
		{ LRD_SLICE_INIT("http"), LRD_SLICE_INIT("b.example"), 80 },
		{ LRD_SLICE_INIT("http"), LRD_SLICE_INIT("a.example"), 8080 },
	};
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_spaces *spaces = lrd_credentials_spaces(store);
	struct lrd_auth *auth = auth_for(store, "Basic realm=x");

	ck_assert_int_eq(lrd_spaces_learn(spaces, &here, LRD_SLICE("/"), auth), 0);
	ck_assert_ptr_eq(lrd_spaces_find(spaces, &here, LRD_SLICE("*")), auth);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_ptr_null(lrd_spaces_find(spaces, &others[i], LRD_SLICE("/")));
	lrd_spaces_forget(spaces, auth);
	ck_assert_ptr_null(lrd_spaces_find(spaces, &here, LRD_SLICE("/")));
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(the_longest_prefix_decides)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_spaces *spaces = lrd_credentials_spaces(store);
	struct lrd_auth *wide = auth_for(store, "Basic realm=wide");
	struct lrd_auth *deep = auth_for(store, "Basic realm=deep");
	struct lrd_auth *again = auth_for(store, "Basic realm=deep");

	ck_assert_int_eq(lrd_spaces_learn(spaces, &here, LRD_SLICE("/a/b/page"), deep), 0);
	ck_assert_int_eq(lrd_spaces_learn(spaces, &here, LRD_SLICE("/a/page"), wide), 0);
	ck_assert_ptr_eq(lrd_spaces_find(spaces, &here, LRD_SLICE("/a/b/c")), deep);
	ck_assert_ptr_eq(lrd_spaces_find(spaces, &here, LRD_SLICE("/a/c")), wide);
	/* The same realm elsewhere: one space, the newer answer. */
	ck_assert_int_eq(lrd_spaces_learn(spaces, &here, LRD_SLICE("/z/page"), again), 0);
	ck_assert_uint_eq(lrd_spaces_count(spaces), 2);
	ck_assert_ptr_eq(lrd_spaces_find(spaces, &here, LRD_SLICE("/a/b/c")), again);
	ck_assert_ptr_eq(lrd_spaces_find(spaces, &here, LRD_SLICE("/z/")), again);
	lrd_auth_unref(wide);
	lrd_auth_unref(deep);
	lrd_auth_unref(again);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(spaces_are_bounded)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_spaces *spaces = lrd_credentials_spaces(store);
	char text[64];

	for (int i = 0; i < 3 * LRD_SPACES_MAX; i++) {
		struct lrd_auth *auth;

		(void)snprintf(text, sizeof(text), "Basic realm=r%d", i);
		auth = auth_for(store, text);
		(void)snprintf(text, sizeof(text), "/%d/page", i);
		ck_assert_int_eq(
			lrd_spaces_learn(spaces, &here, lrd_slice_cstr(text), auth), 0);
		lrd_auth_unref(auth);
		/* The first stays, because it is used. */
		ck_assert_ptr_nonnull(lrd_spaces_find(spaces, &here, LRD_SLICE("/0/x")));
	}
	ck_assert_uint_eq(lrd_spaces_count(spaces), LRD_SPACES_MAX);
	ck_assert_ptr_null(lrd_spaces_find(spaces, &here, LRD_SLICE("/1/x")));
	for (int i = 0; i < 2 * LRD_SPACE_PREFIXES_MAX; i++) {
		struct lrd_auth *auth = auth_for(store, "Basic realm=one");

		(void)snprintf(text, sizeof(text), "/p%d/page", i);
		ck_assert_int_eq(
			lrd_spaces_learn(spaces, &here, lrd_slice_cstr(text), auth), 0);
		ck_assert_int_eq(lrd_spaces_find(spaces, &here, lrd_slice_cstr(text)) ==
					 auth,
				 i < LRD_SPACE_PREFIXES_MAX);
		lrd_auth_unref(auth);
	}
	lrd_credentials_free(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/spaces");
	TCase *tcase = tcase_create("spaces");

	tcase_add_loop_test(tcase, spaces_end_at_segments, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, other_origins_know_nothing);
	tcase_add_test(tcase, the_longest_prefix_decides);
	tcase_add_test(tcase, spaces_are_bounded);
	suite_add_tcase(suite, tcase);
	return suite;
}
