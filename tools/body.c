/* SPDX-License-Identifier: MIT */
/* body.c - the body of a stored entry, read piece by piece. */
#include "tools/body.h"

#include <stdlib.h>

#include "sys/clock.h"

enum { PIECE = 256 * 1024 };

/* A body within its record: one transaction, if the entry is still the same. */
static int read_inline(struct lrd_store *store, const struct lrd_cli_entry *entry,
		       const struct lrd_key *key, char *piece)
{
	struct lrd_record record;
	struct lrd_read read;
	int rc = lrd_read_begin(store, &read);

	if (rc < 0)
		return rc;
	rc = lrd_read_peek(&read, key, lrd_clock_now_s(), &record);
	if (rc == 0 && (record.cas != entry->record.cas || record.body_len > PIECE))
		rc = LARDER_ENOTFOUND;
	if (rc == 0)
		rc = lrd_read_body(&read, &record, 0, piece, (size_t)record.body_len);
	lrd_read_end(&read);
	return rc;
}

/* A body in rows of its own: held, so that nobody frees them meanwhile. */
static int read_rows(struct lrd_store *store, const struct lrd_cli_entry *entry,
		     const struct lrd_key *key, char *piece,
		     int (*take)(const void *bytes, size_t len, void *ctx), void *ctx)
{
	struct lrd_hold hold;
	uint64_t offset = 0;
	ptrdiff_t n;
	int rc = lrd_hold_take(store, key, entry->record.body_id, &hold);

	if (rc < 0)
		return rc;
	while (rc == 0 && (n = lrd_hold_read(&hold, offset, piece, PIECE)) != 0) {
		rc = n < 0 ? (int)n : take(piece, (size_t)n, ctx);
		offset += n > 0 ? (uint64_t)n : 0;
	}
	lrd_hold_release(&hold);
	return rc;
}

int lrd_cli_body_read(struct lrd_store *store, const struct lrd_cli_entry *entry,
		      int (*take)(const void *bytes, size_t len, void *ctx), void *ctx)
{
	struct lrd_key key;
	char *piece = malloc(PIECE);
	int rc = LARDER_ENOMEM;

	if (!piece)
		return rc;
	rc = lrd_key_init(store, entry->record.partition, entry->record.name, &key);
	if (rc == 0 && entry->record.body_id != 0) {
		rc = read_rows(store, entry, &key, piece, take, ctx);
	} else if (rc == 0) {
		rc = read_inline(store, entry, &key, piece);
		if (rc == 0)
			rc = take(piece, (size_t)entry->record.body_len, ctx);
	}
	free(piece);
	return rc;
}

static int append(const void *bytes, size_t len, void *ctx)
{
	return lrd_buf_append(ctx, bytes, len);
}

int lrd_cli_body_collect(struct lrd_store *store, const struct lrd_cli_entry *entry,
			 struct lrd_buf *out)
{
	return lrd_cli_body_read(store, entry, append, out);
}
