/* SPDX-License-Identifier: MIT */
/* utf8.h - is this UTF-8? (RFC 3629) */
#ifndef LRD_BYTES_UTF8_H
#define LRD_BYTES_UTF8_H

#include <stdbool.h>

#include <larder/types.h>

/* True for well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
bool lrd_utf8_valid(larder_slice text);

#endif
