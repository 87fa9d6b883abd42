/* SPDX-License-Identifier: MIT */
/*
 * brotli.c - the br coding (RFC 7932).
 *
 * The window is 16 MiB at most (large windows stay off), and the decoder takes what it needs
 * of it through our count.
 */
#include "coding/stage.h"

#include <brotli/decode.h>

#include "proto/bytes/slice.h"

struct brotli {
	BrotliDecoderState *decoder;
	struct lrd_coding_memory *memory;
};

static void *allocate(void *opaque, size_t size)
{
	return lrd_coding_alloc(opaque, size);
}

static void release(void *opaque, void *ptr)
{
	lrd_coding_free(opaque, ptr);
}

static int open_brotli(void *state, struct lrd_coding_memory *memory)
{
	struct brotli *brotli = state;

	brotli->memory = memory;
	brotli->decoder = BrotliDecoderCreateInstance(allocate, release, memory);
	return brotli->decoder ? 0 : lrd_coding_no_memory(memory);
}

/* The one translation of brotli's errors; its texts are static. */
static int failure(const struct brotli *brotli, const char **reason)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(brotli->decoder);

	if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	    code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
		return lrd_coding_no_memory(brotli->memory);
	*reason = BrotliDecoderErrorString(code);
	return LARDER_ECODING;
}

static int step_brotli(void *state, larder_slice *in, char *out, size_t room,
		       size_t *produced, const char **reason)
{
	struct brotli *brotli = state;
	size_t avail_in = in->len;
	size_t avail_out = room;
	const uint8_t *next_in = (const uint8_t *)in->ptr;
	uint8_t *next_out = (uint8_t *)out;
	BrotliDecoderResult result;

	*produced = 0;
	result = BrotliDecoderDecompressStream(brotli->decoder, &avail_in, &next_in,
					       &avail_out, &next_out, NULL);
	if (result == BROTLI_DECODER_RESULT_ERROR)
		return failure(brotli, reason);
	*produced = room - avail_out;
	*in = lrd_slice_skip(*in, in->len - avail_in);
	if (result == BROTLI_DECODER_RESULT_SUCCESS && in->len > 0) {
		*reason = "bytes after the end";
		return LARDER_ECODING;
	}
	return 0;
}

static bool complete_brotli(const void *state)
{
	const struct brotli *brotli = state;

	return BrotliDecoderIsFinished(brotli->decoder);
}

static void close_brotli(void *state)
{
	struct brotli *brotli = state;

	BrotliDecoderDestroyInstance(brotli->decoder);
	brotli->decoder = NULL;
}

const struct lrd_codec lrd_codec_brotli = {
	.name = "br",
	.state_size = sizeof(struct brotli),
	.open = open_brotli,
	.step = step_brotli,
	.complete = complete_brotli,
	.close = close_brotli,
};
