/* SPDX-License-Identifier: MIT */
/* alloc.h - calling a larder_allocator that may be absent: then libc serves. */
#ifndef LRD_BYTES_ALLOC_H
#define LRD_BYTES_ALLOC_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <larder/types.h>

/* `size` bytes, not initialised, or NULL. */
static inline void *lrd_alloc(const larder_allocator *allocator, size_t size)
{
	if (!allocator || !allocator->malloc_fn)
		return malloc(size);
	return allocator->malloc_fn(size, allocator->ctx);
}

/* `size` bytes of zero, or NULL. */
static inline void *lrd_alloc_zero(const larder_allocator *allocator, size_t size)
{
	void *ptr = lrd_alloc(allocator, size);

	return ptr ? memset(ptr, 0, size) : NULL;
}

/* A NUL-terminated copy of `len` bytes, or NULL. */
static inline char *lrd_alloc_copy(const larder_allocator *allocator, const void *bytes,
				   size_t len)
{
	char *copy = len + 1 ? (char *)lrd_alloc(allocator, len + 1) : NULL;

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

/* Accepts NULL. */
static inline void lrd_alloc_free(const larder_allocator *allocator, void *ptr)
{
	if (!ptr)
		return;
	if (!allocator || !allocator->malloc_fn)
		free(ptr);
	else
		allocator->free_fn(ptr, allocator->ctx);
}

#endif
