/* SPDX-License-Identifier: MIT */
/* cmd_purge.c - larder purge: removes entries from the store. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/cache.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tools/command.h"
#include "tools/entry.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/text.h"
#include "tools/walk.h"

enum { OPT_PREFIX = LRD_OPTION_LONG, OPT_ORIGIN, OPT_ALL, OPT_EXPIRED, OPT_DRY_RUN };

static const struct lrd_cli_option options[] = {
	{ OPT_PREFIX, "prefix", "TEXT", "every name that starts so" },
	{ OPT_ORIGIN, "origin", "ORIGIN", "every URL of this origin, https://example.org" },
	{ OPT_ALL, "all", NULL, "everything, values set through larderd too" },
	{ OPT_EXPIRED, "expired", NULL, "only what is stale; alone: everything stale" },
	{ OPT_DRY_RUN, "dry-run", NULL, "print what would be removed, and remove nothing" },
	{ 0, NULL, NULL, NULL },
};

struct purge {
	struct lrd_cli *cli;
	struct lrd_store *store;
	larder_cache *cache;
	struct lrd_cli_filter filter;
	bool by_filter; /* --prefix, --origin, --all or --expired */
	bool all;       /* without any condition */
	bool dry_run;
	uint64_t removed;
	uint64_t bytes;
};

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct purge *purge = ctx;

	purge->by_filter |= id != OPT_DRY_RUN;
	switch (id) {
	case OPT_PREFIX:
		return lrd_cli_filter_set_prefix(cli, &purge->filter, arg);
	case OPT_ORIGIN:
		return lrd_cli_filter_set_origin(cli, &purge->filter, arg);
	case OPT_EXPIRED:
		return lrd_cli_filter_set_state(cli, &purge->filter, "stale");
	case OPT_DRY_RUN:
		purge->dry_run = true;
		return 0;
	default:
		purge->all = true;
		return 0;
	}
}

/*
 * Removes one entry: 1 when it was there, 0 when somebody else was faster. Responses go by
 * the cache, which also stops a fetch under way from bringing back what it has read before.
 */
static int remove_entry(struct purge *purge, const struct lrd_cli_entry *entry)
{
	struct lrd_write *write = NULL;
	struct lrd_key key;
	int rc;

	if (lrd_cli_entry_is_response(&entry->record)) {
		ptrdiff_t n = larder_cache_purge(purge->cache, entry->name,
						 entry->record.partition.ptr);

		return n > 0 ? 1 : (int)n;
	}
	rc = lrd_key_init(purge->store, entry->record.partition, entry->record.name, &key);
	if (rc == 0)
		rc = lrd_write_begin(purge->store, &write);
	if (rc < 0)
		return rc;
	rc = lrd_write_delete(write, &key);
	if (rc < 0) {
		lrd_write_abort(write);
		return rc == LARDER_ENOTFOUND ? 0 : rc;
	}
	rc = lrd_write_commit(write);
	return rc < 0 ? rc : 1;
}

static int print_entry(struct purge *purge, const struct lrd_cli_entry *entry)
{
	char size[LRD_TEXT_SIZE];

	if (purge->cli->json)
		return lrd_cli_json_print(json_pack(
			"{s:o, s:s, s:o, s:I, s:b}", "url",
			lrd_cli_json_text(entry->name), "state", entry->state,
			"partition", lrd_cli_json_text(entry->record.partition), "size",
			(json_int_t)entry->record.body_len, "removed", !purge->dry_run));
	if (purge->cli->quiet)
		return 0;
	printf("%s %10s  ", purge->dry_run ? "would remove" : "removed",
	       lrd_cli_text_size(entry->record.body_len, size));
	lrd_cli_text_print(stdout, lrd_cli_entry_partition(entry));
	fputs("  ", stdout);
	lrd_cli_text_print(stdout, entry->name);
	putchar('\n');
	return 0;
}

/* Space of what was removed is given back in slices; nobody waits long for the gate. */
static int give_back(struct purge *purge)
{
	enum { SLICES_MAX = 100000 };
	struct lrd_upkeep done = { .more = true };
	int rc = 0;

	for (int i = 0; rc == 0 && done.more && i < SLICES_MAX; i++)
		rc = lrd_store_upkeep(purge->store, lrd_clock_now_s(), &done);
	return rc;
}

/*
 * The list is made first: removing one variant of a URL removes the others with it, and each
 * is to be printed.
 */
static int remove_listed(struct purge *purge, const struct lrd_cli_entries *entries)
{
	int rc = 0;

	/* Everything at once needs no transaction for each. */
	if (purge->all && !purge->dry_run)
		rc = lrd_store_flush(purge->store, 0);
	for (size_t i = 0; rc >= 0 && i < entries->count; i++) {
		const struct lrd_cli_entry *entry = &entries->at[i];

		if (!purge->all && !purge->dry_run)
			rc = remove_entry(purge, entry);
		if (rc < 0)
			break;
		purge->removed++;
		purge->bytes += entry->record.body_len;
		rc = print_entry(purge, entry);
	}
	return rc < 0 || purge->dry_run ? rc : give_back(purge);
}

static int list_and_remove(struct lrd_cli *cli, struct purge *purge, char **urls,
			   int count)
{
	struct lrd_cli_entries entries = { .at = NULL };
	int64_t now = lrd_clock_now_s();
	int rc = 0;

	purge->filter.partition = cli->partition;
	/* One partition of everything is removed piece by piece. */
	purge->all = purge->all && !cli->partition;
	if (purge->by_filter)
		rc = lrd_cli_collect(purge->store, &purge->filter, now, &entries);
	for (int i = 0; rc == 0 && i < count; i++) {
		rc = lrd_cli_filter_set_url(cli, &purge->filter, urls[i]);
		if (rc == 0)
			rc = lrd_cli_collect(purge->store, &purge->filter, now, &entries);
	}
	if (rc == 0)
		rc = remove_listed(purge, &entries);
	lrd_cli_entries_release(&entries);
	return rc;
}

static void print_sum(const struct purge *purge)
{
	char size[LRD_TEXT_SIZE];

	if (purge->cli->json || purge->cli->quiet)
		return;
	printf("%s %" PRIu64 " %s, %s\n", purge->dry_run ? "would remove" : "removed",
	       purge->removed, purge->removed == 1 ? "entry" : "entries",
	       lrd_cli_text_size(purge->bytes, size));
}

/* Opens the cache on the store that is there; neither call creates one. */
static int open_both(struct lrd_cli *cli, struct purge *purge)
{
	larder_cache_options cache_options = LARDER_CACHE_OPTIONS_INIT;
	larder_error err = { 0 };
	int rc = lrd_cli_open_store(cli, &purge->store);

	if (rc != 0)
		return rc;
	cache_options.store = lrd_store_path(purge->store);
	rc = larder_cache_open(&cache_options, &purge->cache, &err);
	return rc < 0 ? lrd_cli_message_failure(cli, cache_options.store, rc, &err) : 0;
}

static int check_options(struct lrd_cli *cli, const struct purge *purge, int urls)
{
	const struct lrd_cli_filter *filter = &purge->filter;

	if (purge->by_filter == (urls > 0))
		return lrd_cli_message_usage(
			cli,
			"either URLs, or one of --prefix, --origin, --expired and --all");
	if (purge->all &&
	    (filter->prefix.len > 0 || filter->origin.len > 0 || filter->state))
		return lrd_cli_message_usage(cli,
					     "--all takes no further condition but -p");
	return 0;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct purge purge = { .cli = cli };
	int first = 0;
	int rc;

	lrd_cli_filter_init(&purge.filter);
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, &purge, &first);
	if (rc != LRD_OPTIONS_GO)
		goto out;
	rc = check_options(cli, &purge, argc - first);
	if (rc == 0)
		rc = open_both(cli, &purge);
	if (rc != 0)
		goto out;
	rc = list_and_remove(cli, &purge, argv + first, argc - first);
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, lrd_store_path(purge.store), rc, NULL);
	if (rc == 0 || purge.removed > 0)
		print_sum(&purge);
	if (rc == 0 && purge.removed == 0)
		rc = LRD_EXIT_NONE;
out:
	larder_cache_close(purge.cache);
	lrd_store_close(purge.store);
	lrd_cli_filter_release(&purge.filter);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_purge = {
	.name = "purge",
	.operands = "[URL...]",
	.summary = "remove entries",
	.details = "All variants of a URL in all partitions, or with -p in\n"
		   "one. Prints each entry and the sum; -q prints neither.\n"
		   "Exit 1 when nothing matches.\n",
	.options = options,
	.run = run,
};
