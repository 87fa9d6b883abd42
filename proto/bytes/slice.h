/* SPDX-License-Identifier: MIT */
/*
 * slice.h - read-only views of bytes: making, comparing and cutting a larder_slice.
 *
 * A slice owns nothing and dies with the bytes it points to. It need not be NUL-terminated
 * and may hold any byte. An empty slice may have a NULL ptr; every function here takes it.
 * All functions are pure.
 */
#ifndef LRD_BYTES_SLICE_H
#define LRD_BYTES_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <larder/types.h>

/* A slice of a string literal, as an expression and as an initialiser. */
#define LRD_SLICE(literal) ((larder_slice){ "" literal, sizeof(literal) - 1 })
#define LRD_SLICE_INIT(literal)                 \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* Both halves of printf's "%.*s". The length is cut to INT_MAX by nobody: keep it short. */
#define LRD_SLICE_ARG(slice) (int)(slice).len, (slice).ptr ? (slice).ptr : ""

static inline larder_slice lrd_slice_of(const char *ptr, size_t len)
{
	return (larder_slice){ ptr, len };
}

/* The bytes before the NUL of `text`; NULL gives the empty slice. */
static inline larder_slice lrd_slice_cstr(const char *text)
{
	return (larder_slice){ text ? text : "", text ? strlen(text) : 0 };
}

/* Everything from `from` on; empty when the slice is shorter. */
static inline larder_slice lrd_slice_skip(larder_slice slice, size_t from)
{
	if (from >= slice.len)
		from = slice.len;
	return (larder_slice){ from ? slice.ptr + from : slice.ptr, slice.len - from };
}

/* At most the first `len` bytes. */
static inline larder_slice lrd_slice_first(larder_slice slice, size_t len)
{
	return (larder_slice){ slice.ptr, len < slice.len ? len : slice.len };
}

static inline bool lrd_slice_equal(larder_slice a, larder_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The same with 'A'-'Z' equal to 'a'-'z'; no locale, other bytes compare as they are. */
bool lrd_slice_equal_nocase(larder_slice a, larder_slice b);

/* Order by unsigned bytes, the shorter of two equal beginnings first: <0, 0, >0. */
int lrd_slice_compare(larder_slice a, larder_slice b);

bool lrd_slice_starts(larder_slice slice, larder_slice start);
bool lrd_slice_starts_nocase(larder_slice slice, larder_slice start);
bool lrd_slice_ends(larder_slice slice, larder_slice end);

/* Index of the first `byte`, or slice.len when there is none. */
size_t lrd_slice_find(larder_slice slice, char byte);

/* Without spaces and tabs (OWS, RFC 9110 s5.6.3) at both ends. */
larder_slice lrd_slice_trim(larder_slice slice);

/*
 * Cuts *rest at its first `separator`: *head is what stood before it, *rest what stands
 * behind it. Without separator *head is all and *rest empty. False, with both untouched,
 * when *rest is exhausted (its ptr NULL): so "a,b," gives "a", "b", "". Loop:
 *	while (lrd_slice_split(&rest, ',', &head)) ...
 */
bool lrd_slice_split(larder_slice *rest, char separator, larder_slice *head);

/*
 * Cuts once: true when `separator` stands in `slice`, with *before and *after set; false
 * with both untouched otherwise.
 */
bool lrd_slice_cut(larder_slice slice, char separator, larder_slice *before,
		   larder_slice *after);

#endif
