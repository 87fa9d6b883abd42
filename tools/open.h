/* SPDX-License-Identifier: MIT */
/* open.h - the store that a command looks into, which it never creates. */
#ifndef LRD_TOOLS_OPEN_H
#define LRD_TOOLS_OPEN_H

#include "store/store.h"
#include "tools/command.h"

/* Returns 0 with *out open, or an exit code after a message. */
int lrd_cli_open_store(const struct lrd_cli *cli, struct lrd_store **out);

/* Says why the store could not be opened. Returns the exit code. */
int lrd_cli_open_failed(const struct lrd_cli *cli, int rc, const larder_error *err);

#endif
