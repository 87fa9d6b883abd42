/* SPDX-License-Identifier: MIT */
/* connect.c - the race of connection attempts to the addresses of a host (RFC 8305 s5). */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "transport/tcp.h"

enum { NS_PER_MS = 1000000, UNIX_RETRY_MS = 5 };

/* One poll() lasts no longer; the loop around it knows the real deadline. */
#define MAX_WAIT_NS (UINT64_C(3600) * 1000 * NS_PER_MS)

struct race {
	const struct lrd_addr_list *list;
	const char *host;
	const struct lrd_wait *wait;
	size_t started;         /* addresses tried so far */
	size_t running;         /* sockets in `fds` */
	uint64_t next_start_ns; /* when the next address gets its chance at the latest */
	int fds[LRD_RESOLVE_MAX]; /* connecting, in the order of their start */
	size_t index[LRD_RESOLVE_MAX];
	/* the failure to tell of */
	int failed_errno;
	size_t failed_index;
};

/* A missing route says less than an address that answered "no". */
static bool is_telling(int os_errno)
{
	return os_errno != ENETUNREACH && os_errno != EHOSTUNREACH &&
	       os_errno != EAFNOSUPPORT && os_errno != EADDRNOTAVAIL;
}

static void note_failure(struct race *race, size_t index, int os_errno)
{
	if (race->failed_errno && is_telling(race->failed_errno) && !is_telling(os_errno))
		return;
	race->failed_errno = os_errno;
	race->failed_index = index;
}

static const char *reason(int os_errno, char *buf, size_t len)
{
	(void)lrd_error_os_text(os_errno, buf, len);
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

static int failure(const struct race *race, int code, int os_errno, size_t index,
		   const char *why, larder_error *err)
{
	char addr[LRD_ADDR_TEXT_MAX];
	char others[64] = "";

	if (race->list->count > 1)
		(void)snprintf(others, sizeof(others), "; %zu of %zu addresses tried",
			       race->started, race->list->count);
	return lrd_error_set(err, code, LARDER_PHASE_CONNECT, os_errno, race->host,
			     "connect to %s (%s): %s%s", race->host,
			     lrd_addr_text(&race->list->addr[index], addr, sizeof(addr)),
			     why, others);
}

/* Every address failed. */
static int all_failed(const struct race *race, larder_error *err)
{
	char text[128];
	int code = LARDER_ECONNECT;

	if (race->failed_errno == ENOMEM || race->failed_errno == ENOBUFS)
		code = LARDER_ENOMEM;
	return failure(race, code, race->failed_errno, race->failed_index,
		       reason(race->failed_errno, text, sizeof(text)), err);
}

/* Starts one attempt: the socket when it connected at once, else -1. */
static int start_next(struct race *race)
{
	size_t index = race->started++;
	const struct lrd_addr *addr = &race->list->addr[index];
	const int one = 1;
	int fd = socket(addr->storage.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		note_failure(race, index, errno);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&addr->storage, addr->len) == 0)
		return fd;
	if (errno != EINPROGRESS && errno != EINTR) {
		note_failure(race, index, errno);
		(void)close(fd);
		return -1;
	}
	race->fds[race->running] = fd;
	race->index[race->running++] = index;
	race->next_start_ns =
		lrd_clock_mono_ns() + (uint64_t)LRD_TCP_STAGGER_MS * NS_PER_MS;
	return -1;
}

/* Takes attempt `i` out of the race; its socket is the caller's. */
static int leave(struct race *race, size_t i)
{
	int fd = race->fds[i];

	race->running--;
	for (; i < race->running; i++) {
		race->fds[i] = race->fds[i + 1];
		race->index[i] = race->index[i + 1];
	}
	return fd;
}

/* Looks at an attempt that poll() named: the socket when it won, else -1. */
static int settle(struct race *race, size_t i)
{
	int os_errno = 0;
	socklen_t len = sizeof(os_errno);
	size_t index = race->index[i];
	int fd = leave(race, i);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &os_errno, &len) < 0)
		os_errno = errno;
	if (os_errno == 0)
		return fd;
	note_failure(race, index, os_errno);
	(void)close(fd);
	race->next_start_ns = 0;
	return -1;
}

/* Until when to wait: the deadline, or the next address's turn. 0: for ever. */
static uint64_t next_event_ns(const struct race *race)
{
	uint64_t end_ns = race->wait->deadline_ns;

	if (race->started == race->list->count)
		return end_ns;
	return end_ns && end_ns < race->next_start_ns ? end_ns : race->next_start_ns;
}

/* Waits for one attempt to end: its socket, -1 to go on, or a LARDER_E* code below -1. */
static int await(struct race *race, larder_error *err)
{
	struct pollfd fds[LRD_RESOLVE_MAX + 1];
	uint64_t until_ns = next_event_ns(race);
	uint64_t now_ns = lrd_clock_mono_ns();
	nfds_t count = 0;
	int timeout_ms = -1;
	int rc;

	if (until_ns && until_ns <= now_ns)
		timeout_ms = 0;
	else if (until_ns && until_ns - now_ns < MAX_WAIT_NS)
		timeout_ms = (int)((until_ns - now_ns) / NS_PER_MS) + 1;
	else if (until_ns)
		timeout_ms = MAX_WAIT_NS / NS_PER_MS;
	for (; count < race->running; count++)
		fds[count] = (struct pollfd){ .fd = race->fds[count], .events = POLLOUT };
	if (race->wait->wake_fd > 0)
		fds[count++] =
			(struct pollfd){ .fd = race->wait->wake_fd, .events = POLLIN };
	rc = poll(fds, count, timeout_ms);
	if (rc < 0 && errno != EINTR && errno != EAGAIN)
		return failure(race, LARDER_EIO, errno, race->index[0], "poll failed",
			       err);
	if (rc > 0 && count > race->running && fds[race->running].revents)
		return failure(race, LARDER_ECANCELED, 0, race->index[0], "canceled", err);
	/* From the last on: settle() moves those behind. */
	for (size_t i = race->running; rc > 0 && i-- > 0;) {
		int fd = fds[i].revents ? settle(race, i) : -1;

		if (fd >= 0)
			return fd;
	}
	if (rc <= 0 && race->wait->deadline_ns &&
	    lrd_clock_mono_ns() >= race->wait->deadline_ns)
		return failure(race, LARDER_ETIMEDOUT, 0, race->index[0], "timed out",
			       err);
	return -1;
}

/* The winner's socket, or a LARDER_E* code (all below -1, or EINVAL, which is not used). */
static int run(struct race *race, larder_error *err)
{
	for (;;) {
		int fd = -1;

		while (race->started < race->list->count && fd < 0 &&
		       (race->running == 0 || lrd_clock_mono_ns() >= race->next_start_ns))
			fd = start_next(race);
		if (fd >= 0)
			return fd;
		if (race->running == 0)
			return all_failed(race, err);
		fd = await(race, err);
		if (fd != -1)
			return fd;
	}
}

/*
 * A unix socket connects at once or not at all; only where its listener's queue is full does
 * waiting help, and poll() cannot tell when.
 */
static int run_unix(struct race *race, larder_error *err)
{
	for (;;) {
		uint64_t until_ns =
			lrd_clock_mono_ns() + (uint64_t)UNIX_RETRY_MS * NS_PER_MS;
		uint64_t end_ns = race->wait->deadline_ns;
		struct lrd_wait nap = *race->wait;
		int fd;
		int rc;

		race->started = 0;
		race->failed_errno = 0;
		fd = start_next(race);
		if (fd >= 0)
			return fd;
		if (race->failed_errno != EAGAIN)
			return all_failed(race, err);
		if (end_ns && lrd_clock_mono_ns() >= end_ns)
			return failure(race, LARDER_ETIMEDOUT, 0, 0,
				       "timed out, the listener's queue is full", err);
		nap.deadline_ns = end_ns && end_ns < until_ns ? end_ns : until_ns;
		rc = lrd_wait_fd(-1, 0, &nap, race->host, err);
		if (rc != LARDER_ETIMEDOUT)
			return rc;
	}
}

int lrd_tcp_connect(const struct lrd_addr_list *list, const char *host,
		    const struct lrd_wait *wait, const larder_allocator *allocator,
		    struct lrd_stream **out, larder_error *err)
{
	struct race race = { .list = list, .host = host, .wait = wait };
	int fd;

	if (list->count == 0)
		return lrd_error_set(err, LARDER_ECONNECT, LARDER_PHASE_CONNECT, 0, host,
				     "connect to %s: no address", host);
	if (list->addr[0].storage.ss_family == AF_UNIX)
		fd = run_unix(&race, err);
	else
		fd = run(&race, err);
	while (race.running)
		(void)close(leave(&race, 0));
	if (fd < 0)
		return fd;
	return lrd_tcp_take_fd(fd, host, allocator, out, err);
}
