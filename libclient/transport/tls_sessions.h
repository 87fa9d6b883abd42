/* SPDX-License-Identifier: MIT */
/*
 * tls_sessions.h - TLS sessions of one configuration, kept for resumption by host.
 *
 * A session proves what its full handshake proved, so it is found only under the very
 * configuration, name and place that it was made for, and only on the same route: a ticket
 * that came through a proxy must not tell the origin who comes directly. Threads may share it: nobody waits
 * for the lock, a busy cache merely means a full handshake. For that reason it also stands
 * a fork at any moment.
 */
#ifndef LRD_TRANSPORT_TLS_SESSIONS_H
#define LRD_TRANSPORT_TLS_SESSIONS_H

#include <pthread.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "transport/stream.h"

enum { LRD_TLS_SESSIONS_MAX = 64, LRD_TLS_SESSIONS_PER_HOST = 4 };

struct lrd_tls_session {
	SSL_SESSION *session; /* NULL: the place is free */
	uint64_t added;       /* a running number: the smallest is the oldest */
	uint64_t key;         /* digest of host and name, compared first */
	char *host;           /* "name\nhost:port\nroute" */
};

struct lrd_tls_sessions {
	pthread_mutex_t lock;
	uint64_t added;
	struct lrd_tls_session slots[LRD_TLS_SESSIONS_MAX];
};

void lrd_tls_sessions_init(struct lrd_tls_sessions *sessions);
void lrd_tls_sessions_release(struct lrd_tls_sessions *sessions);

/* Keeps a session for the stream's place and route; true when it took the reference. */
int lrd_tls_sessions_put(struct lrd_tls_sessions *sessions, const char *name,
			 const struct lrd_stream *stream, SSL_SESSION *session);

/*
 * The newest session for the place, a reference of the caller's, or NULL. One of TLS 1.3 is
 * taken out: its ticket is for one use, or observers could tie connections together (RFC 8446
 * appendix C.4).
 */
SSL_SESSION *lrd_tls_sessions_take(struct lrd_tls_sessions *sessions, const char *name,
				   const struct lrd_stream *stream);

#endif
