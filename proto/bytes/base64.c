/* SPDX-License-Identifier: MIT */
/* base64.c - base64 and its url-safe form (RFC 4648), decoded strictly. */
#include "proto/bytes/base64.h"

#include <stdbool.h>

#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"

static char digit_of(unsigned value, unsigned flags)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";

	value &= 63;
	if (value >= 62 && (flags & LRD_BASE64_URL))
		return value == 62 ? '-' : '_';
	return digits[value];
}

/* 0 to 63, or -1. */
static int value_of(char digit, unsigned flags)
{
	bool url = (flags & LRD_BASE64_URL) != 0;

	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == (url ? '-' : '+'))
		return 62;
	if (digit == (url ? '_' : '/'))
		return 63;
	return -1;
}

int lrd_base64_encode(struct lrd_buf *out, larder_slice bytes, unsigned flags)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;
	size_t left = bytes.len;
	size_t need;
	char *to;
	int rc;

	if (!lrd_size_mul(bytes.len / 3 + 1, 4, &need))
		return LARDER_ELIMIT;
	/* Exact, so that a maximum that fits the result suffices. */
	need = bytes.len / 3 * 4;
	if (bytes.len % 3)
		need += flags & LRD_BASE64_NO_PAD ? bytes.len % 3 + 1 : 4;
	rc = lrd_buf_reserve(out, need);
	if (rc < 0)
		return rc;

	to = out->ptr + out->len;
	for (; left >= 3; left -= 3, in += 3) {
		*to++ = digit_of(in[0] >> 2, flags);
		*to++ = digit_of((unsigned)in[0] << 4 | in[1] >> 4, flags);
		*to++ = digit_of((unsigned)in[1] << 2 | in[2] >> 6, flags);
		*to++ = digit_of(in[2], flags);
	}
	if (left > 0) {
		unsigned second = left == 2 ? in[1] : 0;

		*to++ = digit_of(in[0] >> 2, flags);
		*to++ = digit_of((unsigned)in[0] << 4 | second >> 4, flags);
		if (left == 2)
			*to++ = digit_of(second << 2, flags);
		else if (!(flags & LRD_BASE64_NO_PAD))
			*to++ = '=';
		if (!(flags & LRD_BASE64_NO_PAD))
			*to++ = '=';
	}
	lrd_buf_commit(out, need);
	return 0;
}

/* Takes the padding off: how many digits remain, or EPROTO when it is not what it must be. */
static ptrdiff_t digits_in(larder_slice text, unsigned flags)
{
	size_t len = text.len;

	if (!(flags & LRD_BASE64_NO_PAD)) {
		if (len % 4 != 0)
			return LARDER_EPROTO;
		if (len > 0 && text.ptr[len - 1] == '=')
			len -= text.ptr[len - 2] == '=' ? 2 : 1;
	}
	if (len % 4 == 1)
		return LARDER_EPROTO;
	return (ptrdiff_t)len;
}

int lrd_base64_decode(struct lrd_buf *out, larder_slice text, unsigned flags)
{
	ptrdiff_t digits = digits_in(text, flags);
	size_t start = out->len;
	unsigned bits = 0;
	unsigned held = 0; /* how many of `bits` await a whole byte: 0, 2, 4, 6 */
	size_t i;
	int rc;

	if (digits < 0)
		return (int)digits;
	rc = lrd_buf_reserve(out, (size_t)digits / 4 * 3 + (size_t)digits % 4 * 3 / 4);
	if (rc < 0)
		return rc;

	for (i = 0; i < (size_t)digits; i++) {
		int value = value_of(text.ptr[i], flags);
		char byte;

		if (value < 0)
			goto bad;
		bits = (bits << 6 | (unsigned)value) & 0xfff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		byte = (char)(bits >> held & 0xff);
		out->ptr[out->len] = byte;
		lrd_buf_commit(out, 1);
	}
	/* Bits that no byte took must be zero, or two texts would mean the same bytes. */
	if (bits & ((1U << held) - 1))
		goto bad;
	return 0;
bad:
	lrd_buf_truncate(out, start);
	return LARDER_EPROTO;
}
