/* SPDX-License-Identifier: MIT */
/*
 * fork.h - noticing a fork without a system call, and what must not cross one.
 *
 *	if (lrd_fork_generation() != handle->fork_generation)
 *		reopen;			this process is a child of the one that opened it
 */
#ifndef LRD_SYS_FORK_H
#define LRD_SYS_FORK_H

#include <stdint.h>

/*
 * A number that is never 0 and changes for the child at every fork (also one by a raw clone,
 * where the kernel has MADV_WIPEONFORK). Numbers of siblings may be equal: compare only with
 * numbers that this process or an ancestor got here.
 */
uint32_t lrd_fork_generation(void);

/*
 * The one process-wide mutex. A fork waits until it is free, so that what it guards is whole
 * in the child, and the mutex is free there. Never held across calls into user code.
 */
void lrd_fork_guard_lock(void);
void lrd_fork_guard_unlock(void);

/*
 * Has the child of a fork close descriptor `fd` at once. For descriptors whose locks show
 * that this process lives: a child that kept a copy would keep the dead parent's lock. Call
 * with the guard held. ENOMEM when more than 256 are kept.
 */
int lrd_fork_close_in_child(int fd);
/* The descriptor was closed, or will be, by its owner. Call with the guard held. */
void lrd_fork_forget(int fd);

#endif
