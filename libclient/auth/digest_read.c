/* SPDX-License-Identifier: MIT */
/* digest_read.c - challenges and Authentication-Info of the Digest scheme (RFC 7616 s3.3, s3.5). */
#include "auth/digest.h"

#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

static const struct {
	const char *name;
	enum lrd_hash_kind kind;
	bool session;
	unsigned strength;
} algorithms[] = {
	{ "MD5", LRD_HASH_MD5, false, LRD_STRENGTH_DIGEST_MD5 },
	{ "MD5-sess", LRD_HASH_MD5, true, LRD_STRENGTH_DIGEST_MD5 + 1 },
	{ "SHA-256", LRD_HASH_SHA256, false, LRD_STRENGTH_DIGEST_SHA256 },
	{ "SHA-256-sess", LRD_HASH_SHA256, true, LRD_STRENGTH_DIGEST_SHA256 + 1 },
	{ "SHA-512-256", LRD_HASH_SHA512_256, false, LRD_STRENGTH_DIGEST_SHA512_256 },
	{ "SHA-512-256-sess", LRD_HASH_SHA512_256, true,
	  LRD_STRENGTH_DIGEST_SHA512_256 + 1 },
};

enum { REALM, NONCE, OPAQUE, DOMAIN, ALGORITHM, QOP, STALE, USERHASH, CHARSET, WANTS };

static int read_algorithm(struct lrd_digest *digest, const struct lrd_auth_param *param)
{
	/* RFC 2069 servers name none. */
	larder_slice name = param->name.ptr ? param->value : LRD_SLICE("MD5");

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!lrd_slice_equal_nocase(name, lrd_slice_cstr(algorithms[i].name)))
			continue;
		digest->kind = algorithms[i].kind;
		digest->session = algorithms[i].session;
		if (param->name.ptr)
			memcpy(digest->algorithm, name.ptr, name.len);
		return (int)algorithms[i].strength;
	}
	return 0;
}

/* "auth" before "auth-int", which needs the body beforehand. False: nothing that we know. */
static bool read_qop(struct lrd_digest *digest, const struct lrd_auth_param *param)
{
	larder_slice rest = param->value;
	bool any = false;
	larder_slice word;

	digest->qop = LRD_QOP_NONE;
	while (rest.len > 0) {
		size_t blanks = 0;
		size_t len = 0;

		while (blanks < rest.len &&
		       (rest.ptr[blanks] == ',' || lrd_is(rest.ptr[blanks], LRD_OWS)))
			blanks++;
		rest = lrd_slice_skip(rest, blanks);
		while (len < rest.len && rest.ptr[len] != ',' &&
		       !lrd_is(rest.ptr[len], LRD_OWS))
			len++;
		word = lrd_slice_first(rest, len);
		rest = lrd_slice_skip(rest, len);
		any = any || len > 0;
		if (lrd_slice_equal_nocase(word, LRD_SLICE("auth")))
			digest->qop = LRD_QOP_AUTH;
		else if (lrd_slice_equal_nocase(word, LRD_SLICE("auth-int")) &&
			 digest->qop == LRD_QOP_NONE)
			digest->qop = LRD_QOP_AUTH_INT;
	}
	return !any || digest->qop != LRD_QOP_NONE;
}

static int read_texts(struct lrd_auth *auth, const struct lrd_auth_want *wants)
{
	struct lrd_digest *digest = auth->state;
	const struct {
		int want;
		struct lrd_buf *out;
	} texts[] = {
		{ REALM, &auth->realm },
		{ NONCE, &digest->nonce },
		{ OPAQUE, &digest->opaque },
		{ DOMAIN, &auth->domain },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct lrd_auth_param *param = &wants[texts[i].want].param;
		int rc = param->name.ptr ? lrd_auth_param_text(param, texts[i].out) : 0;

		if (rc < 0)
			return rc;
	}
	digest->has_opaque = wants[OPAQUE].param.name.ptr != NULL;
	return 0;
}

int lrd_digest_read(struct lrd_auth *auth, const struct lrd_challenge *challenge)
{
	const struct lrd_credential *is = &auth->secret->is;
	struct lrd_digest *digest = auth->state;
	struct lrd_auth_want wants[WANTS] = {
		[REALM] = { .name = "realm" },
		[NONCE] = { .name = "nonce" },
		[OPAQUE] = { .name = "opaque" },
		[DOMAIN] = { .name = "domain" },
		[ALGORITHM] = { .name = "algorithm" },
		[QOP] = { .name = "qop" },
		[STALE] = { .name = "stale" },
		[USERHASH] = { .name = "userhash" },
		[CHARSET] = { .name = "charset" },
	};
	int strength;
	int rc;

	lrd_buf_init(&digest->nonce, LRD_AUTH_TEXT_MAX, auth->mem);
	lrd_buf_init(&digest->opaque, LRD_AUTH_TEXT_MAX, auth->mem);
	lrd_buf_init(&digest->sent.target, LRD_AUTH_FIELD_MAX, auth->mem);
	if (!challenge || is->token.len > 0 || is->token_fn ||
	    !lrd_auth_pick(challenge->params, wants, WANTS) ||
	    !wants[REALM].param.name.ptr || wants[NONCE].param.value.len == 0)
		return 0;
	strength = read_algorithm(digest, &wants[ALGORITHM].param);
	if (strength == 0 || !read_qop(digest, &wants[QOP].param))
		return 0;
	/* Without a client nonce there is nothing to make a session key of. */
	if (digest->session && digest->qop == LRD_QOP_NONE)
		return 0;
	digest->userhash = lrd_auth_value_is(&wants[USERHASH].param, LRD_SLICE("true"));
	digest->utf8 = lrd_auth_value_is(&wants[CHARSET].param, LRD_SLICE("UTF-8"));
	auth->stale = lrd_auth_value_is(&wants[STALE].param, LRD_SLICE("true"));
	auth->rooted = true;
	rc = read_texts(auth, wants);
	return rc < 0 ? rc : strength;
}

/* ---- Authentication-Info ----------------------------------------------------------------- */

enum { NEXTNONCE, RSPAUTH, INFO_CNONCE, INFO_NC, INFO_QOP, INFO_WANTS };

/* Where they are said, the request's own numbers come back (RFC 7616 s3.5). */
static bool is_about_ours(const struct lrd_digest *digest,
			  const struct lrd_auth_want *wants)
{
	const struct lrd_auth_param *cnonce = &wants[INFO_CNONCE].param;
	const struct lrd_auth_param *nc = &wants[INFO_NC].param;

	if (cnonce->name.ptr &&
	    !lrd_slice_equal(cnonce->value, lrd_slice_cstr(digest->sent.cnonce)))
		return false;
	return !nc->name.ptr ||
	       lrd_slice_equal_nocase(nc->value, lrd_slice_cstr(digest->sent.nc));
}

/* 0: proved, or nothing to check; EPROTO: false. */
static int check_rspauth(const struct lrd_digest *digest,
			 const struct lrd_auth_want *wants, const larder_slice *body)
{
	larder_slice body_hash = { "", 0 };
	char hash[LRD_HASH_HEX_SIZE];
	char expected[LRD_HASH_HEX_SIZE];
	int rc = 0;

	if (!wants[RSPAUTH].param.name.ptr || !digest->sent.any)
		return 0;
	if (!is_about_ours(digest, wants))
		return LARDER_EPROTO;
	if (digest->qop == LRD_QOP_AUTH_INT) {
		if (!body)
			return 0;
		rc = lrd_hash_hex(digest->kind, '\0', body, 1, hash);
		if (rc < 0)
			return rc;
		body_hash = lrd_slice_cstr(hash);
	}
	rc = lrd_digest_proof(digest, digest->sent.ha1, digest->sent.nc,
			      digest->sent.cnonce, LRD_SLICE(""),
			      lrd_buf_slice(&digest->sent.target), body_hash, expected);
	if (rc == 0 &&
	    !lrd_secret_equal(wants[RSPAUTH].param.value, lrd_slice_cstr(expected)))
		rc = LARDER_EPROTO;
	lrd_secret_wipe(expected, sizeof(expected));
	return rc;
}

int lrd_digest_learn(struct lrd_auth *auth, larder_slice info, const larder_slice *body)
{
	struct lrd_digest *digest = auth->state;
	struct lrd_auth_want wants[INFO_WANTS] = {
		[NEXTNONCE] = { .name = "nextnonce" }, [RSPAUTH] = { .name = "rspauth" },
		[INFO_CNONCE] = { .name = "cnonce" },  [INFO_NC] = { .name = "nc" },
		[INFO_QOP] = { .name = "qop" },
	};
	struct lrd_buf nonce;
	int rc;

	/* What cannot be read says nothing: the response stands. */
	if (!lrd_auth_pick(info, wants, INFO_WANTS))
		return 0;
	rc = check_rspauth(digest, wants, body);
	if (rc < 0 || wants[NEXTNONCE].param.value.len == 0)
		return rc;
	lrd_buf_init(&nonce, LRD_AUTH_TEXT_MAX, auth->mem);
	rc = lrd_auth_param_text(&wants[NEXTNONCE].param, &nonce);
	if (rc < 0) {
		lrd_buf_release(&nonce);
		return rc == LARDER_ENOMEM ? rc : 0;
	}
	lrd_buf_release(&digest->nonce);
	digest->nonce = nonce; /* moved */
	digest->nc = 0;
	/* What was sent belongs to the nonce that is gone. */
	digest->sent.any = false;
	return 0;
}
