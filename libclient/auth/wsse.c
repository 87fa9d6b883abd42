/* SPDX-License-Identifier: MIT */
/*
 * wsse.c - the WSSE scheme of Atom's first servers, as httplib2 speaks it: a digest of nonce,
 * time and password in a field of its own.
 *
 * The nonce is sent and hashed as text, not as base64 of something.
 */
#include "auth/scheme.h"

#include "proto/bytes/base64.h"
#include "proto/bytes/slice.h"

static int read_wsse(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct lrd_auth_want realm = { .name = "realm" };
	int rc;

	if (is->token.len > 0 || is->token_fn)
		return 0;
	/* A refusal speaks of name, password or clock: a fresh nonce mends none of them. */
	auth->fixed = true;
	if (!challenge)
		return LRD_STRENGTH_WSSE;
	if (!lrd_auth_pick(challenge->params, &realm, 1))
		return 0;
	if (realm.param.name.ptr) {
		rc = lrd_auth_param_text(&realm.param, &auth->realm);
		if (rc < 0)
			return rc;
	}
	return LRD_STRENGTH_WSSE;
}

static int put_digest(const struct lrd_credential *is, const char *cnonce,
		      const char *created, struct lrd_buf *value)
{
	const larder_slice pieces[] = { lrd_slice_cstr(cnonce), lrd_slice_cstr(created),
					is->password };
	unsigned char hash[LRD_HASH_MAX];
	int rc;

	rc = lrd_hash_raw(LRD_HASH_SHA1, '\0', pieces, 3, hash);
	if (rc == 0)
		rc = lrd_buf_append_cstr(value, "PasswordDigest=\"");
	if (rc == 0)
		rc = lrd_base64_encode(value,
				       lrd_slice_of((const char *)hash,
						    lrd_hash_size(LRD_HASH_SHA1)),
				       LRD_BASE64_STANDARD);
	return rc < 0 ? rc : lrd_buf_append_cstr(value, "\"");
}

static int answer_wsse(struct lrd_auth *auth, const struct lrd_auth_request *request,
		       struct lrd_fields *out)
{
	const struct lrd_credential *is = &auth->secret->is;
	char created[LRD_AUTH_CREATED_SIZE];
	char cnonce[LRD_CNONCE_SIZE];
	struct lrd_buf value;
	int rc;

	lrd_auth_cnonce(request, cnonce);
	lrd_auth_created(request->now, created);
	lrd_buf_init(&value, LRD_AUTH_FIELD_MAX, auth->mem);
	rc = lrd_buf_append_cstr(&value, "UsernameToken ");
	if (rc == 0)
		rc = lrd_auth_put_quoted(&value, "Username", is->user);
	if (rc == 0)
		rc = lrd_buf_append_cstr(&value, ", ");
	if (rc == 0)
		rc = put_digest(is, cnonce, created, &value);
	if (rc == 0)
		rc = lrd_buf_appendf(&value, ", Nonce=\"%s\", Created=\"%s\"", cnonce,
				     created);
	if (rc == 0)
		rc = lrd_fields_add(out, lrd_auth_field_name(request),
				    LRD_SLICE("WSSE profile=\"UsernameToken\""));
	if (rc == 0)
		rc = lrd_fields_add(out, LRD_SLICE("X-WSSE"), lrd_buf_slice(&value));
	lrd_buf_release(&value);
	return rc;
}

const struct lrd_auth_scheme lrd_auth_wsse = {
	.bit = LRD_AUTH_BIT_WSSE,
	.name = "WSSE",
	.read = read_wsse,
	.answer = answer_wsse,
};
