/* SPDX-License-Identifier: MIT */
/* lease_wait.c - waiting for somebody else's lease, and looking at all of them. */
#include "store/lease.h"

#include <stdlib.h>

#include "store/env.h"
#include "store/lease_table.h"
#include "sys/clock.h"
#include "sys/futex.h"

/* ---- waiting ----------------------------------------------------------------------------- */

/* What has become of the lease that was found HELD; its word is brought up to date. */
static int look(struct lrd_mount *mount, struct lrd_lease *lease,
		enum lrd_lease_result *result)
{
	struct lrd_lease_at at =
		lrd_lease_place(lrd_lease_stripe_of(mount, lease->hash), lease->place);
	uint64_t word = atomic_load(at.word);

	/* Another key's: ours ended long enough ago for its place to be used again. */
	if (!lrd_word_is_of(word, lease->hash)) {
		*result = LRD_LEASE_UNKNOWN;
		return LRD_LEASE_ENDED;
	}
	if (lrd_word_phase(word) == LRD_PHASE_FREE) {
		*result = (enum lrd_lease_result)lrd_word_result(word);
		return LRD_LEASE_ENDED;
	}
	lease->word = word;
	return lrd_lease_is_gone(mount, at, word) ? LRD_LEASE_GONE : LRD_LEASE_HELD;
}

/* Counts a sleeper of this generation in or out; a new generation begins from nothing. */
static void count_sleeper(struct lrd_lease_at at, uint64_t word, bool in)
{
	uint64_t generation = lrd_word_generation(word);
	uint64_t seen = atomic_load_explicit(&at.beside->waiting, memory_order_relaxed);
	uint64_t next;

	do {
		uint64_t count = seen >> 32 == generation ? seen & UINT32_MAX : 0;

		if (!in && count == 0)
			return;
		next = generation << 32 | (in ? count + 1 : count - 1);
	} while (!atomic_compare_exchange_weak_explicit(&at.beside->waiting, &seen, next,
							memory_order_relaxed,
							memory_order_relaxed));
}

/* How long to sleep before looking whether the owner lives. */
static uint64_t look_after_ns(void)
{
#ifdef LARDER_FAULTS
	/* Test builds: so long that a wake which is lost cannot hide behind the next look. */
	const char *ms = getenv("LARDER_LEASE_LOOK_MS");

	if (ms)
		return UINT64_C(1000000) * strtoull(ms, NULL, 10);
#endif
	return UINT64_C(1000000) * LRD_LEASE_LOOK_MS;
}

/* Sleeps until the word changes, or it is time to look again. */
static void sleep_on(struct lrd_mount *mount, const struct lrd_lease *lease,
		     uint64_t at_most_ns)
{
	struct lrd_lease_at at =
		lrd_lease_place(lrd_lease_stripe_of(mount, lease->hash), lease->place);
	uint64_t word = lease->word & ~LRD_WORD_SLEEPERS;
	uint64_t asleep = word | LRD_WORD_SLEEPERS;
	uint64_t look_ns = look_after_ns();

	/* Whoever changes the word from now on sees that somebody must be woken; a change
	 * before that makes the kernel refuse to let us sleep. */
	if (!atomic_compare_exchange_strong(at.word, &word, asleep) && word != asleep)
		return;
	count_sleeper(at, asleep, true);
	lrd_futex_sleep(at.word, asleep, at_most_ns < look_ns ? at_most_ns : look_ns);
	count_sleeper(at, asleep, false);
	/* A claim takes nanoseconds: its owner stands still, and revoking it harms nobody. */
	if (lrd_word_phase(asleep) == LRD_PHASE_CLAIMED && at_most_ns >= look_ns &&
	    atomic_load(at.word) == asleep)
		(void)lrd_lease_end(at, asleep, LRD_LEASE_UNKNOWN);
}

int lrd_lease_wait(struct lrd_lease *lease, uint64_t until_ns,
		   enum lrd_lease_result *result)
{
	if (lease->state != LRD_LEASE_HELD)
		return LARDER_EINVAL;
	for (;;) {
		struct lrd_mount *mount;
		uint64_t now_ns;
		/* Entered anew for each sleep, so that nobody who must close the files waits
		 * for a fetch. */
		int rc = lrd_env_enter(lease->store->env, &mount);

		if (rc < 0)
			return rc;
		rc = look(mount, lease, result);
		now_ns = lrd_clock_mono_ns();
		if (rc == LRD_LEASE_HELD && now_ns < until_ns)
			sleep_on(mount, lease, until_ns - now_ns);
		lrd_mount_leave(mount);
		if (rc != LRD_LEASE_HELD) {
			lease->state = (uint32_t)rc;
			return rc;
		}
		if (now_ns >= until_ns)
			return LARDER_ETIMEDOUT;
	}
}

int lrd_lease_poll(struct lrd_lease *lease, enum lrd_lease_result *result)
{
	struct lrd_mount *mount;
	int rc;

	if (lease->state != LRD_LEASE_HELD)
		return LARDER_EINVAL;
	rc = lrd_env_mount(lease->store->env, &mount);
	if (rc < 0)
		return rc;
	rc = look(mount, lease, result);
	lease->state = (uint32_t)rc;
	return rc;
}

/* ---- looking on -------------------------------------------------------------------------- */

/* Describes one place. False: nothing is there. */
static bool describe(struct lrd_mount *mount, struct lrd_lease_at at, uint64_t now_ms,
		     struct lrd_lease_info *out)
{
	uint64_t word = atomic_load(at.word);
	uint64_t waiting = atomic_load(&at.beside->waiting);
	uint64_t until_ms = atomic_load(&at.beside->until) >> LRD_LEASE_GENERATION_BITS;
	uint64_t since_ms = atomic_load(&at.beside->since_ms);
	uint64_t hash = atomic_load(&at.beside->hash);
	uint32_t owner = lrd_word_owner(word);

	*out = (struct lrd_lease_info){ .marked = lrd_lease_is_marked(at, word, now_ms) };
	if (lrd_word_phase(word) == LRD_PHASE_FREE && !out->marked)
		return false;
	out->hash = lrd_word_is_of(word, hash) ? hash : 0;
	out->age_ms = now_ms > since_ms ? now_ms - since_ms : 0;
	out->left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
	if (out->marked)
		return true;
	out->pid = atomic_load(&mount->processes[owner].pid);
	if (waiting >> 32 == lrd_word_generation(word))
		out->waiters = (uint32_t)waiting;
	out->alive = lrd_lease_owner_lives(mount, owner);
	return true;
}

int lrd_lease_walk(struct lrd_store *store,
		   int (*visit)(const struct lrd_lease_info *info, void *ctx), void *ctx)
{
	uint64_t now_ms = lrd_lease_now_ms();
	struct lrd_mount *mount;
	int rc = lrd_env_mount(store->env, &mount);

	if (rc < 0)
		return rc;
	for (uint32_t stripe = 0; stripe < LRD_LEASES; stripe++) {
		for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
			struct lrd_lease_info info;

			if (!describe(mount, lrd_lease_place(&mount->leases[stripe], i),
				      now_ms, &info))
				continue;
			rc = visit(&info, ctx);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}
