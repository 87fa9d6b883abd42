/* SPDX-License-Identifier: MIT */
/*
 * lease.c - taking, keeping and ending leases without a lock.
 *
 * A key may have its lease in any place of its stripe, so that keys that share a stripe do not
 * wait for each other. That two contenders do not end up in two places is the work of the
 * phases:
 *
 *	FREE ── claim ──► CLAIMED ── no other place has the key ──► HELD ── end ──► FREE
 *	                     └──── another has: the higher place gives way ──────────► FREE
 *	HELD ── the owner is dead or late: taken over in place ──► HELD by another
 *
 * A claimer looks at all places after its claim stands. Of two claimers at least one sees the
 * other's claim; the one in the higher place withdraws when it sees the lower, the one in the
 * lower revokes the higher's claim, and a revoked claim cannot become HELD. So a claim may
 * also be revoked when its process stands still: nobody ever waits for one.
 */
#include "store/lease.h"

#include "store/env.h"
#include "store/lease_table.h"
#include "sys/crash.h"
#include "sys/file.h"
#include "sys/futex.h"

/* How often a try begins anew because others were faster. */
enum { TRIES = 64 };

/* What a step of a try came to when it is not one of enum lrd_lease_state. */
enum { AGAIN = -1000 };

/* A try on its way. */
struct attempt {
	struct lrd_mount *mount;
	struct lrd_lease_stripe *stripe;
	uint64_t hash;
	uint64_t lease_ms;
	uint64_t now_ms;
	uint64_t seen[LRD_LEASE_PLACES];
	uint64_t word; /* as seen where HELD, as written where TAKEN */
	uint32_t place;
};

bool lrd_lease_end(struct lrd_lease_at at, uint64_t word, uint32_t result)
{
	uint64_t seen = word;

	while (!atomic_compare_exchange_strong(at.word, &seen,
					       lrd_word_ended(word, result))) {
		/* Somebody may have gone to sleep; any other change means that it is over. */
		if (!lrd_word_same(seen, word))
			return false;
	}
	if (seen & LRD_WORD_SLEEPERS)
		lrd_futex_wake(at.word);
	return true;
}

bool lrd_lease_owner_lives(struct lrd_mount *mount, uint32_t owner)
{
	bool alive = true;

	/* Our own locks do not show in a probe. */
	if (owner == mount->place || !lrd_mount_join(mount))
		return true;
	if (lrd_lock_probe(mount->control_fd, LRD_LOCK_PROCESS + owner, 1, &alive) < 0)
		alive = true;
	lrd_mount_leave(mount);
	return alive;
}

bool lrd_lease_is_gone(struct lrd_mount *mount, struct lrd_lease_at at, uint64_t word)
{
	return lrd_word_is_over(word, atomic_load(&at.beside->until), lrd_lease_now_ms()) ||
	       !lrd_lease_owner_lives(mount, lrd_word_owner(word));
}

/*
 * Sets the time of a word that is ours. Never a plain store: a writer that stood still while
 * its word was taken away must not reach into the next owner's lease.
 */
static void set_until(struct lrd_lease_at at, uint64_t word, uint64_t seen, uint64_t at_ms)
{
	uint64_t until = lrd_word_until(at_ms, lrd_word_generation(word));

	while (!atomic_compare_exchange_strong(&at.beside->until, &seen, until)) {
		if (!lrd_word_same(atomic_load(at.word), word))
			return;
	}
}

/* What only lookers-on read: a wrong value here harms nobody. */
static void describe(const struct attempt *a, struct lrd_lease_at at)
{
	atomic_store_explicit(&at.beside->hash, a->hash, memory_order_relaxed);
	atomic_store_explicit(&at.beside->since_ms, a->now_ms, memory_order_relaxed);
}

/* The owner is gone: the lease stays in its place and changes hands. */
static int take_over(struct attempt *a, struct lrd_lease_at at, uint64_t word)
{
	uint64_t generation = lrd_word_next(word);
	uint64_t until = atomic_load(&at.beside->until);
	uint64_t mine =
		lrd_word_make(a->hash, LRD_PHASE_HELD, generation, a->mount->place);

	/* In this order a taker that is stopped in between leaves a lease that ends. */
	(void)atomic_compare_exchange_strong(&at.beside->until, &until,
					     lrd_word_until(a->now_ms + a->lease_ms,
							    generation));
	LRD_CRASH_POINT("store.lease.taking_over");
	if (!atomic_compare_exchange_strong(at.word, &word,
					    mine | (word & LRD_WORD_SLEEPERS)))
		return AGAIN;
	set_until(at, mine, atomic_load(&at.beside->until), a->now_ms + a->lease_ms);
	describe(a, at);
	a->word = mine;
	return LRD_LEASE_TAKEN;
}

/* Its owner is gone: a lease changes hands, a claim that came to nothing is cleared away. */
static int succeed(struct attempt *a, struct lrd_lease_at at, uint64_t word)
{
	if (lrd_word_phase(word) == LRD_PHASE_HELD)
		return take_over(a, at, word);
	(void)lrd_lease_end(at, word, LRD_LEASE_UNKNOWN);
	return AGAIN;
}

/* Whether our claim stands against claims and leases of the same key in other places. */
static bool beats_rivals(const struct attempt *a, uint32_t place)
{
	for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
		struct lrd_lease_at rival = lrd_lease_place(a->stripe, i);

		while (i != place) {
			uint64_t word = atomic_load(rival.word);

			if (lrd_word_phase(word) == LRD_PHASE_FREE ||
			    !lrd_word_is_of(word, a->hash))
				break;
			if (lrd_word_phase(word) == LRD_PHASE_HELD || i < place)
				return false;
			(void)lrd_lease_end(rival, word, LRD_LEASE_UNKNOWN);
		}
	}
	return true;
}

static int claim(struct attempt *a, uint32_t place)
{
	struct lrd_lease_at at = lrd_lease_place(a->stripe, place);
	uint64_t word = a->seen[place];
	uint64_t until = atomic_load(&at.beside->until);
	uint64_t claimed = lrd_word_make(a->hash, LRD_PHASE_CLAIMED, lrd_word_next(word),
					 a->mount->place);
	uint64_t held = lrd_word_make(a->hash, LRD_PHASE_HELD, lrd_word_next(word),
				      a->mount->place);
	uint64_t seen = claimed;

	if (!atomic_compare_exchange_strong(at.word, &word, claimed))
		return AGAIN;
	LRD_CRASH_POINT("store.lease.claimed");
	set_until(at, claimed, until, a->now_ms + a->lease_ms);
	describe(a, at);
	if (!beats_rivals(a, place)) {
		(void)lrd_lease_end(at, claimed, LRD_LEASE_UNKNOWN);
		return AGAIN;
	}
	while (!atomic_compare_exchange_strong(at.word, &seen,
					       held | (seen & LRD_WORD_SLEEPERS))) {
		if (!lrd_word_same(seen, claimed))
			return AGAIN; /* revoked */
	}
	LRD_CRASH_POINT("store.lease.held");
	a->place = place;
	a->word = held;
	return LRD_LEASE_TAKEN;
}

/* Every place is in use: frees those whose owners are gone. */
static int reclaim(struct attempt *a)
{
	int rc = LARDER_EBUSY;

	for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
		struct lrd_lease_at at = lrd_lease_place(a->stripe, i);

		if (lrd_lease_is_gone(a->mount, at, a->seen[i]) &&
		    lrd_lease_end(at, a->seen[i], LRD_LEASE_UNKNOWN))
			rc = AGAIN;
	}
	return rc;
}

/* Looks at all places once and does what they call for. */
static int try_once(struct attempt *a)
{
	uint32_t start = (uint32_t)(a->hash / LRD_LEASES);
	uint32_t best = LRD_LEASE_PLACES;
	bool best_is_marked = false;
	bool marked = false;

	a->now_ms = lrd_lease_now_ms();
	/* Beginning where the hash says, so that a key mostly finds the place it had before. */
	for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
		uint32_t place = (start + i) % LRD_LEASE_PLACES;
		struct lrd_lease_at at = lrd_lease_place(a->stripe, place);
		uint64_t word = atomic_load(at.word);
		bool ours = lrd_word_is_of(word, a->hash);

		a->seen[place] = word;
		if (lrd_word_phase(word) != LRD_PHASE_FREE) {
			if (!ours)
				continue;
			a->place = place;
			a->word = word;
			if (lrd_lease_is_gone(a->mount, at, word))
				return succeed(a, at, word);
			return LRD_LEASE_HELD;
		}
		if (lrd_lease_is_marked(at, word, a->now_ms)) {
			marked = marked || ours;
			if (best == LRD_LEASE_PLACES) {
				best = place;
				best_is_marked = true;
			}
		} else if (best == LRD_LEASE_PLACES || best_is_marked) {
			best = place;
			best_is_marked = false;
		}
	}
	if (marked)
		return LRD_LEASE_MARKED;
	return best == LRD_LEASE_PLACES ? reclaim(a) : claim(a, best);
}

int lrd_lease_try(struct lrd_store *store, uint64_t hash, uint32_t lease_ms,
		  struct lrd_lease *out)
{
	struct attempt a = { .hash = hash, .lease_ms = lease_ms };
	int rc;

	*out = (struct lrd_lease){ .store = store, .hash = hash };
	if (lease_ms == 0 || lease_ms > LRD_LEASE_MAX_MS)
		return LARDER_EINVAL;
	rc = lrd_env_mount(store->env, &a.mount);
	if (rc < 0)
		return rc;
	a.stripe = lrd_lease_stripe_of(a.mount, hash);
	rc = AGAIN;
	for (int i = 0; i < TRIES && rc == AGAIN; i++)
		rc = try_once(&a);
	if (rc < 0)
		return rc == AGAIN ? LARDER_EBUSY : rc;
	out->fork_generation = a.mount->fork_generation;
	out->state = (uint32_t)rc;
	out->word = a.word;
	out->place = a.place;
	return rc;
}

/* The place of a lease that is TAKEN, unless a fork came between. */
static int own_place(const struct lrd_lease *lease, struct lrd_lease_at *out)
{
	struct lrd_mount *mount;
	int rc;

	if (lease->state != LRD_LEASE_TAKEN)
		return LARDER_EINVAL;
	if (lease->fork_generation != lrd_fork_generation())
		return LARDER_ECONFLICT;
	/* It may be another mount by now; what counts is whether the word is still there. */
	rc = lrd_env_mount(lease->store->env, &mount);
	if (rc == 0)
		*out = lrd_lease_place(lrd_lease_stripe_of(mount, lease->hash),
				       lease->place);
	return rc;
}

static int finish(struct lrd_lease *lease, uint32_t result, uint32_t mark_ms)
{
	struct lrd_lease_at at;
	int rc = own_place(lease, &at);

	if (lease->state != LRD_LEASE_TAKEN)
		return 0;
	lease->state = LRD_LEASE_NONE;
	if (rc < 0)
		return rc;
	/* From the word's end on this is the time of the mark. */
	if (result == LRD_LEASE_UNCACHEABLE)
		set_until(at, lease->word, atomic_load(&at.beside->until),
			  mark_ms ? lrd_lease_now_ms() + mark_ms : 0);
	return lrd_lease_end(at, lease->word, result) ? 0 : LARDER_ECONFLICT;
}

int lrd_lease_release(struct lrd_lease *lease, enum lrd_lease_result result)
{
	return finish(lease, (uint32_t)result & 7, 0);
}

int lrd_lease_mark(struct lrd_lease *lease, uint32_t mark_ms)
{
	return finish(lease, LRD_LEASE_UNCACHEABLE,
		      mark_ms < LRD_LEASE_MAX_MS ? mark_ms : LRD_LEASE_MAX_MS);
}

void lrd_lease_remark(struct lrd_store *store, uint64_t hash, uint32_t mark_ms)
{
	uint64_t now_ms = lrd_lease_now_ms();
	struct lrd_mount *mount;

	if (lrd_env_mount(store->env, &mount) < 0)
		return;
	if (mark_ms > LRD_LEASE_MAX_MS)
		mark_ms = LRD_LEASE_MAX_MS;
	for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
		struct lrd_lease_at at =
			lrd_lease_place(lrd_lease_stripe_of(mount, hash), i);
		uint64_t word = atomic_load(at.word);

		if (lrd_word_is_of(word, hash) && lrd_lease_is_marked(at, word, now_ms))
			set_until(at, word, atomic_load(&at.beside->until),
				  mark_ms ? now_ms + mark_ms : 0);
	}
}

int lrd_lease_renew(struct lrd_lease *lease, uint32_t lease_ms)
{
	struct lrd_lease_at at;
	uint64_t generation = lrd_word_next(lease->word);
	uint64_t seen = lease->word;
	uint64_t mine, until;
	int rc;

	if (lease_ms == 0 || lease_ms > LRD_LEASE_MAX_MS)
		return LARDER_EINVAL;
	rc = own_place(lease, &at);
	if (rc < 0)
		return rc;
	/* A new generation: whoever has just found the old one overdue cannot take it now. */
	until = atomic_load(&at.beside->until);
	while (!atomic_compare_exchange_strong(
		&at.beside->until, &until,
		lrd_word_until(lrd_lease_now_ms() + lease_ms, generation))) {
		if (!lrd_lease_owned(lease))
			return LARDER_ECONFLICT;
	}
	mine = lrd_word_make(lease->hash, LRD_PHASE_HELD, generation,
			     lrd_word_owner(seen));
	while (!atomic_compare_exchange_strong(at.word, &seen,
					       mine | (seen & LRD_WORD_SLEEPERS))) {
		if (!lrd_word_same(seen, lease->word))
			return LARDER_ECONFLICT;
	}
	lease->word = mine;
	return 0;
}

bool lrd_lease_owned(const struct lrd_lease *lease)
{
	struct lrd_lease_at at;

	return own_place(lease, &at) == 0 &&
	       lrd_word_same(atomic_load(at.word), lease->word);
}

void lrd_lease_drop_owner(struct lrd_mount *mount, uint32_t owner)
{
	for (uint32_t stripe = 0; stripe < LRD_LEASES; stripe++) {
		for (uint32_t i = 0; i < LRD_LEASE_PLACES; i++) {
			struct lrd_lease_at at =
				lrd_lease_place(&mount->leases[stripe], i);
			uint64_t word = atomic_load(at.word);

			if (lrd_word_phase(word) != LRD_PHASE_FREE &&
			    lrd_word_owner(word) == owner)
				(void)lrd_lease_end(at, word, LRD_LEASE_UNKNOWN);
		}
	}
}
