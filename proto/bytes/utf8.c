/* SPDX-License-Identifier: MIT */
/* utf8.c - is this UTF-8? (RFC 3629) */
#include "proto/bytes/utf8.h"

#include <stddef.h>

/*
 * How long the sequence that starts at `in` is, 0 when it is malformed. Ranges of the second
 * byte keep out overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4).
 */
static size_t sequence(const unsigned char *in, size_t left)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t len;
	size_t i;

	if (in[0] < 0x80)
		return 1;
	if (in[0] < 0xc2 || in[0] > 0xf4)
		return 0;
	len = in[0] < 0xe0 ? 2 : in[0] < 0xf0 ? 3 : 4;
	if (left < len)
		return 0;
	if (in[0] == 0xe0)
		low = 0xa0;
	else if (in[0] == 0xed)
		high = 0x9f;
	else if (in[0] == 0xf0)
		low = 0x90;
	else if (in[0] == 0xf4)
		high = 0x8f;
	if (in[1] < low || in[1] > high)
		return 0;
	for (i = 2; i < len; i++) {
		if (in[i] < 0x80 || in[i] > 0xbf)
			return 0;
	}
	return len;
}

bool lrd_utf8_valid(larder_slice text)
{
	const unsigned char *in = (const unsigned char *)text.ptr;
	size_t at = 0;

	while (at < text.len) {
		size_t len = sequence(in + at, text.len - at);

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}
