/* SPDX-License-Identifier: MIT */
/* body.c - how far a response body has come, and which of the bytes that arrive belong to it. */
#include "session/body.h"

#include <string.h>

#include "proto/bytes/slice.h"

enum {
	CHUNK_LINE_MAX = 4096,
	CHUNK_EXTENSION_MAX = 64 * 1024 /* of one body: nobody has a use for them */
};

void lrd_body_begin(struct lrd_body *body, const struct lrd_framing *framing,
		    const struct lrd_body_limits *limits, const larder_allocator *mem)
{
	struct lrd_chunked_limits chunked = {
		.max_line = CHUNK_LINE_MAX,
		.max_extension_bytes = CHUNK_EXTENSION_MAX,
		.max_trailer_bytes = limits->max_trailer_bytes,
		.max_trailer_fields = limits->max_trailer_fields,
	};

	body->framing = *framing;
	body->received = 0;
	body->max_bytes = limits->max_bytes;
	body->left = framing->kind == LRD_BODY_LENGTH ? framing->length : 0;
	body->ended = framing->kind == LRD_BODY_NONE ||
		      (framing->kind == LRD_BODY_LENGTH && framing->length == 0);
	lrd_fields_init(&body->trailers, limits->max_trailer_bytes,
			limits->max_trailer_fields, mem);
	lrd_chunked_init(&body->chunked, &chunked, &body->trailers, mem);
}

void lrd_body_release(struct lrd_body *body)
{
	lrd_chunked_release(&body->chunked);
	lrd_fields_release(&body->trailers);
}

int lrd_body_count(struct lrd_body *body, size_t count)
{
	body->received += count;
	if (body->max_bytes && body->received > body->max_bytes)
		return LARDER_ELIMIT;
	if (body->framing.kind == LRD_BODY_LENGTH) {
		body->left -= count;
		body->ended = body->left == 0;
	}
	return 0;
}

ptrdiff_t lrd_body_take(struct lrd_body *body, larder_slice in, larder_slice *piece)
{
	ptrdiff_t taken;
	int rc;

	*piece = lrd_slice_of(in.ptr, 0);
	/* A length known to be too much is refused before its first byte. */
	if (body->max_bytes && body->framing.kind == LRD_BODY_LENGTH &&
	    body->framing.length > body->max_bytes)
		return LARDER_ELIMIT;
	switch (body->framing.kind) {
	case LRD_BODY_LENGTH:
		if (in.len > body->left)
			in.len = (size_t)body->left;
		taken = (ptrdiff_t)in.len;
		*piece = in;
		break;
	case LRD_BODY_UNTIL_CLOSE:
		taken = (ptrdiff_t)in.len;
		*piece = in;
		break;
	case LRD_BODY_CHUNKED:
		taken = lrd_chunked_read(&body->chunked, in, piece);
		if (taken < 0)
			return taken;
		body->ended = lrd_chunked_done(&body->chunked);
		break;
	default:
		taken = 0;
		break;
	}
	rc = lrd_body_count(body, piece->len);
	return rc < 0 ? rc : taken;
}

uint64_t lrd_body_plain(const struct lrd_body *body)
{
	switch (body->framing.kind) {
	case LRD_BODY_LENGTH:
		if (body->max_bytes && body->framing.length > body->max_bytes)
			return 0;
		return body->left;
	case LRD_BODY_UNTIL_CLOSE:
		return UINT64_MAX;
	default:
		return 0;
	}
}

int lrd_body_close(struct lrd_body *body)
{
	if (body->ended)
		return 0;
	if (body->framing.kind != LRD_BODY_UNTIL_CLOSE)
		return LARDER_ETRUNCATED;
	body->ended = true;
	return 0;
}

int64_t lrd_body_length(const struct lrd_body *body)
{
	switch (body->framing.kind) {
	case LRD_BODY_NONE:
		return 0;
	case LRD_BODY_LENGTH:
		return (int64_t)body->framing.length;
	default:
		return -1;
	}
}
