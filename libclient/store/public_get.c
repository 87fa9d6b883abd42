/* SPDX-License-Identifier: MIT */
/* public_get.c - larder/store.h: looking values up. */
#include "store/public.h"

#include "sys/clock.h"

/* Begins a read and finds a value; ends it on failure. Counts what users count. */
static int find(larder_store *store, const larder_item *key, struct lrd_read *read,
		struct lrd_record *record)
{
	struct lrd_key inner;
	int rc = lrd_public_key(store, key, &inner);

	if (rc == 0)
		rc = lrd_read_begin(store->store, read);
	if (rc < 0)
		return rc;
	rc = lrd_read_get(read, &inner, lrd_clock_now_s(), record);
	if (rc == 0 && record->kind != LRD_PUBLIC_KIND)
		rc = LARDER_ENOTFOUND;
	if (rc < 0)
		lrd_read_end(read);
	if (rc == 0 || rc == LARDER_ENOTFOUND)
		lrd_store_count(store->store, rc == 0 ? LRD_COUNT_HIT : LRD_COUNT_MISS, 1);
	return rc;
}

/* A body that fails its check is as absent as a record that does. */
static int absent_if_damaged(int rc)
{
	return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
}

int larder_store_get(larder_store *store, const larder_item *key, larder_item *out)
{
	struct lrd_record record;
	struct lrd_read read;
	larder_item item = LARDER_ITEM_INIT;
	char *value = NULL;
	int rc;

	if (!lrd_public_is_item(out))
		return LARDER_EINVAL;
	rc = find(store, key, &read, &record);
	if (rc < 0)
		return rc;
	rc = lrd_public_copy(&record, true, &item, &value);
	if (rc == 0) {
		rc = lrd_read_body(&read, &record, 0, value, item.value.len);
		value[item.value.len] = '\0';
	}
	lrd_read_end(&read);
	if (rc < 0) {
		larder_item_release(&item);
		return absent_if_damaged(rc);
	}
	*out = item;
	return 0;
}

int larder_store_read(larder_store *store, const larder_item *key, void *buffer,
		      size_t size, larder_item *out)
{
	struct lrd_record record;
	struct lrd_read read;
	int rc;

	if (!lrd_public_is_item(out) || (!buffer && size > 0))
		return LARDER_EINVAL;
	rc = find(store, key, &read, &record);
	if (rc < 0)
		return rc;
	if (record.body_len > size) {
		out->value = (larder_slice){ NULL, (size_t)record.body_len };
		rc = LARDER_ELIMIT;
	} else {
		rc = lrd_read_body(&read, &record, 0, buffer, (size_t)record.body_len);
	}
	if (rc == 0) {
		*out = (larder_item)LARDER_ITEM_INIT;
		lrd_public_set_facts(&record, out);
		out->partition = key->partition;
		out->key = key->key;
		out->value = (larder_slice){ buffer, (size_t)record.body_len };
	}
	lrd_read_end(&read);
	return absent_if_damaged(rc);
}
