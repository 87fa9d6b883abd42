/* SPDX-License-Identifier: MIT */
/* check.h - what a full check found, for whoever repairs it. */
#ifndef LRD_STORE_CHECK_H
#define LRD_STORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* Numbers in the order of finding; some may stand there twice. */
struct lrd_check_list {
	uint64_t *items;
	size_t count, size;
};

struct lrd_check_lists {
	struct lrd_check_list entries; /* hashes of entries that are not whole */
	struct lrd_check_list garbage; /* keys of the garbage list that are no ids */
	struct lrd_check_list orphans; /* ids of bodies that nobody names */
};

/* lrd_store_check(), which also fills `lists` (may be NULL). */
int lrd_check_run(struct lrd_store *store, struct lrd_check *found,
		  struct lrd_check_lists *lists,
		  void (*report)(const char *line, void *ctx), void *ctx);

void lrd_check_lists_free(struct lrd_check_lists *lists);

int lrd_check_list_add(struct lrd_check_list *list, uint64_t item);

/*
 * Frees bodies that nobody names, if entries were removed that did not say what they named.
 * Costs nothing otherwise. Returns how many ids became garbage, or an error.
 */
ptrdiff_t lrd_orphans_free(struct lrd_store *store);

/* Whether there may be any. */
struct lrd_mount;
bool lrd_orphans_expected(const struct lrd_mount *mount);
void lrd_orphans_expect(struct lrd_mount *mount);

/* Puts ids on the garbage list, some in each transaction. */
int lrd_orphans_discard(struct lrd_store *store, const uint64_t *ids, size_t count);

#endif
