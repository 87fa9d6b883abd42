/* SPDX-License-Identifier: MIT */
/*
 * ghosts.h - which keys were evicted not long ago, and from which queue.
 *
 * Sets of four cells of 32 bits, chosen by the key's hash: 15 bits of tag, the queue, and 16
 * bits of the queue's own count of evictions, so that a cell's age is known. A wrong tag is
 * one in a few thousand, and costs no more than a place in the other queue.
 */
#ifndef LRD_STORE_GHOSTS_H
#define LRD_STORE_GHOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

enum { LRD_GHOST_PROBATION, LRD_GHOST_MAIN };

/* Remembers. `queue` counts it. */
void lrd_ghosts_add(struct lrd_mount *mount, uint64_t hash, unsigned int queue);

/*
 * Forgets. True if the key is among the last `window` that its queue evicted; then also which
 * queue, and how many that queue has evicted since.
 */
bool lrd_ghosts_take(struct lrd_mount *mount, uint64_t hash, uint64_t window,
		     unsigned int *queue, uint64_t *age);

#endif
