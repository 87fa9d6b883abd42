/* SPDX-License-Identifier: MIT */
/* put.c - storing, changing and deleting entries inside a write transaction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/check.h"
#include "store/entry.h"
#include "store/env.h"
#include "store/event.h"
#include "store/garbage.h"
#include "store/key.h"
#include "store/lmdb.h"
#include "store/room.h"
#include "store/rows.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "store/write.h"
#include "sys/crash.h"

enum {
	LRD_PUT_BODY_MAX = 16 << 20, /* larger bodies come through a fill */
	MAP_FULL_TRIES = 2
};

static struct lrd_lookup lookup_of(struct lrd_write *write)
{
	return (struct lrd_lookup){ write->mount, &write->place };
}

int lrd_write_get(struct lrd_write *write, const struct lrd_key *key, int64_t now,
		  struct lrd_record *out)
{
	struct lrd_lookup lookup = lookup_of(write);
	struct lrd_record_links links;
	int rc = write->failed;

	if (rc == 0)
		rc = lrd_lookup_key(&lookup, key, now, out, &links);
	return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
}

int lrd_write_body(struct lrd_write *write, const struct lrd_record *record,
		   uint64_t offset, void *dst, size_t len)
{
	struct lrd_lookup lookup = lookup_of(write);

	if (write->failed)
		return write->failed;
	return lrd_lookup_body(&lookup, record, offset, dst, len);
}

static int check_put(const struct lrd_put *put)
{
	if (put->key.partition.len > LRD_PARTITION_MAX || put->key.name.len > LRD_KEY_MAX ||
	    put->head.len > LRD_HEAD_MAX || put->kind == 0)
		return LARDER_EINVAL;
	return 0;
}

/* The cas of a put: the caller's, or the next; numbers given later are larger. */
static uint64_t take_cas(struct lrd_mount *mount, uint64_t wanted)
{
	_Atomic uint64_t *next = &mount->shared->next_cas;
	uint64_t cas = wanted;

	if (cas == 0)
		cas = atomic_load(next);
	/* A caller's number near the end of the range must not use it up for all. */
	if (cas >= atomic_load(next) && cas < UINT64_MAX / 2)
		atomic_store(next, cas + 1);
	return cas;
}

/* The record that is there under this hash, if it makes sense. An LMDB code. */
static int find_old(struct lrd_write *write, uint64_t hash, struct lrd_record *record,
		    struct lrd_record_links *links, bool *found)
{
	MDB_val v;
	int mdb_rc = lrd_guard_get(write->mount, write->place.txn, write->mount->entries,
				   hash, &v);

	*found = false;
	if (mdb_rc == MDB_NOTFOUND)
		return 0;
	if (mdb_rc != 0)
		return mdb_rc;
	*found = lrd_record_decode(v.mv_data, v.mv_size, hash, record, links) == 0;
	if (!*found)
		lrd_orphans_expect(write->mount);
	return 0;
}

/* The record's slot. A batch may be larger than what was kept free for it: without a slot a
 * record is read like any other, and gets one later. */
static uint32_t slot_for(struct lrd_mount *mount, const struct lrd_record *record,
			 const struct lrd_record_links *links, uint32_t old_slot)
{
	struct lrd_slot_facts facts =
		lrd_slots_facts(record, links, lrd_record_size(record, links));
	uint32_t slot = lrd_slots_place(mount, &facts, old_slot);

	if (slot == 0)
		lrd_slots_miss(mount);
	return slot;
}

/* Writes the texts as rows of an id of their own. An LMDB code, or ENOMEM. */
static int write_texts(struct lrd_write *write, const struct lrd_record *record,
		       uint64_t id)
{
	size_t len = record->partition.len + record->name.len + record->head.len;
	char *texts = malloc(len);
	char *at = texts;
	int mdb_rc;

	if (!texts)
		return ENOMEM;
	if (record->partition.len > 0)
		memcpy(at, record->partition.ptr, record->partition.len);
	at += record->partition.len;
	if (record->name.len > 0)
		memcpy(at, record->name.ptr, record->name.len);
	at += record->name.len;
	if (record->head.len > 0)
		memcpy(at, record->head.ptr, record->head.len);
	mdb_rc = lrd_rows_write(write->mount, write->place.txn, id, 0, texts, len);
	free(texts);
	return mdb_rc;
}

/* Encodes into the table, over what is there. An LMDB code. */
static int put_record(struct lrd_write *write, const struct lrd_record *record,
		      const struct lrd_record_links *links)
{
	unsigned char value[LRD_VALUE_MAX];

	lrd_record_encode(record, links, value);
	return lrd_guard_put(write->mount, write->place.txn, write->mount->entries,
			     record->hash, value, lrd_record_size(record, links));
}

static uint64_t pages_for(uint64_t text_len, uint64_t body_rows)
{
	uint64_t texts = text_len > LRD_VALUE_MAX - LRD_RECORD_HEADER
				 ? lrd_rows_count(text_len)
				 : 0;

	return LRD_ROOM_PUT + texts + body_rows;
}

/* Room, rows, record: everything but the old entry. `keep_body`: the old body stays in use. */
static int store_record(struct lrd_write *write, struct lrd_record *record, bool keep_body)
{
	struct lrd_mount *mount = write->mount;
	MDB_txn *txn = write->place.txn;
	struct lrd_record_links links = { .epoch = atomic_load(&mount->shared->epoch) };
	struct lrd_record old;
	struct lrd_record_links old_links;
	int texts_in_rows, body_in_rows;
	bool found = false;
	int mdb_rc = find_old(write, record->hash, &old, &old_links, &found);

	if (mdb_rc != 0)
		return mdb_rc;
	links.text_len = record->partition.len + record->name.len + record->head.len;
	lrd_record_place((size_t)links.text_len, record->body_id ? 0 : record->body_len,
			 &texts_in_rows, &body_in_rows);
	if (texts_in_rows) {
		links.text_id = lrd_rows_new_id(mount);
		mdb_rc = write_texts(write, record, links.text_id);
	}
	if (mdb_rc == 0 && body_in_rows && !record->body_id) {
		record->body_id = lrd_rows_new_id(mount);
		mdb_rc = lrd_rows_write(mount, txn, record->body_id, 0,
					record->inline_body.ptr, record->inline_body.len);
	}
	LRD_CRASH_POINT("store.put.before_record");
	/* The old record's bytes are used up: its values above are copies. */
	if (mdb_rc == 0) {
		record->slot = slot_for(mount, record, &links, found ? old.slot : 0);
		mdb_rc = put_record(write, record, &links);
	}
	if (mdb_rc == 0 && found)
		mdb_rc = lrd_entry_discard(mount, txn, keep_body ? 0 : old.body_id,
					   old.body_len, old_links.text_id,
					   old_links.text_len);
	return mdb_rc;
}

static void from_put(const struct lrd_put *put, uint64_t hash, struct lrd_record *out)
{
	*out = (struct lrd_record){
		.kind = put->kind,
		.marks = put->marks,
		.client_flags = put->client_flags,
		.stored_at = put->stored_at,
		.expires_at = put->expires_at,
		.stale_until = put->stale_until,
		.partition = put->key.partition,
		.name = put->key.name,
		.head = put->head,
		.hash = hash,
	};
}

int lrd_write_store(struct lrd_write *write, const struct lrd_put *put, uint64_t body_id,
		    larder_slice body, uint64_t *cas_out)
{
	struct lrd_mount *mount = write->mount;
	struct lrd_record record;
	uint64_t text_len = put->key.partition.len + put->key.name.len + put->head.len;
	uint64_t rows = body_id ? 0 : lrd_rows_count(body.len);
	int mdb_rc;
	int rc = write->failed;

	if (rc == 0)
		rc = check_put(put);
	/* Said before anybody is evicted for it. */
	if (rc == 0 && lrd_rows_count(body.len) > lrd_room_max_rows(mount))
		rc = LARDER_EFULL;
	if (rc == 0)
		rc = lrd_write_need(write, pages_for(text_len, rows));
	if (rc < 0)
		return rc;
	/* The key's hash is computed anew: it may be of a store that was here before. */
	from_put(put, lrd_key_hash(mount, put->key.partition, put->key.name), &record);
	record.body_len = body.len;
	record.body_id = body_id;
	if (!body_id)
		record.inline_body = body;
	record.cas = take_cas(mount, put->cas);
	for (int attempt = 0;; attempt++) {
		struct lrd_record once = record;

		mdb_rc = store_record(write, &once, false);
		if (mdb_rc != MDB_MAP_FULL || attempt == MAP_FULL_TRIES ||
		    lrd_write_restart(write, pages_for(text_len, rows)) < 0)
			break;
	}
	write->pages += (size_t)pages_for(text_len, rows);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	lrd_event_put(mount, LRD_EVENT_STORED, record.hash, put->key.name, body.len);
	if (cas_out)
		*cas_out = record.cas;
	return 0;
}

int lrd_write_put(struct lrd_write *write, const struct lrd_put *put, larder_slice body,
		  uint64_t *cas_out)
{
	if (body.len > LRD_PUT_BODY_MAX)
		return LARDER_ELIMIT;
	return lrd_write_store(write, put, 0, body, cas_out);
}

/* Finds the entry to change: live in every respect but time. */
static int find_entry(struct lrd_write *write, const struct lrd_key *key,
		      struct lrd_record *out, struct lrd_record_links *links)
{
	struct lrd_lookup lookup = lookup_of(write);
	struct lrd_key now_key = *key;
	int rc;

	now_key.hash = lrd_key_hash(write->mount, key->partition, key->name);
	rc = lrd_lookup_key(&lookup, &now_key, INT64_MIN, out, links);
	return rc == LARDER_ECORRUPT ? LARDER_ENOTFOUND : rc;
}

int lrd_write_update(struct lrd_write *write, const struct lrd_put *put, uint64_t if_cas,
		     uint64_t *cas_out)
{
	struct lrd_mount *mount = write->mount;
	unsigned char body[LRD_VALUE_MAX];
	struct lrd_record old, record;
	struct lrd_record_links links;
	uint64_t text_len = put->key.partition.len + put->key.name.len + put->head.len;
	struct lrd_lookup lookup = lookup_of(write);
	int mdb_rc;
	int rc = write->failed;

	if (rc == 0)
		rc = check_put(put);
	if (rc == 0)
		rc = lrd_write_need(write, pages_for(text_len, 1));
	if (rc == 0)
		rc = find_entry(write, &put->key, &old, &links);
	if (rc < 0)
		return rc;
	if (if_cas != 0 && old.cas != if_cas)
		return LARDER_ECONFLICT;
	from_put(put, old.hash, &record);
	record.body_len = old.body_len;
	record.body_id = old.body_id;
	if (!old.body_id) {
		/* Out of the page that is about to be rewritten, and verified: a new checksum
		 * must not bless old damage. */
		rc = lrd_lookup_body(&lookup, &old, 0, body, (size_t)old.body_len);
		if (rc < 0)
			return LARDER_ENOTFOUND;
		record.inline_body =
			(larder_slice){ (const char *)body, (size_t)old.body_len };
	}
	record.cas = take_cas(mount, put->cas);
	mdb_rc = store_record(write, &record, old.body_id != 0);
	write->pages += (size_t)pages_for(text_len, 1);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	if (cas_out)
		*cas_out = record.cas;
	return 0;
}

int lrd_write_delete(struct lrd_write *write, const struct lrd_key *key)
{
	struct lrd_record record;
	struct lrd_record_links links;
	int mdb_rc;
	int rc = write->failed;

	if (rc == 0)
		rc = find_entry(write, key, &record, &links);
	if (rc < 0)
		return rc;
	lrd_event_put(write->mount, LRD_EVENT_DELETED, record.hash, key->name,
		      record.body_len);
	mdb_rc = lrd_entry_remove(write->mount, write->place.txn, &record, &links);
	write->pages += LRD_ROOM_PUT / 2;
	return mdb_rc == 0 ? 0 : lrd_write_fail(write, mdb_rc);
}
