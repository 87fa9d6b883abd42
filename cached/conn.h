/* SPDX-License-Identifier: MIT */
/*
 * conn.h - one client's connection: bytes in, task, bytes out.
 *
 *   READ ──bytes──► RUN ──► SEND ──all sent──► READ
 *    ▲               ▲       │ ▲
 *    │ nothing there │       │ └─ PUMP: a long reply goes on
 *    └── wait ───────┴───────┘    more input: RUN again, in the next turn if its share is used up
 *
 * While anything waits to be sent nothing is read: a client that does not take its replies
 * stops itself, and costs no more than the bound of the task's output.
 */
#ifndef LRD_CACHED_CONN_H
#define LRD_CACHED_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "cached/loop.h"
#include "cached/roster.h"
#include "cached/task.h"

struct lrd_worker;
struct lrd_listener;

enum lrd_conn_step {
#define LRD_CONN_STEP(name, text) LRD_CONN_##name,
#include "cached/steps.def"
	LRD_CONN_STEP_COUNT
};

struct lrd_conn {
	struct lrd_watch watch;
	struct lrd_worker *worker;
	enum lrd_conn_step step;
	struct lrd_buf in;
	size_t in_at;   /* bytes of `in` that are done with */
	size_t out_at;  /* bytes of task.out that are sent */
	bool in_filled; /* the last read took all the room there was: more may be there */
	bool queued;    /* in worker->ready */
	enum lrd_ran ran;
	unsigned slices;  /* of the present turn */
	uint64_t busy_ns; /* when it last did something */
	struct lrd_task task;
	struct lrd_roster_entry entry;
	struct lrd_conn *next, *prev;
	struct lrd_conn *next_ready;
	struct lrd_conn *next_closed;
};

/* Takes the socket, also on failure (then it is closed). */
void lrd_conn_open(struct lrd_worker *worker, int fd, const struct lrd_listener *listener);
/* Goes on until it has to wait. */
void lrd_conn_serve(struct lrd_conn *conn);
/* Between commands with nothing to send? */
bool lrd_conn_is_idle(const struct lrd_conn *conn);
/* Gives buffers back; only when idle. */
void lrd_conn_trim(struct lrd_conn *conn);
/* Off the loop and the lists, into worker->closed. `reason` is logged. */
void lrd_conn_close(struct lrd_conn *conn, const char *reason);
void lrd_conn_free(struct lrd_conn *conn);

#endif
