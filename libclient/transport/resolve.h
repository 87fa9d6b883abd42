/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - from a host name to addresses, under a deadline.
 *
 * Literals, localhost and overridden names are answered inline. Everything else is asked of
 * getaddrinfo() in a helper thread of its own, which a caller that runs out of time simply
 * leaves behind: the thread ends by itself and frees what it shared. Answers are kept for a
 * while. A resolver belongs to one thread at a time and works in the child of a fork.
 */
#ifndef LRD_TRANSPORT_RESOLVE_H
#define LRD_TRANSPORT_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "transport/addr.h"
#include "transport/stream.h"

enum {
	LRD_RESOLVE_MAX = 16,      /* addresses of one name that are kept */
	LRD_RESOLVE_TTL_MS = 60000 /* how long an answer is kept */
};

/* Addresses in the order to try them: families in turn, beginning with the first one given. */
struct lrd_addr_list {
	size_t count;
	struct lrd_addr addr[LRD_RESOLVE_MAX];
};

struct lrd_resolver;

/* `allocator` may be NULL and must outlive the resolver. ENOMEM. */
int lrd_resolver_new(const larder_allocator *allocator,
		     struct lrd_resolver **out) LARDER_MUST_USE;
void lrd_resolver_free(struct lrd_resolver *resolver);

/*
 * Has `host` (case does not count) answered with these addresses, for ever, whatever DNS
 * says; port 0 stands for every port. Replaces an earlier override of the same pair.
 * EINVAL (no address, or more than LRD_RESOLVE_MAX), ENOMEM.
 */
int lrd_resolver_override(struct lrd_resolver *resolver, const char *host, uint16_t port,
			  const struct lrd_addr_list *list) LARDER_MUST_USE;

/* Forgets what was learned about a name (not its override): its addresses did not work. */
void lrd_resolver_forget(struct lrd_resolver *resolver, const char *host);

/*
 * Looks up `host` and gives each address the port. `resolver` may be NULL: nothing is kept.
 * `wait` limits the lookup. Errors: ERESOLVE (no such name, no server answered, or a name
 * that no lookup should see: empty, over 253 bytes, ending in a number without being an
 * address), ETIMEDOUT, ECANCELED, ENOMEM, EIO; each names the host.
 */
int lrd_resolve(struct lrd_resolver *resolver, const char *host, uint16_t port,
		const struct lrd_wait *wait, struct lrd_addr_list *out,
		larder_error *err) LARDER_MUST_USE;

#endif
