/* SPDX-License-Identifier: MIT */
/*
 * roster.h - who is connected, for `stats conns`: a list that every thread may walk.
 */
#ifndef LRD_CACHED_ROSTER_H
#define LRD_CACHED_ROSTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"

/* One connection's place. The owner sets `state` and `seen_at` without a lock. */
struct lrd_roster_entry {
	struct lrd_roster_entry *next, *prev;
	int fd;
	const char *listener; /* name of the listener it came in by */
	char peer[80];
	const char *_Atomic state; /* a literal */
	_Atomic int64_t seen_at;   /* unix second of its last command */
};

struct lrd_roster {
	pthread_mutex_t lock;
	struct lrd_roster_entry head;
};

void lrd_roster_init(struct lrd_roster *roster);
void lrd_roster_release(struct lrd_roster *roster);
void lrd_roster_add(struct lrd_roster *roster, struct lrd_roster_entry *entry);
void lrd_roster_remove(struct lrd_roster *roster, struct lrd_roster_entry *entry);

/* Appends the STAT lines of all connections. */
int lrd_roster_dump(struct lrd_roster *roster, int64_t now,
		    struct lrd_buf *out) LARDER_MUST_USE;

#endif
