/* SPDX-License-Identifier: MIT */
/*
 * walk.h - the entries of a store that a filter lets through, one after the other.
 *
 * Entries are copied out in slices, so that neither output nor user holds a transaction of
 * the store open.
 */
#ifndef LRD_TOOLS_WALK_H
#define LRD_TOOLS_WALK_H

#include <stdbool.h>

#include "proto/bytes/buf.h"
#include "store/store.h"
#include "tools/command.h"
#include "tools/entry.h"

/* What is wanted; NULL and 0 want everything. Start from all zero. */
struct lrd_cli_filter {
	const char *partition;
	const char *state;     /* a state's name */
	struct lrd_buf url;    /* exactly this one, normalised; "" for any */
	struct lrd_buf prefix; /* names that start so */
	struct lrd_buf origin; /* "https://example.org/" */
	bool marks;            /* also what holds no content, see entry.h */
};

void lrd_cli_filter_init(struct lrd_cli_filter *filter);
void lrd_cli_filter_release(struct lrd_cli_filter *filter);

/* Each reads one argument; 0, or an exit code after a message. */
int lrd_cli_filter_set_url(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			   const char *text);
int lrd_cli_filter_set_prefix(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			      const char *text);
int lrd_cli_filter_set_origin(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			      const char *text);
int lrd_cli_filter_set_state(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			     const char *text);

/*
 * Calls `visit` for each entry, outside of any transaction; the entry dies when it returns,
 * unless it takes it and leaves *entry all zero. A non-zero answer ends the walk and is
 * returned; else 0, or an error of the store.
 */
int lrd_cli_walk(struct lrd_store *store, const struct lrd_cli_filter *filter, int64_t now,
		 int (*visit)(struct lrd_cli_entry *entry, void *ctx), void *ctx);

/* Entries kept beyond the walk. */
struct lrd_cli_entries {
	struct lrd_cli_entry *at;
	size_t count;
	size_t size;
};

/* Walks and adds what it finds to `entries`, which starts all zero. ENOMEM, or the store's. */
int lrd_cli_collect(struct lrd_store *store, const struct lrd_cli_filter *filter,
		    int64_t now, struct lrd_cli_entries *entries);
void lrd_cli_entries_release(struct lrd_cli_entries *entries);

#endif
