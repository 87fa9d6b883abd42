/* SPDX-License-Identifier: MIT */
/*
 * slots_mend.h - making slots and records agree again, a slice at a time.
 *
 *	a writer was killed		its fresh and doomed slots are compared with the records
 *	... while it changed lists	all entries claim the slots that they name, in the lists
 *					that they were in; what nobody claims is free
 *	entries outnumber slots		those without one are looked for and get one
 *
 * Reads go on all the while, and puts too: an entry whose slot is not known yet is only not
 * evicted yet.
 */
#ifndef LRD_STORE_SLOTS_MEND_H
#define LRD_STORE_SLOTS_MEND_H

#include <stdbool.h>

#include "store/mount.h"

/* Whether slots and records are known to disagree. For anybody, at no cost. */
bool lrd_slots_are_mending(const struct lrd_mount *mount);

/* The same, and whether a dead writer left slots behind. With the gate held. */
bool lrd_slots_need_mending(const struct lrd_mount *mount);

/* A record was stored without a slot: it is looked for. */
void lrd_slots_miss(struct lrd_mount *mount);

/* Compares the number of slots with that of entries, and has them looked for. */
void lrd_slots_compare(struct lrd_mount *mount, uint64_t entries);

/* One slice, in a transaction of its own. With the gate held and no transaction open. */
int lrd_slots_mend(struct lrd_mount *mount);

/* One slice inside a transaction that may remove records. `found`: slots that came back. An
 * LMDB code. */
int lrd_slots_mend_in(struct lrd_mount *mount, MDB_txn *txn, uint64_t *found);

#endif
