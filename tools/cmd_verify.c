/* SPDX-License-Identifier: MIT */
/* cmd_verify.c - larder verify: walks everything in the store and says what is damaged. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/text.h"

static const struct lrd_cli_option options[] = {
	{ 0, NULL, NULL, NULL },
};

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	(void)cli;
	(void)id;
	(void)arg;
	(void)ctx;
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
			"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "entries",
			(json_int_t)found->entries, "rows", (json_int_t)found->rows,
			"bytes", (json_int_t)found->bytes, "bad_records",
			(json_int_t)found->bad_records, "bad_rows",
			(json_int_t)found->bad_rows, "missing_rows",
			(json_int_t)found->missing_rows, "orphan_rows",
			(json_int_t)found->orphan_rows, "bad_links",
			(json_int_t)found->bad_links));
	printf("%" PRIu64 " entries, %" PRIu64 " rows, %s: %" PRIu64
	       " bad records, %" PRIu64 " bad rows, %" PRIu64 " missing, %" PRIu64
	       " orphaned, %" PRIu64 " bad links\n",
	       found->entries, found->rows, lrd_cli_text_size(found->bytes, size),
	       found->bad_records, found->bad_rows, found->missing_rows,
	       found->orphan_rows, found->bad_links);
	return 0;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct lrd_store *store = NULL;
	struct lrd_check found = { .entries = 0 };
	int first = 0;
	int clean;
	int rc = lrd_cli_options_parse(cli, argc, argv, take_option, NULL, &first);

	if (rc != LRD_OPTIONS_GO)
		return rc;
	if (first < argc)
		return lrd_cli_message_usage(cli, "takes no argument, and '%s' is one",
					     argv[first]);
	rc = lrd_cli_open_store(cli, &store);
	if (rc != 0)
		return rc;
	clean = lrd_store_check(store, &found, print_finding, cli);
	rc = clean < 0 ? clean : print_sum(cli, &found);
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, lrd_store_path(store), rc, NULL);
	else
		rc = clean == 0 ? LRD_EXIT_DONE : LRD_EXIT_PROBLEM;
	lrd_store_close(store);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_verify = {
	.name = "verify",
	.operands = "",
	.summary = "walk everything in the store and say what is damaged",
	.details = "Changes nothing. Exit 3 when something was found.\n",
	.options = options,
	.run = run,
};
