/* SPDX-License-Identifier: MIT */
/* exits.c - exit codes by name, and which one an error of the library becomes. */
#include "tools/exits.h"

#include <larder/types.h>

int lrd_cli_exit_for(int code)
{
	switch (code) {
	case LARDER_OK:
		return LRD_EXIT_DONE;
#define LRD_EXIT_FOR(error, name) \
	case LARDER_##error:      \
		return LRD_EXIT_##name;
#include "tools/exits.def"
	default:
		return LRD_EXIT_NETWORK;
	}
}

void lrd_cli_exit_print(FILE *out)
{
#define LRD_EXIT(name, number, text) fprintf(out, "  %3d  %s\n", number, text);
#include "tools/exits.def"
}
