/* SPDX-License-Identifier: MIT */
/* dump.c - listing what is in the store: `stats cachedump` and `lru_crawler metadump`. */
#include "cached/dump.h"

#include "cached/server.h"
#include "cached/values.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

enum {
	WALK_STEP = 128,            /* entries of one read transaction */
	ITEMS_STEPS = 500,          /* of a cachedump, whatever they find */
	ITEMS_MAX = 2 * 1024 * 1024 /* bytes of a cachedump, as memcached has it */
};

/* Values that memcache clients can name; others are nobody's business here. */
static bool is_listed(const struct lrd_record *record)
{
	return record->kind == LRD_KIND_VALUE && record->partition.len == 0 &&
	       record->name.len <= LRD_MC_KEY_MAX;
}

/* Keys may hold any byte: percent-encoded where it is not unreserved. */
static int put_encoded(struct lrd_buf *out, larder_slice key)
{
	static const char hex[] = "0123456789ABCDEF";
	char text[3 * LRD_MC_KEY_MAX];
	size_t len = 0;

	for (size_t i = 0; i < key.len; i++) {
		unsigned char byte = (unsigned char)key.ptr[i];

		if (lrd_is(key.ptr[i], LRD_UNRESERVED)) {
			text[len++] = key.ptr[i];
			continue;
		}
		text[len++] = '%';
		text[len++] = hex[byte >> 4];
		text[len++] = hex[byte & 15];
	}
	return lrd_buf_append(out, text, len);
}

static int visit_meta(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct lrd_buf *out = ctx;
	int rc;

	(void)read;
	if (!is_listed(record))
		return 0;
	rc = lrd_buf_append_cstr(out, "key=");
	if (rc == 0)
		rc = put_encoded(out, record->name);
	if (rc < 0)
		return rc;
	/* When it was last used is not kept; when it was stored is the oldest that can be. */
	return lrd_buf_appendf(
		out, " exp=%lld la=%lld cas=%llu fetch=no cls=1 size=%llu flags=%lu\n",
		record->stale_until ? (long long)record->stale_until : -1LL,
		(long long)record->stored_at, (unsigned long long)record->cas,
		(unsigned long long)(record->body_len + record->name.len +
				     LRD_MC_ITEM_OVERHEAD),
		(unsigned long)record->client_flags);
}

void lrd_dump_begin(struct lrd_task *task)
{
	task->dumping = true;
	task->dump_cursor = 0;
	lrd_task_put_status(task, LRD_MC_OK);
}

int lrd_dump_some(struct lrd_task *task)
{
	int rc = lrd_store_walk(task->server->store, &task->dump_cursor, WALK_STEP,
				lrd_clock_now_s(), visit_meta, &task->out);

	if (rc > 0)
		return 0;
	task->dumping = false;
	if (rc < 0)
		return rc;
	lrd_task_put_status(task, LRD_MC_END);
	return 0;
}

struct items {
	struct lrd_buf *out;
	uint64_t left;
};

static int visit_item(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct items *items = ctx;
	int rc;

	(void)read;
	if (!is_listed(record))
		return 0;
	if (items->left == 0)
		return 2; /* no error: enough */
	items->left--;
	rc = lrd_buf_append_cstr(items->out, "ITEM ");
	if (rc == 0)
		rc = lrd_buf_append_slice(items->out, record->name);
	if (rc < 0)
		return rc;
	return lrd_buf_appendf(items->out, " [%llu b; %lld s]\r\n",
			       (unsigned long long)record->body_len,
			       (long long)record->stale_until);
}

void lrd_dump_items(struct lrd_task *task, uint64_t limit)
{
	struct items items = { &task->out, limit ? limit : UINT64_MAX };
	size_t before = task->out.len;
	uint64_t cursor = 0;
	int rc = 1;

	for (int i = 0; rc == 1 && i < ITEMS_STEPS && task->out.len - before < ITEMS_MAX;
	     i++)
		rc = lrd_store_walk(task->server->store, &cursor, WALK_STEP,
				    task->batch.now, visit_item, &items);
	if (rc < 0) {
		lrd_buf_truncate(&task->out, before);
		lrd_task_put_error(task, rc);
		return;
	}
	lrd_task_put_status(task, LRD_MC_END);
}
