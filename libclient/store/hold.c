/* SPDX-License-Identifier: MIT */
/* hold.c - keeping the rows of a body from being freed. */
#include "store/hold.h"

#include <stdlib.h>

#include "store/env.h"
#include "store/read.h"
#include "store/rows.h"
#include "sys/clock.h"

#define HOLD_MAX_NS (UINT64_C(1000000000) * LRD_HOLD_MAX_S)

static void raise_high(struct lrd_control_shared *shared, uint32_t high)
{
	uint32_t seen = atomic_load(&shared->holds_high);

	while (seen < high &&
	       !atomic_compare_exchange_weak(&shared->holds_high, &seen, high))
		;
}

int lrd_hold_claim(struct lrd_mount *mount, uint64_t body_id, uint32_t *place,
		   uint32_t *serial)
{
	uint32_t me = mount->place + 1;

	for (uint32_t i = 0; i < LRD_HOLDS; i++) {
		struct lrd_hold_place *hold = &mount->holds[i];
		uint32_t expected = 0;

		if (atomic_load_explicit(&hold->owner, memory_order_relaxed) != 0)
			continue;
		/* Before the claim, or a freeing transaction might not look this far. */
		raise_high(mount->shared, i + 1);
		if (!atomic_compare_exchange_strong(&hold->owner, &expected, me))
			continue;
		*serial = atomic_fetch_add(&hold->serial, 1) + 1;
		*place = i;
		atomic_store(&hold->until_ns, lrd_clock_mono_ns() + HOLD_MAX_NS);
		/* Sequentially consistent: the record is looked up after this is seen by all. */
		atomic_store(&hold->body_id, body_id);
		return 0;
	}
	return LARDER_EBUSY;
}

bool lrd_hold_stands(struct lrd_mount *mount, uint32_t place, uint32_t serial, bool renew)
{
	struct lrd_hold_place *hold = &mount->holds[place];
	uint64_t now = lrd_clock_mono_coarse_ns();

	if (atomic_load(&hold->owner) != mount->place + 1 ||
	    atomic_load(&hold->serial) != serial || atomic_load(&hold->until_ns) <= now)
		return false;
	if (renew)
		atomic_store(&hold->until_ns, now + HOLD_MAX_NS);
	return true;
}

void lrd_hold_unclaim(struct lrd_mount *mount, uint32_t place, uint32_t serial)
{
	struct lrd_hold_place *hold = &mount->holds[place];
	uint32_t expected = mount->place + 1;

	if (atomic_load(&hold->serial) != serial)
		return;
	atomic_store(&hold->body_id, 0);
	(void)atomic_compare_exchange_strong(&hold->owner, &expected, 0);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void lrd_held_load(const struct lrd_mount *mount, struct lrd_held *out)
{
	uint32_t high = atomic_load(&mount->shared->holds_high);
	uint64_t now = lrd_clock_mono_coarse_ns();

	out->count = 0;
	for (uint32_t i = 0; i < high && i < LRD_HOLDS; i++) {
		struct lrd_hold_place *hold = &mount->holds[i];
		uint64_t id = atomic_load(&hold->body_id);

		if (atomic_load(&hold->owner) != 0 && id != 0 &&
		    atomic_load(&hold->until_ns) > now)
			out->ids[out->count++] = id;
	}
	if (out->count > 1)
		qsort(out->ids, out->count, sizeof(out->ids[0]), compare_ids);
}

bool lrd_held_has(const struct lrd_held *held, uint64_t body_id)
{
	return held->count > 0 && bsearch(&body_id, held->ids, held->count,
					  sizeof(held->ids[0]), compare_ids) != NULL;
}

/* ---- the holds of readers ---------------------------------------------------------------- */

int lrd_hold_take(struct lrd_store *store, const struct lrd_key *key, uint64_t body_id,
		  struct lrd_hold *out)
{
	struct lrd_hold hold = { .store = store, .body_id = body_id };
	struct lrd_record record;
	struct lrd_mount *mount;
	struct lrd_read read;
	int rc;

	if (body_id == 0)
		return LARDER_EINVAL;
	rc = lrd_env_enter(store->env, &mount);
	if (rc < 0)
		return rc;
	hold.mount = mount;
	rc = lrd_hold_claim(mount, body_id, &hold.place, &hold.serial);
	if (rc < 0)
		goto out;
	/* A snapshot begun now: see hold.h. Time is not asked: the body is, not the entry. */
	rc = lrd_read_begin(store, &read);
	if (rc == 0) {
		rc = lrd_read_peek(&read, key, INT64_MIN, &record);
		if (rc == 0 && (record.body_id != body_id || read.mount != mount))
			rc = LARDER_ENOTFOUND;
		if (rc == 0) {
			hold.body_len = record.body_len;
			hold.hash = record.hash;
		}
		lrd_read_end(&read);
	}
	if (rc < 0)
		lrd_hold_unclaim(mount, hold.place, hold.serial);
	else
		*out = hold;
out:
	lrd_mount_leave(mount);
	return rc;
}

/* The hold is of this process and of the files that are current. */
static bool is_alive(const struct lrd_hold *hold)
{
	return hold->mount && hold->mount->fork_generation == lrd_fork_generation() &&
	       atomic_load(&hold->store->env->mount) == hold->mount &&
	       !hold->mount->closed;
}

ptrdiff_t lrd_hold_read(struct lrd_hold *hold, uint64_t offset, void *dst, size_t len)
{
	struct lrd_record record = { .hash = hold->hash,
				     .body_id = hold->body_id,
				     .body_len = hold->body_len };
	struct lrd_read read;
	int rc;

	if (offset > hold->body_len)
		return LARDER_EINVAL;
	if (len > hold->body_len - offset)
		len = (size_t)(hold->body_len - offset);
	if (len > PTRDIFF_MAX)
		len = PTRDIFF_MAX;
	if (len == 0)
		return 0;
	if (!is_alive(hold) ||
	    !lrd_hold_stands(hold->mount, hold->place, hold->serial, false))
		return LARDER_ENOTFOUND;
	rc = lrd_read_begin(hold->store, &read);
	if (rc < 0)
		return rc;
	if (read.mount != hold->mount)
		rc = LARDER_ENOTFOUND;
	else
		rc = lrd_read_body(&read, &record, offset, dst, len);
	lrd_read_end(&read);
	return rc < 0 ? rc : (ptrdiff_t)len;
}

void lrd_hold_release(struct lrd_hold *hold)
{
	if (is_alive(hold))
		lrd_hold_unclaim(hold->mount, hold->place, hold->serial);
	hold->mount = NULL;
}
