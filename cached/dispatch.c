/* SPDX-License-Identifier: MIT */
/* dispatch.c - what each memcache command does: one function a verb, in one table. */
#include "cached/dump.h"
#include "cached/log.h"
#include "cached/server.h"
#include "cached/stats.h"
#include "cached/task.h"
#include "cached/upload.h"
#include "cached/values.h"
#include "cached/version.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

static void answer(struct lrd_task *task, larder_slice line)
{
	if (!task->command.noreply)
		lrd_task_put_line(task, line);
}

/* A status of values.h, or an error that lost the transaction. */
static void answer_status(struct lrd_task *task, int status)
{
	if (status < 0)
		task->broken = status;
	else
		answer(task, lrd_mc_status_text((enum lrd_mc_status)status));
}

static void count(struct lrd_task *task, enum lrd_metric metric)
{
	lrd_metric_add(task->metrics, metric, 1);
}

static void count_prefix(struct lrd_task *task, larder_slice key,
			 enum lrd_prefix_event event)
{
	if (lrd_prefix_is_on(&task->server->prefixes))
		lrd_prefix_count(&task->server->prefixes, key, event);
}

/* ---- get, gets, gat, gats ------------------------------------------------------------------ */

/* The line and the bytes of a value that is copied whole. A damaged one is a miss. */
static int put_value(struct lrd_task *task, larder_slice key,
		     const struct lrd_record *record, bool with_cas)
{
	const uint64_t no_cas = 0;
	const uint64_t *cas = task->server->config.no_cas ? &no_cas : &record->cas;
	size_t len = (size_t)record->body_len;
	struct lrd_buf *out = &task->out;
	size_t head;
	char *at;
	int rc = lrd_buf_reserve(out, LRD_MC_VALUE_HEAD_MAX + len + 2);

	if (rc < 0)
		return rc;
	at = out->ptr + out->len;
	head = lrd_mc_text_value_head(at, key, record->client_flags, len,
				      with_cas ? cas : NULL);
	rc = lrd_batch_body(&task->batch, record, 0, at + head, len);
	if (rc < 0)
		return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
	at[head + len] = '\r';
	at[head + len + 1] = '\n';
	lrd_buf_commit(out, head + len + 2);
	return 0;
}

static void want_large(struct lrd_task *task, larder_slice key, bool with_cas)
{
	task->large.wanted = true;
	task->large.key = key;
	task->large.with_cas = with_cas;
}

/* One key of a get. ENOTFOUND: a miss. */
static int get_one(struct lrd_task *task, larder_slice name, bool with_cas, bool touch)
{
	struct lrd_record record;
	struct lrd_key key;
	int rc = touch ? lrd_batch_write(&task->batch) : 0;

	if (rc == 0)
		rc = lrd_value_find(&task->batch, name, &key, &record);
	if (rc < 0)
		return rc;
	if (record.body_len > LRD_VALUE_COPY_MAX)
		want_large(task, name, with_cas);
	else
		rc = put_value(task, name, &record, with_cas);
	if (rc == 0 && touch)
		rc = lrd_value_touch(&task->batch, &key, &record, task->command.exptime);
	return rc < 0 ? rc : 0;
}

static void count_get(struct lrd_task *task, larder_slice key, bool hit, bool touch)
{
	count(task, touch ? LRD_METRIC_CMD_TOUCH : LRD_METRIC_CMD_GET);
	if (touch)
		count(task, hit ? LRD_METRIC_TOUCH_HITS : LRD_METRIC_TOUCH_MISSES);
	else
		count(task, hit ? LRD_METRIC_GET_HITS : LRD_METRIC_GET_MISSES);
	count_prefix(task, key, LRD_PREFIX_GET);
	if (hit)
		count_prefix(task, key, LRD_PREFIX_HIT);
}

/*
 * All keys, or as many as the output holds: then `unfinished` stays set and the next run goes
 * on behind the last one. A large value ends the run in front of its key.
 */
static void do_get(struct lrd_task *task)
{
	enum lrd_mc_verb verb = task->command.verb;
	bool with_cas = verb == LRD_MC_GETS || verb == LRD_MC_GATS;
	bool touch = verb == LRD_MC_GAT || verb == LRD_MC_GATS;
	larder_slice rest, key;
	int left = LRD_KEYS_A_TURN;
	int rc;

	if (!task->unfinished)
		task->keys_left = task->command.keys;
	task->unfinished = true;
	rest = task->keys_left;
	while (lrd_mc_next_word(&rest, &key)) {
		rc = get_one(task, key, with_cas, touch);
		if (rc < 0 && rc != LARDER_ENOTFOUND) {
			task->broken = rc;
			return;
		}
		count_get(task, key, rc == 0, touch);
		if (task->large.wanted)
			return;
		task->keys_left = rest;
		task->resting = --left == 0;
		if (task->resting || task->out.len >= LRD_OUT_SOFT ||
		    lrd_batch_is_full(&task->batch))
			return;
	}
	task->unfinished = false;
	lrd_task_put(task, "END\r\n", 5);
}

/* ---- set and its kin ------------------------------------------------------------------------ */

static void count_store(struct lrd_task *task, int status)
{
	count(task, LRD_METRIC_CMD_SET);
	if (status == LRD_MC_STORED)
		count(task, LRD_METRIC_TOTAL_ITEMS);
	if (task->command.verb == LRD_MC_CAS && status >= 0)
		count(task, status == LRD_MC_STORED   ? LRD_METRIC_CAS_HITS
			    : status == LRD_MC_EXISTS ? LRD_METRIC_CAS_BADVAL
						      : LRD_METRIC_CAS_MISSES);
	count_prefix(task, task->command.key, LRD_PREFIX_SET);
}

/* The result passes one transaction: what the batch has so far is committed, then it runs. */
static void do_join(struct lrd_task *task)
{
	int rc = lrd_batch_settle(&task->batch);

	if (rc < 0) {
		task->broken = rc;
		return;
	}
	rc = lrd_upload_join(task);
	count_store(task, rc);
	if (rc >= 0)
		answer_status(task, rc);
	else if (!task->command.noreply)
		lrd_task_put_error(task, rc);
}

static void do_store(struct lrd_task *task)
{
	const struct lrd_config *config = &task->server->config;
	struct lrd_value_rules rules = { config->no_cas, config->no_evictions,
					 config->item_max };
	int rc = lrd_value_store(&task->batch, &rules, &task->command, &task->scratch);

	if (rc == LARDER_ELIMIT) {
		do_join(task);
		return;
	}
	count_store(task, rc);
	answer_status(task, rc);
}

static void do_delete(struct lrd_task *task)
{
	int rc = lrd_value_delete(&task->batch, task->command.key);

	count(task,
	      rc == LRD_MC_DELETED ? LRD_METRIC_DELETE_HITS : LRD_METRIC_DELETE_MISSES);
	count_prefix(task, task->command.key, LRD_PREFIX_DELETE);
	answer_status(task, rc);
}

static void do_count(struct lrd_task *task)
{
	bool incr = task->command.verb == LRD_MC_INCR;
	char digits[LRD_NUM_SIZE];
	uint64_t number;
	int rc = lrd_value_count(&task->batch, &task->command, &number);

	if (rc < 0) {
		task->broken = rc;
	} else if (rc == LRD_MC_NUMBER) {
		count(task, incr ? LRD_METRIC_INCR_HITS : LRD_METRIC_DECR_HITS);
		answer(task, lrd_slice_of(digits, lrd_u64_format(number, digits)));
	} else if (rc == LRD_MC_NOT_FOUND) {
		count(task, incr ? LRD_METRIC_INCR_MISSES : LRD_METRIC_DECR_MISSES);
		answer_status(task, rc);
	} else {
		answer(task,
		       LRD_SLICE("CLIENT_ERROR cannot increment or decrement non-numeric "
				 "value"));
	}
}

static void do_touch(struct lrd_task *task)
{
	struct lrd_record record;
	struct lrd_key key;
	int rc = lrd_batch_write(&task->batch);

	if (rc == 0)
		rc = lrd_value_find(&task->batch, task->command.key, &key, &record);
	if (rc == 0)
		rc = lrd_value_touch(&task->batch, &key, &record, task->command.exptime);
	if (rc == LARDER_ENOTFOUND)
		rc = LRD_MC_NOT_FOUND;
	count(task, LRD_METRIC_CMD_TOUCH);
	count(task,
	      rc == LRD_MC_TOUCHED ? LRD_METRIC_TOUCH_HITS : LRD_METRIC_TOUCH_MISSES);
	answer_status(task, rc);
}

/* ---- about the whole store and the server ---------------------------------------------------- */

static void do_flush_all(struct lrd_task *task)
{
	int64_t at = lrd_mc_expires_at(task->command.exptime, task->batch.now);
	int rc = 0;

	if (task->server->config.no_flush) {
		answer(task, LRD_SLICE("CLIENT_ERROR flush_all not allowed"));
		return;
	}
	count(task, LRD_METRIC_CMD_FLUSH);
	if (at > task->batch.now) {
		lrd_server_flush_at(task->server, at);
	} else {
		/* As in memcached, a later flush takes the place of a delayed one. */
		lrd_server_flush_at(task->server, 0);
		rc = lrd_store_flush(task->server->store, LRD_KIND_VALUE);
	}
	if (rc == 0)
		answer(task, LRD_SLICE("OK"));
	else if (!task->command.noreply)
		lrd_task_put_error(task, rc);
}

static void do_version(struct lrd_task *task)
{
	lrd_task_put_line(task, LRD_SLICE("VERSION " LRD_CACHED_VERSION_TEXT));
}

static void do_verbosity(struct lrd_task *task)
{
	uint64_t level = task->command.number;

	lrd_log_set_verbosity(level > 3 ? 3 : (unsigned)level);
	answer(task, LRD_SLICE("OK"));
}

static void do_stats(struct lrd_task *task)
{
	lrd_stats_answer(task, task->command.words);
}

static void do_quit(struct lrd_task *task)
{
	task->closing = true;
}

static void do_shutdown(struct lrd_task *task)
{
	larder_slice words = task->command.words;
	bool graceful = lrd_slice_equal(words, LRD_SLICE("graceful"));

	if (!task->server->config.shutdown) {
		lrd_task_put_line(task, LRD_SLICE("SERVER_ERROR: shutdown not enabled"));
	} else if (words.len && !graceful) {
		lrd_task_put_line(task, LRD_SLICE("CLIENT_ERROR invalid shutdown mode"));
	} else {
		task->closing = true;
		lrd_server_stop(task->server, graceful);
	}
}

static void do_lru_crawler(struct lrd_task *task)
{
	larder_slice rest = task->command.words, word = { "", 0 }, argument = { "", 0 };
	uint64_t number;

	lrd_mc_next_word(&rest, &word);
	lrd_mc_next_word(&rest, &argument);
	if (lrd_slice_equal(word, LRD_SLICE("metadump")) && argument.len) {
		if (task->server->config.no_dump)
			lrd_task_put_line(task, LRD_SLICE("ERROR metadump not allowed"));
		else
			lrd_dump_begin(task);
	} else if (lrd_slice_equal(word, LRD_SLICE("enable")) ||
		   lrd_slice_equal(word, LRD_SLICE("disable")) ||
		   (lrd_slice_equal(word, LRD_SLICE("crawl")) && argument.len)) {
		/* Upkeep runs by itself; there is nothing to switch. */
		lrd_task_put_status(task, LRD_MC_OK);
	} else if (lrd_slice_equal(word, LRD_SLICE("sleep")) && argument.len) {
		if (lrd_u64_parse(argument, &number) < 0)
			lrd_task_put_line(task,
					  lrd_mc_refusal_text(LRD_MC_REFUSED_FORMAT));
		else if (number > 1000000)
			lrd_task_put_line(
				task, LRD_SLICE("CLIENT_ERROR sleep must be one second "
						"or less"));
		else
			lrd_task_put_status(task, LRD_MC_OK);
	} else if (lrd_slice_equal(word, LRD_SLICE("tocrawl")) && argument.len) {
		if (lrd_u64_parse(argument, &number) < 0)
			lrd_task_put_line(task,
					  lrd_mc_refusal_text(LRD_MC_REFUSED_FORMAT));
		else
			lrd_task_put_status(task, LRD_MC_OK);
	} else {
		lrd_task_put_status(task, LRD_MC_ERROR);
	}
}

/* ---- the table -------------------------------------------------------------------------------- */

static void (*const actions[LRD_MC_VERB_COUNT])(struct lrd_task *task) = {
	[LRD_MC_GET] = do_get,
	[LRD_MC_GETS] = do_get,
	[LRD_MC_GAT] = do_get,
	[LRD_MC_GATS] = do_get,
	[LRD_MC_SET] = do_store,
	[LRD_MC_ADD] = do_store,
	[LRD_MC_REPLACE] = do_store,
	[LRD_MC_APPEND] = do_store,
	[LRD_MC_PREPEND] = do_store,
	[LRD_MC_CAS] = do_store,
	[LRD_MC_DELETE] = do_delete,
	[LRD_MC_INCR] = do_count,
	[LRD_MC_DECR] = do_count,
	[LRD_MC_TOUCH] = do_touch,
	[LRD_MC_FLUSH_ALL] = do_flush_all,
	[LRD_MC_VERSION] = do_version,
	[LRD_MC_VERBOSITY] = do_verbosity,
	[LRD_MC_STATS] = do_stats,
	[LRD_MC_QUIT] = do_quit,
	[LRD_MC_SHUTDOWN] = do_shutdown,
	[LRD_MC_LRU_CRAWLER] = do_lru_crawler,
};

bool lrd_dispatch_needs_settled(const struct lrd_mc_command *command)
{
	return command->verb == LRD_MC_FLUSH_ALL ||
	       (lrd_mc_verb_traits(command->verb) & LRD_MC_TRAIT_SERVER) != 0;
}

/* A refused set must not leave the old value behind: the client believes it is replaced. */
static void do_refused(struct lrd_task *task)
{
	enum lrd_mc_refusal refusal = task->command.refusal;

	if (refusal == LRD_MC_REFUSED_TOO_LARGE) {
		count(task, LRD_METRIC_STORE_TOO_LARGE);
		if (task->command.verb == LRD_MC_SET) {
			int rc = lrd_value_delete(&task->batch, task->command.key);

			if (rc < 0) {
				task->broken = rc;
				return;
			}
		}
	}
	answer(task, lrd_mc_refusal_text(refusal));
}

void lrd_dispatch(struct lrd_task *task)
{
	if (task->command.refusal)
		do_refused(task);
	else if (task->command.verb != LRD_MC_NONE)
		actions[task->command.verb](task);
}
