/* SPDX-License-Identifier: MIT */
/* exits.h - exit codes by name, and which one an error of the library becomes. */
#ifndef LRD_TOOLS_EXITS_H
#define LRD_TOOLS_EXITS_H

#include <stdio.h>

enum lrd_exit {
#define LRD_EXIT(name, number, text) LRD_EXIT_##name = number,
#include "tools/exits.def"
};

/* The exit code for a LARDER_E* error; LRD_EXIT_NETWORK for a number that is none. */
int lrd_cli_exit_for(int code);

/* Writes the table, one code a line. */
void lrd_cli_exit_print(FILE *out);

#endif
