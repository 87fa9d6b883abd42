/* SPDX-License-Identifier: MIT */
/*
 * check.c - the full check: every record, every row, every id, both ways.
 *
 * One snapshot, so that all findings belong to one moment. Ids that records and the garbage
 * list name are collected first and sorted; the rows, sorted by nature, are then merged with
 * them.
 */
#include "store/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/env.h"
#include "store/key.h"
#include "store/lmdb.h"
#include "store/pages.h"
#include "store/read.h"
#include "store/record.h"
#include "store/rows.h"

/* An id and who names it. */
struct link {
	uint64_t id;
	uint64_t len;  /* bytes in its rows; of garbage unknown */
	uint64_t hash; /* the record's; 0: the garbage list */
	uint64_t rows; /* found */
};

struct checker {
	struct lrd_mount *mount;
	struct lrd_read *read;
	struct lrd_check *found;
	void (*report)(const char *line, void *ctx);
	void *ctx;
	struct lrd_check_lists *lists; /* may be NULL */
	struct link *links;
	size_t count;
	size_t size;
};

static void LARDER_PRINTF(2, 3) tell(const struct checker *c, const char *format, ...)
{
	char line[256];
	va_list args;

	if (!c->report)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	c->report(line, c->ctx);
}

static int blame(struct checker *c, uint64_t hash)
{
	return c->lists ? lrd_check_list_add(&c->lists->entries, hash) : 0;
}

static int add_link(struct checker *c, uint64_t id, uint64_t len, uint64_t hash)
{
	if (c->count == c->size) {
		size_t size = c->size ? 2 * c->size : 1024;
		struct link *links = realloc(c->links, size * sizeof(*links));

		if (!links)
			return LARDER_ENOMEM;
		c->links = links;
		c->size = size;
	}
	c->links[c->count++] = (struct link){ .id = id, .len = len, .hash = hash };
	return 0;
}

/* One record: its bytes, its texts, its place, its inline body. */
static int check_record(struct checker *c, uint64_t hash, const MDB_val *value)
{
	struct lrd_lookup lookup = lrd_read_lookup(c->read);
	struct lrd_record record;
	struct lrd_record_links links;
	int rc = lrd_record_decode(value->mv_data, value->mv_size, hash, &record, &links);

	c->found->entries++;
	if (rc < 0) {
		c->found->bad_records++;
		tell(c, "record %016" PRIx64 ": checksum or bounds are wrong", hash);
		return blame(c, hash);
	}
	/* Where this fails its texts are damaged rows, which are found as such below. */
	rc = lrd_lookup_value(&lookup, hash, value, &record, &links);
	if (rc == LARDER_ENOMEM)
		return rc;
	if (rc == 0 && lrd_key_hash(c->mount, record.partition, record.name) != hash) {
		c->found->bad_records++;
		tell(c, "record %016" PRIx64 ": stands under another key's hash", hash);
		rc = blame(c, hash);
	}
	if (!record.body_id &&
	    lrd_record_body_sum(record.inline_body.ptr, record.inline_body.len, hash) !=
		    record.body_sum) {
		c->found->bad_records++;
		tell(c, "record %016" PRIx64 ": the body's checksum is wrong", hash);
		rc = blame(c, hash);
	}
	c->found->bytes += value->mv_size;
	if (rc != LARDER_ENOMEM)
		rc = 0;
	if (rc == 0 && record.body_id)
		rc = add_link(c, record.body_id, record.body_len, hash);
	if (rc == 0 && links.text_id)
		rc = add_link(c, links.text_id, links.text_len, hash);
	lrd_scratch_free(lookup.place->scratch);
	lookup.place->scratch = NULL;
	return rc;
}

static int check_garbage(struct checker *c, uint64_t id, const MDB_val *value)
{
	if (value->mv_size != 8 || id == 0 || id > LRD_BODY_ID_MAX) {
		c->found->bad_links++;
		tell(c, "garbage list: %" PRIu64 " is no body id, or its value no number",
		     id);
		return c->lists ? lrd_check_list_add(&c->lists->garbage, id) : 0;
	}
	return add_link(c, id, 0, 0);
}

/* Calls `visit` for each pair of a table. */
static int each(struct checker *c, enum lrd_tree_id tree,
		int (*visit)(struct checker *c, uint64_t key, const MDB_val *value))
{
	struct lrd_tree_cursor cursor;
	MDB_val v;
	uint64_t key = 0;
	int rc = lrd_tree_seek(&cursor, &c->read->at->snapshot, tree, 0, &key, &v);

	while (rc == 0) {
		rc = visit(c, key, &v);
		if (rc == 0)
			rc = lrd_tree_next(&cursor, &key, &v);
	}
	return rc == LARDER_ENOTFOUND ? 0 : rc;
}

static int compare_links(const void *a, const void *b)
{
	const struct link *x = a;
	const struct link *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int check_row(struct checker *c, uint64_t key, const MDB_val *value)
{
	struct link wanted = { .id = key >> LRD_ROW_BITS };
	uint64_t row = key & ((UINT64_C(1) << LRD_ROW_BITS) - 1);
	struct link *link = c->count ? bsearch(&wanted, c->links, c->count,
					       sizeof(wanted), compare_links)
				     : NULL;

	c->found->rows++;
	c->found->bytes += value->mv_size;
	if (!link) {
		c->found->orphan_rows++;
		tell(c, "row %" PRIu64 ".%" PRIu64 ": no record names its body",
		     wanted.id, row);
		if (!c->lists ||
		    (c->lists->orphans.count > 0 &&
		     c->lists->orphans.items[c->lists->orphans.count - 1] == wanted.id))
			return 0;
		return lrd_check_list_add(&c->lists->orphans, wanted.id);
	}
	if (link->hash == 0)
		return 0; /* garbage may be half freed, or half written */
	link->rows++;
	if (!lrd_rows_check(value, key, link->len)) {
		c->found->bad_rows++;
		tell(c, "row %" PRIu64 ".%" PRIu64 ": checksum or length is wrong",
		     link->id, row);
		return blame(c, link->hash);
	}
	return 0;
}

static int check_links(struct checker *c)
{
	int rc = 0;

	for (size_t i = 0; i + 1 < c->count && rc == 0; i++) {
		if (c->links[i].id != c->links[i + 1].id)
			continue;
		c->found->bad_links++;
		tell(c, "body %" PRIu64 ": named twice, by %016" PRIx64 " and %016" PRIx64,
		     c->links[i].id, c->links[i].hash, c->links[i + 1].hash);
		if (c->links[i].hash)
			rc = blame(c, c->links[i].hash);
		if (rc == 0 && c->links[i + 1].hash)
			rc = blame(c, c->links[i + 1].hash);
	}
	return rc;
}

static int check_missing(struct checker *c)
{
	int rc = 0;

	for (size_t i = 0; i < c->count && rc == 0; i++) {
		const struct link *link = &c->links[i];
		uint64_t wanted = lrd_rows_count(link->len);

		if (link->hash == 0 || link->rows >= wanted)
			continue;
		c->found->missing_rows += wanted - link->rows;
		tell(c,
		     "record %016" PRIx64 ": %" PRIu64 " of %" PRIu64 " rows are missing",
		     link->hash, wanted - link->rows, wanted);
		rc = blame(c, link->hash);
	}
	return rc;
}

/* Everything that records and rows say; damage in their trees ends it. */
static int check_entries(struct checker *c)
{
	int rc = each(c, LRD_TREE_ENTRIES, check_record);

	if (rc == 0)
		rc = each(c, LRD_TREE_GARBAGE, check_garbage);
	if (rc == 0) {
		if (c->count > 1)
			qsort(c->links, c->count, sizeof(c->links[0]), compare_links);
		rc = check_links(c);
	}
	if (rc == 0)
		rc = each(c, LRD_TREE_ROWS, check_row);
	return rc == 0 ? check_missing(c) : rc;
}

/* `snapshot` NULL: nothing can be read through the trees, so look at the file alone. */
static int check_pages(struct checker *c, const struct lrd_snapshot *snapshot)
{
	struct lrd_pages pages = { 0 };
	mdb_filehandle_t fd;
	int rc;

	if (mdb_env_get_fd(c->mount->env, &fd) != 0)
		return LARDER_EIO;
	rc = lrd_pages_check(fd, snapshot, &pages, c->report, c->ctx);
	c->found->pages = pages.pages;
	c->found->free_pages = pages.free_pages;
	c->found->bad_pages = pages.bad_pages;
	c->found->lost_pages = pages.lost_pages;
	return rc;
}

static bool any_finding(const struct lrd_check *found)
{
	return found->bad_records + found->bad_rows + found->missing_rows +
		       found->orphan_rows + found->bad_links + found->bad_pages +
		       found->bad_slots >
	       0;
}

void lrd_check_lists_free(struct lrd_check_lists *lists)
{
	free(lists->entries.items);
	free(lists->garbage.items);
	free(lists->orphans.items);
}

static int check_unreadable(struct lrd_store *store, struct checker *c)
{
	int rc = lrd_env_enter(store->env, &c->mount);

	if (rc < 0)
		return rc;
	rc = check_pages(c, NULL);
	if (rc == 0 && c->found->bad_pages == 0) {
		tell(c, "data.mdb: its tables cannot be found");
		c->found->bad_pages++;
	}
	lrd_mount_leave(c->mount);
	return rc;
}

int lrd_check_run(struct lrd_store *store, struct lrd_check *found,
		  struct lrd_check_lists *lists,
		  void (*report)(const char *line, void *ctx), void *ctx)
{
	struct lrd_check result = { 0 };
	struct checker c = {
		.found = &result, .report = report, .ctx = ctx, .lists = lists
	};
	struct lrd_read read;
	int rc = lrd_read_begin(store, &read);

	if (rc == LARDER_ECORRUPT) {
		rc = check_unreadable(store, &c);
	} else if (rc == 0) {
		c.mount = read.mount;
		c.read = &read;
		rc = check_pages(&c, &read.at->snapshot);
		if (rc == 0)
			rc = check_entries(&c);
		/* Reported already, if the pages were looked at rightly. */
		if (rc == LARDER_ECORRUPT) {
			result.bad_pages += result.bad_pages == 0;
			rc = 0;
		}
		lrd_read_end(&read);
	}
	free(c.links);
	if (rc < 0)
		return rc;
	*found = result;
	return any_finding(&result) ? 1 : 0;
}

int lrd_store_check(struct lrd_store *store, struct lrd_check *found,
		    void (*report)(const char *line, void *ctx), void *ctx)
{
	return lrd_check_run(store, found, NULL, report, ctx);
}
