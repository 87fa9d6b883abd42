/* SPDX-License-Identifier: MIT */
/* lookup.h - one getaddrinfo() in a thread of its own, waited for under a deadline. */
#ifndef LRD_TRANSPORT_LOOKUP_H
#define LRD_TRANSPORT_LOOKUP_H

#include <larder/types.h>

#include "transport/resolve.h"
#include "transport/stream.h"

/*
 * Asks the system for the addresses of `host` (ports are left 0), families in turn. A caller
 * that gives up leaves the thread behind; it touches nothing of the caller's and frees what
 * the two shared. Errors as lrd_resolve().
 */
int lrd_lookup(const char *host, const struct lrd_wait *wait, struct lrd_addr_list *out,
	       larder_error *err) LARDER_MUST_USE;

#endif
