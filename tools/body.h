/* SPDX-License-Identifier: MIT */
/* body.h - the body of a stored entry, read piece by piece. */
#ifndef LRD_TOOLS_BODY_H
#define LRD_TOOLS_BODY_H

#include "proto/bytes/buf.h"
#include "store/store.h"
#include "tools/entry.h"

/* The largest body that goes into one JSON object. */
enum { LRD_CLI_BODY_IN_MEMORY = 1 << 30 };

/*
 * Hands all of the body to `take`, verified, in order, outside of any transaction; a non-zero
 * answer of it stops and is returned. ENOTFOUND: replaced or removed since; ECORRUPT; ENOMEM.
 */
int lrd_cli_body_read(struct lrd_store *store, const struct lrd_cli_entry *entry,
		      int (*take)(const void *bytes, size_t len, void *ctx), void *ctx);

/* Appends all of it. ELIMIT as the buffer says. */
int lrd_cli_body_collect(struct lrd_store *store, const struct lrd_cli_entry *entry,
			 struct lrd_buf *out);

#endif
