/* SPDX-License-Identifier: MIT */
/* answers.c - a challenge answered in one call, for tables of tests. */
#include "tests/auth/answers.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"

struct lrd_credentials *store_of(const char *user, const char *password)
{
	struct lrd_credentials *store = NULL;
	struct lrd_credential credential = { .user = lrd_slice_cstr(user),
					     .password = lrd_slice_cstr(password) };

	ck_assert_int_eq(lrd_credentials_new(NULL, &store), 0);
	ck_assert_int_eq(lrd_credentials_add(store, &credential), 0);
	return store;
}

struct lrd_secret *only_secret(struct lrd_credentials *store)
{
	const struct lrd_auth_origin origin = { LRD_SLICE("http"),
						LRD_SLICE("example.org"), 80 };
	size_t pos = 0;
	struct lrd_secret *secret = lrd_credentials_next(store, &origin, &pos);

	ck_assert_ptr_nonnull(secret);
	return secret;
}

int auth_of(struct lrd_credentials *store, const struct lrd_auth_scheme *scheme,
	    const char *challenge, struct lrd_auth **ret)
{
	struct lrd_challenges challenges;
	struct lrd_challenge first;

	if (!challenge)
		return lrd_auth_new(scheme, only_secret(store), NULL, NULL, ret);
	lrd_challenges_init_value(&challenges, lrd_slice_cstr(challenge));
	ck_assert_msg(lrd_challenges_next(&challenges, &first) == 1, "%s", challenge);
	ck_assert_ptr_eq(lrd_auth_scheme_find(first.scheme), scheme);
	return lrd_auth_new(scheme, only_secret(store), &first, NULL, ret);
}

static void fixed_cnonce(char out[LRD_CNONCE_SIZE], void *ctx)
{
	(void)snprintf(out, LRD_CNONCE_SIZE, "%s", (const char *)ctx);
}

struct lrd_auth_request request_of(const char *method, const char *target,
				   const char *cnonce)
{
	static const larder_slice no_body = { "", 0 };

	return (struct lrd_auth_request){ .method = lrd_slice_cstr(method),
					  .target = lrd_slice_cstr(target),
					  .body = &no_body,
					  .now = 1071499387,
					  .cnonce_fn = cnonce ? fixed_cnonce : NULL,
					  .cnonce_ctx = (void *)(uintptr_t)cnonce };
}

char *answer_of(struct lrd_auth *auth, const struct lrd_auth_request *request,
		const char *name, int *rc)
{
	struct lrd_fields fields;
	larder_slice value;
	char *copy = NULL;

	lrd_fields_init(&fields, 1 << 20, 16, NULL);
	*rc = lrd_auth_answer(auth, request, &fields);
	if (*rc == 0) {
		ck_assert(lrd_view_get(lrd_fields_view(&fields), lrd_slice_cstr(name),
				       &value));
		copy = strndup(value.ptr, value.len);
	} else {
		ck_assert_uint_eq(lrd_fields_view(&fields).count, 0);
	}
	lrd_fields_release(&fields);
	return copy;
}

void require_answer(struct lrd_auth *auth, const struct lrd_auth_request *request,
		    const char *expected)
{
	int rc;
	char *value = answer_of(auth, request, "Authorization", &rc);

	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(value, expected);
	free(value);
}
