/* SPDX-License-Identifier: MIT */
/* rows.h - field lists and guarded copies for tables of tests. */
#ifndef LARDER_TESTS_PROTO_HTTP_ROWS_H
#define LARDER_TESTS_PROTO_HTTP_ROWS_H

#include <check.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/fields.h"
#include "tests/support/guard.h"

enum { ROW_FIELDS = 16 };

struct row_fields {
	larder_field at[ROW_FIELDS];
	size_t count;
};

/* "Name: value\nName: value" as a list; the slices point into `text`. */
static inline struct lrd_field_view row_view(const char *text, struct row_fields *fields)
{
	larder_slice rest = lrd_slice_cstr(text);
	larder_slice line;

	fields->count = 0;
	while (rest.len > 0 && lrd_slice_split(&rest, '\n', &line)) {
		larder_field *field = &fields->at[fields->count++];

		ck_assert_uint_le(fields->count, ROW_FIELDS);
		ck_assert(lrd_slice_cut(line, ':', &field->name, &field->value));
		field->value = lrd_slice_trim(field->value);
	}
	return lrd_view_of(fields->at, fields->count);
}

/* A copy of `text` that ends at unmapped memory; row_free() it. */
static inline larder_slice row_guard(const char *text)
{
	size_t len = strlen(text);

	return lrd_slice_of(lrd_guard_alloc(text, len), len);
}

static inline void row_free(larder_slice copy)
{
	lrd_guard_free((char *)(uintptr_t)copy.ptr, copy.len);
}

#define ck_slice(slice, text)                                       \
	ck_assert_msg(lrd_slice_equal(slice, lrd_slice_cstr(text)), \
		      #slice " is \"%.*s\", not \"%s\"", LRD_SLICE_ARG(slice), text)

#endif
