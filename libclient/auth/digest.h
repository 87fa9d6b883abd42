/* SPDX-License-Identifier: MIT */
/* digest.h - what the Digest scheme knows about one challenge (RFC 7616). */
#ifndef LRD_AUTH_DIGEST_H
#define LRD_AUTH_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/scheme.h"

enum { LRD_DIGEST_ALGORITHM_SIZE = 24 };

enum lrd_digest_qop { LRD_QOP_NONE, LRD_QOP_AUTH, LRD_QOP_AUTH_INT };

/* What the last request said, to check rspauth by. */
struct lrd_digest_sent {
	bool any;
	char cnonce[LRD_CNONCE_SIZE];
	char nc[9];
	char ha1[LRD_HASH_HEX_SIZE];
	struct lrd_buf target;
};

struct lrd_digest {
	struct lrd_buf nonce;
	struct lrd_buf opaque;
	bool has_opaque;
	char algorithm[LRD_DIGEST_ALGORITHM_SIZE]; /* as the challenge spells it; "": absent */
	enum lrd_hash_kind kind;
	bool session; /* a -sess form */
	enum lrd_digest_qop qop;
	bool userhash;
	bool utf8;                    /* charset=UTF-8 */
	uint32_t nc;                  /* requests sent with this nonce */
	char cnonce[LRD_CNONCE_SIZE]; /* of a -sess form, for all its requests; "": none yet */
	struct lrd_digest_sent sent;
};

/* Reads a challenge; as a scheme's read. */
int lrd_digest_read(struct lrd_auth *auth, const struct lrd_challenge *challenge);

/* The hash of user, realm and password, and of nonces in a -sess form. */
LARDER_MUST_USE int lrd_digest_ha1(const struct lrd_auth *auth, const char *cnonce,
				   char out[LRD_HASH_HEX_SIZE]);

/*
 * The hash that proves knowledge of HA1: over `method` (empty in a response's proof), target
 * and, for auth-int, the body's hash in digits.
 */
LARDER_MUST_USE int lrd_digest_proof(const struct lrd_digest *digest, const char *ha1,
				     const char *nc, const char *cnonce,
				     larder_slice method, larder_slice target,
				     larder_slice body_hash, char out[LRD_HASH_HEX_SIZE]);

/* As a scheme's learn. */
int lrd_digest_learn(struct lrd_auth *auth, larder_slice info, const larder_slice *body);

#endif
