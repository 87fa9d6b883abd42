/* SPDX-License-Identifier: MIT */
/* credentials.c - credentials kept by origin, overwritten when they go. */
#include "auth/credentials.h"

#include <string.h>

#include "auth/hash.h"
#include "auth/spaces.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "sys/random.h"

struct lrd_credentials {
	const larder_allocator *mem;
	struct lrd_spaces *spaces;
	struct lrd_secret **at;
	size_t count;
	size_t size;
};

/* ---- one --------------------------------------------------------------------------------- */

/* Copies a slice to *at, NUL-terminated, and moves on. */
static larder_slice put(char **at, larder_slice slice)
{
	larder_slice copy = { *at, slice.len };

	if (slice.len > 0)
		memcpy(*at, slice.ptr, slice.len);
	(*at)[slice.len] = '\0';
	*at += slice.len + 1;
	return copy;
}

static bool text_len(const struct lrd_credential *from, size_t *len)
{
	size_t sum = 5; /* five NULs */

	if (!lrd_size_add(sum, from->scope.scheme.len, &sum) ||
	    !lrd_size_add(sum, from->scope.host.len, &sum) ||
	    !lrd_size_add(sum, from->user.len, &sum) ||
	    !lrd_size_add(sum, from->password.len, &sum) ||
	    !lrd_size_add(sum, from->token.len, &sum) || sum > LRD_CREDENTIAL_TEXT_MAX)
		return false;
	*len = sum;
	return true;
}

static int set_id(struct lrd_secret *secret)
{
	const struct lrd_credential *is = &secret->is;
	const larder_slice pieces[] = { is->user, is->password, is->token };
	unsigned char sum[LRD_HASH_MAX];
	int rc;

	if (is->token_fn) {
		lrd_random_bytes(secret->id, sizeof(secret->id));
		return 0;
	}
	/* Neither user nor token holds a line break, so the first and the last one part them. */
	rc = lrd_hash_raw(LRD_HASH_SHA256, '\n', pieces, 3, sum);
	if (rc < 0)
		return rc;
	memcpy(secret->id, sum, sizeof(secret->id));
	return 0;
}

static int new_secret(const struct lrd_credential *from, const larder_allocator *mem,
		      struct lrd_secret **ret)
{
	struct lrd_secret *secret;
	size_t len = 0;
	char *at;
	int rc;

	if (!text_len(from, &len))
		return LARDER_ELIMIT;
	secret = lrd_alloc(mem, sizeof(*secret) + len);
	if (!secret)
		return LARDER_ENOMEM;
	secret->is = *from;
	secret->refs = 1;
	secret->block_len = sizeof(*secret) + len;
	secret->mem = mem;
	at = (char *)(secret + 1);
	secret->is.scope.scheme = put(&at, from->scope.scheme);
	secret->is.scope.host = put(&at, from->scope.host);
	secret->is.user = put(&at, from->user);
	secret->is.password = put(&at, from->password);
	secret->is.token = put(&at, from->token);
	rc = set_id(secret);
	if (rc < 0) {
		lrd_secret_unref(secret);
		return rc;
	}
	*ret = secret;
	return 0;
}

void lrd_secret_ref(struct lrd_secret *secret)
{
	secret->refs++;
}

void lrd_secret_unref(struct lrd_secret *secret)
{
	const larder_allocator *mem;

	if (!secret || --secret->refs > 0)
		return;
	mem = secret->mem;
	lrd_secret_wipe(secret, secret->block_len);
	lrd_alloc_free(mem, secret);
}

/* ---- all --------------------------------------------------------------------------------- */

int lrd_credentials_new(const larder_allocator *mem, struct lrd_credentials **ret)
{
	struct lrd_credentials *credentials = lrd_alloc_zero(mem, sizeof(*credentials));
	int rc = LARDER_ENOMEM;

	if (!credentials)
		goto out;
	credentials->mem = mem;
	rc = lrd_spaces_new(mem, &credentials->spaces);
	if (rc < 0)
		goto out;
	*ret = credentials;
	credentials = NULL; /* moved to the caller */
out:
	lrd_credentials_free(credentials);
	return rc;
}

void lrd_credentials_clear(struct lrd_credentials *credentials)
{
	lrd_spaces_clear(credentials->spaces);
	for (size_t i = 0; i < credentials->count; i++)
		lrd_secret_unref(credentials->at[i]);
	credentials->count = 0;
}

void lrd_credentials_free(struct lrd_credentials *credentials)
{
	if (!credentials)
		return;
	if (credentials->spaces)
		lrd_credentials_clear(credentials);
	lrd_spaces_free(credentials->spaces);
	lrd_alloc_free(credentials->mem, credentials->at);
	lrd_alloc_free(credentials->mem, credentials);
}

/* Room for one more; pointers alone move, so that no secret is left in freed memory. */
static int make_room(struct lrd_credentials *credentials)
{
	size_t size = credentials->size ? credentials->size * 2 : 4;
	struct lrd_secret **at;

	if (credentials->count < credentials->size)
		return 0;
	if (credentials->count >= LRD_CREDENTIALS_MAX)
		return LARDER_ELIMIT;
	at = lrd_alloc(credentials->mem, size * sizeof(struct lrd_secret *));
	if (!at)
		return LARDER_ENOMEM;
	if (credentials->count > 0)
		memcpy(at, credentials->at,
		       credentials->count * sizeof(struct lrd_secret *));
	lrd_alloc_free(credentials->mem, credentials->at);
	credentials->at = at;
	credentials->size = size;
	return 0;
}

/* What may stand in a field: a line break in a name would be a field of its own. */
static bool is_plain(larder_slice text)
{
	return lrd_scan_span(text, LRD_FIELD) == text.len;
}

int lrd_credentials_add(struct lrd_credentials *credentials,
			const struct lrd_credential *credential)
{
	bool token = credential->token.len > 0 || credential->token_fn;
	struct lrd_secret *secret = NULL;
	int rc;

	if (!is_plain(credential->user) || !is_plain(credential->token) ||
	    !is_plain(credential->scope.host) || !is_plain(credential->scope.scheme))
		return LARDER_EINVAL;
	if (credential->user.len == 0 && credential->password.len == 0 && !token)
		return LARDER_EINVAL;
	rc = make_room(credentials);
	if (rc == 0)
		rc = new_secret(credential, credentials->mem, &secret);
	if (rc == 0)
		credentials->at[credentials->count++] = secret;
	return rc;
}

size_t lrd_credentials_count(const struct lrd_credentials *credentials)
{
	return credentials->count;
}

static uint16_t default_port(larder_slice scheme)
{
	if (lrd_slice_equal_nocase(scheme, LRD_SLICE("https")))
		return 443;
	return lrd_slice_equal_nocase(scheme, LRD_SLICE("http")) ? 80 : 0;
}

bool lrd_auth_covers(const struct lrd_auth_origin *scope,
		     const struct lrd_auth_origin *origin)
{
	if (scope->scheme.len > 0 && !lrd_slice_equal_nocase(scope->scheme, origin->scheme))
		return false;
	if (scope->host.len == 0)
		return scope->port == 0 || scope->port == origin->port;
	return lrd_slice_equal_nocase(scope->host, origin->host) &&
	       (scope->port ? scope->port : default_port(origin->scheme)) == origin->port;
}

struct lrd_secret *lrd_credentials_next(const struct lrd_credentials *credentials,
					const struct lrd_auth_origin *origin, size_t *pos)
{
	while (*pos < credentials->count) {
		struct lrd_secret *secret = credentials->at[(*pos)++];

		if (lrd_auth_covers(&secret->is.scope, origin))
			return secret;
	}
	return NULL;
}

struct lrd_spaces *lrd_credentials_spaces(struct lrd_credentials *credentials)
{
	return credentials->spaces;
}
