/* SPDX-License-Identifier: MIT */
/* columns.h - the columns of a list of entries: their names, what they print, how they sort. */
#ifndef LRD_TOOLS_COLUMNS_H
#define LRD_TOOLS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/entry.h"

enum lrd_cli_column {
	LRD_CLI_COLUMN_STATE,
	LRD_CLI_COLUMN_STATUS,
	LRD_CLI_COLUMN_AGE,
	LRD_CLI_COLUMN_TTL,
	LRD_CLI_COLUMN_SIZE,
	LRD_CLI_COLUMN_PARTITION,
	LRD_CLI_COLUMN_STORED,
	LRD_CLI_COLUMN_EXPIRES,
	LRD_CLI_COLUMN_URL,
	LRD_CLI_COLUMNS
};

/* "state, status, ...", for messages. */
#define LRD_CLI_COLUMN_NAMES \
	"state, status, age, ttl, size, partition, stored, expires, url"

/* False, *out untouched, when no column is called so. */
bool lrd_cli_column_find(larder_slice name, enum lrd_cli_column *out);

/* One line to stdout: the names, or what the entry has in these columns; escaped. */
void lrd_cli_columns_print_names(const enum lrd_cli_column *columns, size_t count);
void lrd_cli_columns_print(const enum lrd_cli_column *columns, size_t count,
			   const struct lrd_cli_entry *entry);

/* <0, 0, >0: the order of two entries by one column. */
int lrd_cli_column_compare(enum lrd_cli_column column, const struct lrd_cli_entry *a,
			   const struct lrd_cli_entry *b);

#endif
