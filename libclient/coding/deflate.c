/* SPDX-License-Identifier: MIT */
/*
 * deflate.c - the deflate coding: zlib's container (RFC 1950), or the bare data (RFC 1951)
 * that many servers send under this name.
 *
 * The first two bytes tell them apart without doubt: a zlib header has 8 in its low four
 * bits, which in bare data would open a stored block with padding bits that nobody sets.
 */
#include "coding/stage.h"
#include "coding/zstream.h"

#include <string.h>

#include "proto/bytes/slice.h"

enum { HEADER_LEN = 2 };

struct deflate {
	struct lrd_zstream z;
	struct lrd_coding_memory *memory;
	unsigned char header[HEADER_LEN];
	size_t header_len; /* bytes held back so far */
	size_t header_fed; /* of them, how many zlib took */
	bool ended;
};

static int open_deflate(void *state, struct lrd_coding_memory *memory)
{
	struct deflate *deflate = state;

	deflate->memory = memory;
	return 0;
}

static bool is_zlib(const unsigned char header[HEADER_LEN])
{
	return (header[0] & 0x0f) == Z_DEFLATED && header[0] >> 4 <= 7 &&
	       (header[0] * 256 + header[1]) % 31 == 0;
}

/* Holds bytes back until the container is known. */
static int detect(struct deflate *deflate, larder_slice *in)
{
	while (deflate->header_len < HEADER_LEN && in->len > 0) {
		deflate->header[deflate->header_len++] = (unsigned char)in->ptr[0];
		*in = lrd_slice_skip(*in, 1);
	}
	if (deflate->header_len < HEADER_LEN)
		return 0;
	return lrd_zstream_open(&deflate->z, deflate->memory,
				is_zlib(deflate->header) ? LRD_ZSTREAM_ZLIB
							 : LRD_ZSTREAM_RAW);
}

static int step_deflate(void *state, larder_slice *in, char *out, size_t room,
			size_t *produced, const char **reason)
{
	struct deflate *deflate = state;
	int rc;

	*produced = 0;
	if (deflate->header_len < HEADER_LEN) {
		rc = detect(deflate, in);
		if (rc < 0 || deflate->header_len < HEADER_LEN)
			return rc;
	}
	if (deflate->header_fed < HEADER_LEN && !deflate->ended) {
		larder_slice header =
			lrd_slice_of((const char *)deflate->header, HEADER_LEN);
		larder_slice rest = lrd_slice_skip(header, deflate->header_fed);

		rc = lrd_zstream_step(&deflate->z, &rest, out, room, produced, reason);
		if (rc < 0)
			return rc;
		deflate->header_fed = HEADER_LEN - rest.len;
		deflate->ended = rc > 0;
		if (*produced > 0)
			return 0;
	}
	if (!deflate->ended) {
		rc = lrd_zstream_step(&deflate->z, in, out, room, produced, reason);
		if (rc < 0)
			return rc;
		deflate->ended = rc > 0;
	}
	if (deflate->ended && (in->len > 0 || deflate->header_fed < HEADER_LEN)) {
		*reason = "bytes after the end";
		return LARDER_ECODING;
	}
	return 0;
}

static bool complete_deflate(const void *state)
{
	const struct deflate *deflate = state;

	return deflate->ended;
}

static void close_deflate(void *state)
{
	struct deflate *deflate = state;

	lrd_zstream_close(&deflate->z);
}

const struct lrd_codec lrd_codec_deflate = {
	.name = "deflate",
	.state_size = sizeof(struct deflate),
	.open = open_deflate,
	.step = step_deflate,
	.complete = complete_deflate,
	.close = close_deflate,
};
