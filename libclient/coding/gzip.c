/* SPDX-License-Identifier: MIT */
/*
 * gzip.c - the gzip coding: every member of the file, then nothing but zero bytes (RFC 1952).
 *
 *	MEMBER --end of data--> BETWEEN --another byte--> MEMBER
 *	                        BETWEEN --zero--> PADDING --zero--> PADDING
 *
 * Padding is what tapes and some servers add; anything else behind a member is false data.
 */
#include "coding/stage.h"
#include "coding/zstream.h"

#include "proto/bytes/slice.h"

enum where { MEMBER, BETWEEN, PADDING };

struct gzip {
	struct lrd_zstream z;
	enum where where;
};

static int open_gzip(void *state, struct lrd_coding_memory *memory)
{
	struct gzip *gzip = state;

	return lrd_zstream_open(&gzip->z, memory, LRD_ZSTREAM_GZIP);
}

static int between(struct gzip *gzip, char next)
{
	if (next == '\0') {
		gzip->where = PADDING;
		return 0;
	}
	gzip->where = MEMBER;
	return lrd_zstream_reset(&gzip->z);
}

static int skip_padding(larder_slice *in, const char **reason)
{
	size_t zeros = 0;

	while (zeros < in->len && in->ptr[zeros] == '\0')
		zeros++;
	*in = lrd_slice_skip(*in, zeros);
	if (in->len == 0)
		return 0;
	*reason = "bytes after the padding";
	return LARDER_ECODING;
}

static int step_gzip(void *state, larder_slice *in, char *out, size_t room,
		     size_t *produced, const char **reason)
{
	struct gzip *gzip = state;
	int rc;

	*produced = 0;
	do {
		if (gzip->where == BETWEEN && in->len > 0) {
			rc = between(gzip, in->ptr[0]);
			if (rc < 0)
				return rc;
		}
		if (gzip->where == PADDING)
			return skip_padding(in, reason);
		if (gzip->where == BETWEEN)
			return 0;
		rc = lrd_zstream_step(&gzip->z, in, out, room, produced, reason);
		if (rc < 0)
			return rc;
		if (rc > 0)
			gzip->where = BETWEEN;
	} while (in->len > 0 && *produced == 0);
	return 0;
}

static bool complete_gzip(const void *state)
{
	const struct gzip *gzip = state;

	return gzip->where != MEMBER;
}

static void close_gzip(void *state)
{
	struct gzip *gzip = state;

	lrd_zstream_close(&gzip->z);
}

const struct lrd_codec lrd_codec_gzip = {
	.name = "gzip",
	.state_size = sizeof(struct gzip),
	.open = open_gzip,
	.step = step_gzip,
	.complete = complete_gzip,
	.close = close_gzip,
};
