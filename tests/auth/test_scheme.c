/* SPDX-License-Identifier: MIT */
/* test_scheme.c - Basic, Bearer, WSSE and HMACDigest behind the one table. */
#include "auth/scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/auth/answers.h"
#include "tests/support/check_main.h"

START_TEST(schemes_are_found_by_name)
{
	ck_assert_ptr_eq(lrd_auth_scheme_find(LRD_SLICE("BASIC")), &lrd_auth_basic);
	ck_assert_ptr_eq(lrd_auth_scheme_find(LRD_SLICE("digest")), &lrd_auth_digest);
	ck_assert_ptr_eq(lrd_auth_scheme_find(LRD_SLICE("HmacDigest")),
			 &lrd_auth_hmacdigest);
	ck_assert_ptr_eq(lrd_auth_scheme_find(LRD_SLICE("wsse")), &lrd_auth_wsse);
	ck_assert_ptr_eq(lrd_auth_scheme_find(LRD_SLICE("Bearer")), &lrd_auth_bearer);
	ck_assert_ptr_null(lrd_auth_scheme_find(LRD_SLICE("Negotiate")));
	ck_assert_ptr_null(lrd_auth_scheme_find(LRD_SLICE("")));
}
END_TEST

static const struct {
	const char *user, *password, *challenge, *answer; /* NULL: cannot */
} basics[] = {
	/* RFC 7617 s2 and s2.1 */
	{ "Aladdin", "open sesame", "Basic realm=\"x\"",
	  "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "test", "123\xc2\xa3", "Basic realm=\"foo\", charset=\"UTF-8\"",
	  "Basic dGVzdDoxMjPCow==" },
	{ "Aladdin", "open sesame", "Basic", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "Aladdin", "open sesame", NULL, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "a", "", "Basic realm=x", "Basic YTo=" },
	{ "", "a", "Basic realm=x", "Basic OmE=" },
	{ "a", "b:c", "Basic realm=x", "Basic YTpiOmM=" },
	{ "a:b", "c", "Basic realm=x", NULL },
	{ "a", "b", "Basic realm=x, realm=y", NULL },
};

START_TEST(basic_is_base64)
{
	struct lrd_credentials *store = store_of(basics[_i].user, basics[_i].password);
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_auth *auth = NULL;
	int rc = auth_of(store, &lrd_auth_basic, basics[_i].challenge, &auth);

	ck_assert_int_eq(rc, basics[_i].answer ? LRD_STRENGTH_BASIC : 0);
	if (auth) {
		require_answer(auth, &request, basics[_i].answer);
		request.proxy = true;
		free(answer_of(auth, &request, "Proxy-Authorization", &rc));
		ck_assert_int_eq(rc, 0);
	}
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(wsse_is_a_field_of_its_own)
{
	struct lrd_credentials *store = store_of("bo\"b", "taadtaadpstcsm");
	struct lrd_auth_request request = request_of("GET", "/", "0a4f113b");
	struct lrd_auth *auth = NULL;
	char *value;
	int rc;

	ck_assert_int_eq(auth_of(store, &lrd_auth_wsse,
				 "WSSE realm=\"f\", profile=\"UsernameToken\"", &auth),
			 LRD_STRENGTH_WSSE);
	require_answer(auth, &request, "WSSE profile=\"UsernameToken\"");
	value = answer_of(auth, &request, "X-WSSE", &rc);
	ck_assert_str_eq(
		value,
		"UsernameToken Username=\"bo\\\"b\", "
		"PasswordDigest=\"B1CAilTut3AgfTDe//FJOBy4EtA=\", Nonce=\"0a4f113b\", "
		"Created=\"2003-12-15T14:43:07Z\"");
	free(value);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

static const struct {
	const char *challenge, *response; /* NULL: cannot */
} hmacs[] = {
	{ "HMACDigest realm=r, snonce=sn, salt=pepper",
	  "1595f6d03b2cecfe810297e149ddb76dbea7a71c" },
	{ "HMACDigest realm=r, snonce=sn, salt=pepper, algorithm=hmac-sha-1, "
	  "pw-algorithm=SHA-1",
	  "1595f6d03b2cecfe810297e149ddb76dbea7a71c" },
	{ "HMACDigest realm=r, snonce=sn, pw-algorithm=MD5",
	  "18e55af0a16e120b10026e12852667765d93f33e" },
	{ "HMACDigest realm=r, snonce=sn, pw-algorithm=MD5, algorithm=HMAC-MD5",
	  "e0aa32ef049c9ad19a5ed34899999907" },
	{ "HMACDigest realm=r", NULL },
	{ "HMACDigest snonce=sn", NULL },
	{ "HMACDigest realm=r, snonce=\"\"", NULL },
	{ "HMACDigest realm=r, snonce=sn, algorithm=HMAC-SHA-256", NULL },
	{ "HMACDigest realm=r, snonce=sn, pw-algorithm=SHA-256", NULL },
};

START_TEST(hmacdigest_signs_the_fields)
{
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("Accept"), LRD_SLICE_INIT("text/plain") },
		{ LRD_SLICE_INIT("Connection"), LRD_SLICE_INIT("X-Hop, close") },
		{ LRD_SLICE_INIT("X-Hop"), LRD_SLICE_INIT("nothing") },
		{ LRD_SLICE_INIT("TE"), LRD_SLICE_INIT("trailers") },
		{ LRD_SLICE_INIT("X-Number"), LRD_SLICE_INIT("one") },
	};
	struct lrd_credentials *store = store_of("joe", "secret");
	struct lrd_auth_request request = request_of("GET", "/x?y", "0a4f113b");
	struct lrd_auth *auth = NULL;
	char expected[512];
	int rc = auth_of(store, &lrd_auth_hmacdigest, hmacs[_i].challenge, &auth);

	request.fields = lrd_view_of(fields, sizeof(fields) / sizeof(fields[0]));
	ck_assert_int_eq(rc, hmacs[_i].response ? LRD_STRENGTH_HMACDIGEST : 0);
	if (auth) {
		(void)snprintf(expected, sizeof(expected),
			       "HMACDigest username=\"joe\", realm=\"r\", snonce=\"sn\", "
			       "cnonce=\"0a4f113b\", uri=\"/x?y\", "
			       "created=\"2003-12-15T14:43:07Z\", "
			       "response=\"%s\", headers=\"accept x-number \"",
			       hmacs[_i].response);
		require_answer(auth, &request, expected);
		ck_assert(!auth->stale);
	}
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(hmacdigest_reasons_ask_again)
{
	struct lrd_credentials *store = store_of("joe", "secret");
	struct lrd_auth *auth = NULL;

	ck_assert_int_gt(auth_of(store, &lrd_auth_hmacdigest,
				 "HMACDigest realm=r, snonce=sn, reason=\"stale\"", &auth),
			 0);
	ck_assert(auth->stale);
	lrd_auth_unref(auth);
	ck_assert_int_gt(auth_of(store, &lrd_auth_hmacdigest,
				 "HMACDigest realm=r, snonce=sn, reason=unauthorized",
				 &auth),
			 0);
	ck_assert(!auth->stale);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

/* ---- Bearer ------------------------------------------------------------------------------ */

struct asked {
	const char *token;
	ptrdiff_t rc;
	char seen[256];
};

static ptrdiff_t give_token(const struct lrd_token_ask *ask, char *buf, size_t cap,
			    void *ctx)
{
	struct asked *asked = ctx;

	(void)snprintf(asked->seen, sizeof(asked->seen), "%.*s|%.*s|%.*s|%d",
		       LRD_SLICE_ARG(ask->realm), LRD_SLICE_ARG(ask->scope),
		       LRD_SLICE_ARG(ask->error), ask->refused);
	if (asked->rc)
		return asked->rc;
	ck_assert_uint_le(strlen(asked->token), cap);
	memcpy(buf, asked->token, strlen(asked->token));
	return (ptrdiff_t)strlen(asked->token);
}

static struct lrd_credentials *token_store(const char *token, struct asked *asked)
{
	struct lrd_credential credential = { .token = lrd_slice_cstr(token),
					     .token_fn = asked ? give_token : NULL,
					     .token_ctx = asked };
	struct lrd_credentials *store = NULL;

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	return store;
}

START_TEST(bearer_sends_tokens_alone)
{
	struct lrd_credentials *store = token_store("mF_9.B5f-4.1JqM==", NULL);
	struct lrd_credentials *names = store_of("u", "p");
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_auth *auth = NULL;

	ck_assert_int_gt(auth_of(store, &lrd_auth_bearer, "Bearer realm=\"x\"", &auth), 0);
	require_answer(auth, &request, "Bearer mF_9.B5f-4.1JqM==");
	lrd_auth_unref(auth);
	auth = NULL;
	/* A token is no password, and a password no token. */
	ck_assert_int_eq(auth_of(store, &lrd_auth_basic, "Basic realm=x", &auth), 0);
	ck_assert_int_eq(
		auth_of(store, &lrd_auth_digest, "Digest realm=x, nonce=n", &auth), 0);
	ck_assert_int_eq(auth_of(store, &lrd_auth_wsse, "WSSE realm=x", &auth), 0);
	ck_assert_int_eq(auth_of(names, &lrd_auth_bearer, "Bearer", &auth), 0);
	ck_assert_ptr_null(auth);
	lrd_credentials_free(store);
	lrd_credentials_free(names);
}
END_TEST

static const struct {
	const char *token;
	ptrdiff_t returns;
	int rc;
} tokens[] = {
	{ "abc", 0, 0 },
	{ "", 0, LARDER_ENOTFOUND },
	{ "a b", 0, LARDER_EINVAL },
	{ "a\r\nX-Injected: 1", 0, LARDER_EINVAL },
	{ "=", 0, LARDER_EINVAL },
	{ "a=b", 0, LARDER_EINVAL },
	{ "", LARDER_ECANCELED, LARDER_ECANCELED },
	{ "", 1 << 30, LARDER_EINVAL },
};

START_TEST(bearer_asks_for_tokens)
{
	struct asked asked = { tokens[_i].token, tokens[_i].returns, "" };
	struct lrd_credentials *store = token_store("", &asked);
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_auth *auth = NULL;
	int rc;

	ck_assert_int_gt(auth_of(store, &lrd_auth_bearer,
				 "Bearer realm=\"r\", scope=\"a b\", error=invalid_token",
				 &auth),
			 0);
	free(answer_of(auth, &request, "Authorization", &rc));
	ck_assert_int_eq(rc, tokens[_i].rc);
	ck_assert_str_eq(asked.seen, "r|a b|invalid_token|1");
	if (rc == 0) {
		require_answer(auth, &request, "Bearer abc");
		ck_assert_str_eq(asked.seen, "r|a b||0");
	}
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(times_are_written_whatever_they_are)
{
	static const struct {
		int64_t now;
		const char *text;
	} rows[] = { { 0, "1970-01-01T00:00:00Z" },
		     { 253402300799, "9999-12-31T23:59:59Z" },
		     { INT64_MAX, "1970-01-01T00:00:00Z" },
		     { INT64_MIN, "1970-01-01T00:00:00Z" } };
	char out[LRD_AUTH_CREATED_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lrd_auth_created(rows[i].now, out);
		ck_assert_str_eq(out, rows[i].text);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/scheme");
	TCase *tcase = tcase_create("schemes");

	tcase_add_test(tcase, schemes_are_found_by_name);
	tcase_add_loop_test(tcase, basic_is_base64, 0, sizeof(basics) / sizeof(basics[0]));
	tcase_add_test(tcase, wsse_is_a_field_of_its_own);
	tcase_add_loop_test(tcase, hmacdigest_signs_the_fields, 0,
			    sizeof(hmacs) / sizeof(hmacs[0]));
	tcase_add_test(tcase, hmacdigest_reasons_ask_again);
	tcase_add_test(tcase, bearer_sends_tokens_alone);
	tcase_add_loop_test(tcase, bearer_asks_for_tokens, 0,
			    sizeof(tokens) / sizeof(tokens[0]));
	tcase_add_test(tcase, times_are_written_whatever_they_are);
	suite_add_tcase(suite, tcase);
	return suite;
}
