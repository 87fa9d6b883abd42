/* SPDX-License-Identifier: MIT */
/*
 * process.h - the table of processes that have the store open.
 *
 * A process lives while a lock on its place's byte of `control` is held: the kernel drops it
 * at death, whatever the cause, and no pid can be mistaken for another.
 */
#ifndef LRD_STORE_PROCESS_H
#define LRD_STORE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

/* Whether any process but this one's open file has a place. */
int lrd_process_any_other(int control_fd, bool *out);

/* Takes a place for this process. EFULL: all of them belong to live processes. */
int lrd_process_register(struct lrd_mount *mount);

/* Gives the place back, its counters folded in. The lock falls when the file is closed. */
void lrd_process_unregister(struct lrd_mount *mount);

/* Folds in the dead: counters, holds, places. Returns how many. */
uint32_t lrd_process_reap(struct lrd_mount *mount);

/* How many are alive, this one included. */
uint32_t lrd_process_count(const struct lrd_mount *mount);

#endif
