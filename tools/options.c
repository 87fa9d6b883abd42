/* SPDX-License-Identifier: MIT */
/* options.c - reading a command line by tables of options, and the help that they make. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/assert.h"
#include "tools/command.h"

enum {
	OPT_JSON = LRD_OPTION_LONG + 1000, /* above the ids of commands */
	OPT_VERSION,
	OPTIONS_MAX = 48
};

const struct lrd_cli_option lrd_cli_options_global[] = {
	{ 's', "store", "DIR",
	  "the store's directory ($LARDER_STORE, $XDG_CACHE_HOME/larder)" },
	{ 'p', "partition", "NAME",
	  "only entries of this partition, as it is printed; or anonymous" },
	{ OPT_JSON, "json", NULL, "one JSON object for each result" },
	{ 'q', "quiet", NULL, "no warnings and no summaries" },
	{ 'v', "verbose", NULL, "say more on stderr" },
	{ OPT_VERSION, "version", NULL, "print the version and stop" },
	{ 'h', "help", NULL, "print this help and stop" },
	{ 0, NULL, NULL, NULL },
};

/* getopt's own form of the tables. */
struct forms {
	struct option longs[OPTIONS_MAX];
	char shorts[3 * OPTIONS_MAX];
	size_t count;
};

static void add_forms(struct forms *forms, const struct lrd_cli_option *options)
{
	size_t used = strlen(forms->shorts);

	for (; options && options->name; options++) {
		lrd_assert(forms->count + 1 < OPTIONS_MAX);
		forms->longs[forms->count++] = (struct option){
			.name = options->name,
			.has_arg = options->arg ? required_argument : no_argument,
			.val = options->id,
		};
		if (options->id >= LRD_OPTION_LONG)
			continue;
		forms->shorts[used++] = (char)options->id;
		if (options->arg)
			forms->shorts[used++] = ':';
		forms->shorts[used] = '\0';
	}
}

/* One of all commands' options; LRD_OPTIONS_GO, or the code to leave with. */
static int take_global(struct lrd_cli *cli, int id, const char *arg)
{
	switch (id) {
	case 's':
		cli->store = arg;
		return LRD_OPTIONS_GO;
	case 'p':
		/* As every command prints it. */
		cli->partition = strcmp(arg, LRD_CLI_ANONYMOUS) == 0 ? "" : arg;
		return LRD_OPTIONS_GO;
	case 'q':
		cli->quiet = true;
		return LRD_OPTIONS_GO;
	case 'v':
		cli->verbose++;
		return LRD_OPTIONS_GO;
	case OPT_JSON:
		cli->json = true;
		return LRD_OPTIONS_GO;
	case OPT_VERSION:
		printf("larder %s\n", larder_version());
		return LRD_EXIT_DONE;
	default:
		lrd_cli_options_help(cli->command);
		return LRD_EXIT_DONE;
	}
}

static bool is_global(int id)
{
	for (const struct lrd_cli_option *o = lrd_cli_options_global; o->name; o++) {
		if (o->id == id)
			return true;
	}
	return false;
}

static int parse(struct lrd_cli *cli, const char *start, int argc, char **argv,
		 int (*take)(struct lrd_cli *cli, int id, const char *arg, void *ctx),
		 void *ctx, int *first)
{
	struct forms forms = { .count = 0 };
	int id;

	/* ':' first: a missing argument is told apart from an unknown option. */
	snprintf(forms.shorts, sizeof(forms.shorts), "%s", start);
	add_forms(&forms, lrd_cli_options_global);
	add_forms(&forms, cli->command ? cli->command->options : NULL);
	opterr = 0;
	optind = 0; /* GNU: begin anew, with the same argv or another */
	for (;;) {
		int rc;

		id = getopt_long(argc, argv, forms.shorts, forms.longs, NULL);
		if (id == -1)
			break;
		if (id == ':')
			return lrd_cli_message_usage(cli, "option '%s' needs an argument",
						     argv[optind - 1]);
		if (id == '?' && optopt)
			return lrd_cli_message_usage(cli, "unknown option '-%c'", optopt);
		if (id == '?')
			return lrd_cli_message_usage(cli, "unknown option '%s'",
						     argv[optind - 1]);
		if (is_global(id)) {
			rc = take_global(cli, id, optarg);
			if (rc != LRD_OPTIONS_GO)
				return rc;
			continue;
		}
		rc = take ? take(cli, id, optarg, ctx) : LRD_EXIT_USAGE;
		if (rc != 0)
			return rc;
	}
	*first = optind;
	return LRD_OPTIONS_GO;
}

int lrd_cli_options_parse(struct lrd_cli *cli, int argc, char **argv,
			  int (*take)(struct lrd_cli *cli, int id, const char *arg,
				      void *ctx),
			  void *ctx, int *first)
{
	return parse(cli, ":", argc, argv, take, ctx, first);
}

int lrd_cli_options_parse_global(struct lrd_cli *cli, int argc, char **argv, int *first)
{
	return parse(cli, "+:", argc, argv, NULL, NULL, first);
}

static void print_options(const struct lrd_cli_option *options)
{
	for (; options && options->name; options++) {
		char left[64];
		char letter[4] = "  ";

		if (options->id < LRD_OPTION_LONG)
			snprintf(letter, sizeof(letter), "-%c", options->id);
		snprintf(left, sizeof(left), "%s%s --%s%s%s", letter,
			 options->id < LRD_OPTION_LONG ? "," : " ", options->name,
			 options->arg ? " " : "", options->arg ? options->arg : "");
		printf("  %-28s %s\n", left, options->help);
	}
}

void lrd_cli_options_help(const struct lrd_cli_command *command)
{
	if (!command) {
		printf("Usage: larder [options] COMMAND [options] [ARG...]\n\n"
		       "One HTTP cache for all processes of this "
		       "machine.\n\nCommands:\n");
		for (size_t i = 0; lrd_cli_commands[i]; i++)
			printf("  %-8s %-18s %s\n", lrd_cli_commands[i]->name,
			       lrd_cli_commands[i]->operands,
			       lrd_cli_commands[i]->summary);
		printf("  %-8s %-18s %s\n", "help", "[COMMAND|exits]",
		       "explain a command, or list the exit codes");
		printf("\nOptions of all commands:\n");
		print_options(lrd_cli_options_global);
		return;
	}
	printf("Usage: larder %s [options] %s\n\n%s.\n\nOptions:\n", command->name,
	       command->operands, command->summary);
	print_options(command->options);
	printf("\nOptions of all commands:\n");
	print_options(lrd_cli_options_global);
	if (command->details)
		printf("\n%s", command->details);
}
