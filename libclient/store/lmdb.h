/* SPDX-License-Identifier: MIT */
/* lmdb.h - what LMDB's answers mean, and the counting of damage to its structure. */
#ifndef LRD_STORE_LMDB_H
#define LRD_STORE_LMDB_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/mount.h"

/* Every table has 64-bit keys in the machine's byte order. False: a damaged page. */
static inline bool lrd_lmdb_key(const MDB_val *key, uint64_t *out)
{
	if (key->mv_size != sizeof(*out))
		return false;
	memcpy(out, key->mv_data, sizeof(*out));
	return true;
}

/* The one translation of LMDB's codes (and the errno values among them). 0 stays 0. */
int lrd_lmdb_code(int mdb_rc);

/* Whether the code says that pages make no sense. */
bool lrd_lmdb_is_damage(int mdb_rc);

/*
 * Translates, and remembers damage: the second time in one generation poisons it, so that the
 * next operation of any process rebuilds the store empty.
 */
int lrd_lmdb_failed(struct lrd_mount *mount, int mdb_rc);

/* Poisons the generation at once. */
void lrd_lmdb_poison(struct lrd_mount *mount);

/* Damage to the structure that we noticed ourselves; the same counting. Returns ECORRUPT. */
int lrd_lmdb_damaged(struct lrd_mount *mount);

#endif
