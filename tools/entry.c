/* SPDX-License-Identifier: MIT */
/* entry.c - an entry of the store as an operator sees it, copied out of the store. */
#include "tools/entry.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "tools/command.h"

bool lrd_cli_entry_is_response(const struct lrd_record *record)
{
	return record->kind == LRD_KIND_RESPONSE;
}

bool lrd_cli_entry_is_mark(const struct lrd_record *record)
{
	return record->kind != LRD_KIND_RESPONSE && record->kind != LRD_KIND_VALUE;
}

larder_slice lrd_cli_entry_name(const struct lrd_record *record)
{
	/* A normalised URL holds no '#'; behind one stands which variant it is. */
	if (record->kind == LRD_KIND_VALUE)
		return record->name;
	return lrd_slice_first(record->name, lrd_slice_find(record->name, '#'));
}

bool lrd_cli_entry_state_known(const char *text)
{
	larder_slice rest = LRD_SLICE(LRD_CLI_STATES);
	larder_slice state;

	while (lrd_slice_split(&rest, ',', &state)) {
		if (lrd_slice_equal(lrd_slice_trim(state), lrd_slice_cstr(text)))
			return true;
	}
	return false;
}

larder_slice lrd_cli_entry_partition(const struct lrd_cli_entry *entry)
{
	return entry->record.partition.len > 0 ? entry->record.partition
					       : LRD_SLICE(LRD_CLI_ANONYMOUS);
}

/* Age, freshness and state of a response; a head that does not read leaves it a mark. */
static void judge_response(struct lrd_cli_entry *entry, int64_t now)
{
	const struct lrd_freshness *fresh = &entry->response.fresh;
	bool marked = entry->record.marks & LRD_MARK_STALE;

	if (lrd_response_decode(entry->record.head, &entry->response) < 0)
		return;
	entry->status = entry->response.status;
	entry->age_s = lrd_freshness_age(fresh, now);
	entry->ttl_s = lrd_i64_sub_sat(fresh->lifetime_s, entry->age_s);
	entry->state = entry->ttl_s > 0 && !lrd_freshness_must_ask(fresh, marked, now)
			       ? "fresh"
			       : "stale";
}

/* Copies one slice to *at and moves it behind its NUL. */
static larder_slice place(char **at, larder_slice bytes)
{
	larder_slice copy = { *at, bytes.len };

	if (bytes.len > 0)
		memcpy(*at, bytes.ptr, bytes.len);
	(*at)[bytes.len] = '\0';
	*at += bytes.len + 1;
	return copy;
}

int lrd_cli_entry_copy(const struct lrd_record *record, int64_t now,
		       struct lrd_cli_entry *out)
{
	struct lrd_cli_entry entry = { .record = *record, .state = "mark" };
	char *at = malloc(record->partition.len + record->name.len + record->head.len + 3);

	if (!at)
		return LARDER_ENOMEM;
	entry.block = at;
	entry.record.partition = place(&at, record->partition);
	entry.record.name = place(&at, record->name);
	entry.record.head = place(&at, record->head);
	entry.record.inline_body = (larder_slice){ NULL, 0 };
	entry.name = lrd_cli_entry_name(&entry.record);
	entry.age_s = lrd_i64_sub_sat(now, record->stored_at);
	entry.ttl_s =
		record->expires_at ? lrd_i64_sub_sat(record->expires_at, now) : INT64_MIN;
	if (record->kind == LRD_KIND_VALUE)
		entry.state = "value";
	else if (record->kind == LRD_KIND_RESPONSE)
		judge_response(&entry, now);
	*out = entry;
	return LARDER_OK;
}

void lrd_cli_entry_release(struct lrd_cli_entry *entry)
{
	free(entry->block);
	*entry = (struct lrd_cli_entry){ .block = NULL };
}
