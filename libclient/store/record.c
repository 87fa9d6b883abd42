/* SPDX-License-Identifier: MIT */
/* record.c - the bytes of an entry's record, and back: pure, no store needed. */
#include "store/record.h"

#include <string.h>

#include "proto/bytes/le.h"
#include "sys/assert.h"
#include "sys/digest.h"

enum {
	AT_SUM = 0,
	AT_VERSION = 8,
	AT_KIND = 9,
	AT_FLAGS = 10,
	AT_PARTITION_LEN = 11,
	AT_NAME_LEN = 12,
	AT_RESERVED16 = 14,
	AT_HEAD_LEN = 16,
	AT_MARKS = 20,
	AT_CLIENT_FLAGS = 24,
	AT_SLOT = 28,
	AT_EPOCH = 32,
	AT_RESERVED32 = 36,
	AT_CAS = 40,
	AT_STORED = 48,
	AT_EXPIRES = 56,
	AT_STALE = 64,
	AT_BODY_LEN = 72,
	AT_BODY_ID = 80,
	AT_TEXT_ID = 88,
	AT_BODY_SUM = 96
};
static_assert(AT_BODY_SUM + 8 == LRD_RECORD_HEADER, "format");

static uint64_t record_sum(const unsigned char *value, size_t covered, uint64_t hash)
{
	return lrd_digest(value + AT_VERSION, covered - AT_VERSION, hash);
}

uint64_t lrd_record_body_sum(const void *body, size_t len, uint64_t hash)
{
	return lrd_digest(body, len, hash);
}

int lrd_record_decode(const void *value, size_t len, uint64_t hash,
		      struct lrd_record *out, struct lrd_record_links *links)
{
	const unsigned char *v = value;
	size_t partition_len, name_len, head_len, text_len, covered;
	uint64_t body_len, body_id, text_id;

	if (len < LRD_RECORD_HEADER || len > LRD_VALUE_MAX)
		return LARDER_ECORRUPT;
	partition_len = v[AT_PARTITION_LEN];
	name_len = lrd_le_get16(v + AT_NAME_LEN);
	head_len = lrd_le_get32(v + AT_HEAD_LEN);
	body_len = lrd_le_get64(v + AT_BODY_LEN);
	body_id = lrd_le_get64(v + AT_BODY_ID);
	text_id = lrd_le_get64(v + AT_TEXT_ID);
	if (v[AT_VERSION] != LRD_RECORD_VERSION || v[AT_FLAGS] != 0 ||
	    partition_len > LRD_PARTITION_MAX || name_len > LRD_KEY_MAX ||
	    head_len > LRD_HEAD_MAX || body_id > LRD_BODY_ID_MAX ||
	    text_id > LRD_BODY_ID_MAX || body_len > LRD_BODY_LEN_MAX)
		return LARDER_ECORRUPT;
	/* No sum of these can wrap: each is far below its type's range. */
	text_len = partition_len + name_len + head_len;
	covered = LRD_RECORD_HEADER + (text_id ? 0 : text_len);
	if (covered > len || len - covered != (body_id ? 0 : body_len) ||
	    (body_id && body_len == 0))
		return LARDER_ECORRUPT;
	if (lrd_le_get64(v + AT_SUM) != record_sum(v, covered, hash))
		return LARDER_ECORRUPT;

	out->kind = v[AT_KIND];
	out->marks = lrd_le_get32(v + AT_MARKS);
	out->client_flags = lrd_le_get32(v + AT_CLIENT_FLAGS);
	out->cas = lrd_le_get64(v + AT_CAS);
	out->stored_at = (int64_t)lrd_le_get64(v + AT_STORED);
	out->expires_at = (int64_t)lrd_le_get64(v + AT_EXPIRES);
	out->stale_until = (int64_t)lrd_le_get64(v + AT_STALE);
	out->partition.len = partition_len;
	out->name.len = name_len;
	out->head.len = head_len;
	if (text_id)
		out->partition.ptr = out->name.ptr = out->head.ptr = NULL;
	else
		lrd_record_set_texts(out, (const char *)v + LRD_RECORD_HEADER);
	out->body_len = body_len;
	out->inline_body.ptr = (const char *)v + covered;
	out->inline_body.len = len - covered;
	out->body_id = body_id;
	out->body_sum = lrd_le_get64(v + AT_BODY_SUM);
	out->hash = hash;
	out->uses = 0;
	out->slot = lrd_le_get32(v + AT_SLOT);
	links->text_id = text_id;
	links->text_len = text_len;
	links->epoch = lrd_le_get32(v + AT_EPOCH);
	return 0;
}

void lrd_record_set_texts(struct lrd_record *record, const char *texts)
{
	record->partition.ptr = texts;
	record->name.ptr = texts + record->partition.len;
	record->head.ptr = record->name.ptr + record->name.len;
}

size_t lrd_record_size(const struct lrd_record *record,
		       const struct lrd_record_links *links)
{
	size_t size = LRD_RECORD_HEADER;

	if (!links->text_id)
		size += record->partition.len + record->name.len + record->head.len;
	if (!record->body_id)
		size += record->inline_body.len;
	return size;
}

static unsigned char *put_slice(unsigned char *at, larder_slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

void lrd_record_encode(const struct lrd_record *record,
		       const struct lrd_record_links *links, void *out)
{
	unsigned char *v = out;
	unsigned char *at = v + LRD_RECORD_HEADER;
	uint64_t body_sum = 0;

	lrd_assert(lrd_record_size(record, links) <= LRD_VALUE_MAX);
	lrd_assert(record->body_id || record->body_len == record->inline_body.len);
	if (!record->body_id)
		body_sum = lrd_record_body_sum(record->inline_body.ptr,
					       record->inline_body.len, record->hash);
	v[AT_VERSION] = LRD_RECORD_VERSION;
	v[AT_KIND] = record->kind;
	v[AT_FLAGS] = 0;
	v[AT_PARTITION_LEN] = (unsigned char)record->partition.len;
	lrd_le_put16(v + AT_NAME_LEN, (uint16_t)record->name.len);
	lrd_le_put16(v + AT_RESERVED16, 0);
	lrd_le_put32(v + AT_HEAD_LEN, (uint32_t)record->head.len);
	lrd_le_put32(v + AT_MARKS, record->marks);
	lrd_le_put32(v + AT_CLIENT_FLAGS, record->client_flags);
	lrd_le_put32(v + AT_SLOT, record->slot);
	lrd_le_put32(v + AT_EPOCH, links->epoch);
	lrd_le_put32(v + AT_RESERVED32, 0);
	lrd_le_put64(v + AT_CAS, record->cas);
	lrd_le_put64(v + AT_STORED, (uint64_t)record->stored_at);
	lrd_le_put64(v + AT_EXPIRES, (uint64_t)record->expires_at);
	lrd_le_put64(v + AT_STALE, (uint64_t)record->stale_until);
	lrd_le_put64(v + AT_BODY_LEN, record->body_len);
	lrd_le_put64(v + AT_BODY_ID, record->body_id);
	lrd_le_put64(v + AT_TEXT_ID, links->text_id);
	lrd_le_put64(v + AT_BODY_SUM, body_sum);
	if (!links->text_id) {
		at = put_slice(at, record->partition);
		at = put_slice(at, record->name);
		at = put_slice(at, record->head);
	}
	lrd_le_put64(v + AT_SUM, record_sum(v, (size_t)(at - v), record->hash));
	if (!record->body_id)
		(void)put_slice(at, record->inline_body);
}

void lrd_record_place(size_t text_len, uint64_t body_len, int *texts_in_rows,
		      int *body_in_rows)
{
	size_t room = LRD_VALUE_MAX - LRD_RECORD_HEADER;

	*texts_in_rows = text_len > room;
	if (!*texts_in_rows)
		room -= text_len;
	*body_in_rows = body_len > room;
}
