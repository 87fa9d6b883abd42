/* SPDX-License-Identifier: MIT */
/*
 * store.c - gets, puts and deletes of the raw store beside LMDB, SQLite, files and memcached.
 *
 * usage: store [--quick] [--rounds N] [--dir DIR] [--only PART] [--full] [--json] [--svg DIR]
 * Parts: "cost" (CPU time for each operation by size), "together" (two readers; a reader beside
 * a writer), "churn" (a full store under puts of mixed sizes). --full: churn for ten minutes in
 * 8 GiB in place of ten seconds in 512 MiB. DIR: where the stores lie; $TMPDIR, else /dev/shm,
 * so that the speed of a disk is no part of it.
 */
#include "bench.h"
#include "churn.h"
#include "crew.h"
#include "report.h"
#include "shelf.h"
#include "svg.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BATCH = 64,
	BATCH_VALUE_MAX = 4096,
	TOGETHER_MS = 150,
	TOGETHER_ROUNDS = 3,
	WARM_ROUNDS = 4
};

static const struct shelf_load loads[] = {
	{ "100 B", 100, 100000, 10000, 1024 },  { "1 KiB", 1 << 10, 50000, 10000, 1024 },
	{ "4 KiB", 4 << 10, 20000, 5000, 512 }, { "64 KiB", 64 << 10, 2000, 500, 64 },
	{ "1 MiB", 1 << 20, 100, 40, 8 },
};
enum { LOADS = sizeof(loads) / sizeof(loads[0]) };

/* Few enough that all are warm, whatever a store does on the first hits of an entry. */
static const struct shelf_load together_load = { "1 KiB", 1 << 10, 10000, 0, 0 };

static const struct shelf_contender *const contenders[] = {
	&shelf_larder,    &shelf_public, &shelf_lmdb, &shelf_table, &shelf_files,
#ifdef LARDER_BENCH_SQLITE
	&shelf_sqlite,
#endif
#ifdef LARDER_BENCH_MEMCACHED
	&shelf_memcached,
#endif
};
enum { CONTENDERS = sizeof(contenders) / sizeof(contenders[0]) };

/* One contender filled for one load. */
struct shelf {
	const struct shelf_contender *contender;
	const struct shelf_load *load;
	void *state;
	char *value;
	size_t entries;
	uint64_t position;
};

/* ---- what one operation costs ----------------------------------------------------------- */

enum operation { GET, PUT, PUT_BATCH, REMOVE, OPERATIONS };

static const char *const operation_names[OPERATIONS] = { "get us", "put us", "put/64 us",
							 "delete us" };

static void open_shelf(struct shelf *shelf, const struct shelf_contender *contender,
		       const struct shelf_load *load, const char *folder)
{
	size_t step = contender->batches ? BATCH : 1;
	size_t i;

	shelf->contender = contender;
	shelf->load = load;
	shelf->position = 1;
	shelf->entries = load->entries;
	if (contender->entries_max && contender->entries_max < load->entries)
		shelf->entries = contender->entries_max;
	shelf->value = bench_alloc(load->value_bytes);
	bench_body(1, shelf->value, load->value_bytes);
	shelf->state = contender->open(folder, load);
	for (i = 0; i < shelf->entries; i += step)
		contender->put(shelf->state, i,
			       step < shelf->entries - i ? step : shelf->entries - i,
			       shelf->value, load->value_bytes);
}

static void close_shelf(struct shelf *shelf)
{
	shelf->contender->close(shelf->state);
	free(shelf->value);
}

/* A place from which `count` entries follow. */
static size_t draw_place(struct shelf *shelf, size_t count)
{
	return (size_t)(bench_draw(&shelf->position) % (shelf->entries - count + 1));
}

static void get_one(struct shelf *shelf, char *buf)
{
	size_t index = draw_place(shelf, 1);

	if (shelf->contender->get(shelf->state, index, buf) != shelf->load->value_bytes)
		bench_die("%s: entry %zu of %s is missing or short",
			  shelf->contender->name, index, shelf->load->label);
}

static void put_some(struct shelf *shelf, size_t total, size_t count)
{
	size_t i;

	for (i = 0; i < total; i += count)
		shelf->contender->put(shelf->state, draw_place(shelf, count), count,
				      shelf->value, shelf->load->value_bytes);
}

static uint64_t cpu_of(const struct shelf *shelf)
{
	uint64_t ns = bench_cpu_ns();

	if (shelf->contender->server)
		ns += bench_cpu_ns_of(shelf->contender->server(shelf->state));
	return ns;
}

static bool can(const struct shelf *shelf, enum operation operation)
{
	return operation != PUT_BATCH ||
	       (shelf->contender->batches && shelf->load->value_bytes <= BATCH_VALUE_MAX);
}

/* One slice; CPU microseconds for each operation. */
static double run_slice(struct shelf *shelf, enum operation operation, char *buf)
{
	size_t count = operation == GET ? shelf->load->gets : shelf->load->puts;
	uint64_t before, after;
	size_t first, i;

	if (count > shelf->entries)
		count = shelf->entries;
	first = draw_place(shelf, count);
	before = cpu_of(shelf);
	switch (operation) {
	case GET:
		for (i = 0; i < count; i++)
			get_one(shelf, buf);
		break;
	case PUT:
		put_some(shelf, count, 1);
		break;
	case PUT_BATCH:
		put_some(shelf, count, BATCH);
		break;
	default:
		for (i = 0; i < count; i++)
			shelf->contender->remove(shelf->state, first + i);
		break;
	}
	after = cpu_of(shelf);
	for (i = 0; operation == REMOVE && i < count; i++)
		shelf->contender->put(shelf->state, first + i, 1, shelf->value,
				      shelf->load->value_bytes);
	return (double)(after - before) / 1000.0 / (double)count;
}

static void verify(struct shelf *shelf, char *buf)
{
	size_t i;

	for (i = 0; i < 20; i++) {
		memset(buf, 0, shelf->load->value_bytes);
		get_one(shelf, buf);
		if (memcmp(buf, shelf->value, shelf->load->value_bytes) != 0)
			bench_die("%s: wrong bytes", shelf->contender->name);
	}
}

static void run_cost(struct bench_report *report, const struct shelf_load *load,
		     const char *folder, size_t rounds,
		     struct svg_series plots[OPERATIONS][CONTENDERS])
{
	static double us[CONTENDERS][OPERATIONS][BENCH_ROUNDS_MAX];
	struct shelf shelves[CONTENDERS];
	char *buf = bench_alloc(load->value_bytes);
	size_t round, c;
	int o;

	for (c = 0; c < CONTENDERS; c++) {
		open_shelf(&shelves[c], contenders[c], load, folder);
		verify(&shelves[c], buf);
	}
	for (round = 0; round < rounds; round++) {
		for (o = 0; o < OPERATIONS; o++) {
			for (c = 0; c < CONTENDERS; c++) {
				if (can(&shelves[c], (enum operation)o))
					us[c][o][round] = run_slice(
						&shelves[c], (enum operation)o, buf);
			}
		}
	}
	for (c = 0; c < CONTENDERS; c++) {
		for (o = 0; o < OPERATIONS; o++) {
			double median;

			if (!can(&shelves[c], (enum operation)o))
				continue;
			median = bench_median(us[c][o], rounds);
			bench_report_add(report, load->label, contenders[c]->name,
					 operation_names[o], median, 2);
			plots[o][c].name = contenders[c]->name;
			svg_point(&plots[o][c], (double)load->value_bytes, median);
		}
		close_shelf(&shelves[c]);
	}
	free(buf);
}

/* ---- processes together ----------------------------------------------------------------- */

struct together {
	struct shelf *shelf;
	bool writer; /* whether the second process puts */
	int first_cpu;
};

struct rate {
	double per_wall_s;
	double per_cpu_s;
};

static void prepare(size_t index, void *ctx)
{
	const struct together *together = ctx;

	bench_pin(together->first_cpu + (int)index);
	together->shelf->contender->child(together->shelf->state);
	together->shelf->position = index + 1;
}

static void work(size_t index, void *ctx, void *result)
{
	const struct together *together = ctx;
	struct shelf *shelf = together->shelf;
	char *buf = bench_alloc(shelf->load->value_bytes);
	uint64_t begun_ns = bench_now_ns();
	uint64_t begun_cpu_ns = bench_cpu_ns();
	struct rate *rate = result;
	double done = 0;
	int i;

	do {
		for (i = 0; i < 32; i++) {
			if (together->writer && index == 1)
				put_some(shelf, 1, 1);
			else
				get_one(shelf, buf);
		}
		done += 32;
	} while (bench_now_ns() - begun_ns < TOGETHER_MS * UINT64_C(1000000));
	rate->per_wall_s = done * 1e9 / (double)(bench_now_ns() - begun_ns);
	rate->per_cpu_s = done * 1e9 / (double)(bench_cpu_ns() - begun_cpu_ns);
	free(buf);
}

static void run_crew(struct shelf *shelf, bool writer, int first_cpu, size_t count,
		     struct rate rates[2])
{
	struct together together = { shelf, writer, first_cpu };
	struct bench_crew crew = { .count = count,
				   .prepare = prepare,
				   .work = work,
				   .ctx = &together,
				   .result_bytes = sizeof(struct rate) };

	rates[1] = (struct rate){ 0, 0 };
	bench_crew_run(&crew, rates);
}

static void run_together(struct bench_report *report, struct shelf *shelf)
{
	double one[TOGETHER_ROUNDS], ratio[TOGETHER_ROUNDS], beside[TOGETHER_ROUNDS];
	double puts[TOGETHER_ROUNDS];
	const char *name = shelf->contender->name;
	const char *label = shelf->load->label;
	struct rate left[2], right[2], both[2];
	size_t round;

	for (round = 0; round < TOGETHER_ROUNDS; round++) {
		run_crew(shelf, false, 0, 1, left);
		run_crew(shelf, false, 1, 1, right);
		one[round] = (left[0].per_cpu_s + right[0].per_cpu_s) / 2;
		run_crew(shelf, false, 0, 2, both);
		ratio[round] = (both[0].per_cpu_s + both[1].per_cpu_s) / one[round];
		run_crew(shelf, true, 0, 2, both);
		beside[round] = 1e6 / both[0].per_cpu_s;
		puts[round] = both[1].per_cpu_s;
	}
	bench_report_add(report, label, name, "get us",
			 1e6 / bench_median(one, TOGETHER_ROUNDS), 2);
	bench_report_add(report, label, name, "two readers x",
			 bench_median(ratio, TOGETHER_ROUNDS), 2);
	bench_report_add(report, label, name, "get us beside writer",
			 bench_median(beside, TOGETHER_ROUNDS), 2);
	bench_report_add(report, label, name, "puts/s of it",
			 bench_median(puts, TOGETHER_ROUNDS), 0);
}

static void run_all_together(struct bench_report *report, const char *folder)
{
	char *buf = bench_alloc(together_load.value_bytes);
	size_t c, i;

	for (c = 0; c < CONTENDERS; c++) {
		struct shelf shelf;

		/* A server's CPU is not in a client's: its figures would mislead here. */
		if (!contenders[c]->child || contenders[c]->server)
			continue;
		open_shelf(&shelf, contenders[c], &together_load, folder);
		for (i = 0; i < shelf.entries * WARM_ROUNDS; i++)
			contenders[c]->get(shelf.state, i % shelf.entries, buf);
		run_together(report, &shelf);
		close_shelf(&shelf);
	}
	free(buf);
}

/* ---- churn ------------------------------------------------------------------------------ */

static void report_churn(struct bench_report *report, const char *row, const char *name,
			 const struct churn_plan *plan, const struct churn_result *result,
			 struct svg_series *plot)
{
	double slice_s = (double)plan->seconds / (double)plan->slices;
	size_t slice;

	bench_report_add(report, row, name, "first puts/s", result->puts_per_s[0], 0);
	bench_report_add(report, row, name, "last puts/s",
			 result->puts_per_s[plan->slices - 1], 0);
	bench_report_add(report, row, name, "MB/s", result->mbytes_per_s, 0);
	bench_report_add(report, row, name, "p50 us", result->p50_us, 1);
	bench_report_add(report, row, name, "p99 us", result->p99_us, 1);
	bench_report_add(report, row, name, "p99.9 us", result->p999_us, 1);
	bench_report_add(report, row, name, "max us", result->max_us, 0);
	bench_report_add(report, row, name, "no room", (double)result->full, 0);
	plot->name = name;
	for (slice = 0; slice < plan->slices; slice++)
		svg_point(plot, ((double)slice + 1) * slice_s, result->puts_per_s[slice]);
}

/* What the table's first and last columns leave out. */
static void report_slices(struct bench_report *report, const char *row, const char *name,
			  const struct churn_plan *plan, const struct churn_result *result)
{
	double slice_s = (double)plan->seconds / (double)plan->slices;
	char label[32];
	size_t slice;

	for (slice = 0; slice < plan->slices; slice++) {
		bench_format(label, sizeof(label), "%s, %3.0f s", row,
			     ((double)slice + 1) * slice_s);
		bench_report_add(report, label, name, "puts/s", result->puts_per_s[slice],
				 0);
	}
}

static void run_churn(struct bench_report *report, const char *folder, bool full,
		      bool quick, struct svg_series plots[3])
{
	static const struct {
		const char *row;
		const struct churn_contender *contender;
		double share;
		const char *plot;
	} runs[3] = {
		{ "95 % live", &churn_larder, 0.95, "larder, 95 % live" },
		{ "95 % live", &churn_lmdb, 0.95, "raw LMDB, 95 % live" },
		{ "evicting", &churn_larder, 1, "larder, evicting" },
	};
	struct churn_plan plan = { .budget = UINT64_C(512) << 20,
				   .seconds = quick ? 3 : 10,
				   .slices = 5 };
	struct churn_result results[3];
	char place[BENCH_PATH_MAX];
	size_t i;

	if (full)
		plan = (struct churn_plan){ UINT64_C(8) << 30, 600, CHURN_SLICES, 0 };
	for (i = 0; i < 3; i++) {
		bench_format(place, sizeof(place), "%s/churn-%zu", folder, i);
		mkdir(place, 0700);
		plan.live_share = runs[i].share;
		churn_run(runs[i].contender, place, &plan, &results[i]);
		report_churn(report, runs[i].row, runs[i].contender->name, &plan,
			     &results[i], &plots[i]);
		plots[i].name = runs[i].plot;
		lrd_tmpdir_remove(place);
	}
	bench_report_section(report, "churn over time");
	for (i = 0; i < 3; i++)
		report_slices(report, runs[i].row, runs[i].contender->name, &plan,
			      &results[i]);
}

/* ---- all of it -------------------------------------------------------------------------- */

static void write_plots(const char *svg_dir,
			struct svg_series cost[OPERATIONS][CONTENDERS],
			const struct svg_series churn[3])
{
	static const char *const files[OPERATIONS] = { "get", "put", "put-batch",
						       "delete" };
	static const char *const titles[OPERATIONS] = { "One get",
							"One put in a transaction",
							"One of 64 puts in a transaction",
							"One delete" };
	char path[BENCH_PATH_MAX];
	int o;

	mkdir(svg_dir, 0755);
	for (o = 0; o < OPERATIONS; o++) {
		struct svg_chart chart = { .title = titles[o],
					   .x_label = "bytes of the value",
					   .y_label = "CPU microseconds",
					   .log_x = true,
					   .log_y = true };

		bench_format(path, sizeof(path), "%s/store-%s.svg", svg_dir, files[o]);
		svg_write(path, &chart, cost[o], CONTENDERS);
	}
	bench_format(path, sizeof(path), "%s/store-churn.svg", svg_dir);
	svg_write(path,
		  &(struct svg_chart){ .title = "Puts of mixed sizes into a full store",
				       .x_label = "seconds",
				       .y_label = "puts a second" },
		  churn, 3);
}

int main(int argc, char **argv)
{
	static struct svg_series cost_plots[OPERATIONS][CONTENDERS];
	static struct svg_series churn_plots[3];
	bool quick = bench_flag(&argc, argv, "--quick");
	bool full = bench_flag(&argc, argv, "--full");
	const char *only = bench_option(&argc, argv, "--only");
	const char *svg_dir = bench_option(&argc, argv, "--svg");
	const char *dir = bench_option(&argc, argv, "--dir");
	size_t rounds =
		bench_number(&argc, argv, "--rounds", quick ? 3 : 5, BENCH_ROUNDS_MAX);
	struct bench_report *report =
		bench_report_new("store", bench_flag(&argc, argv, "--json"));
	const char *folder;
	char place[BENCH_PATH_MAX];
	size_t l;

	bench_no_more_options(
		argc, argv,
		"[--quick] [--rounds N] [--dir DIR] [--only cost|together|churn] "
		"[--full] [--json] [--svg DIR]");
	if (dir || (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0))
		setenv("TMPDIR", dir ? dir : "/dev/shm", 1);
	folder = lrd_tmpdir_new();
	/* Servers share the CPU: what a wake-up across CPUs costs is not the question. */
	bench_pin(0);
	if (!only || strcmp(only, "cost") == 0) {
		bench_report_section(
			report, "CPU microseconds for one operation, client and server");
		for (l = 0; l < LOADS; l++) {
			bench_format(place, sizeof(place), "%s/%zu", folder, l);
			mkdir(place, 0700);
			run_cost(report, &loads[l], place, rounds, cost_plots);
			lrd_tmpdir_remove(place);
		}
		bench_report_note(report, "a file for each entry: at most %zu of them",
				  shelf_files.entries_max);
	}
	if (!only || strcmp(only, "together") == 0) {
		bench_report_section(report,
				     "two processes on two CPUs: CPU time for each get");
		run_all_together(report, folder);
	}
	if (!only || strcmp(only, "churn") == 0) {
		bench_report_section(report, full ? "churn: 8 GiB, 600 s a run"
						  : "churn: 512 MiB, 10 s a run");
		run_churn(report, folder, full, quick, churn_plots);
	}
	if (svg_dir)
		write_plots(svg_dir, cost_plots, churn_plots);
	bench_report_free(report);
	return 0;
}
