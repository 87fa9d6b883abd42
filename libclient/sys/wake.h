/* SPDX-License-Identifier: MIT */
/*
 * wake.h - a word by which another thread, or a signal handler, stops one that works or polls.
 *
 *	lrd_wake_clear(&wake);			a piece of work begins
 *	fd = lrd_wake_arm(&wake);		before it polls for the first time
 *	if (lrd_wake_raised(&wake)) ...		between two steps; `fd` is readable then too
 *
 * All zero is a good one that has no descriptor yet. In the child of a fork arming makes a new
 * descriptor, so that parent and child never wake each other.
 */
#ifndef LRD_SYS_WAKE_H
#define LRD_SYS_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

struct lrd_wake {
	atomic_bool raised;
	_Atomic uint64_t armed; /* fork generation << 32 | descriptor; 0: none */
};

/* From any thread and from signal handlers; errno is kept. */
void lrd_wake_raise(struct lrd_wake *wake);

static inline bool lrd_wake_raised(const struct lrd_wake *wake)
{
	return atomic_load_explicit(&wake->raised, memory_order_relaxed);
}

/* A descriptor that lrd_wake_raise() makes readable. EIO. */
LARDER_MUST_USE int lrd_wake_arm(struct lrd_wake *wake);

/* Not raised any more. Costs a comparison where it was not. */
void lrd_wake_clear(struct lrd_wake *wake);

/*
 * The descriptor was readable. A raise that came together with lrd_wake_clear() may have left
 * it so without the word; the next clear has to know.
 */
static inline void lrd_wake_heard(struct lrd_wake *wake)
{
	atomic_store(&wake->raised, true);
}

void lrd_wake_release(struct lrd_wake *wake);

#endif
