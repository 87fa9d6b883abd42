/* SPDX-License-Identifier: MIT */
/*
 * fuzz_head.c - any bytes as a head: the same answer whole and byte by byte, and what was read
 * can be written and read again. The first byte chooses request or response.
 */
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/head.h"
#include "tests/fuzz/require.h"

static const struct lrd_head_limits limits = { 200, 1000, 16 };
static const struct lrd_head_limits roomy = { 400, 4000, 16 };

static bool same_fields(const struct lrd_fields *a, const struct lrd_fields *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!lrd_slice_equal(a->at[i].name, b->at[i].name) ||
		    !lrd_slice_equal(a->at[i].value, b->at[i].value))
			return false;
	}
	return true;
}

static bool same(const struct lrd_head *a, const struct lrd_head *b)
{
	return a->status == b->status && lrd_slice_equal(a->reason, b->reason) &&
	       lrd_slice_equal(a->method, b->method) &&
	       lrd_slice_equal(a->target, b->target) &&
	       same_fields(&a->fields, &b->fields);
}

static void check_round_trip(const struct lrd_head *head)
{
	struct lrd_head again;
	struct lrd_buf out;
	int rc;

	lrd_buf_init(&out, 4000, NULL);
	lrd_head_init(&again, head->kind, &roomy, NULL);
	if (head->kind == LRD_HEAD_REQUEST)
		rc = lrd_head_write_request(head->method, head->target,
					    lrd_fields_view(&head->fields), &out);
	else
		rc = lrd_head_write_response(head->status, head->reason,
					     lrd_fields_view(&head->fields), &out);
	fuzz_require(rc == 0, "a head that was read cannot be written");
	fuzz_require(lrd_head_read(&again, lrd_buf_slice(&out)) == (ptrdiff_t)out.len,
		     "a head that was written cannot be read");
	fuzz_require(same(head, &again), "a head differs after writing and reading");
	lrd_head_release(&again);
	lrd_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum lrd_head_kind kind;
	struct lrd_head whole;
	struct lrd_head bytes;
	ptrdiff_t at_once;
	ptrdiff_t piecewise = LRD_PARTIAL;

	if (size == 0)
		return 0;
	kind = data[0] & 1 ? LRD_HEAD_REQUEST : LRD_HEAD_RESPONSE;
	data++;
	size--;
	lrd_head_init(&whole, kind, &limits, NULL);
	lrd_head_init(&bytes, kind, &limits, NULL);
	at_once = lrd_head_read(&whole, lrd_slice_of((const char *)data, size));
	for (size_t len = 0; len <= size && piecewise == LRD_PARTIAL; len++)
		piecewise = lrd_head_read(&bytes, lrd_slice_of((const char *)data, len));
	fuzz_require(at_once == piecewise,
		     "the answer depends on how the bytes were cut");
	if (at_once > 0) {
		fuzz_require((size_t)at_once <= size &&
				     memcmp(data + at_once - 2, "\r\n", 2) == 0,
			     "a head does not end at a line's end");
		fuzz_require(same(&whole, &bytes), "the head depends on how it was cut");
		check_round_trip(&whole);
	}
	lrd_head_release(&whole);
	lrd_head_release(&bytes);
	return 0;
}
