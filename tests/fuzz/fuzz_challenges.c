/* SPDX-License-Identifier: MIT */
/*
 * fuzz_challenges.c - challenges of authentication: slices stay inside the input, parameters
 * of what was accepted are well-formed, and each step goes forward.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/bytes/slice.h"
#include "proto/http/challenges.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_challenges: %s\n", what);
	abort();
}

static void require_inside(larder_slice part, larder_slice whole)
{
	require(part.len == 0 || (part.ptr >= whole.ptr &&
				  part.ptr + part.len <= whole.ptr + whole.len),
		"a slice outside the input");
}

static void walk_params(larder_slice params, struct lrd_buf *text)
{
	struct lrd_auth_param param;
	larder_slice rest = params;
	int rc;

	while ((rc = lrd_auth_param_next(&rest, &param)) > 0) {
		require(param.name.len > 0, "a parameter without name");
		require_inside(param.name, params);
		require_inside(param.value, params);
		lrd_buf_clear(text);
		require(lrd_auth_param_text(&param, text) == 0,
			"a value cannot be unescaped");
		require(text->len <= param.value.len, "unescaping made it longer");
	}
	require(rc == 0, "accepted parameters are malformed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_slice value = lrd_slice_of((const char *)data, size);
	struct lrd_challenges challenges;
	struct lrd_challenge challenge;
	struct lrd_buf text;
	size_t count = 0;
	int rc;

	if (size > 100000)
		return 0;
	lrd_buf_init(&text, size + 1, NULL);
	lrd_challenges_init_value(&challenges, value);
	while ((rc = lrd_challenges_next(&challenges, &challenge)) > 0) {
		require(++count <= size, "more challenges than bytes");
		require(challenge.scheme.len > 0, "a challenge without scheme");
		require(challenge.token68.len == 0 || challenge.params.len == 0,
			"token68 beside parameters");
		require_inside(challenge.scheme, value);
		require_inside(challenge.token68, value);
		require_inside(challenge.params, value);
		walk_params(challenge.params, &text);
	}
	require(rc == 0 || rc == LARDER_EPROTO, "an unexpected error");
	require(lrd_challenges_next(&challenges, &challenge) == 0,
		"something after the end");
	lrd_buf_release(&text);
	return 0;
}
