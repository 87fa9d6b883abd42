/* SPDX-License-Identifier: MIT */
/*
 * zstd.c - the zstd coding: frames one after another, windows of at most 8 MiB (RFC 8878,
 * RFC 9659).
 *
 * libzstd's stable interface has no place for an allocator: it uses malloc, and what it holds
 * is counted afterwards.
 */
#include "coding/stage.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "proto/bytes/slice.h"

enum { WINDOW_LOG_MAX = 23 };

struct zstd {
	ZSTD_DCtx *dctx;
	struct lrd_coding_memory *memory;
	size_t counted; /* what of memory->used is ours */
	bool whole;     /* a frame has just ended */
	bool waiting;   /* the last step filled the room: more may come without input */
};

/* Books what the decoder holds now. */
static int count_memory(struct zstd *zstd)
{
	size_t size = ZSTD_sizeof_DCtx(zstd->dctx);

	zstd->memory->used += size;
	zstd->memory->used -= zstd->counted;
	zstd->counted = size;
	if (zstd->memory->used <= zstd->memory->max)
		return 0;
	zstd->memory->passed = true;
	return LARDER_ELIMIT;
}

/* The one translation of libzstd's errors; its texts are static. */
static int failure(size_t result, const char **reason)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return LARDER_ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		*reason = "window above 8 MiB";
		return LARDER_ELIMIT;
	default:
		*reason = ZSTD_getErrorName(result);
		return LARDER_ECODING;
	}
}

static int open_zstd(void *state, struct lrd_coding_memory *memory)
{
	struct zstd *zstd = state;
	const char *reason;
	size_t result;

	zstd->memory = memory;
	zstd->dctx = ZSTD_createDCtx();
	if (!zstd->dctx)
		return LARDER_ENOMEM;
	result = ZSTD_DCtx_setParameter(zstd->dctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	if (ZSTD_isError(result))
		return failure(result, &reason);
	return count_memory(zstd);
}

static int step_zstd(void *state, larder_slice *in, char *out, size_t room,
		     size_t *produced, const char **reason)
{
	struct zstd *zstd = state;
	ZSTD_inBuffer input = { in->ptr, in->len, 0 };
	ZSTD_outBuffer output = { out, room, 0 };
	size_t result;

	*produced = 0;
	/* libzstd takes repeated calls that cannot progress for a bug. */
	if (in->len == 0 && !zstd->waiting)
		return 0;
	do {
		result = ZSTD_decompressStream(zstd->dctx, &output, &input);
		if (ZSTD_isError(result))
			return failure(result, reason);
		zstd->whole = result == 0;
	} while (input.pos < input.size && output.pos < output.size);
	zstd->waiting = output.pos == output.size && !zstd->whole;
	*produced = output.pos;
	*in = lrd_slice_skip(*in, input.pos);
	return count_memory(zstd);
}

static bool complete_zstd(const void *state)
{
	const struct zstd *zstd = state;

	return zstd->whole;
}

static void close_zstd(void *state)
{
	struct zstd *zstd = state;

	(void)ZSTD_freeDCtx(zstd->dctx);
	if (zstd->memory)
		zstd->memory->used -= zstd->counted;
	zstd->dctx = NULL;
	zstd->counted = 0;
}

const struct lrd_codec lrd_codec_zstd = {
	.name = "zstd",
	.state_size = sizeof(struct zstd),
	.open = open_zstd,
	.step = step_zstd,
	.complete = complete_zstd,
	.close = close_zstd,
};
