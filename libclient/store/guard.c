/* SPDX-License-Identifier: MIT */
/* guard.c - calls into LMDB that a damaged page must not turn into the end of the process. */
#include "store/guard.h"

#include <string.h>

#include "store/lmdb.h"
#include "store/mount.h"
#include "store/page.h"

/* ---- assertions -------------------------------------------------------------------------- */

/* Called by LMDB, which aborts the process if this returns. */
static void on_assertion(MDB_env *env, const char *text)
{
	struct lrd_mount *mount = mdb_env_get_userctx(env);
	struct lrd_guard *guard = mount ? &mount->guard : NULL;

	(void)text;
	if (!guard || !atomic_load(&guard->armed) ||
	    !pthread_equal(guard->caller, pthread_self()))
		return;
	atomic_store(&guard->broken, true);
	atomic_store(&guard->armed, false);
	longjmp(guard->back, 1);
}

int lrd_guard_set_up(struct lrd_mount *mount, MDB_env *env)
{
	int mdb_rc = mdb_env_set_userctx(env, mount);

	return mdb_rc == 0 ? mdb_env_set_assert(env, on_assertion) : mdb_rc;
}

void lrd_guard_close(struct lrd_mount *mount, MDB_env *env)
{
	/* LMDB's writer lock is this process's for ever then: it must stay mapped. */
	if (!atomic_load(&mount->guard.broken))
		mdb_env_close(env);
}

/* A call into LMDB with its arguments, so that one function alone has a setjmp in it. */
struct call {
	enum {
		CALL_BEGIN,
		CALL_COMMIT,
		CALL_ABORT,
		CALL_GET,
		CALL_PUT,
		CALL_DEL,
		CALL_OPEN,
		CALL_CURSOR_GET,
		CALL_CURSOR_PUT,
		CALL_CURSOR_DEL
	} what;
	MDB_txn *txn;
	MDB_dbi table;
	MDB_cursor *cursor;
	MDB_val *key;
	MDB_val *value;
	unsigned int flags;
};

static int make(MDB_env *env, struct call *call)
{
	switch (call->what) {
	case CALL_BEGIN:
		return mdb_txn_begin(env, NULL, 0, &call->txn);
	case CALL_COMMIT:
		return mdb_txn_commit(call->txn);
	case CALL_ABORT:
		mdb_txn_abort(call->txn);
		return 0;
	case CALL_GET:
		return mdb_get(call->txn, call->table, call->key, call->value);
	case CALL_PUT:
		return mdb_put(call->txn, call->table, call->key, call->value,
			       call->flags);
	case CALL_DEL:
		return mdb_del(call->txn, call->table, call->key, NULL);
	case CALL_OPEN:
		return mdb_cursor_open(call->txn, call->table, &call->cursor);
	case CALL_CURSOR_GET:
		return mdb_cursor_get(call->cursor, call->key, call->value,
				      (MDB_cursor_op)call->flags);
	case CALL_CURSOR_PUT:
		return mdb_cursor_put(call->cursor, call->key, call->value, call->flags);
	case CALL_CURSOR_DEL:
		return mdb_cursor_del(call->cursor, call->flags);
	}
	return MDB_PANIC;
}

/* `call` belongs to the caller's frame, which outlives the jump. */
static int guarded(struct lrd_mount *mount, struct call *call)
{
	struct lrd_guard *guard = &mount->guard;
	int mdb_rc;

	if (atomic_load_explicit(&guard->broken, memory_order_relaxed))
		return MDB_PANIC;
	guard->caller = pthread_self();
	if (setjmp(guard->back) != 0) {
		lrd_lmdb_poison(mount);
		return MDB_PANIC;
	}
	atomic_store_explicit(&guard->armed, true, memory_order_relaxed);
	mdb_rc = make(mount->env, call);
	atomic_store_explicit(&guard->armed, false, memory_order_relaxed);
	return mdb_rc;
}

/* ---- looking first ----------------------------------------------------------------------- */

/* Whether a page of the committed state may be worked on; remembered for the transaction. */
static const unsigned char *vet(struct lrd_guard *guard, uint64_t number, uint32_t kind,
				bool any_key)
{
	const struct lrd_snapshot *before = &guard->before;
	uint64_t *seen = &guard->seen[number % LRD_GUARD_SEEN];
	const unsigned char *page;

	if (number < 2 || number >= before->pages)
		return NULL;
	page = before->map + number * LRD_PAGE;
	if (*seen == number)
		return page;
	if (!lrd_page_sound(page, number, kind, before->pages, any_key))
		return NULL;
	*seen = number;
	return page;
}

static uint32_t child_index(const unsigned char *page, uint64_t key)
{
	uint32_t low = 0;
	uint32_t high = (uint32_t)lrd_page_nodes(page);

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		const unsigned char *node = page + lrd_page_offset(page, middle);

		if (lrd_page_u64(node + LRD_NODE_HEAD) <= key)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The page that a value of this leaf has for itself: LMDB frees as many as its head says. */
static bool value_sound(const struct lrd_guard *guard, const unsigned char *page,
			uint64_t key)
{
	const struct lrd_snapshot *before = &guard->before;
	const unsigned char *node = NULL;
	uint32_t low = 0;
	uint32_t high = (uint32_t)lrd_page_nodes(page);
	uint64_t number;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		node = page + lrd_page_offset(page, middle);
		if (lrd_page_u64(node + LRD_NODE_HEAD) == key)
			break;
		if (lrd_page_u64(node + LRD_NODE_HEAD) < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= high || lrd_page_u16(node + 4) != LRD_NODE_BIG)
		return true;
	number = lrd_page_u64(node + LRD_NODE_HEAD + 8);
	if (number < 2 || number >= before->pages)
		return false;
	page = before->map + number * LRD_PAGE;
	return lrd_page_is(page, number, LRD_PAGE_OVERFLOW) &&
	       lrd_page_u32(page + 12) == 1;
}

/* What a call is about to do to the pair under a key. */
enum touch { TOUCH_READ, TOUCH_PUT, TOUCH_DELETE };

/*
 * Every page on the way to `key`. What is read or deleted may lead to the neighbours of each;
 * what is written over or deleted has its value's own page freed.
 */
static int vet_path(struct lrd_guard *guard, const struct lrd_tree_root *root,
		    uint64_t key, enum touch touch, bool beside)
{
	uint64_t number = root->page;

	for (uint32_t level = 1; level <= root->depth; level++) {
		bool leaf = level == root->depth;
		const unsigned char *page =
			vet(guard, number, leaf ? LRD_PAGE_LEAF : LRD_PAGE_BRANCH, false);
		uint32_t below =
			level + 1 == root->depth ? LRD_PAGE_LEAF : LRD_PAGE_BRANCH;
		uint32_t at, count;

		if (!page)
			return MDB_CORRUPTED;
		if (leaf)
			return touch == TOUCH_READ || value_sound(guard, page, key)
				       ? 0
				       : MDB_CORRUPTED;
		count = (uint32_t)lrd_page_nodes(page);
		at = child_index(page, key);
		number = lrd_node_child(page + lrd_page_offset(page, at));
		for (uint32_t i = at > 0 ? at - 1 : 0; beside && i <= at + 1 && i < count;
		     i++) {
			uint64_t near = lrd_node_child(page + lrd_page_offset(page, i));

			if (!vet(guard, near, below, false))
				return MDB_CORRUPTED;
		}
	}
	return 0;
}

static const struct lrd_tree_root *root_of(const struct lrd_mount *mount, MDB_dbi table)
{
	const struct lrd_snapshot *before = &mount->guard.before;

	if (table == mount->entries)
		return &before->trees[LRD_TREE_ENTRIES];
	if (table == mount->rows)
		return &before->trees[LRD_TREE_ROWS];
	return &before->trees[LRD_TREE_GARBAGE];
}

static int vet_table(struct lrd_mount *mount, MDB_dbi table, uint64_t key,
		     enum touch touch, bool beside)
{
	return vet_path(&mount->guard, root_of(mount, table), key, touch, beside);
}

/* One list of free pages: its length is that of its data, and its pages are in the file. */
static bool free_list_sound(const struct lrd_snapshot *before, const unsigned char *node)
{
	const unsigned char *list = node + LRD_NODE_HEAD + 8;
	uint64_t bytes = lrd_page_u32(node);
	uint64_t count;

	if (lrd_page_u16(node + 4) == LRD_NODE_BIG) {
		uint64_t number = lrd_page_u64(list);
		uint64_t span = (bytes + LRD_PAGE_HEAD + LRD_PAGE - 1) / LRD_PAGE;

		if (number < 2 || number >= before->pages || span > before->pages - number)
			return false;
		list = before->map + number * LRD_PAGE;
		if (!lrd_page_is(list, number, LRD_PAGE_OVERFLOW) ||
		    lrd_page_u32(list + 12) != span)
			return false;
		list += LRD_PAGE_HEAD;
	}
	if (bytes < 8)
		return false;
	count = lrd_page_u64(list);
	return count <= bytes / 8 - 1;
}

/* The free list's oldest part, which the transaction will draw from. */
static int vet_free_list(struct lrd_guard *guard)
{
	const struct lrd_tree_root *root = &guard->before.unused;
	const unsigned char *page;
	uint64_t number = root->page;
	int count;

	if (root->depth == 0)
		return 0;
	if (root->depth > LRD_TREE_DEPTH_MAX ||
	    vet_path(guard, root, 0, TOUCH_READ, true) != 0 ||
	    vet_path(guard, root, UINT64_MAX, TOUCH_READ, true) != 0)
		return MDB_CORRUPTED;
	for (uint32_t level = 1; level < root->depth; level++) {
		page = guard->before.map + number * LRD_PAGE;
		number = lrd_node_child(page + lrd_page_offset(page, 0));
	}
	page = guard->before.map + number * LRD_PAGE;
	count = lrd_page_nodes(page);
	for (int i = 0; i < count; i++) {
		if (!free_list_sound(&guard->before,
				     page + lrd_page_offset(page, (uint32_t)i)))
			return MDB_CORRUPTED;
	}
	return 0;
}

/* ---- the calls --------------------------------------------------------------------------- */

int lrd_guard_begin(struct lrd_mount *mount, MDB_txn **out)
{
	struct lrd_guard *guard = &mount->guard;
	struct call call = { .what = CALL_BEGIN };
	int mdb_rc = guarded(mount, &call);

	if (mdb_rc != 0)
		return mdb_rc;
	memset(guard->seen, 0, sizeof(guard->seen));
	if (lrd_snapshot_load_committed(mount, call.txn, &guard->before) < 0 ||
	    !vet(guard, guard->before.main.page, LRD_PAGE_LEAF, true) ||
	    vet_free_list(guard) != 0) {
		lrd_guard_abort(mount, call.txn);
		return MDB_CORRUPTED;
	}
	*out = call.txn;
	return 0;
}

int lrd_guard_commit(struct lrd_mount *mount, MDB_txn *txn)
{
	struct call call = { .what = CALL_COMMIT, .txn = txn };

	if (atomic_load(&mount->guard.broken))
		return MDB_PANIC;
	/* Tells the next first opener which of two meta pages can be the newest. */
	atomic_store_explicit(&mount->shared->commit_txnid, mdb_txn_id(txn),
			      memory_order_relaxed);
	return guarded(mount, &call);
}

void lrd_guard_abort(struct lrd_mount *mount, MDB_txn *txn)
{
	struct call call = { .what = CALL_ABORT, .txn = txn };

	(void)guarded(mount, &call);
}

int lrd_guard_get(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key,
		  MDB_val *value)
{
	MDB_val k = { sizeof(key), &key };
	struct call call = {
		.what = CALL_GET, .txn = txn, .table = table, .key = &k, .value = value
	};
	int mdb_rc = vet_table(mount, table, key, TOUCH_READ, false);

	return mdb_rc == 0 ? guarded(mount, &call) : mdb_rc;
}

int lrd_guard_put(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key,
		  const void *bytes, size_t len)
{
	MDB_val k = { sizeof(key), &key };
	MDB_val v = { len, (void *)(uintptr_t)bytes };
	struct call call = {
		.what = CALL_PUT, .txn = txn, .table = table, .key = &k, .value = &v
	};
	int mdb_rc = vet_table(mount, table, key, TOUCH_PUT, false);

	return mdb_rc == 0 ? guarded(mount, &call) : mdb_rc;
}

int lrd_guard_del(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table, uint64_t key)
{
	MDB_val k = { sizeof(key), &key };
	struct call call = { .what = CALL_DEL, .txn = txn, .table = table, .key = &k };
	int mdb_rc = vet_table(mount, table, key, TOUCH_DELETE, true);

	return mdb_rc == 0 ? guarded(mount, &call) : mdb_rc;
}

int lrd_guard_cursor_open(struct lrd_mount *mount, MDB_txn *txn, MDB_dbi table,
			  MDB_cursor **out)
{
	struct call call = { .what = CALL_OPEN, .txn = txn, .table = table };
	int mdb_rc = guarded(mount, &call);

	if (mdb_rc == 0)
		*out = call.cursor;
	return mdb_rc;
}

int lrd_guard_cursor_get(struct lrd_mount *mount, MDB_cursor *cursor, MDB_val *key,
			 MDB_val *value, MDB_cursor_op op)
{
	struct call call = { .what = CALL_CURSOR_GET,
			     .cursor = cursor,
			     .key = key,
			     .value = value,
			     .flags = (unsigned int)op };
	MDB_dbi table = mdb_cursor_dbi(cursor);
	int mdb_rc = 0;
	uint64_t at;

	switch (op) {
	case MDB_FIRST:
		mdb_rc = vet_table(mount, table, 0, TOUCH_READ, false);
		break;
	case MDB_LAST:
		mdb_rc = vet_table(mount, table, UINT64_MAX, TOUCH_READ, false);
		break;
	case MDB_SET:
	case MDB_SET_RANGE:
		/* A range may begin in the next leaf. */
		memcpy(&at, key->mv_data, sizeof(at));
		mdb_rc = vet_table(mount, table, at, TOUCH_READ, op == MDB_SET_RANGE);
		break;
	default:
		break; /* moving on by one is vetted as the pair is looked at */
	}
	if (mdb_rc == 0)
		mdb_rc = guarded(mount, &call);
	if (mdb_rc != 0)
		return mdb_rc;
	/* Where it stands now, and where the next step leads. */
	if (!lrd_lmdb_key(key, &at))
		return MDB_CORRUPTED;
	return vet_table(mount, table, at, TOUCH_READ, true);
}

int lrd_guard_cursor_put(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t key,
			 MDB_val *value, unsigned int flags)
{
	MDB_val k = { sizeof(key), &key };
	struct call call = { .what = CALL_CURSOR_PUT,
			     .cursor = cursor,
			     .key = &k,
			     .value = value,
			     .flags = flags };
	int mdb_rc = vet_table(mount, mdb_cursor_dbi(cursor), key, TOUCH_PUT, false);

	return mdb_rc == 0 ? guarded(mount, &call) : mdb_rc;
}

int lrd_guard_cursor_del(struct lrd_mount *mount, MDB_cursor *cursor, uint64_t key)
{
	struct call call = { .what = CALL_CURSOR_DEL, .cursor = cursor };
	int mdb_rc = vet_table(mount, mdb_cursor_dbi(cursor), key, TOUCH_DELETE, true);

	return mdb_rc == 0 ? guarded(mount, &call) : mdb_rc;
}

void lrd_guard_cursor_close(struct lrd_mount *mount, MDB_cursor *cursor)
{
	/* Of an abandoned transaction nothing is touched any more. */
	if (cursor && !atomic_load(&mount->guard.broken))
		mdb_cursor_close(cursor);
}
