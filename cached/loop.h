/* SPDX-License-Identifier: MIT */
/*
 * loop.h - waits for file descriptors, on epoll.
 *
 * Why no event library: on Linux all that larderd waits on is a descriptor (sockets, eventfd,
 * signalfd) and its few timers are the time-out of one wait, so the loop is sixty lines. A
 * library would bring locks between threads, which never share a loop here, and its own
 * order of callbacks, whereas a worker wants its turns in its own hands: serve what is ready,
 * then those who used up their share of commands, then wait.
 *
 * A loop belongs to one thread. A watch must outlive the turn in which it is removed.
 */
#ifndef LRD_CACHED_LOOP_H
#define LRD_CACHED_LOOP_H

#include <stdint.h>

#include <larder/types.h>

struct lrd_watch {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT as registered; kept by the loop */
	void (*ready)(struct lrd_watch *watch, uint32_t events);
};

struct lrd_loop {
	int fd;
};

int lrd_loop_open(struct lrd_loop *loop) LARDER_MUST_USE;
void lrd_loop_close(struct lrd_loop *loop);

/* Level-triggered. ENOMEM or EIO. */
int lrd_loop_add(struct lrd_loop *loop, struct lrd_watch *watch,
		 uint32_t events) LARDER_MUST_USE;
/* No system call where nothing changes. */
int lrd_loop_change(struct lrd_loop *loop, struct lrd_watch *watch,
		    uint32_t events) LARDER_MUST_USE;
void lrd_loop_remove(struct lrd_loop *loop, struct lrd_watch *watch);

/* One turn: waits at most timeout_ms (-1: for ever), calls `ready` of each watch that is. */
int lrd_loop_turn(struct lrd_loop *loop, int timeout_ms) LARDER_MUST_USE;

#endif
