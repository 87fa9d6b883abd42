/* SPDX-License-Identifier: MIT */
/* digest.c - 64-bit XXH3 with the widest vectors that this processor has. */
#include "sys/digest.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sys/digest_wide.h"

/* Below this many bytes XXH3 uses no vectors, so that there is nothing to choose. */
enum { VECTOR_MIN = 241 };

_Static_assert(sizeof(XXH3_state_t) + _Alignof(XXH3_state_t) - 1 <=
		       sizeof(struct lrd_digest_stream),
	       "stream storage");

static int has_wide(void)
{
#ifdef LRD_DIGEST_WIDE
	return __builtin_cpu_supports("avx2");
#else
	return 0;
#endif
}

uint64_t lrd_digest(const void *bytes, size_t len, uint64_t seed)
{
	static const char nothing[1] = "";

	if (!bytes)
		bytes = nothing;
	if (len >= VECTOR_MIN && has_wide())
		return lrd_digest_wide(bytes, len, seed);
	return XXH3_64bits_withSeed(bytes, len, seed);
}

uint64_t lrd_digest_copy(void *dst, const void *src, size_t len, uint64_t seed)
{
	if (len > 0)
		memcpy(dst, src, len);
	return lrd_digest(dst, len, seed);
}

/* The state inside the storage, at the next address that is aligned for it. */
static XXH3_state_t *state_of(const struct lrd_digest_stream *stream)
{
	uintptr_t at = (uintptr_t)stream->opaque;
	uintptr_t align = _Alignof(XXH3_state_t);

	return (XXH3_state_t *)((at + align - 1) / align * align);
}

void lrd_digest_stream_init(struct lrd_digest_stream *stream, uint64_t seed)
{
	memset(stream, 0, sizeof(*stream));
	XXH3_INITSTATE(state_of(stream));
	(void)XXH3_64bits_reset_withSeed(state_of(stream), seed);
}

void lrd_digest_stream_add(struct lrd_digest_stream *stream, const void *bytes, size_t len)
{
	if (len > 0)
		(void)XXH3_64bits_update(state_of(stream), bytes, len);
}

uint64_t lrd_digest_stream_end(const struct lrd_digest_stream *stream)
{
	return XXH3_64bits_digest(state_of(stream));
}
