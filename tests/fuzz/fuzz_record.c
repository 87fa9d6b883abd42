/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - a record's bytes as anybody may have written them.
 *
 * The first 8 bytes of the input are the key hash. Decoded twice: as it is, which the checksum
 * nearly always refuses, and with the checksum made right, so that every bound is tried. What
 * decodes must encode to the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/bytes/le.h"
#include "store/record.h"
#include "sys/assert.h"
#include "sys/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte that the slices claim. */
static uint64_t touch(larder_slice slice)
{
	return lrd_digest(slice.ptr, slice.len, 0);
}

static void try_value(const unsigned char *value, size_t len, uint64_t hash)
{
	struct lrd_record record;
	struct lrd_record_links links;
	unsigned char again[LRD_VALUE_MAX];
	volatile uint64_t sink = 0;

	if (lrd_record_decode(value, len, hash, &record, &links) < 0)
		return;
	if (!links.text_id)
		sink += touch(record.partition) + touch(record.name) + touch(record.head);
	sink += touch(record.inline_body);
	(void)sink;
	lrd_assert(lrd_record_size(&record, &links) == len);
	lrd_record_encode(&record, &links, again);
	/* Reserved fields are written as 0, and the body's checksum anew. */
	lrd_assert(memcmp(again + 40, value + 40, 96 - 40) == 0);
	lrd_assert(memcmp(again + LRD_RECORD_HEADER, value + LRD_RECORD_HEADER,
			  len - LRD_RECORD_HEADER) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char value[LRD_VALUE_MAX];
	size_t covered;
	uint64_t hash;

	if (size < 8 || size - 8 > sizeof(value))
		return 0;
	hash = lrd_le_get64(data);
	data += 8;
	size -= 8;
	try_value(data, size, hash);
	if (size < LRD_RECORD_HEADER)
		return 0;
	memcpy(value, data, size);
	covered = LRD_RECORD_HEADER;
	if (lrd_le_get64(value + 88) == 0)
		covered += (size_t)value[11] + lrd_le_get16(value + 12) +
			   lrd_le_get32(value + 16);
	if (covered <= size) {
		lrd_le_put64(value, lrd_digest(value + 8, covered - 8, hash));
		try_value(value, size, hash);
	}
	return 0;
}
