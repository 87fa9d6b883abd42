/* SPDX-License-Identifier: MIT */
/* text.h - bytes, sizes, times and durations as a person reads and writes them. */
#ifndef LRD_TOOLS_TEXT_H
#define LRD_TOOLS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <larder/types.h>

/*
 * Writes `bytes` so that no terminal acts on them: control characters, the C1 range, the
 * characters that turn the writing direction, and whatever is not UTF-8 become \xNN or
 * \uNNNN, a backslash becomes \\. Cut to `cap` - 1 bytes, never inside an escape; always
 * terminated. Returns the length written.
 */
size_t lrd_cli_text_escape_into(larder_slice bytes, char *out, size_t cap);

/* The same to a stream, of any length. */
void lrd_cli_text_print(FILE *out, larder_slice bytes);

/* Room for every text below. */
enum { LRD_TEXT_SIZE = 32 };

/* "812 B", "1.6 KiB", "3.00 GiB" (1024). Returns `out`. */
const char *lrd_cli_text_size(uint64_t bytes, char out[LRD_TEXT_SIZE]);
/* "42s", "3m12s", "2h05m", "3d04h", "-42s". Returns `out`. */
const char *lrd_cli_text_duration(int64_t seconds, char out[LRD_TEXT_SIZE]);
/* "2026-07-01T09:30:00Z", "-" for 0. Returns `out`. */
const char *lrd_cli_text_time(int64_t unix_seconds, char out[LRD_TEXT_SIZE]);

/* "2", "0.5", "30s", "5m", "2h", "3d" as milliseconds. EINVAL; *ms is untouched then. */
int lrd_cli_text_parse_ms(const char *text, uint32_t *ms);
/* A whole number of at least 0. EINVAL; *number is untouched then. */
int lrd_cli_text_parse_number(const char *text, uint64_t *number);

#endif
