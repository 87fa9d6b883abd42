/* SPDX-License-Identifier: MIT */
/* bench_lease.c - what leases, events and counting cost where nobody contends or watches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/event.h"
#include "store/lease.h"
#include "tests/support/tmpdir.h"

enum { ROUNDS = 2000000 };

static double cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void die(const char *what, int rc)
{
	fprintf(stderr, "bench_lease: %s: %d\n", what, rc);
	exit(1);
}

static void run_leases(struct lrd_store *store, const char *name, uint64_t keys)
{
	double start = cpu_ns();

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct lrd_lease lease;
		uint64_t hash = (i % keys + 1) * UINT64_C(0x9e3779b97f4a7c15);
		int rc = lrd_lease_try(store, hash, 1000, &lease);

		if (rc != LRD_LEASE_TAKEN)
			die(name, rc);
		(void)lrd_lease_release(&lease, LRD_LEASE_STORED);
	}
	printf("%-44s %7.1f ns\n", name, (cpu_ns() - start) / ROUNDS);
}

static void run_tries(struct lrd_store *store)
{
	struct lrd_lease lease, other;
	double start;

	if (lrd_lease_try(store, 1, LRD_LEASE_MAX_MS, &lease) != LRD_LEASE_TAKEN)
		die("try", 0);
	start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++) {
		if (lrd_lease_try(store, 1, 1000, &other) != LRD_LEASE_HELD)
			die("held", 0);
	}
	printf("%-44s %7.1f ns\n", "try what this process holds",
	       (cpu_ns() - start) / ROUNDS);
	(void)lrd_lease_release(&lease, LRD_LEASE_STORED);
}

static void run_events(struct lrd_store *store, const char *name, enum lrd_event_type type)
{
	larder_slice key = {
		"https://www.example.org/some/path/to/a/resource/1/index.html", 60
	};
	double start = cpu_ns();

	for (uint64_t i = 0; i < ROUNDS; i++)
		lrd_event_add(store, type, i, key, i);
	printf("%-44s %7.1f ns\n", name, (cpu_ns() - start) / ROUNDS);
}

int main(void)
{
	struct lrd_store_options options = { .budget_bytes = 64 << 20 };
	struct lrd_event_watch watch;
	struct lrd_event event;
	struct lrd_store *store;
	double start;
	size_t seen = 0;
	int rc;

	(void)setenv("TMPDIR", "/dev/shm", 0);
	rc = lrd_store_open(lrd_tmpdir_new(), &options, &store, NULL);
	if (rc < 0)
		die("open", rc);
	for (int round = 0; round < 3; round++) {
		run_leases(store, "take and release, one key", 1);
		run_leases(store, "take and release, 1000 keys", 1000);
		run_tries(store);
		run_events(store, "hit that nobody watches", LRD_EVENT_HIT);
		run_events(store, "stored", LRD_EVENT_STORED);
	}
	start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++)
		lrd_store_count(store, LRD_COUNT_HIT, 1);
	printf("%-44s %7.1f ns\n", "counting", (cpu_ns() - start) / ROUNDS);
	rc = lrd_event_watch_begin(store, LRD_WATCH_OLDEST | LRD_WATCH_HITS, &watch);
	if (rc < 0)
		die("watch", rc);
	run_events(store, "hit that somebody watches", LRD_EVENT_HIT);
	start = cpu_ns();
	while (lrd_event_next(&watch, &event) > 0)
		seen++;
	printf("%-44s %7.1f ns\n", "reading an event",
	       (cpu_ns() - start) / (double)(seen ? seen : 1));
	printf("%zu read, %llu lost\n", seen, (unsigned long long)watch.lost);
	lrd_event_watch_end(&watch);
	lrd_store_close(store);
	return 0;
}
