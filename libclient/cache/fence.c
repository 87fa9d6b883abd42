/* SPDX-License-Identifier: MIT */
/* fence.c - reading the fence off an entry of any kind. */
#include "cache/fence.h"

#include "cache/record.h"
#include "cache/variants.h"
#include "proto/bytes/le.h"

uint64_t lrd_fence_of(const struct lrd_record *record)
{
	larder_slice head;

	if (!record)
		return 0;
	head = record->head;
	switch (record->kind) {
	case LRD_KIND_TOMBSTONE:
		return record->cas;
	case LRD_KIND_RESPONSE:
		return head.len >= LRD_RESPONSE_FIXED ? lrd_le_get64(head.ptr + 80) : 0;
	case LRD_KIND_VARIANTS:
		return head.len >= LRD_VARIANTS_FIXED ? lrd_le_get64(head.ptr + 8) : 0;
	default:
		return 0;
	}
}
