/* SPDX-License-Identifier: MIT */
/* fuzz_head_record.c - heads of stored responses and directories, as another process left them. */
#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "cache/variants.h"
#include "proto/bytes/slice.h"
#include "require.h"

#define REQUIRE(condition) fuzz_require((condition), #condition)

static void within(const uint8_t *data, size_t size, larder_slice slice)
{
	const uint8_t *at = (const uint8_t *)slice.ptr;

	if (slice.len > 0)
		REQUIRE(at >= data && at + slice.len <= data + size);
}

/* What was read is written again and reads the same. */
static void response(const uint8_t *data, size_t size)
{
	static larder_field fields[LRD_RESPONSE_FIELDS];
	struct lrd_response in, again;
	struct lrd_buf buf;
	size_t count;

	if (lrd_response_decode(lrd_slice_of((const char *)data, size), &in) < 0)
		return;
	within(data, size, in.reason);
	within(data, size, in.selecting);
	within(data, size, in.fields);
	if (lrd_fields_decode(in.fields, fields, LRD_RESPONSE_FIELDS, &count) < 0)
		return;
	lrd_buf_init(&buf, 64u << 20, NULL);
	REQUIRE(lrd_response_encode(&in, lrd_view_of(fields, count), &buf) == 0);
	REQUIRE(lrd_response_decode(lrd_buf_slice(&buf), &again) == 0);
	REQUIRE(again.status == in.status && again.fence == in.fence &&
		again.fresh.lifetime_s == in.fresh.lifetime_s &&
		lrd_slice_equal(again.reason, in.reason) &&
		lrd_slice_equal(again.fields, in.fields));
	lrd_buf_release(&buf);
}

static void directory(const uint8_t *data, size_t size)
{
	static const uint8_t secret[16] = { 1, 2, 3 };
	static struct lrd_variants in;
	larder_field request = { LRD_SLICE("accept"), LRD_SLICE("text/html;q=1, */*") };
	char storage[LRD_VARY_TEXT_BYTES];
	struct lrd_buf text, buf;

	if (lrd_variants_decode(lrd_slice_of((const char *)data, size), &in) < 0)
		return;
	for (size_t i = 0; i < in.count; i++) {
		within(data, size, in.at[i].vary);
		within(data, size, in.at[i].etag);
	}
	lrd_buf_init_fixed(&text, storage, sizeof(storage));
	REQUIRE(lrd_variants_find(&in, lrd_view_of(&request, 1), secret, &text) <
		(ptrdiff_t)in.count);
	within(data, size, lrd_variants_newest_vary(&in));
	lrd_buf_init(&buf, 64u << 20, NULL);
	REQUIRE(lrd_variants_encode(&in, &buf) == 0);
	REQUIRE(buf.len == size);
	lrd_buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	response(data, size);
	directory(data, size);
	return 0;
}
