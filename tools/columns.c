/* SPDX-License-Identifier: MIT */
/* columns.c - the columns of a list of entries: their names, what they print, how they sort. */
#include "tools/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tools/text.h"

/* Negative widths are set left, the others right; a last column is never padded. */
static const struct {
	const char *name;
	int width;
} facts[LRD_CLI_COLUMNS] = {
	[LRD_CLI_COLUMN_STATE] = { "state", -6 },
	[LRD_CLI_COLUMN_STATUS] = { "status", 6 },
	[LRD_CLI_COLUMN_AGE] = { "age", 8 },
	[LRD_CLI_COLUMN_TTL] = { "ttl", 8 },
	[LRD_CLI_COLUMN_SIZE] = { "size", 10 },
	[LRD_CLI_COLUMN_PARTITION] = { "partition", -10 },
	[LRD_CLI_COLUMN_STORED] = { "stored", -20 },
	[LRD_CLI_COLUMN_EXPIRES] = { "expires", -20 },
	[LRD_CLI_COLUMN_URL] = { "url", -40 },
};

bool lrd_cli_column_find(larder_slice name, enum lrd_cli_column *out)
{
	for (int i = 0; i < LRD_CLI_COLUMNS; i++) {
		if (lrd_slice_equal(name, lrd_slice_cstr(facts[i].name))) {
			*out = (enum lrd_cli_column)i;
			return true;
		}
	}
	return false;
}

static const char *short_column(const struct lrd_cli_entry *entry,
				enum lrd_cli_column column, char out[LRD_TEXT_SIZE])
{
	switch (column) {
	case LRD_CLI_COLUMN_STATE:
		return entry->state;
	case LRD_CLI_COLUMN_STATUS:
		if (entry->status == 0)
			return "-";
		snprintf(out, LRD_TEXT_SIZE, "%" PRIu32, entry->status);
		return out;
	case LRD_CLI_COLUMN_AGE:
		return lrd_cli_text_duration(entry->age_s, out);
	case LRD_CLI_COLUMN_TTL:
		return entry->ttl_s == INT64_MIN
			       ? "-"
			       : lrd_cli_text_duration(entry->ttl_s, out);
	case LRD_CLI_COLUMN_SIZE:
		return lrd_cli_text_size(entry->record.body_len, out);
	case LRD_CLI_COLUMN_STORED:
		return lrd_cli_text_time(entry->record.stored_at, out);
	default:
		return lrd_cli_text_time(entry->record.expires_at, out);
	}
}

void lrd_cli_columns_print(const enum lrd_cli_column *columns, size_t count,
			   const struct lrd_cli_entry *entry)
{
	char text[LRD_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		enum lrd_cli_column column = columns[i];
		int width = i + 1 < count ? facts[column].width : 0;

		if (i > 0)
			fputs("  ", stdout);
		if (column == LRD_CLI_COLUMN_URL) {
			lrd_cli_text_print(stdout, entry->name);
		} else if (column == LRD_CLI_COLUMN_PARTITION) {
			larder_slice partition = lrd_cli_entry_partition(entry);

			lrd_cli_text_print(stdout, partition);
			for (size_t n = partition.len; (int)n < -width; n++)
				putchar(' ');
		} else {
			printf("%*s", width, short_column(entry, column, text));
		}
	}
	putchar('\n');
}

void lrd_cli_columns_print_names(const enum lrd_cli_column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int width = facts[columns[i]].width;

		printf("%s%*s", i ? "  " : "", i + 1 < count ? width : 0,
		       facts[columns[i]].name);
	}
	putchar('\n');
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int lrd_cli_column_compare(enum lrd_cli_column column, const struct lrd_cli_entry *a,
			   const struct lrd_cli_entry *b)
{
	switch (column) {
	case LRD_CLI_COLUMN_STATE:
		return strcmp(a->state, b->state);
	case LRD_CLI_COLUMN_STATUS:
		return compare_numbers(a->status, b->status);
	case LRD_CLI_COLUMN_AGE:
		return compare_numbers(a->age_s, b->age_s);
	case LRD_CLI_COLUMN_TTL:
		return compare_numbers(a->ttl_s, b->ttl_s);
	case LRD_CLI_COLUMN_SIZE:
		return compare_numbers((int64_t)a->record.body_len,
				       (int64_t)b->record.body_len);
	case LRD_CLI_COLUMN_PARTITION:
		return lrd_slice_compare(a->record.partition, b->record.partition);
	case LRD_CLI_COLUMN_STORED:
		return compare_numbers(a->record.stored_at, b->record.stored_at);
	case LRD_CLI_COLUMN_EXPIRES:
		return compare_numbers(a->record.expires_at, b->record.expires_at);
	default:
		return lrd_slice_compare(a->name, b->name);
	}
}
