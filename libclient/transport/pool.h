/* SPDX-License-Identifier: MIT */
/*
 * pool.h - idle keep-alive connections, found again only by those they were made for.
 *
 * Calling sequence, for each request:
 *	lrd_pool_key_make(&dial, credential, &key);
 *	stream = lrd_pool_take(pool, &key);	the newest that still lives, or NULL: lrd_dial
 *	... one whole exchange, read to its proven end ...
 *	lrd_pool_put(pool, &key, stream);	or lrd_stream_abort(stream) when in any doubt
 *
 * A pool belongs to one thread at a time. In the child of a fork it finds itself empty: the
 * parent's sockets are closed there without a byte sent, and stay usable in the parent.
 */
#ifndef LRD_TRANSPORT_POOL_H
#define LRD_TRANSPORT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "transport/dial.h"
#include "transport/stream.h"

/* ---- keys ------------------------------------------------------------------------------- */

enum { LRD_POOL_KEY_MAX = 1024 };

/* Everything that makes two connections differ, as bytes. Compared whole; a value. */
struct lrd_pool_key {
	uint32_t hash;
	uint32_t len;
	unsigned char bytes[LRD_POOL_KEY_MAX];
};

/*
 * Composes the key, the one place that does: host (in lower case), port, unix path, TLS
 * configuration, proxy (as its identity, no secret readable), and `credential` where it is
 * bound to the connection (empty: none). EINVAL when they do not fit, ENOMEM; such a
 * connection is not pooled.
 */
int lrd_pool_key_make(const struct lrd_dial *dial, larder_slice credential,
		      struct lrd_pool_key *out) LARDER_MUST_USE;

/* ---- the pool --------------------------------------------------------------------------- */

/* Zero takes the default named beside it. */
struct lrd_pool_options {
	const larder_allocator *allocator; /* libc */
	uint32_t max_idle;                 /* idle connections in all; 100 */
	uint32_t max_idle_per_key;         /* idle connections of one key; 6 */
	uint32_t idle_keep_ms;             /* how long one is kept idle; 60 000 */
	uint32_t max_age_ms;               /* since it was made; no limit */
};

struct lrd_pool;

int lrd_pool_new(const struct lrd_pool_options *options,
		 struct lrd_pool **out) LARDER_MUST_USE;
/* Closes all idle connections. Accepts NULL. */
void lrd_pool_free(struct lrd_pool *pool);

/*
 * The connection of that key which was put back last and still lives, now the caller's, with
 * `reused` set; NULL when there is none. Dead and over-age ones on the way are closed. Costs
 * one system call for each one looked at.
 */
struct lrd_stream *lrd_pool_take(struct lrd_pool *pool, const struct lrd_pool_key *key);

/*
 * Moves a connection into the pool. It must be between two exchanges and beyond doubt; one
 * that is broken, over-age or inherited is closed at once. Where a limit is passed the one
 * idle the longest goes. `keep_ms` shortens idle_keep_ms for this one (a server's Keep-Alive
 * timeout); 0 does not.
 */
void lrd_pool_put(struct lrd_pool *pool, const struct lrd_pool_key *key,
		  struct lrd_stream *stream, uint32_t keep_ms);

/* Closes what has been idle or alive for too long; without a call it happens at take and put. */
void lrd_pool_expire(struct lrd_pool *pool);

/* Closes every idle connection. */
void lrd_pool_close_all(struct lrd_pool *pool);

size_t lrd_pool_idle(const struct lrd_pool *pool);

#endif
