/* SPDX-License-Identifier: MIT */
/* memory.c - allocations of codecs, counted against what one body may take. */
#include "coding/stage.h"

#include <stddef.h>

#include "proto/bytes/alloc.h"

/* The size stands before the block: codecs free without naming it. */
union header {
	size_t size;
	max_align_t align;
};

void *lrd_coding_alloc(struct lrd_coding_memory *memory, size_t size)
{
	union header *header;

	if (size > SIZE_MAX - sizeof(*header) || memory->used > memory->max ||
	    size > memory->max - memory->used) {
		memory->passed = true;
		return NULL;
	}
	header = lrd_alloc(memory->mem, sizeof(*header) + size);
	if (!header)
		return NULL;
	header->size = size;
	memory->used += size;
	return header + 1;
}

void lrd_coding_free(struct lrd_coding_memory *memory, void *ptr)
{
	union header *header = ptr;

	if (!header)
		return;
	header--;
	memory->used -= header->size;
	lrd_alloc_free(memory->mem, header);
}

int lrd_coding_no_memory(const struct lrd_coding_memory *memory)
{
	return memory->passed ? LARDER_ELIMIT : LARDER_ENOMEM;
}
