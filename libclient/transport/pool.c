/* SPDX-License-Identifier: MIT */
/* pool.c - idle keep-alive connections, found again only by those they were made for. */
#include "transport/pool.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "sys/clock.h"
#include "sys/digest.h"
#include "sys/fork.h"

enum { MAX_IDLE = 100, MAX_IDLE_PER_KEY = 6, IDLE_KEEP_MS = 60000, NS_PER_MS = 1000000 };

struct idle {
	struct lrd_stream *stream;
	uint64_t expires_ns; /* the earlier of idle time and age */
	uint32_t hash;
	uint32_t key_len;
	unsigned char *key;
};

struct lrd_pool {
	struct lrd_pool_options options;
	uint32_t fork_generation;
	size_t count;
	struct idle idle[]; /* options.max_idle of them, the one put back last at the end */
};

/* ---- keys ------------------------------------------------------------------------------- */

/* Each part behind its length, so that no two lists of parts give the same bytes. */
static bool add_part(struct lrd_pool_key *key, const void *bytes, size_t len)
{
	if (len > UINT16_MAX || LRD_POOL_KEY_MAX - key->len < len + 2)
		return false;
	key->bytes[key->len++] = (unsigned char)(len >> 8);
	key->bytes[key->len++] = (unsigned char)(len & 0xff);
	if (len)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += (uint32_t)len;
	return true;
}

static bool add_text(struct lrd_pool_key *key, const char *text)
{
	return add_part(key, text, text ? strlen(text) : 0);
}

/* Names are the same in any case; everything else is compared as it is. */
static void lower(unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] = (unsigned char)(bytes[i] | 0x20);
	}
}

int lrd_pool_key_make(const struct lrd_dial *dial, larder_slice credential,
		      struct lrd_pool_key *out)
{
	const unsigned char port[2] = { (unsigned char)(dial->port >> 8),
					(unsigned char)(dial->port & 0xff) };
	const void *identity = dial->tls ? lrd_tls_identity(dial->tls) : NULL;
	unsigned char proxy[LRD_PROXY_IDENTITY_LEN];
	unsigned char custom[LRD_CUSTOM_IDENTITY_MAX];
	size_t custom_len = 0;

	out->len = 0;
	if (dial->transport)
		custom_len = lrd_custom_identity(dial->transport, dial->tls != NULL,
						 custom);
	if (dial->proxy && lrd_proxy_identity(dial->proxy, proxy) < 0)
		return LARDER_ENOMEM;
	if (!add_text(out, dial->host))
		return LARDER_EINVAL;
	lower(out->bytes + 2, out->len - 2);
	if (!add_part(out, port, sizeof(port)) || !add_text(out, dial->unix_path) ||
	    !add_part(out, identity, identity ? LRD_TLS_IDENTITY_LEN : 0) ||
	    !add_part(out, proxy, dial->proxy ? sizeof(proxy) : 0) ||
	    !add_part(out, custom, custom_len) ||
	    !add_part(out, credential.ptr, credential.len))
		return LARDER_EINVAL;
	out->hash = (uint32_t)lrd_digest(out->bytes, out->len, 0);
	return 0;
}

/* ---- the pool --------------------------------------------------------------------------- */

int lrd_pool_new(const struct lrd_pool_options *options, struct lrd_pool **out)
{
	struct lrd_pool_options filled = { 0 };
	struct lrd_pool *pool;

	if (options)
		filled = *options;
	if (filled.max_idle == 0)
		filled.max_idle = MAX_IDLE;
	if (filled.max_idle_per_key == 0)
		filled.max_idle_per_key = MAX_IDLE_PER_KEY;
	if (filled.idle_keep_ms == 0)
		filled.idle_keep_ms = IDLE_KEEP_MS;
	if (filled.max_idle > UINT16_MAX)
		return LARDER_EINVAL;
	pool = lrd_alloc_zero(filled.allocator,
			      sizeof(*pool) + filled.max_idle * sizeof(pool->idle[0]));
	if (!pool)
		return LARDER_ENOMEM;
	pool->options = filled;
	pool->fork_generation = lrd_fork_generation();
	*out = pool;
	return 0;
}

/* Takes entry `i` out; its stream is the caller's. */
static struct lrd_stream *take_out(struct lrd_pool *pool, size_t i)
{
	struct lrd_stream *stream = pool->idle[i].stream;

	lrd_alloc_free(pool->options.allocator, pool->idle[i].key);
	pool->count--;
	memmove(&pool->idle[i], &pool->idle[i + 1],
		(pool->count - i) * sizeof(pool->idle[0]));
	return stream;
}

void lrd_pool_close_all(struct lrd_pool *pool)
{
	/* A stream from before a fork knows that it must not say goodbye. */
	while (pool->count)
		lrd_stream_close(take_out(pool, pool->count - 1));
}

void lrd_pool_free(struct lrd_pool *pool)
{
	if (!pool)
		return;
	lrd_pool_close_all(pool);
	lrd_alloc_free(pool->options.allocator, pool);
}

/* The first thing that every call does. */
static void drop_inherited(struct lrd_pool *pool)
{
	uint32_t generation = lrd_fork_generation();

	if (pool->fork_generation == generation)
		return;
	lrd_pool_close_all(pool);
	pool->fork_generation = generation;
}

static void expire(struct lrd_pool *pool, uint64_t now_ns)
{
	drop_inherited(pool);
	for (size_t i = pool->count; i-- > 0;) {
		if (pool->idle[i].expires_ns <= now_ns)
			lrd_stream_close(take_out(pool, i));
	}
}

void lrd_pool_expire(struct lrd_pool *pool)
{
	expire(pool, lrd_clock_mono_coarse_ns());
}

static bool has_key(const struct idle *idle, const struct lrd_pool_key *key)
{
	return idle->hash == key->hash && idle->key_len == key->len &&
	       memcmp(idle->key, key->bytes, key->len) == 0;
}

struct lrd_stream *lrd_pool_take(struct lrd_pool *pool, const struct lrd_pool_key *key)
{
	lrd_pool_expire(pool);
	for (size_t i = pool->count; i-- > 0;) {
		struct lrd_stream *stream;

		if (!has_key(&pool->idle[i], key))
			continue;
		stream = take_out(pool, i);
		/*
		 * Looked at even if it was put back just now: what came meanwhile would be
		 * read as the answer to the next request.
		 */
		if (lrd_stream_alive(stream)) {
			stream->reused = true;
			return stream;
		}
		lrd_stream_close(stream);
	}
	return NULL;
}

/* Makes room for one more of that key: the one idle the longest goes. */
static void make_room(struct lrd_pool *pool, const struct lrd_pool_key *key)
{
	size_t same = 0;
	size_t oldest_same = 0;

	for (size_t i = pool->count; i-- > 0;) {
		if (!has_key(&pool->idle[i], key))
			continue;
		same++;
		oldest_same = i;
	}
	if (same >= pool->options.max_idle_per_key)
		lrd_stream_close(take_out(pool, oldest_same));
	else if (pool->count >= pool->options.max_idle)
		lrd_stream_close(take_out(pool, 0));
}

void lrd_pool_put(struct lrd_pool *pool, const struct lrd_pool_key *key,
		  struct lrd_stream *stream, uint32_t keep_ms)
{
	uint64_t now_ns = lrd_clock_mono_coarse_ns();
	uint64_t age_ns = (uint64_t)pool->options.max_age_ms * NS_PER_MS;
	uint64_t expires_ns;
	struct idle *idle;
	unsigned char *copy;

	expire(pool, now_ns);
	if (keep_ms == 0 || keep_ms > pool->options.idle_keep_ms)
		keep_ms = pool->options.idle_keep_ms;
	expires_ns = now_ns + (uint64_t)keep_ms * NS_PER_MS;
	if (age_ns && expires_ns > stream->created_ns + age_ns)
		expires_ns = stream->created_ns + age_ns;
	copy = lrd_alloc(pool->options.allocator, key->len);
	if (stream->broken || lrd_stream_inherited(stream) || expires_ns <= now_ns ||
	    !copy) {
		lrd_alloc_free(pool->options.allocator, copy);
		lrd_stream_close(stream);
		return;
	}
	make_room(pool, key);
	memcpy(copy, key->bytes, key->len);
	idle = &pool->idle[pool->count++];
	*idle = (struct idle){ stream, expires_ns, key->hash, key->len, copy };
}

size_t lrd_pool_idle(const struct lrd_pool *pool)
{
	return pool->fork_generation == lrd_fork_generation() ? pool->count : 0;
}
