/* SPDX-License-Identifier: MIT */
/* exits.c - exit codes by name, and which one an error of the library becomes. */
#include "tools/exits.h"

#include <larder/types.h>

static const struct {
	int error;
	int exit;
} rows[] = {
	{ LARDER_OK, LRD_EXIT_DONE },
#define LRD_EXIT_FOR(error, name) { LARDER_##error, LRD_EXIT_##name },
#include "tools/exits.def"
};

int lrd_cli_exit_for(int code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error == code)
			return rows[i].exit;
	}
	return LRD_EXIT_NETWORK;
}

void lrd_cli_exit_print(FILE *out)
{
#define LRD_EXIT(name, number, text) fprintf(out, "  %3d  %s\n", number, text);
#include "tools/exits.def"
}
