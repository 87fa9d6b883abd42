/* SPDX-License-Identifier: MIT */
/*
 * body.h - how far a response body has come, and which of the bytes that arrive belong to it.
 *
 * Feeds on slices and never touches a socket:
 *	lrd_body_begin(&body, &framing, limits..., mem);
 *	while (!body.ended) {
 *		n = lrd_body_take(&body, in, &piece);	n bytes of `in` are used up
 *		... `piece` is content ...
 *		at the connection's clean end: lrd_body_close(&body)
 *	}
 *	lrd_body_release(&body);
 */
#ifndef LRD_SESSION_BODY_H
#define LRD_SESSION_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/http/chunked.h"
#include "proto/http/fields.h"
#include "proto/http/framing.h"

struct lrd_body_limits {
	uint64_t max_bytes; /* 0: none */
	size_t max_trailer_bytes;
	size_t max_trailer_fields;
};

struct lrd_body {
	struct lrd_framing framing; /* read */
	uint64_t received;          /* read: content bytes so far */
	bool ended;                 /* read: the framing proved the end */
	struct lrd_fields trailers; /* read, once ended: those that may stand there */

	/* private */
	uint64_t max_bytes;
	uint64_t left; /* of LRD_BODY_LENGTH */
	struct lrd_chunked chunked;
};

/* A body without content has ended at once. Allocates nothing. */
void lrd_body_begin(struct lrd_body *body, const struct lrd_framing *framing,
		    const struct lrd_body_limits *limits, const larder_allocator *mem);
void lrd_body_release(struct lrd_body *body);

/*
 * How many of the first bytes of `in` belong to the body; *piece is the content among them.
 * Never takes a byte past the end. EPROTO (chunks that are none), ELIMIT, ENOMEM: final.
 */
LARDER_MUST_USE ptrdiff_t lrd_body_take(struct lrd_body *body, larder_slice in,
					larder_slice *piece);

/*
 * How many of the next bytes are content whatever they hold, so that they may be read to
 * where they are wanted; 0 when only lrd_body_take() can tell.
 */
uint64_t lrd_body_plain(const struct lrd_body *body);
/* `count` such bytes came. ELIMIT. */
LARDER_MUST_USE int lrd_body_count(struct lrd_body *body, size_t count);

/* The connection ended in order: is that the end of this body? ETRUNCATED. */
LARDER_MUST_USE int lrd_body_close(struct lrd_body *body);

/* Its length where the framing tells it beforehand, else -1. */
int64_t lrd_body_length(const struct lrd_body *body);

#endif
