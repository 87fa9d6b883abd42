/* SPDX-License-Identifier: MIT */
/*
 * decode.h - the content codings of a response, taken off as its body is read.
 *
 * Behind the cache: what is stored is what came over the wire, so that validators stay true
 * and whoever wants the coded bytes can have them.
 */
#ifndef LRD_SESSION_DECODE_H
#define LRD_SESSION_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "coding/decoder.h"

/* Where coded bytes come from: as larder_response_read(). */
typedef ptrdiff_t lrd_decode_source(void *buf, size_t len, void *ctx);

struct lrd_decoding {
	bool on;    /* read: there are codings to take off */
	bool ended; /* read: all of the body was handed out */
	struct lrd_decoder *decoder;
	char *in; /* LRD_DECODE_IN bytes; NULL where the whole body lay in memory */
	larder_slice pending; /* coded bytes not yet taken */
	bool exhausted;       /* the source has ended */
	int rc;               /* sticky */
};

enum { LRD_DECODE_IN = 64 * 1024 };

/*
 * Starts for a response with these fields; `on` stays false where there is nothing that this
 * build can take off. `whole` (ptr NULL: none) is the coded body where it is in memory.
 * ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_decoding_begin(struct lrd_decoding *decoding,
				       struct lrd_field_view fields, larder_slice whole,
				       const struct lrd_coding_limits *limits,
				       const larder_allocator *mem);
void lrd_decoding_release(struct lrd_decoding *decoding, const larder_allocator *mem);

/*
 * Decoded bytes: how many, 0 at the proven end, ECODING, ELIMIT, or what the source returned,
 * the same at each further call.
 */
LARDER_MUST_USE ptrdiff_t lrd_decoding_read(struct lrd_decoding *decoding, void *buf,
					    size_t len, lrd_decode_source *source,
					    void *ctx);

/* Why it failed, for messages; "" where the codings are not to blame. */
const char *lrd_decoding_reason(const struct lrd_decoding *decoding);

#endif
