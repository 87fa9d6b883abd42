/* SPDX-License-Identifier: MIT */
/* zstream.h - zlib's inflate with our allocator, and the one translation of its results. */
#ifndef LRD_CODING_ZSTREAM_H
#define LRD_CODING_ZSTREAM_H

#include <stddef.h>

#include <zlib.h>

#include "coding/stage.h"

/* windowBits of inflateInit2(): the container that zlib reads around the data. */
enum {
	LRD_ZSTREAM_RAW = -MAX_WBITS,
	LRD_ZSTREAM_ZLIB = MAX_WBITS,
	LRD_ZSTREAM_GZIP = 16 + MAX_WBITS,
};

struct lrd_zstream {
	z_stream strm;
	struct lrd_coding_memory *memory;
	bool open;
};

LARDER_MUST_USE int lrd_zstream_open(struct lrd_zstream *z,
				     struct lrd_coding_memory *memory, int window_bits);
void lrd_zstream_close(struct lrd_zstream *z); /* after a failed open too */

/* As a codec's step; 1 when the data ended, with what stands behind it left in *in. */
LARDER_MUST_USE int lrd_zstream_step(struct lrd_zstream *z, larder_slice *in, char *out,
				     size_t room, size_t *produced, const char **reason);

/* Ready for another container of the same kind. */
LARDER_MUST_USE int lrd_zstream_reset(struct lrd_zstream *z);

#endif
