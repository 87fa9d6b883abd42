/* SPDX-License-Identifier: MIT */
/*
 * lease.h - single flight: of all threads and processes one works for a key, the others wait.
 *
 * A lease says who fetches; it guards no data. Whoever cannot get one (EBUSY) goes on without.
 * Calling sequence:
 *
 *	switch (lrd_lease_try(store, key.hash, 30000, &lease)) {
 *	case LRD_LEASE_TAKEN:	look into the store once more (somebody may just have stored),
 *				fetch, store, lrd_lease_release(&lease, LRD_LEASE_STORED)
 *				on a long way: lrd_lease_renew(&lease, 30000)
 *	case LRD_LEASE_HELD:	lrd_lease_wait(&lease, until_ns, &result), then
 *		LRD_LEASE_ENDED:	STORED: read the store. UNCACHEABLE: fetch for yourself.
 *					Else: read the store, then try again.
 *		LRD_LEASE_GONE:		the owner died or is overdue: try again and be the next
 *		LARDER_ETIMEDOUT:	fetch without a lease
 *	case LRD_LEASE_MARKED:	such answers were uncacheable just now: fetch without a lease
 *	default:		LARDER_EBUSY and others: fetch without a lease
 *	}
 *
 * Promises:
 *   - A lease has one owner at a time. Who loses it (its time was over, and somebody else took
 *     it) is told by ECONFLICT at release or renewal; what he fetched is still good to store.
 *   - It belongs to the process: any thread may end it, a killed process loses it. Waiters
 *     notice a death within LRD_LEASE_LOOK_MS; a hung or stopped owner is bounded by the
 *     lease's time.
 *   - No call but wait sleeps, and wait ends at `until_ns`: leases may be nested and taken in
 *     any order. A process that tries its own lease again is told HELD as anybody else;
 *     lrd_lease_is_own() tells whether it would wait for itself.
 *   - A child of fork inherits none: ending one there answers ECONFLICT and touches nothing.
 *   - Any number of threads may try and wait; one `struct lrd_lease` belongs to one at a time.
 *
 * An uncacheable answer leaves a mark (lrd_lease_mark), so that nobody queues for the next.
 * The mark lives in the table, in the place that the lease leaves: it costs no write
 * transaction and no room in the store, outlives its writer, and is forgotten when its time is
 * over or the place is needed, after which one herd queues once and learns again.
 *
 * Event loops ask lrd_lease_poll() from a timer: a futex cannot be waited for by descriptor.
 * (larder/cache.h is the place for a descriptor fed by a helper thread in lrd_lease_wait.)
 */
#ifndef LRD_STORE_LEASE_H
#define LRD_STORE_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	LRD_LEASE_LOOK_MS = 30, /* how often a waiter makes sure that the owner lives */
	LRD_LEASE_MAX_MS = 600000
};

enum lrd_lease_state {
	LRD_LEASE_NONE = 0, /* of a zeroed struct, and after release */
	LRD_LEASE_TAKEN,    /* it is yours */
	LRD_LEASE_HELD,     /* another thread or process has it */
	LRD_LEASE_MARKED,   /* nobody has it, and nobody should queue */
	LRD_LEASE_ENDED,    /* its owner gave it back */
	LRD_LEASE_GONE      /* its owner died, or its time is over */
};

/* What came of it; kept with the place until somebody else needs it. At most 7. */
enum lrd_lease_result {
	LRD_LEASE_UNKNOWN = 0, /* the owner left, or the place has been used again */
	LRD_LEASE_STORED,      /* the store has the answer */
	LRD_LEASE_UNCACHEABLE, /* there is one, but not for others */
	LRD_LEASE_FAILED       /* there is none */
};

/* Filled by lrd_lease_try; a plain value that owns no memory. */
struct lrd_lease {
	struct lrd_store *store;
	uint64_t hash;
	uint64_t word; /* TAKEN: as it was written; HELD: as it was last seen */
	uint32_t place;
	uint32_t fork_generation;
	uint32_t state; /* enum lrd_lease_state */
	uint32_t reserved;
};

/*
 * Takes the lease of a key's hash for `lease_ms` (1 to LRD_LEASE_MAX_MS). Returns TAKEN, HELD
 * or MARKED. EBUSY: more leases than the table holds, or contenders without end. *out is set
 * in each case. Also takes it over where its owner is dead or its time is over. Makes no
 * system call unless another has it.
 */
int lrd_lease_try(struct lrd_store *store, uint64_t hash, uint32_t lease_ms,
		  struct lrd_lease *out) LARDER_MUST_USE;

/*
 * Waits while the lease that was found HELD is held, by whomever, until `until_ns` (monotonic).
 * Returns ENDED or GONE; ETIMEDOUT. `*result` is set on ENDED.
 */
int lrd_lease_wait(struct lrd_lease *lease, uint64_t until_ns,
		   enum lrd_lease_result *result) LARDER_MUST_USE;

/* The same question without sleeping: HELD, ENDED or GONE. Costs one system call while HELD. */
int lrd_lease_poll(struct lrd_lease *lease, enum lrd_lease_result *result) LARDER_MUST_USE;

/*
 * Ends a TAKEN lease and wakes all waiters. ECONFLICT: it was no longer ours; nothing was
 * changed. Harmless on any other state, so that cleanup paths need not ask.
 */
int lrd_lease_release(struct lrd_lease *lease, enum lrd_lease_result result);
/* lrd_lease_release with UNCACHEABLE, and MARKED is what others are told for `mark_ms`. */
int lrd_lease_mark(struct lrd_lease *lease, uint32_t mark_ms);
/* Prolongs a mark, for those who fetched because of it and found it true; 0 removes it. */
void lrd_lease_remark(struct lrd_store *store, uint64_t hash, uint32_t mark_ms);

/* `lease_ms` more from now on. ECONFLICT: it is no longer ours. */
int lrd_lease_renew(struct lrd_lease *lease, uint32_t lease_ms) LARDER_MUST_USE;
/* Whether it is TAKEN and still ours; true does not last beyond the lease's time. */
bool lrd_lease_owned(const struct lrd_lease *lease);

/*
 * Whose leases are whose within this process. A thread that has a fetch of its own under way
 * (a body that it reads slowly) and asks for the same key must not wait for itself:
 *
 *	after TAKEN	lrd_lease_own_begin(&own, &lease)
 *	on its way	lrd_lease_own_here(&own), from whichever thread goes on with it
 *	before release	lrd_lease_own_end(&own)
 *	on HELD		if lrd_lease_is_own(store, hash) do not wait
 *
 * In a child of fork the parent's leases still count as the calling thread's own: a child
 * that waited for its parent, which waits for its child, would wait as long.
 */
struct lrd_lease_own {
	struct lrd_lease_own *next;
	struct lrd_env *env; /* NULL: in no list */
	uint64_t hash;
	_Atomic uintptr_t thread;
};
void lrd_lease_own_begin(struct lrd_lease_own *own, const struct lrd_lease *lease);
void lrd_lease_own_here(struct lrd_lease_own *own);
void lrd_lease_own_end(struct lrd_lease_own *own); /* harmless in no list */
bool lrd_lease_is_own(struct lrd_store *store, uint64_t hash);

/* One lease as a tool sees it. */
struct lrd_lease_info {
	uint64_t hash; /* of the key; 0: not known yet */
	uint64_t age_ms;
	uint64_t left_ms; /* 0: overdue */
	uint32_t pid;
	uint32_t waiters; /* those killed while they slept count until the lease ends */
	bool alive;       /* its owner */
	bool marked;      /* nobody's: a mark, `left_ms` of it left */
};
/* Visits every lease and mark; a non-zero answer of `visit` stops and is returned. */
int lrd_lease_walk(struct lrd_store *store,
		   int (*visit)(const struct lrd_lease_info *info, void *ctx),
		   void *ctx) LARDER_MUST_USE;

/* Ends all leases of a process that is gone, waking their waiters. For process.c. */
void lrd_lease_drop_owner(struct lrd_mount *mount, uint32_t owner);

#endif
