/* SPDX-License-Identifier: MIT */
/*
 * fuzz_framing.c - any fields as framing: a body has one length or is refused, and nothing over
 * which two readers could disagree leaves the connection usable. The first two bytes choose
 * method, version and status.
 */
#include "proto/bytes/slice.h"
#include "proto/http/framing.h"
#include "tests/fuzz/require.h"

enum { LINES = 8 };

static const larder_slice methods[4] = { LRD_SLICE_INIT("GET"), LRD_SLICE_INIT("HEAD"),
					 LRD_SLICE_INIT("CONNECT"),
					 LRD_SLICE_INIT("POST") };
static const int statuses[8] = { 200, 100, 101, 204, 206, 304, 404, 500 };

static void check_response(larder_slice method, int minor, int status,
			   struct lrd_field_view view)
{
	struct lrd_framing framing = { .length = 77 };
	size_t lengths = lrd_view_count(view, LRD_SLICE("Content-Length"));
	bool coded = lrd_view_has(view, LRD_SLICE("Transfer-Encoding"));

	if (lrd_framing_response(method, minor, status, view, &framing) < 0) {
		fuzz_require(framing.length == 77, "a refusal wrote an answer");
		fuzz_require(lengths + coded > 0, "refused without any framing field");
		return;
	}
	fuzz_require(framing.length <= INT64_MAX, "a length too large");
	fuzz_require(framing.length == 0 || framing.kind == LRD_BODY_LENGTH,
		     "a stray length");
	if (lengths > 1 || (lengths > 0 && coded) || !lrd_framing_persistent(minor, view) ||
	    framing.kind == LRD_BODY_UNTIL_CLOSE || framing.kind == LRD_BODY_TUNNEL)
		fuzz_require(!framing.reusable, "a doubtful connection is reused");
	if (status < 200 || status == 204 || status == 304 ||
	    lrd_slice_equal(method, LRD_SLICE("HEAD")))
		fuzz_require(framing.kind == LRD_BODY_NONE ||
				     framing.kind == LRD_BODY_TUNNEL,
			     "a body where none may be");
	else if (framing.kind == LRD_BODY_LENGTH)
		fuzz_require(lengths == 1 && !coded, "a length beside a coding");
}

static void check_request(int minor, struct lrd_field_view view)
{
	struct lrd_framing framing;

	if (lrd_framing_request(minor, view, &framing) < 0)
		return;
	fuzz_require(framing.kind == LRD_BODY_NONE || framing.kind == LRD_BODY_LENGTH ||
			     framing.kind == LRD_BODY_CHUNKED,
		     "a request without an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_field at[LINES];
	larder_slice rest;
	larder_slice line;
	size_t count = 0;

	if (size < 2)
		return 0;
	rest = lrd_slice_of((const char *)data + 2, size - 2);
	while (count < LINES && lrd_slice_split(&rest, '\n', &line)) {
		if (lrd_slice_cut(line, ':', &at[count].name, &at[count].value)) {
			at[count].value = lrd_slice_trim(at[count].value);
			count++;
		}
	}
	check_response(methods[data[0] & 3], data[0] >> 2 & 1, statuses[data[1] & 7],
		       lrd_view_of(at, count));
	check_request(data[0] >> 2 & 1, lrd_view_of(at, count));
	return 0;
}
