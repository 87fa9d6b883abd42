/* SPDX-License-Identifier: MIT */
/* cmd_ls.c - larder ls: lists the entries of the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tools/columns.h"
#include "tools/command.h"
#include "tools/entry.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/text.h"
#include "tools/walk.h"

enum {
	OPT_PREFIX = LRD_OPTION_LONG,
	OPT_ORIGIN,
	OPT_STATE,
	OPT_SORT,
	OPT_LIMIT,
	OPT_FIELDS
};

static const struct lrd_cli_option options[] = {
	{ OPT_PREFIX, "prefix", "TEXT", "only names that start so" },
	{ OPT_ORIGIN, "origin", "ORIGIN", "only URLs of this origin, https://example.org" },
	{ OPT_STATE, "state", "STATE", "only this state: " LRD_CLI_STATES },
	{ OPT_SORT, "sort", "FIELD", "sort by this field, -FIELD from the largest down" },
	{ OPT_LIMIT, "limit", "N", "at most N entries" },
	{ OPT_FIELDS, "fields", "LIST", "these columns, such as url,size,ttl" },
	{ 0, NULL, NULL, NULL },
};

struct ls {
	struct lrd_cli_filter filter;
	uint64_t limit; /* 0: none */
	bool sorted;
	bool backwards;
	enum lrd_cli_column sort_by;
	enum lrd_cli_column shown[LRD_CLI_COLUMNS];
	size_t shown_count;
	bool json;
	uint64_t printed;
};

static int unknown_field(const struct lrd_cli *cli, const char *option, larder_slice name)
{
	return lrd_cli_message_usage(cli, "%s: no field '%.*s'; there are %s", option,
				     LRD_SLICE_ARG(name), LRD_CLI_COLUMN_NAMES);
}

static int set_fields(const struct lrd_cli *cli, struct ls *ls, const char *text)
{
	larder_slice rest = lrd_slice_cstr(text);
	larder_slice name;

	ls->shown_count = 0;
	while (lrd_slice_split(&rest, ',', &name)) {
		if (ls->shown_count == LRD_CLI_COLUMNS)
			return lrd_cli_message_usage(cli,
						     "--fields: more than there are");
		if (!lrd_cli_column_find(name, &ls->shown[ls->shown_count++]))
			return unknown_field(cli, "--fields", name);
	}
	return 0;
}

static int set_sort(const struct lrd_cli *cli, struct ls *ls, const char *text)
{
	larder_slice name = lrd_slice_cstr(text);

	ls->sorted = true;
	ls->backwards = text[0] == '-';
	name = lrd_slice_skip(name, ls->backwards ? 1 : 0);
	return lrd_cli_column_find(name, &ls->sort_by)
		       ? 0
		       : unknown_field(cli, "--sort", name);
}

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct ls *ls = ctx;

	switch (id) {
	case OPT_PREFIX:
		return lrd_cli_filter_set_prefix(cli, &ls->filter, arg);
	case OPT_ORIGIN:
		return lrd_cli_filter_set_origin(cli, &ls->filter, arg);
	case OPT_STATE:
		return lrd_cli_filter_set_state(cli, &ls->filter, arg);
	case OPT_SORT:
		return set_sort(cli, ls, arg);
	case OPT_LIMIT:
		if (lrd_cli_text_parse_number(arg, &ls->limit) < 0 || ls->limit == 0)
			return lrd_cli_message_usage(cli, "--limit '%s': no number", arg);
		return 0;
	default:
		return set_fields(cli, ls, arg);
	}
}

/* ---- printing ---------------------------------------------------------------------------- */

static int print_json(const struct lrd_cli_entry *entry)
{
	return lrd_cli_json_print(json_pack(
		"{s:o, s:s, s:o, s:I, s:o, s:I, s:o, s:o, s:o}", "url",
		lrd_cli_json_text(entry->name), "state", entry->state, "status",
		entry->status ? json_integer(entry->status) : json_null(), "age",
		(json_int_t)entry->age_s, "ttl",
		entry->ttl_s == INT64_MIN ? json_null() : json_integer(entry->ttl_s),
		"size", (json_int_t)entry->record.body_len, "partition",
		lrd_cli_json_text(entry->record.partition), "stored_at",
		lrd_cli_json_time(entry->record.stored_at), "expires_at",
		lrd_cli_json_time(entry->record.expires_at)));
}

static int print_entry(struct ls *ls, const struct lrd_cli_entry *entry)
{
	if (ls->printed++ == 0 && !ls->json)
		lrd_cli_columns_print_names(ls->shown, ls->shown_count);
	if (ls->json)
		return print_json(entry);
	lrd_cli_columns_print(ls->shown, ls->shown_count, entry);
	return 0;
}

/* ---- walking and sorting ----------------------------------------------------------------- */

enum { ENOUGH = 1 };

static int visit(struct lrd_cli_entry *entry, void *ctx)
{
	struct ls *ls = ctx;
	int rc = print_entry(ls, entry);

	return rc == 0 && ls->printed == ls->limit ? ENOUGH : rc;
}

/* qsort has no context: each row brings its own. */
struct sortable {
	const struct ls *ls;
	const struct lrd_cli_entry *entry;
};

static int compare_entries(const void *a, const void *b)
{
	const struct sortable *x = a;
	const struct sortable *y = b;
	int order = lrd_cli_column_compare(x->ls->sort_by, x->entry, y->entry);

	if (order != 0)
		return x->ls->backwards ? -order : order;
	return lrd_cli_column_compare(LRD_CLI_COLUMN_URL, x->entry, y->entry);
}

static int print_sorted(struct ls *ls, const struct lrd_cli_entries *entries)
{
	struct sortable *order = malloc((entries->count + 1) * sizeof(*order));
	int rc = 0;

	if (!order)
		return LARDER_ENOMEM;
	for (size_t i = 0; i < entries->count; i++)
		order[i] = (struct sortable){ ls, &entries->at[i] };
	qsort(order, entries->count, sizeof(*order), compare_entries);
	if (ls->limit == 0 || ls->limit > entries->count)
		ls->limit = entries->count;
	for (size_t i = 0; rc == 0 && i < ls->limit; i++)
		rc = print_entry(ls, order[i].entry);
	free(order);
	return rc;
}

static int list(struct lrd_cli *cli, struct ls *ls)
{
	struct lrd_cli_entries entries = { .at = NULL };
	struct lrd_store *store = NULL;
	int64_t now = lrd_clock_now_s();
	int rc = lrd_cli_open_store(cli, &store);

	if (rc != 0)
		return rc;
	ls->json = cli->json;
	ls->filter.partition = cli->partition;
	if (ls->sorted) {
		rc = lrd_cli_collect(store, &ls->filter, now, &entries);
		if (rc == 0)
			rc = print_sorted(ls, &entries);
	} else {
		rc = lrd_cli_walk(store, &ls->filter, now, visit, ls);
	}
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, lrd_store_path(store), rc, NULL);
	else
		rc = ls->printed > 0 ? LRD_EXIT_DONE : LRD_EXIT_NONE;
	lrd_cli_entries_release(&entries);
	lrd_store_close(store);
	return rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct ls ls = {
		.shown = { LRD_CLI_COLUMN_STATE, LRD_CLI_COLUMN_STATUS,
			   LRD_CLI_COLUMN_AGE, LRD_CLI_COLUMN_TTL, LRD_CLI_COLUMN_SIZE,
			   LRD_CLI_COLUMN_PARTITION, LRD_CLI_COLUMN_URL },
		.shown_count = 7,
	};
	int first = 0;
	int rc;

	lrd_cli_filter_init(&ls.filter);
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, &ls, &first);
	if (rc == LRD_OPTIONS_GO && first < argc)
		rc = lrd_cli_message_usage(cli, "takes no argument, and '%s' is one",
					   argv[first]);
	if (rc == LRD_OPTIONS_GO)
		rc = list(cli, &ls);
	lrd_cli_filter_release(&ls.filter);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_ls = {
	.name = "ls",
	.operands = "",
	.summary = "list what is stored",
	.details = "Exit 1 when nothing matches. Without --sort there is no\n"
		   "order, and the list is printed while the store is walked.\n",
	.options = options,
	.run = run,
};
