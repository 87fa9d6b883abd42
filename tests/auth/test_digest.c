/* SPDX-License-Identifier: MIT */
/* test_digest.c - Digest answers: the RFCs' vectors, every algorithm, quoting, counting. */
#include "auth/digest.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/auth/answers.h"
#include "tests/support/check_main.h"

#define NONCE  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
#define REALM  "http-auth@example.org"
#define CHALLENGE(more) \
	"Digest realm=\"" REALM "\", nonce=\"" NONCE "\", opaque=\"" OPAQUE "\"" more
#define ANSWER(middle)                                                    \
	"Digest username=\"Mufasa\", realm=\"" REALM "\", nonce=\"" NONCE \
	"\", uri=\"/dir/index.html\"" middle ", opaque=\"" OPAQUE "\""
#define COUNTED ", qop=auth, nc=00000001, cnonce=\"" CNONCE "\""

static const struct {
	const char *user, *password, *challenge, *method, *target, *cnonce, *answer;
} vectors[] = {
	/* RFC 2617 s3.5 */
	{ "Mufasa", "Circle Of Life",
	  "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
	  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
	  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
	  "GET", "/dir/index.html", "0a4f113b",
	  "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
	  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
	  "response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, "
	  "cnonce=\"0a4f113b\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"" },
	/* RFC 2069 s2.4, as its erratum has it: no qop, nothing counted */
	{ "Mufasa", "CircleOfLife",
	  "Digest realm=\"testrealm@host.com\", "
	  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
	  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
	  "GET", "/dir/index.html", "0a4f113b",
	  "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
	  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
	  "response=\"1949323746fe6a43ef61f9606e7febea\", "
	  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"" },
	/* RFC 7616 s3.9.1, and its inputs with the other algorithms */
	{ "Mufasa", "Circle of Life",
	  CHALLENGE(", qop=\"auth, auth-int\", algorithm=MD5"), "GET", "/dir/index.html",
	  CNONCE, ANSWER(", algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\"" COUNTED) },
	{ "Mufasa", "Circle of Life",
	  CHALLENGE(", qop=\"auth, auth-int\", algorithm=SHA-256"), "GET",
	  "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=SHA-256, "
		 "response=\"753927fa0e85d155564e2e272a28d1802ca10daf449679469"
		 "7cf8db5856cb6c1\"" COUNTED) },
	{ "Mufasa", "Circle of Life", CHALLENGE(", qop=auth, algorithm=\"md5-SESS\""),
	  "GET", "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=md5-SESS, "
		 "response=\"e783283f46242139c486a698fec7211d\"" COUNTED) },
	{ "Mufasa", "Circle of Life", CHALLENGE(", qop=auth, algorithm=SHA-256-sess"),
	  "GET", "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=SHA-256-sess, "
		 "response=\"2fd51b3a77ad75bad6afad6003e818d767133c46d9e"
		 "2749e7f5232ae1ea3efd7\"" COUNTED) },
	{ "Mufasa", "Circle of Life", CHALLENGE(", qop=auth, algorithm=SHA-512-256"),
	  "GET", "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=SHA-512-256, "
		 "response=\"430d05014cecc49cab6fbe03176d41a1da86cbfe24a1"
		 "6580e22aaad928d960d0\"" COUNTED) },
	{ "Mufasa", "Circle of Life", CHALLENGE(", qop=auth, algorithm=SHA-512-256-sess"),
	  "GET", "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=SHA-512-256-sess, "
		 "response=\"3f2a34f923c38b0fb26dce2fdfc2ce326c23cec"
		 "f86fbb1444f3e51fbbc2cb92e\"" COUNTED) },
	/* RFC 7616 s3.9.2 with the real SHA-512/256: the RFC's own hash is SHA-512 cut short */
	{ "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?",
	  "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
	  "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
	  "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, "
	  "userhash=true",
	  "GET", "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
	  "Digest "
	  "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\","
	  " "
	  "realm=\"api@example.org\", "
	  "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
	  "uri=\"/doe.json\", algorithm=SHA-512-256, "
	  "response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\","
	  " "
	  "qop=auth, nc=00000001, cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm\", "
	  "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true" },
	/* no body, auth-int alone */
	{ "Mufasa", "Circle of Life", CHALLENGE(", qop=\"auth-int\", algorithm=SHA-256"),
	  "GET", "/dir/index.html", CNONCE,
	  ANSWER(", algorithm=SHA-256, "
		 "response=\"8bdf6f15638e260831e905028de5450562816d093c9bfc5c"
		 "13d3a46adcdde940\", qop=auth-int, nc=00000001, cnonce=\"" CNONCE "\"") },
	/* escapes: hashed without, sent with */
	{ "a\"b\\c", "p", "Digest realm=\"r\\\"x\", nonce=\"n\", qop=auth", "GET", "/",
	  CNONCE,
	  "Digest username=\"a\\\"b\\\\c\", realm=\"r\\\"x\", nonce=\"n\", uri=\"/\", "
	  "response=\"070bd7202bc5a3e8a3cf288c2c978683\"" COUNTED },
};

START_TEST(vectors_come_out)
{
	struct lrd_credentials *store = store_of(vectors[_i].user, vectors[_i].password);
	struct lrd_auth_request request =
		request_of(vectors[_i].method, vectors[_i].target, vectors[_i].cnonce);
	struct lrd_auth *auth = NULL;

	ck_assert_int_gt(auth_of(store, &lrd_auth_digest, vectors[_i].challenge, &auth),
			 0);
	require_answer(auth, &request, vectors[_i].answer);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(requests_are_counted)
{
	struct lrd_credentials *store = store_of("Mufasa", "Circle of Life");
	struct lrd_auth_request request = request_of("GET", "/dir/index.html", CNONCE);
	struct lrd_auth *auth = NULL;

	ck_assert_int_gt(auth_of(store, &lrd_auth_digest, CHALLENGE(", qop=auth"), &auth),
			 0);
	require_answer(auth, &request,
		       ANSWER(", response=\"8ca523f5e9506fed4657c9700eebdbec\"" COUNTED));
	require_answer(
		auth, &request,
		ANSWER(", response=\"4b5d595ecf2db9df612ea5b45cd97101\", qop=auth, "
		       "nc=00000002, cnonce=\"" CNONCE "\""));
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

/* The body from memory, its hash from elsewhere, or neither. */
START_TEST(auth_int_needs_the_body)
{
	struct lrd_credentials *store = store_of("Mufasa", "Circle of Life");
	struct lrd_auth_request request = request_of("POST", "/dir/index.html", CNONCE);
	const larder_slice body = LRD_SLICE("a=1&b=2");
	const char *answer = ANSWER(", response=\"505b7c066de2e4b660ce942d6e102248\", "
				    "qop=auth-int, nc=00000001, cnonce=\"" CNONCE "\"");
	struct lrd_auth *auth = NULL;
	int rc;

	for (int way = 0; way < 3; way++) {
		ck_assert_int_gt(auth_of(store, &lrd_auth_digest,
					 CHALLENGE(", qop=\"auth-int\""), &auth),
				 0);
		ck_assert_int_eq(lrd_auth_body_hash(auth), LRD_HASH_MD5);
		request.body = way == 0 ? &body : NULL;
		request.body_hash =
			way == 1 ? LRD_SLICE("ed04c91cf6f6ab5a01a31c0295c5da34")
				 : LRD_SLICE("");
		if (way < 2) {
			require_answer(auth, &request, answer);
		} else {
			ck_assert_ptr_null(answer_of(auth, &request, "Authorization", &rc));
			ck_assert_int_eq(rc, LARDER_EREPEAT);
		}
		lrd_auth_unref(auth);
		auth = NULL;
	}
	/* Both offered: the body may be anywhere. */
	ck_assert_int_gt(auth_of(store, &lrd_auth_digest,
				 CHALLENGE(", qop=\"auth-int,auth\""), &auth),
			 0);
	ck_assert_int_eq(lrd_auth_body_hash(auth), LRD_HASH_NONE);
	free(answer_of(auth, &request, "Authorization", &rc));
	ck_assert_int_eq(rc, 0);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

/* Client nonces come from the kernel; a -sess form keeps its first one. */
START_TEST(client_nonces_are_fresh)
{
	static const char *const algorithms[] = {
		CHALLENGE(", qop=auth, algorithm=MD5"),
		CHALLENGE(", qop=auth, algorithm=MD5-sess")
	};
	struct lrd_credentials *store = store_of("Mufasa", "Circle of Life");
	struct lrd_auth_request request = request_of("GET", "/", NULL);

	for (int i = 0; i < 2; i++) {
		struct lrd_auth *auth = NULL;
		char *nonces[2];
		int rc;

		ck_assert_int_gt(auth_of(store, &lrd_auth_digest, algorithms[i], &auth),
				 0);
		for (int j = 0; j < 2; j++) {
			char *value = answer_of(auth, &request, "Authorization", &rc);

			ck_assert_int_eq(rc, 0);
			nonces[j] = strndup(strstr(value, "cnonce=\"") + 8, 32);
			ck_assert_uint_eq(strspn(nonces[j], "0123456789abcdef"), 32);
			free(value);
		}
		ck_assert_int_eq(strcmp(nonces[0], nonces[1]) == 0, i == 1);
		free(nonces[0]);
		free(nonces[1]);
		lrd_auth_unref(auth);
	}
	lrd_credentials_free(store);
}
END_TEST

START_TEST(names_beyond_ascii_are_extended)
{
	struct lrd_credentials *store = store_of("J\xc3\xa4s\xc3\xb8n Doe", "p");
	struct lrd_auth_request request = request_of("GET", "/", CNONCE);
	struct lrd_auth *auth = NULL;
	char *value;
	int rc;

	ck_assert_int_gt(
		auth_of(store, &lrd_auth_digest, CHALLENGE(", charset=utf-8"), &auth), 0);
	value = answer_of(auth, &request, "Authorization", &rc);
	ck_assert_ptr_nonnull(strstr(value, "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "));
	free(value);
	lrd_auth_unref(auth);
	ck_assert_int_gt(auth_of(store, &lrd_auth_digest, CHALLENGE(""), &auth), 0);
	value = answer_of(auth, &request, "Authorization", &rc);
	ck_assert_ptr_nonnull(strstr(value, "username=\"J\xc3\xa4s\xc3\xb8n Doe\", "));
	free(value);
	lrd_auth_unref(auth);
	lrd_credentials_free(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/digest");
	TCase *tcase = tcase_create("digest");

	tcase_add_loop_test(tcase, vectors_come_out, 0,
			    sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(tcase, requests_are_counted);
	tcase_add_test(tcase, auth_int_needs_the_body);
	tcase_add_test(tcase, client_nonces_are_fresh);
	tcase_add_test(tcase, names_beyond_ascii_are_extended);
	suite_add_tcase(suite, tcase);
	return suite;
}
