/* SPDX-License-Identifier: MIT */
/* main.c - the `larder` command: finds the verb in one table and runs it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"

static const struct lrd_cli_command *find_command(const char *name)
{
	for (size_t i = 0; lrd_cli_commands[i]; i++) {
		if (strcmp(lrd_cli_commands[i]->name, name) == 0)
			return lrd_cli_commands[i];
	}
	return NULL;
}

static int run_help(struct lrd_cli *cli, const char *topic)
{
	if (topic && strcmp(topic, "exits") == 0) {
		lrd_cli_exit_print(stdout);
		return LRD_EXIT_DONE;
	}
	if (topic) {
		cli->command = find_command(topic);
		if (!cli->command)
			return lrd_cli_message_usage(cli, "there is no command '%s'",
						     topic);
	}
	lrd_cli_options_help(cli->command);
	return LRD_EXIT_DONE;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	int first = 0;
	int rc = lrd_cli_options_parse_global(cli, argc, argv, &first);

	if (rc != LRD_OPTIONS_GO)
		return rc;
	if (first >= argc) {
		lrd_cli_options_help(NULL);
		return LRD_EXIT_USAGE;
	}
	if (strcmp(argv[first], "help") == 0)
		return run_help(cli, first + 1 < argc ? argv[first + 1] : NULL);
	cli->command = find_command(argv[first]);
	if (!cli->command)
		return lrd_cli_message_usage(cli, "there is no command '%s'", argv[first]);
	return cli->command->run(cli, argc - first, argv + first);
}

int main(int argc, char **argv)
{
	struct lrd_cli cli = { .command = NULL };
	int rc = run(&cli, argc, argv);

	/* What could not be written was not done, whatever the command thought. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		bool full = errno == ENOSPC || errno == EDQUOT;

		lrd_cli_message(&cli, "cannot write to standard output: %s",
				strerror(errno));
		if (rc == LRD_EXIT_DONE)
			rc = full ? LRD_EXIT_FULL : LRD_EXIT_FILE;
	}
	return rc;
}
