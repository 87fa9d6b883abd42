/* SPDX-License-Identifier: MIT */
/*
 * event.h - what happens in the store, told to whoever looks: a ring that all processes write.
 *
 * A writer (never blocks, never fails):
 *	lrd_event_add(store, LRD_EVENT_STORED, key.hash, key.name, body_len);
 *
 * A watcher, as many as like, live or after the fact:
 *	lrd_event_watch_begin(store, LRD_WATCH_OLDEST, &watch);
 *	for (;;) {
 *		while (lrd_event_next(&watch, &event) > 0)
 *			print;			watch.lost grows by those that were overwritten
 *		sleep 50 ms;			no descriptor: writers must not pay for watchers
 *	}
 *	lrd_event_watch_end(&watch);
 *
 * A watcher that asks for hits must call lrd_event_next at least each second: that is what
 * keeps hits flowing, so that a killed watcher costs nobody anything for longer than
 * LRD_WATCH_HITS_MS. While nobody asks for hits, one costs a relaxed load.
 *
 * An event tells what a process did; what it did inside a write transaction counts only once
 * that is committed, a moment later. The store tells of what it stores and removes itself;
 * hits, misses, revalidations and invalidations are told by those who know of them.
 *
 * The ring holds the last LRD_EVENTS events. Each comes out once, in order, whole or not at
 * all; one whose writer was killed in the middle counts as lost.
 */
#ifndef LRD_STORE_EVENT_H
#define LRD_STORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum lrd_event_type {
#define LRD_EVENT(name, text) LRD_EVENT_##name,
#include "store/event.def"
	LRD_EVENT_END
};
const char *lrd_event_name(uint32_t type);

enum { LRD_EVENT_TEXT = 80, LRD_WATCH_HITS_MS = 2000 };

struct lrd_event {
	uint64_t number;  /* in the order of the ring; gaps are lost events */
	int64_t at_ms;    /* unix milliseconds */
	uint64_t hash;    /* of the key, 0: none */
	uint64_t detail;  /* as the type has it: bytes, a count, a reason */
	uint32_t type;    /* enum lrd_event_type; newer libraries may write others */
	uint32_t pid;     /* of the writer */
	uint32_t key_len; /* of the whole key: `key` may be its beginning only */
	char key[LRD_EVENT_TEXT + 1]; /* printable ASCII, other bytes shown as '?' */
};

/* Tells. `key` may be empty; its beginning is kept. HIT and STALE are dropped unwatched. */
void lrd_event_add(struct lrd_store *store, enum lrd_event_type type, uint64_t hash,
		   larder_slice key, uint64_t detail);

enum {
	LRD_WATCH_OLDEST =
		1 << 0, /* begin with what the ring still has, not with what comes */
	LRD_WATCH_HITS = 1 << 1 /* hits as well */
};

struct lrd_event_watch {
	struct lrd_store *store;
	uint64_t lost; /* events that this watcher should have seen and did not */
	/* private to the ring */
	uint64_t next;
	uint64_t stuck_ns; /* since when event `next` has been awaited though later ones exist */
	uint64_t control_id;
	uint32_t flags;
};

int lrd_event_watch_begin(struct lrd_store *store, uint32_t flags,
			  struct lrd_event_watch *out) LARDER_MUST_USE;
/* 1: *out is the next event; 0: none yet; or an error of the store. Never sleeps. */
int lrd_event_next(struct lrd_event_watch *watch, struct lrd_event *out) LARDER_MUST_USE;
void lrd_event_watch_end(struct lrd_event_watch *watch);

/* ---- for the store itself ---------------------------------------------------------------- */

void lrd_event_put(struct lrd_mount *mount, enum lrd_event_type type, uint64_t hash,
		   larder_slice key, uint64_t detail);

#endif
