/* SPDX-License-Identifier: MIT */
/*
 * task.h - the commands of one connection on their way: what they read, hold and answer.
 *
 * A connection owns one task and feeds it bytes by lrd_task_run(); replies gather in `out`.
 * A task knows no sockets.
 */
#ifndef LRD_CACHED_TASK_H
#define LRD_CACHED_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "cached/batch.h"
#include "cached/metrics.h"
#include "proto/bytes/buf.h"
#include "proto/memcache/text.h"

struct lrd_server;
struct lrd_upload;

enum {
	LRD_OUT_SOFT = 64 * 1024, /* no further command is begun above it */
	LRD_KEYS_A_TURN = 1000,   /* of one get: then other connections get their turn */
	LRD_OUT_MAX = 32 * 1024 * 1024, /* of one reply: long listings */
	LRD_VALUE_COPY_MAX = 256 * 1024, /* larger values are sent in slices, from a hold */
	LRD_BLOCK_INLINE_MAX = 256 * 1024,
	LRD_BLOCK_JOINED_MAX = 8 * 1024 * 1024,
	LRD_LINE_LONG_MAX = 2 * 1024 * 1024
};

/* A value that is sent in slices. */
struct lrd_large {
	bool wanted;  /* found, its hold not yet taken */
	bool sending; /* `hold` is taken */
	bool with_cas;
	uint32_t client_flags;
	uint64_t cas;
	uint64_t body_id;
	uint64_t body_len;
	uint64_t sent;
	larder_slice key; /* in the input */
	struct lrd_hold hold;
};

struct lrd_task {
	struct lrd_server *server;
	struct lrd_metrics *metrics;
	struct lrd_mc_text parser;
	struct lrd_batch batch;
	struct lrd_buf out;
	struct lrd_buf scratch; /* what append, prepend and incr put together */
	struct lrd_mc_command command;
	larder_slice keys_left; /* of `command`, while `unfinished` */
	bool unfinished;        /* `command` has more keys to answer */
	bool resting;           /* ... and has looked at enough of them for one turn */
	int broken;             /* the store's error behind a lost transaction; 0: none */
	bool closing;           /* close once `out` is sent */
	unsigned alone;         /* so many commands get a transaction each */
	struct lrd_large large;
	bool dumping; /* `lru_crawler metadump` is on its way, at dump_cursor */
	uint64_t dump_cursor;
	struct lrd_upload *upload; /* the block that arrives in pieces */
};

void lrd_task_init(struct lrd_task *task, struct lrd_server *server,
		   struct lrd_metrics *metrics);
void lrd_task_release(struct lrd_task *task);

/* Why lrd_task_run() stopped. */
enum lrd_ran {
	LRD_RAN_OUT_OF_INPUT, /* parser.wants says how many bytes are needed */
	LRD_RAN_SHARE,        /* used up its share of commands; there may be more */
	LRD_RAN_ENOUGH,       /* replies should leave before more is done */
	LRD_RAN_PUMP, /* a long reply is on its way: lrd_task_pump() until it is done */
	LRD_RAN_CLOSE /* close after sending what is in `out` */
};

/*
 * Runs commands of `input` until one of the above; *used says how many bytes are done with.
 * Everything that was answered with success is committed. While `unfinished` or `large` the
 * used bytes must stay where they are.
 */
enum lrd_ran lrd_task_run(struct lrd_task *task, larder_slice input, size_t *used);

/* May the input be moved or dropped? */
static inline bool lrd_task_needs_input(const struct lrd_task *task)
{
	return task->unfinished || task->large.wanted || task->large.sending;
}

/* Is a reply on its way that is made slice by slice? */
static inline bool lrd_task_is_pumping(const struct lrd_task *task)
{
	return task->large.sending || task->dumping;
}

/*
 * Appends the next slice of such a reply. An error means that the rest cannot be had: the
 * connection must close.
 */
int lrd_task_pump(struct lrd_task *task) LARDER_MUST_USE;

/* ---- for the commands ------------------------------------------------------------------- */

/* Appends to the reply; out of memory closes the connection. */
void lrd_task_put(struct lrd_task *task, const char *bytes, size_t len);
void lrd_task_put_line(struct lrd_task *task, larder_slice line);
void lrd_task_put_status(struct lrd_task *task, enum lrd_mc_status status);
/* The line for an error of the store. */
void lrd_task_put_error(struct lrd_task *task, int code);

/* Acts on `command`. */
void lrd_dispatch(struct lrd_task *task);
/* Whether it must find no transaction open. */
bool lrd_dispatch_needs_settled(const struct lrd_mc_command *command);

#endif
