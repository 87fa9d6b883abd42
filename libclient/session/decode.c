/* SPDX-License-Identifier: MIT */
/* decode.c - the content codings of a response, taken off as its body is read. */
#include "session/decode.h"

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"

int lrd_decoding_begin(struct lrd_decoding *decoding, struct lrd_field_view fields,
		       larder_slice whole, const struct lrd_coding_limits *limits,
		       const larder_allocator *mem)
{
	struct lrd_codings codings;
	int rc = lrd_codings_read(fields, &codings);

	if (rc < 0 || codings.count == 0)
		return rc;
	rc = lrd_decoder_new(&codings, limits, mem, &decoding->decoder);
	if (rc < 0)
		return rc;
	if (whole.ptr) {
		decoding->pending = whole;
		decoding->exhausted = true;
	} else {
		decoding->in = lrd_alloc(mem, LRD_DECODE_IN);
		if (!decoding->in) {
			lrd_decoding_release(decoding, mem);
			return LARDER_ENOMEM;
		}
	}
	decoding->on = true;
	return 0;
}

void lrd_decoding_release(struct lrd_decoding *decoding, const larder_allocator *mem)
{
	lrd_decoder_free(decoding->decoder);
	lrd_alloc_free(mem, decoding->in);
	*decoding = (struct lrd_decoding){ .on = false };
}

static ptrdiff_t fail(struct lrd_decoding *decoding, int rc)
{
	decoding->rc = rc;
	return rc;
}

ptrdiff_t lrd_decoding_read(struct lrd_decoding *decoding, void *buf, size_t len,
			    lrd_decode_source *source, void *ctx)
{
	size_t produced = 0;
	ptrdiff_t got;
	int rc;

	if (decoding->rc < 0)
		return decoding->rc;
	if (decoding->ended)
		return 0;
	for (;;) {
		rc = lrd_decoder_push(decoding->decoder, &decoding->pending, buf, len,
				      &produced);
		if (rc < 0)
			return fail(decoding, rc);
		if (produced)
			return (ptrdiff_t)produced;
		if (decoding->exhausted)
			break;
		got = source(decoding->in, LRD_DECODE_IN, ctx);
		if (got < 0)
			return fail(decoding, (int)got);
		decoding->exhausted = got == 0;
		decoding->pending = lrd_slice_of(decoding->in, (size_t)got);
	}
	rc = lrd_decoder_finish(decoding->decoder);
	if (rc < 0)
		return fail(decoding, rc);
	decoding->ended = true;
	return 0;
}

const char *lrd_decoding_reason(const struct lrd_decoding *decoding)
{
	return decoding->decoder ? lrd_decoder_reason(decoding->decoder) : "";
}
