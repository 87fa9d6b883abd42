/* SPDX-License-Identifier: MIT */
/* cmd_stat.c - larder stat: how full the store is and what has been done with it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/text.h"

enum { OPT_WATCH = LRD_OPTION_LONG, OPT_COUNT };

static const struct lrd_cli_option options[] = {
	{ '1', "lines", NULL, "one value a line: name, number, meaning" },
	{ OPT_WATCH, "watch", "TIME", "one line of rates at this interval: 1, 0.5, 1m" },
	{ OPT_COUNT, "count", "N", "with --watch: stop after N lines" },
	{ 0, NULL, NULL, NULL },
};

struct stat_options {
	uint32_t watch_ms;
	uint64_t count;
	bool lines;
};

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct stat_options *stat = ctx;

	switch (id) {
	case '1':
		stat->lines = true;
		return 0;
	case OPT_WATCH:
		/* Faster than this and the looking on would show in what is looked at. */
		if (lrd_cli_text_parse_ms(arg, &stat->watch_ms) < 0 ||
		    stat->watch_ms < 100)
			return lrd_cli_message_usage(
				cli, "--watch '%s': a time of at least 0.1", arg);
		return 0;
	default:
		if (lrd_cli_text_parse_number(arg, &stat->count) < 0 || stat->count == 0)
			return lrd_cli_message_usage(cli, "--count '%s': no number", arg);
		return 0;
	}
}

/* Percent of lookups that were answered without waiting for an origin; -1 before the first. */
static double hit_percent(const uint64_t counters[LRD_COUNT_END])
{
	uint64_t local = counters[LRD_COUNT_HIT] + counters[LRD_COUNT_STALE];
	uint64_t all = local + counters[LRD_COUNT_REVALIDATED] + counters[LRD_COUNT_MISS];

	return all == 0 ? -1 : 100.0 * (double)local / (double)all;
}

static double used_percent(const struct lrd_store_stat *stat)
{
	return stat->budget_bytes == 0
		       ? 0
		       : 100.0 * (double)stat->used_bytes / (double)stat->budget_bytes;
}

static void print_screen(const char *path, const struct lrd_store_stat *stat)
{
	char a[LRD_TEXT_SIZE];
	char b[LRD_TEXT_SIZE];
	double percent = hit_percent(stat->counters);

	printf("store       ");
	lrd_cli_text_print(stdout, lrd_slice_cstr(path));
	printf("\ncreated     %s, format %" PRIu32 ", generation %" PRIu64 "\n",
	       lrd_cli_text_time(stat->created_at, a), stat->format, stat->generation);
	printf("used        %s of %s (%.1f %%)\n", lrd_cli_text_size(stat->used_bytes, a),
	       lrd_cli_text_size(stat->budget_bytes, b), used_percent(stat));
	printf("file        %s, mapped %s\n", lrd_cli_text_size(stat->file_bytes, a),
	       lrd_cli_text_size(stat->map_bytes, b));
	printf("entries     %" PRIu64 ", tree %" PRIu32 " deep\n", stat->entries,
	       stat->tree_depth);
	printf("garbage     %" PRIu64 " bodies to free\n", stat->garbage_bodies);
	printf("processes   %" PRIu32 ", this one included\n", stat->processes);
	printf("readers     %" PRIu32 " of %" PRIu32 "\n", stat->readers_used,
	       stat->readers_max);
	if (percent >= 0)
		printf("hit ratio   %.1f %%\n", percent);
	else
		printf("hit ratio   -\n");
	printf("\n");
	for (int i = 0; i < LRD_COUNT_END; i++)
		printf("%-16s %12" PRIu64 "  %s\n", lrd_counter_name((enum lrd_counter)i),
		       stat->counters[i], lrd_counter_help((enum lrd_counter)i));
}

static void print_lines(const struct lrd_store_stat *stat)
{
	const struct {
		const char *name;
		uint64_t value;
		const char *help;
	} rows[] = {
		{ "budget_bytes", stat->budget_bytes, "what live data may take" },
		{ "used_bytes", stat->used_bytes, "what live data takes" },
		{ "file_bytes", stat->file_bytes, "what the data file takes on disk" },
		{ "map_bytes", stat->map_bytes, "size of the mapping" },
		{ "entries", stat->entries, "entries stored" },
		{ "garbage_bodies", stat->garbage_bodies, "bodies waiting to be freed" },
		{ "generation", stat->generation, "grows when the store is rebuilt" },
		{ "damaged_at", (uint64_t)stat->damaged_at,
		  "when a damaged entry was found last, unix seconds; 0: never" },
		{ "rebuilt_at", (uint64_t)stat->rebuilt_at,
		  "when it was emptied for damage or distrust; 0: never" },
		{ "readers_used", stat->readers_used, "reader slots taken" },
		{ "readers_max", stat->readers_max, "reader slots there are" },
		{ "processes", stat->processes, "processes alive, this one included" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%-18s %12" PRIu64 "  %s\n", rows[i].name, rows[i].value,
		       rows[i].help);
	for (int i = 0; i < LRD_COUNT_END; i++)
		printf("%-18s %12" PRIu64 "  %s\n", lrd_counter_name((enum lrd_counter)i),
		       stat->counters[i], lrd_counter_help((enum lrd_counter)i));
}

static json_t *json_counters(const struct lrd_store_stat *stat)
{
	json_t *counters = json_object();

	for (int i = 0; i < LRD_COUNT_END; i++)
		json_object_set_new(counters, lrd_counter_name((enum lrd_counter)i),
				    json_integer((json_int_t)stat->counters[i]));
	return counters;
}

static int print_json(const char *path, const struct lrd_store_stat *stat)
{
	double percent = hit_percent(stat->counters);

	return lrd_cli_json_print(json_pack(
		"{s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, "
		"s:I, s:I, s:o, s:o}",
		"store", lrd_cli_json_text(lrd_slice_cstr(path)), "format",
		(int)stat->format, "created_at", (json_int_t)stat->created_at,
		"generation", (json_int_t)stat->generation, "budget_bytes",
		(json_int_t)stat->budget_bytes, "used_bytes", (json_int_t)stat->used_bytes,
		"file_bytes", (json_int_t)stat->file_bytes, "map_bytes",
		(json_int_t)stat->map_bytes, "entries", (json_int_t)stat->entries,
		"garbage_bodies", (json_int_t)stat->garbage_bodies, "tree_depth",
		(int)stat->tree_depth, "readers_used", (int)stat->readers_used,
		"readers_max", (int)stat->readers_max, "processes", (int)stat->processes,
		"damaged_at", (json_int_t)stat->damaged_at, "rebuilt_at",
		(json_int_t)stat->rebuilt_at, "hit_ratio", percent < 0 ? json_null() : json_real(percent / 100),
		"counters", json_counters(stat)));
}

/* One line of what was done since the line before, each as a rate per second. */
static void print_rates(const struct lrd_store_stat *now,
			const struct lrd_store_stat *then, double seconds, uint64_t line)
{
	static const struct {
		const char *name;
		enum lrd_counter counter;
	} columns[] = {
		{ "hits/s", LRD_COUNT_HIT },
		{ "stale/s", LRD_COUNT_STALE },
		{ "revalid/s", LRD_COUNT_REVALIDATED },
		{ "misses/s", LRD_COUNT_MISS },
		{ "origin/s", LRD_COUNT_ORIGIN },
		{ "stored/s", LRD_COUNT_STORED },
		{ "evicted/s", LRD_COUNT_EVICTED },
	};
	enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), LINES_A_HEAD = 20 };
	uint64_t since[LRD_COUNT_END];
	char used[LRD_TEXT_SIZE];
	double percent;

	/* A store made anew meanwhile counts from zero. */
	for (int i = 0; i < LRD_COUNT_END; i++)
		since[i] = now->counters[i] < then->counters[i]
				   ? 0
				   : now->counters[i] - then->counters[i];
	if (line % LINES_A_HEAD == 0) {
		for (size_t i = 0; i < COLUMNS; i++)
			printf("%10s ", columns[i].name);
		printf("%6s %10s %10s %6s\n", "hit%", "entries", "used", "procs");
	}
	for (size_t i = 0; i < COLUMNS; i++)
		printf("%10.1f ", (double)since[columns[i].counter] / seconds);
	percent = hit_percent(since);
	if (percent < 0)
		printf("%6s ", "-");
	else
		printf("%6.1f ", percent);
	printf("%10" PRIu64 " %10s %6" PRIu32 "\n", now->entries,
	       lrd_cli_text_size(now->used_bytes, used), now->processes);
	fflush(stdout);
}

static int watch(struct lrd_cli *cli, struct lrd_store *store,
		 const struct stat_options *options_given)
{
	const struct timespec interval = {
		.tv_sec = options_given->watch_ms / 1000,
		.tv_nsec = (long)(options_given->watch_ms % 1000) * 1000000,
	};
	struct lrd_store_stat then;
	struct lrd_store_stat now;
	int rc = lrd_store_stat(store, &then);

	for (uint64_t line = 0; rc == 0 && !ferror(stdout); line++) {
		if (options_given->count != 0 && line == options_given->count)
			break;
		nanosleep(&interval, NULL);
		rc = lrd_store_stat(store, &now);
		if (rc < 0)
			break;
		if (cli->json)
			rc = print_json(lrd_store_path(store), &now);
		else
			print_rates(&now, &then, options_given->watch_ms / 1000.0, line);
		then = now;
	}
	return rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct stat_options given = { .count = 0 };
	struct lrd_store *store = NULL;
	struct lrd_store_stat stat;
	int first = 0;
	int rc = lrd_cli_options_parse(cli, argc, argv, take_option, &given, &first);

	if (rc != LRD_OPTIONS_GO)
		return rc;
	if (first < argc)
		return lrd_cli_message_usage(cli, "takes no argument, and '%s' is one",
					     argv[first]);
	if (given.count != 0 && given.watch_ms == 0)
		return lrd_cli_message_usage(cli, "--count goes with --watch");
	rc = lrd_cli_open_store(cli, &store);
	if (rc != 0)
		return rc;
	if (given.watch_ms != 0) {
		rc = watch(cli, store, &given);
	} else {
		rc = lrd_store_stat(store, &stat);
		if (rc == 0 && cli->json)
			rc = print_json(lrd_store_path(store), &stat);
		else if (rc == 0 && given.lines)
			print_lines(&stat);
		else if (rc == 0)
			print_screen(lrd_store_path(store), &stat);
	}
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, lrd_store_path(store), rc, NULL);
	lrd_store_close(store);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_stat = {
	.name = "stat",
	.operands = "",
	.summary = "show how full the store is and what was done with it",
	.options = options,
	.run = run,
};
