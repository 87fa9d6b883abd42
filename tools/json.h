/* SPDX-License-Identifier: MIT */
/* json.h - what larder's values look like in JSON. */
#ifndef LRD_TOOLS_JSON_H
#define LRD_TOOLS_JSON_H

#include <jansson.h>

#include <larder/types.h>

/*
 * A string of any bytes: as it is when it is UTF-8, else each byte as the character of its
 * number (ISO 8859-1, what RFC 9110 s5.5 says of old field values). NULL when out of memory.
 */
json_t *lrd_cli_json_text(larder_slice bytes);

/* [[name, value], ...]. */
json_t *lrd_cli_json_fields(const larder_field *fields, size_t count);

/*
 * Sets "body" in `object`: text when the bytes are UTF-8 without NUL, else base64 with
 * "encoding": "base64" beside it. ENOMEM.
 */
int lrd_cli_json_set_body(json_t *object, larder_slice body) LARDER_MUST_USE;

/* Unix seconds as a number, null for 0. */
json_t *lrd_cli_json_time(int64_t unix_seconds);

/*
 * Writes one line of plain ASCII to stdout, safe for a terminal, and takes the object. NULL
 * members that an allocation left behind make it ENOMEM.
 */
int lrd_cli_json_print(json_t *take) LARDER_MUST_USE;

#endif
