/* SPDX-License-Identifier: MIT */
/*
 * fuzz_coding.c - content codings: limits hold, and a body decodes the same however it is cut.
 *
 * The first byte picks the codings, the second the cut; the rest is the body.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coding/decoder.h"
#include "proto/bytes/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 1 << 20 };

static const char *const stacks[] = {
	"gzip",          "deflate",       "br",       "zstd",
	"gzip, deflate", "deflate, gzip", "br, gzip", "gzip, zstd",
};

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_coding: %s\n", what);
	abort();
}

/* Feeds pieces of `cut` bytes into small output; what came out is appended. */
static int decode_cut(const struct lrd_codings *codings,
		      const struct lrd_coding_limits *limits, larder_slice body,
		      size_t cut, struct lrd_buf *out)
{
	struct lrd_decoder *decoder = NULL;
	char room[777];
	int rc;

	rc = lrd_decoder_new(codings, limits, NULL, &decoder);
	while (rc == 0 && body.len > 0) {
		larder_slice piece = lrd_slice_first(body, cut);
		size_t produced;

		body = lrd_slice_skip(body, piece.len);
		do {
			rc = lrd_decoder_push(decoder, &piece, room, sizeof(room),
					      &produced);
			require(rc == 0 || produced == 0, "output with an error");
			require(lrd_buf_append(out, room, produced) == 0,
				"more than the limit");
		} while (rc == 0 && (piece.len > 0 || produced == sizeof(room)));
	}
	if (rc == 0)
		rc = lrd_decoder_finish(decoder);
	lrd_decoder_free(decoder);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lrd_coding_limits limits = { .max_output_bytes = OUTPUT_MAX };
	struct lrd_codings codings;
	struct lrd_buf whole;
	struct lrd_buf cut;
	larder_slice body;
	int rc;
	int rc_cut;

	if (size < 2 || size > 100000)
		return 0;
	body = lrd_slice_of((const char *)data + 2, size - 2);
	rc = lrd_codings_read_value(
		lrd_slice_cstr(stacks[data[0] % (sizeof(stacks) / sizeof(stacks[0]))]),
		&codings);
	require(rc == 0, "a known stack is not read");
	if (codings.foreign.ptr)
		return 0;
	lrd_buf_init(&whole, OUTPUT_MAX, NULL);
	lrd_buf_init(&cut, OUTPUT_MAX, NULL);
	rc = lrd_decode(&codings, &limits, NULL, body, &whole);
	rc_cut = decode_cut(&codings, &limits, body, (size_t)data[1] + 1, &cut);
	require((rc == 0) == (rc_cut == 0), "a cut changes the verdict");
	if (rc == 0)
		require(lrd_slice_equal(lrd_buf_slice(&whole), lrd_buf_slice(&cut)),
			"a cut changes the body");
	lrd_buf_release(&whole);
	lrd_buf_release(&cut);
	return 0;
}
