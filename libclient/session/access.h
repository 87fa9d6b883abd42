/* SPDX-License-Identifier: MIT */
/* access.h - what a session knows about single origins: certificates, sockets, token callbacks. */
#ifndef LRD_SESSION_ACCESS_H
#define LRD_SESSION_ACCESS_H

#include <stddef.h>

#include <larder/larder.h>

#include "auth/credentials.h"
#include "session/request.h"
#include "transport/tls.h"

/* One of them; a list in the order added, freed with the session. */
struct lrd_access {
	struct lrd_access *next;
	struct lrd_auth_origin scope; /* slices into `text` */
	struct lrd_tls *tls;   /* a configuration with a client certificate, or NULL */
	const char *unix_path; /* or NULL */
	larder_token token_fn; /* or NULL */
	void *token_ctx;
	unsigned char id[LRD_SECRET_ID_LEN]; /* of the certificate, the same in every process */
	char text[];
};

/* The first certificate for the request, NULL: none. Borrowed. */
const struct lrd_access *lrd_access_certificate(const larder_session *session,
						const struct lrd_request *request);
/* The unix socket of the request's origin, NULL: none. Borrowed. */
const char *lrd_access_unix_path(const larder_session *session,
				 const struct lrd_request *request);

/* Frees them all, and the credentials. */
void lrd_access_release(larder_session *session);

/*
 * Who asks, apart from what the request's fields say: writes an identity of at most `cap` bytes
 * for larder_lookup and returns its length, 0: nobody in particular. Locates the request only
 * where that matters. EURL.
 */
LARDER_MUST_USE ptrdiff_t lrd_access_identity(const larder_session *session,
					      struct lrd_request *request,
					      unsigned char *buf, size_t cap,
					      larder_error *err);
enum { LRD_IDENTITY_MAX = 1024 };

#endif
