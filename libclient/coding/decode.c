/* SPDX-License-Identifier: MIT */
/* decode.c - a whole body decoded at once. */
#include "coding/decoder.h"

enum { ROOM_BYTES = 16 * 1024 };

/* Room for the next piece of output; ELIMIT when `out` is full and more comes. */
static int make_room(struct lrd_buf *out, size_t *room)
{
	size_t left = out->max - out->len;
	int rc;

	rc = lrd_buf_reserve(out, left < ROOM_BYTES ? left : ROOM_BYTES);
	if (rc < 0)
		return rc;
	*room = lrd_buf_room(out);
	return 0;
}

static int run(struct lrd_decoder *decoder, larder_slice coded, struct lrd_buf *out)
{
	size_t produced;
	size_t room;
	char beyond;
	int rc;

	for (;;) {
		rc = make_room(out, &room);
		if (rc < 0)
			return rc;
		if (room > 0) {
			rc = lrd_decoder_push(decoder, &coded, out->ptr + out->len, room,
					      &produced);
			if (rc < 0)
				return rc;
			lrd_buf_commit(out, produced);
		} else {
			/* Full: right only if nothing is left to come. */
			rc = lrd_decoder_push(decoder, &coded, &beyond, 1, &produced);
			if (rc < 0)
				return rc;
			if (produced > 0)
				return LARDER_ELIMIT;
		}
		if (coded.len == 0 && produced < (room ? room : 1))
			return lrd_decoder_finish(decoder);
	}
}

int lrd_decode(const struct lrd_codings *codings, const struct lrd_coding_limits *limits,
	       const larder_allocator *mem, larder_slice coded, struct lrd_buf *out)
{
	struct lrd_decoder *decoder = NULL;
	size_t start = out->len;
	int rc;

	rc = lrd_decoder_new(codings, limits, mem, &decoder);
	if (rc == 0)
		rc = run(decoder, coded, out);
	if (rc < 0)
		lrd_buf_truncate(out, start);
	lrd_decoder_free(decoder);
	return rc;
}
