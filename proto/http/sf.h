/* SPDX-License-Identifier: MIT */
/*
 * sf.h - structured fields (RFC 9651): dictionaries and lists, as far as caching needs them.
 *
 * The whole field is checked before anything of it is given: one mistake voids the field, as
 * RFC 9651 s4.2 has it. Slices point into the values of the view; nothing is allocated, and
 * time is linear in the input but for looking up the keys of a dictionary, which are few.
 */
#ifndef LRD_HTTP_SF_H
#define LRD_HTTP_SF_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/http/fields.h"

enum lrd_sf_kind {
	LRD_SF_BOOLEAN,
	LRD_SF_INTEGER,
	LRD_SF_DECIMAL,
	LRD_SF_STRING, /* `text` with its quotes and escapes: lrd_sf_string() */
	LRD_SF_TOKEN,
	LRD_SF_BYTES,
	LRD_SF_DATE,
	LRD_SF_INNER_LIST, /* `text` is what stands between the parentheses */
};

struct lrd_sf_item {
	larder_slice key;   /* of a dictionary's member, else empty */
	larder_slice whole; /* key and value as spelled, parameters left out */
	enum lrd_sf_kind kind;
	larder_slice text; /* the value as spelled; empty for a key alone */
	bool truth;        /* of a boolean */
};

/*
 * The members of all fields called `name`, in order; a key that comes again replaces the
 * value that it had. 1 with *count set, 0 when there is no such field, EPROTO when they are no
 * dictionary, ELIMIT for more than `cap` members.
 */
LARDER_MUST_USE int lrd_sf_dictionary(struct lrd_field_view view, larder_slice name,
				      struct lrd_sf_item *out, size_t cap, size_t *count);

/* The same for a list. */
LARDER_MUST_USE int lrd_sf_list(struct lrd_field_view view, larder_slice name,
				struct lrd_sf_item *out, size_t cap, size_t *count);

/* The next item of an inner list's `text`, which was checked: false at its end. */
bool lrd_sf_inner_next(larder_slice *rest, struct lrd_sf_item *out);

/* Appends what a string says. EINVAL for an item of another kind; ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_sf_string(const struct lrd_sf_item *item, struct lrd_buf *out);

#endif
