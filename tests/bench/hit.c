/* SPDX-License-Identifier: MIT */
/* hit.c - what a full cache hit costs beside raw LMDB, memcached and nginx, in one run. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 99, CONTENDERS = 4 };

static const struct bench_load loads[] = {
	{ "1 KiB", 1024, 100000, 20000 },
	{ "10 KiB", 10 * 1024, 10000, 5000 },
	{ "1 MiB", 1024 * 1024, 100, 100 },
};

static const struct bench_contender *const contenders[CONTENDERS] = {
	&bench_lmdb,
	&bench_larder,
	&bench_memcached,
	&bench_curl_nginx,
};

struct figure {
	double client_us;
	double total_us;
};

static size_t distinct_entries(const struct bench_contender *contender,
			       const struct bench_load *load)
{
	size_t most = contender->entries_max;

	return most && most < load->entries ? most : load->entries;
}

/* One slice of gets at positions that jump through all entries, so that caches get no favours. */
static struct figure run_slice(const struct bench_contender *contender, void *state,
			       const struct bench_load *load, char *buf, uint64_t *position)
{
	pid_t server = contender->server ? contender->server(state) : 0;
	uint64_t server_before = server ? bench_cpu_ns_of(server) : 0;
	uint64_t before = bench_cpu_ns();
	size_t entries = distinct_entries(contender, load);
	struct figure figure;
	size_t i;

	for (i = 0; i < load->slice; i++) {
		size_t index;

		*position = *position * 6364136223846793005u + 1442695040888963407u;
		index = (size_t)((*position >> 33) % entries);
		if (contender->get(state, index, buf) != load->body_bytes)
			bench_die("%s: entry %zu of %s is missing or short", contender->name,
				  index, load->label);
	}
	figure.client_us = (double)(bench_cpu_ns() - before) / 1000.0 / (double)load->slice;
	figure.total_us = figure.client_us;
	if (server)
		figure.total_us += (double)(bench_cpu_ns_of(server) - server_before) / 1000.0 /
				   (double)load->slice;
	return figure;
}

/* The bytes must be right before their speed means anything. */
static void verify(const struct bench_contender *contender, void *state,
		   const struct bench_load *load, char *buf)
{
	size_t entries = distinct_entries(contender, load);
	char *expected = malloc(load->body_bytes);
	size_t i;

	if (!expected)
		bench_die("out of memory");
	for (i = 0; i < entries; i += 1 + entries / 50) {
		bench_body(i, expected, load->body_bytes);
		if (contender->get(state, i, buf) != load->body_bytes ||
		    memcmp(buf, expected, load->body_bytes) != 0)
			bench_die("%s: entry %zu of %s has wrong bytes", contender->name, i,
				  load->label);
	}
	free(expected);
}

static void run_load(const char *folder, const struct bench_load *load, size_t rounds)
{
	double client[CONTENDERS][ROUNDS_MAX];
	double total[CONTENDERS][ROUNDS_MAX];
	void *states[CONTENDERS];
	uint64_t position[CONTENDERS] = { 0 };
	char *buf = malloc(load->body_bytes);
	double larder_us = 0;
	double lmdb_us = 0;
	size_t i, round;

	if (!buf)
		bench_die("out of memory");
	for (i = 0; i < CONTENDERS; i++) {
		states[i] = contenders[i]->open(folder, load);
		verify(contenders[i], states[i], load, buf);
	}
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < CONTENDERS; i++) {
			struct figure figure =
				run_slice(contenders[i], states[i], load, buf, &position[i]);

			client[i][round] = figure.client_us;
			total[i][round] = figure.total_us;
		}
	}
	for (i = 0; i < CONTENDERS; i++) {
		double client_us = bench_median(client[i], rounds);
		double total_us = bench_median(total[i], rounds);

		if (contenders[i] == &bench_lmdb)
			lmdb_us = total_us;
		if (contenders[i] == &bench_larder)
			larder_us = total_us;
		printf("%-8s %-28s %12.2f %14.2f", load->label, contenders[i]->name, client_us,
		       total_us);
		if (contenders[i] == &bench_larder)
			printf("   %6.2fx raw LMDB", total_us / lmdb_us);
		else if (larder_us > 0)
			printf("   %6.2fx larder", total_us / larder_us);
		putchar('\n');
	}
	fflush(stdout);
	for (i = 0; i < CONTENDERS; i++)
		contenders[i]->close(states[i]);
	free(buf);
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	char folder[256];
	char command[300];
	size_t rounds = 15;
	size_t i;

	if (argc == 2 && strcmp(argv[1], "--quick") == 0)
		rounds = 3;
	else if (argc != 1) {
		fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
		return 2;
	}
	bench_format(folder, sizeof(folder), "%s/larder-bench-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		bench_die("cannot make a folder in %s", tmp ? tmp : "/tmp");
	printf("CPU microseconds for one hit, body in the caller's buffer, median of %zu "
	       "interleaved rounds\n", rounds);
	printf("%-8s %-28s %12s %14s\n", "body", "contender", "client", "client+server");
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		run_load(folder, &loads[i], rounds);
	bench_format(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) == 0 ? 0 : 1;
}
