/* SPDX-License-Identifier: MIT */
/* process.c - the table of processes that have the store open. */
#include "store/process.h"

#include <unistd.h>

#include "store/counters.h"
#include "store/lease.h"
#include "sys/file.h"
#include "sys/machine.h"

int lrd_process_any_other(int control_fd, bool *out)
{
	return lrd_lock_probe(control_fd, LRD_LOCK_PROCESS, LRD_PROCESSES, out);
}

/* Frees the holds that a dead process left. Its place's lock is ours while this runs. */
static void drop_holds(struct lrd_mount *mount, uint32_t place)
{
	uint32_t high = atomic_load(&mount->shared->holds_high);

	for (uint32_t i = 0; i < high && i < LRD_HOLDS; i++) {
		uint32_t owner = place + 1;

		(void)atomic_compare_exchange_strong(&mount->holds[i].owner, &owner, 0);
	}
}

static void clear_place(struct lrd_mount *mount, uint32_t place)
{
	lrd_counters_fold(mount, place);
	drop_holds(mount, place);
	lrd_lease_drop_owner(mount, place);
	atomic_store(&mount->processes[place].pid, 0);
}

int lrd_process_register(struct lrd_mount *mount)
{
	uint64_t start = 0;

	/* An unknown start time only makes `larder stat` say less. */
	(void)lrd_machine_start_time((uint32_t)getpid(), &start);
	for (uint32_t i = 0; i < LRD_PROCESSES; i++) {
		int rc = lrd_lock_try(mount->control_fd, LRD_LOCK_PROCESS + i, 1, false);

		if (rc == LARDER_EBUSY)
			continue;
		if (rc < 0)
			return rc;
		/* Whoever was here before is dead, or left without a word. */
		clear_place(mount, i);
		mount->place = i;
		mount->registered = true;
		mount->processes[i].start_time = start;
		atomic_store(&mount->processes[i].pid, (uint32_t)getpid());
		return 0;
	}
	return LARDER_EFULL;
}

void lrd_process_unregister(struct lrd_mount *mount)
{
	clear_place(mount, mount->place);
	mount->registered = false;
}

uint32_t lrd_process_reap(struct lrd_mount *mount)
{
	uint32_t reaped = 0;

	for (uint32_t i = 0; i < LRD_PROCESSES; i++) {
		if (i == mount->place || atomic_load(&mount->processes[i].pid) == 0)
			continue;
		/* The lock keeps a newcomer from taking the place meanwhile. */
		if (lrd_lock_try(mount->control_fd, LRD_LOCK_PROCESS + i, 1, false) < 0)
			continue;
		if (atomic_load(&mount->processes[i].pid) != 0) {
			clear_place(mount, i);
			reaped++;
		}
		(void)lrd_lock_drop(mount->control_fd, LRD_LOCK_PROCESS + i, 1);
	}
	return reaped;
}

uint32_t lrd_process_count(const struct lrd_mount *mount)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < LRD_PROCESSES; i++) {
		bool held = i == mount->place;

		if (atomic_load(&mount->processes[i].pid) == 0)
			continue;
		if (!held)
			(void)lrd_lock_probe(mount->control_fd, LRD_LOCK_PROCESS + i, 1,
					     &held);
		count += held;
	}
	return count;
}
