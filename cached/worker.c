/* SPDX-License-Identifier: MIT */
/* worker.c - one thread that serves the connections given to it. */
#include "cached/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cached/conn.h"
#include "cached/log.h"
#include "cached/server.h"
#include "sys/clock.h"
#include "sys/error.h"

#define SECOND_NS 1000000000ull

enum { STOP_S = 1, STOP_GRACEFUL_S = 5, SWEEP_MS = 1000, STOP_POLL_MS = 20 };

/* What goes through the inbox; a pipe keeps so few bytes together. fd -1: only wake up. */
struct parcel {
	int fd;
	const struct lrd_listener *listener;
};

static void begin_stop(struct lrd_worker *worker)
{
	bool graceful = worker->server->graceful;
	uint64_t wait_s = graceful ? STOP_GRACEFUL_S : STOP_S;
	struct lrd_conn *next;

	if (worker->stopping)
		return;
	worker->stopping = true;
	worker->stop_by_ns = lrd_clock_mono_ns() + wait_s * SECOND_NS;
	for (struct lrd_conn *conn = worker->conns; conn; conn = next) {
		next = conn->next;
		/* Half a command will hardly be completed: only a graceful stop waits for it. */
		if (lrd_conn_is_idle(conn) || (!graceful && conn->step == LRD_CONN_READ))
			lrd_conn_close(conn, "shutdown");
	}
}

static void on_inbox(struct lrd_watch *watch, uint32_t events)
{
	struct lrd_worker *worker =
		(struct lrd_worker *)((char *)watch -
				      offsetof(struct lrd_worker, inbox_watch));
	struct parcel parcel;

	(void)events;
	while (read(watch->fd, &parcel, sizeof(parcel)) == (ssize_t)sizeof(parcel)) {
		if (parcel.fd < 0)
			continue;
		if (worker->stopping) {
			close(parcel.fd);
			atomic_fetch_sub(&worker->server->conns_now, 1);
		} else {
			lrd_conn_open(worker, parcel.fd, parcel.listener);
		}
	}
	if (worker->server->stopping)
		begin_stop(worker);
}

/* Connections that used up their share last turn; those that do so again wait for the next. */
static void serve_ready(struct lrd_worker *worker)
{
	struct lrd_conn *conn = worker->ready, *next;

	worker->ready = NULL;
	for (; conn; conn = next) {
		next = conn->next_ready;
		conn->queued = false;
		if (conn->watch.fd >= 0)
			lrd_conn_serve(conn);
	}
}

static void free_closed(struct lrd_worker *worker)
{
	struct lrd_conn *conn = worker->closed, *next;

	worker->closed = NULL;
	for (; conn; conn = next) {
		next = conn->next_closed;
		/* Still among the ready ones: they let go of it first. */
		if (conn->queued) {
			conn->next_closed = worker->closed;
			worker->closed = conn;
		} else {
			lrd_conn_free(conn);
		}
	}
}

/* Once a second: memory of idle connections goes back, those idle for too long are closed. */
static void sweep(struct lrd_worker *worker)
{
	uint64_t idle_ns = worker->server->config.idle_timeout_s * SECOND_NS;
	uint64_t now_ns = lrd_clock_mono_coarse_ns();
	struct lrd_conn *next;

	if (now_ns - worker->swept_at_ns < SECOND_NS)
		return;
	worker->swept_at_ns = now_ns;
	for (struct lrd_conn *conn = worker->conns; conn; conn = next) {
		next = conn->next;
		if (now_ns - conn->busy_ns < SECOND_NS)
			continue;
		if (lrd_conn_is_idle(conn))
			lrd_conn_trim(conn);
		if (idle_ns && now_ns - conn->busy_ns > idle_ns) {
			lrd_metric_add(&worker->metrics, LRD_METRIC_IDLE_KICKS, 1);
			lrd_conn_close(conn, "idle_timeout");
		}
	}
}

static void cut_all(struct lrd_worker *worker)
{
	while (worker->conns)
		lrd_conn_close(worker->conns, "shutdown");
}

static int turn_timeout_ms(const struct lrd_worker *worker)
{
	if (worker->ready)
		return 0;
	if (worker->stopping)
		return STOP_POLL_MS;
	return worker->conns ? SWEEP_MS : -1;
}

static void *run(void *ctx)
{
	struct lrd_worker *worker = ctx;

	while (!worker->stopping || worker->conns) {
		if (lrd_loop_turn(&worker->loop, turn_timeout_ms(worker)) < 0) {
			lrd_log(LRD_LOG_ERROR, "event=worker_failed errno=%d", errno);
			break;
		}
		serve_ready(worker);
		free_closed(worker);
		sweep(worker);
		if (worker->stopping && lrd_clock_mono_ns() > worker->stop_by_ns)
			cut_all(worker);
	}
	cut_all(worker);
	worker->ready = NULL;
	for (struct lrd_conn *conn = worker->closed; conn; conn = conn->next_closed)
		conn->queued = false;
	free_closed(worker);
	return NULL;
}

int lrd_worker_open(struct lrd_worker *worker, struct lrd_server *server)
{
	int ends[2];
	int rc;

	memset(worker, 0, sizeof(*worker));
	worker->server = server;
	worker->loop.fd = worker->inbox_watch.fd = worker->inbox_write = -1;
	rc = lrd_loop_open(&worker->loop);
	if (rc < 0)
		return rc;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return lrd_error_from_errno(errno);
	worker->inbox_watch.fd = ends[0];
	worker->inbox_watch.ready = on_inbox;
	worker->inbox_write = ends[1];
	return lrd_loop_add(&worker->loop, &worker->inbox_watch, EPOLLIN);
}

int lrd_worker_start(struct lrd_worker *worker)
{
	int rc = pthread_create(&worker->thread, NULL, run, worker);

	if (rc != 0)
		return lrd_error_from_errno(rc);
	worker->started = true;
	return 0;
}

static bool post(struct lrd_worker *worker, int fd, const struct lrd_listener *listener)
{
	struct parcel parcel;

	memset(&parcel, 0, sizeof(parcel));
	parcel.fd = fd;
	parcel.listener = listener;
	return write(worker->inbox_write, &parcel, sizeof(parcel)) ==
	       (ssize_t)sizeof(parcel);
}

void lrd_worker_give(struct lrd_worker *worker, int fd,
		     const struct lrd_listener *listener)
{
	if (post(worker, fd, listener))
		return;
	/* Thousands of connections wait in the pipe: the worker is overrun. */
	close(fd);
	atomic_fetch_sub(&worker->server->conns_now, 1);
}

void lrd_worker_wake(struct lrd_worker *worker)
{
	/* A full pipe wakes it as well. */
	(void)post(worker, -1, NULL);
}

void lrd_worker_close(struct lrd_worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
	if (worker->inbox_watch.fd >= 0)
		close(worker->inbox_watch.fd);
	if (worker->inbox_write >= 0)
		close(worker->inbox_write);
	worker->inbox_watch.fd = worker->inbox_write = -1;
	lrd_loop_close(&worker->loop);
}
