/* SPDX-License-Identifier: MIT */
/*
 * decoder.h - takes content codings off a body that arrives piece by piece.
 *
 * Pure: coded bytes in, decoded bytes out, memory and output bounded.
 *
 *	lrd_codings_read(fields, &codings);
 *	lrd_decoder_new(&codings, NULL, mem, &decoder);
 *	for each piece of the body:
 *		do {
 *			rc = lrd_decoder_push(decoder, &piece, out, room, &produced);
 *			... use `produced` bytes ...
 *		} while (rc == 0 && (piece.len > 0 || produced == room));
 *	rc = lrd_decoder_finish(decoder);	ECODING: the body was cut or is false
 *	lrd_decoder_free(decoder);
 *
 * Bytes handed out before the failure is known are the true beginning of what was sent only
 * as far as the coding can tell: nothing is whole, and nothing may be kept as whole, before
 * lrd_decoder_finish() returned 0.
 *
 * zlib and brotli allocate through `mem`; zstd by malloc, counted in the same budget.
 */
#ifndef LRD_CODING_DECODER_H
#define LRD_CODING_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "coding/codings.h"
#include "proto/bytes/buf.h"

#define LRD_CODING_UNLIMITED UINT64_MAX

/* Zero takes the default named beside it; LRD_CODING_UNLIMITED switches a limit off. */
struct lrd_coding_limits {
	uint64_t max_output_bytes;  /* none */
	uint64_t max_ratio;         /* 100: output bytes for each coded byte ... */
	uint64_t ratio_floor_bytes; /* 1 MiB: ... once there is as much output as this */
	uint64_t max_memory_bytes; /* 32 MiB: windows and tables of all codings together */
};

/* What httplib2 allows: 10 GiB, and 100 times from 10 MiB on. */
extern const struct lrd_coding_limits lrd_coding_limits_httplib2;

struct lrd_decoder;

/*
 * A decoder for `codings`, which is copied. Without codings it copies bytes. `limits` may be
 * NULL: all defaults. `mem` may be NULL and must outlive the decoder. ENOMEM, ELIMIT.
 */
LARDER_MUST_USE int lrd_decoder_new(const struct lrd_codings *codings,
				    const struct lrd_coding_limits *limits,
				    const larder_allocator *mem, struct lrd_decoder **ret);
void lrd_decoder_free(struct lrd_decoder *decoder); /* accepts NULL */

/*
 * Takes bytes off the front of *in and writes up to `room` decoded ones to `out`; *produced
 * says how many. Returns 0 when all input was taken or `out` is full; a full `out` may mean
 * that more is waiting: call again, also with empty input. Errors, which are final: ECODING,
 * ELIMIT (output, ratio, memory), ENOMEM; *produced is 0 then.
 */
LARDER_MUST_USE int lrd_decoder_push(struct lrd_decoder *decoder, larder_slice *in,
				     char *out, size_t room, size_t *produced);

/*
 * The body has ended: 0 when every coding is whole. No bytes at all are an empty body (RFC
 * 9110 s8.4 promises nothing about it, servers send it). ECODING, or the earlier error.
 */
LARDER_MUST_USE int lrd_decoder_finish(struct lrd_decoder *decoder);

/* What went wrong, one line such as "gzip: incorrect data check"; "" while nothing did. */
const char *lrd_decoder_reason(const struct lrd_decoder *decoder);

/* Decoded bytes given so far. */
uint64_t lrd_decoder_given(const struct lrd_decoder *decoder);

/*
 * Appends the decoding of a whole body. ECODING, ELIMIT (also when `out` is full), ENOMEM;
 * `out` is unchanged on failure. `limits` and `mem` as above.
 */
LARDER_MUST_USE int lrd_decode(const struct lrd_codings *codings,
			       const struct lrd_coding_limits *limits,
			       const larder_allocator *mem, larder_slice coded,
			       struct lrd_buf *out);

#endif
