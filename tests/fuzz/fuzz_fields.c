/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fields.c - any bytes as a stored field list: decoded slices lie inside, and encoding them
 * again gives the same bytes; then the same bytes as operations on an owning list, which keeps
 * its order against a plain model.
 */
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/fields.h"
#include "tests/fuzz/require.h"

enum { CAP = 64 };

static void check_decode(larder_slice bytes)
{
	static larder_field at[CAP];
	struct lrd_buf out;
	size_t count;

	if (lrd_fields_decode(bytes, at, CAP, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		fuzz_require(at[i].name.ptr >= bytes.ptr &&
				     at[i].value.ptr + at[i].value.len <
					     bytes.ptr + bytes.len,
			     "a slice lies outside");
		fuzz_require(at[i].name.ptr[at[i].name.len] == '\0' &&
				     at[i].value.ptr[at[i].value.len] == '\0',
			     "a slice is not terminated");
	}
	lrd_buf_init(&out, 1 << 20, NULL);
	fuzz_require(lrd_fields_encode(lrd_view_of(at, count), &out) == 0 &&
			     lrd_slice_equal(lrd_buf_slice(&out), bytes),
		     "encoding what was decoded differs");
	lrd_buf_release(&out);
}

/* Name and value of a model field are the numbers of a name and of an operation. */
struct model {
	unsigned name[CAP];
	unsigned value[CAP];
	size_t count;
};

static void drop(struct model *model, size_t index)
{
	model->count--;
	for (size_t i = index; i < model->count; i++) {
		model->name[i] = model->name[i + 1];
		model->value[i] = model->value[i + 1];
	}
}

static void put(struct model *model, bool replace, unsigned name, unsigned value)
{
	size_t first = model->count;

	for (size_t i = 0; replace && i < model->count;) {
		if (model->name[i] != name) {
			i++;
		} else if (first == model->count) {
			first = i++;
		} else {
			drop(model, i);
		}
	}
	if (first >= model->count)
		first = model->count++;
	model->name[first] = name;
	model->value[first] = value;
}

static void check_same(const struct lrd_fields *fields, const struct model *model)
{
	struct lrd_field_view view = lrd_fields_view(fields);
	char text[20];

	fuzz_require(view.count == model->count, "the list has another length");
	for (size_t i = 0; i < view.count; i++) {
		fuzz_require(view.at[i].name.ptr[0] == (char)('a' + model->name[i]),
			     "a name differs");
		snprintf(text, sizeof(text), "value %u", model->value[i]);
		fuzz_require(strcmp(view.at[i].value.ptr, text) == 0, "a value differs");
	}
}

static void check_operations(const uint8_t *data, size_t size)
{
	struct model model = { .count = 0 };
	struct lrd_fields fields;
	char text[20];

	lrd_fields_init(&fields, 1 << 16, CAP, NULL);
	for (size_t i = 0; i < size && i < 200; i++) {
		unsigned name = data[i] & 7;
		char letter = (char)('a' + name);
		int rc = 0;

		snprintf(text, sizeof(text), "value %zu", i);
		if (data[i] & 0x40) {
			for (size_t j = 0; j < model.count;) {
				if (model.name[j] == name)
					drop(&model, j);
				else
					j++;
			}
			lrd_fields_remove(&fields, lrd_slice_of(&letter, 1));
		} else if (data[i] & 0x20) {
			if (model.count < CAP) {
				put(&model, true, name, (unsigned)i);
				rc = lrd_fields_replace(&fields, lrd_slice_of(&letter, 1),
							lrd_slice_cstr(text));
			}
		} else if (model.count < CAP) {
			put(&model, false, name, (unsigned)i);
			rc = lrd_fields_add(&fields, lrd_slice_of(&letter, 1),
					    lrd_slice_cstr(text));
		}
		fuzz_require(rc == 0, "an operation failed");
		check_same(&fields, &model);
	}
	lrd_fields_release(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_decode(lrd_slice_of((const char *)data, size));
	check_operations(data, size);
	return 0;
}
