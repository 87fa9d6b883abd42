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

int lrd_lookup_rows(const struct lrd_lookup *lookup, MDB_cursor **out)
{
	struct lrd_place *place = lookup->place;
	int mdb_rc = 0;

	/* A reader's cursor outlives the snapshot and is bound to the next one when needed. */
	if (!place->rows)
		mdb_rc = mdb_cursor_open(place->txn, lookup->mount->rows, &place->rows);
	else if (!place->rows_bound)
		mdb_rc = mdb_cursor_renew(place->txn, place->rows);
	if (mdb_rc != 0)
		return lrd_lmdb_failed(lookup->mount, mdb_rc);
	place->rows_bound = true;
	*out = place->rows;
	return 0;
}

/* Fetches texts that lie in rows. Rare: only heads and names beyond a page do. */
static int fetch_texts(const struct lrd_lookup *lookup, struct lrd_record *record,
		       const struct lrd_record_links *links)
{
	struct lrd_rows_source source = { .id = links->text_id, .len = links->text_len };
	struct lrd_scratch *scratch;
	int rc = lrd_lookup_rows(lookup, &source.cursor);

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
	MDB_val k = { sizeof(hash), &hash };
	MDB_val v;
	int mdb_rc = mdb_get(lookup->place->txn, lookup->mount->entries, &k, &v);

	if (mdb_rc != 0)
		return lrd_lmdb_failed(lookup->mount, mdb_rc);
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
	MDB_val key = { sizeof(record->hash), NULL };
	MDB_val value;
	uint64_t hash = record->hash;
	int rc;

	if (offset > record->body_len || len > record->body_len - offset)
		return LARDER_EINVAL;
	if (!record->body_id) {
		rc = copy_inline(record, (size_t)offset, dst, len);
	} else {
		rc = lrd_lookup_rows(lookup, &source.cursor);
		if (rc < 0)
			return rc;
		rc = lrd_rows_read(&source, offset, dst, len);
	}
	if (rc == 0)
		return 0;
	/* A row that is missing is damage as well: the record vouched for it. */
	key.mv_data = &hash;
	if (mdb_get(lookup->place->txn, lookup->mount->entries, &key, &value) == 0)
		lrd_damage_report(lookup->mount, hash, &value);
	return LARDER_ECORRUPT;
}
