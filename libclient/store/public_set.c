/* SPDX-License-Identifier: MIT */
/* public_set.c - larder/store.h: storing, changing and deleting values. */
#include "store/public.h"

#include "proto/bytes/num.h"
#include "sys/clock.h"

enum { FILL_FROM = 1 << 20 }; /* larger values are written by small transactions */

enum condition { ALWAYS, ABSENT, PRESENT, SAME_CAS };

/* Finds the value inside a write transaction. */
static int find_in(struct lrd_write *write, const struct lrd_key *key,
		   struct lrd_record *out)
{
	struct lrd_record record;
	int rc = lrd_write_get(write, key, lrd_clock_now_s(), &record);

	if (rc == 0 && record.kind != LRD_PUBLIC_KIND)
		rc = LARDER_ENOTFOUND;
	if (rc == 0)
		*out = record;
	return rc;
}

static int check_condition(struct lrd_write *write, const struct lrd_key *key,
			   enum condition condition, uint64_t cas)
{
	struct lrd_record record;
	int rc;

	if (condition == ALWAYS)
		return 0;
	rc = find_in(write, key, &record);
	if (condition == ABSENT)
		return rc == 0 ? LARDER_EEXIST : rc == LARDER_ENOTFOUND ? 0 : rc;
	if (rc == 0 && condition == SAME_CAS && record.cas != cas)
		return LARDER_ECONFLICT;
	return rc;
}

/* Ends a transaction as the result so far asks for. */
static int end_write(struct lrd_write *write, int rc)
{
	if (rc == 0)
		return lrd_write_commit(write);
	lrd_write_abort(write);
	return rc;
}

static int store_item(larder_store *store, const larder_item *item,
		      enum condition condition, uint64_t *cas_out)
{
	struct lrd_put put = { .kind = LRD_PUBLIC_KIND };
	struct lrd_write *write = NULL;
	struct lrd_fill *fill = NULL;
	uint64_t cas = 0;
	int rc = lrd_public_key(store, item, &put.key);

	if (rc < 0)
		return rc;
	if (!item->value.ptr && item->value.len > 0)
		return LARDER_EINVAL;
	put.client_flags = item->flags;
	put.stored_at = lrd_clock_now_s();
	put.expires_at = item->expires_at;
	put.stale_until = item->expires_at;
	if (item->value.len >= FILL_FROM) {
		rc = lrd_fill_begin(store->store, item->value.len, &fill);
		if (rc == 0)
			rc = lrd_fill_append(fill, item->value.ptr, item->value.len);
	}
	if (rc == 0)
		rc = lrd_write_begin(store->store, &write);
	if (rc == 0) {
		rc = check_condition(write, &put.key, condition, item->cas);
		if (rc == 0 && fill) {
			rc = lrd_write_publish(write, &put, fill, &cas);
			if (rc == 0)
				fill = NULL; /* moved */
		} else if (rc == 0) {
			rc = lrd_write_put(write, &put, item->value, &cas);
		}
		rc = end_write(write, rc);
	}
	lrd_fill_abort(fill);
	if (rc < 0)
		return rc;
	lrd_store_count(store->store, LRD_COUNT_STORED, 1);
	if (cas_out)
		*cas_out = cas;
	return 0;
}

int larder_store_set(larder_store *store, const larder_item *item, uint64_t *cas_out)
{
	return store_item(store, item, ALWAYS, cas_out);
}

int larder_store_add(larder_store *store, const larder_item *item, uint64_t *cas_out)
{
	return store_item(store, item, ABSENT, cas_out);
}

int larder_store_replace(larder_store *store, const larder_item *item, uint64_t *cas_out)
{
	return store_item(store, item, PRESENT, cas_out);
}

int larder_store_cas(larder_store *store, const larder_item *item, uint64_t *cas_out)
{
	return store_item(store, item, SAME_CAS, cas_out);
}

int larder_store_delete(larder_store *store, const larder_item *key)
{
	struct lrd_record record;
	struct lrd_write *write;
	struct lrd_key inner;
	int rc = lrd_public_key(store, key, &inner);

	if (rc == 0)
		rc = lrd_write_begin(store->store, &write);
	if (rc < 0)
		return rc;
	rc = find_in(write, &inner, &record);
	if (rc == 0)
		rc = lrd_write_delete(write, &inner);
	rc = end_write(write, rc);
	if (rc == 0)
		lrd_store_count(store->store, LRD_COUNT_DELETED, 1);
	return rc;
}

/* A put that says of an entry what the record says of it. */
static struct lrd_put put_as(const struct lrd_record *record, const struct lrd_key *key)
{
	return (struct lrd_put){ .key = *key,
				 .kind = record->kind,
				 .client_flags = record->client_flags,
				 .stored_at = record->stored_at,
				 .expires_at = record->expires_at,
				 .stale_until = record->stale_until };
}

int larder_store_touch(larder_store *store, const larder_item *key)
{
	struct lrd_record record;
	struct lrd_write *write;
	struct lrd_key inner;
	struct lrd_put put;
	int rc = lrd_public_key(store, key, &inner);

	if (rc == 0)
		rc = lrd_write_begin(store->store, &write);
	if (rc < 0)
		return rc;
	rc = find_in(write, &inner, &record);
	if (rc == 0) {
		put = put_as(&record, &inner);
		/* A touched entry keeps its cas, as memcached has it. */
		put.cas = record.cas;
		put.expires_at = key->expires_at;
		put.stale_until = key->expires_at;
		rc = lrd_write_update(write, &put, 0, NULL);
	}
	return end_write(write, rc);
}

/* The number that a value is. */
static int read_number(struct lrd_write *write, const struct lrd_record *record,
		       uint64_t *out)
{
	char text[LRD_NUM_SIZE];
	size_t len = (size_t)record->body_len;
	int rc;

	if (record->body_len == 0 || record->body_len >= sizeof(text))
		return LARDER_EINVAL;
	rc = lrd_write_body(write, record, 0, text, len);
	if (rc < 0)
		return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
	while (len > 1 && text[len - 1] == ' ')
		len--;
	return lrd_u64_parse((larder_slice){ text, len }, out) < 0 ? LARDER_EINVAL : 0;
}

int larder_store_incr(larder_store *store, const larder_item *key, int64_t by,
		      uint64_t *result)
{
	char text[LRD_NUM_SIZE];
	struct lrd_record record;
	struct lrd_write *write;
	struct lrd_key inner;
	struct lrd_put put;
	uint64_t number = 0;
	uint64_t less = by < 0 ? (uint64_t)0 - (uint64_t)by : 0;
	int rc = lrd_public_key(store, key, &inner);

	if (rc == 0)
		rc = lrd_write_begin(store->store, &write);
	if (rc < 0)
		return rc;
	rc = find_in(write, &inner, &record);
	if (rc == 0)
		rc = read_number(write, &record, &number);
	if (rc == 0) {
		if (by < 0)
			number = number > less ? number - less : 0;
		else
			number += (uint64_t)by;
		put = put_as(&record, &inner);
		rc = lrd_write_put(write, &put,
				   (larder_slice){ text, lrd_u64_format(number, text) },
				   NULL);
	}
	rc = end_write(write, rc);
	if (rc == 0 && result)
		*result = number;
	return rc;
}
