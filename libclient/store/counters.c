/* SPDX-License-Identifier: MIT */
/* counters.c - what processes count, each in lines of its own. */
#include "store/counters.h"

#include "store/env.h"

static_assert((int)LRD_COUNT_END <= (int)LRD_COUNTERS, "counters.def outgrew the format");

void lrd_store_count(struct lrd_store *store, enum lrd_counter counter, uint64_t by)
{
	struct lrd_mount *mount;

	/* Counting is no reason to fail anything: without a store nothing is counted. */
	if ((unsigned int)counter >= LRD_COUNT_END ||
	    lrd_env_mount(store->env, &mount) < 0)
		return;
	lrd_counters_add(mount, counter, by);
}

void lrd_counters_fold(struct lrd_mount *mount, uint32_t place)
{
	for (size_t i = 0; i < LRD_COUNTERS; i++) {
		uint64_t part = atomic_exchange_explicit(&mount->counts[place].value[i],
							 0, memory_order_relaxed);

		if (part > 0)
			atomic_fetch_add_explicit(&mount->counts[LRD_PROCESSES].value[i],
						  part, memory_order_relaxed);
	}
}

void lrd_counters_sum(const struct lrd_mount *mount, uint64_t out[LRD_COUNT_END])
{
	for (size_t i = 0; i < LRD_COUNT_END; i++)
		out[i] = 0;
	for (size_t place = 0; place <= LRD_PROCESSES; place++) {
		for (size_t i = 0; i < LRD_COUNT_END; i++)
			out[i] += atomic_load_explicit(&mount->counts[place].value[i],
						       memory_order_relaxed);
	}
}

const char *lrd_counter_name(enum lrd_counter counter)
{
	static const char *const names[] = {
#define LRD_COUNTER(name, text, help) text,
#include "store/counters.def"
	};

	return (unsigned int)counter < LRD_COUNT_END ? names[counter] : "unknown";
}

const char *lrd_counter_help(enum lrd_counter counter)
{
	static const char *const helps[] = {
#define LRD_COUNTER(name, text, help) help,
#include "store/counters.def"
	};

	return (unsigned int)counter < LRD_COUNT_END ? helps[counter] : "unknown";
}
