/* SPDX-License-Identifier: MIT */
/* key.h - where an entry stands: the seeded hash of partition and name. */
#ifndef LRD_STORE_KEY_H
#define LRD_STORE_KEY_H

#include <stdint.h>

#include <larder/types.h>

#include "store/mount.h"
#include "sys/digest.h"

static inline uint64_t lrd_key_hash(const struct lrd_mount *mount, larder_slice partition,
				    larder_slice name)
{
	/* The partition's hash seeds the name's: no two pairs run together. */
	uint64_t seed = lrd_digest(partition.ptr, partition.len, mount->seed);
	uint64_t hash = lrd_digest(name.ptr, name.len, seed);

	/* 0 and 1 mean something else where damage is queued. */
	return hash < 2 ? hash + 2 : hash;
}

#endif
