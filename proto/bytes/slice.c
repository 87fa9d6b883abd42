/* SPDX-License-Identifier: MIT */
/* slice.c - comparing and cutting read-only views of bytes. */
#include "proto/bytes/slice.h"

#include "proto/bytes/scan.h"

bool lrd_slice_equal_nocase(larder_slice a, larder_slice b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++) {
		if (a.ptr[i] != b.ptr[i] && lrd_lower(a.ptr[i]) != lrd_lower(b.ptr[i]))
			return false;
	}
	return true;
}

int lrd_slice_compare(larder_slice a, larder_slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool lrd_slice_starts(larder_slice slice, larder_slice start)
{
	return lrd_slice_equal(lrd_slice_first(slice, start.len), start);
}

bool lrd_slice_starts_nocase(larder_slice slice, larder_slice start)
{
	return lrd_slice_equal_nocase(lrd_slice_first(slice, start.len), start);
}

bool lrd_slice_ends(larder_slice slice, larder_slice end)
{
	return slice.len >= end.len &&
	       lrd_slice_equal(lrd_slice_skip(slice, slice.len - end.len), end);
}

size_t lrd_slice_find(larder_slice slice, char byte)
{
	const char *found = slice.len ? memchr(slice.ptr, byte, slice.len) : NULL;

	return found ? (size_t)(found - slice.ptr) : slice.len;
}

larder_slice lrd_slice_trim(larder_slice slice)
{
	while (slice.len > 0 && lrd_is(slice.ptr[slice.len - 1], LRD_OWS))
		slice.len--;
	return lrd_slice_skip(slice, lrd_scan_span(slice, LRD_OWS));
}

bool lrd_slice_split(larder_slice *rest, char separator, larder_slice *head)
{
	size_t at;

	if (!rest->ptr)
		return false;
	at = lrd_slice_find(*rest, separator);
	*head = lrd_slice_first(*rest, at);
	if (at == rest->len)
		*rest = lrd_slice_of(NULL, 0);
	else
		*rest = lrd_slice_skip(*rest, at + 1);
	return true;
}

bool lrd_slice_cut(larder_slice slice, char separator, larder_slice *before,
		   larder_slice *after)
{
	size_t at = lrd_slice_find(slice, separator);

	if (at == slice.len)
		return false;
	*before = lrd_slice_first(slice, at);
	*after = lrd_slice_skip(slice, at + 1);
	return true;
}
