/* SPDX-License-Identifier: MIT */
/*
 * base64.h - base64 and its url-safe form (RFC 4648 s4, s5).
 *
 * Decoding is strict: one spelling for each sequence of bytes, so that what compares unequal
 * is unequal. Line breaks, blanks, missing or surplus padding and non-zero pad bits fail.
 */
#ifndef LRD_BYTES_BASE64_H
#define LRD_BYTES_BASE64_H

#include "proto/bytes/buf.h"

enum {
	LRD_BASE64_STANDARD = 0,
	LRD_BASE64_URL = 1 << 0,    /* '-' and '_' in place of '+' and '/' */
	LRD_BASE64_NO_PAD = 1 << 1, /* no '=': written without, refused when read */
};

/* Appends the encoding of `bytes`. ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_base64_encode(struct lrd_buf *out, larder_slice bytes,
				      unsigned flags);

/* Appends what `text` encodes. EPROTO for anything but exact base64; ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_base64_decode(struct lrd_buf *out, larder_slice text,
				      unsigned flags);

#endif
