/* SPDX-License-Identifier: MIT */
/*
 * worker.h - one thread that serves the connections given to it.
 */
#ifndef LRD_CACHED_WORKER_H
#define LRD_CACHED_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "cached/loop.h"
#include "cached/metrics.h"

struct lrd_conn;
struct lrd_listener;
struct lrd_server;

struct lrd_worker {
	struct lrd_server *server;
	struct lrd_loop loop;
	struct lrd_watch inbox_watch;
	int inbox_write; /* where the main thread puts connections */
	pthread_t thread;
	bool started;
	bool stopping;
	uint64_t stop_by_ns; /* then busy connections are cut */
	uint64_t swept_at_ns;
	struct lrd_conn *conns;  /* all of them */
	struct lrd_conn *ready;  /* those with input left over, to be served next turn */
	struct lrd_conn *closed; /* freed at the end of the turn */
	struct lrd_metrics metrics;
};

int lrd_worker_open(struct lrd_worker *worker, struct lrd_server *server) LARDER_MUST_USE;
int lrd_worker_start(struct lrd_worker *worker) LARDER_MUST_USE;
/* Main thread: hands a connected socket over; it is the worker's then, or closed on failure. */
void lrd_worker_give(struct lrd_worker *worker, int fd,
		     const struct lrd_listener *listener);
/* Main thread: makes the worker look at server->stopping. */
void lrd_worker_wake(struct lrd_worker *worker);
/* Waits for the thread, then frees everything. Also after a failed open. */
void lrd_worker_close(struct lrd_worker *worker);

#endif
