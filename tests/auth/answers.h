/* SPDX-License-Identifier: MIT */
/* answers.h - a challenge answered in one call, for tables of tests. */
#ifndef LARDER_TESTS_AUTH_ANSWERS_H
#define LARDER_TESTS_AUTH_ANSWERS_H

#include "auth/scheme.h"

/* A store with one credential for every origin; failures end the test. */
struct lrd_credentials *store_of(const char *user, const char *password);

/* Its only credential. Borrowed. */
struct lrd_secret *only_secret(struct lrd_credentials *store);

/* lrd_auth_new() with the first challenge of `challenge` (NULL: none). */
int auth_of(struct lrd_credentials *store, const struct lrd_auth_scheme *scheme,
	    const char *challenge, struct lrd_auth **ret);

/* A request without body whose client nonces all are `cnonce`, at 2003-12-15T14:43:07Z. */
struct lrd_auth_request request_of(const char *method, const char *target,
				   const char *cnonce);

/* The value that the scheme puts under `name`, NUL-terminated; free() it. NULL: it failed, *rc. */
char *answer_of(struct lrd_auth *auth, const struct lrd_auth_request *request,
		const char *name, int *rc);

/* Answers and requires the value `expected` of Authorization. */
void require_answer(struct lrd_auth *auth, const struct lrd_auth_request *request,
		    const char *expected);

#endif
