/* SPDX-License-Identifier: MIT */
/* latin1.c - bytes as JSON text whose characters U+0000 to U+00FF stand for them. */
#include "tools/latin1.h"

#include <stdint.h>
#include <stdlib.h>

json_t *lrd_cli_latin1_text(larder_slice bytes)
{
	json_t *text = NULL;
	size_t used = 0;
	char *wide;

	if (bytes.len > SIZE_MAX / 2 - 1)
		return NULL;
	wide = malloc(2 * bytes.len + 1);
	if (!wide)
		return NULL;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];

		if (byte >= 0x80) {
			wide[used++] = (char)(0xc0 | byte >> 6);
			byte = 0x80 | (byte & 0x3f);
		}
		wide[used++] = (char)byte;
	}
	text = json_stringn_nocheck(wide, used);
	free(wide);
	return text;
}

json_t *lrd_cli_latin1_fields(const larder_field *fields, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *pair = json_array();

		if (!pair ||
		    json_array_append_new(pair, lrd_cli_latin1_text(fields[i].name)) < 0 ||
		    json_array_append_new(pair, lrd_cli_latin1_text(fields[i].value)) < 0 ||
		    json_array_append(list, pair) < 0) {
			json_decref(list);
			list = NULL;
		}
		json_decref(pair);
	}
	return list;
}

int lrd_cli_latin1_append(struct lrd_buf *out, const json_t *text)
{
	const unsigned char *at = (const unsigned char *)json_string_value(text);
	size_t len = json_string_length(text);
	int rc = 0;

	/* jansson has made sure that it is UTF-8. */
	for (size_t i = 0; rc == 0 && i < len; i++) {
		unsigned char byte = at[i];

		if (byte >= 0xc4)
			return LARDER_EINVAL;
		if (byte >= 0xc0)
			byte = (unsigned char)(byte << 6 | (at[++i] & 0x3f));
		rc = lrd_buf_append_char(out, (char)byte);
	}
	return rc;
}
