/* SPDX-License-Identifier: MIT */
/*
 * credentials.h - who we are, and for whom: names and passwords or tokens, by origin.
 *
 * A session has two of these, one for origins and one for proxies, so that what was meant for
 * the one can never reach the other. Each also knows the protection spaces learned with its
 * credentials (spaces.h). Secrets are copied in and overwritten when they go. One thread.
 *
 *	lrd_credentials_new(mem, &credentials);
 *	lrd_credentials_add(credentials, &(struct lrd_credential){
 *		.scope = { .host = LRD_SLICE("example.org") },
 *		.user = LRD_SLICE("alice"), .password = ... });
 *	... choose.h answers challenges from it ...
 *	lrd_credentials_free(credentials);
 */
#ifndef LRD_AUTH_CREDENTIALS_H
#define LRD_AUTH_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

struct lrd_auth_scheme; /* scheme.h */
struct lrd_spaces;      /* spaces.h */

/* Scheme and host compare without case. "example.org." is not "example.org". */
struct lrd_auth_origin {
	larder_slice scheme;
	larder_slice host; /* without brackets */
	uint16_t port;
};

/*
 * Is `origin` within `scope`? There an empty host is every origin, an empty scheme http and
 * https, port 0 the default one of the origin's scheme (with an empty host: any).
 */
bool lrd_auth_covers(const struct lrd_auth_origin *scope,
		     const struct lrd_auth_origin *origin);

/* What a token callback is asked. */
struct lrd_token_ask {
	larder_slice realm; /* of the challenge, or empty */
	larder_slice scope;
	larder_slice error; /* "invalid_token" and the like (RFC 6750 s3.1), or empty */
	bool refused;       /* the token given last was answered with a challenge */
};

/*
 * Writes a token of at most `cap` bytes; returns its length, 0 for "none", or a negative
 * LARDER_E* that the request then fails with.
 */
typedef ptrdiff_t lrd_token_fn(const struct lrd_token_ask *ask, char *buf, size_t cap,
			       void *ctx);

struct lrd_credential {
	struct lrd_auth_origin scope; /* where it may be sent */
	larder_slice user; /* UTF-8 */
	larder_slice password;
	larder_slice token;     /* for Bearer, in place of user and password */
	lrd_token_fn *token_fn; /* for Bearer, asked at each request */
	void *token_ctx;
	uint32_t schemes; /* those it may answer, enum lrd_auth_bit joined by |; 0: all */
	/* Sent before any challenge: &lrd_auth_basic, _wsse or _bearer; NULL: wait for one. */
	const struct lrd_auth_scheme *preemptive;
};

/* The numbers of enum larder_scheme in larder.h. */
enum lrd_auth_bit {
	LRD_AUTH_BIT_BASIC = 1,
	LRD_AUTH_BIT_DIGEST = 2,
	LRD_AUTH_BIT_HMACDIGEST = 4,
	LRD_AUTH_BIT_WSSE = 8,
	LRD_AUTH_BIT_BEARER = 16,
};

enum {
	LRD_CREDENTIAL_TEXT_MAX = 64 * 1024, /* user, password, token and host of one */
	LRD_CREDENTIALS_MAX = 1024
};

enum { LRD_SECRET_ID_LEN = 16 };

/* A credential in the store, counted by those who still answer with it. */
struct lrd_secret {
	struct lrd_credential is; /* read; slices into the same block */
	/*
	 * Read: who this is, the same in every process that adds the same user, password and
	 * token, which cannot be read out of it. Of a token callback: random, since nobody
	 * knows whom it will speak for.
	 */
	unsigned char id[LRD_SECRET_ID_LEN];
	size_t refs;              /* private */
	size_t block_len;         /* private */
	const larder_allocator *mem;
};

void lrd_secret_ref(struct lrd_secret *secret);
void lrd_secret_unref(struct lrd_secret *secret); /* the last one wipes; accepts NULL */

struct lrd_credentials;

/* `mem` may be NULL and must outlive the store. ENOMEM. */
LARDER_MUST_USE int lrd_credentials_new(const larder_allocator *mem,
					struct lrd_credentials **ret);
void lrd_credentials_free(struct lrd_credentials *credentials); /* accepts NULL */

/*
 * Copies one in, behind those that are there. EINVAL: control characters in user or host, or
 * neither user nor token; ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_credentials_add(struct lrd_credentials *credentials,
					const struct lrd_credential *credential);

/* Forgets all credentials and all that was learned with them. */
void lrd_credentials_clear(struct lrd_credentials *credentials);

size_t lrd_credentials_count(const struct lrd_credentials *credentials);

/*
 * The next credential that may be sent to `origin`, in the order added, or NULL. *pos starts
 * at 0. Borrowed: dies with the next change unless lrd_secret_ref() keeps it.
 */
struct lrd_secret *lrd_credentials_next(const struct lrd_credentials *credentials,
					const struct lrd_auth_origin *origin, size_t *pos);

/* The protection spaces learned so far. Borrowed. */
struct lrd_spaces *lrd_credentials_spaces(struct lrd_credentials *credentials);

#endif
