/* SPDX-License-Identifier: MIT */
/*
 * entry.h - an entry of the store as an operator sees it, copied out of the store.
 *
 * Entries are responses (their name is a URL), values (set through larderd) or marks, which
 * the cache keeps for itself and which hold no content.
 */
#ifndef LRD_TOOLS_ENTRY_H
#define LRD_TOOLS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/record.h"
#include "store/store.h"

/* The words that `state` may be, for messages. Stale is what cannot answer without asking. */
#define LRD_CLI_STATES "fresh, stale, value"

struct lrd_cli_entry {
	struct lrd_record record; /* its slices point into `block`; no inline body */
	larder_slice name;        /* the URL, or the value's key */
	const char *state;        /* one of the words above, or "mark"; static */
	int64_t age_s;            /* since the origin made it (RFC 9111 s4.2.3) */
	int64_t ttl_s; /* freshness left, negative when stale, INT64_MIN: no end known */
	uint32_t status;              /* HTTP status, 0 for what is no response */
	struct lrd_response response; /* unless status is 0; its slices point into `block` */
	char *block;                  /* partition, name and head, each NUL-terminated */
};

/* What the entry's owner calls it: without what the cache adds to a URL. Into the record. */
larder_slice lrd_cli_entry_name(const struct lrd_record *record);
bool lrd_cli_entry_is_response(const struct lrd_record *record);
bool lrd_cli_entry_is_mark(const struct lrd_record *record);
bool lrd_cli_entry_state_known(const char *text);

/* "anonymous" for the empty partition, else its name. */
larder_slice lrd_cli_entry_partition(const struct lrd_cli_entry *entry);

/* Copies a record out of its transaction. ENOMEM; *out is untouched then. */
int lrd_cli_entry_copy(const struct lrd_record *record, int64_t now,
		       struct lrd_cli_entry *out) LARDER_MUST_USE;
void lrd_cli_entry_release(struct lrd_cli_entry *entry); /* all zero is welcome */

#endif
