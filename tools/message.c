/* SPDX-License-Identifier: MIT */
/* message.c - one line to stderr for what went wrong, safe for a terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/text.h"

enum { LRD_MESSAGE_MAX = 4096 };

static void print_line(const struct lrd_cli *cli, const char *text)
{
	char storage[2 * LRD_MESSAGE_MAX];

	lrd_cli_text_escape_into(lrd_slice_cstr(text), storage, sizeof(storage));
	fprintf(stderr, "larder%s%s: %s\n", cli->command ? " " : "",
		cli->command ? cli->command->name : "", storage);
}

void lrd_cli_message(const struct lrd_cli *cli, const char *format, ...)
{
	char text[LRD_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(cli, text);
}

int lrd_cli_message_usage(const struct lrd_cli *cli, const char *format, ...)
{
	char text[LRD_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(cli, text);
	fprintf(stderr, "Try 'larder%s%s -h'.\n", cli->command ? " " : "",
		cli->command ? cli->command->name : "");
	return LRD_EXIT_USAGE;
}

int lrd_cli_message_failure(const struct lrd_cli *cli, const char *about, int code,
			    const larder_error *err)
{
	const char *text = larder_strerror(code);
	const char *detail = err && err->code == code ? err->message : "";

	/* A message that starts with the fixed text needs no second one. */
	if (!detail[0])
		detail = text;
	if (about && strstr(detail, about))
		about = NULL;
	if (strncmp(detail, text, strlen(text)) == 0)
		lrd_cli_message(cli, "%s%s%s", about ? about : "", about ? ": " : "",
				detail);
	else
		lrd_cli_message(cli, "%s%s%s: %s", about ? about : "", about ? ": " : "",
				text, detail);
	return lrd_cli_exit_for(code);
}
