/* SPDX-License-Identifier: MIT */
/* lease_own.c - which leases this process holds, and by which thread: who waits for itself waits for ever. */
#include <pthread.h>

#include "store/env.h"
#include "store/lease.h"

static uintptr_t self(void)
{
	return (uintptr_t)pthread_self();
}

void lrd_lease_own_begin(struct lrd_lease_own *own, const struct lrd_lease *lease)
{
	struct lrd_env *env = lease->store->env;

	own->env = env;
	own->hash = lease->hash;
	atomic_store_explicit(&own->thread, self(), memory_order_relaxed);
	lrd_fork_guard_lock();
	own->next = env->own_leases;
	env->own_leases = own;
	lrd_fork_guard_unlock();
}

void lrd_lease_own_here(struct lrd_lease_own *own)
{
	if (own->env)
		atomic_store_explicit(&own->thread, self(), memory_order_relaxed);
}

void lrd_lease_own_end(struct lrd_lease_own *own)
{
	struct lrd_lease_own **at;

	if (!own->env)
		return;
	lrd_fork_guard_lock();
	for (at = &own->env->own_leases; *at; at = &(*at)->next) {
		if (*at != own)
			continue;
		*at = own->next;
		break;
	}
	lrd_fork_guard_unlock();
	own->env = NULL;
	own->next = NULL;
}

bool lrd_lease_is_own(struct lrd_store *store, uint64_t hash)
{
	const struct lrd_lease_own *own;
	bool found = false;

	lrd_fork_guard_lock();
	for (own = store->env->own_leases; own && !found; own = own->next)
		found = own->hash == hash &&
			atomic_load_explicit(&own->thread, memory_order_relaxed) == self();
	lrd_fork_guard_unlock();
	return found;
}
