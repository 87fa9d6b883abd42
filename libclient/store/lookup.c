/* SPDX-License-Identifier: MIT */
/* lookup.c - from a key to a verified, live record, inside any transaction. */
#include "store/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/lmdb.h"
#include "store/rows.h"

void lrd_scratch_free(struct lrd_scratch *scratch)
{
	while (scratch) {
		struct lrd_scratch *next = scratch->next;

		free(scratch);
		scratch = next;
	}
}

int lrd_lookup_raw(const struct lrd_lookup *lookup, uint64_t hash, MDB_val *out)
{
	struct lrd_mount *mount = lookup->mount;
	struct lrd_place *place = lookup->place;
	int rc;

	if (place->writes) {
		int mdb_rc =
			lrd_guard_get(mount, place->txn, mount->entries, hash, out);

		return mdb_rc == 0 ? 0 : lrd_lmdb_failed(mount, mdb_rc);
	}
	rc = lrd_tree_find(&place->snapshot, LRD_TREE_ENTRIES, hash, out);
	return rc == LARDER_ECORRUPT ? lrd_lmdb_damaged(mount) : rc;
}

/* Where rows are read from: committed pages, or what a write transaction has of them. */
static int open_rows(const struct lrd_lookup *lookup, struct lrd_rows_source *source)
{
	struct lrd_mount *mount = lookup->mount;
	struct lrd_place *place = lookup->place;
	int mdb_rc = 0;

	source->mount = mount;
	source->snapshot = NULL;
	source->cursor = NULL;
	if (!place->writes) {
		source->snapshot = &place->snapshot;
		return 0;
	}
	if (!place->rows)
		mdb_rc = lrd_guard_cursor_open(mount, place->txn, mount->rows,
					       &place->rows);
	source->cursor = place->rows;
	return mdb_rc == 0 ? 0 : lrd_lmdb_failed(mount, mdb_rc);
}

/* Fetches texts that lie in rows. Rare: only heads and names beyond a page do. */
static int fetch_texts(const struct lrd_lookup *lookup, struct lrd_record *record,
		       const struct lrd_record_links *links)
{
	struct lrd_rows_source source = { .id = links->text_id, .len = links->text_len };
	struct lrd_scratch *scratch;
	int rc = open_rows(lookup, &source);

	if (rc < 0)
		return rc;
	scratch = malloc(sizeof(*scratch) + (size_t)links->text_len);
	if (!scratch)
		return LARDER_ENOMEM;
	rc = lrd_rows_read(&source, 0, scratch->bytes, (size_t)links->text_len);
	if (rc < 0) {
		free(scratch);
		return LARDER_ECORRUPT;
	}
	scratch->next = lookup->place->scratch;
	lookup->place->scratch = scratch;
	lrd_record_set_texts(record, (const char *)scratch->bytes);
	return 0;
}

int lrd_lookup_value(const struct lrd_lookup *lookup, uint64_t hash, const MDB_val *value,
		     struct lrd_record *out, struct lrd_record_links *links)
{
	struct lrd_record record;
	struct lrd_record_links found;
	int rc = lrd_record_decode(value->mv_data, value->mv_size, hash, &record, &found);

	if (rc == 0 && found.text_id)
		rc = fetch_texts(lookup, &record, &found);
	if (rc == LARDER_ECORRUPT)
		lrd_damage_report(lookup->mount, hash, value);
	if (rc < 0)
		return rc;
	*out = record;
	*links = found;
	return 0;
}

int lrd_lookup_hash(const struct lrd_lookup *lookup, uint64_t hash,
		    struct lrd_record *out, struct lrd_record_links *links, MDB_val *raw)
{
	MDB_val v;
	int rc = lrd_lookup_raw(lookup, hash, &v);

	if (rc < 0)
		return rc;
	if (raw)
		*raw = v;
	return lrd_lookup_value(lookup, hash, &v, out, links);
}

bool lrd_lookup_is_live(const struct lrd_mount *mount, const struct lrd_record *record,
			uint32_t epoch, int64_t now)
{
	const struct lrd_control_shared *shared = mount->shared;

	if (record->stale_until != 0 && now >= record->stale_until)
		return false;
	return epoch >= atomic_load_explicit(&shared->live_epoch[0],
					     memory_order_relaxed) &&
	       epoch >= atomic_load_explicit(&shared->live_epoch[record->kind],
					     memory_order_relaxed);
}

static bool is_same(larder_slice a, larder_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int lrd_lookup_key(const struct lrd_lookup *lookup, const struct lrd_key *key,
		   int64_t now, struct lrd_record *out, struct lrd_record_links *links)
{
	struct lrd_record record;
	struct lrd_record_links found;
	int rc = lrd_lookup_hash(lookup, key->hash, &record, &found, NULL);

	if (rc < 0)
		return rc;
	if (!is_same(record.name, key->name) ||
	    !is_same(record.partition, key->partition) ||
	    !lrd_lookup_is_live(lookup->mount, &record, found.epoch, now))
		return LARDER_ENOTFOUND;
	*out = record;
	*links = found;
	return 0;
}

static int copy_inline(const struct lrd_record *record, size_t offset, void *dst,
		       size_t len)
{
	const char *body = record->inline_body.ptr;
	uint64_t sum;

	if (len == record->inline_body.len) {
		if (len > 0)
			memcpy(dst, body, len);
		sum = lrd_record_body_sum(dst, len, record->hash);
	} else {
		sum = lrd_record_body_sum(body, record->inline_body.len, record->hash);
		memcpy(dst, body + offset, len);
	}
	return sum == record->body_sum ? 0 : LARDER_ECORRUPT;
}

int lrd_lookup_body(const struct lrd_lookup *lookup, const struct lrd_record *record,
		    uint64_t offset, void *dst, size_t len)
{
	struct lrd_rows_source source = { .id = record->body_id, .len = record->body_len };
	MDB_val value;
	int rc;

	if (offset > record->body_len || len > record->body_len - offset)
		return LARDER_EINVAL;
	if (!record->body_id) {
		rc = copy_inline(record, (size_t)offset, dst, len);
	} else {
		rc = open_rows(lookup, &source);
		if (rc < 0)
			return rc;
		rc = lrd_rows_read(&source, offset, dst, len);
	}
	if (rc == 0)
		return 0;
	/* A row that is missing is damage as well: the record vouched for it. */
	if (lrd_lookup_raw(lookup, record->hash, &value) == 0)
		lrd_damage_report(lookup->mount, record->hash, &value);
	return LARDER_ECORRUPT;
}
