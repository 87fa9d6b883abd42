/* SPDX-License-Identifier: MIT */
/* batch.c - the one transaction that the commands of one read share. */
#include "cached/batch.h"

/* The bound that the store's write transactions keep, less room for one more command. */
enum { PAGES_MAX = 192 };

void lrd_batch_init(struct lrd_batch *batch, struct lrd_store *store, int64_t now)
{
	batch->store = store;
	batch->now = now;
	batch->write = NULL;
	batch->reading = false;
	batch->refused = 0;
}

static void end_read(struct lrd_batch *batch)
{
	if (batch->reading)
		lrd_read_end(&batch->read);
	batch->reading = false;
}

int lrd_batch_write(struct lrd_batch *batch)
{
	int rc;

	if (batch->write)
		return 0;
	if (batch->refused)
		return batch->refused;
	end_read(batch);
	rc = lrd_write_begin(batch->store, &batch->write);
	if (rc < 0)
		batch->refused = rc;
	return rc;
}

int lrd_batch_get(struct lrd_batch *batch, const struct lrd_key *key,
		  struct lrd_record *out)
{
	int rc;

	if (batch->write)
		return lrd_write_get(batch->write, key, batch->now, out);
	if (!batch->reading) {
		rc = lrd_read_begin(batch->store, &batch->read);
		if (rc < 0)
			return rc;
		batch->reading = true;
	}
	return lrd_read_get(&batch->read, key, batch->now, out);
}

int lrd_batch_body(struct lrd_batch *batch, const struct lrd_record *record,
		   uint64_t offset, void *dst, size_t len)
{
	if (batch->write)
		return lrd_write_body(batch->write, record, offset, dst, len);
	return lrd_read_body(&batch->read, record, offset, dst, len);
}

int lrd_batch_settle(struct lrd_batch *batch)
{
	struct lrd_write *write = batch->write;

	end_read(batch);
	if (!write)
		return 0;
	batch->write = NULL;
	return lrd_write_commit(write);
}

bool lrd_batch_is_full(const struct lrd_batch *batch)
{
	return batch->write && lrd_write_pages(batch->write) >= PAGES_MAX;
}

void lrd_batch_drop(struct lrd_batch *batch)
{
	end_read(batch);
	if (batch->write)
		lrd_write_abort(batch->write);
	batch->write = NULL;
}
