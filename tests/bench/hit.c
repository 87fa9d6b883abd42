/* SPDX-License-Identifier: MIT */
/*
 * hit.c - what a full cache hit costs beside raw LMDB, memcached and nginx, in one run.
 *
 * usage: hit [--quick] [--rounds N] [--json]
 * CPU time for each hit of one process; then how much more two processes on two CPUs do.
 */
#include "hit.h"
#include "bench.h"
#include "crew.h"
#include "report.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

enum { CONTENDERS = 5, SCALING_MS = 200, SCALING_ROUNDS_MAX = 7 };

static const struct hit_load loads[] = {
	{ "1 KiB", 1024, 100000, 20000 },
	{ "10 KiB", 10 * 1024, 10000, 5000 },
	{ "1 MiB", 1024 * 1024, 100, 100 },
};

static const struct hit_contender *const contenders[CONTENDERS] = {
	&hit_lmdb, &hit_larder, &hit_plan, &hit_memcached, &hit_curl,
};

struct figure {
	double client_us;
	double total_us;
};

static size_t distinct_entries(const struct hit_contender *contender,
			       const struct hit_load *load)
{
	size_t most = contender->entries_max;

	return most && most < load->entries ? most : load->entries;
}

/* A get at a position that jumps through all entries, so that caches get no favours. */
static void get_one(const struct hit_contender *contender, void *state,
		    const struct hit_load *load, char *buf, uint64_t *position)
{
	size_t index = (size_t)(bench_draw(position) % distinct_entries(contender, load));

	if (contender->get(state, index, buf) != load->body_bytes)
		bench_die("%s: entry %zu of %s is missing or short", contender->name,
			  index, load->label);
}

static struct figure run_slice(const struct hit_contender *contender, void *state,
			       const struct hit_load *load, char *buf, uint64_t *position)
{
	pid_t server = contender->server ? contender->server(state) : 0;
	uint64_t server_before = server ? bench_cpu_ns_of(server) : 0;
	uint64_t before = bench_cpu_ns();
	struct figure figure;
	size_t i;

	for (i = 0; i < load->slice; i++)
		get_one(contender, state, load, buf, position);
	figure.client_us =
		(double)(bench_cpu_ns() - before) / 1000.0 / (double)load->slice;
	figure.total_us = figure.client_us;
	if (server)
		figure.total_us += (double)(bench_cpu_ns_of(server) - server_before) /
				   1000.0 / (double)load->slice;
	return figure;
}

/* The bytes must be right before their speed means anything. */
static void verify(const struct hit_contender *contender, void *state,
		   const struct hit_load *load, char *buf)
{
	size_t entries = distinct_entries(contender, load);
	char *expected = bench_alloc(load->body_bytes);
	size_t i;

	for (i = 0; i < entries; i += 1 + entries / 50) {
		bench_body(i, expected, load->body_bytes);
		if (contender->get(state, i, buf) != load->body_bytes ||
		    memcmp(buf, expected, load->body_bytes) != 0)
			bench_die("%s: entry %zu of %s has wrong bytes", contender->name,
				  i, load->label);
	}
	free(expected);
}

static void report_load(struct bench_report *report, const struct hit_load *load,
			double client[][BENCH_ROUNDS_MAX],
			double total[][BENCH_ROUNDS_MAX], size_t rounds)
{
	double client_us[CONTENDERS];
	double total_us[CONTENDERS];
	size_t i;

	for (i = 0; i < CONTENDERS; i++) {
		client_us[i] = bench_median(client[i], rounds);
		total_us[i] = bench_median(total[i], rounds);
	}
	for (i = 0; i < CONTENDERS; i++) {
		bench_report_add(report, load->label, contenders[i]->name, "client us",
				 client_us[i], 2);
		bench_report_add(report, load->label, contenders[i]->name, "+ server us",
				 total_us[i], 2);
		bench_report_add(report, load->label, contenders[i]->name, "x raw LMDB",
				 total_us[i] / total_us[0], 2);
		bench_report_add(report, load->label, contenders[i]->name, "x larder.h",
				 total_us[i] / total_us[1], 2);
	}
}

static void run_load(struct bench_report *report, const struct hit_load *load,
		     void **states, size_t rounds)
{
	static double client[CONTENDERS][BENCH_ROUNDS_MAX];
	static double total[CONTENDERS][BENCH_ROUNDS_MAX];
	uint64_t position[CONTENDERS] = { 0 };
	char *buf = bench_alloc(load->body_bytes);
	size_t i, round;

	for (i = 0; i < CONTENDERS; i++)
		verify(contenders[i], states[i], load, buf);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < CONTENDERS; i++) {
			struct figure figure = run_slice(contenders[i], states[i], load,
							 buf, &position[i]);

			client[i][round] = figure.client_us;
			total[i][round] = figure.total_us;
		}
	}
	report_load(report, load, client, total, rounds);
	free(buf);
}

/* ---- two processes on two CPUs ---------------------------------------------------------- */

struct scaling {
	const struct hit_contender *contender;
	const struct hit_load *load;
	void *state;
	int first_cpu;
};

struct rate {
	double per_wall_s;
	double per_cpu_s;
};

static void prepare_child(size_t index, void *ctx)
{
	const struct scaling *scaling = ctx;

	bench_pin(scaling->first_cpu + (int)index);
	scaling->contender->child(scaling->state);
}

static void work_child(size_t index, void *ctx, void *result)
{
	const struct scaling *scaling = ctx;
	char *buf = bench_alloc(scaling->load->body_bytes);
	uint64_t position = index + 1;
	uint64_t begun_ns = bench_now_ns();
	uint64_t begun_cpu_ns = bench_cpu_ns();
	struct rate *rate = result;
	double gets = 0;
	size_t i;

	do {
		for (i = 0; i < 100; i++)
			get_one(scaling->contender, scaling->state, scaling->load, buf,
				&position);
		gets += 100;
	} while (bench_now_ns() - begun_ns < SCALING_MS * UINT64_C(1000000));
	rate->per_wall_s = gets * 1e9 / (double)(bench_now_ns() - begun_ns);
	rate->per_cpu_s = gets * 1e9 / (double)(bench_cpu_ns() - begun_cpu_ns);
	free(buf);
}

static struct rate run_crew(const struct hit_contender *contender, void *state,
			    const struct hit_load *load, int first_cpu, size_t count)
{
	struct scaling scaling = { contender, load, state, first_cpu };
	struct bench_crew crew = { .count = count,
				   .prepare = prepare_child,
				   .work = work_child,
				   .ctx = &scaling,
				   .result_bytes = sizeof(struct rate) };
	struct rate rates[2] = { { 0, 0 }, { 0, 0 } };

	bench_crew_run(&crew, rates);
	return (struct rate){ rates[0].per_wall_s + rates[1].per_wall_s,
			      rates[0].per_cpu_s + rates[1].per_cpu_s };
}

static void run_scaling(struct bench_report *report, const struct hit_contender *contender,
			void *state, const struct hit_load *load, size_t rounds)
{
	double one[SCALING_ROUNDS_MAX];
	double two[SCALING_ROUNDS_MAX];
	double wall_ratio[SCALING_ROUNDS_MAX];
	double cpu_ratio[SCALING_ROUNDS_MAX];
	size_t round;

	for (round = 0; round < rounds; round++) {
		struct rate left = run_crew(contender, state, load, 0, 1);
		struct rate right = run_crew(contender, state, load, 1, 1);
		struct rate both = run_crew(contender, state, load, 0, 2);

		one[round] = (left.per_cpu_s + right.per_cpu_s) / 2;
		two[round] = both.per_cpu_s;
		cpu_ratio[round] = both.per_cpu_s / one[round];
		wall_ratio[round] =
			both.per_wall_s * 2 / (left.per_wall_s + right.per_wall_s);
	}
	bench_report_add(report, load->label, contender->name, "one",
			 bench_median(one, rounds), 0);
	bench_report_add(report, load->label, contender->name, "two",
			 bench_median(two, rounds), 0);
	bench_report_add(report, load->label, contender->name, "ratio",
			 bench_median(cpu_ratio, rounds), 2);
	bench_report_add(report, load->label, contender->name, "wall ratio",
			 bench_median(wall_ratio, rounds), 2);
}

int main(int argc, char **argv)
{
	bool quick = bench_flag(&argc, argv, "--quick");
	struct bench_report *report =
		bench_report_new("hit", bench_flag(&argc, argv, "--json"));
	size_t rounds =
		bench_number(&argc, argv, "--rounds", quick ? 3 : 15, BENCH_ROUNDS_MAX);
	const char *folder = lrd_tmpdir_new();
	void *states[sizeof(loads) / sizeof(loads[0])][CONTENDERS];
	size_t l, i;

	bench_no_more_options(argc, argv, "[--quick] [--rounds N] [--json]");
	/* Servers share the CPU: what a wake-up across CPUs costs is not the question. */
	bench_pin(0);
	bench_report_section(report,
			     "CPU microseconds for one hit, body in the caller's buffer");
	for (l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
		for (i = 0; i < CONTENDERS; i++)
			states[l][i] = contenders[i]->open(folder, &loads[l]);
		run_load(report, &loads[l], states[l], rounds);
	}
	bench_report_section(
		report, "hits in a second of CPU time, one process and two together");
	for (i = 0; i < CONTENDERS; i++) {
		if (contenders[i]->child)
			run_scaling(report, contenders[i], states[0][i], &loads[0],
				    rounds < SCALING_ROUNDS_MAX ? rounds
								: SCALING_ROUNDS_MAX);
	}
	bench_report_note(
		report, "wall ratio: by the clock; other work on the machine lowers it");
	for (l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
		for (i = 0; i < CONTENDERS; i++)
			contenders[i]->close(states[l][i]);
	}
	bench_report_free(report);
	return 0;
}
