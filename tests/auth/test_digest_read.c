/* SPDX-License-Identifier: MIT */
/* test_digest_read.c - which Digest challenges can be answered, and what Authentication-Info does. */
#include "auth/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/auth/answers.h"
#include "tests/support/check_main.h"

#define NONCE   "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE  "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RSPAUTH "9b712497bc9f91499fbcca1dfc5f09a5"

static const struct {
	const char *challenge;
	int strength;
	bool stale;
} challenges[] = {
	{ "Digest realm=r, nonce=n", LRD_STRENGTH_DIGEST_MD5, false },
	{ "Digest realm=\"\", nonce=n", LRD_STRENGTH_DIGEST_MD5, false },
	{ "Digest realm=r, nonce=n, qop=\"\"", LRD_STRENGTH_DIGEST_MD5, false },
	{ "Digest realm=r, nonce=n, qop=\" auth-int ,auth \"", LRD_STRENGTH_DIGEST_MD5,
	  false },
	{ "Digest realm=r, nonce=n, qop=\"new,AUTH\"", LRD_STRENGTH_DIGEST_MD5, false },
	{ "Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess",
	  LRD_STRENGTH_DIGEST_MD5 + 1, false },
	{ "Digest realm=r, nonce=n, algorithm=sha-256", LRD_STRENGTH_DIGEST_SHA256, false },
	{ "Digest realm=r, nonce=n, algorithm=SHA-512-256",
	  LRD_STRENGTH_DIGEST_SHA512_256, false },
	{ "Digest realm=r, nonce=n, stale=true", LRD_STRENGTH_DIGEST_MD5, true },
	{ "Digest realm=r, nonce=n, stale=\"TRUE\"", LRD_STRENGTH_DIGEST_MD5, true },
	{ "Digest realm=r, nonce=n, stale=false", LRD_STRENGTH_DIGEST_MD5, false },
	{ "Digest realm=r, nonce=n, extension=1, extension=2", LRD_STRENGTH_DIGEST_MD5,
	  false },
	/* not for us */
	{ "Digest", 0, false },
	{ "Digest nonce=n", 0, false },
	{ "Digest realm=r", 0, false },
	{ "Digest realm=r, nonce=\"\"", 0, false },
	{ "Digest realm=r, nonce=n, nonce=m", 0, false },
	{ "Digest realm=r, nonce=n, algorithm=SHA-1", 0, false },
	{ "Digest realm=r, nonce=n, algorithm=\"\"", 0, false },
	{ "Digest realm=r, nonce=n, algorithm=MD5-", 0, false },
	{ "Digest realm=r, nonce=n, qop=\"auth-conf\"", 0, false },
	{ "Digest realm=r, nonce=n, algorithm=MD5-sess", 0, false },
	{ "Digest abc=", 0, false },
};

START_TEST(challenges_are_judged)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_auth *auth = NULL;
	int rc = auth_of(store, &lrd_auth_digest, challenges[_i].challenge, &auth);

	ck_assert_msg(rc == challenges[_i].strength, "%s: %d", challenges[_i].challenge,
		      rc);
	ck_assert_int_eq(auth != NULL, rc > 0);
	if (auth)
		ck_assert_int_eq(auth->stale, challenges[_i].stale);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(nothing_without_a_challenge)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_auth *auth = NULL;

	ck_assert_int_eq(auth_of(store, &lrd_auth_digest, NULL, &auth), 0);
	ck_assert_ptr_null(auth);
	lrd_credentials_free(store);
}
END_TEST

/* Longer than any real one: the challenge is passed over, not the request. */
START_TEST(long_texts_are_refused)
{
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_auth *auth = NULL;
	struct lrd_buf text;

	lrd_buf_init(&text, 1 << 20, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&text, "Digest realm=r, nonce="), 0);
	for (size_t i = 0; i <= LRD_AUTH_TEXT_MAX; i++)
		ck_assert_int_eq(lrd_buf_append_char(&text, 'n'), 0);
	ck_assert_int_eq(auth_of(store, &lrd_auth_digest, text.ptr, &auth), 0);
	lrd_buf_truncate(&text, text.len - 1);
	ck_assert_int_gt(auth_of(store, &lrd_auth_digest, text.ptr, &auth), 0);
	lrd_auth_unref(auth);
	lrd_buf_release(&text);
	lrd_credentials_free(store);
}
END_TEST

/* After one request of RFC 7616 s3.9.1. */
static const struct {
	const char *qop, *info, *body;
	int rc;
	bool renewed;
} infos[] = {
	{ "auth", "", NULL, 0, false },
	{ "auth", "rspauth=\"" RSPAUTH "\"", NULL, 0, false },
	{ "auth", "rspauth=\"" RSPAUTH "\", qop=auth, nc=00000001, cnonce=\"" CNONCE "\"",
	  NULL, 0, false },
	{ "auth", "rspauth=\"" RSPAUTH "\", nextnonce=\"other\"", NULL, 0, true },
	{ "auth", "nextnonce=\"other\"", NULL, 0, true },
	{ "auth", "nextnonce=\"\"", NULL, 0, false },
	{ "auth", "rspauth=\"00712497bc9f91499fbcca1dfc5f09a5\", nextnonce=other", NULL,
	  LARDER_EPROTO, false },
	{ "auth", "rspauth=\"\"", NULL, LARDER_EPROTO, false },
	{ "auth", "rspauth=\"" RSPAUTH "\", nc=00000002", NULL, LARDER_EPROTO, false },
	{ "auth", "rspauth=\"" RSPAUTH "\", cnonce=\"mine\"", NULL, LARDER_EPROTO, false },
	{ "auth", "nextnonce=\"open", NULL, 0, false },
	{ "auth", "nextnonce=a, nextnonce=b", NULL, 0, false },
	{ "auth-int", "rspauth=\"841c2a4606efd3f496aeba8af8b8fc6d\"", NULL, 0, false },
	{ "auth-int", "rspauth=\"841c2a4606efd3f496aeba8af8b8fc6d\"", "the answer", 0,
	  false },
	{ "auth-int", "rspauth=\"841c2a4606efd3f496aeba8af8b8fc6d\"", "other answer",
	  LARDER_EPROTO, false },
};

START_TEST(authentication_info_is_taken_in)
{
	struct lrd_credentials *store = store_of("Mufasa", "Circle of Life");
	struct lrd_auth_request request = request_of("GET", "/dir/index.html", CNONCE);
	larder_slice body = lrd_slice_cstr(infos[_i].body);
	struct lrd_auth *auth = NULL;
	char challenge[256];
	char *value;
	int rc;

	(void)snprintf(challenge, sizeof(challenge),
		       "Digest realm=\"http-auth@example.org\", nonce=\"" NONCE
		       "\", qop=\"%s\"",
		       infos[_i].qop);
	ck_assert_int_gt(auth_of(store, &lrd_auth_digest, challenge, &auth), 0);
	free(answer_of(auth, &request, "Authorization", &rc));
	rc = lrd_auth_learn(auth, lrd_slice_cstr(infos[_i].info),
			    infos[_i].body ? &body : NULL);
	ck_assert_msg(rc == infos[_i].rc, "%s: %d", infos[_i].info, rc);

	/* A new nonce counts from one again. */
	value = answer_of(auth, &request, "Authorization", &rc);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(strstr(value, "nonce=\"other\"") != NULL, infos[_i].renewed);
	ck_assert_int_eq(strstr(value, "nc=00000001") != NULL, infos[_i].renewed);
	ck_assert_int_eq(strstr(value, "nc=00000002") != NULL, !infos[_i].renewed);
	free(value);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/digest_read");
	TCase *tcase = tcase_create("read");

	tcase_add_loop_test(tcase, challenges_are_judged, 0,
			    sizeof(challenges) / sizeof(challenges[0]));
	tcase_add_test(tcase, nothing_without_a_challenge);
	tcase_add_test(tcase, long_texts_are_refused);
	tcase_add_loop_test(tcase, authentication_info_is_taken_in, 0,
			    sizeof(infos) / sizeof(infos[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
