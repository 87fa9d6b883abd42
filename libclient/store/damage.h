/* SPDX-License-Identifier: MIT */
/* damage.h - entries whose bytes failed a check: reported by readers, removed by writers. */
#ifndef LRD_STORE_DAMAGE_H
#define LRD_STORE_DAMAGE_H

#include "store/mount.h"

/* Queues an entry for removal by the next writer and counts it, once. `value`: as stored. */
void lrd_damage_report(struct lrd_mount *mount, uint64_t hash, const MDB_val *value);

/* Removes what was reported, in a transaction of its own. With the gate held. */
int lrd_damage_remove(struct lrd_mount *mount);

#endif
