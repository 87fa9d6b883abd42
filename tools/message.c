/* SPDX-License-Identifier: MIT */
/* message.c - one line to stderr for what went wrong, safe for a terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/text.h"

enum { LRD_MESSAGE_MAX = 4096, ABOUT_MAX = 256, SCHEME_MAX = 16 };

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

/*
 * What a message is about, fit for a log: a URL without the user name and password before its
 * host, and short enough to leave room for what went wrong.
 */
static const char *name_about(const char *about, char out[ABOUT_MAX])
{
	larder_slice rest = lrd_slice_cstr(about);
	const char *host = strstr(about, "://");
	const char *at = NULL;
	size_t kept = 0;

	if (host) {
		host += 3;
		for (const char *c = host; *c && !strchr("/?#", *c); c++)
			at = *c == '@' ? c : at;
	}
	if (at) {
		kept = (size_t)(host - about);
		rest = lrd_slice_cstr(at + 1);
	}
	snprintf(out, ABOUT_MAX, "%.*s%.*s%s",
		 (int)(kept < SCHEME_MAX ? kept : SCHEME_MAX), about,
		 rest.len < ABOUT_MAX / 2 ? (int)rest.len : ABOUT_MAX / 2, rest.ptr,
		 rest.len < ABOUT_MAX / 2 ? "" : "...");
	return out;
}

void lrd_cli_message_about(const struct lrd_cli *cli, const char *about,
			   const char *format, ...)
{
	char text[LRD_MESSAGE_MAX];
	char named[ABOUT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lrd_cli_message(cli, "%s: %s", name_about(about, named), text);
}

int lrd_cli_message_failure(const struct lrd_cli *cli, const char *about, int code,
			    const larder_error *err)
{
	const char *text = larder_strerror(code);
	const char *detail = err && err->code == code ? err->message : "";

	/* A message that starts with the fixed text needs no second one. */
	if (!detail[0])
		detail = text;
	/* Nor does one that names the URL itself; what is malformed is printed in its own way. */
	if (about && (strstr(detail, about) || (code == LARDER_EURL && detail != text)))
		about = NULL;
	if (strncmp(detail, text, strlen(text)) == 0)
		text = "";
	if (about)
		lrd_cli_message_about(cli, about, "%s%s%s", text, text[0] ? ": " : "",
				      detail);
	else
		lrd_cli_message(cli, "%s%s%s", text, text[0] ? ": " : "", detail);
	return lrd_cli_exit_for(code);
}
