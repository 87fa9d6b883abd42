/* SPDX-License-Identifier: MIT */
/* pages.c - the structure of data.mdb, page by page, by pread(2) alone. */
#include "store/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <larder/types.h>

#include "store/page.h"
#include "sys/error.h"
#include "sys/file.h"

enum { REPORTS_MAX = 100 };

struct walker {
	int fd;
	uint64_t pages;       /* of this state; the file has as many */
	unsigned char *taken; /* a bit for each page */
	struct lrd_pages *found;
	void (*report)(const char *line, void *ctx);
	void *ctx;
	int rc; /* EIO: nothing more can be said */
	unsigned char page[LRD_TREE_DEPTH_MAX + 1][LRD_PAGE];
};

/* One tree while it is walked. */
struct walk {
	struct walker *w;
	const char *name;
	struct lrd_tree_root root;
	struct lrd_tree_root seen; /* what was counted */
	bool any_key;              /* the table of tables */
	bool lists;                /* the free list */
};

static void LARDER_PRINTF(2, 3) bad(struct walker *w, const char *format, ...)
{
	char line[256];
	va_list args;

	w->found->bad_pages++;
	if (!w->report || w->found->bad_pages > REPORTS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	w->report(line, w->ctx);
}

static bool read_page(struct walker *w, uint64_t number, unsigned char *page)
{
	ssize_t got = pread(w->fd, page, LRD_PAGE, (off_t)(number * LRD_PAGE));

	if (got == LRD_PAGE)
		return true;
	if (got < 0)
		w->rc = lrd_error_from_errno(errno);
	else
		bad(w, "page %" PRIu64 ": the file ends before it", number);
	return false;
}

/* Notes that a page is in use, or free. False: it is none, or was noted before. */
static bool take(struct walker *w, uint64_t number, const char *by)
{
	unsigned char bit = (unsigned char)(1U << (number % 8));

	if (number < 2 || number >= w->pages) {
		bad(w, "%s: names page %" PRIu64 ", which the file does not have", by,
		    number);
		return false;
	}
	if (w->taken[number / 8] & bit) {
		bad(w, "page %" PRIu64 ": in use twice, now by %s", number, by);
		return false;
	}
	w->taken[number / 8] |= bit;
	w->found->pages++;
	return true;
}

/* The pages in one list of free ones: falling numbers, each free once. */
static void check_list(struct walk *t, uint64_t key, const unsigned char *list,
		       uint64_t bytes)
{
	uint64_t count = bytes >= 8 ? lrd_page_u64(list) : 0;
	uint64_t last = UINT64_MAX;

	if (bytes < 8 || bytes % 8 != 0 || count > bytes / 8 - 1) {
		bad(t->w,
		    "free list: the list of transaction %" PRIu64 " has no sound length",
		    key);
		return;
	}
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t number = lrd_page_u64(list + 8 * i);

		if (number >= last)
			bad(t->w, "free list: page %" PRIu64 " is out of order", number);
		last = number;
		if (take(t->w, number, "the free list"))
			t->w->found->free_pages++;
	}
}

/* A value on pages of its own. */
static void check_big(struct walk *t, uint64_t key, uint64_t number, uint64_t bytes)
{
	uint64_t span = (bytes + LRD_PAGE_HEAD + LRD_PAGE - 1) / LRD_PAGE;
	unsigned char *value;

	t->seen.overflow_pages += span;
	if (span > t->w->pages || (!t->lists && span != 1)) {
		bad(t->w, "%s: a value of %" PRIu64 " bytes", t->name, bytes);
		return;
	}
	for (uint64_t i = 0; i < span; i++) {
		if (!take(t->w, number + i, t->name))
			return;
	}
	value = malloc((size_t)span * LRD_PAGE);
	if (!value) {
		t->w->rc = LARDER_ENOMEM;
		return;
	}
	for (uint64_t i = 0; i < span; i++) {
		if (!read_page(t->w, number + i, value + i * LRD_PAGE))
			goto out;
	}
	if (!lrd_page_is(value, number, LRD_PAGE_OVERFLOW) ||
	    lrd_page_u32(value + 12) != span)
		bad(t->w, "page %" PRIu64 ": its head is not that of a value in %s",
		    number, t->name);
	else if (t->lists)
		check_list(t, key, value + LRD_PAGE_HEAD, bytes);
out:
	free(value);
}

static void check_node(struct walk *t, const unsigned char *node)
{
	uint64_t key = lrd_page_u64(node + LRD_NODE_HEAD);
	uint64_t bytes = lrd_page_u32(node);
	const unsigned char *data = node + LRD_NODE_HEAD + lrd_page_u16(node + 6);

	t->seen.entries++;
	if (lrd_page_u16(node + 4) == LRD_NODE_BIG)
		check_big(t, key, lrd_page_u64(data), bytes);
	else if (t->lists)
		check_list(t, key, data, bytes);
}

/* Keys of a page in order, within what its parent says. Names of tables have their own order. */
static void check_keys(struct walk *t, const unsigned char *page, uint64_t number,
		       bool branch, uint64_t low, uint64_t high)
{
	int count = lrd_page_nodes(page);
	uint64_t last = low;

	for (int i = branch ? 1 : 0; i < count; i++) {
		uint64_t key = lrd_page_u64(page + lrd_page_offset(page, (uint32_t)i) +
					    LRD_NODE_HEAD);

		if (key < last || key > high || (key == last && i > (branch ? 1 : 0))) {
			bad(t->w, "page %" PRIu64 ": keys of %s are out of order", number,
			    t->name);
			return;
		}
		last = key;
	}
}

static void check_page(struct walk *t, uint64_t number, uint32_t level, uint64_t low,
		       uint64_t high)
{
	unsigned char *page = t->w->page[level];
	bool branch = level + 1 < t->root.depth;
	int count;

	if (!take(t->w, number, t->name) || !read_page(t->w, number, page))
		return;
	if (!lrd_page_sound(page, number, branch ? LRD_PAGE_BRANCH : LRD_PAGE_LEAF,
			    t->w->pages, t->any_key)) {
		bad(t->w, "page %" PRIu64 ": head or nodes of this %s of %s are damaged",
		    number, branch ? "branch" : "leaf", t->name);
		return;
	}
	if (!t->any_key)
		check_keys(t, page, number, branch, low, high);
	count = lrd_page_nodes(page);
	if (!branch) {
		t->seen.leaf_pages++;
		for (int i = 0; i < count && t->w->rc == 0; i++)
			check_node(t, page + lrd_page_offset(page, (uint32_t)i));
		return;
	}
	t->seen.branch_pages++;
	for (int i = 0; i < count && t->w->rc == 0; i++) {
		const unsigned char *node = page + lrd_page_offset(page, (uint32_t)i);
		uint64_t from = i == 0 ? low : lrd_page_u64(node + LRD_NODE_HEAD);
		uint64_t to = high;

		if (i + 1 < count)
			to = lrd_page_u64(page + lrd_page_offset(page, (uint32_t)i + 1) +
					  LRD_NODE_HEAD) -
			     1;
		check_page(t, lrd_node_child(node), level + 1, from, to);
	}
}

static void check_tree(struct walker *w, const char *name,
		       const struct lrd_tree_root *root, bool any_key, bool lists)
{
	struct walk t = {
		.w = w, .name = name, .root = *root, .any_key = any_key, .lists = lists
	};
	uint64_t bad_before = w->found->bad_pages;

	if (root->depth > LRD_TREE_DEPTH_MAX) {
		bad(w, "%s: a tree of %u levels", name, root->depth);
		return;
	}
	if (root->depth > 0)
		check_page(&t, root->page, 0, 0, UINT64_MAX);
	/* After a finding below the counts cannot be right. */
	if (w->rc == 0 && bad_before == w->found->bad_pages &&
	    (t.seen.entries != root->entries || t.seen.leaf_pages != root->leaf_pages ||
	     t.seen.branch_pages != root->branch_pages ||
	     t.seen.overflow_pages != root->overflow_pages))
		bad(w, "%s: its head counts %" PRIu64 " entries, and there are %" PRIu64,
		    name, root->entries, t.seen.entries);
}

/* Reads the meta pages: a finding for each that is no meta page; the state to be checked. */
static bool load_state(struct walker *w, const struct lrd_snapshot *wanted,
		       struct lrd_snapshot *out)
{
	bool any = false;

	for (uint64_t i = 0; i < 2; i++) {
		unsigned char *page = w->page[0];
		struct lrd_snapshot s = { 0 };
		const char *why = NULL;

		if (!read_page(w, i, page))
			continue;
		if (lrd_page_u32(page + LRD_META_MAGIC_AT) != LRD_META_MAGIC)
			why = "is no meta page of LMDB";
		else if (lrd_page_u32(page + LRD_META_VERSION_AT) != LRD_META_VERSION)
			why = "is of another LMDB format";
		else if (!lrd_page_is(page, i, LRD_PAGE_META) ||
			 lrd_page_u32(page + LRD_META_FREE_AT) != LRD_PAGE)
			why = "has a damaged head";
		if (why) {
			bad(w, "page %" PRIu64 ": %s", i, why);
			continue;
		}
		s.txnid = lrd_page_u64(page + LRD_META_TXNID_AT);
		s.pages = lrd_page_u64(page + LRD_META_LAST_AT) + 1;
		lrd_tree_get_root(page + LRD_META_FREE_AT, &s.unused);
		lrd_tree_get_root(page + LRD_META_MAIN_AT, &s.main);
		if (!any || s.txnid > out->txnid)
			*out = s;
		any = true;
	}
	if (wanted)
		*out = *wanted;
	return any || wanted != NULL;
}

/* The three tables by their heads in the table of tables. */
static void check_tables(struct walker *w, const struct lrd_snapshot *s)
{
	unsigned char page[LRD_PAGE];
	int count;

	if (s->main.depth != 1) {
		bad(w, "the table of tables has %u levels", s->main.depth);
		return;
	}
	if (!read_page(w, s->main.page, page))
		return;
	/* check_tree() has found it sound. */
	count = lrd_page_nodes(page);
	for (int i = 0; i < count; i++) {
		const unsigned char *node = page + lrd_page_offset(page, (uint32_t)i);
		struct lrd_tree_root root;
		char name[24];

		if (lrd_page_u16(node + 4) != LRD_NODE_TABLE ||
		    lrd_page_u32(node) != LRD_TABLE_SIZE) {
			bad(w, "the table of tables has an entry that is none");
			continue;
		}
		(void)snprintf(name, sizeof(name), "%.*s", (int)lrd_page_u16(node + 6),
			       (const char *)node + LRD_NODE_HEAD);
		lrd_tree_get_root(node + LRD_NODE_HEAD + lrd_page_u16(node + 6), &root);
		check_tree(w, name, &root, false, false);
	}
	if (count != LRD_TREE_COUNT)
		bad(w, "there are %d tables, not %d", count, LRD_TREE_COUNT);
}

static void count_lost(struct walker *w)
{
	for (uint64_t i = 2; i < w->pages; i++)
		w->found->lost_pages += !(w->taken[i / 8] >> (i % 8) & 1);
}

static void check_state(struct walker *w, const struct lrd_snapshot *s)
{
	uint64_t before;

	check_tree(w, "the free list", &s->unused, false, true);
	before = w->found->bad_pages;
	check_tree(w, "the table of tables", &s->main, true, false);
	if (w->rc == 0 && before == w->found->bad_pages)
		check_tables(w, s);
	/* Behind a damaged page there are others that nobody led to. */
	if (w->rc == 0 && w->found->bad_pages == 0)
		count_lost(w);
}

int lrd_pages_check(int fd, const struct lrd_snapshot *snapshot, struct lrd_pages *out,
		    void (*report)(const char *line, void *ctx), void *ctx)
{
	struct lrd_pages found = { 0 };
	struct lrd_snapshot state = { 0 };
	struct lrd_file_facts facts;
	struct walker *w = calloc(1, sizeof(*w));
	int rc = lrd_file_facts(fd, &facts);

	if (!w)
		return LARDER_ENOMEM;
	w->fd = fd;
	w->found = &found;
	w->report = report;
	w->ctx = ctx;
	if (rc == 0 && load_state(w, snapshot, &state)) {
		w->pages = state.pages;
		if (w->pages > facts.size_bytes / LRD_PAGE) {
			bad(w, "the file has %" PRIu64 " pages of %" PRIu64 ": it was cut",
			    facts.size_bytes / LRD_PAGE, w->pages);
			w->pages = facts.size_bytes / LRD_PAGE;
		}
		w->taken = calloc(1, (size_t)(w->pages / 8 + 1));
		if (!w->taken)
			w->rc = LARDER_ENOMEM;
		else
			check_state(w, &state);
	}
	if (rc == 0)
		rc = w->rc;
	if (rc == 0)
		*out = found;
	free(w->taken);
	free(w);
	return rc;
}
