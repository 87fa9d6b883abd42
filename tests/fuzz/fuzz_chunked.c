/* SPDX-License-Identifier: MIT */
/*
 * fuzz_chunked.c - any bytes as a chunked body: the same body, trailers, end and fault whole and
 * byte by byte; what was decoded can be encoded and decoded again.
 */
#include "proto/bytes/slice.h"
#include "proto/http/chunked.h"
#include "tests/fuzz/require.h"

static const struct lrd_chunked_limits limits = { 40, 60, 200, 6 };

struct outcome {
	int rc;
	bool done;
	size_t used;
	struct lrd_buf body;
	struct lrd_fields trailers;
};

static void decode(larder_slice in, size_t step, struct outcome *out)
{
	struct lrd_chunked chunked;
	larder_slice piece;

	*out = (struct outcome){ 0 };
	lrd_buf_init(&out->body, 1 << 20, NULL);
	lrd_fields_init(&out->trailers, 4000, 16, NULL);
	lrd_chunked_init(&chunked, &limits, &out->trailers, NULL);
	while (out->used < in.len && !lrd_chunked_done(&chunked)) {
		larder_slice part = lrd_slice_first(lrd_slice_skip(in, out->used), step);
		ptrdiff_t n = lrd_chunked_read(&chunked, part, &piece);

		if (n < 0) {
			out->rc = (int)n;
			break;
		}
		fuzz_require(n > 0 && (size_t)n <= part.len, "a read takes nothing");
		fuzz_require(lrd_buf_append_slice(&out->body, piece) == 0,
			     "the body grew");
		out->used += (size_t)n;
	}
	out->done = lrd_chunked_done(&chunked);
	lrd_chunked_release(&chunked);
}

static void release(struct outcome *out)
{
	lrd_buf_release(&out->body);
	lrd_fields_release(&out->trailers);
}

static bool same_fields(const struct lrd_fields *a, const struct lrd_fields *b)
{
	for (size_t i = 0; i < a->count && a->count == b->count; i++) {
		if (!lrd_slice_equal(a->at[i].name, b->at[i].name) ||
		    !lrd_slice_equal(a->at[i].value, b->at[i].value))
			return false;
	}
	return a->count == b->count;
}

static void check_round_trip(const struct outcome *first)
{
	struct outcome again;
	struct lrd_buf out;

	lrd_buf_init(&out, 1 << 20, NULL);
	if (first->body.len > 0)
		fuzz_require(lrd_chunked_write_head(first->body.len, &out) == 0 &&
				     lrd_buf_append_slice(
					     &out, lrd_buf_slice(&first->body)) == 0 &&
				     lrd_buf_append_cstr(&out, LRD_CHUNKED_TAIL) == 0,
			     "a body cannot be encoded");
	fuzz_require(lrd_chunked_write_end(lrd_fields_view(&first->trailers), &out) == 0,
		     "trailers that were kept cannot be sent");
	decode(lrd_buf_slice(&out), SIZE_MAX, &again);
	/* A blank is written behind each colon: the limits may be passed then. */
	if (again.rc != LARDER_ELIMIT)
		fuzz_require(again.done && again.used == out.len &&
				     lrd_slice_equal(lrd_buf_slice(&first->body),
						     lrd_buf_slice(&again.body)) &&
				     same_fields(&first->trailers, &again.trailers),
			     "a body differs after encoding and decoding");
	release(&again);
	lrd_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_slice in = lrd_slice_of((const char *)data, size);
	struct outcome whole;
	struct outcome bytes;

	decode(in, SIZE_MAX, &whole);
	decode(in, 1, &bytes);
	fuzz_require(whole.rc == bytes.rc && whole.done == bytes.done,
		     "the answer depends on how the bytes were cut");
	if (whole.rc == 0)
		fuzz_require(whole.used == bytes.used &&
				     lrd_slice_equal(lrd_buf_slice(&whole.body),
						     lrd_buf_slice(&bytes.body)) &&
				     same_fields(&whole.trailers, &bytes.trailers),
			     "the body depends on how it was cut");
	if (whole.done)
		check_round_trip(&whole);
	release(&whole);
	release(&bytes);
	return 0;
}
