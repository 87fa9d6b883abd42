/* SPDX-License-Identifier: MIT */
/* server.c - the main thread: accepts connections, keeps the store, obeys signals. */
#include "cached/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cached/log.h"
#include "cached/task.h"
#include "cached/values.h"
#include "cached/worker.h"
#include "sys/clock.h"
#include "sys/error.h"

enum {
	ACCEPTS_A_TURN = 64,
	UPKEEP_MS = 1000,  /* between rounds of upkeep */
	UPKEEP_MORE_MS = 5 /* the same while there is more to do */
};

/* ---- from any thread ------------------------------------------------------------------------ */

static void wake(struct lrd_server *server)
{
	const uint64_t one = 1;

	if (write(server->wake_watch.fd, &one, sizeof(one)) < 0)
		return; /* it is awake already */
}

void lrd_server_stop(struct lrd_server *server, bool graceful)
{
	if (graceful)
		server->graceful = true;
	server->stopping = true;
	wake(server);
}

void lrd_server_flush_at(struct lrd_server *server, int64_t at)
{
	server->flush_at = at;
	wake(server);
}

uint64_t lrd_server_metric(const struct lrd_server *server, enum lrd_metric metric)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < server->config.threads; i++)
		sum += lrd_metric_get(&server->workers[i].metrics, metric);
	return sum;
}

void lrd_server_reset_metrics(struct lrd_server *server)
{
	struct lrd_store_stat stat;

	for (unsigned i = 0; i < server->config.threads; i++) {
		for (int m = 0; m < LRD_METRIC_END; m++)
			atomic_store_explicit(&server->workers[i].metrics.value[m], 0,
					      memory_order_relaxed);
	}
	server->conns_total = 0;
	server->conns_rejected = 0;
	lrd_prefix_clear(&server->prefixes);
	if (lrd_store_stat(server->store, &stat) == 0) {
		server->evicted_base = stat.counters[LRD_COUNT_EVICTED];
		server->expired_base = stat.counters[LRD_COUNT_EXPIRED];
	}
}

/* ---- accepting ------------------------------------------------------------------------------ */

static void reject(struct lrd_server *server, int fd)
{
	static const char text[] = "ERROR Too many open connections\r\n";

	server->conns_rejected++;
	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0)
		lrd_log(LRD_LOG_WARNING, "event=conn_rejected fd=%d", fd);
	close(fd);
}

static void admit(struct lrd_server *server, int fd, const struct lrd_listener *listener)
{
	const int one = 1;

	if (!listener->is_unix) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	server->conns_now++;
	server->conns_total++;
	lrd_worker_give(&server->workers[server->next_worker], fd, listener);
	server->next_worker = (server->next_worker + 1) % server->config.threads;
}

static void on_listener(struct lrd_watch *watch, uint32_t events)
{
	struct lrd_listener *listener = (struct lrd_listener *)watch;
	struct lrd_server *server = listener->server;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
				lrd_log(LRD_LOG_ERROR,
					"event=accept_failed listener=%s errno=%d",
					listener->name, errno);
				/* Out of descriptors: others must close first. */
				usleep(10000);
			}
			return;
		}
		if (server->conns_now >= server->config.conns_max)
			reject(server, fd);
		else
			admit(server, fd, listener);
	}
}

/* ---- upkeep, clock, signals ------------------------------------------------------------------ */

static void on_wake(struct lrd_watch *watch, uint32_t events)
{
	uint64_t count;

	(void)events;
	if (read(watch->fd, &count, sizeof(count)) < 0)
		return;
}

static void on_signal(struct lrd_watch *watch, uint32_t events)
{
	struct lrd_server *server =
		(struct lrd_server *)((char *)watch -
				      offsetof(struct lrd_server, signal_watch));
	struct signalfd_siginfo info;

	(void)events;
	while (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		lrd_log(LRD_LOG_INFO, "event=signal name=%s",
			strsignal((int)info.ssi_signo));
		if (info.ssi_signo != SIGHUP)
			lrd_server_stop(server, info.ssi_signo == SIGUSR1);
	}
}

/* One bounded slice of upkeep; returns how long to wait for the next. */
static int do_upkeep(struct lrd_server *server)
{
	struct lrd_upkeep done = { 0 };
	int rc = lrd_store_upkeep(server->store, lrd_clock_now_s(), &done);

	server->upkeep_runs++;
	if (rc < 0) {
		/* A busy gate is another process at work: it comes round again. */
		if (rc != LARDER_EBUSY)
			lrd_log(LRD_LOG_WARNING, "event=upkeep_failed error=%s",
				larder_error_name(rc));
		return UPKEEP_MS;
	}
	if (lrd_log_verbosity() > 2)
		lrd_log(LRD_LOG_DEBUG, "event=upkeep expired=%llu evicted=%llu rows=%llu readers=%u processes=%u",
			(unsigned long long)done.expired, (unsigned long long)done.evicted,
			(unsigned long long)done.rows, done.readers, done.processes);
	return done.more ? UPKEEP_MORE_MS : UPKEEP_MS;
}

/* The delayed flush_all, when its second has come. */
static void do_flush(struct lrd_server *server)
{
	int64_t at = server->flush_at;
	int rc;

	if (at == 0 || lrd_clock_now_s() < at)
		return;
	rc = lrd_store_flush(server->store, LRD_KIND_VALUE);
	if (rc == LARDER_EBUSY)
		return; /* next turn */
	if (rc < 0)
		lrd_log(LRD_LOG_ERROR, "event=flush_failed error=%s",
			larder_error_name(rc));
	/* Unless a command has set another time meanwhile. */
	atomic_compare_exchange_strong(&server->flush_at, &at, 0);
}

static int turn_timeout_ms(const struct lrd_server *server, uint64_t upkeep_at_ns)
{
	uint64_t now_ns = lrd_clock_mono_ns();
	int64_t flush_in_s = server->flush_at - lrd_clock_now_s();
	int timeout =
		upkeep_at_ns > now_ns ? (int)((upkeep_at_ns - now_ns) / 1000000) + 1 : 0;

	/* Its second begins somewhere within the last one of waiting. */
	if (server->flush_at && flush_in_s <= 1 && timeout > 20)
		timeout = 20;
	return timeout;
}

static int serve(struct lrd_server *server)
{
	uint64_t upkeep_at_ns = 0;

	while (!server->stopping) {
		int rc;

		if (lrd_clock_mono_ns() >= upkeep_at_ns)
			upkeep_at_ns = lrd_clock_mono_ns() +
				       (uint64_t)do_upkeep(server) * 1000000u;
		do_flush(server);
		rc = lrd_loop_turn(&server->loop, turn_timeout_ms(server, upkeep_at_ns));
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int watch_listeners(struct lrd_server *server)
{
	for (unsigned i = 0; i < server->listeners.count; i++) {
		struct lrd_listener *listener = &server->listeners.at[i];
		int rc;

		listener->server = server;
		listener->watch.ready = on_listener;
		rc = lrd_loop_add(&server->loop, &listener->watch, EPOLLIN);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Signals come by descriptor, to the main thread alone. */
static int open_signals(struct lrd_server *server)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return LARDER_EIO;
	signal(SIGPIPE, SIG_IGN);
	server->signal_watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	server->signal_watch.ready = on_signal;
	if (server->signal_watch.fd < 0)
		return lrd_error_from_errno(errno);
	return lrd_loop_add(&server->loop, &server->signal_watch, EPOLLIN);
}

static int open_loop(struct lrd_server *server)
{
	int rc = lrd_loop_open(&server->loop);

	if (rc < 0)
		return rc;
	server->wake_watch.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	server->wake_watch.ready = on_wake;
	if (server->wake_watch.fd < 0)
		return lrd_error_from_errno(errno);
	rc = lrd_loop_add(&server->loop, &server->wake_watch, EPOLLIN);
	return rc < 0 ? rc : open_signals(server);
}

static int open_workers(struct lrd_server *server)
{
	server->workers = calloc(server->config.threads, sizeof(*server->workers));
	if (!server->workers)
		return LARDER_ENOMEM;
	for (unsigned i = 0; i < server->config.threads; i++) {
		int rc = lrd_worker_open(&server->workers[i], server);

		if (rc < 0) {
			/* What was not opened is not closed. */
			server->config.threads = i + 1;
			return rc;
		}
	}
	return 0;
}

int lrd_server_open(struct lrd_server *server, const struct lrd_config *config,
		    larder_error *err)
{
	const struct lrd_store_options options = {
		.budget_bytes = config->budget_bytes,
		.group_shared = config->share_store,
	};
	int rc;

	memset(server, 0, sizeof(*server));
	server->loop.fd = server->wake_watch.fd = server->signal_watch.fd = -1;
	server->config = *config;
	server->limits = (struct lrd_mc_limits){
		.item_max = config->item_max,
		.line_long_max = LRD_LINE_LONG_MAX,
		.inline_max = LRD_BLOCK_INLINE_MAX,
		.joined_max = LRD_BLOCK_JOINED_MAX,
	};
	server->started_at = lrd_clock_now_s();
	lrd_roster_init(&server->roster);
	rc = lrd_prefix_init(&server->prefixes, config->prefix_char, config->detail);
	if (rc == 0)
		rc = open_loop(server);
	if (rc < 0) {
		lrd_error_set(err, rc, LARDER_PHASE_PREPARE, errno, NULL,
			      "cannot start: %s", larder_strerror(rc));
		goto out;
	}
	rc = lrd_store_open(config->store_dir, &options, &server->store, err);
	if (rc < 0)
		goto out;
	rc = lrd_listen_open(&server->listeners, config, lrd_store_path(server->store),
			     err);
	if (rc < 0)
		goto out;
	rc = watch_listeners(server);
	if (rc == 0)
		rc = open_workers(server);
	if (rc < 0)
		lrd_error_set(err, rc, LARDER_PHASE_PREPARE, errno, NULL,
			      "cannot start: %s", larder_strerror(rc));
out:
	if (rc < 0)
		lrd_server_close(server);
	return rc;
}

int lrd_server_run(struct lrd_server *server, larder_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < server->config.threads && rc == 0; i++)
		rc = lrd_worker_start(&server->workers[i]);
	if (rc == 0)
		rc = serve(server);
	if (rc < 0)
		lrd_error_set(err, rc, LARDER_PHASE_NONE, errno, NULL,
			      "the main loop failed: %s", larder_strerror(rc));
	server->stopping = true;
	/* Nobody new comes in while those who are there are finished with. */
	lrd_listen_refuse(&server->listeners);
	for (unsigned i = 0; i < server->config.threads; i++)
		lrd_worker_wake(&server->workers[i]);
	return rc;
}

void lrd_server_close(struct lrd_server *server)
{
	for (unsigned i = 0; server->workers && i < server->config.threads; i++)
		lrd_worker_close(&server->workers[i]);
	free(server->workers);
	server->workers = NULL;
	lrd_listen_close(&server->listeners);
	lrd_store_close(server->store);
	server->store = NULL;
	lrd_prefix_release(&server->prefixes);
	lrd_roster_release(&server->roster);
	if (server->wake_watch.fd >= 0)
		close(server->wake_watch.fd);
	if (server->signal_watch.fd >= 0)
		close(server->signal_watch.fd);
	lrd_loop_close(&server->loop);
}
