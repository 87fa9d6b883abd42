/* SPDX-License-Identifier: MIT */
/* cmd_verify.c - larder verify: walks everything in the store and says what is damaged. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/text.h"

enum { OPT_REPAIR = LRD_OPTION_LONG };

static const struct lrd_cli_option options[] = {
	{ OPT_REPAIR, "repair", NULL,
	  "remove what is damaged, and free what nobody names" },
	{ 0, NULL, NULL, NULL },
};

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	bool *repair = ctx;

	(void)cli;
	(void)arg;
	if (id == OPT_REPAIR)
		*repair = true;
	return 0;
}

static void print_finding(const char *line, void *ctx)
{
	const struct lrd_cli *cli = ctx;

	if (cli->json || cli->quiet)
		return;
	lrd_cli_text_print(stdout, lrd_slice_cstr(line));
	putchar('\n');
}

static int print_sum(const struct lrd_cli *cli, const struct lrd_check *found)
{
	char size[LRD_TEXT_SIZE];

	if (cli->json)
		return lrd_cli_json_print(json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"entries", (json_int_t)found->entries, "rows",
			(json_int_t)found->rows, "bytes", (json_int_t)found->bytes,
			"bad_records", (json_int_t)found->bad_records, "bad_rows",
			(json_int_t)found->bad_rows, "missing_rows",
			(json_int_t)found->missing_rows, "orphan_rows",
			(json_int_t)found->orphan_rows, "bad_links",
			(json_int_t)found->bad_links, "pages", (json_int_t)found->pages,
			"free_pages", (json_int_t)found->free_pages, "bad_pages",
			(json_int_t)found->bad_pages, "lost_pages",
			(json_int_t)found->lost_pages));
	printf("%" PRIu64 " entries, %" PRIu64 " rows, %s: %" PRIu64
	       " bad records, %" PRIu64 " bad rows, %" PRIu64 " missing, %" PRIu64
	       " orphaned, %" PRIu64 " bad links\n",
	       found->entries, found->rows, lrd_cli_text_size(found->bytes, size),
	       found->bad_records, found->bad_rows, found->missing_rows,
	       found->orphan_rows, found->bad_links);
	printf("%" PRIu64 " pages, %" PRIu64 " of them free: %" PRIu64
	       " findings in the structure, %" PRIu64 " pages lost\n",
	       found->pages, found->free_pages, found->bad_pages, found->lost_pages);
	return 0;
}

/* Opens the store like any other process, which empties it where it must be. */
static int rebuild(struct lrd_cli *cli)
{
	struct lrd_store *store = NULL;
	int rc = lrd_cli_open_store(cli, &store);

	if (rc != 0)
		return rc;
	if (!cli->json && !cli->quiet)
		printf("the store was damaged in its structure and has been emptied\n");
	lrd_store_close(store);
	return LRD_EXIT_PROBLEM;
}

static int verify(struct lrd_cli *cli, struct lrd_store *store, bool repair, bool *empty)
{
	struct lrd_check found = { .entries = 0 };
	int clean;
	int rc;

	if (repair)
		clean = lrd_store_repair(store, (int64_t)time(NULL), &found, empty,
					 print_finding, cli);
	else
		clean = lrd_store_check(store, &found, print_finding, cli);
	rc = clean < 0 ? clean : print_sum(cli, &found);
	if (rc < 0)
		return lrd_cli_message_failure(cli, lrd_store_path(store), rc, NULL);
	return clean == 0 ? LRD_EXIT_DONE : LRD_EXIT_PROBLEM;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct lrd_store_options how = { .must_exist = true, .as_it_is = true };
	struct lrd_store *store = NULL;
	larder_error err = { 0 };
	bool repair = false;
	bool empty = false;
	int first = 0;
	int rc = lrd_cli_options_parse(cli, argc, argv, take_option, &repair, &first);

	if (rc != LRD_OPTIONS_GO)
		return rc;
	if (first < argc)
		return lrd_cli_message_usage(cli, "takes no argument, and '%s' is one",
					     argv[first]);
	/* As it is: whoever opens it otherwise heals it, and nothing would be found. */
	rc = lrd_store_open(cli->store, &how, &store, &err);
	if (rc == LARDER_ECORRUPT) {
		(void)lrd_cli_message_failure(cli, cli->store, rc, &err);
		return repair ? rebuild(cli) : LRD_EXIT_PROBLEM;
	}
	if (rc < 0)
		return lrd_cli_open_failed(cli, rc, &err);
	rc = verify(cli, store, repair, &empty);
	lrd_store_close(store);
	if (rc == LRD_EXIT_PROBLEM && empty)
		rc = rebuild(cli);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_verify = {
	.name = "verify",
	.operands = "",
	.summary = "walk everything in the store and say what is damaged",
	.details =
		"Looks at every page, record and row. Heals nothing, unless --repair is "
		"given:\n"
		"then entries that are damaged go, and if the structure itself is, all "
		"of "
		"them.\n"
		"Exit 3 when something was found, repaired or not; 4 when the store "
		"cannot "
		"be opened.\n",
	.options = options,
	.run = run,
};
