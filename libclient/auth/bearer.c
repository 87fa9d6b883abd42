/* SPDX-License-Identifier: MIT */
/* bearer.c - the Bearer scheme (RFC 6750): a token of the user's, or one he is asked for. */
#include "auth/scheme.h"

#include "proto/bytes/alloc.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum { TOKEN_MAX = 64 * 1024 };

struct bearer {
	struct lrd_buf scope;
	struct lrd_buf error;
	bool challenged;
};

static int read_texts(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	struct bearer *bearer = auth->state;
	struct lrd_auth_want wants[] = { { .name = "realm" },
					 { .name = "scope" },
					 { .name = "error" } };
	struct lrd_buf *texts[] = { &auth->realm, &bearer->scope, &bearer->error };
	int rc;

	if (!lrd_auth_pick(challenge->params, wants, 3))
		return LARDER_EPROTO;
	for (size_t i = 0; i < 3; i++) {
		if (!wants[i].param.name.ptr)
			continue;
		rc = lrd_auth_param_text(&wants[i].param, texts[i]);
		if (rc < 0)
			return rc;
	}
	bearer->challenged = true;
	return 0;
}

static int read_bearer(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct bearer *bearer = auth->state;
	int rc = 0;

	lrd_buf_init(&bearer->scope, LRD_AUTH_TEXT_MAX, auth->mem);
	lrd_buf_init(&bearer->error, LRD_AUTH_TEXT_MAX, auth->mem);
	if (is->token.len == 0 && !is->token_fn)
		return 0;
	auth->fixed = !is->token_fn;
	if (challenge)
		rc = read_texts(auth, challenge);
	return rc < 0 ? rc : LRD_STRENGTH_BEARER;
}

/* b64token (RFC 6750 s2.1): anything else would end the field, or the line. */
static bool is_token(larder_slice token)
{
	size_t len = 0;

	while (len < token.len && (lrd_is(token.ptr[len], LRD_UNRESERVED) ||
				   token.ptr[len] == '+' || token.ptr[len] == '/'))
		len++;
	if (len == 0)
		return false;
	while (len < token.len && token.ptr[len] == '=')
		len++;
	return len == token.len;
}

static int send_token(struct lrd_auth *auth, const struct lrd_auth_request *request,
		      larder_slice token, struct lrd_fields *out)
{
	struct lrd_buf value;
	int rc;

	if (!is_token(token))
		return LARDER_EINVAL;
	lrd_buf_init(&value, LRD_AUTH_FIELD_MAX, auth->mem);
	rc = lrd_buf_reserve(&value, 7 + token.len);
	if (rc == 0)
		rc = lrd_buf_append_cstr(&value, "Bearer ");
	if (rc == 0)
		rc = lrd_buf_append_slice(&value, token);
	if (rc == 0)
		rc = lrd_fields_add(out, lrd_auth_field_name(request),
				    lrd_buf_slice(&value));
	if (value.size)
		lrd_secret_wipe(value.ptr, value.size);
	lrd_buf_release(&value);
	return rc;
}

static int ask_token(struct lrd_auth *auth, const struct lrd_auth_request *request,
		     struct lrd_fields *out)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct bearer *bearer = auth->state;
	struct lrd_token_ask ask = { .realm = lrd_buf_slice(&auth->realm),
				     .scope = lrd_buf_slice(&bearer->scope),
				     .error = lrd_buf_slice(&bearer->error),
				     .refused = bearer->error.len > 0 };
	char *token = lrd_alloc(auth->mem, TOKEN_MAX);
	ptrdiff_t len;
	int rc;

	if (!token)
		return LARDER_ENOMEM;
	len = is->token_fn(&ask, token, TOKEN_MAX, is->token_ctx);
	if (len < 0)
		rc = (int)len;
	else if (len == 0)
		rc = LARDER_ENOTFOUND;
	else if (len > TOKEN_MAX)
		rc = LARDER_EINVAL;
	else
		rc = send_token(auth, request, lrd_slice_of(token, (size_t)len), out);
	lrd_secret_wipe(token, TOKEN_MAX);
	lrd_alloc_free(auth->mem, token);
	/* The next request of this space is no answer to that challenge any more. */
	if (rc == 0)
		lrd_buf_clear(&bearer->error);
	return rc;
}

static int answer_bearer(struct lrd_auth *auth, const struct lrd_auth_request *request,
			 struct lrd_fields *out)
{
	const struct lrd_credential *is = &auth->secret->is;

	if (is->token_fn)
		return ask_token(auth, request, out);
	return send_token(auth, request, is->token, out);
}

static void release_bearer(struct lrd_auth *auth)
{
	struct bearer *bearer = auth->state;

	lrd_buf_release(&bearer->scope);
	lrd_buf_release(&bearer->error);
}

const struct lrd_auth_scheme lrd_auth_bearer = {
	.bit = LRD_AUTH_BIT_BEARER,
	.name = "Bearer",
	.state_size = sizeof(struct bearer),
	.read = read_bearer,
	.answer = answer_bearer,
	.release = release_bearer,
};
