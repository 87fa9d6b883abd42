/* SPDX-License-Identifier: MIT */
/* values.c - what memcache's commands mean in the store's terms. */
#include "cached/values.h"

#include <string.h>

#include "cached/task.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

/* Of a value that incr and decr look at: a number with zeros and blanks around it. */
enum { NUMBER_TEXT_MAX = 64 };

enum { PAGE_BYTES = 4096, ROOM_RESERVE_MAX = 4 << 20 };

static int make_key(struct lrd_batch *batch, larder_slice name, struct lrd_key *key)
{
	return lrd_key_init(batch->store, LRD_SLICE(""), name, key);
}

int lrd_value_find(struct lrd_batch *batch, larder_slice name, struct lrd_key *key,
		   struct lrd_record *record)
{
	struct lrd_record found;
	int rc = make_key(batch, name, key);

	if (rc < 0)
		return rc;
	rc = lrd_batch_get(batch, key, &found);
	if (rc < 0)
		return rc;
	/* An HTTP entry: memcache does not see it. */
	if (found.kind != LRD_KIND_VALUE)
		return LARDER_ENOTFOUND;
	*record = found;
	return 0;
}

/* What a store command comes to, given what is there; STORED: go on. */
static enum lrd_mc_status decide(const struct lrd_value_rules *rules,
				 const struct lrd_mc_command *command,
				 const struct lrd_record *old)
{
	switch (command->verb) {
	case LRD_MC_ADD:
		return old ? LRD_MC_NOT_STORED : LRD_MC_STORED;
	case LRD_MC_REPLACE:
	case LRD_MC_APPEND:
	case LRD_MC_PREPEND:
		return old ? LRD_MC_STORED : LRD_MC_NOT_STORED;
	case LRD_MC_CAS:
		if (!old)
			return LRD_MC_NOT_FOUND;
		return rules->no_cas || old->cas == command->cas ? LRD_MC_STORED
								 : LRD_MC_EXISTS;
	default:
		return LRD_MC_STORED;
	}
}

static struct lrd_put put_of(const struct lrd_key *key, uint32_t client_flags,
			     int64_t now, int64_t expires_at)
{
	return (struct lrd_put){
		.key = *key,
		.kind = LRD_KIND_VALUE,
		.client_flags = client_flags,
		.stored_at = now,
		.expires_at = expires_at,
		.stale_until = expires_at,
		.head = { "", 0 },
	};
}

/* The same entry with nothing changed but what the caller changes then. */
static struct lrd_put put_like(const struct lrd_key *key, const struct lrd_record *record)
{
	struct lrd_put put =
		put_of(key, record->client_flags, record->stored_at, record->expires_at);

	put.stale_until = record->stale_until;
	put.marks = record->marks;
	put.head = record->head;
	return put;
}

static int remove_any(struct lrd_batch *batch, const struct lrd_key *key)
{
	int rc = lrd_write_delete(batch->write, key);

	return rc == LARDER_ENOTFOUND ? 0 : rc;
}

int lrd_value_check_room(struct lrd_batch *batch, const struct lrd_value_rules *rules,
			 uint64_t len)
{
	struct lrd_store_stat stat;
	uint64_t reserve, pending;
	int rc;

	if (!rules->no_evictions)
		return 0;
	rc = lrd_store_stat(batch->store, &stat);
	if (rc < 0)
		return rc;
	/* The store evicts to keep a part free at the start of each transaction: stay below. */
	reserve = stat.budget_bytes / 8;
	if (reserve > ROOM_RESERVE_MAX)
		reserve = ROOM_RESERVE_MAX;
	pending = batch->write ? lrd_write_pages(batch->write) * PAGE_BYTES : 0;
	return stat.used_bytes + pending + len + reserve > stat.budget_bytes ? LARDER_EFULL
									     : 0;
}

/* Opens the transaction, looks and decides. Returns a status, STORED meaning: go on. */
static int prepare(struct lrd_batch *batch, const struct lrd_value_rules *rules,
		   const struct lrd_mc_command *command, struct lrd_key *key,
		   struct lrd_record *old, bool *exists)
{
	int rc = lrd_batch_write(batch);

	*exists = false;
	if (rc < 0)
		return rc;
	if (command->verb == LRD_MC_SET)
		return make_key(batch, command->key, key) < 0 ? LARDER_EINVAL
							      : LRD_MC_STORED;
	rc = lrd_value_find(batch, command->key, key, old);
	if (rc < 0 && rc != LARDER_ENOTFOUND)
		return rc;
	*exists = rc == 0;
	return decide(rules, command, *exists ? old : NULL);
}

/* Old and new block together, in `scratch`. */
static int join(struct lrd_batch *batch, const struct lrd_mc_command *command,
		const struct lrd_record *old, struct lrd_buf *scratch)
{
	bool append = command->verb == LRD_MC_APPEND;
	size_t old_len = (size_t)old->body_len;
	int rc = 0;

	lrd_buf_clear(scratch);
	if (!append)
		rc = lrd_buf_append_slice(scratch, command->value);
	if (rc == 0)
		rc = lrd_buf_reserve(scratch, old_len);
	if (rc == 0)
		rc = lrd_batch_body(batch, old, 0, scratch->ptr + scratch->len, old_len);
	if (rc < 0)
		return rc;
	lrd_buf_commit(scratch, old_len);
	return append ? lrd_buf_append_slice(scratch, command->value) : 0;
}

static int store_joined(struct lrd_batch *batch, const struct lrd_mc_command *command,
			const struct lrd_key *key, const struct lrd_record *old,
			struct lrd_buf *scratch)
{
	struct lrd_put put = put_like(key, old);
	int rc;

	if (old->body_len + command->value_len > LRD_BLOCK_INLINE_MAX)
		return LARDER_ELIMIT;
	rc = join(batch, command, old, scratch);
	/* A value that fails its checksum is no value. */
	if (rc == LARDER_ECORRUPT)
		return LRD_MC_NOT_STORED;
	if (rc < 0)
		return rc;
	put.stored_at = batch->now;
	put.marks = 0;
	rc = lrd_write_put(batch->write, &put, lrd_buf_slice(scratch), NULL);
	return rc < 0 ? rc : LRD_MC_STORED;
}

int lrd_value_store(struct lrd_batch *batch, const struct lrd_value_rules *rules,
		    const struct lrd_mc_command *command, struct lrd_buf *scratch)
{
	int64_t expires_at = lrd_mc_expires_at(command->exptime, batch->now);
	struct lrd_record old;
	struct lrd_key key;
	struct lrd_put put;
	bool exists;
	int rc = prepare(batch, rules, command, &key, &old, &exists);

	if (rc != LRD_MC_STORED)
		return rc;
	rc = lrd_value_check_room(batch, rules, command->value_len);
	if (rc < 0)
		return rc;
	if (command->verb == LRD_MC_APPEND || command->verb == LRD_MC_PREPEND)
		return store_joined(batch, command, &key, &old, scratch);
	if (expires_at && expires_at <= batch->now) {
		rc = remove_any(batch, &key);
		return rc < 0 ? rc : LRD_MC_STORED;
	}
	put = put_of(&key, command->client_flags, batch->now, expires_at);
	rc = lrd_write_put(batch->write, &put, command->value, NULL);
	return rc < 0 ? rc : LRD_MC_STORED;
}

int lrd_value_publish(struct lrd_batch *batch, const struct lrd_value_rules *rules,
		      const struct lrd_mc_command *command, struct lrd_fill *take)
{
	int64_t expires_at = lrd_mc_expires_at(command->exptime, batch->now);
	struct lrd_record old;
	struct lrd_key key;
	struct lrd_put put;
	bool exists;
	int rc = prepare(batch, rules, command, &key, &old, &exists);

	if (rc < 0)
		return rc;
	if (rc != LRD_MC_STORED || (expires_at && expires_at <= batch->now)) {
		if (rc == LRD_MC_STORED && remove_any(batch, &key) < 0)
			return LARDER_EIO;
		lrd_fill_abort(take);
		return rc;
	}
	put = put_of(&key, command->client_flags, batch->now, expires_at);
	rc = lrd_write_publish(batch->write, &put, take, NULL);
	return rc < 0 ? rc : LRD_MC_STORED;
}

int lrd_value_delete(struct lrd_batch *batch, larder_slice name)
{
	struct lrd_record record;
	struct lrd_key key;
	int rc = lrd_batch_write(batch);

	if (rc == 0)
		rc = lrd_value_find(batch, name, &key, &record);
	if (rc == 0)
		rc = lrd_write_delete(batch->write, &key);
	if (rc == LARDER_ENOTFOUND)
		return LRD_MC_NOT_FOUND;
	return rc < 0 ? rc : LRD_MC_DELETED;
}

static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* A number as memcached reads it: blanks around it are no matter. */
static int parse_number(larder_slice text, uint64_t *out)
{
	while (text.len && is_blank(text.ptr[0]))
		text = lrd_slice_skip(text, 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return lrd_u64_parse(text, out);
}

int lrd_value_count(struct lrd_batch *batch, const struct lrd_mc_command *command,
		    uint64_t *result)
{
	char digits[LRD_NUM_SIZE], text[NUMBER_TEXT_MAX];
	struct lrd_record old;
	struct lrd_put put;
	struct lrd_key key;
	uint64_t number;
	size_t len;
	int rc = lrd_batch_write(batch);

	if (rc == 0)
		rc = lrd_value_find(batch, command->key, &key, &old);
	if (rc == LARDER_ENOTFOUND)
		return LRD_MC_NOT_FOUND;
	if (rc < 0)
		return rc;
	if (old.body_len == 0 || old.body_len > sizeof(text))
		return LRD_MC_CLIENT_ERROR;
	len = (size_t)old.body_len;
	rc = lrd_batch_body(batch, &old, 0, text, len);
	if (rc < 0)
		return rc == LARDER_ECORRUPT ? LRD_MC_NOT_FOUND : rc;
	if (parse_number(lrd_slice_of(text, len), &number) < 0)
		return LRD_MC_CLIENT_ERROR;
	if (command->verb == LRD_MC_INCR)
		number += command->number; /* wraps at 2^64 */
	else
		number = number > command->number ? number - command->number : 0;
	put = put_like(&key, &old);
	put.stored_at = batch->now;
	put.marks = 0;
	len = lrd_u64_format(number, digits);
	rc = lrd_write_put(batch->write, &put, lrd_slice_of(digits, len), NULL);
	if (rc < 0)
		return rc;
	*result = number;
	return LRD_MC_NUMBER;
}

int lrd_value_touch(struct lrd_batch *batch, const struct lrd_key *key,
		    const struct lrd_record *record, int64_t exptime)
{
	int64_t expires_at = lrd_mc_expires_at(exptime, batch->now);
	struct lrd_put put = put_like(key, record);
	int rc;

	if (expires_at && expires_at <= batch->now) {
		rc = lrd_write_delete(batch->write, key);
		return rc < 0 ? rc : LRD_MC_TOUCHED;
	}
	put.expires_at = put.stale_until = expires_at;
	put.cas = record->cas; /* touching is no new version */
	rc = lrd_write_update(batch->write, &put, 0, NULL);
	return rc < 0 ? rc : LRD_MC_TOUCHED;
}
