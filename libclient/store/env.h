/* SPDX-License-Identifier: MIT */
/*
 * env.h - the one shared environment of a process and directory, and the handles on it.
 *
 * LMDB forbids a second open of the same files in one process: closing either wipes the
 * reader slots and file locks of both. So every lrd_store of a directory shares one lrd_env,
 * found by the directory's device and inode; it holds one mount at a time.
 */
#ifndef LRD_STORE_ENV_H
#define LRD_STORE_ENV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"
#include "store/store.h"
#include "sys/fork.h"

struct lrd_env {
	_Atomic(struct lrd_mount *) mount; /* never NULL once opened */
	_Atomic uint64_t identity_ns;      /* when the files' names were last compared */
	struct lrd_mount *retired;         /* old mounts, kept until the env is freed */
	struct lrd_env *next;              /* in the registry */
	uint64_t dir_dev, dir_ino;
	char *path;
	uint64_t budget_bytes;
	bool group_shared;
	uint32_t size_weight;
	bool as_it_is;
	unsigned int refs; /* handles; guarded by the fork guard */
	struct lrd_lease_own *own_leases; /* lease_own.c; guarded by the fork guard */
};

struct lrd_store {
	struct lrd_env *env;
	larder_allocator allocator; /* all zero: libc */
	uint64_t gate_timeout_ns;
};

/* The slow half of lrd_env_mount(): reopens unless another thread already has. */
int lrd_env_renew(struct lrd_env *env, const struct lrd_mount *old,
		  struct lrd_mount **out);

static inline bool lrd_mount_is_current(const struct lrd_mount *mount)
{
	return lrd_mount_is_ready(mount) &&
	       mount->fork_generation == lrd_fork_generation();
}

/* The mount of this process and of the files' present generation. No system call, no lock. */
static inline int lrd_env_mount(struct lrd_env *env, struct lrd_mount **out)
{
	struct lrd_mount *mount = atomic_load_explicit(&env->mount, memory_order_acquire);

	if (!lrd_mount_is_current(mount))
		return lrd_env_renew(env, mount, out);
	*out = mount;
	return 0;
}

/*
 * The mount, kept from being closed until lrd_mount_leave(). For writers and walkers; readers
 * claim a place, which does the same.
 */
int lrd_env_enter(struct lrd_env *env, struct lrd_mount **out);

/* At most once a second: reopens if the directory's files are no longer those of the mount. */
int lrd_env_check_identity(struct lrd_env *env);

#endif
