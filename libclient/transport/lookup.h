/* SPDX-License-Identifier: MIT */
/* lookup.h - one getaddrinfo() in a thread of its own, waited for under a deadline. */
#ifndef LRD_TRANSPORT_LOOKUP_H
#define LRD_TRANSPORT_LOOKUP_H

#include <larder/types.h>

#include "transport/resolve.h"
#include "transport/stream.h"

/* So many threads may be left behind in a process before further lookups fail at once. */
enum { LRD_LOOKUP_ABANDONED_MAX = 32 };

/*
 * Asks the system for the addresses of `host` (ports are left 0), families in turn. A caller
 * that gives up leaves the thread behind; it touches nothing of the caller's and frees what
 * the two shared. Errors as lrd_resolve(), and ERESOLVE without asking while
 * LRD_LOOKUP_ABANDONED_MAX of such threads still hang in the system's resolver.
 */
int lrd_lookup(const char *host, const struct lrd_wait *wait, struct lrd_addr_list *out,
	       larder_error *err) LARDER_MUST_USE;

/* How many threads are left behind in this process and have not ended yet. */
unsigned lrd_lookup_abandoned(void);

#endif
