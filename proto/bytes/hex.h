/* SPDX-License-Identifier: MIT */
/* hex.h - bytes as lower-case hexadecimal digits. */
#ifndef LRD_BYTES_HEX_H
#define LRD_BYTES_HEX_H

#include <stddef.h>

#include "proto/bytes/buf.h"

/* Writes 2 * len digits and a NUL to `out`, which has room for 2 * len + 1 bytes. */
void lrd_hex_format(const void *bytes, size_t len, char *out);

/* Appends 2 * bytes.len digits. ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_hex_append(struct lrd_buf *out, larder_slice bytes);

/*
 * Reads exactly 2 * len digits of either case into `out`. EPROTO, with `out` untouched, for
 * another length or another byte.
 */
LARDER_MUST_USE int lrd_hex_parse(larder_slice text, void *out, size_t len);

#endif
