/* SPDX-License-Identifier: MIT */
/* coded.h - bodies in every coding, made by the libraries' own encoders. */
#ifndef LARDER_TESTS_CODING_CODED_H
#define LARDER_TESTS_CODING_CODED_H

#include <stddef.h>

#include <larder/types.h>

/* Coded bytes on the heap; free() ends them. */
struct coded {
	char *ptr;
	size_t len;
};

/* `name` is "gzip", "zlib", "raw", "br" or "zstd". A failure ends the test. */
struct coded code(const char *name, const void *bytes, size_t len);

/* Two pieces one after the other; frees the first. */
struct coded join(struct coded a, const void *bytes, size_t len);

static inline larder_slice coded_slice(struct coded coded)
{
	return (larder_slice){ coded.ptr, coded.len };
}

/* Can this build take `coding` off? */
int supports(const char *coding);

#endif
