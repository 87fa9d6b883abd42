/* SPDX-License-Identifier: MIT */
/* latin1.h - bytes as JSON text whose characters U+0000 to U+00FF stand for them. */
#ifndef LRD_TOOLS_LATIN1_H
#define LRD_TOOLS_LATIN1_H

#include <jansson.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"

/* Owned by the caller; NULL when memory ran out. */
json_t *lrd_cli_latin1_text(larder_slice bytes);

/* A list of [name, value] pairs, in order. Owned by the caller; NULL when memory ran out. */
json_t *lrd_cli_latin1_fields(const larder_field *fields, size_t count);

/* Appends the bytes of a JSON string. EINVAL for a character above U+00FF; ELIMIT, ENOMEM. */
int lrd_cli_latin1_append(struct lrd_buf *out, const json_t *text);

#endif
