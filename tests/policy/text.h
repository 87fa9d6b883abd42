/* SPDX-License-Identifier: MIT */
/* text.h - fields of a table row, written as text. */
#ifndef LARDER_TESTS_POLICY_TEXT_H
#define LARDER_TESTS_POLICY_TEXT_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "policy/facts.h"
#include "proto/bytes/slice.h"

struct text_fields {
	larder_field at[64];
	char text[8192];
};

/* Fields out of "Name: value\nName: value"; values are left as they stand behind the blank. */
static inline struct lrd_field_view text_view(const char *text, struct text_fields *out)
{
	size_t len = strlen(text), count = 0;
	larder_slice rest, line, name, value;

	ck_assert_uint_lt(len, sizeof(out->text));
	memcpy(out->text, text, len + 1);
	rest = lrd_slice_of(out->text, len);
	while (len > 0 && lrd_slice_split(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		ck_assert_msg(lrd_slice_cut(line, ':', &name, &value), "no field: %.*s",
			      LRD_SLICE_ARG(line));
		ck_assert_uint_lt(count, 64);
		out->at[count].name = name;
		out->at[count++].value = lrd_slice_trim(value);
	}
	return lrd_view_of(out->at, count);
}

static inline void text_request(const char *method, const char *text, uint32_t mode,
				struct text_fields *fields, struct lrd_request_facts *out)
{
	lrd_request_facts_read(lrd_slice_cstr(method), text_view(text, fields), mode, out);
}

/* The defaults of a private cache. */
static const struct lrd_policy text_private = {
	.heuristic_percent = 10,
	.heuristic_max_s = 86400,
};
static const struct lrd_policy text_shared = {
	.shared = true,
	.heuristic_percent = 10,
	.heuristic_max_s = 86400,
};

static inline const struct lrd_policy *text_policy(bool shared)
{
	return shared ? &text_shared : &text_private;
}

#endif
