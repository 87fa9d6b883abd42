/* SPDX-License-Identifier: MIT */
/* upload.c - a block too large for the read buffer, stored row by row while it arrives. */
#include "cached/upload.h"

#include <stdlib.h>
#include <string.h>

#include "cached/server.h"
#include "cached/values.h"
#include "proto/bytes/slice.h"

enum { JOIN_TRIES = 8, JOIN_SLICE = 256 * 1024 };

struct lrd_upload {
	struct lrd_fill *fill;
	int failed; /* why the block is read and dropped; 0: all is well */
	size_t key_len;
	char key[LRD_MC_KEY_MAX]; /* the line is gone when the block is complete */
};

static void fail(struct lrd_upload *upload, int code)
{
	lrd_fill_abort(upload->fill);
	upload->fill = NULL;
	upload->failed = code;
}

static struct lrd_value_rules rules_of(const struct lrd_task *task)
{
	const struct lrd_config *config = &task->server->config;

	return (struct lrd_value_rules){ config->no_cas, config->no_evictions,
					 config->item_max };
}

void lrd_upload_begin(struct lrd_task *task)
{
	const struct lrd_mc_command *command = &task->command;
	struct lrd_upload *upload = calloc(1, sizeof(*upload));
	struct lrd_value_rules rules = rules_of(task);
	int rc;

	if (!upload) {
		task->closing = true;
		return;
	}
	upload->key_len = command->key.len;
	memcpy(upload->key, command->key.ptr, command->key.len);
	rc = lrd_value_check_room(&task->batch, &rules, command->value_len);
	if (rc == 0)
		rc = lrd_fill_begin(task->server->store, command->value_len,
				    &upload->fill);
	if (rc < 0)
		upload->failed = rc;
	task->upload = upload;
}

void lrd_upload_piece(struct lrd_task *task)
{
	struct lrd_upload *upload = task->upload;
	int rc;

	if (upload->failed)
		return;
	rc = lrd_fill_append(upload->fill, task->command.value.ptr,
			     task->command.value.len);
	if (rc < 0)
		fail(upload, rc);
}

void lrd_upload_drop(struct lrd_task *task)
{
	if (!task->upload)
		return;
	lrd_fill_abort(task->upload->fill);
	free(task->upload);
	task->upload = NULL;
}

/* A set that fails must not leave the old value: the client believes it replaced. */
static int end_failed(struct lrd_task *task, int code)
{
	if (task->command.verb == LRD_MC_SET) {
		int rc = lrd_value_delete(&task->batch, task->command.key);

		(void)rc; /* the store is in trouble already, and `code` says so */
	}
	return code;
}

int lrd_upload_end(struct lrd_task *task)
{
	struct lrd_upload *upload = task->upload;
	struct lrd_value_rules rules = rules_of(task);
	int rc;

	task->command.key = lrd_slice_of(upload->key, upload->key_len);
	if (task->command.refusal) {
		if (!task->command.noreply)
			lrd_task_put_line(task,
					  lrd_mc_refusal_text(task->command.refusal));
		lrd_upload_drop(task);
		return 0;
	}
	if (upload->failed) {
		rc = end_failed(task, upload->failed);
		goto out;
	}
	rc = lrd_value_publish(&task->batch, &rules, &task->command, upload->fill);
	if (rc < 0)
		goto out;
	upload->fill = NULL; /* consumed */
	if (!task->command.noreply)
		lrd_task_put_status(task, (enum lrd_mc_status)rc);
	rc = 0;
out:
	lrd_upload_drop(task);
	return rc;
}

/* What append and prepend put together: the old value's bytes, held while they are copied. */
struct join {
	struct lrd_task *task;
	struct lrd_key key;
	struct lrd_record old; /* its slices are dead */
	struct lrd_fill *fill;
};

/* Finds the old value. A small one is copied to `scratch`, a large one gets a hold. */
static int find_old(struct join *join, struct lrd_hold *hold, bool *holding)
{
	struct lrd_task *task = join->task;
	struct lrd_batch *batch = &task->batch;
	int rc = lrd_value_find(batch, task->command.key, &join->key, &join->old);

	*holding = false;
	if (rc < 0)
		return rc;
	if (join->old.body_id == 0) {
		size_t len = (size_t)join->old.body_len;

		lrd_buf_clear(&task->scratch);
		rc = lrd_buf_reserve(&task->scratch, len);
		if (rc == 0)
			rc = lrd_batch_body(batch, &join->old, 0, task->scratch.ptr, len);
		if (rc == 0)
			lrd_buf_commit(&task->scratch, len);
	}
	if (lrd_batch_settle(batch) < 0 && rc == 0)
		rc = LARDER_EIO;
	if (rc == 0 && join->old.body_id != 0) {
		rc = lrd_hold_take(batch->store, &join->key, join->old.body_id, hold);
		*holding = rc == 0;
	}
	return rc;
}

static int fill_old(struct join *join, struct lrd_hold *hold)
{
	struct lrd_task *task = join->task;
	uint64_t at = 0;
	ptrdiff_t n;
	int rc;

	if (join->old.body_id == 0)
		return lrd_fill_append(join->fill, task->scratch.ptr, task->scratch.len);
	lrd_buf_clear(&task->scratch);
	rc = lrd_buf_reserve(&task->scratch, JOIN_SLICE);
	while (rc == 0) {
		n = lrd_hold_read(hold, at, task->scratch.ptr, JOIN_SLICE);
		if (n <= 0)
			return (int)n;
		rc = lrd_fill_append(join->fill, task->scratch.ptr, (size_t)n);
		at += (uint64_t)n;
	}
	return rc;
}

static int publish(struct join *join)
{
	struct lrd_task *task = join->task;
	struct lrd_batch *batch = &task->batch;
	struct lrd_record now;
	struct lrd_put put;
	int rc = lrd_batch_write(batch);

	if (rc == 0)
		rc = lrd_value_find(batch, task->command.key, &join->key, &now);
	if (rc == 0 && now.cas != join->old.cas)
		rc = LARDER_ECONFLICT;
	if (rc < 0)
		return rc;
	put = (struct lrd_put){
		.key = join->key,
		.kind = LRD_KIND_VALUE,
		.client_flags = now.client_flags,
		.stored_at = batch->now,
		.expires_at = now.expires_at,
		.stale_until = now.stale_until,
		.head = { "", 0 },
	};
	rc = lrd_write_publish(batch->write, &put, join->fill, NULL);
	if (rc < 0)
		return rc;
	join->fill = NULL; /* consumed */
	return lrd_batch_settle(batch);
}

static int join_once(struct join *join)
{
	struct lrd_task *task = join->task;
	bool append = task->command.verb == LRD_MC_APPEND;
	larder_slice block = task->command.value;
	struct lrd_hold hold;
	bool holding;
	int rc = find_old(join, &hold, &holding);

	if (rc < 0)
		return rc;
	if (join->old.body_len + block.len + task->command.key.len + LRD_MC_ITEM_OVERHEAD >
	    task->server->config.item_max) {
		rc = LARDER_ELIMIT;
		goto out;
	}
	rc = lrd_fill_begin(task->server->store, join->old.body_len + block.len,
			    &join->fill);
	if (rc == 0 && !append)
		rc = lrd_fill_append(join->fill, block.ptr, block.len);
	if (rc == 0)
		rc = fill_old(join, &hold);
	if (rc == 0 && append)
		rc = lrd_fill_append(join->fill, block.ptr, block.len);
	if (rc == 0)
		rc = publish(join);
out:
	if (rc < 0)
		lrd_batch_drop(&task->batch);
	lrd_fill_abort(join->fill);
	join->fill = NULL;
	if (holding)
		lrd_hold_release(&hold);
	return rc;
}

int lrd_upload_join(struct lrd_task *task)
{
	struct join join = { .task = task };
	int rc = LARDER_ECONFLICT;

	for (int i = 0; i < JOIN_TRIES && rc == LARDER_ECONFLICT; i++)
		rc = join_once(&join);
	if (rc == LARDER_ENOTFOUND || rc == LARDER_ELIMIT)
		return LRD_MC_NOT_STORED;
	return rc < 0 ? rc : LRD_MC_STORED;
}
