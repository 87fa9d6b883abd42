/* SPDX-License-Identifier: MIT */
/* digest.c - the Digest scheme's answers (RFC 7616, and RFC 2617 and 2069 before it). */
#include "auth/digest.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

/* ---- the hashes (RFC 7616 s3.4) ---------------------------------------------------------- */

int lrd_digest_ha1(const struct lrd_auth *auth, const char *cnonce,
		   char out[LRD_HASH_HEX_SIZE])
{
	const struct lrd_credential *is = &auth->secret->is;
	const struct lrd_digest *digest = auth->state;
	const larder_slice pieces[] = { is->user, lrd_buf_slice(&auth->realm),
					is->password };
	char plain[LRD_HASH_HEX_SIZE];
	int rc;

	if (!digest->session)
		return lrd_hash_hex(digest->kind, ':', pieces, 3, out);
	rc = lrd_hash_hex(digest->kind, ':', pieces, 3, plain);
	if (rc == 0) {
		const larder_slice session[] = { lrd_slice_cstr(plain),
						 lrd_buf_slice(&digest->nonce),
						 lrd_slice_cstr(cnonce) };

		rc = lrd_hash_hex(digest->kind, ':', session, 3, out);
	}
	lrd_secret_wipe(plain, sizeof(plain));
	return rc;
}

static const char *qop_name(enum lrd_digest_qop qop)
{
	return qop == LRD_QOP_AUTH_INT ? "auth-int" : "auth";
}

int lrd_digest_proof(const struct lrd_digest *digest, const char *ha1, const char *nc,
		     const char *cnonce, larder_slice method, larder_slice target,
		     larder_slice body_hash, char out[LRD_HASH_HEX_SIZE])
{
	const larder_slice a2[] = { method, target, body_hash };
	char ha2[LRD_HASH_HEX_SIZE];
	int rc;

	rc = lrd_hash_hex(digest->kind, ':', a2, digest->qop == LRD_QOP_AUTH_INT ? 3 : 2,
			  ha2);
	if (rc < 0)
		return rc;
	if (digest->qop == LRD_QOP_NONE) {
		const larder_slice pieces[] = { lrd_slice_cstr(ha1),
						lrd_buf_slice(&digest->nonce),
						lrd_slice_cstr(ha2) };

		return lrd_hash_hex(digest->kind, ':', pieces, 3, out);
	}
	const larder_slice pieces[] = { lrd_slice_cstr(ha1),
					lrd_buf_slice(&digest->nonce),
					lrd_slice_cstr(nc),
					lrd_slice_cstr(cnonce),
					lrd_slice_cstr(qop_name(digest->qop)),
					lrd_slice_cstr(ha2) };

	return lrd_hash_hex(digest->kind, ':', pieces, 6, out);
}

/* ---- the field --------------------------------------------------------------------------- */

/* RFC 8187: username*=UTF-8''J%C3%A4s%C3%B8n */
static int put_extended(struct lrd_buf *out, larder_slice user)
{
	static const char digits[] = "0123456789ABCDEF";
	int rc = lrd_buf_append_cstr(out, "username*=UTF-8''");

	for (size_t i = 0; i < user.len && rc == 0; i++) {
		unsigned char byte = (unsigned char)user.ptr[i];

		if (lrd_is(user.ptr[i], LRD_ALPHA | LRD_DIGIT) || byte == '-' ||
		    byte == '.' || byte == '_' || byte == '~')
			rc = lrd_buf_append_char(out, user.ptr[i]);
		else
			rc = lrd_buf_appendf(out, "%%%c%c", digits[byte >> 4],
					     digits[byte & 15]);
	}
	return rc;
}

static bool is_ascii(larder_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

/* Hashed, extended or quoted, as the challenge allows. */
static int put_username(const struct lrd_auth *auth, struct lrd_buf *out)
{
	const struct lrd_digest *digest = auth->state;
	larder_slice user = auth->secret->is.user;
	char hash[LRD_HASH_HEX_SIZE];
	int rc;

	if (digest->userhash) {
		const larder_slice pieces[] = { user, lrd_buf_slice(&auth->realm) };

		rc = lrd_hash_hex(digest->kind, ':', pieces, 2, hash);
		return rc < 0 ? rc
			      : lrd_auth_put_quoted(out, "username", lrd_slice_cstr(hash));
	}
	if (digest->utf8 && !is_ascii(user))
		return put_extended(out, user);
	return lrd_auth_put_quoted(out, "username", user);
}

static int put_answer(const struct lrd_auth *auth, const struct lrd_auth_request *request,
		      const char *response, struct lrd_buf *out)
{
	const struct lrd_digest *digest = auth->state;
	int rc;

	rc = lrd_buf_append_cstr(out, "Digest ");
	if (rc == 0)
		rc = put_username(auth, out);
	if (rc == 0)
		rc = lrd_auth_put_quoted(out, ", realm", lrd_buf_slice(&auth->realm));
	if (rc == 0)
		rc = lrd_auth_put_quoted(out, ", nonce", lrd_buf_slice(&digest->nonce));
	if (rc == 0)
		rc = lrd_auth_put_quoted(out, ", uri", request->target);
	if (rc == 0 && digest->algorithm[0])
		rc = lrd_buf_appendf(out, ", algorithm=%s", digest->algorithm);
	if (rc == 0)
		rc = lrd_buf_appendf(out, ", response=\"%s\"", response);
	if (rc == 0 && digest->qop != LRD_QOP_NONE)
		rc = lrd_buf_appendf(out, ", qop=%s, nc=%s, cnonce=\"%s\"",
				     qop_name(digest->qop), digest->sent.nc,
				     digest->sent.cnonce);
	if (rc == 0 && digest->has_opaque)
		rc = lrd_auth_put_quoted(out, ", opaque", lrd_buf_slice(&digest->opaque));
	if (rc == 0 && digest->userhash)
		rc = lrd_buf_append_cstr(out, ", userhash=true");
	return rc;
}

/* The digits of the body's hash that auth-int wants. */
static int hash_body(const struct lrd_digest *digest,
		     const struct lrd_auth_request *request, char hash[LRD_HASH_HEX_SIZE])
{
	size_t len = 2 * lrd_hash_size(digest->kind);

	hash[0] = '\0';
	if (digest->qop != LRD_QOP_AUTH_INT)
		return 0;
	if (request->body)
		return lrd_hash_hex(digest->kind, '\0', request->body, 1, hash);
	if (request->body_hash.len != len)
		return LARDER_EREPEAT;
	memcpy(hash, request->body_hash.ptr, len);
	hash[len] = '\0';
	return 0;
}

/* Counts the request and writes down what its answer says. */
static int note_sent(struct lrd_auth *auth, const struct lrd_auth_request *request)
{
	struct lrd_digest *digest = auth->state;
	struct lrd_digest_sent *sent = &digest->sent;
	int rc;

	sent->any = false;
	if (digest->nc == UINT32_MAX)
		return LARDER_ELIMIT;
	lrd_buf_clear(&sent->target);
	rc = lrd_buf_append_slice(&sent->target, request->target);
	if (rc < 0)
		return rc;
	/* A -sess key is made of one client nonce, however the server reckons sessions. */
	if (!digest->session || !digest->cnonce[0])
		lrd_auth_cnonce(request, digest->cnonce);
	memcpy(sent->cnonce, digest->cnonce, sizeof(sent->cnonce));
	(void)snprintf(sent->nc, sizeof(sent->nc), "%08x", (unsigned)++digest->nc);
	return lrd_digest_ha1(auth, sent->cnonce, sent->ha1);
}

static int answer_digest(struct lrd_auth *auth, const struct lrd_auth_request *request,
			 struct lrd_fields *out)
{
	struct lrd_digest *digest = auth->state;
	char body_hash[LRD_HASH_HEX_SIZE];
	char response[LRD_HASH_HEX_SIZE];
	struct lrd_buf value;
	int rc;

	lrd_buf_init(&value, LRD_AUTH_FIELD_MAX, auth->mem);
	rc = hash_body(digest, request, body_hash);
	if (rc == 0)
		rc = note_sent(auth, request);
	if (rc == 0)
		rc = lrd_digest_proof(digest, digest->sent.ha1, digest->sent.nc,
				      digest->sent.cnonce, request->method,
				      request->target, lrd_slice_cstr(body_hash),
				      response);
	if (rc == 0)
		rc = put_answer(auth, request, response, &value);
	if (rc == 0)
		rc = lrd_fields_add(out, lrd_auth_field_name(request),
				    lrd_buf_slice(&value));
	if (rc == 0)
		digest->sent.any = true;
	lrd_buf_release(&value);
	return rc;
}

static void release_digest(struct lrd_auth *auth)
{
	struct lrd_digest *digest = auth->state;

	lrd_buf_release(&digest->nonce);
	lrd_buf_release(&digest->opaque);
	lrd_buf_release(&digest->sent.target);
}

enum lrd_hash_kind lrd_auth_body_hash(const struct lrd_auth *auth)
{
	const struct lrd_digest *digest = auth->state;

	if (auth->scheme != &lrd_auth_digest || digest->qop != LRD_QOP_AUTH_INT)
		return LRD_HASH_NONE;
	return digest->kind;
}

const struct lrd_auth_scheme lrd_auth_digest = {
	.bit = LRD_AUTH_BIT_DIGEST,
	.name = "Digest",
	.state_size = sizeof(struct lrd_digest),
	.read = lrd_digest_read,
	.answer = answer_digest,
	.learn = lrd_digest_learn,
	.release = release_digest,
};
