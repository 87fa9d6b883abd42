/* SPDX-License-Identifier: MIT */
/* loop.c - waits for file descriptors, on epoll. */
#include "cached/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/error.h"

enum { EVENTS_A_TURN = 64 };

int lrd_loop_open(struct lrd_loop *loop)
{
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->fd < 0 ? lrd_error_from_errno(errno) : 0;
}

void lrd_loop_close(struct lrd_loop *loop)
{
	if (loop->fd >= 0)
		close(loop->fd);
	loop->fd = -1;
}

static int control(struct lrd_loop *loop, int op, struct lrd_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->fd, op, watch->fd, &event) < 0)
		return lrd_error_from_errno(errno);
	watch->events = events;
	return 0;
}

int lrd_loop_add(struct lrd_loop *loop, struct lrd_watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int lrd_loop_change(struct lrd_loop *loop, struct lrd_watch *watch, uint32_t events)
{
	return watch->events == events ? 0 : control(loop, EPOLL_CTL_MOD, watch, events);
}

void lrd_loop_remove(struct lrd_loop *loop, struct lrd_watch *watch)
{
	epoll_ctl(loop->fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
}

int lrd_loop_turn(struct lrd_loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(loop->fd, events, EVENTS_A_TURN, timeout_ms);

	if (count < 0)
		return errno == EINTR ? 0 : lrd_error_from_errno(errno);
	for (int i = 0; i < count; i++) {
		struct lrd_watch *watch = events[i].data.ptr;

		/* Closed by a callback earlier in this turn. */
		if (watch->fd >= 0)
			watch->ready(watch, events[i].events);
	}
	return 0;
}
