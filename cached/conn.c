/* SPDX-License-Identifier: MIT */
/* conn.c - one client's connection: bytes in, task, bytes out. */
#include "cached/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cached/listen.h"
#include "cached/log.h"
#include "cached/server.h"
#include "cached/worker.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum {
	READ_ROOM = 16 * 1024,      /* what a read asks for */
	READ_ROOM_MAX = 256 * 1024, /* the same when a block is known to come */
	KEEP_BYTES = 512 * 1024, /* larger buffers are given back when they are empty */
	SLICES_A_TURN = 16,      /* long replies: then others get their turn */
	IN_MAX = LRD_LINE_LONG_MAX + LRD_BLOCK_JOINED_MAX + READ_ROOM_MAX
};

enum outcome { NEXT, WAIT, YIELD, CLOSE };

static const char *const states[LRD_CONN_STEP_COUNT] = {
#define LRD_CONN_STEP(name, text) [LRD_CONN_##name] = text,
#include "cached/steps.def"
};

static void set_step(struct lrd_conn *conn, enum lrd_conn_step step)
{
	conn->step = step;
	atomic_store_explicit(&conn->entry.state, states[step], memory_order_relaxed);
}

/* Waits for input, or to be able to send. */
static enum outcome wait_for(struct lrd_conn *conn, uint32_t events)
{
	return lrd_loop_change(&conn->worker->loop, &conn->watch, events) < 0 ? CLOSE
									      : WAIT;
}

/* Drops bytes that are done with; large memory goes back. */
static void tidy_input(struct lrd_conn *conn)
{
	struct lrd_buf *in = &conn->in;

	if (conn->in_at == in->len) {
		if (in->size > KEEP_BYTES)
			lrd_buf_release(in);
		else
			lrd_buf_clear(in);
	} else if (conn->in_at) {
		lrd_buf_consume(in, conn->in_at);
	}
	conn->in_at = 0;
}

static size_t room_wanted(const struct lrd_conn *conn)
{
	uint64_t wants = conn->task.parser.wants;

	if (conn->task.upload)
		return READ_ROOM_MAX;
	if (wants <= conn->in.len + READ_ROOM)
		return READ_ROOM;
	return wants - conn->in.len < READ_ROOM_MAX ? (size_t)(wants - conn->in.len)
						    : READ_ROOM_MAX;
}

static enum outcome step_read(struct lrd_conn *conn)
{
	size_t room;
	ssize_t n;

	tidy_input(conn);
	if (lrd_buf_reserve(&conn->in, room_wanted(conn)) < 0)
		return CLOSE;
	room = lrd_buf_room(&conn->in);
	n = recv(conn->watch.fd, conn->in.ptr + conn->in.len, room, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? wait_for(conn, EPOLLIN) : CLOSE;
	if (n == 0)
		return CLOSE;
	conn->in_filled = (size_t)n == room;
	lrd_buf_commit(&conn->in, (size_t)n);
	lrd_metric_add(&conn->worker->metrics, LRD_METRIC_BYTES_READ, (uint64_t)n);
	set_step(conn, LRD_CONN_RUN);
	return NEXT;
}

static enum outcome step_run(struct lrd_conn *conn)
{
	larder_slice input = lrd_slice_skip(lrd_buf_slice(&conn->in), conn->in_at);
	size_t used;

	conn->ran = lrd_task_run(&conn->task, input, &used);
	conn->in_at += used;
	atomic_store_explicit(&conn->entry.seen_at, conn->task.batch.now,
			      memory_order_relaxed);
	set_step(conn, LRD_CONN_SEND);
	return NEXT;
}

static enum outcome step_pump(struct lrd_conn *conn)
{
	if (lrd_task_pump(&conn->task) < 0)
		return CLOSE;
	set_step(conn, LRD_CONN_SEND);
	return NEXT;
}

/* Everything is sent: what next? */
static enum outcome after_send(struct lrd_conn *conn)
{
	struct lrd_task *task = &conn->task;
	bool spent = ++conn->slices >= SLICES_A_TURN;

	conn->out_at = 0;
	if (task->out.size > KEEP_BYTES)
		lrd_buf_release(&task->out);
	else
		lrd_buf_clear(&task->out);
	if (task->closing)
		return CLOSE;
	if (lrd_task_is_pumping(task)) {
		set_step(conn, LRD_CONN_PUMP);
		return spent ? YIELD : NEXT;
	}
	if (conn->worker->stopping && !conn->worker->server->graceful)
		return CLOSE;
	if (conn->ran == LRD_RAN_OUT_OF_INPUT ||
	    (conn->ran == LRD_RAN_SHARE && conn->in_at == conn->in.len &&
	     !task->unfinished)) {
		set_step(conn, LRD_CONN_READ);
		if (conn->worker->stopping && lrd_conn_is_idle(conn))
			return CLOSE;
		return conn->in_filled && !spent ? NEXT : wait_for(conn, EPOLLIN);
	}
	set_step(conn, LRD_CONN_RUN);
	if (conn->ran == LRD_RAN_SHARE) {
		lrd_metric_add(&conn->worker->metrics, LRD_METRIC_CONN_YIELDS, 1);
		return YIELD;
	}
	return spent ? YIELD : NEXT;
}

static enum outcome step_send(struct lrd_conn *conn)
{
	const struct lrd_buf *out = &conn->task.out;
	ssize_t n;

	while (conn->out_at < out->len) {
		n = send(conn->watch.fd, out->ptr + conn->out_at, out->len - conn->out_at,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? wait_for(conn, EPOLLOUT) : CLOSE;
		conn->out_at += (size_t)n;
		lrd_metric_add(&conn->worker->metrics, LRD_METRIC_BYTES_WRITTEN,
			       (uint64_t)n);
	}
	return after_send(conn);
}

static enum outcome (*const steps[LRD_CONN_STEP_COUNT])(struct lrd_conn *conn) = {
	[LRD_CONN_READ] = step_read,
	[LRD_CONN_RUN] = step_run,
	[LRD_CONN_PUMP] = step_pump,
	[LRD_CONN_SEND] = step_send,
};

void lrd_conn_serve(struct lrd_conn *conn)
{
	enum outcome outcome;

	conn->slices = 0;
	conn->busy_ns = lrd_clock_mono_coarse_ns();
	do {
		outcome = steps[conn->step](conn);
	} while (outcome == NEXT);
	if (outcome == CLOSE) {
		lrd_conn_close(conn, conn->task.closing ? "normal" : "peer");
	} else if (outcome == YIELD && !conn->queued) {
		conn->queued = true;
		conn->next_ready = conn->worker->ready;
		conn->worker->ready = conn;
	}
}

static void on_ready(struct lrd_watch *watch, uint32_t events)
{
	struct lrd_conn *conn = (struct lrd_conn *)watch;

	(void)events; /* errors show themselves in the next read or send */
	if (!conn->queued)
		lrd_conn_serve(conn);
}

bool lrd_conn_is_idle(const struct lrd_conn *conn)
{
	return conn->step == LRD_CONN_READ && conn->in_at == conn->in.len &&
	       conn->task.out.len == 0 && !conn->task.upload && !conn->queued;
}

void lrd_conn_trim(struct lrd_conn *conn)
{
	lrd_buf_release(&conn->in);
	conn->in_at = 0;
	lrd_buf_release(&conn->task.out);
	lrd_buf_release(&conn->task.scratch);
}

void lrd_conn_open(struct lrd_worker *worker, int fd, const struct lrd_listener *listener)
{
	struct lrd_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		close(fd);
		atomic_fetch_sub(&worker->server->conns_now, 1);
		return;
	}
	conn->worker = worker;
	conn->watch.fd = fd;
	conn->watch.ready = on_ready;
	conn->busy_ns = lrd_clock_mono_coarse_ns();
	lrd_buf_init(&conn->in, IN_MAX, NULL);
	lrd_task_init(&conn->task, worker->server, &worker->metrics);
	conn->entry.fd = fd;
	conn->entry.listener = listener->name;
	lrd_listen_peer_name(fd, listener->is_unix, conn->entry.peer,
			     sizeof(conn->entry.peer));
	atomic_init(&conn->entry.seen_at, lrd_clock_now_s());
	set_step(conn, LRD_CONN_READ);
	lrd_roster_add(&worker->server->roster, &conn->entry);
	conn->next = worker->conns;
	if (conn->next)
		conn->next->prev = conn;
	worker->conns = conn;
	if (lrd_log_verbosity() > 0)
		lrd_log(LRD_LOG_DEBUG, "event=conn_new fd=%d peer=%s listener=%s", fd,
			conn->entry.peer, listener->name);
	if (lrd_loop_add(&worker->loop, &conn->watch, EPOLLIN) < 0)
		lrd_conn_close(conn, "error");
}

void lrd_conn_close(struct lrd_conn *conn, const char *reason)
{
	struct lrd_worker *worker = conn->worker;

	if (conn->watch.fd < 0)
		return;
	if (lrd_log_verbosity() > 0)
		lrd_log(LRD_LOG_DEBUG, "event=conn_close fd=%d reason=%s", conn->watch.fd,
			reason);
	lrd_loop_remove(&worker->loop, &conn->watch);
	lrd_roster_remove(&worker->server->roster, &conn->entry);
	close(conn->watch.fd);
	conn->watch.fd = -1;
	atomic_fetch_sub(&worker->server->conns_now, 1);
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		worker->conns = conn->next;
	conn->next_closed = worker->closed;
	worker->closed = conn;
}

void lrd_conn_free(struct lrd_conn *conn)
{
	lrd_task_release(&conn->task);
	lrd_buf_release(&conn->in);
	free(conn);
}
