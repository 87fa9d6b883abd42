/* SPDX-License-Identifier: MIT */
/*
 * crew.h - processes that begin their work at one moment and hand back what they measured.
 *
 * Each is forked, runs `prepare`, waits for the others, runs `work`, waits until all are done
 * and `linger_ms` have passed (so that what goes on behind its back may end), and exits. One
 * that fails, or works for more than two minutes, ends the benchmark.
 */
#ifndef LARDER_BENCH_CREW_H
#define LARDER_BENCH_CREW_H

#include <stddef.h>

struct bench_crew {
	size_t count;
	void (*prepare)(size_t index, void *ctx); /* may be NULL */
	/* `result` is `result_bytes` of zeroed shared memory of its own. */
	void (*work)(size_t index, void *ctx, void *result);
	void *ctx; /* each process has its own copy of what it points to */
	size_t result_bytes;
	unsigned linger_ms;
};

/* Runs a crew; results[index * result_bytes] is what each left. */
void bench_crew_run(const struct bench_crew *crew, void *results);

#endif
