/* SPDX-License-Identifier: MIT */
/* tree.c - the committed pages of data.mdb read by ourselves, every offset checked. */
#include "store/tree.h"

#include <sys/mman.h>

#include <larder/types.h>

#include "store/mount.h"
#include "store/page.h"
#include "sys/file.h"

int lrd_tree_map(struct lrd_mount *mount)
{
	struct lrd_file_facts facts;
	mdb_filehandle_t fd;
	void *map;

	if (mdb_env_get_fd(mount->env, &fd) != 0 || lrd_file_facts(fd, &facts) < 0)
		return LARDER_EIO;
	map = mmap(NULL, (size_t)mount->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return LARDER_ENOMEM;
	/* Hits jump about; pages ahead of them are of no use. A hint, so nothing can fail. */
	(void)madvise(map, (size_t)mount->map_bytes, MADV_RANDOM);
	mount->data = map;
	atomic_store(&mount->data_bytes, facts.size_bytes);
	return 0;
}

void lrd_tree_unmap(struct lrd_mount *mount)
{
	if (mount->data)
		(void)munmap((void *)(uintptr_t)mount->data, (size_t)mount->map_bytes);
	mount->data = NULL;
}

/* ---- snapshots --------------------------------------------------------------------------- */

void lrd_tree_get_root(const unsigned char *at, struct lrd_tree_root *out)
{
	out->depth = lrd_page_u16(at + 6);
	out->branch_pages = lrd_page_u64(at + 8);
	out->leaf_pages = lrd_page_u64(at + 16);
	out->overflow_pages = lrd_page_u64(at + 24);
	out->entries = lrd_page_u64(at + 32);
	out->page = lrd_page_u64(at + 40);
	if (out->page == LRD_PAGE_NONE)
		out->depth = 0;
}

/* Numbers of pages that are below: what the transaction knows of and the file has. */
static uint64_t page_count(struct lrd_mount *mount, uint64_t last)
{
	uint64_t bytes = atomic_load_explicit(&mount->data_bytes, memory_order_relaxed);
	uint64_t have = bytes / LRD_PAGE;

	if (last >= have) {
		struct lrd_file_facts facts;
		mdb_filehandle_t fd;

		/* The file has grown: once for some megabytes. */
		if (mdb_env_get_fd(mount->env, &fd) != 0 || lrd_file_facts(fd, &facts) < 0)
			return 0;
		atomic_store(&mount->data_bytes, facts.size_bytes);
		have = facts.size_bytes / LRD_PAGE;
	}
	if (have > mount->map_bytes / LRD_PAGE)
		have = mount->map_bytes / LRD_PAGE;
	return last < have ? last + 1 : have;
}

static const unsigned char *page_of(const struct lrd_snapshot *snapshot, uint64_t number,
				    uint32_t kind)
{
	const unsigned char *page;

	if (number < 2 || number >= snapshot->pages)
		return NULL;
	page = snapshot->map + number * LRD_PAGE;
	return lrd_page_is(page, number, kind) ? page : NULL;
}

/* Finds the three tables in the table of tables, which is one leaf. */
static int load_tables(struct lrd_snapshot *s)
{
	static const char *const names[LRD_TREE_COUNT] = { "entries", "rows", "garbage" };
	const unsigned char *page = page_of(s, s->main.page, LRD_PAGE_LEAF);
	uint32_t found = 0;
	int count;

	if (s->main.depth != 1 || !page)
		return LARDER_ECORRUPT;
	count = lrd_page_nodes(page);
	for (int i = 0; i < count; i++) {
		uint32_t at = lrd_page_offset(page, (uint32_t)i);
		uint32_t name_len;

		if (at + LRD_NODE_HEAD > LRD_PAGE)
			return LARDER_ECORRUPT;
		name_len = lrd_page_u16(page + at + 6);
		if (at + LRD_NODE_HEAD + name_len + LRD_TABLE_SIZE > LRD_PAGE)
			continue;
		for (uint32_t t = 0; t < LRD_TREE_COUNT; t++) {
			const unsigned char *name = page + at + LRD_NODE_HEAD;

			if (name_len != strlen(names[t]) ||
			    memcmp(name, names[t], name_len) != 0 ||
			    lrd_page_u16(page + at + 4) != LRD_NODE_TABLE ||
			    lrd_page_u32(page + at) != LRD_TABLE_SIZE)
				continue;
			lrd_tree_get_root(name + name_len, &s->trees[t]);
			if (s->trees[t].depth > LRD_TREE_DEPTH_MAX)
				return LARDER_ECORRUPT;
			found |= 1U << t;
		}
	}
	return found == (1U << LRD_TREE_COUNT) - 1 ? 0 : LARDER_ECORRUPT;
}

/*
 * How a copy of a meta page is known not to be torn. The page is written over by the commit after
 * the next, which begins only once the next one's meta page is whole: CALM, as long as that is not
 * to be seen. A writer killed between writing it and telling so leaves it to be seen for as long as
 * nobody writes: AGAIN, renews the transaction once the copy is made. The number that it had is
 * still the last that was told, so the commit after the next had not begun when the copy was made.
 * LAST: nobody else can write.
 */
enum patience { CALM, AGAIN, LAST };

/* Whether a read transaction has the same number when it begins anew. */
static bool comes_back(MDB_txn *txn, uint64_t txnid)
{
	mdb_txn_reset(txn);
	return mdb_txn_renew(txn) == 0 && mdb_txn_id(txn) == txnid;
}

/* `txn` is renewed where patience is AGAIN. */
static int load(struct lrd_mount *mount, MDB_txn *txn, uint64_t txnid,
		enum patience patience, struct lrd_snapshot *out)
{
	const unsigned char *map = mount->data;
	const unsigned char *meta = map + (txnid & 1) * LRD_PAGE;
	const unsigned char *other = map + (~txnid & 1) * LRD_PAGE;
	unsigned char copy[LRD_META_END];
	uint64_t newer;
	struct lrd_snapshot s = { .txnid = txnid, .map = map };
	int rc;

	memcpy(copy, meta, sizeof(copy));
	atomic_thread_fence(memory_order_acquire);
	newer = lrd_page_u64(other + LRD_META_TXNID_AT);
	if (newer > txnid && patience != LAST &&
	    (patience == CALM || newer != txnid + 1 || !comes_back(txn, txnid)))
		return LARDER_ECONFLICT;
	if (lrd_page_u64(copy + LRD_META_TXNID_AT) != txnid)
		return LARDER_ECONFLICT;
	if (lrd_page_u32(copy + LRD_META_MAGIC_AT) != LRD_META_MAGIC ||
	    lrd_page_u32(copy + LRD_META_VERSION_AT) != LRD_META_VERSION)
		return LARDER_ECORRUPT;
	s.pages = page_count(mount, lrd_page_u64(copy + LRD_META_LAST_AT));
	lrd_tree_get_root(copy + LRD_META_FREE_AT, &s.unused);
	lrd_tree_get_root(copy + LRD_META_MAIN_AT, &s.main);
	rc = load_tables(&s);
	if (rc == 0)
		*out = s;
	return rc;
}

int lrd_snapshot_load(struct lrd_mount *mount, MDB_txn *txn, bool again,
		      struct lrd_snapshot *out)
{
	uint64_t txnid = mdb_txn_id(txn);

	if (out->txnid == txnid)
		return 0;
	return load(mount, txn, txnid, again ? AGAIN : CALM, out);
}

int lrd_snapshot_load_committed(struct lrd_mount *mount, MDB_txn *txn,
				struct lrd_snapshot *out)
{
	int rc = load(mount, txn, mdb_txn_id(txn) - 1, LAST, out);

	return rc == LARDER_ECONFLICT ? LARDER_ECORRUPT : rc;
}

int lrd_snapshot_sound(struct lrd_mount *mount, MDB_txn *txn)
{
	struct lrd_snapshot s = { 0 };
	int rc = load(mount, txn, mdb_txn_id(txn), LAST, &s);

	if (rc == LARDER_ECONFLICT)
		return 0; /* somebody commits: LMDB itself has just read it and written it */
	if (rc == 0 && !lrd_page_sound(s.map + s.main.page * LRD_PAGE, s.main.page,
				       LRD_PAGE_LEAF, s.pages, true))
		rc = LARDER_ECORRUPT;
	return rc;
}

/* ---- descent ----------------------------------------------------------------------------- */

/* The key of a node whose place has been checked by node_at(). */
static uint64_t key_of(const unsigned char *page, uint32_t at)
{
	return lrd_page_u64(page + at + LRD_NODE_HEAD);
}

enum { NODE_LAST = LRD_PAGE - LRD_NODE_HEAD - 8 }; /* where a node with a key may begin */

/*
 * The child to follow for a key: the last whose separator is not above it; the first node's
 * key stands for everything lower. -1: damaged.
 */
static int search_branch(const unsigned char *page, uint32_t count, uint64_t key)
{
	uint32_t low = 0; /* its separator is not above the key */
	uint32_t high = count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t at = lrd_page_offset(page, middle);

		if (at > NODE_LAST)
			return -1;
		if (key_of(page, at) <= key)
			low = middle;
		else
			high = middle;
	}
	return (int)low;
}

/* The first node of a leaf whose key is not below; `count`: there is none. -1: damaged. */
static int search_leaf(const unsigned char *page, uint32_t count, uint64_t key)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t at = lrd_page_offset(page, middle);

		if (at > NODE_LAST)
			return -1;
		if (key_of(page, at) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return (int)low;
}

/* Reads one pair of a leaf. */
static int read_pair(const struct lrd_snapshot *s, const unsigned char *page,
		     uint32_t index, uint64_t *key, MDB_val *value)
{
	uint32_t at = lrd_page_offset(page, index);
	const unsigned char *node = page + at;
	const unsigned char *big;
	uint32_t size;
	uint32_t flags;

	if (at > NODE_LAST || lrd_page_u16(node + 6) != 8)
		return LARDER_ECORRUPT;
	size = lrd_page_u32(node);
	flags = lrd_page_u16(node + 4);
	if (size > LRD_VALUE_MAX)
		return LARDER_ECORRUPT;
	*key = key_of(page, at);
	value->mv_size = size;
	if (flags == 0) {
		if (at + LRD_NODE_HEAD + 8 + size > LRD_PAGE)
			return LARDER_ECORRUPT;
		value->mv_data = (void *)(uintptr_t)(node + LRD_NODE_HEAD + 8);
		return 0;
	}
	if (flags != LRD_NODE_BIG || at + LRD_NODE_HEAD + 16 > LRD_PAGE)
		return LARDER_ECORRUPT;
	big = page_of(s, lrd_page_u64(node + LRD_NODE_HEAD + 8), LRD_PAGE_OVERFLOW);
	if (!big)
		return LARDER_ECORRUPT;
	/* No value is larger than a page: however many the head claims, this one counts. */
	value->mv_data = (void *)(uintptr_t)(big + LRD_PAGE_HEAD);
	return 0;
}

static const unsigned char *inner_page(const struct lrd_snapshot *s, uint64_t number,
				       uint32_t kind, uint32_t *count)
{
	const unsigned char *page = page_of(s, number, kind);
	int nodes = page ? lrd_page_nodes(page) : -1;

	if (nodes < 0 || (nodes == 0 && kind == LRD_PAGE_BRANCH))
		return NULL;
	*count = (uint32_t)nodes;
	return page;
}

static bool child_of(const unsigned char *page, uint32_t index, uint64_t *number)
{
	uint32_t at = lrd_page_offset(page, index);

	if (at > LRD_PAGE - LRD_NODE_HEAD)
		return false;
	*number = lrd_node_child(page + at);
	return true;
}

/* Keys that a page may have: those of its parent's separators on both sides. */
struct span {
	uint64_t low, high;
};

enum { GUESSES = 3, GUESS_MIN = 8 };

/*
 * search_branch() for keys that are hashes: evenly spread, so that a key's place between the
 * span's ends tells nearly where it is. Three guesses do what seven halvings do, and touch
 * fewer lines. Narrows the span to the child's.
 */
static int guess_branch(const unsigned char *page, uint32_t count, uint64_t key,
			struct span *span)
{
	uint32_t low = 0;
	uint32_t high = count;

	for (int round = 0; high - low > 1; round++) {
		uint32_t middle = low + (high - low) / 2;
		uint64_t separator;
		uint32_t at;

		if (round < GUESSES && high - low > GUESS_MIN && span->high > span->low &&
		    key >= span->low && key <= span->high) {
			double part = (double)(key - span->low) /
				      (double)(span->high - span->low);

			middle = low + (uint32_t)(part * (double)(high - low));
			if (middle <= low)
				middle = low + 1;
			if (middle >= high)
				middle = high - 1;
		}
		at = lrd_page_offset(page, middle);
		if (at > NODE_LAST)
			return -1;
		separator = key_of(page, at);
		if (separator <= key) {
			low = middle;
			span->low = separator;
		} else {
			high = middle;
			span->high = separator;
		}
	}
	return (int)low;
}

enum { FEW_NODES = 12, LINE = 64 };

/* Asks for all nodes of a leaf with few of them at once, in place of one after the other. */
static void prefetch_nodes(const unsigned char *page, uint32_t count)
{
	if (count > FEW_NODES)
		return;
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(page + lrd_page_offset(page, i) % LRD_PAGE);
}

/* Asks for a value's lines: whoever looks for it reads all of it. */
static void prefetch_value(const MDB_val *value)
{
	const char *bytes = value->mv_data;

	for (size_t at = LINE; at < value->mv_size; at += LINE)
		__builtin_prefetch(bytes + at);
}

int lrd_tree_find(const struct lrd_snapshot *s, enum lrd_tree_id tree, uint64_t key,
		  MDB_val *value)
{
	const struct lrd_tree_root *root = &s->trees[tree];
	struct span span = { 0, UINT64_MAX };
	const unsigned char *page;
	uint64_t number = root->page;
	uint64_t found;
	uint32_t count = 0;
	int index;
	int rc;

	if (root->depth == 0)
		return LARDER_ENOTFOUND;
	for (uint32_t level = 1; level < root->depth; level++) {
		page = inner_page(s, number, LRD_PAGE_BRANCH, &count);
		index = page ? guess_branch(page, count, key, &span) : -1;
		if (index < 0 || !child_of(page, (uint32_t)index, &number))
			return LARDER_ECORRUPT;
	}
	page = inner_page(s, number, LRD_PAGE_LEAF, &count);
	if (!page)
		return LARDER_ECORRUPT;
	prefetch_nodes(page, count);
	index = search_leaf(page, count, key);
	if (index < 0)
		return LARDER_ECORRUPT;
	if ((uint32_t)index == count)
		return LARDER_ENOTFOUND;
	rc = read_pair(s, page, (uint32_t)index, &found, value);
	if (rc == 0 && found != key)
		rc = LARDER_ENOTFOUND;
	if (rc == 0)
		prefetch_value(value);
	return rc;
}

/* ---- cursors ----------------------------------------------------------------------------- */

enum way { WAY_FIRST, WAY_KEY, WAY_LAST };

/* Goes down from `level` on, where `number` is the page, to a leaf. */
static int descend(struct lrd_tree_cursor *c, uint32_t level, uint64_t number,
		   enum way way, uint64_t key)
{
	for (; level < c->depth; level++) {
		bool leaf = level + 1 == c->depth;
		struct lrd_tree_level *at = &c->level[level];
		int index = 0;

		at->page = inner_page(c->snapshot, number,
				      leaf ? LRD_PAGE_LEAF : LRD_PAGE_BRANCH, &at->count);
		if (!at->page)
			return LARDER_ECORRUPT;
		if (way == WAY_KEY)
			index = leaf ? search_leaf(at->page, at->count, key)
				     : search_branch(at->page, at->count, key);
		else if (way == WAY_LAST)
			index = (int)at->count - 1;
		if (index < 0)
			return at->count == 0 ? LARDER_ENOTFOUND : LARDER_ECORRUPT;
		at->index = (uint32_t)index;
		if (!leaf && !child_of(at->page, at->index, &number))
			return LARDER_ECORRUPT;
	}
	return 0;
}

/* Steps to the next leaf's first pair. */
static int next_leaf(struct lrd_tree_cursor *c)
{
	uint32_t level = c->depth - 1;

	while (level > 0) {
		struct lrd_tree_level *at = &c->level[--level];
		uint64_t number;

		if (at->index + 1 >= at->count)
			continue;
		at->index++;
		if (!child_of(at->page, at->index, &number))
			return LARDER_ECORRUPT;
		return descend(c, level + 1, number, WAY_FIRST, 0);
	}
	return LARDER_ENOTFOUND;
}

/* The pair where the cursor stands, or the first of a later leaf. */
static int settle(struct lrd_tree_cursor *c, uint64_t *key, MDB_val *value)
{
	struct lrd_tree_level *leaf = &c->level[c->depth - 1];

	uint64_t found;
	int rc = 0;

	if (leaf->index >= leaf->count) {
		rc = next_leaf(c);
		/* Only a root may be empty. */
		if (rc == 0 && leaf->count == 0)
			rc = LARDER_ECORRUPT;
	}
	if (rc == 0)
		rc = read_pair(c->snapshot, leaf->page, leaf->index, &found, value);
	if (rc == 0 && c->any && found <= c->last)
		rc = LARDER_ECORRUPT;
	if (rc < 0)
		return rc;
	c->any = true;
	c->last = found;
	*key = found;
	return 0;
}

int lrd_tree_seek(struct lrd_tree_cursor *c, const struct lrd_snapshot *snapshot,
		  enum lrd_tree_id tree, uint64_t from, uint64_t *key, MDB_val *value)
{
	int rc;

	c->snapshot = snapshot;
	c->any = false;
	c->depth = snapshot->trees[tree].depth;
	if (c->depth == 0)
		return LARDER_ENOTFOUND;
	rc = descend(c, 0, snapshot->trees[tree].page, WAY_KEY, from);
	return rc < 0 ? rc : settle(c, key, value);
}

int lrd_tree_next(struct lrd_tree_cursor *c, uint64_t *key, MDB_val *value)
{
	if (c->depth == 0)
		return LARDER_ENOTFOUND;
	c->level[c->depth - 1].index++;
	return settle(c, key, value);
}

int lrd_tree_last(const struct lrd_snapshot *snapshot, enum lrd_tree_id tree,
		  uint64_t *key)
{
	struct lrd_tree_cursor c = { .snapshot = snapshot,
				     .depth = snapshot->trees[tree].depth };
	MDB_val value;
	int rc;

	if (c.depth == 0)
		return LARDER_ENOTFOUND;
	rc = descend(&c, 0, snapshot->trees[tree].page, WAY_LAST, 0);
	return rc < 0 ? rc : settle(&c, key, &value);
}

void lrd_tree_prefetch_next(const struct lrd_tree_cursor *c)
{
	const struct lrd_tree_level *leaf = &c->level[c->depth - 1];
	uint32_t at;
	uint64_t number;

	if (leaf->index + 1 >= leaf->count)
		return;
	at = lrd_page_offset(leaf->page, leaf->index + 1);
	if (at > NODE_LAST - 8 || lrd_page_u16(leaf->page + at + 4) != LRD_NODE_BIG)
		return;
	number = lrd_page_u64(leaf->page + at + LRD_NODE_HEAD + 8);
	if (number >= c->snapshot->pages)
		return;
	for (size_t line = 0; line < 256; line += 64)
		__builtin_prefetch(c->snapshot->map + number * LRD_PAGE + line);
}
