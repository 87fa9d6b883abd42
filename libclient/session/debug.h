/* SPDX-License-Identifier: MIT */
/* debug.h - events and bodies as lines of text, for those who look over our shoulder. */
#ifndef LRD_SESSION_DEBUG_H
#define LRD_SESSION_DEBUG_H

#include <stdbool.h>

#include <larder/larder.h>

/* Where it prints to; level 0: nowhere. */
struct lrd_debug {
	uint32_t level;        /* 1: events with their heads, 2: bodies too */
	larder_debug_fn write; /* NULL: stderr */
	void *ctx;
};

/* `start` is the start line of a head, empty: the event has none. */
void lrd_debug_event(const struct lrd_debug *debug, const larder_trace_event *event,
		     larder_slice start);

/* Content as it goes out, or comes in. */
void lrd_debug_content(const struct lrd_debug *debug, bool outgoing, larder_slice bytes);

#endif
