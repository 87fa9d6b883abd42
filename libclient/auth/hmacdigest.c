/* SPDX-License-Identifier: MIT */
/*
 * hmacdigest.c - the HMACDigest scheme as httplib2 speaks it: an HMAC over method, target,
 * nonces and the values of the fields that the answer lists.
 */
#include "auth/scheme.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

struct hmacdigest {
	struct lrd_buf snonce;
	enum lrd_hash_kind kind;
	char key[LRD_HASH_HEX_SIZE];
};

enum { REALM, SNONCE, SALT, ALGORITHM, PW_ALGORITHM, REASON, WANTS };

/* Fields that a proxy may change or drop, and those that hold answers. */
static const larder_slice unsigned_fields[] = {
	LRD_SLICE_INIT("connection"),
	LRD_SLICE_INIT("keep-alive"),
	LRD_SLICE_INIT("proxy-authenticate"),
	LRD_SLICE_INIT("proxy-authorization"),
	LRD_SLICE_INIT("proxy-connection"),
	LRD_SLICE_INIT("te"),
	LRD_SLICE_INIT("trailer"),
	LRD_SLICE_INIT("trailers"),
	LRD_SLICE_INIT("transfer-encoding"),
	LRD_SLICE_INIT("upgrade"),
	LRD_SLICE_INIT("authorization"),
};

/* The hash that an algorithm parameter names; absent: SHA-1. LRD_HASH_NONE: not known. */
static enum lrd_hash_kind kind_of(const struct lrd_auth_param *param, const char *md5,
				  const char *sha1)
{
	if (!param->name.ptr || lrd_auth_value_is(param, lrd_slice_cstr(sha1)))
		return LRD_HASH_SHA1;
	return lrd_auth_value_is(param, lrd_slice_cstr(md5)) ? LRD_HASH_MD5
							     : LRD_HASH_NONE;
}

/* H(user ":" H(password salt) ":" realm), in digits: that is the HMAC's key. */
static int make_key(struct lrd_auth *auth, enum lrd_hash_kind kind, larder_slice salt)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct hmacdigest *state = auth->state;
	const larder_slice salted[] = { is->password, salt };
	char inner[LRD_HASH_HEX_SIZE];
	int rc;

	rc = lrd_hash_hex(kind, '\0', salted, 2, inner);
	if (rc == 0) {
		const larder_slice pieces[] = { is->user, lrd_slice_cstr(inner),
						lrd_buf_slice(&auth->realm) };

		rc = lrd_hash_hex(kind, ':', pieces, 3, state->key);
	}
	lrd_secret_wipe(inner, sizeof(inner));
	return rc;
}

static int read_texts(struct lrd_auth *auth, const struct lrd_auth_want *wants,
		      struct lrd_buf *salt)
{
	struct hmacdigest *state = auth->state;
	int rc;

	rc = lrd_auth_param_text(&wants[REALM].param, &auth->realm);
	if (rc == 0)
		rc = lrd_auth_param_text(&wants[SNONCE].param, &state->snonce);
	if (rc == 0 && wants[SALT].param.name.ptr)
		rc = lrd_auth_param_text(&wants[SALT].param, salt);
	return rc;
}

static int read_hmacdigest(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	struct hmacdigest *state = auth->state;
	struct lrd_auth_want wants[WANTS] = {
		[REALM] = { .name = "realm" },
		[SNONCE] = { .name = "snonce" },
		[SALT] = { .name = "salt" },
		[ALGORITHM] = { .name = "algorithm" },
		[PW_ALGORITHM] = { .name = "pw-algorithm" },
		[REASON] = { .name = "reason" },
	};
	enum lrd_hash_kind pw_kind;
	struct lrd_buf salt;
	int rc;

	lrd_buf_init(&state->snonce, LRD_AUTH_TEXT_MAX, auth->mem);
	if (!challenge || auth->secret->is.token.len > 0 || auth->secret->is.token_fn ||
	    !lrd_auth_pick(challenge->params, wants, WANTS) ||
	    !wants[REALM].param.name.ptr || wants[SNONCE].param.value.len == 0)
		return 0;
	state->kind = kind_of(&wants[ALGORITHM].param, "HMAC-MD5", "HMAC-SHA-1");
	pw_kind = kind_of(&wants[PW_ALGORITHM].param, "MD5", "SHA-1");
	if (state->kind == LRD_HASH_NONE || pw_kind == LRD_HASH_NONE)
		return 0;
	auth->stale = lrd_auth_value_is(&wants[REASON].param, LRD_SLICE("stale")) ||
		      lrd_auth_value_is(&wants[REASON].param, LRD_SLICE("integrity"));

	lrd_buf_init(&salt, LRD_AUTH_TEXT_MAX, auth->mem);
	rc = read_texts(auth, wants, &salt);
	if (rc == 0)
		rc = make_key(auth, pw_kind, lrd_buf_slice(&salt));
	lrd_buf_release(&salt);
	if (rc == LARDER_EINVAL)
		return 0; /* the crypto library does not have the hash */
	return rc < 0 ? rc : LRD_STRENGTH_HMACDIGEST;
}

static bool is_signed(struct lrd_field_view fields, larder_slice name)
{
	for (size_t i = 0; i < sizeof(unsigned_fields) / sizeof(unsigned_fields[0]); i++) {
		if (lrd_slice_equal_nocase(unsigned_fields[i], name))
			return false;
	}
	return !lrd_list_has(fields, LRD_SLICE("Connection"), name);
}

/* Names to `names`, each with a blank behind it, and values, without anything, to `values`. */
static int list_fields(struct lrd_field_view fields, struct lrd_buf *names,
		       struct lrd_buf *values)
{
	int rc = 0;

	for (size_t i = 0; i < fields.count && rc == 0; i++) {
		larder_slice name = fields.at[i].name;

		if (!is_signed(fields, name))
			continue;
		for (size_t at = 0; at < name.len && rc == 0; at++)
			rc = lrd_buf_append_char(names, lrd_lower(name.ptr[at]));
		if (rc == 0)
			rc = lrd_buf_append_char(names, ' ');
		if (rc == 0)
			rc = lrd_buf_append_slice(values, fields.at[i].value);
	}
	return rc;
}

static int put_answer(struct lrd_auth *auth, const struct lrd_auth_request *request,
		      larder_slice names, larder_slice values, struct lrd_buf *out)
{
	struct hmacdigest *state = auth->state;
	char created[LRD_AUTH_CREATED_SIZE];
	char cnonce[LRD_CNONCE_SIZE];
	char response[LRD_HASH_HEX_SIZE];
	int rc;

	lrd_auth_created(request->now, created);
	lrd_auth_cnonce(request, cnonce);
	{
		const larder_slice pieces[] = { request->method, request->target,
						lrd_slice_cstr(cnonce),
						lrd_buf_slice(&state->snonce), values };

		rc = lrd_hmac_hex(state->kind, lrd_slice_cstr(state->key), ':', pieces, 5,
				  response);
	}
	const struct {
		const char *name;
		larder_slice value;
	} params[] = {
		{ "HMACDigest username", auth->secret->is.user },
		{ ", realm", lrd_buf_slice(&auth->realm) },
		{ ", snonce", lrd_buf_slice(&state->snonce) },
		{ ", cnonce", lrd_slice_cstr(cnonce) },
		{ ", uri", request->target },
		{ ", created", lrd_slice_cstr(created) },
		{ ", response", lrd_slice_cstr(response) },
		{ ", headers", names },
	};

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]) && rc == 0; i++)
		rc = lrd_auth_put_quoted(out, params[i].name, params[i].value);
	return rc;
}

static int answer_hmacdigest(struct lrd_auth *auth, const struct lrd_auth_request *request,
			     struct lrd_fields *out)
{
	struct lrd_buf names;
	struct lrd_buf values;
	struct lrd_buf value;
	int rc;

	lrd_buf_init(&names, LRD_AUTH_FIELD_MAX, auth->mem);
	lrd_buf_init(&values, LRD_AUTH_FIELD_MAX, auth->mem);
	lrd_buf_init(&value, LRD_AUTH_FIELD_MAX, auth->mem);
	rc = list_fields(request->fields, &names, &values);
	if (rc == 0)
		rc = put_answer(auth, request, lrd_buf_slice(&names),
				lrd_buf_slice(&values), &value);
	if (rc == 0)
		rc = lrd_fields_add(out, lrd_auth_field_name(request),
				    lrd_buf_slice(&value));
	lrd_buf_release(&names);
	lrd_buf_release(&values);
	lrd_buf_release(&value);
	return rc;
}

static void release_hmacdigest(struct lrd_auth *auth)
{
	struct hmacdigest *state = auth->state;

	lrd_buf_release(&state->snonce);
}

const struct lrd_auth_scheme lrd_auth_hmacdigest = {
	.bit = LRD_AUTH_BIT_HMACDIGEST,
	.name = "HMACDigest",
	.state_size = sizeof(struct hmacdigest),
	.read = read_hmacdigest,
	.answer = answer_hmacdigest,
	.release = release_hmacdigest,
};
