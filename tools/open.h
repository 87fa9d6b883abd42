/* SPDX-License-Identifier: MIT */
/* open.h - the store that a command looks into, which it never creates. */
#ifndef LRD_TOOLS_OPEN_H
#define LRD_TOOLS_OPEN_H

#include "store/store.h"
#include "tools/command.h"

/* Returns 0 with *out open, or an exit code after a message. */
int lrd_cli_open_store(const struct lrd_cli *cli, struct lrd_store **out);

#endif
