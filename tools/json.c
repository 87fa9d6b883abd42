/* SPDX-License-Identifier: MIT */
/* json.c - what larder's values look like in JSON. */
#include "tools/json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/base64.h"
#include "proto/bytes/slice.h"
#include "proto/bytes/utf8.h"
#include "tools/latin1.h"

json_t *lrd_cli_json_text(larder_slice bytes)
{
	if (!lrd_utf8_valid(bytes))
		return lrd_cli_latin1_text(bytes);
	return json_stringn(bytes.ptr ? bytes.ptr : "", bytes.len);
}

json_t *lrd_cli_json_fields(const larder_field *fields, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *pair = json_array();

		if (!pair ||
		    json_array_append_new(pair, lrd_cli_json_text(fields[i].name)) < 0 ||
		    json_array_append_new(pair, lrd_cli_json_text(fields[i].value)) < 0 ||
		    json_array_append(list, pair) < 0) {
			json_decref(list);
			list = NULL;
		}
		json_decref(pair);
	}
	return list;
}

int lrd_cli_json_set_body(json_t *object, larder_slice body)
{
	struct lrd_buf coded;
	int rc = LARDER_ENOMEM;

	if (lrd_utf8_valid(body) && (body.len == 0 || !memchr(body.ptr, 0, body.len)))
		return json_object_set_new(object, "body", lrd_cli_json_text(body)) < 0
			       ? LARDER_ENOMEM
			       : LARDER_OK;
	lrd_buf_init(&coded, SIZE_MAX / 4, NULL);
	if (lrd_base64_encode(&coded, body, LRD_BASE64_STANDARD) == 0 &&
	    json_object_set_new(object, "encoding", json_string("base64")) == 0 &&
	    json_object_set_new(object, "body", json_stringn(coded.ptr, coded.len)) == 0)
		rc = LARDER_OK;
	lrd_buf_release(&coded);
	return rc;
}

json_t *lrd_cli_json_time(int64_t unix_seconds)
{
	return unix_seconds == 0 ? json_null() : json_integer(unix_seconds);
}

int lrd_cli_json_print(json_t *take)
{
	int rc = LARDER_ENOMEM;

	if (take && json_dumpf(take, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0) {
		putchar('\n');
		rc = LARDER_OK;
	}
	json_decref(take);
	return rc;
}
