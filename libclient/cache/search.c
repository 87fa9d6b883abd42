/* SPDX-License-Identifier: MIT */
/* search.c - stored responses whose query may differ from the one asked for (No-Vary-Search). */
#include "cache/search.h"

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

/* A normalised URL at its query; without one both parts are told apart by `has`. */
static larder_slice path_of(larder_slice url)
{
	return lrd_slice_first(url, lrd_slice_find(url, '?'));
}

static larder_slice query_of(larder_slice url)
{
	return lrd_slice_skip(url, lrd_slice_find(url, '?') + 1);
}

static int index_key(struct larder_cache *cache, larder_slice partition, larder_slice url,
		     struct lrd_buf *name, struct lrd_key *key)
{
	int rc = lrd_buf_append_cstr(name, "\001search\n");

	if (rc == 0)
		rc = lrd_buf_append_slice(name, path_of(url));
	return rc < 0 ? rc
		      : lrd_key_init(cache->store, partition, lrd_buf_slice(name), key);
}

struct entry {
	larder_slice query;
	struct lrd_search_rule rule;
};

static size_t count_of(larder_slice head)
{
	size_t count;

	if (head.len < LRD_SEARCH_FIXED || head.ptr[0] != LRD_SEARCH_FORM)
		return 0;
	count = lrd_le_get16(head.ptr + 2);
	return count <= LRD_SEARCH_KEPT ? count : 0;
}

/* Cuts one entry off *rest. */
static bool take(larder_slice *rest, struct entry *out)
{
	size_t query, names;

	if (rest->len < LRD_SEARCH_ENTRY)
		return false;
	query = lrd_le_get16(rest->ptr);
	names = lrd_le_get16(rest->ptr + 2);
	out->rule.flags = lrd_le_get32(rest->ptr + 4);
	*rest = lrd_slice_skip(*rest, LRD_SEARCH_ENTRY);
	if (query + names > rest->len)
		return false;
	out->query = lrd_slice_first(*rest, query);
	*rest = lrd_slice_skip(*rest, query);
	out->rule.names = lrd_slice_first(*rest, names);
	*rest = lrd_slice_skip(*rest, names);
	return true;
}

static int put(const struct entry *entry, struct lrd_buf *out)
{
	char fixed[LRD_SEARCH_ENTRY];
	int rc;

	lrd_le_put16(fixed, (uint16_t)entry->query.len);
	lrd_le_put16(fixed + 2, (uint16_t)entry->rule.names.len);
	lrd_le_put32(fixed + 4, entry->rule.flags);
	rc = lrd_buf_append(out, fixed, sizeof(fixed));
	if (rc == 0)
		rc = lrd_buf_append_slice(out, entry->query);
	return rc < 0 ? rc : lrd_buf_append_slice(out, entry->rule.names);
}

/* ---- looking ----------------------------------------------------------------------------- */

static int append_url(larder_slice path, larder_slice query, struct lrd_buf *url)
{
	int rc = lrd_buf_append_slice(url, path);

	/* "/a?" and "/a" are two resources, but no rule tells them apart: either is tried. */
	if (rc == 0 && query.len > 0)
		rc = lrd_buf_append_char(url, '?');
	return rc < 0 ? rc : lrd_buf_append_slice(url, query);
}

static int find(const struct lrd_ask *ask, larder_slice head, size_t place,
		struct lrd_buf *url)
{
	larder_slice rest = lrd_slice_skip(head, LRD_SEARCH_FIXED);
	struct entry entry;

	for (size_t i = count_of(head); i > 0 && take(&rest, &entry); i--) {
		if (!lrd_search_same(&entry.rule, entry.query, query_of(ask->url)) ||
		    place-- > 0)
			continue;
		return append_url(path_of(ask->url), entry.query, url) < 0 ? 0 : 1;
	}
	return 0;
}

int lrd_search_find(const struct lrd_ask *ask, struct lrd_read *read, size_t place,
		    struct lrd_buf *url)
{
	const larder_allocator *allocator = &ask->cache->allocator;
	struct lrd_record record;
	struct lrd_buf name;
	struct lrd_key key;
	int rc;

	lrd_buf_init(&name, LRD_KEY_MAX, allocator->malloc_fn ? allocator : NULL);
	rc = index_key(ask->cache, ask->partition, ask->url, &name, &key);
	if (rc == 0)
		rc = ask->looking_on ? lrd_read_peek(read, &key, ask->now, &record)
				     : lrd_read_get(read, &key, ask->now, &record);
	if (rc == 0 && record.kind == LRD_KIND_SEARCH)
		rc = find(ask, record.head, place, url);
	else if (rc != LARDER_ENOMEM)
		rc = 0;
	lrd_buf_release(&name);
	return rc;
}

/* ---- storing ----------------------------------------------------------------------------- */

/* The new one in front; of the old ones those with another query, as far as there is room. */
static int build(const struct entry *newest, larder_slice old, struct lrd_buf *out)
{
	char fixed[LRD_SEARCH_FIXED] = { LRD_SEARCH_FORM };
	larder_slice rest = lrd_slice_skip(old, LRD_SEARCH_FIXED);
	struct entry entry;
	size_t count = 1;
	int rc = lrd_buf_append(out, fixed, sizeof(fixed));

	if (rc == 0)
		rc = put(newest, out);
	for (size_t i = count_of(old); i > 0 && rc == 0 && take(&rest, &entry); i--) {
		if (count == LRD_SEARCH_KEPT ||
		    lrd_slice_equal(entry.query, newest->query))
			continue;
		rc = put(&entry, out);
		count++;
	}
	if (rc == 0)
		lrd_le_put16(out->ptr + 2, (uint16_t)count);
	return rc;
}

static int list(const struct larder_plan *plan, struct lrd_write *write,
		const struct entry *entry, struct lrd_buf *name, struct lrd_buf *head)
{
	const struct lrd_asked *asked = plan->asked;
	struct lrd_put put = { .kind = LRD_KIND_SEARCH, .stored_at = lrd_clock_now_s() };
	struct lrd_record record;
	int rc = index_key(plan->cache, asked->partition, asked->url, name, &put.key);

	if (rc < 0)
		return rc;
	rc = lrd_write_get(write, &put.key, put.stored_at, &record);
	if (rc < 0 && rc != LARDER_ENOTFOUND)
		return rc;
	rc = build(entry,
		   rc == 0 && record.kind == LRD_KIND_SEARCH ? record.head
							     : (larder_slice){ "", 0 },
		   head);
	put.head = lrd_buf_slice(head);
	return rc < 0 ? rc : lrd_write_put(write, &put, (larder_slice){ "", 0 }, NULL);
}

int lrd_search_list(const struct larder_plan *plan, struct lrd_write *write,
		    struct lrd_field_view fields)
{
	const larder_allocator *allocator = lrd_plan_allocator(plan);
	struct lrd_buf names, name, head;
	struct entry entry;
	int rc = 0;

	if (!lrd_view_has(fields, LRD_SLICE("No-Vary-Search")) ||
	    plan->asked->facts.method != LRD_METHOD_GET)
		return 0;
	lrd_buf_init(&names, LRD_SEARCH_RULE_BYTES, allocator);
	lrd_buf_init(&name, LRD_KEY_MAX, allocator);
	lrd_buf_init(&head, LRD_SEARCH_BYTES, allocator);
	entry.query = query_of(plan->asked->url);
	if (entry.query.len <= LRD_SEARCH_QUERY &&
	    lrd_search_read(fields, &names, &entry.rule))
		rc = list(plan, write, &entry, &name, &head);
	lrd_buf_release(&names);
	lrd_buf_release(&name);
	lrd_buf_release(&head);
	return rc;
}

int lrd_search_forget(struct larder_cache *cache, struct lrd_write *write,
		      larder_slice partition, larder_slice url)
{
	struct lrd_buf name;
	struct lrd_key key;
	int rc;

	lrd_buf_init(&name, LRD_KEY_MAX,
		     cache->allocator.malloc_fn ? &cache->allocator : NULL);
	rc = index_key(cache, partition, url, &name, &key);
	if (rc == 0)
		rc = lrd_write_delete(write, &key);
	lrd_buf_release(&name);
	return rc == LARDER_ENOTFOUND || rc == LARDER_ELIMIT || rc == LARDER_EINVAL ? 0 : rc;
}
