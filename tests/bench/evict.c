/* SPDX-License-Identifier: MIT */
/*
 * evict.c - hit ratios of the real store under eviction, beside LRU and Belady on paper.
 *
 * usage: evict [--objects N] [--requests N] [--trace FILE] [--dir DIR] [--full] [--json]
 * Each miss is stored, each hit read, in a store whose budget holds about 1 % and 10 % of all
 * objects. What the store really holds is counted as it goes; LRU and Belady get as many bytes.
 */
#include "bench.h"
#include "policies.h"
#include "report.h"
#include "shelf.h"
#include "tests/support/tmpdir.h"
#include "workload.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ANY_KIND = 1,
	OBJECT_BYTES =
		3000, /* with its head a page of its own: no half-filled leaves blur it */
	RECORD_BYTES = 250, /* about what an entry takes beside its body */
	PAGE_BYTES = 4096,
	SAMPLES = 10,
	WALK_STEP = 512
};

struct replay {
	struct lrd_store *store;
	const struct workload *workload;
	int64_t now;
	char *body;
	size_t hits;
	size_t refused;    /* puts that the store did not take */
	double live_bytes; /* mean over the samples */
	double live_entries;
	double us_per_request;
};

struct sum {
	uint64_t bytes;
	uint64_t entries;
};

static int add_record(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct sum *sum = ctx;

	(void)read;
	sum->bytes += record->body_len;
	sum->entries++;
	return 0;
}

static void sample(struct replay *replay)
{
	struct sum sum = { 0, 0 };
	uint64_t cursor = 0;
	int rc;

	do {
		rc = lrd_store_walk(replay->store, &cursor, WALK_STEP, replay->now,
				    add_record, &sum);
	} while (rc == 1);
	if (rc < 0)
		bench_die("store: walk: %s", larder_strerror(rc));
	replay->live_bytes += (double)sum.bytes / SAMPLES;
	replay->live_entries += (double)sum.entries / SAMPLES;
}

static bool try_get(struct replay *replay, const struct lrd_key *key)
{
	struct lrd_record record;
	struct lrd_read read;
	int rc = lrd_read_begin(replay->store, &read);

	if (rc < 0)
		bench_die("store: read: %s", larder_strerror(rc));
	rc = lrd_read_get(&read, key, replay->now, &record);
	lrd_read_end(&read);
	return rc == 0;
}

static bool try_put(struct replay *replay, const struct lrd_key *key, size_t len)
{
	struct lrd_put put = { .key = *key, .kind = ANY_KIND, .stored_at = replay->now };
	struct lrd_write *write = NULL;

	if (lrd_write_begin(replay->store, &write) < 0)
		return false;
	if (lrd_write_put(write, &put, (larder_slice){ replay->body, len }, NULL) < 0) {
		lrd_write_abort(write);
		return false;
	}
	return lrd_write_commit(write) == 0;
}

static void run_requests(struct replay *replay)
{
	const struct workload *workload = replay->workload;
	size_t half = workload->request_count / 2;
	size_t every = (workload->request_count - half) / SAMPLES;
	uint64_t cpu_ns = bench_cpu_ns();
	size_t i;

	for (i = 0; i < workload->request_count; i++) {
		uint32_t object = workload->requests[i];
		char name[SHELF_KEY_MAX];
		larder_slice slice = { name, shelf_key(object, name) };
		struct lrd_key key;

		if (lrd_key_init(replay->store, (larder_slice){ "", 0 }, slice, &key) < 0)
			bench_die("store: key");
		if (try_get(replay, &key))
			replay->hits++;
		else if (!try_put(replay, &key, workload->sizes[object]))
			replay->refused++;
		/* The first half fills the store; from then on it is as full as it gets. */
		if (i >= half && every && (i - half) % every == every - 1 &&
		    (i - half) / every < SAMPLES)
			sample(replay);
	}
	replay->us_per_request = (double)(bench_cpu_ns() - cpu_ns) / 1000.0 /
				 (double)workload->request_count;
}

/* About what the store's pages hold of one object. */
static uint64_t cost_of(uint64_t size)
{
	uint64_t whole = size + RECORD_BYTES;

	if (whole <= PAGE_BYTES / 2)
		return whole;
	return (whole + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES + RECORD_BYTES;
}

static void run_capacity(struct bench_report *report, const struct workload *workload,
			 const char *folder, double share)
{
	struct lrd_store_options options = { .budget_bytes = 0 };
	struct replay replay = { .workload = workload, .now = (int64_t)time(NULL) };
	char path[BENCH_PATH_MAX], row[64];
	double total = 0, ratio, lru, belady;
	uint32_t largest = 1;
	larder_error err;
	size_t k;

	for (k = 0; k < workload->object_count; k++) {
		total += (double)cost_of(workload->sizes[k]);
		if (workload->sizes[k] > largest)
			largest = workload->sizes[k];
	}
	options.budget_bytes = (uint64_t)(total * share);
	bench_format(path, sizeof(path), "%s/evict", folder);
	if (lrd_store_open(path, &options, &replay.store, &err) < 0)
		bench_die("store: %s", err.message);
	replay.body = bench_alloc(largest);
	bench_body(1, replay.body, largest);
	run_requests(&replay);
	lrd_store_close(replay.store);
	lrd_tmpdir_remove(path);
	free(replay.body);

	ratio = 100.0 * (double)replay.hits / (double)workload->request_count;
	lru = 100.0 * policy_lru(workload, (uint64_t)replay.live_bytes);
	belady = 100.0 * policy_belady(workload, (uint64_t)replay.live_bytes);
	bench_format(row, sizeof(row), "%s, %.0f %%", workload->name, share * 100);
	bench_report_add(report, row, "larder store", "hits %", ratio, 2);
	bench_report_add(report, row, "larder store", "LRU %", lru, 2);
	bench_report_add(report, row, "larder store", "over LRU", ratio - lru, 2);
	bench_report_add(report, row, "larder store", "Belady %", belady, 2);
	bench_report_add(report, row, "larder store", "entries", replay.live_entries, 0);
	bench_report_add(report, row, "larder store", "not stored",
			 (double)replay.refused, 0);
	bench_report_add(report, row, "larder store", "us/request", replay.us_per_request,
			 2);
}

static void run_workload(struct bench_report *report, struct workload *workload,
			 const char *folder)
{
	run_capacity(report, workload, folder, 0.01);
	run_capacity(report, workload, folder, 0.10);
	workload_release(workload);
}

int main(int argc, char **argv)
{
	bool full = bench_flag(&argc, argv, "--full");
	const char *trace = bench_option(&argc, argv, "--trace");
	const char *dir = bench_option(&argc, argv, "--dir");
	size_t objects = bench_number(&argc, argv, "--objects", full ? 1000000 : 100000,
				      100000000);
	size_t requests = bench_number(&argc, argv, "--requests", full ? 8000000 : 500000,
				       1000000000);
	struct bench_report *report =
		bench_report_new("evict", bench_flag(&argc, argv, "--json"));
	struct workload workload;
	const char *folder;
	char title[128];

	bench_no_more_options(
		argc, argv,
		"[--objects N] [--requests N] [--trace FILE] [--dir DIR] [--full] "
		"[--json]");
	if (objects < 100)
		bench_die("--objects: at least 100");
	if (dir || (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0))
		setenv("TMPDIR", dir ? dir : "/dev/shm", 1);
	folder = lrd_tmpdir_new();
	if (trace) {
		workload_read(&workload, trace);
		bench_format(title, sizeof(title),
			     "hit ratios: %zu requests for %zu objects",
			     workload.request_count, workload.object_count);
		bench_report_section(report, title);
		run_workload(report, &workload, folder);
	} else {
		bench_format(title, sizeof(title),
			     "hit ratios: %zu requests for %zu objects", requests,
			     objects);
		bench_report_section(report, title);
		workload_zipf(&workload, 0.9, objects, requests, OBJECT_BYTES);
		run_workload(report, &workload, folder);
		workload_zipf(&workload, 1.0, objects, requests, OBJECT_BYTES);
		run_workload(report, &workload, folder);
		workload_scan(&workload, objects, requests, OBJECT_BYTES);
		run_workload(report, &workload, folder);
	}
	bench_report_free(report);
	return 0;
}
