/* SPDX-License-Identifier: MIT */
/* test_choose.c - which answer follows which challenge, until one is accepted or none is left. */
#include "auth/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spaces.h"
#include "proto/bytes/slice.h"
#include "tests/auth/answers.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"

static const struct lrd_auth_origin here = { LRD_SLICE_INIT("http"),
					     LRD_SLICE_INIT("a.example"), 80 };

static void add(struct lrd_credentials *store, const char *user, const char *host,
		const struct lrd_auth_scheme *preemptive)
{
	struct lrd_credential credential = { .scope = { .host = lrd_slice_cstr(host) },
					     .user = lrd_slice_cstr(user),
					     .password = LRD_SLICE("p"),
					     .preemptive = preemptive };

	ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
}

static struct lrd_credentials *new_store(void)
{
	struct lrd_credentials *store = NULL;

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	return store;
}

/* "Digest alice n1; " for what was sent: scheme, user (Basic: base64), nonce. */
static void note(const struct lrd_fields *fields, struct lrd_buf *log)
{
	larder_slice value;
	const char *at;

	ck_assert_uint_ge(lrd_fields_view(fields).count, 1);
	value = lrd_fields_view(fields).at[0].value;
	if (lrd_slice_starts(value, LRD_SLICE("Digest"))) {
		at = strstr(value.ptr, "username=\"") + 10;
		ck_assert_int_eq(lrd_buf_appendf(log, "Digest %.*s",
						 (int)strcspn(at, "\""), at),
				 0);
		at = strstr(value.ptr, "nonce=\"") + 7;
		ck_assert_int_eq(
			lrd_buf_appendf(log, " %.*s; ", (int)strcspn(at, "\""), at), 0);
	} else {
		ck_assert_int_eq(lrd_buf_appendf(log, "%s; ", value.ptr), 0);
	}
}

/* A server that answers every request with the next of these challenges, then with 200. */
static void run(struct lrd_credentials *store, const char *const *challenges,
		size_t count, struct lrd_auth_request *request, struct lrd_buf *log)
{
	struct lrd_auth_attempt attempt;
	struct lrd_fields fields;
	int rc;

	lrd_fields_init(&fields, 1 << 16, 16, NULL);
	lrd_auth_begin(&attempt, store, &here, NULL);
	rc = lrd_auth_first(&attempt, request, &fields);
	if (rc > 0)
		note(&fields, log);
	ck_assert_int_ge(rc, 0);
	for (size_t i = 0; i < count; i++) {
		larder_field field = { request->proxy ? LRD_SLICE("Proxy-Authenticate")
						      : LRD_SLICE("WWW-Authenticate"),
				       lrd_slice_cstr(challenges[i]) };

		lrd_fields_clear(&fields);
		rc = lrd_auth_challenged(&attempt, lrd_view_of(&field, 1), request,
					 &fields);
		ck_assert_int_ge(rc, 0);
		if (rc == 0) {
			ck_assert_uint_eq(lrd_fields_view(&fields).count, 0);
			ck_assert_int_eq(lrd_buf_append_cstr(log, "given up"), 0);
			goto out;
		}
		note(&fields, log);
	}
	ck_assert_int_eq(lrd_auth_accepted(&attempt, lrd_view_of(NULL, 0), request), 0);
	ck_assert_int_eq(lrd_buf_append_cstr(log, "200"), 0);
out:
	lrd_auth_end(&attempt);
	lrd_fields_release(&fields);
}

#define D(n)  "Digest realm=r, nonce=" n
#define ALICE "Basic YWxpY2U6cA=="
#define BOB   "Basic Ym9iOnA="

/* Credentials alice and bob for here, carol for elsewhere. */
static const struct {
	const char *challenges[8];
	const char *log;
} dialogues[] = {
	{ { NULL }, "200" },
	{ { "Basic realm=x" }, ALICE "; 200" },
	{ { "Basic realm=x", "Basic realm=x" }, ALICE "; " BOB "; 200" },
	{ { "Basic realm=x", "Basic realm=x", "Basic realm=x" },
	  ALICE "; " BOB "; given up" },
	/* the strongest first, over all credentials, then the next */
	{ { "Basic realm=x, " D("1"), "Basic realm=x, " D("2"), "Basic realm=x, " D("3"),
	    "Basic realm=x, " D("4"), "Basic realm=x, " D("5") },
	  "Digest alice 1; Digest bob 2; " ALICE "; " BOB "; given up" },
	{ { D("1") ", " D("2") ", algorithm=SHA-256, " D("3") ", algorithm=SHA-512-256" },
	  "Digest alice 3; 200" },
	{ { D("1") ", " D("2") ", algorithm=SHA-3, Basic realm=x" },
	  "Digest alice 1; 200" },
	/* what we do not know falls through */
	{ { D("1") ", algorithm=SHA-3, Basic realm=x" }, ALICE "; 200" },
	{ { "Negotiate, Basic realm=x" }, ALICE "; 200" },
	{ { "Negotiate" }, "given up" },
	{ { "Bearer" }, "given up" },
	{ { "" }, "given up" },
	{ { "Basic realm=\"open" }, "given up" },
	{ { "realm=x" }, "given up" },
	{ { "Basic realm=x, realm=y" }, "given up" },
	/* a stale nonce: once more, and once only */
	{ { D("1"), D("2") ", stale=true" }, "Digest alice 1; Digest alice 2; 200" },
	{ { D("1"), D("2") ", stale=true", D("3") ", stale=true", D("4") ", stale=true",
	    D("5") ", stale=true" },
	  "Digest alice 1; Digest alice 2; Digest bob 3; Digest bob 4; given up" },
};

START_TEST(dialogues_run_as_told)
{
	struct lrd_credentials *store = new_store();
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_buf log;
	size_t count = 0;

	add(store, "carol", "elsewhere.example", NULL);
	add(store, "alice", "a.example", NULL);
	add(store, "bob", "", NULL);
	while (dialogues[_i].challenges[count])
		count++;
	for (int proxy = 0; proxy < 2; proxy++) {
		lrd_spaces_clear(lrd_credentials_spaces(store));
		lrd_buf_init(&log, 4096, NULL);
		request.proxy = proxy == 1;
		run(store, dialogues[_i].challenges, count, &request, &log);
		ck_assert_str_eq(log.ptr, dialogues[_i].log);
		lrd_buf_release(&log);
	}
	lrd_credentials_free(store);
}
END_TEST

START_TEST(no_credential_for_here_means_no_answer)
{
	static const char *const challenge[] = { "Basic realm=x" };
	struct lrd_credentials *store = new_store();
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_buf log;

	add(store, "carol", "elsewhere.example", &lrd_auth_basic);
	lrd_buf_init(&log, 4096, NULL);
	run(store, challenge, 1, &request, &log);
	ck_assert_str_eq(log.ptr, "given up");
	lrd_buf_clear(&log);
	run(NULL, challenge, 1, &request, &log);
	ck_assert_str_eq(log.ptr, "given up");
	lrd_buf_release(&log);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(a_learned_space_is_answered_at_once)
{
	static const char *const challenge[] = { D("1") };
	static const char *const renewed[] = { D("2") };
	struct lrd_credentials *store = store_of("u", "p");
	struct lrd_auth_request request = request_of("GET", "/x", NULL);
	struct lrd_buf log;

	lrd_buf_init(&log, 4096, NULL);
	run(store, challenge, 1, &request, &log);
	run(store, NULL, 0, &request, &log);
	/* The server forgot the nonce and does not even say so: that is no refusal. */
	run(store, renewed, 1, &request, &log);
	run(store, NULL, 0, &request, &log);
	ck_assert_str_eq(log.ptr,
			 "Digest u 1; 200Digest u 1; 200Digest u 1; Digest u 2; 200"
			 "Digest u 2; 200");
	/* Basic says the same again: once is enough. */
	lrd_credentials_clear(store);
	add(store, "alice", "", NULL);
	lrd_buf_clear(&log);
	run(store, (const char *const[]){ "Basic realm=x" }, 1, &request, &log);
	run(store, (const char *const[]){ "Basic realm=x" }, 1, &request, &log);
	run(store, NULL, 0, &request, &log);
	ck_assert_str_eq(log.ptr, ALICE "; 200" ALICE "; given up200");
	lrd_buf_release(&log);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(preemptive_credentials_go_first)
{
	struct lrd_credentials *store = new_store();
	struct lrd_auth_request request = request_of("GET", "/x", NULL);
	struct lrd_buf log;

	add(store, "carol", "elsewhere.example", &lrd_auth_basic);
	add(store, "bob", "", NULL);
	add(store, "alice", "a.example", &lrd_auth_basic);
	lrd_buf_init(&log, 4096, NULL);
	run(store, NULL, 0, &request, &log);
	run(store, (const char *const[]){ "Basic realm=x" }, 1, &request, &log);
	ck_assert_str_eq(log.ptr, ALICE "; 200" ALICE "; " BOB "; 200");
	lrd_buf_release(&log);
	lrd_credentials_free(store);
}
END_TEST

/* auth-int without the body at hand falls back to what needs none. */
START_TEST(a_body_out_of_reach_falls_back)
{
	struct lrd_credentials *store = store_of("alice", "p");
	struct lrd_auth_request request = request_of("POST", "/x", NULL);
	struct lrd_buf log;

	request.body = NULL;
	lrd_buf_init(&log, 4096, NULL);
	run(store, (const char *const[]){ D("1") ", qop=\"auth-int\", Basic realm=x" }, 1,
	    &request, &log);
	run(store, (const char *const[]){ D("1") ", qop=\"auth-int\"" }, 0, &request,
	    &log);
	ck_assert_str_eq(log.ptr, ALICE "; 200" ALICE "; 200");
	lrd_buf_release(&log);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(a_proxy_is_one_space)
{
	struct lrd_credentials *store = store_of("alice", "p");
	struct lrd_auth_request request = request_of("GET", "http://x.example/a/b", NULL);
	struct lrd_buf log;

	request.proxy = true;
	lrd_buf_init(&log, 4096, NULL);
	run(store, (const char *const[]){ D("1") ", domain=\"/only\"" }, 1, &request,
	    &log);
	request.target = LRD_SLICE("y.example:443");
	run(store, NULL, 0, &request, &log);
	ck_assert_str_eq(log.ptr, "Digest alice 1; 200Digest alice 1; 200");
	lrd_buf_release(&log);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(a_server_that_cannot_prove_itself_is_an_error)
{
	static const larder_field challenge = { LRD_SLICE_INIT("WWW-Authenticate"),
						LRD_SLICE_INIT(D("1") ", qop=auth") };
	static const larder_field info = { LRD_SLICE_INIT("authentication-info"),
					   LRD_SLICE_INIT("rspauth=\"0123\"") };
	struct lrd_credentials *store = store_of("alice", "p");
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	struct lrd_auth_attempt attempt;
	struct lrd_fields fields;

	lrd_fields_init(&fields, 1 << 16, 16, NULL);
	lrd_auth_begin(&attempt, store, &here, NULL);
	ck_assert_int_eq(lrd_auth_challenged(&attempt, lrd_view_of(&challenge, 1),
					     &request, &fields),
			 1);
	ck_assert_ptr_nonnull(lrd_auth_current(&attempt));
	ck_assert_int_eq(lrd_auth_accepted(&attempt, lrd_view_of(&info, 1), &request),
			 LARDER_EPROTO);
	ck_assert_uint_eq(lrd_spaces_count(lrd_credentials_spaces(store)), 0);
	lrd_auth_end(&attempt);
	lrd_auth_end(NULL);
	lrd_fields_release(&fields);
	lrd_credentials_free(store);
}
END_TEST

/* Hundreds of challenges with hundreds of credentials, over and over. */
START_TEST(rounds_are_bounded)
{
	struct lrd_credentials *store = new_store();
	struct lrd_auth_request request = request_of("GET", "/", NULL);
	static const char *hostile[100];
	struct lrd_buf challenge;
	struct lrd_buf log;
	size_t answers = 0;
	char user[16];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		add(store, user, "", NULL);
	}
	lrd_buf_init(&challenge, 1 << 20, NULL);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(lrd_buf_appendf(&challenge,
						 "Digest realm=r%d, nonce=n, stale=true,",
						 i),
				 0);
	for (size_t i = 0; i < 100; i++)
		hostile[i] = challenge.ptr;
	lrd_buf_init(&log, 1 << 20, NULL);
	run(store, hostile, 100, &request, &log);
	for (const char *at = log.ptr; (at = strstr(at, "Digest")); at++)
		answers++;
	ck_assert_uint_eq(answers, LRD_AUTH_ROUNDS_MAX);
	ck_assert_ptr_nonnull(strstr(log.ptr, "given up"));
	lrd_buf_release(&log);
	lrd_buf_release(&challenge);
	lrd_credentials_free(store);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	static const larder_field challenge = {
		LRD_SLICE_INIT("WWW-Authenticate"),
		LRD_SLICE_INIT("Basic realm=x, HMACDigest realm=a, snonce=b, salt=c, "
			       "Digest realm=r, "
			       "nonce=n, opaque=o, qop=auth, domain=\"/a /b\", "
			       "algorithm=SHA-256")
	};
	static const larder_field info = { LRD_SLICE_INIT("Authentication-Info"),
					   LRD_SLICE_INIT("nextnonce=\"m\"") };
	struct lrd_failing_alloc fa;
	larder_allocator mem = { lrd_failing_malloc, lrd_failing_realloc,
				 lrd_failing_free, &fa };
	struct lrd_auth_request request = request_of("GET", "/a", NULL);
	struct lrd_credential credential = { .user = LRD_SLICE("u"),
					     .password = LRD_SLICE("p") };
	size_t calls = 1;

	for (size_t fail_at = 0; fail_at <= calls; fail_at++) {
		struct lrd_credentials *store = NULL;
		struct lrd_auth_attempt attempt;
		struct lrd_fields fields;
		int rc;

		lrd_failing_alloc_init(&fa, fail_at);
		lrd_fields_init(&fields, 1 << 16, 16, &mem);
		rc = lrd_credentials_new(&mem, &store);
		if (rc == 0)
			rc = lrd_credentials_add(store, &credential);
		lrd_auth_begin(&attempt, store, &here, &mem);
		for (int round = 0; round < 2 && rc >= 0; round++) {
			lrd_fields_clear(&fields);
			rc = lrd_auth_challenged(&attempt, lrd_view_of(&challenge, 1),
						 &request, &fields);
		}
		if (rc >= 0)
			rc = lrd_auth_accepted(&attempt, lrd_view_of(&info, 1), &request);
		lrd_auth_end(&attempt);
		lrd_auth_begin(&attempt, store, &here, &mem);
		lrd_fields_clear(&fields);
		if (rc >= 0)
			rc = lrd_auth_first(&attempt, &request, &fields);
		lrd_auth_end(&attempt);
		if (fail_at == 0) {
			calls = fa.calls;
			ck_assert_int_eq(rc, 1);
		} else {
			ck_assert_int_eq(rc, LARDER_ENOMEM);
		}
		lrd_fields_release(&fields);
		lrd_credentials_free(store);
		ck_assert_int_eq(fa.live, 0);
	}
	ck_assert_uint_gt(calls, 20);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/choose");
	TCase *tcase = tcase_create("choose");

	tcase_add_loop_test(tcase, dialogues_run_as_told, 0,
			    sizeof(dialogues) / sizeof(dialogues[0]));
	tcase_add_test(tcase, no_credential_for_here_means_no_answer);
	tcase_add_test(tcase, a_learned_space_is_answered_at_once);
	tcase_add_test(tcase, preemptive_credentials_go_first);
	tcase_add_test(tcase, a_body_out_of_reach_falls_back);
	tcase_add_test(tcase, a_proxy_is_one_space);
	tcase_add_test(tcase, a_server_that_cannot_prove_itself_is_an_error);
	tcase_add_test(tcase, rounds_are_bounded);
	tcase_add_test(tcase, every_allocation_may_fail);
	suite_add_tcase(suite, tcase);
	return suite;
}
