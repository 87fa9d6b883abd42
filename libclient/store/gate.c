/* SPDX-License-Identifier: MIT */
/* gate.c - the write gate: one writer at a time, waited for no longer than a timeout. */
#include "store/gate.h"

#include <errno.h>
#include <time.h>

#include <larder/types.h>

#include "store/counters.h"
#include "sys/assert.h"

int lrd_gate_init(pthread_mutex_t *gate)
{
	pthread_mutexattr_t attr;
	int rc;

	if (pthread_mutexattr_init(&attr) != 0)
		return LARDER_ENOMEM;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (rc == 0)
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	/* A thread that takes it twice is told so, in place of waiting for itself. */
	if (rc == 0)
		rc = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	if (rc == 0)
		rc = pthread_mutex_init(gate, &attr);
	(void)pthread_mutexattr_destroy(&attr);
	return rc == 0 ? 0 : LARDER_EIO;
}

static int lock_until(pthread_mutex_t *gate, uint64_t timeout_ns)
{
	struct timespec at;

	/* A clock that nobody sets: a jump must not make a writer wait for ever. (The thread
	 * sanitizer of gcc 12 sees only the call on the other clock.) */
#ifdef __SANITIZE_THREAD__
	(void)clock_gettime(CLOCK_REALTIME, &at);
#else
	(void)clock_gettime(CLOCK_MONOTONIC, &at);
#endif
	timeout_ns += (uint64_t)at.tv_nsec;
	at.tv_sec += (time_t)(timeout_ns / UINT64_C(1000000000));
	at.tv_nsec = (long)(timeout_ns % UINT64_C(1000000000));
#ifdef __SANITIZE_THREAD__
	return pthread_mutex_timedlock(gate, &at);
#else
	return pthread_mutex_clocklock(gate, CLOCK_MONOTONIC, &at);
#endif
}

int lrd_gate_take(struct lrd_mount *mount, uint64_t timeout_ns)
{
	struct lrd_control_shared *shared = mount->shared;
	int rc = pthread_mutex_trylock(&shared->gate);

	if (rc == EBUSY)
		rc = lock_until(&shared->gate, timeout_ns);
	switch (rc) {
	case 0:
		break;
	case EOWNERDEAD:
		/* What it guards needs no repair: LMDB drops the dead writer's transaction, and
		 * each number beside it is whole after every single store. */
		lrd_assert(pthread_mutex_consistent(&shared->gate) == 0);
		break;
	case ETIMEDOUT:
		lrd_counters_add(mount, LRD_COUNT_GATE_TIMEOUT, 1);
		return LARDER_EBUSY;
	case EDEADLK:
		return LARDER_EINVAL;
	default:
		return LARDER_EIO;
	}
	atomic_store_explicit(&shared->gate_place, mount->place + 1, memory_order_relaxed);
	return 0;
}

void lrd_gate_drop(struct lrd_mount *mount)
{
	atomic_store_explicit(&mount->shared->gate_place, 0, memory_order_relaxed);
	lrd_assert(pthread_mutex_unlock(&mount->shared->gate) == 0);
}
