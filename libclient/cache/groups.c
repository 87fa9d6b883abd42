/* SPDX-License-Identifier: MIT */
/* groups.c - responses that stand and fall together: groups (RFC 9875), and answers to QUERY. */
#include "cache/groups.h"

#include "proto/bytes/le.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"

/* A stale answer is worse than a wait: a busy store is asked this often. */
enum { TRIES = 4, RECORD_BYTES = 8 };

#define GROUPS LRD_SLICE("Cache-Groups")

/* ---- names ------------------------------------------------------------------------------- */

/* No URL starts so, and no memcache key holds such a byte. */
static int group_name(const struct lrd_uri *uri, larder_slice group, struct lrd_buf *out)
{
	int rc = lrd_buf_append_cstr(out, "\001group\n");

	if (rc == 0)
		rc = lrd_uri_origin(uri, out);
	if (rc == 0)
		rc = lrd_buf_append_char(out, '\n');
	return rc < 0 ? rc : lrd_buf_append_slice(out, group);
}

larder_slice lrd_query_base(larder_slice url)
{
	return lrd_slice_first(url, lrd_slice_find(url, '#'));
}

int lrd_query_group_name(larder_slice url, struct lrd_buf *out)
{
	int rc = lrd_buf_append_cstr(out, "\001query\n");

	return rc < 0 ? rc : lrd_buf_append_slice(out, lrd_query_base(url));
}

static int stamp_key(struct larder_cache *cache, const struct lrd_uri *uri,
		     larder_slice url, larder_slice partition,
		     const struct lrd_stamp *stamp, struct lrd_buf *name,
		     struct lrd_key *key)
{
	int rc;

	lrd_buf_clear(name);
	if (stamp->kind == LRD_STAMP_GROUP) {
		partition = (larder_slice){ "", 0 };
		rc = group_name(uri, stamp->name, name);
	} else {
		rc = lrd_query_group_name(url, name);
	}
	return rc < 0 ? rc
		      : lrd_key_init(cache->store, partition, lrd_buf_slice(name), key);
}

/* ---- looking ----------------------------------------------------------------------------- */

bool lrd_stamps_hold(const struct lrd_ask *ask, struct lrd_read *read,
		     const struct lrd_response *response)
{
	const larder_allocator *allocator = &ask->cache->allocator;
	struct lrd_record record;
	struct lrd_extra extra;
	struct lrd_buf name;
	struct lrd_key key;
	bool hold = lrd_extra_decode(response->extra, &extra) == 0;

	lrd_buf_init(&name, LRD_KEY_MAX, allocator->malloc_fn ? allocator : NULL);
	for (size_t i = 0; i < extra.stamp_count && hold; i++)
		hold = stamp_key(ask->cache, &ask->uri, ask->url, ask->partition,
				 &extra.stamps[i], &name, &key) == 0 &&
		       (ask->looking_on ? lrd_read_peek(read, &key, ask->now, &record)
					: lrd_read_get(read, &key, ask->now, &record)) ==
			       0 &&
		       record.kind == LRD_KIND_GROUP &&
		       record.cas == extra.stamps[i].number;
	lrd_buf_release(&name);
	return hold;
}

/* ---- storing ----------------------------------------------------------------------------- */

static int put_group(struct lrd_write *write, const struct lrd_key *key,
		     int64_t invalidated_at, uint64_t *number)
{
	char head[RECORD_BYTES];
	struct lrd_put put = {
		.key = *key,
		.kind = LRD_KIND_GROUP,
		.stored_at = lrd_clock_now_s(),
		.head = { head, sizeof(head) },
	};

	lrd_le_put64(head, (uint64_t)invalidated_at);
	return lrd_write_put(write, &put, (larder_slice){ "", 0 }, number);
}

/* The group's number, and whether it was invalidated since `asked_at`. */
static int ensure_group(struct lrd_write *write, const struct lrd_key *key,
			int64_t asked_at, uint64_t *number, bool *overtaken)
{
	struct lrd_record record;
	int rc = lrd_write_get(write, key, lrd_clock_now_s(), &record);

	if (rc == LARDER_ENOTFOUND || (rc == 0 && record.kind != LRD_KIND_GROUP) ||
	    (rc == 0 && record.head.len != RECORD_BYTES))
		return put_group(write, key, 0, number);
	if (rc < 0)
		return rc;
	*number = record.cas;
	*overtaken |= (int64_t)lrd_le_get64(record.head.ptr) >= asked_at;
	return 0;
}

bool lrd_stamps_needed(const struct larder_plan *plan, struct lrd_field_view fields)
{
	return plan->asked->facts.method == LRD_METHOD_QUERY ||
	       lrd_view_has(fields, GROUPS);
}

int lrd_stamps_make(const struct larder_plan *plan, struct lrd_write *write,
		    struct lrd_field_view fields, struct lrd_buf *text,
		    struct lrd_extra *extra, enum lrd_why *why)
{
	const struct lrd_asked *asked = plan->asked;
	struct lrd_groups groups;
	bool overtaken = false;
	struct lrd_buf name;
	struct lrd_key key;
	int rc = lrd_groups_read(fields, GROUPS, text, &groups);

	*why = LRD_WHY_STORABLE;
	extra->stamp_count = 0;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < groups.count; i++)
		extra->stamps[extra->stamp_count++] =
			(struct lrd_stamp){ 0, LRD_STAMP_GROUP, groups.at[i] };
	if (asked->facts.method == LRD_METHOD_QUERY)
		extra->stamps[extra->stamp_count++] =
			(struct lrd_stamp){ 0, LRD_STAMP_QUERY, { "", 0 } };
	lrd_buf_init(&name, LRD_KEY_MAX, lrd_plan_allocator(plan));
	for (size_t i = 0; i < extra->stamp_count && rc == 0; i++) {
		rc = stamp_key(plan->cache, &asked->uri, asked->url, asked->partition,
			       &extra->stamps[i], &name, &key);
		if (rc == 0)
			rc = ensure_group(write, &key, asked->time,
					  &extra->stamps[i].number, &overtaken);
	}
	if (rc == 0 && overtaken)
		*why = LRD_WHY_GROUP_INVALIDATED_MEANWHILE;
	lrd_buf_release(&name);
	return rc;
}

int lrd_stamps_renew(const struct larder_plan *plan, struct lrd_write *write,
		     struct lrd_field_view fields, struct lrd_response *head,
		     struct lrd_buf *out, enum lrd_why *why)
{
	struct lrd_extra extra;
	struct lrd_buf text;
	int rc;

	*why = LRD_WHY_STORABLE;
	if (!(head->fresh.flags & LRD_FRESH_STAMPED) && !lrd_stamps_needed(plan, fields))
		return 0;
	lrd_buf_init(&text, LRD_GROUPS_TEXT, lrd_plan_allocator(plan));
	rc = lrd_extra_decode(head->extra, &extra);
	if (rc == 0)
		rc = lrd_stamps_make(plan, write, fields, &text, &extra, why);
	if (rc == 0)
		rc = lrd_extra_encode(&extra, out);
	if (rc == 0) {
		head->extra = lrd_buf_slice(out);
		head->fresh.flags &= ~(uint32_t)LRD_FRESH_STAMPED;
		if (extra.stamp_count > 0)
			head->fresh.flags |= LRD_FRESH_STAMPED;
	}
	lrd_buf_release(&text);
	return rc;
}

/* ---- invalidating ------------------------------------------------------------------------ */

static int invalidate_once(struct larder_cache *cache, const struct lrd_key *key)
{
	struct lrd_write *write = NULL;
	int rc = lrd_write_begin(cache->store, &write);

	if (rc < 0)
		return rc;
	rc = put_group(write, key, lrd_clock_now_s(), NULL);
	if (rc == 0)
		return lrd_write_commit(write);
	lrd_write_abort(write);
	return rc;
}

int lrd_group_invalidate(struct larder_cache *cache, const struct lrd_uri *origin,
			 larder_slice group)
{
	struct lrd_stamp stamp = { 0, LRD_STAMP_GROUP, group };
	larder_slice none = { "", 0 };
	struct lrd_buf name;
	struct lrd_key key;
	int rc;

	lrd_buf_init(&name, LRD_KEY_MAX,
		     cache->allocator.malloc_fn ? &cache->allocator : NULL);
	rc = stamp_key(cache, origin, none, none, &stamp, &name, &key);
	if (rc == 0)
		rc = LARDER_EBUSY;
	for (int i = 0; i < TRIES && rc == LARDER_EBUSY; i++)
		rc = invalidate_once(cache, &key);
	lrd_buf_release(&name);
	return rc;
}

void lrd_groups_invalidate(struct larder_plan *plan,
			   const struct lrd_response_facts *response)
{
	struct lrd_groups groups;
	struct lrd_buf text;
	int rc;

	if (!lrd_view_has(response->fields, LRD_SLICE("Cache-Group-Invalidation")))
		return;
	lrd_buf_init(&text, LRD_GROUPS_TEXT, lrd_plan_allocator(plan));
	rc = lrd_groups_read(response->fields, LRD_SLICE("Cache-Group-Invalidation"),
			     &text, &groups);
	for (size_t i = 0; i < groups.count && rc == 0; i++)
		rc = lrd_group_invalidate(plan->cache, &plan->asked->uri, groups.at[i]);
	if (rc < 0)
		(void)lrd_plan_skipped(plan, rc);
	lrd_buf_release(&text);
}

int larder_cache_purge_group(larder_cache *cache, larder_slice url, larder_slice group)
{
	struct lrd_uri uri;
	int rc;

	if (!cache || (url.len > 0 && !url.ptr) || (group.len > 0 && !group.ptr) ||
	    group.len == 0 || group.len > LRD_GROUP_BYTES)
		return LARDER_EINVAL;
	rc = lrd_uri_parse(url, &uri);
	if (rc == 0 && !lrd_uri_is_http(&uri))
		rc = LARDER_EURL;
	return rc < 0 ? rc : lrd_group_invalidate(cache, &uri, group);
}
