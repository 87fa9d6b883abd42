/* SPDX-License-Identifier: MIT */
/*
 * fields.h - the fields of a message in their order: an owning list, a borrowed view, and the
 * stored form.
 *
 * Names compare without regard to ASCII case everywhere; values are bytes. A list accepts
 * only what may be sent: a token as name, and a value without CR, LF, NUL or other controls
 * but HTAB, neither starting nor ending in blanks. Names and values in a list, and those
 * decoded from the stored form, are NUL-terminated.
 *
 * Calling sequence:
 *	lrd_fields_init(&fields, max_bytes, max_count, allocator);
 *	lrd_fields_add(&fields, LRD_SLICE("Accept"), LRD_SLICE("text/html"));
 *	view = lrd_fields_view(&fields);		dies with the next change of the list
 *	if (lrd_view_get(view, LRD_SLICE("accept"), &value)) ...
 *	lrd_fields_clear(&fields);			for the next message, memory kept
 *	lrd_fields_release(&fields);
 */
#ifndef LRD_HTTP_FIELDS_H
#define LRD_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes/buf.h"

/* ---- a view: what policy code reads ------------------------------------------------------ */

struct lrd_field_view {
	const larder_field *at;
	size_t count;
};

static inline struct lrd_field_view lrd_view_of(const larder_field *at, size_t count)
{
	return (struct lrd_field_view){ at, count };
}

/* The first value under `name`. False, *value untouched, when there is none. */
bool lrd_view_get(struct lrd_field_view view, larder_slice name, larder_slice *value);

bool lrd_view_has(struct lrd_field_view view, larder_slice name);

/* How many field lines are called `name`. */
size_t lrd_view_count(struct lrd_field_view view, larder_slice name);

/*
 * Every value under `name`, in order. *pos starts at 0 and is the call's own afterwards:
 *	for (size_t pos = 0; lrd_view_next(view, name, &pos, &value);) ...
 */
bool lrd_view_next(struct lrd_field_view view, larder_slice name, size_t *pos,
		   larder_slice *value);

/*
 * For fields that may stand only once: 1 with *value set, 0 when absent, EPROTO when there
 * are several lines, even equal ones.
 */
LARDER_MUST_USE int lrd_view_single(struct lrd_field_view view, larder_slice name,
				    larder_slice *value);

/*
 * Appends all values under `name`, joined by ", " (RFC 9110 s5.3). Returns how many there
 * were, or ELIMIT, ENOMEM with `out` unchanged.
 */
LARDER_MUST_USE ptrdiff_t lrd_view_combine(struct lrd_field_view view, larder_slice name,
					   struct lrd_buf *out);

/* ---- the owning list --------------------------------------------------------------------- */

struct lrd_fields {
	/* private */
	struct lrd_buf text; /* name NUL value NUL, for each field */
	larder_field *at;    /* slices into text */
	size_t *offset; /* where each name starts, to find `at` again when text moves */
	size_t count;
	size_t size;
	size_t max_count;
};

/* Is this what a list accepts? */
bool lrd_field_name_valid(larder_slice name);
bool lrd_field_value_valid(larder_slice value);

/*
 * Empty. `max_bytes` bounds the sum of all names and values and two bytes for each field;
 * `max_count` the number of fields. `allocator` may be NULL and must outlive the list.
 */
void lrd_fields_init(struct lrd_fields *fields, size_t max_bytes, size_t max_count,
		     const larder_allocator *allocator);
void lrd_fields_release(struct lrd_fields *fields); /* NULL is welcome; usable as after init */
void lrd_fields_clear(struct lrd_fields *fields);

/*
 * The content as a view; any of the calls below ends its life.
 */
static inline struct lrd_field_view lrd_fields_view(const struct lrd_fields *fields)
{
	return (struct lrd_field_view){ fields->at, fields->count };
}

/*
 * Adds a field at the end. Blanks around the value are trimmed. The slices may point into the
 * list itself. EINVAL for a name or value that may not be sent; ELIMIT, ENOMEM; the list is
 * unchanged on failure.
 */
LARDER_MUST_USE int lrd_fields_add(struct lrd_fields *fields, larder_slice name,
				   larder_slice value);

/* Adds every field of `view`, which must not be a view of this list. All or none. */
LARDER_MUST_USE int lrd_fields_add_all(struct lrd_fields *fields,
				       struct lrd_field_view view);

/*
 * One field called `name` with this value, added at the end when there was none, else in the
 * place of the first; further ones go. Errors as lrd_fields_add, list unchanged; for a moment
 * there is room needed for the old and the new one together.
 */
LARDER_MUST_USE int lrd_fields_replace(struct lrd_fields *fields, larder_slice name,
				       larder_slice value);

/* Removes all fields called `name` (not a slice of this list); returns how many there were. */
size_t lrd_fields_remove(struct lrd_fields *fields, larder_slice name);

/* Removes the field at `index`, as numbered by the view; nothing happens past the end. */
void lrd_fields_remove_at(struct lrd_fields *fields, size_t index);

/* ---- the stored form --------------------------------------------------------------------- */

/*
 * Numbers are little-endian. A list is
 *
 *	u32 count, then for each field: u32 name_len, u32 value_len, name, NUL, value, NUL
 *
 * and nothing else: the length of the bytes given must be exact.
 */

/* Appends the stored form. ELIMIT (also for a length that 32 bits cannot say), ENOMEM. */
LARDER_MUST_USE int lrd_fields_encode(struct lrd_field_view view, struct lrd_buf *out);

/* How many fields lrd_fields_decode() needs room for, as the bytes claim; ECORRUPT. */
LARDER_MUST_USE ptrdiff_t lrd_fields_decode_count(larder_slice bytes);

/*
 * Reads the stored form without copying: names and values in out[0 .. *count - 1] point into
 * `bytes` and are NUL-terminated there. The bytes may be hostile: every length is checked.
 * What the values hold is not looked at, except that none is read past its NUL; lrd_fields_add
 * and lrd_head_write_* check again before anything is sent. ECORRUPT; ELIMIT when there are
 * more than `cap` fields. *count is untouched on failure, out[] is not.
 */
LARDER_MUST_USE int lrd_fields_decode(larder_slice bytes, larder_field *out, size_t cap,
				      size_t *count);

#endif
