/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - codecs in a row, pulled from the last one, with limits on each.
 *
 *	wire --> stage 0 --buffer--> stage 1 --buffer--> ... --> caller's buffer
 *
 * Stage 0 takes off the coding that was applied last. Each stage is asked for output; one
 * that has no input left asks the stage before it. Limits hold for every stage, since a bomb
 * may be packed so that only an inner stage sees its size.
 */
#include "coding/decoder.h"

#include <stdio.h>

#include "coding/stage.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"

enum {
	BUFFER_BYTES = 16 * 1024, /* between two stages */
	/*
	 * The ratio is looked at whenever a stage's output passes a multiple of this, so that
	 * the verdict does not depend on how the input was cut or how large the buffer is.
	 */
	RATIO_STEP_BYTES = 64 * 1024,
	REASON_SIZE = 128
};

const struct lrd_coding_limits lrd_coding_limits_httplib2 = {
	.max_output_bytes = 10ull << 30,
	.max_ratio = 100,
	.ratio_floor_bytes = 10 << 20,
};

static const struct lrd_coding_limits defaults = {
	.max_output_bytes = LRD_CODING_UNLIMITED,
	.max_ratio = 100,
	.ratio_floor_bytes = 1 << 20,
	.max_memory_bytes = 32 << 20,
};

struct stage {
	const struct lrd_codec *codec;
	void *state;
	char *buffer;       /* decoded by the stage before; NULL for the first */
	larder_slice coded; /* what of the buffer is left; for the first, of the wire */
	uint64_t taken;     /* coded bytes */
	uint64_t given;     /* decoded bytes */
};

struct lrd_decoder {
	const larder_allocator *mem;
	struct lrd_coding_limits limits;
	struct lrd_coding_memory memory;
	int rc; /* sticky */
	uint64_t taken;
	uint64_t given;
	char reason[REASON_SIZE];
	size_t count;
	struct stage stage[LRD_CODINGS_DEPTH];
};

/* ---- life -------------------------------------------------------------------------------- */

static uint64_t limit_or(uint64_t limit, uint64_t otherwise)
{
	return limit ? limit : otherwise;
}

static void set_limits(struct lrd_coding_limits *limits,
		       const struct lrd_coding_limits *theirs)
{
	static const struct lrd_coding_limits none;

	if (!theirs)
		theirs = &none;
	limits->max_output_bytes =
		limit_or(theirs->max_output_bytes, defaults.max_output_bytes);
	limits->max_ratio = limit_or(theirs->max_ratio, defaults.max_ratio);
	limits->ratio_floor_bytes =
		limit_or(theirs->ratio_floor_bytes, defaults.ratio_floor_bytes);
	limits->max_memory_bytes =
		limit_or(theirs->max_memory_bytes, defaults.max_memory_bytes);
}

static int open_stage(struct lrd_decoder *decoder, const struct lrd_codec *codec)
{
	struct stage *stage = &decoder->stage[decoder->count];

	stage->codec = codec;
	stage->state = lrd_coding_alloc(&decoder->memory, codec->state_size);
	if (!stage->state)
		return lrd_coding_no_memory(&decoder->memory);
	memset(stage->state, 0, codec->state_size);
	/* From here on close() is due, whatever open() says. */
	decoder->count++;
	if (decoder->count > 1) {
		stage->buffer = lrd_coding_alloc(&decoder->memory, BUFFER_BYTES);
		if (!stage->buffer)
			return lrd_coding_no_memory(&decoder->memory);
	}
	return codec->open(stage->state, &decoder->memory);
}

int lrd_decoder_new(const struct lrd_codings *codings,
		    const struct lrd_coding_limits *limits, const larder_allocator *mem,
		    struct lrd_decoder **ret)
{
	struct lrd_decoder *decoder = lrd_alloc_zero(mem, sizeof(*decoder));
	int rc = LARDER_ENOMEM;

	if (!decoder)
		goto out;
	decoder->mem = mem;
	set_limits(&decoder->limits, limits);
	decoder->memory.mem = mem;
	decoder->memory.max = decoder->limits.max_memory_bytes;
	rc = 0;
	/* What was applied last comes off first. */
	for (size_t i = codings->count; i > 0 && rc == 0; i--)
		rc = open_stage(decoder, codings->codec[i - 1]);
	if (rc < 0)
		goto out;
	*ret = decoder;
	decoder = NULL; /* moved to the caller */
out:
	lrd_decoder_free(decoder);
	return rc;
}

void lrd_decoder_free(struct lrd_decoder *decoder)
{
	if (!decoder)
		return;
	for (size_t i = 0; i < decoder->count; i++) {
		struct stage *stage = &decoder->stage[i];

		stage->codec->close(stage->state);
		lrd_coding_free(&decoder->memory, stage->state);
		lrd_coding_free(&decoder->memory, stage->buffer);
	}
	lrd_alloc_free(decoder->mem, decoder);
}

/* ---- decoding ---------------------------------------------------------------------------- */

/* Keeps the failure and its reason for good. */
static int fail(struct lrd_decoder *decoder, int rc, const char *name, const char *reason)
{
	decoder->rc = rc;
	(void)snprintf(decoder->reason, sizeof(decoder->reason), "%s: %s", name,
		       reason ? reason : larder_strerror(rc));
	return rc;
}

/* How much may be written before something has to be looked at again. */
static size_t clamp(const struct lrd_decoder *decoder, uint64_t given, size_t room)
{
	uint64_t step = RATIO_STEP_BYTES - given % RATIO_STEP_BYTES;
	uint64_t left = decoder->limits.max_output_bytes - given;

	if (step < room)
		room = (size_t)step;
	/* One byte more than allowed tells a body that ends there from one that goes on. */
	if (left < room)
		room = (size_t)left + 1;
	return room;
}

static const char *passed_limit(const struct lrd_decoder *decoder, uint64_t given)
{
	const struct lrd_coding_limits *limits = &decoder->limits;

	if (given > limits->max_output_bytes)
		return "more output than allowed";
	if (given % RATIO_STEP_BYTES == 0 && given >= limits->ratio_floor_bytes &&
	    given / limits->max_ratio > decoder->taken)
		return "expands more than allowed";
	return NULL;
}

/* One step of a stage, with what it took and gave booked and judged. */
static int step_stage(struct lrd_decoder *decoder, size_t index, char *out, size_t room,
		      size_t *produced)
{
	struct stage *stage = &decoder->stage[index];
	const char *reason = NULL;
	size_t before = stage->coded.len;
	size_t wrote = 0;
	int rc;

	room = clamp(decoder, stage->given, room);
	rc = stage->codec->step(stage->state, &stage->coded, out, room, &wrote, &reason);
	if (rc < 0)
		return fail(decoder, rc, stage->codec->name, reason);
	stage->taken += before - stage->coded.len;
	if (index == 0)
		decoder->taken = stage->taken;
	if (wrote > 0) {
		stage->given += wrote;
		reason = passed_limit(decoder, stage->given);
		if (reason)
			return fail(decoder, LARDER_ELIMIT, stage->codec->name, reason);
	} else if (before > 0 && stage->coded.len == before) {
		return fail(decoder, LARDER_ECODING, stage->codec->name, "no progress");
	}
	*produced = wrote;
	return 0;
}

/* Fills `out` from a stage as far as the wire's bytes reach. At most five deep. */
static int pull(struct lrd_decoder *decoder, size_t index, char *out, size_t room,
		size_t *produced)
{
	struct stage *stage = &decoder->stage[index];
	size_t wrote = 0;

	while (wrote < room) {
		size_t count = 0;
		int rc = step_stage(decoder, index, out + wrote, room - wrote, &count);

		if (rc < 0)
			return rc;
		wrote += count;
		if (count > 0 || stage->coded.len > 0)
			continue;
		if (index == 0)
			break;
		rc = pull(decoder, index - 1, stage->buffer, BUFFER_BYTES, &count);
		if (rc < 0)
			return rc;
		if (count == 0)
			break;
		stage->coded = lrd_slice_of(stage->buffer, count);
	}
	*produced = wrote;
	return 0;
}

/* Without codings. */
static int copy(struct lrd_decoder *decoder, larder_slice *in, char *out, size_t room,
		size_t *produced)
{
	larder_slice piece = lrd_slice_first(*in, room);

	if (piece.len > decoder->limits.max_output_bytes - decoder->given)
		return fail(decoder, LARDER_ELIMIT, "identity",
			    "more output than allowed");
	if (piece.len > 0)
		memcpy(out, piece.ptr, piece.len);
	*in = lrd_slice_skip(*in, piece.len);
	decoder->taken += piece.len;
	*produced = piece.len;
	return 0;
}

int lrd_decoder_push(struct lrd_decoder *decoder, larder_slice *in, char *out,
		     size_t room, size_t *produced)
{
	int rc = decoder->rc;

	*produced = 0;
	if (rc < 0)
		return rc;
	if (decoder->count == 0) {
		rc = copy(decoder, in, out, room, produced);
	} else {
		decoder->stage[0].coded = *in;
		rc = pull(decoder, decoder->count - 1, out, room, produced);
		*in = decoder->stage[0].coded;
	}
	if (rc == 0)
		decoder->given += *produced;
	return rc;
}

int lrd_decoder_finish(struct lrd_decoder *decoder)
{
	if (decoder->rc < 0)
		return decoder->rc;
	for (size_t i = 0; i < decoder->count; i++) {
		const struct stage *stage = &decoder->stage[i];

		if (stage->taken > 0 && !stage->codec->complete(stage->state))
			return fail(decoder, LARDER_ECODING, stage->codec->name,
				    "ends too early");
	}
	return 0;
}

const char *lrd_decoder_reason(const struct lrd_decoder *decoder)
{
	return decoder->reason;
}

uint64_t lrd_decoder_given(const struct lrd_decoder *decoder)
{
	return decoder->given;
}
