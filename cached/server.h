/* SPDX-License-Identifier: MIT */
/*
 * server.h - what all threads of larderd share: settings, the store, gauges, the workers.
 *
 * The main thread accepts connections, hands them round to the workers, keeps the store in
 * order and watches the clock; a worker serves its connections. They share this struct:
 * `config`, `limits`, `store` and the arrays are fixed while workers run, the rest is atomic
 * or has a lock of its own.
 */
#ifndef LRD_CACHED_SERVER_H
#define LRD_CACHED_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "cached/config.h"
#include "cached/listen.h"
#include "cached/loop.h"
#include "cached/metrics.h"
#include "cached/prefix.h"
#include "cached/roster.h"
#include "proto/memcache/text.h"
#include "store/store.h"

struct lrd_worker;

struct lrd_server {
	struct lrd_config config;
	struct lrd_mc_limits limits;
	struct lrd_store *store;
	struct lrd_listeners listeners;
	struct lrd_roster roster;
	struct lrd_prefixes prefixes;
	struct lrd_worker *workers; /* config.threads of them */

	struct lrd_loop loop; /* the main thread's */
	struct lrd_watch wake_watch;
	struct lrd_watch signal_watch;
	unsigned next_worker;

	int64_t started_at;
	_Atomic int64_t flush_at; /* unix second of a delayed flush_all; 0: none */
	atomic_bool stopping;
	atomic_bool graceful;
	atomic_uint conns_now;
	_Atomic uint64_t conns_total;
	_Atomic uint64_t conns_rejected;
	_Atomic uint64_t upkeep_runs;
	/* Store-wide counters at the last `stats reset`, to subtract. */
	_Atomic uint64_t evicted_base;
	_Atomic uint64_t expired_base;
};

/*
 * Opens the store, the listeners and the workers' descriptors; nothing runs yet. On failure
 * `err` says what to do, and everything is closed again.
 */
int lrd_server_open(struct lrd_server *server, const struct lrd_config *config,
		    larder_error *err) LARDER_MUST_USE;
/* Serves until a signal or a command ends it. */
int lrd_server_run(struct lrd_server *server, larder_error *err) LARDER_MUST_USE;
void lrd_server_close(struct lrd_server *server);

/* For any thread: end, and if `graceful` let busy connections finish their command. */
void lrd_server_stop(struct lrd_server *server, bool graceful);
/* For any thread: sets the time of a delayed flush (0: none). */
void lrd_server_flush_at(struct lrd_server *server, int64_t at);

/* The sum of one metric over all workers. */
uint64_t lrd_server_metric(const struct lrd_server *server, enum lrd_metric metric);
void lrd_server_reset_metrics(struct lrd_server *server);

#endif
