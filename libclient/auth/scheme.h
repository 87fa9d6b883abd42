/* SPDX-License-Identifier: MIT */
/*
 * scheme.h - authentication schemes behind one small table each, and the object that answers
 * one challenge with one credential.
 *
 * Pure but for random numbers: challenges and the clock's reading come in, fields go out.
 * choose.h drives it; nothing else needs to.
 *
 *	rc = lrd_auth_new(scheme, secret, &challenge, mem, &auth);	> 0: it can
 *	lrd_auth_answer(auth, &request, &fields);	at each request of the protection space
 *	lrd_auth_learn(auth, info, NULL);		at each Authentication-Info
 *	lrd_auth_unref(auth);
 */
#ifndef LRD_AUTH_SCHEME_H
#define LRD_AUTH_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "auth/credentials.h"
#include "auth/hash.h"
#include "proto/bytes/buf.h"
#include "proto/http/challenges.h"
#include "proto/http/fields.h"

enum {
	LRD_CNONCE_SIZE = 96,           /* a client nonce and its NUL */
	LRD_AUTH_TEXT_MAX = 16 * 1024,  /* realm, nonce, opaque, domain: each */
	LRD_AUTH_FIELD_MAX = 256 * 1024 /* a field that we make */
};

/* Writes a NUL-terminated client nonce of tchars, '/', '+' and '='; for tests with vectors. */
typedef void lrd_cnonce_fn(char out[LRD_CNONCE_SIZE], void *ctx);

/* The request that is to carry the answer. */
struct lrd_auth_request {
	larder_slice method;
	larder_slice target;          /* exactly as the request line has it */
	struct lrd_field_view fields; /* what else is sent; HMACDigest signs it */
	const larder_slice *body;     /* empty: none; NULL: not in memory */
	larder_slice body_hash; /* then, for auth-int: digits, see lrd_auth_body_hash() */
	int64_t now;            /* unix seconds */
	bool proxy;             /* Proxy-Authorization in place of Authorization */
	lrd_cnonce_fn *cnonce_fn; /* NULL: 128 bits from the kernel */
	void *cnonce_ctx;
};

struct lrd_auth;

struct lrd_auth_scheme {
	const char *name; /* as challenges spell it, in any case */
	uint32_t bit;     /* enum lrd_auth_bit */
	size_t state_size;
	/*
	 * Reads a challenge (NULL: none yet, pre-emptive) into auth->state, which is zero. A
	 * strength above 0, or 0 for "cannot": unknown algorithm, missing or doubled parameter,
	 * wrong kind of credential; ENOMEM.
	 */
	int (*read)(struct lrd_auth *auth, const struct lrd_challenge *challenge);
	/* Adds the fields that answer. */
	int (*answer)(struct lrd_auth *auth, const struct lrd_auth_request *request,
		      struct lrd_fields *out);
	/* Takes in an Authentication-Info; NULL: the scheme has none. */
	int (*learn)(struct lrd_auth *auth, larder_slice info, const larder_slice *body);
	/* Frees what hangs on the state; NULL: nothing does. */
	void (*release)(struct lrd_auth *auth);
};

extern const struct lrd_auth_scheme lrd_auth_basic;      /* RFC 7617 */
extern const struct lrd_auth_scheme lrd_auth_bearer;     /* RFC 6750 */
extern const struct lrd_auth_scheme lrd_auth_digest;     /* RFC 7616, 2617, 2069 */
extern const struct lrd_auth_scheme lrd_auth_hmacdigest; /* as httplib2 speaks it */
extern const struct lrd_auth_scheme lrd_auth_wsse;       /* as httplib2 speaks it */

/* By a challenge's scheme name, in any case; NULL for one we do not know. */
const struct lrd_auth_scheme *lrd_auth_scheme_find(larder_slice name);

/* Strengths: the strongest that both sides can is tried first. */
enum {
	LRD_STRENGTH_BASIC = 10,
	LRD_STRENGTH_BEARER = 15,
	LRD_STRENGTH_WSSE = 20,
	LRD_STRENGTH_DIGEST_MD5 = 40, /* the -sess forms count one more */
	LRD_STRENGTH_HMACDIGEST = 50,
	LRD_STRENGTH_DIGEST_SHA256 = 60,
	LRD_STRENGTH_DIGEST_SHA512_256 = 70,
};

/* What answers one challenge with one credential. Counted: a learned space keeps it. */
struct lrd_auth {
	const struct lrd_auth_scheme *scheme;
	struct lrd_secret *secret;
	const larder_allocator *mem;
	void *state;          /* the scheme's own, zero at first */
	struct lrd_buf realm; /* escapes resolved */
	struct lrd_buf domain; /* where else it holds: URIs between blanks; empty: not said */
	unsigned strength;
	bool stale;  /* the challenge says: right credential, old nonce */
	bool fixed;  /* a second answer would say what the first one said */
	bool rooted; /* without a domain it holds for the whole origin */
	size_t refs; /* private */
};

/*
 * Strength above 0 with *ret owned by the caller (lrd_auth_unref); 0, *ret untouched, when
 * scheme, challenge and credential do not go together; ENOMEM.
 */
LARDER_MUST_USE int lrd_auth_new(const struct lrd_auth_scheme *scheme,
				 struct lrd_secret *secret,
				 const struct lrd_challenge *challenge,
				 const larder_allocator *mem, struct lrd_auth **ret);
void lrd_auth_ref(struct lrd_auth *auth);
void lrd_auth_unref(struct lrd_auth *auth); /* accepts NULL */

/*
 * Adds Authorization or Proxy-Authorization (and X-WSSE) to `out`. EREPEAT: the server wants
 * the body protected, and the body is not in memory. ENOTFOUND: the token callback has none.
 * ELIMIT, ENOMEM, EINVAL, or what the token callback returned. The field holds secrets.
 */
LARDER_MUST_USE int lrd_auth_answer(struct lrd_auth *auth,
				    const struct lrd_auth_request *request,
				    struct lrd_fields *out);

/*
 * Takes in the Authentication-Info that answered the last request: nextnonce, rspauth. `body`
 * is the response's, or NULL while it is not known: what rspauth says about it stays
 * unchecked then. EPROTO: the server could not prove that it knows the password; ENOMEM.
 */
LARDER_MUST_USE int lrd_auth_learn(struct lrd_auth *auth, larder_slice info,
				   const larder_slice *body);

/* By what the body's hash is to be made for `request.body_hash`; LRD_HASH_NONE: not needed. */
enum lrd_hash_kind lrd_auth_body_hash(const struct lrd_auth *auth);

/* ---- for the schemes --------------------------------------------------------------------- */

/* "Authorization" or "Proxy-Authorization". */
larder_slice lrd_auth_field_name(const struct lrd_auth_request *request);

/* A client nonce by the request's source. */
void lrd_auth_cnonce(const struct lrd_auth_request *request, char out[LRD_CNONCE_SIZE]);

struct lrd_auth_want {
	const char *name;            /* lower case */
	struct lrd_auth_param param; /* name.ptr NULL: absent */
};

/*
 * Picks the wanted parameters out of a challenge or an info field. False when it is malformed
 * or says one of them twice.
 */
bool lrd_auth_pick(larder_slice params, struct lrd_auth_want *wants, size_t count);

/* Is the value `text`, without regard to case? */
bool lrd_auth_value_is(const struct lrd_auth_param *param, larder_slice text);

/* name="value", escaped. */
LARDER_MUST_USE int lrd_auth_put_quoted(struct lrd_buf *out, const char *name,
					larder_slice value);

/* `YYYY-MM-DDThh:mm:ssZ` and its NUL, of unix seconds. */
enum { LRD_AUTH_CREATED_SIZE = 32 };
void lrd_auth_created(int64_t now, char out[LRD_AUTH_CREATED_SIZE]);

#endif
