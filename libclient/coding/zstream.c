/* SPDX-License-Identifier: MIT */
/* zstream.c - zlib's inflate behind a codec's step. */
#include "coding/zstream.h"

#include <limits.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

static void *allocate(void *opaque, unsigned count, unsigned size)
{
	size_t bytes;

	if (!lrd_size_mul(count, size, &bytes))
		return NULL;
	return lrd_coding_alloc(opaque, bytes);
}

static void release(void *opaque, void *ptr)
{
	lrd_coding_free(opaque, ptr);
}

/* zlib's results as ours; 1 is the end of the data. */
static int translate(const struct lrd_zstream *z, int result, const char **reason)
{
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR: /* no progress was possible: more input, or more room */
		return 0;
	case Z_STREAM_END:
		return 1;
	case Z_MEM_ERROR:
		return lrd_coding_no_memory(z->memory);
	case Z_NEED_DICT:
		*reason = "wants a dictionary";
		return LARDER_ECODING;
	case Z_DATA_ERROR:
		*reason = z->strm.msg;
		return LARDER_ECODING;
	default:
		return LARDER_EINVAL;
	}
}

int lrd_zstream_open(struct lrd_zstream *z, struct lrd_coding_memory *memory,
		     int window_bits)
{
	const char *reason = NULL;
	int rc;

	z->memory = memory;
	z->strm = (z_stream){ .zalloc = allocate, .zfree = release, .opaque = memory };
	rc = translate(z, inflateInit2(&z->strm, window_bits), &reason);
	z->open = rc == 0;
	return rc;
}

void lrd_zstream_close(struct lrd_zstream *z)
{
	if (z->open)
		(void)inflateEnd(&z->strm);
	z->open = false;
}

int lrd_zstream_step(struct lrd_zstream *z, larder_slice *in, char *out, size_t room,
		     size_t *produced, const char **reason)
{
	/* zlib counts in unsigned int: what is larger goes in several steps. */
	unsigned avail_in = in->len < UINT_MAX ? (unsigned)in->len : UINT_MAX;
	unsigned avail_out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
	int rc;

	z->strm.next_in = (z_const Bytef *)in->ptr;
	z->strm.avail_in = avail_in;
	z->strm.next_out = (Bytef *)out;
	z->strm.avail_out = avail_out;
	/* zlib refuses a NULL pointer even with nothing to read. */
	if (avail_in == 0)
		z->strm.next_in = (z_const Bytef *)"";
	rc = translate(z, inflate(&z->strm, Z_NO_FLUSH), reason);
	*produced = avail_out - z->strm.avail_out;
	*in = lrd_slice_skip(*in, avail_in - z->strm.avail_in);
	return rc;
}

int lrd_zstream_reset(struct lrd_zstream *z)
{
	return inflateReset(&z->strm) == Z_OK ? 0 : LARDER_EINVAL;
}
