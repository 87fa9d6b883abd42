/* SPDX-License-Identifier: MIT */
/* basic.c - the Basic scheme (RFC 7617): name and password as they are. */
#include "auth/scheme.h"

#include "proto/bytes/base64.h"
#include "proto/bytes/slice.h"

static int read_basic(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct lrd_auth_want realm = { .name = "realm" };
	int rc;

	if (is->token.len > 0 || is->token_fn)
		return 0;
	/* The server would cut the name at its first colon (s2). */
	if (lrd_slice_find(is->user, ':') < is->user.len)
		return 0;
	auth->fixed = true;
	if (!challenge)
		return LRD_STRENGTH_BASIC;
	if (!lrd_auth_pick(challenge->params, &realm, 1))
		return 0;
	/* A realm is required, and left out by enough servers to do without. */
	if (realm.param.name.ptr) {
		rc = lrd_auth_param_text(&realm.param, &auth->realm);
		if (rc < 0)
			return rc;
	}
	return LRD_STRENGTH_BASIC;
}

static int answer_basic(struct lrd_auth *auth, const struct lrd_auth_request *request,
			struct lrd_fields *out)
{
	const struct lrd_credential *is = &auth->secret->is;
	size_t plain_len = is->user.len + 1 + is->password.len;
	struct lrd_buf plain;
	struct lrd_buf value;
	int rc;

	/* Room for all at once: a buffer that grows leaves copies behind. */
	lrd_buf_init(&plain, plain_len, auth->mem);
	lrd_buf_init(&value, LRD_AUTH_FIELD_MAX, auth->mem);
	rc = lrd_buf_reserve(&plain, plain_len);
	if (rc == 0)
		rc = lrd_buf_reserve(&value, 8 + (plain_len + 2) / 3 * 4);
	if (rc == 0)
		rc = lrd_buf_append_slice(&plain, is->user);
	if (rc == 0)
		rc = lrd_buf_append_char(&plain, ':');
	if (rc == 0)
		rc = lrd_buf_append_slice(&plain, is->password);
	if (rc == 0)
		rc = lrd_buf_append_cstr(&value, "Basic ");
	if (rc == 0)
		rc = lrd_base64_encode(&value, lrd_buf_slice(&plain), LRD_BASE64_STANDARD);
	if (rc == 0)
		rc = lrd_fields_add(out, lrd_auth_field_name(request),
				    lrd_buf_slice(&value));
	if (plain.size)
		lrd_secret_wipe(plain.ptr, plain.size);
	if (value.size)
		lrd_secret_wipe(value.ptr, value.size);
	lrd_buf_release(&plain);
	lrd_buf_release(&value);
	return rc;
}

const struct lrd_auth_scheme lrd_auth_basic = {
	.bit = LRD_AUTH_BIT_BASIC,
	.name = "Basic",
	.read = read_basic,
	.answer = answer_basic,
};
