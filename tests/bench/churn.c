/* SPDX-License-Identifier: MIT */
/* churn.c - drives a full store: fills it, then measures puts while old entries leave. */
#include "churn.h"

#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	VALUE_MAX = 1 << 20,
	LIVE_MAX = 1 << 23,
	FINE = 32,           /* classes of latency for each doubling: 2 % apart */
	CLASSES = 40 * FINE, /* up to 2^40 ns */
	LOOK_EVERY = 64      /* puts between two looks at how full it is */
};

/* An entry that the driver believes is stored. */
struct live {
	size_t index;
	size_t len;
};

struct churn {
	const struct churn_contender *contender;
	const struct churn_plan *plan;
	void *state;
	char *value;
	struct live *live; /* in no order */
	size_t live_count;
	size_t next_index;
	uint64_t random;
	uint64_t counts[CLASSES];
	uint64_t bytes;
	uint64_t slowest_ns;
	struct churn_result *result;
};

static size_t draw_size(struct churn *churn)
{
	double share;

	if (bench_draw(&churn->random) % 10 != 0)
		return 100 + (size_t)(bench_draw(&churn->random) % 3901);
	share = (double)(bench_draw(&churn->random) % 10000) / 10000.0;
	return (size_t)(4096.0 * pow(256.0, share));
}

/* Returns the bytes that it had. */
static size_t remove_random(struct churn *churn)
{
	struct live gone;
	size_t at;

	if (churn->live_count == 0)
		return 0;
	at = (size_t)(bench_draw(&churn->random) % churn->live_count);
	gone = churn->live[at];
	churn->live[at] = churn->live[--churn->live_count];
	churn->contender->remove(churn->state, gone.index);
	return gone.len;
}

/* One look at the store is dear, so what must go is counted by its length. */
static void keep_share(struct churn *churn)
{
	uint64_t limit = (uint64_t)((double)churn->plan->budget * churn->plan->live_share);
	uint64_t used;

	if (churn->plan->live_share >= 1)
		return;
	used = churn->contender->used_bytes(churn->state);
	while (churn->live_count && used > limit) {
		size_t gone = remove_random(churn);

		used = gone < used ? used - gone : 0;
	}
}

static void put_one(struct churn *churn)
{
	size_t len = draw_size(churn);
	uint64_t begun_ns = bench_now_ns();
	uint64_t took_ns;
	int class;

	if (churn->contender->put(churn->state, churn->next_index, churn->value, len)) {
		if (churn->plan->live_share < 1 && churn->live_count < LIVE_MAX)
			churn->live[churn->live_count++] =
				(struct live){ churn->next_index, len };
		churn->bytes += len;
	} else {
		int i;

		churn->result->full++;
		for (i = 0; i < LOOK_EVERY; i++)
			remove_random(churn);
	}
	took_ns = bench_now_ns() - begun_ns;
	class = (int)(log2((double)took_ns + 1) * FINE);
	churn->counts[class < CLASSES ? class : CLASSES - 1]++;
	if (took_ns > churn->slowest_ns)
		churn->slowest_ns = took_ns;
	churn->next_index++;
	churn->result->puts++;
}

static void fill(struct churn *churn)
{
	uint64_t enough =
		(uint64_t)((double)churn->plan->budget *
			   (churn->plan->live_share < 1 ? churn->plan->live_share : 0.95));

	while (churn->contender->used_bytes(churn->state) < enough) {
		int i;

		for (i = 0; i < LOOK_EVERY; i++)
			put_one(churn);
	}
	memset(churn->counts, 0, sizeof(churn->counts));
	churn->slowest_ns = 0;
	churn->result->puts = 0;
	churn->result->full = 0;
}

static void run_slice(struct churn *churn, size_t slice)
{
	double slice_s = (double)churn->plan->seconds / (double)churn->plan->slices;
	uint64_t begun_ns = bench_now_ns();
	uint64_t puts = churn->result->puts;
	uint64_t bytes = churn->bytes;
	double took_s;

	do {
		int i;

		keep_share(churn);
		for (i = 0; i < LOOK_EVERY; i++)
			put_one(churn);
		took_s = (double)(bench_now_ns() - begun_ns) / 1e9;
	} while (took_s < slice_s);
	churn->result->puts_per_s[slice] = (double)(churn->result->puts - puts) / took_s;
	churn->result->mbytes_per_s = (double)(churn->bytes - bytes) / took_s / 1e6;
}

static double latency_us(const struct churn *churn, double share)
{
	uint64_t below = (uint64_t)(share * (double)churn->result->puts);
	uint64_t seen = 0;
	int class;

	for (class = 0; class < CLASSES - 1; class ++) {
		seen += churn->counts[class];
		if (seen > below)
			break;
	}
	return exp2((double)(class + 1) / FINE) / 1000.0;
}

void churn_run(const struct churn_contender *contender, const char *folder,
	       const struct churn_plan *plan, struct churn_result *result)
{
	struct churn *churn = bench_alloc(sizeof(*churn));
	size_t slice;

	memset(result, 0, sizeof(*result));
	churn->contender = contender;
	churn->plan = plan;
	churn->result = result;
	churn->random = 7;
	churn->value = bench_alloc(VALUE_MAX);
	churn->live = bench_alloc(LIVE_MAX * sizeof(*churn->live));
	bench_body(1, churn->value, VALUE_MAX);
	churn->state = contender->open(folder, plan->budget);
	fill(churn);
	for (slice = 0; slice < plan->slices; slice++)
		run_slice(churn, slice);
	result->p50_us = latency_us(churn, 0.5);
	result->p99_us = latency_us(churn, 0.99);
	result->p999_us = latency_us(churn, 0.999);
	result->max_us = (double)churn->slowest_ns / 1000.0;
	contender->close(churn->state);
	free(churn->live);
	free(churn->value);
	free(churn);
}
