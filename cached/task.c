/* SPDX-License-Identifier: MIT */
/* task.c - runs the commands of one connection in batches, one transaction each. */
#include "cached/task.h"

#include <string.h>

#include "cached/dump.h"
#include "cached/log.h"
#include "cached/server.h"
#include "cached/upload.h"
#include "cached/values.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum { HOLD_TRIES = 4 };

/*
 * Where a batch's write transaction began. If the transaction is lost, what was answered
 * since then is taken back and the same commands run again, each in a transaction of its
 * own, so that only those whose own write fails are refused.
 */
struct mark {
	size_t offset; /* into the input, at the start of a line */
	size_t out_len;
	unsigned count; /* commands since then */
	bool unfinished;
	larder_slice keys_left;
	struct lrd_mc_command command;
};

struct run {
	larder_slice input;
	size_t used;
	unsigned share; /* commands left */
	struct mark mark;
};

void lrd_task_init(struct lrd_task *task, struct lrd_server *server,
		   struct lrd_metrics *metrics)
{
	memset(task, 0, sizeof(*task));
	task->server = server;
	task->metrics = metrics;
	lrd_mc_text_init(&task->parser, &server->limits);
	lrd_buf_init(&task->out, LRD_OUT_MAX, NULL);
	lrd_buf_init(&task->scratch, LRD_BLOCK_INLINE_MAX + LRD_BLOCK_JOINED_MAX, NULL);
}

void lrd_task_release(struct lrd_task *task)
{
	lrd_batch_drop(&task->batch);
	lrd_upload_drop(task);
	if (task->large.sending)
		lrd_hold_release(&task->large.hold);
	task->large.sending = false;
	lrd_buf_release(&task->out);
	lrd_buf_release(&task->scratch);
}

void lrd_task_put(struct lrd_task *task, const char *bytes, size_t len)
{
	if (lrd_buf_append(&task->out, bytes, len) < 0)
		task->closing = true;
}

void lrd_task_put_line(struct lrd_task *task, larder_slice line)
{
	lrd_task_put(task, line.ptr, line.len);
	lrd_task_put(task, "\r\n", 2);
}

void lrd_task_put_status(struct lrd_task *task, enum lrd_mc_status status)
{
	lrd_task_put_line(task, lrd_mc_status_text(status));
}

void lrd_task_put_error(struct lrd_task *task, int code)
{
	lrd_metric_add(task->metrics, LRD_METRIC_STORE_ERRORS, 1);
	if (code == LARDER_EFULL || code == LARDER_ENOMEM) {
		lrd_metric_add(task->metrics, LRD_METRIC_STORE_NO_MEMORY, 1);
		lrd_task_put_line(task,
				  LRD_SLICE("SERVER_ERROR out of memory storing object"));
		return;
	}
	lrd_task_put(task, "SERVER_ERROR ", 13);
	lrd_task_put_line(task, lrd_slice_cstr(larder_strerror(code)));
}

static void set_mark(const struct lrd_task *task, struct run *run, size_t line_at)
{
	run->mark.offset = line_at;
	run->mark.out_len = task->out.len;
	run->mark.count = 0;
	run->mark.unfinished = task->unfinished;
	if (task->unfinished) {
		run->mark.keys_left = task->keys_left;
		run->mark.command = task->command;
	}
}

/* The batch's transaction is lost: back to its start, from there one command at a time. */
static void rewind_run(struct lrd_task *task, struct run *run)
{
	lrd_batch_drop(&task->batch);
	lrd_buf_truncate(&task->out, run->mark.out_len);
	run->used = run->mark.offset;
	task->alone = run->mark.count + 1;
	task->broken = 0;
	task->closing = false;
	task->large.wanted = false;
	task->unfinished = run->mark.unfinished;
	if (task->unfinished) {
		task->keys_left = run->mark.keys_left;
		task->command = run->mark.command;
	}
	lrd_mc_text_init(&task->parser, &task->server->limits);
}

/* A command that ran alone and whose write failed gets the error as its answer. */
static void answer_failed(struct lrd_task *task, size_t out_len, int code)
{
	lrd_batch_drop(&task->batch);
	lrd_buf_truncate(&task->out, out_len);
	task->unfinished = false;
	task->large.wanted = false;
	if (!task->command.noreply)
		lrd_task_put_error(task, code);
}

/* HEAD, PIECE and TAIL. Nothing else shares their transactions. */
static void run_upload(struct lrd_task *task)
{
	size_t out_len = task->out.len;
	int rc;

	if (task->command.part == LRD_MC_HEAD) {
		lrd_upload_begin(task);
		return;
	}
	if (!task->upload)
		return;
	if (task->command.part == LRD_MC_PIECE) {
		lrd_upload_piece(task);
		return;
	}
	lrd_metric_add(task->metrics, LRD_METRIC_CMD_SET, 1);
	lrd_metric_add(task->metrics, LRD_METRIC_TOTAL_ITEMS, 1);
	rc = lrd_upload_end(task);
	if (rc == 0)
		rc = lrd_batch_settle(&task->batch);
	if (rc < 0)
		answer_failed(task, out_len, rc);
}

static void log_command(const struct lrd_task *task)
{
	const char *name = lrd_mc_verb_name(task->command.verb);
	larder_slice key = lrd_slice_first(task->command.key, LRD_MC_KEY_MAX);
	char shown[LRD_MC_KEY_MAX + 1];

	/* A terminal would obey some of the bytes that a key may hold. */
	for (size_t i = 0; i < key.len; i++)
		shown[i] = lrd_is(key.ptr[i], LRD_VCHAR) ? key.ptr[i] : '?';
	shown[key.len] = '\0';
	lrd_log(LRD_LOG_DEBUG, "event=command verb=%s key=%s bytes=%llu",
		name ? name : "unknown", shown,
		(unsigned long long)task->command.value_len);
}

/*
 * Runs the command that was just parsed, or goes on with the unfinished one. False: the
 * batch had to be taken back.
 */
static bool run_command(struct lrd_task *task, struct run *run, size_t line_at)
{
	bool upload = task->command.part != LRD_MC_WHOLE;
	size_t out_len;
	int rc;

	if ((upload || lrd_dispatch_needs_settled(&task->command)) &&
	    lrd_batch_settle(&task->batch) < 0)
		goto lost;
	if (upload) {
		run_upload(task);
		return true;
	}
	if (!task->batch.write)
		set_mark(task, run, line_at);
	out_len = task->out.len;
	task->resting = false;
	lrd_dispatch(task);
	rc = task->broken;
	if (task->alone) {
		task->alone--;
		task->broken = 0;
		if (rc == 0)
			rc = lrd_batch_settle(&task->batch);
		if (rc < 0)
			answer_failed(task, out_len, rc);
		return true;
	}
	run->mark.count++;
	if (rc < 0)
		goto lost;
	return true;
lost:
	rewind_run(task, run);
	return false;
}

/* The next command of the input. False: there is none; *ran says why. */
static bool next_command(struct lrd_task *task, struct run *run, enum lrd_ran *ran)
{
	ptrdiff_t n = lrd_mc_text_request(
		&task->parser, lrd_slice_skip(run->input, run->used), &task->command);

	if (n == LRD_MC_PARTIAL) {
		*ran = LRD_RAN_OUT_OF_INPUT;
		return false;
	}
	if (n == LRD_MC_BAD) {
		task->closing = true;
		*ran = LRD_RAN_CLOSE;
		return false;
	}
	run->used += (size_t)n;
	return true;
}

static bool should_stop(struct lrd_task *task, struct run *run, enum lrd_ran *ran)
{
	if (task->closing)
		*ran = LRD_RAN_CLOSE;
	else if (task->large.wanted || task->dumping)
		*ran = LRD_RAN_PUMP;
	else if (task->out.len >= LRD_OUT_SOFT || lrd_batch_is_full(&task->batch))
		*ran = LRD_RAN_ENOUGH;
	else if (run->share == 0 || task->resting)
		*ran = LRD_RAN_SHARE;
	else
		return false;
	return true;
}

static enum lrd_ran run_commands(struct lrd_task *task, struct run *run)
{
	enum lrd_ran ran;

	for (;;) {
		size_t line_at = run->used;

		if (!task->unfinished && !next_command(task, run, &ran))
			return ran;
		if (lrd_log_verbosity() > 1)
			log_command(task);
		if (run->share)
			run->share--;
		if (!run_command(task, run, line_at))
			continue;
		if (should_stop(task, run, &ran))
			return ran;
	}
}

/* Writes the line before a large value and keeps its body from being freed. */
static void begin_large(struct lrd_task *task)
{
	struct lrd_large *large = &task->large;
	char head[LRD_MC_VALUE_HEAD_MAX];
	struct lrd_record record;
	struct lrd_key key;
	int rc = LARDER_ENOTFOUND;

	for (int i = 0; i < HOLD_TRIES && rc == LARDER_ENOTFOUND; i++) {
		rc = lrd_value_find(&task->batch, large->key, &key, &record);
		if (lrd_batch_settle(&task->batch) < 0 && rc == 0)
			rc = LARDER_EIO;
		/* Gone, or replaced by a small one: `get` looks again at the same key. */
		if (rc < 0 || record.body_id == 0)
			break;
		large->body_id = record.body_id;
		large->body_len = record.body_len;
		large->client_flags = record.client_flags;
		large->cas = record.cas;
		rc = lrd_hold_take(task->server->store, &key, record.body_id,
				   &large->hold);
	}
	large->wanted = false;
	if (rc == LARDER_ENOTFOUND)
		return;
	if (rc < 0) {
		lrd_task_put_error(task, rc);
		task->closing = true;
		return;
	}
	if (record.body_id == 0)
		return;
	lrd_mc_next_word(&task->keys_left, &large->key);
	large->sending = true;
	large->sent = 0;
	lrd_task_put(task, head,
		     lrd_mc_text_value_head(head, large->key, large->client_flags,
					    large->body_len,
					    large->with_cas ? &large->cas : NULL));
}

enum lrd_ran lrd_task_run(struct lrd_task *task, larder_slice input, size_t *used)
{
	struct run run = { .input = input, .share = task->server->config.reqs_per_event };
	enum lrd_ran ran;

	lrd_batch_init(&task->batch, task->server->store, lrd_clock_now_s());
	for (;;) {
		ran = run_commands(task, &run);
		if (lrd_batch_settle(&task->batch) == 0)
			break;
		rewind_run(task, &run);
		/* What is run again was within its share. */
		run.share += task->alone;
	}
	if (task->large.wanted) {
		begin_large(task);
		if (!task->large.sending)
			ran = task->closing ? LRD_RAN_CLOSE : LRD_RAN_ENOUGH;
	}
	*used = run.used;
	return ran;
}

static int pump_value(struct lrd_task *task)
{
	struct lrd_large *large = &task->large;
	ptrdiff_t n;
	int rc = lrd_buf_reserve(&task->out, LRD_OUT_SOFT);

	if (rc < 0)
		return rc;
	n = lrd_hold_read(&large->hold, large->sent, task->out.ptr + task->out.len,
			  LRD_OUT_SOFT);
	if (n < 0)
		return (int)n;
	lrd_buf_commit(&task->out, (size_t)n);
	large->sent += (uint64_t)n;
	if (large->sent < large->body_len)
		return n == 0 ? LARDER_ECORRUPT : 0;
	large->sending = false;
	lrd_hold_release(&large->hold);
	lrd_task_put(task, "\r\n", 2);
	return 0;
}

int lrd_task_pump(struct lrd_task *task)
{
	return task->dumping ? lrd_dump_some(task) : pump_value(task);
}
