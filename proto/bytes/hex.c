/* SPDX-License-Identifier: MIT */
/* hex.c - bytes as hexadecimal digits. */
#include "proto/bytes/hex.h"

#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"

static const char lower_digits[] = "0123456789abcdef";

void lrd_hex_format(const void *bytes, size_t len, char *out)
{
	const unsigned char *in = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = lower_digits[in[i] >> 4];
		*out++ = lower_digits[in[i] & 15];
	}
	*out = '\0';
}

int lrd_hex_append(struct lrd_buf *out, larder_slice bytes)
{
	size_t digits;
	int rc;

	if (!lrd_size_mul(bytes.len, 2, &digits))
		return LARDER_ELIMIT;
	rc = lrd_buf_reserve(out, digits);
	if (rc < 0 || digits == 0)
		return rc;
	lrd_hex_format(bytes.ptr, bytes.len, out->ptr + out->len);
	lrd_buf_commit(out, digits);
	return 0;
}

int lrd_hex_parse(larder_slice text, void *out, size_t len)
{
	unsigned char *to = out;
	size_t i;

	/* Looked at whole before the first byte is written: failure leaves `out` alone. */
	if (text.len / 2 != len || text.len % 2 != 0)
		return LARDER_EPROTO;
	if (lrd_scan_span(text, LRD_HEX) != text.len)
		return LARDER_EPROTO;
	for (i = 0; i < len; i++)
		to[i] = (unsigned char)(lrd_hex_digit(text.ptr[2 * i]) << 4 |
					lrd_hex_digit(text.ptr[2 * i + 1]));
	return 0;
}
