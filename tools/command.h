/* SPDX-License-Identifier: MIT */
/*
 * command.h - what a command of `larder` is: a row of one table, with its options.
 *
 * The table feeds the dispatch, the parsing of options and the help. To add a command: write
 * tools/cmd_NAME.c with one `const struct lrd_cli_command lrd_command_NAME`, declare it here, add
 * it to the table in commands.c and to CMakeLists.txt, describe it in larder.1.
 */
#ifndef LRD_TOOLS_COMMAND_H
#define LRD_TOOLS_COMMAND_H

#include <stdbool.h>

#include <larder/types.h>

#include "tools/exits.h"

/* One option. A table of them ends with a row whose name is NULL. */
struct lrd_cli_option {
	int id;           /* its letter; from LRD_OPTION_LONG up when it has none */
	const char *name; /* without the dashes */
	const char *arg;  /* name of its argument; NULL: takes none */
	const char *help;
};

enum { LRD_OPTION_LONG = 256 };

/* How the partition of those who send no credentials, whose name is empty, is called. */
#define LRD_CLI_ANONYMOUS "anonymous"

struct lrd_cli_command;

/* What the global options say. */
struct lrd_cli {
	const struct lrd_cli_command *command;
	const char *store;     /* directory, NULL: the default place */
	const char *partition; /* NULL: not given */
	bool json;
	bool quiet;
	int verbose;
};

struct lrd_cli_command {
	const char *name;
	const char *operands; /* "URL...", "" when there are none */
	const char *summary;
	const char *details; /* paragraphs below the options in its help; may be NULL */
	const struct lrd_cli_option *options;
	/* Returns the exit code. argv[0] is the command's name. */
	int (*run)(struct lrd_cli *cli, int argc, char **argv);
};

/* All of them, NULL at the end (commands.c). */
extern const struct lrd_cli_command *const lrd_cli_commands[];

extern const struct lrd_cli_command lrd_cli_command_get;
extern const struct lrd_cli_command lrd_cli_command_ls;
extern const struct lrd_cli_command lrd_cli_command_show;
extern const struct lrd_cli_command lrd_cli_command_explain;
extern const struct lrd_cli_command lrd_cli_command_stat;
extern const struct lrd_cli_command lrd_cli_command_purge;
extern const struct lrd_cli_command lrd_cli_command_verify;
extern const struct lrd_cli_command lrd_cli_command_batch;

/* ---- options.c --------------------------------------------------------------------------- */

extern const struct lrd_cli_option lrd_cli_options_global[];

/* What lrd_cli_options_parse returns when the command is to go on. */
enum { LRD_OPTIONS_GO = -1 };

/*
 * Reads the options of argv by the tables of the command and of all commands, in any place
 * before "--". `take` gets each of the command's own; it returns 0, or LRD_EXIT_USAGE after a
 * message. *first becomes the index of the first operand. Returns LRD_OPTIONS_GO, or the exit
 * code to leave with: after -h, --version, or a mistake that was named on stderr.
 */
int lrd_cli_options_parse(struct lrd_cli *cli, int argc, char **argv,
			  int (*take)(struct lrd_cli *cli, int id, const char *arg,
				      void *ctx),
			  void *ctx, int *first);

/* The same for what stands before the command: all commands' options, up to the first operand. */
int lrd_cli_options_parse_global(struct lrd_cli *cli, int argc, char **argv, int *first);

void lrd_cli_options_help(const struct lrd_cli_command *command);

/* ---- message.c --------------------------------------------------------------------------- */

/* One line to stderr: "larder get: ...", control bytes escaped. */
void lrd_cli_message(const struct lrd_cli *cli, const char *format, ...)
	LARDER_PRINTF(2, 3);

/*
 * The same about a URL or a path, which is shortened where it is long, and shown without a user
 * name and password.
 */
void lrd_cli_message_about(const struct lrd_cli *cli, const char *about,
			   const char *format, ...) LARDER_PRINTF(3, 4);

/* The same as lrd_cli_message followed by a hint how to get help; returns LRD_EXIT_USAGE. */
int lrd_cli_message_usage(const struct lrd_cli *cli, const char *format, ...)
	LARDER_PRINTF(2, 3);

/*
 * Says why a library call failed: `about` (a URL, a path; may be NULL), the error's message or
 * at least the text of `code`. Returns the exit code for it.
 */
int lrd_cli_message_failure(const struct lrd_cli *cli, const char *about, int code,
			    const larder_error *err);

#endif
