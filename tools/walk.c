/* SPDX-License-Identifier: MIT */
/* walk.c - the entries of a store that a filter lets through, one after the other. */
#include "tools/walk.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/uri.h"

enum {
	SLICE = 256, /* entries copied in one read transaction */
	URL_MAX = LRD_KEY_MAX
};

void lrd_cli_filter_init(struct lrd_cli_filter *filter)
{
	*filter = (struct lrd_cli_filter){ .partition = NULL };
	lrd_buf_init(&filter->url, URL_MAX, NULL);
	lrd_buf_init(&filter->prefix, URL_MAX, NULL);
	lrd_buf_init(&filter->origin, URL_MAX, NULL);
}

void lrd_cli_filter_release(struct lrd_cli_filter *filter)
{
	lrd_buf_release(&filter->url);
	lrd_buf_release(&filter->prefix);
	lrd_buf_release(&filter->origin);
}

int lrd_cli_filter_set_url(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			   const char *text)
{
	struct lrd_uri uri;
	int rc = lrd_uri_parse(lrd_slice_cstr(text), &uri);

	if (rc == 0 && !lrd_uri_is_http(&uri) && !lrd_uri_is_https(&uri))
		rc = LARDER_EURL;
	lrd_buf_clear(&filter->url);
	if (rc == 0)
		rc = lrd_uri_normalise(&uri, &filter->url);
	return rc < 0 ? lrd_cli_message_failure(cli, text, rc, NULL) : 0;
}

int lrd_cli_filter_set_prefix(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			      const char *text)
{
	struct lrd_uri uri;
	int rc;

	lrd_buf_clear(&filter->prefix);
	/* Names are normalised; a prefix that reaches into the path can be so too. */
	if (lrd_uri_parse(lrd_slice_cstr(text), &uri) == 0 && uri.path.len > 0 &&
	    lrd_uri_normalise(&uri, &filter->prefix) == 0)
		return 0;
	lrd_buf_clear(&filter->prefix);
	rc = lrd_buf_append_cstr(&filter->prefix, text);
	return rc < 0 ? lrd_cli_message_failure(cli, text, rc, NULL) : 0;
}

int lrd_cli_filter_set_origin(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			      const char *text)
{
	struct lrd_uri uri;
	int rc = lrd_uri_parse(lrd_slice_cstr(text), &uri);

	lrd_buf_clear(&filter->origin);
	if (rc == 0)
		rc = lrd_uri_origin(&uri, &filter->origin);
	if (rc == 0)
		rc = lrd_buf_append_char(&filter->origin, '/');
	if (rc == LARDER_EURL)
		return lrd_cli_message_usage(
			cli, "--origin '%s': expected one like https://example.org", text);
	return rc < 0 ? lrd_cli_message_failure(cli, text, rc, NULL) : 0;
}

int lrd_cli_filter_set_state(const struct lrd_cli *cli, struct lrd_cli_filter *filter,
			     const char *text)
{
	if (!lrd_cli_entry_state_known(text))
		return lrd_cli_message_usage(cli, "--state '%s': one of %s", text,
					     LRD_CLI_STATES);
	filter->state = text;
	return 0;
}

/* What can be told without decoding the head, so that a walk over a million is quick. */
static bool name_passes(const struct lrd_cli_filter *filter,
			const struct lrd_record *record)
{
	larder_slice name = lrd_cli_entry_name(record);

	if (filter->partition &&
	    !lrd_slice_equal(record->partition, lrd_slice_cstr(filter->partition)))
		return false;
	if (filter->url.len > 0 && !lrd_slice_equal(name, lrd_buf_slice(&filter->url)))
		return false;
	if (filter->url.len > 0 && !lrd_cli_entry_is_response(record))
		return false;
	return lrd_slice_starts(name, lrd_buf_slice(&filter->prefix)) &&
	       lrd_slice_starts(name, lrd_buf_slice(&filter->origin));
}

/* One slice of a walk. */
struct batch {
	const struct lrd_cli_filter *filter;
	int64_t now;
	struct lrd_cli_entry entries[SLICE];
	size_t count;
};

static int copy_entry(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct batch *batch = ctx;
	struct lrd_cli_entry *entry = &batch->entries[batch->count];
	int rc;

	(void)read;
	if (!name_passes(batch->filter, record))
		return 0;
	if (!batch->filter->marks && lrd_cli_entry_is_mark(record))
		return 0;
	rc = lrd_cli_entry_copy(record, batch->now, entry);
	if (rc < 0)
		return rc;
	if (batch->filter->state && strcmp(batch->filter->state, entry->state) != 0)
		lrd_cli_entry_release(entry);
	else
		batch->count++;
	return 0;
}

int lrd_cli_walk(struct lrd_store *store, const struct lrd_cli_filter *filter, int64_t now,
		 int (*visit)(struct lrd_cli_entry *entry, void *ctx), void *ctx)
{
	struct batch *batch = malloc(sizeof(*batch));
	uint64_t cursor = 0;
	int more = 1;
	int rc = 0;

	if (!batch)
		return LARDER_ENOMEM;
	batch->filter = filter;
	batch->now = now;
	while (rc == 0 && more == 1) {
		batch->count = 0;
		more = lrd_store_walk(store, &cursor, SLICE, now, copy_entry, batch);
		for (size_t i = 0; i < batch->count; i++) {
			if (rc == 0 && more >= 0)
				rc = visit(&batch->entries[i], ctx);
			lrd_cli_entry_release(&batch->entries[i]);
		}
	}
	free(batch);
	return rc != 0 ? rc : more < 0 ? more : 0;
}

static int keep(struct lrd_cli_entry *entry, void *ctx)
{
	struct lrd_cli_entries *entries = ctx;

	if (entries->count == entries->size) {
		size_t size = entries->size ? 2 * entries->size : 256;
		struct lrd_cli_entry *grown = realloc(entries->at, size * sizeof(*grown));

		if (!grown)
			return LARDER_ENOMEM;
		entries->at = grown;
		entries->size = size;
	}
	entries->at[entries->count++] = *entry;
	*entry = (struct lrd_cli_entry){ .block = NULL };
	return 0;
}

int lrd_cli_collect(struct lrd_store *store, const struct lrd_cli_filter *filter,
		    int64_t now, struct lrd_cli_entries *entries)
{
	return lrd_cli_walk(store, filter, now, keep, entries);
}

void lrd_cli_entries_release(struct lrd_cli_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		lrd_cli_entry_release(&entries->at[i]);
	free(entries->at);
	*entries = (struct lrd_cli_entries){ .at = NULL };
}
