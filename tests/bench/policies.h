/* SPDX-License-Identifier: MIT */
/* policies.h - hit ratios of caches that exist only on paper: LRU, and what foresight reaches. */
#ifndef LARDER_BENCH_POLICIES_H
#define LARDER_BENCH_POLICIES_H

#include "workload.h"

/* Both hold at most `capacity` bytes; an object larger than that is never kept. */
double policy_lru(const struct workload *workload, uint64_t capacity);
/*
 * Belady's choice: whoever is needed last goes, the newcomer included. The optimum where all
 * objects have one size, a good bound where they do not.
 */
double policy_belady(const struct workload *workload, uint64_t capacity);

#endif
