/* SPDX-License-Identifier: MIT */
/* test_credentials.c - which credential may go where, and that none stays in memory. */
#include "auth/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "auth/scheme.h"
#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"

#define SCOPE(s, h, p)                                  \
	{                                               \
		LRD_SLICE_INIT(s), LRD_SLICE_INIT(h), p \
	}

static const struct {
	struct lrd_auth_origin scope, origin;
	bool covers;
} scopes[] = {
	{ SCOPE("", "", 0), SCOPE("http", "a", 80), true },
	{ SCOPE("", "", 0), SCOPE("https", "b", 8443), true },
	{ SCOPE("https", "", 0), SCOPE("https", "b", 8443), true },
	{ SCOPE("https", "", 0), SCOPE("http", "b", 80), false },
	{ SCOPE("", "", 8080), SCOPE("http", "b", 8080), true },
	{ SCOPE("", "", 8080), SCOPE("http", "b", 80), false },
	{ SCOPE("", "a.example", 0), SCOPE("http", "a.example", 80), true },
	{ SCOPE("", "a.example", 0), SCOPE("https", "A.Example", 443), true },
	{ SCOPE("", "a.example", 0), SCOPE("http", "a.example", 8080), false },
	{ SCOPE("", "a.example", 0), SCOPE("https", "a.example", 80), false },
	{ SCOPE("", "a.example", 8080), SCOPE("http", "a.example", 8080), true },
	{ SCOPE("", "a.example", 8080), SCOPE("http", "a.example", 80), false },
	{ SCOPE("HTTPS", "a.example", 443), SCOPE("https", "a.example", 443), true },
	{ SCOPE("https", "a.example", 443), SCOPE("http", "a.example", 443), false },
	{ SCOPE("", "a.example", 0), SCOPE("http", "a.example.", 80), false },
	{ SCOPE("", "example", 0), SCOPE("http", "a.example", 80), false },
	{ SCOPE("", "a.example", 0), SCOPE("http", "a.example.evil", 80), false },
	{ SCOPE("", "::1", 0), SCOPE("http", "::1", 80), true },
};

START_TEST(scopes_are_kept)
{
	struct lrd_credential credential = { .scope = scopes[_i].scope,
					     .user = LRD_SLICE("u"),
					     .password = LRD_SLICE("p") };
	struct lrd_credentials *store = NULL;
	size_t pos = 0;

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	ck_assert_int_eq(lrd_credentials_next(store, &scopes[_i].origin, &pos) != NULL,
			 scopes[_i].covers);
	ck_assert_ptr_null(lrd_credentials_next(store, &scopes[_i].origin, &pos));
	lrd_credentials_free(store);
}
END_TEST

START_TEST(the_order_is_that_of_adding)
{
	const struct lrd_auth_origin origin = SCOPE("http", "a", 80);
	struct lrd_credentials *store = NULL;
	struct lrd_secret *kept;
	char name[] = "a";
	size_t pos = 0;

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	for (name[0] = 'a'; name[0] <= 'z'; name[0]++) {
		struct lrd_credential credential = { .user = lrd_slice_cstr(name) };

		/* Every second one is for another host. */
		if (name[0] % 2)
			credential.scope.host = LRD_SLICE("elsewhere");
		ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	}
	ck_assert_uint_eq(lrd_credentials_count(store), 26);
	for (char c = 'b'; c <= 'z'; c = (char)(c + 2))
		ck_assert_int_eq(
			lrd_credentials_next(store, &origin, &pos)->is.user.ptr[0], c);
	ck_assert_ptr_null(lrd_credentials_next(store, &origin, &pos));

	/* What somebody still answers with survives the clearing. */
	pos = 0;
	kept = lrd_credentials_next(store, &origin, &pos);
	lrd_secret_ref(kept);
	lrd_credentials_clear(store);
	ck_assert_uint_eq(lrd_credentials_count(store), 0);
	pos = 0;
	ck_assert_ptr_null(lrd_credentials_next(store, &origin, &pos));
	ck_assert_str_eq(kept->is.user.ptr, "b");
	lrd_secret_unref(kept);
	lrd_credentials_free(store);
	lrd_credentials_free(NULL);
	lrd_secret_unref(NULL);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused)
{
	static char large[LRD_CREDENTIAL_TEXT_MAX];
	static const struct lrd_credential wrong[] = {
		{ .user = LRD_SLICE_INIT("") },
		{ .user = LRD_SLICE_INIT("a\r\nX: y") },
		{ .user = LRD_SLICE_INIT("a\0b") },
		{ .user = LRD_SLICE_INIT("a\x7f") },
		{ .token = LRD_SLICE_INIT("a\nb") },
		{ .user = LRD_SLICE_INIT("a"), .scope = SCOPE("", "a\nb", 0) },
	};
	struct lrd_credential credential = { .user = LRD_SLICE_INIT("u") };
	struct lrd_credentials *store = NULL;

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(lrd_credentials_add(store, &wrong[i]), LARDER_EINVAL);
	credential.password = lrd_slice_of(large, sizeof(large));
	ck_assert_int_eq(lrd_credentials_add(store, &credential), LARDER_ELIMIT);
	credential.password = lrd_slice_of("bytes\n\0of any kind", 18);
	ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	for (size_t i = 1; i < LRD_CREDENTIALS_MAX; i++)
		ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	ck_assert_int_eq(lrd_credentials_add(store, &credential), LARDER_ELIMIT);
	ck_assert_uint_eq(lrd_credentials_count(store), LRD_CREDENTIALS_MAX);
	lrd_credentials_free(store);
}
END_TEST

/* ---- nothing left behind ----------------------------------------------------------------- */

#define SECRET "Xyzzy-plugh-42"

struct watch {
	size_t frees;
	bool seen; /* a freed block held the secret */
	const char *needle;
};

static void *watch_malloc(size_t size, void *ctx)
{
	size_t *block = malloc(size + 16);

	(void)ctx;
	ck_assert_ptr_nonnull(block);
	*block = size;
	return block + 2;
}

static void watch_free(void *ptr, void *ctx)
{
	struct watch *watch = ctx;
	size_t *block = ptr;

	if (!block)
		return;
	block -= 2;
	watch->frees++;
	if (memmem(ptr, *block, watch->needle, strlen(watch->needle)))
		watch->seen = true;
	free(block);
}

static void *watch_realloc(void *ptr, size_t size, void *ctx)
{
	size_t old = ptr ? ((size_t *)ptr)[-2] : 0;
	void *fresh = watch_malloc(size, ctx);

	if (old)
		memcpy(fresh, ptr, old < size ? old : size);
	watch_free(ptr, ctx);
	return fresh;
}

START_TEST(secrets_are_wiped_before_they_are_freed)
{
	static const char *const needles[] = { SECRET, "dTpYeXp6eS1wbHVnaC00Mg" };
	const struct lrd_auth_origin origin = SCOPE("http", "a", 80);
	struct watch watch = { 0, false, needles[_i] };
	larder_allocator mem = { watch_malloc, watch_realloc, watch_free, &watch };
	struct lrd_credential credential = { .user = LRD_SLICE("u"),
					     .password = LRD_SLICE(SECRET) };
	struct lrd_auth_request request = { .method = LRD_SLICE("GET"),
					    .target = LRD_SLICE("/") };
	struct lrd_credentials *store = NULL;
	struct lrd_auth *auth = NULL;
	struct lrd_fields fields;
	size_t pos = 0;

	ck_assert_int_eq(lrd_credentials_new(&mem, &store), 0);
	for (size_t i = 0; i < 40; i++)
		ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	ck_assert_int_gt(lrd_auth_new(&lrd_auth_basic,
				      lrd_credentials_next(store, &origin, &pos), NULL,
				      &mem, &auth),
			 0);
	lrd_fields_init(&fields, 1 << 16, 16, NULL); /* the caller's, not ours */
	ck_assert_int_eq(lrd_auth_answer(auth, &request, &fields), 0);
	lrd_fields_release(&fields);
	lrd_auth_unref(auth);
	lrd_credentials_clear(store);
	lrd_credentials_free(store);
	ck_assert_uint_gt(watch.frees, 40);
	ck_assert(!watch.seen);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	struct lrd_failing_alloc fa;
	larder_allocator mem = { lrd_failing_malloc, lrd_failing_realloc,
				 lrd_failing_free, &fa };
	struct lrd_credential credential = { .user = LRD_SLICE("u"),
					     .password = LRD_SLICE("p") };
	size_t calls = 1;

	for (size_t fail_at = 0; fail_at <= calls; fail_at++) {
		struct lrd_credentials *store = NULL;
		int rc;

		lrd_failing_alloc_init(&fa, fail_at);
		rc = lrd_credentials_new(&mem, &store);
		ck_assert(rc == 0 || !store);
		for (size_t i = 0; i < 6 && rc == 0; i++) {
			rc = lrd_credentials_add(store, &credential);
			ck_assert_uint_eq(lrd_credentials_count(store),
					  rc == 0 ? i + 1 : i);
		}
		ck_assert_int_eq(rc, fail_at == 0 ? 0 : LARDER_ENOMEM);
		if (fail_at == 0)
			calls = fa.calls;
		lrd_credentials_free(store);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("auth/credentials");
	TCase *tcase = tcase_create("credentials");

	tcase_add_loop_test(tcase, scopes_are_kept, 0, sizeof(scopes) / sizeof(scopes[0]));
	tcase_add_test(tcase, the_order_is_that_of_adding);
	tcase_add_test(tcase, what_cannot_be_sent_is_refused);
	tcase_add_loop_test(tcase, secrets_are_wiped_before_they_are_freed, 0, 2);
	tcase_add_test(tcase, every_allocation_may_fail);
	suite_add_tcase(suite, tcase);
	return suite;
}
