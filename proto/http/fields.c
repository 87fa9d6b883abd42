/* SPDX-License-Identifier: MIT */
/* fields.c - the fields of a message in their order: an owning list. */
#include "proto/http/fields.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum {
	FIRST_COUNT = 16, /* fields allocated at first; most heads have fewer */
	NUL_BYTES = 2,    /* of each field */
};

bool lrd_field_name_valid(larder_slice name)
{
	return lrd_scan_all(name, LRD_TCHAR);
}

bool lrd_field_value_valid(larder_slice value)
{
	return lrd_scan_span(value, LRD_FIELD) == value.len;
}

/* ---- memory ------------------------------------------------------------------------------ */

static void *resize(const struct lrd_fields *fields, void *old, size_t size)
{
	const larder_allocator *a = fields->text.allocator;

	if (!a || !a->malloc_fn)
		return realloc(old, size);
	return old ? a->realloc_fn(old, size, a->ctx) : a->malloc_fn(size, a->ctx);
}

static void give_back(const struct lrd_fields *fields, void *ptr)
{
	const larder_allocator *a = fields->text.allocator;

	if (!a || !a->malloc_fn)
		free(ptr);
	else if (ptr)
		a->free_fn(ptr, a->ctx);
}

void lrd_fields_init(struct lrd_fields *fields, size_t max_bytes, size_t max_count,
		     const larder_allocator *allocator)
{
	*fields = (struct lrd_fields){ .max_count = max_count };
	lrd_buf_init(&fields->text, max_bytes, allocator);
}

void lrd_fields_release(struct lrd_fields *fields)
{
	if (!fields)
		return;
	give_back(fields, fields->at);
	give_back(fields, fields->offset);
	lrd_buf_release(&fields->text);
	lrd_fields_init(fields, fields->text.max, fields->max_count,
			fields->text.allocator);
}

void lrd_fields_clear(struct lrd_fields *fields)
{
	fields->count = 0;
	lrd_buf_clear(&fields->text);
}

/* Room in both arrays for `count` fields. */
static int grow(struct lrd_fields *fields, size_t count)
{
	size_t size = fields->size ? fields->size : FIRST_COUNT;
	size_t bytes;
	void *ptr;

	if (count > fields->max_count)
		return LARDER_ELIMIT;
	if (count <= fields->size)
		return 0;
	while (size < count)
		size *= 2;
	if (size > fields->max_count)
		size = fields->max_count;
	if (!lrd_size_mul(size, sizeof(*fields->at), &bytes))
		return LARDER_ENOMEM;
	ptr = resize(fields, fields->at, bytes);
	if (!ptr)
		return LARDER_ENOMEM;
	fields->at = ptr;
	ptr = resize(fields, fields->offset, size * sizeof(*fields->offset));
	if (!ptr)
		return LARDER_ENOMEM;
	fields->offset = ptr;
	fields->size = size;
	return 0;
}

/* Points the fields from `first` on into the text again, after it moved. */
static void point(struct lrd_fields *fields, size_t first)
{
	size_t i;

	for (i = first; i < fields->count; i++) {
		fields->at[i].name.ptr = fields->text.ptr + fields->offset[i];
		fields->at[i].value.ptr =
			fields->at[i].name.ptr + fields->at[i].name.len + 1;
	}
}

/* ---- changing ---------------------------------------------------------------------------- */

/* Where in our own text the slice lies; SIZE_MAX when it lies elsewhere. */
static size_t place_of(const struct lrd_buf *text, larder_slice slice)
{
	uintptr_t distance = (uintptr_t)slice.ptr - (uintptr_t)text->ptr;

	return slice.len > 0 && distance < text->len ? (size_t)distance : SIZE_MAX;
}

/* Makes room, and finds everything again when the text moves for it. */
static int reserve(struct lrd_fields *fields, larder_slice *name, larder_slice *value)
{
	struct lrd_buf *text = &fields->text;
	uintptr_t before = (uintptr_t)text->ptr;
	size_t name_at = place_of(text, *name);
	size_t value_at = place_of(text, *value);
	size_t need;
	int rc;

	if (!lrd_size_add(name->len, value->len, &need) ||
	    !lrd_size_add(need, NUL_BYTES, &need))
		return LARDER_ELIMIT;
	rc = grow(fields, fields->count + 1);
	if (rc == 0)
		rc = lrd_buf_reserve(text, need);
	if (rc < 0)
		return rc;
	if ((uintptr_t)text->ptr != before)
		point(fields, 0);
	if (name_at != SIZE_MAX)
		name->ptr = text->ptr + name_at;
	if (value_at != SIZE_MAX)
		value->ptr = text->ptr + value_at;
	return 0;
}

/* Copies with a NUL behind into reserved room. */
static void put(struct lrd_buf *text, larder_slice bytes)
{
	char *to = text->ptr + text->len;

	if (bytes.len > 0)
		memcpy(to, bytes.ptr, bytes.len);
	to[bytes.len] = '\0';
	lrd_buf_commit(text, bytes.len + 1);
}

int lrd_fields_add(struct lrd_fields *fields, larder_slice name, larder_slice value)
{
	size_t index = fields->count;
	int rc;

	value = lrd_slice_trim(value);
	if (!lrd_field_name_valid(name) || !lrd_field_value_valid(value))
		return LARDER_EINVAL;
	rc = reserve(fields, &name, &value);
	if (rc < 0)
		return rc;
	fields->offset[index] = fields->text.len;
	fields->at[index].name.len = name.len;
	fields->at[index].value.len = value.len;
	put(&fields->text, name);
	put(&fields->text, value);
	fields->count++;
	point(fields, index);
	return 0;
}

int lrd_fields_add_all(struct lrd_fields *fields, struct lrd_field_view view)
{
	size_t text_len = fields->text.len;
	size_t count = fields->count;
	size_t i;
	int rc = 0;

	for (i = 0; i < view.count && rc == 0; i++)
		rc = lrd_fields_add(fields, view.at[i].name, view.at[i].value);
	if (rc < 0) {
		fields->count = count;
		lrd_buf_truncate(&fields->text, text_len);
	}
	return rc;
}

void lrd_fields_remove_at(struct lrd_fields *fields, size_t index)
{
	size_t offset;
	size_t len;
	size_t i;

	if (index >= fields->count)
		return;
	offset = fields->offset[index];
	len = fields->at[index].name.len + fields->at[index].value.len + NUL_BYTES;

	/* The text closes the gap, so that a field that is replaced for ever needs no more. */
	memmove(fields->text.ptr + offset, fields->text.ptr + offset + len,
		fields->text.len - offset - len);
	lrd_buf_truncate(&fields->text, fields->text.len - len);

	fields->count--;
	for (i = index; i < fields->count; i++) {
		fields->at[i] = fields->at[i + 1];
		fields->offset[i] = fields->offset[i + 1];
	}
	/* After a replace the text has an order of its own: any field may lie behind the gap. */
	for (i = 0; i < fields->count; i++) {
		if (fields->offset[i] > offset)
			fields->offset[i] -= len;
	}
	point(fields, 0);
}

size_t lrd_fields_remove(struct lrd_fields *fields, larder_slice name)
{
	size_t removed = 0;
	size_t i = 0;

	while (i < fields->count) {
		if (lrd_slice_equal_nocase(fields->at[i].name, name)) {
			lrd_fields_remove_at(fields, i);
			removed++;
		} else {
			i++;
		}
	}
	return removed;
}

/* Moves the last field to `index`, those from there on one up. */
static void rotate(struct lrd_fields *fields, size_t index)
{
	size_t last = fields->count - 1;
	larder_field field = fields->at[last];
	size_t offset = fields->offset[last];

	memmove(fields->at + index + 1, fields->at + index,
		(last - index) * sizeof(*fields->at));
	memmove(fields->offset + index + 1, fields->offset + index,
		(last - index) * sizeof(*fields->offset));
	fields->at[index] = field;
	fields->offset[index] = offset;
}

int lrd_fields_replace(struct lrd_fields *fields, larder_slice name, larder_slice value)
{
	size_t first = 0;
	size_t i;
	int rc;

	while (first < fields->count &&
	       !lrd_slice_equal_nocase(fields->at[first].name, name))
		first++;
	/* The new one comes first: if there is no room for it, nothing has changed. */
	rc = lrd_fields_add(fields, name, value);
	if (rc < 0)
		return rc;
	name = fields->at[fields->count - 1].name;
	for (i = first; i + 1 < fields->count;) {
		if (lrd_slice_equal_nocase(fields->at[i].name, name)) {
			lrd_fields_remove_at(fields, i);
			name = fields->at[fields->count - 1].name;
		} else {
			i++;
		}
	}
	rotate(fields, first);
	return 0;
}
