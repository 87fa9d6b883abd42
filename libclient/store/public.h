/* SPDX-License-Identifier: MIT */
/* public.h - what the parts of larder/store.h share. */
#ifndef LRD_STORE_PUBLIC_H
#define LRD_STORE_PUBLIC_H

#include <stdbool.h>

#include <larder/store.h>

#include "store/store.h"

/* The kind of plain values: larderd's. */
enum { LRD_PUBLIC_KIND = 1 };

struct larder_store {
	struct lrd_store *store;
};

/* Whether the caller's struct has the members that we know, and none set that we do not. */
bool lrd_public_is_item(const larder_item *item);

/* The key that an item names. EINVAL. */
int lrd_public_key(larder_store *store, const larder_item *item, struct lrd_key *out);

/* What an item tells beside its three slices. */
void lrd_public_set_facts(const struct lrd_record *record, larder_item *out);

/*
 * An item of its own memory: partition, key and, `with_value`, room for the value at `*value`,
 * each with its NUL.
 */
int lrd_public_copy(const struct lrd_record *record, bool with_value, larder_item *out,
		    char **value);

#endif
