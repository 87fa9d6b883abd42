/* SPDX-License-Identifier: MIT */
/* scheme.c - the schemes we know, and what they share. */
#include "auth/scheme.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/hex.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"
#include "sys/random.h"

enum { CNONCE_BYTES = 16 };

static const struct lrd_auth_scheme *const schemes[] = {
	&lrd_auth_digest, &lrd_auth_hmacdigest, &lrd_auth_wsse,
	&lrd_auth_bearer, &lrd_auth_basic,
};

const struct lrd_auth_scheme *lrd_auth_scheme_find(larder_slice name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (lrd_slice_equal_nocase(lrd_slice_cstr(schemes[i]->name), name))
			return schemes[i];
	}
	return NULL;
}

/* ---- the object -------------------------------------------------------------------------- */

int lrd_auth_new(const struct lrd_auth_scheme *scheme, struct lrd_secret *secret,
		 const struct lrd_challenge *challenge, const larder_allocator *mem,
		 struct lrd_auth **ret)
{
	struct lrd_auth *auth = lrd_alloc_zero(mem, sizeof(*auth));
	int rc = LARDER_ENOMEM;

	if (!auth)
		goto out;
	auth->mem = mem;
	auth->refs = 1;
	auth->scheme = scheme;
	auth->secret = secret;
	lrd_secret_ref(secret);
	lrd_buf_init(&auth->realm, LRD_AUTH_TEXT_MAX, mem);
	lrd_buf_init(&auth->domain, LRD_AUTH_TEXT_MAX, mem);
	if (scheme->state_size > 0) {
		auth->state = lrd_alloc_zero(mem, scheme->state_size);
		if (!auth->state)
			goto out;
	}
	rc = scheme->read(auth, challenge);
	/* A realm or nonce too long to keep is a challenge that we cannot answer. */
	if (rc == LARDER_ELIMIT || rc == LARDER_EPROTO)
		rc = 0;
	if (rc <= 0)
		goto out;
	auth->strength = (unsigned)rc;
	*ret = auth;
	auth = NULL; /* moved to the caller */
out:
	lrd_auth_unref(auth);
	return rc;
}

void lrd_auth_ref(struct lrd_auth *auth)
{
	auth->refs++;
}

void lrd_auth_unref(struct lrd_auth *auth)
{
	if (!auth || --auth->refs > 0)
		return;
	if (auth->state && auth->scheme->release)
		auth->scheme->release(auth);
	if (auth->state)
		lrd_secret_wipe(auth->state, auth->scheme->state_size);
	lrd_alloc_free(auth->mem, auth->state);
	lrd_buf_release(&auth->realm);
	lrd_buf_release(&auth->domain);
	lrd_secret_unref(auth->secret);
	lrd_alloc_free(auth->mem, auth);
}

int lrd_auth_answer(struct lrd_auth *auth, const struct lrd_auth_request *request,
		    struct lrd_fields *out)
{
	return auth->scheme->answer(auth, request, out);
}

int lrd_auth_learn(struct lrd_auth *auth, larder_slice info, const larder_slice *body)
{
	return auth->scheme->learn ? auth->scheme->learn(auth, info, body) : 0;
}

/* ---- for the schemes --------------------------------------------------------------------- */

larder_slice lrd_auth_field_name(const struct lrd_auth_request *request)
{
	return request->proxy ? LRD_SLICE("Proxy-Authorization")
			      : LRD_SLICE("Authorization");
}

void lrd_auth_cnonce(const struct lrd_auth_request *request, char out[LRD_CNONCE_SIZE])
{
	unsigned char bytes[CNONCE_BYTES];

	if (request->cnonce_fn) {
		request->cnonce_fn(out, request->cnonce_ctx);
		return;
	}
	lrd_random_bytes(bytes, sizeof(bytes));
	lrd_hex_format(bytes, sizeof(bytes), out);
}

bool lrd_auth_pick(larder_slice params, struct lrd_auth_want *wants, size_t count)
{
	struct lrd_auth_param param;
	int rc;

	while ((rc = lrd_auth_param_next(&params, &param)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (!lrd_slice_equal_nocase(param.name,
						    lrd_slice_cstr(wants[i].name)))
				continue;
			if (wants[i].param.name.ptr)
				return false;
			wants[i].param = param;
		}
	}
	return rc == 0;
}

bool lrd_auth_value_is(const struct lrd_auth_param *param, larder_slice text)
{
	return param->name.ptr && lrd_slice_equal_nocase(param->value, text);
}

int lrd_auth_put_quoted(struct lrd_buf *out, const char *name, larder_slice value)
{
	int rc = lrd_buf_appendf(out, "%s=", name);

	return rc < 0 ? rc : lrd_quoted_append(value, out);
}

void lrd_auth_created(int64_t now, char out[LRD_AUTH_CREATED_SIZE])
{
	time_t seconds = (time_t)now;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900 ||
	    strftime(out, LRD_AUTH_CREATED_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, LRD_AUTH_CREATED_SIZE, "1970-01-01T00:00:00Z");
}
