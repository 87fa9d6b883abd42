/* SPDX-License-Identifier: MIT */
/* answer.c - a stored response brought into this process's memory. */
#include "cache/answer.h"

#include <string.h>

#include "policy/validate.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

/*
 * The block: prefix, fields array and room for more, head, body, NUL. The prefix is a struct,
 * so its size keeps the array aligned.
 */
struct layout {
	size_t fields;
	size_t head;
	size_t body;
	size_t size;
};

static bool lay_out(size_t prefix, size_t count, size_t head_len, size_t body_len,
		    struct layout *out)
{
	size_t array;

	out->fields = prefix;
	return lrd_size_mul(count + LRD_ANSWER_SPARE, sizeof(larder_field), &array) &&
	       lrd_size_add(prefix, array, &out->head) &&
	       lrd_size_add(out->head, head_len, &out->body) &&
	       lrd_size_add(out->body, body_len, &out->size) &&
	       lrd_size_add(out->size, 1, &out->size);
}

int lrd_answer_copy(struct larder_cache *cache, struct lrd_read *read,
		    const struct lrd_record *record, bool want_body, size_t prefix,
		    void **block, struct lrd_answer *out)
{
	bool copy_body = want_body && record->body_len <= LRD_ANSWER_COPY_MAX;
	size_t body_len = copy_body ? (size_t)record->body_len : 0;
	struct lrd_response head;
	struct layout at;
	ptrdiff_t count;
	char *bytes;
	int rc = lrd_response_decode(record->head, &head);

	if (rc < 0)
		return rc;
	count = lrd_fields_decode_count(head.fields);
	if (count < 0 || count > LRD_RESPONSE_FIELDS)
		return LARDER_ECORRUPT;
	if (!lay_out(prefix, (size_t)count, record->head.len, body_len, &at))
		return LARDER_ELIMIT;
	bytes = lrd_alloc(&cache->allocator, at.size);
	if (!bytes)
		return LARDER_ENOMEM;

	*out = (struct lrd_answer){
		.fields = (larder_field *)(void *)(bytes + at.fields),
		.body_len = record->body_len,
		.cas = record->cas,
		.marked = (record->marks & LRD_MARK_STALE) != 0,
	};
	memcpy(bytes + at.head, record->head.ptr, record->head.len);
	rc = lrd_response_decode(lrd_slice_of(bytes + at.head, record->head.len),
				 &out->head);
	if (rc == 0)
		rc = lrd_fields_decode(out->head.fields, out->fields, (size_t)count,
				       &out->field_count);
	if (rc == 0 && copy_body) {
		rc = lrd_read_body(read, record, 0, bytes + at.body, body_len);
		bytes[at.body + body_len] = '\0';
		out->body = lrd_slice_of(bytes + at.body, body_len);
	}
	if (rc < 0) {
		lrd_alloc_free(&cache->allocator, bytes);
		return rc;
	}
	*block = bytes;
	return 0;
}

int lrd_answer_hold(struct larder_cache *cache, const struct lrd_key *key,
		    uint64_t body_id, struct lrd_answer *answer)
{
	int rc = lrd_hold_take(cache->store, key, body_id, &answer->hold);

	answer->held = rc == 0;
	return rc;
}

void lrd_answer_release(struct lrd_answer *answer)
{
	if (answer->held)
		lrd_hold_release(&answer->hold);
	answer->held = false;
}

static bool is_age(larder_slice name)
{
	return lrd_slice_equal_nocase(name, LRD_SLICE("Age"));
}

void lrd_answer_set_age(struct lrd_answer *answer, int64_t age_s)
{
	larder_field *last =
		answer->field_count > 0 ? &answer->fields[answer->field_count - 1] : NULL;
	size_t len;

	/* RFC 9111 s1.2.2: ages that no 32-bit recipient could hold are sent as 2^31. */
	if (age_s > LRD_CC_MAX_SECONDS)
		age_s = LRD_CC_MAX_SECONDS;
	len = lrd_i64_format(age_s, answer->age);
	if (!last || !is_age(last->name))
		last = &answer->fields[answer->field_count++];
	last->name = LRD_SLICE("Age");
	last->value = lrd_slice_of(answer->age, len);
}

static void keep(struct lrd_answer *answer, size_t from, size_t *to)
{
	if (from != *to)
		answer->fields[*to] = answer->fields[from];
	(*to)++;
}

void lrd_answer_drop_unvalidated(struct lrd_answer *answer)
{
	struct lrd_cache_control cc;
	size_t kept = 0;

	lrd_cache_control_parse(lrd_view_of(answer->fields, answer->field_count), &cc);
	for (size_t i = 0; i < answer->field_count; i++)
		if (!lrd_cc_names_has(&cc.no_cache_names, answer->fields[i].name))
			keep(answer, i, &kept);
	answer->field_count = kept;
}

void lrd_answer_reduce_to_304(struct lrd_answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->field_count; i++)
		if (lrd_validate_field_in_304(answer->fields[i].name))
			keep(answer, i, &kept);
	answer->field_count = kept;
}
