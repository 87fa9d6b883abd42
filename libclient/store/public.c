/* SPDX-License-Identifier: MIT */
/* public.c - larder/store.h: opening, walking, measuring. */
#include "store/public.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "sys/clock.h"
#include "sys/error.h"

enum { SIZED_MAX = 1 << 16, WALK_STEP = 64 };

/* Whether a sized struct has no member that we do not know, and at least `needed` bytes. */
static bool is_known(const void *theirs, size_t their_size, size_t our_size, size_t needed)
{
	const unsigned char *bytes = theirs;

	if (their_size < needed || their_size > SIZED_MAX)
		return false;
	for (size_t i = our_size; i < their_size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

bool lrd_public_is_item(const larder_item *item)
{
	return item && is_known(item, item->size, sizeof(*item), sizeof(*item));
}

/* ---- opening ----------------------------------------------------------------------------- */

int larder_store_open(const char *dir, const larder_store_options *options,
		      larder_store **out, larder_error *err)
{
	larder_store_options ours = LARDER_STORE_OPTIONS_INIT;
	struct lrd_store_options inner = { 0 };
	larder_store *store;
	int rc;

	lrd_error_clear(err);
	if (!out)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_STORE, 0, NULL,
				     "no place for the opened store");
	if (options) {
		if (!is_known(options, options->size, sizeof(ours), sizeof(options->size)))
			return lrd_error_set(
				err, LARDER_EINVAL, LARDER_PHASE_STORE, 0, NULL,
				"store options: start from their _INIT macro; an "
				"option newer than liblarder %s is not known",
				larder_version());
		memcpy(&ours, options,
		       options->size < sizeof(ours) ? options->size : sizeof(ours));
	}
	inner.budget_bytes = ours.budget_bytes;
	inner.gate_timeout_ms = ours.gate_timeout_ms;
	inner.must_exist = ours.must_exist != 0;
	inner.group_shared = ours.group_shared != 0;
	store = malloc(sizeof(*store));
	if (!store)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_STORE, 0, NULL,
				     "no memory to open a store");
	rc = lrd_store_open(dir, &inner, &store->store, err);
	if (rc < 0) {
		free(store);
		return rc;
	}
	*out = store;
	return 0;
}

void larder_store_close(larder_store *store)
{
	if (!store)
		return;
	lrd_store_close(store->store);
	free(store);
}

const char *larder_store_path(const larder_store *store)
{
	return store ? lrd_store_path(store->store) : "";
}

/* ---- items ------------------------------------------------------------------------------- */

int lrd_public_key(larder_store *store, const larder_item *item, struct lrd_key *out)
{
	if (!store || !lrd_public_is_item(item) || (!item->key.ptr && item->key.len > 0) ||
	    (!item->partition.ptr && item->partition.len > 0))
		return LARDER_EINVAL;
	return lrd_key_init(store->store, item->partition, item->key, out);
}

/* What an item tells beside its three slices. */
void lrd_public_set_facts(const struct lrd_record *record, larder_item *out)
{
	out->cas = record->cas;
	out->stored_at = record->stored_at;
	out->expires_at = record->stale_until;
	out->flags = record->client_flags;
}

static char *copy_slice(char *at, larder_slice from, larder_slice *to)
{
	if (from.len > 0)
		memcpy(at, from.ptr, from.len);
	at[from.len] = '\0';
	*to = (larder_slice){ at, from.len };
	return at + from.len + 1;
}

/* Partition, key and room for a value, in one block, each with its NUL. */
int lrd_public_copy(const struct lrd_record *record, bool with_value, larder_item *out,
		    char **value)
{
	size_t size = 3;
	char *block;
	char *at;

	if (!lrd_size_add(size, record->partition.len, &size) ||
	    !lrd_size_add(size, record->name.len, &size) || record->body_len > SIZE_MAX ||
	    (with_value && !lrd_size_add(size, (size_t)record->body_len, &size)))
		return LARDER_ENOMEM;
	block = malloc(size);
	if (!block)
		return LARDER_ENOMEM;
	*out = (larder_item)LARDER_ITEM_INIT;
	lrd_public_set_facts(record, out);
	at = copy_slice(block, record->partition, &out->partition);
	at = copy_slice(at, record->name, &out->key);
	*at = '\0';
	out->value = (larder_slice){ with_value ? at : NULL, (size_t)record->body_len };
	out->owned = block;
	*value = at;
	return 0;
}

void larder_item_release(larder_item *item)
{
	if (!item)
		return;
	free(item->owned);
	*item = (larder_item)LARDER_ITEM_INIT;
}

int larder_store_flush(larder_store *store)
{
	return store ? lrd_store_flush(store->store, LRD_PUBLIC_KIND) : LARDER_EINVAL;
}

/* ---- walking ----------------------------------------------------------------------------- */

/* Items copied out of one short snapshot, for the user to see after its end. */
struct page {
	larder_item items[WALK_STEP];
	size_t count;
};

static int collect(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct page *page = ctx;
	char *value;
	int rc;

	(void)read;
	if (record->kind != LRD_PUBLIC_KIND)
		return 0;
	rc = lrd_public_copy(record, false, &page->items[page->count], &value);
	if (rc == 0)
		page->count++;
	return rc;
}

int larder_store_iterate(larder_store *store,
			 int (*visit)(const larder_item *item, void *ctx), void *ctx)
{
	uint64_t cursor = 0;
	int more = 1;
	int rc = 0;

	if (!store || !visit)
		return LARDER_EINVAL;
	while (more == 1 && rc == 0) {
		struct page page = { .count = 0 };

		more = lrd_store_walk(store->store, &cursor, WALK_STEP, lrd_clock_now_s(),
				      collect, &page);
		for (size_t i = 0; i < page.count; i++) {
			if (rc == 0)
				rc = visit(&page.items[i], ctx);
			larder_item_release(&page.items[i]);
		}
	}
	return rc == 0 && more < 0 ? more : rc;
}

int larder_store_stat(larder_store *store, larder_store_stats *out)
{
	struct lrd_store_stat stat;
	size_t size;
	int rc;

	if (!store || !out || out->size < sizeof(out->size) || out->size > SIZED_MAX)
		return LARDER_EINVAL;
	rc = lrd_store_stat(store->store, &stat);
	if (rc < 0)
		return rc;

	larder_store_stats ours = {
		.size = out->size,
		.budget_bytes = stat.budget_bytes,
		.used_bytes = stat.used_bytes,
		.file_bytes = stat.file_bytes,
		.entries = stat.entries,
		.hits = stat.counters[LRD_COUNT_HIT],
		.misses = stat.counters[LRD_COUNT_MISS],
		.evicted = stat.counters[LRD_COUNT_EVICTED],
		.expired = stat.counters[LRD_COUNT_EXPIRED],
		.damaged = stat.counters[LRD_COUNT_DAMAGED],
		.generation = stat.generation,
		.processes = stat.processes,
		.created_at = stat.created_at,
	};

	/* A newer caller's members that we do not know stay as he left them. */
	size = out->size < sizeof(ours) ? out->size : sizeof(ours);
	memcpy(out, &ours, size);
	return 0;
}
