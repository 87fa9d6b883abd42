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
	uint64_t word; /* as seen where HELD, as written where TAKEN */
	uint32_t place;
};

bool lrd_lease_end(struct lrd_lease_at at, uint64_t seen, uint32_t result)
{
	while (!atomic_compare_exchange_strong(at.word, &seen, lrd_word_ended(seen, result))) {
		/* Somebody went to sleep meanwhile: nothing else may have changed. */
		if (!(seen & LRD_WORD_SLEEPERS) || lrd_word_phase(seen) == LRD_PHASE_FREE)
			return false;
		return lrd_lease_end(at, seen, result);
	}
	if (seen & LRD_WORD_SLEEPERS)
		lrd_futex_wake(at.word);
	return true;
}
