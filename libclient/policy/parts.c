/* SPDX-License-Identifier: MIT */
/* parts.c - parts of a response: wanted, stored and joined (RFC 9110 s14, RFC 9111 s3.3, s3.4). */
#include "policy/parts.h"

#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "proto/http/etag.h"

/* ---- what is there ----------------------------------------------------------------------- */

/* Does `b` begin inside `a`, or right behind it? Lasts stay below 2^63: nothing overflows. */
static bool touches(struct lrd_range a, struct lrd_range b)
{
	return b.first <= a.last + 1;
}

int lrd_parts_add(struct lrd_parts *parts, struct lrd_range range)
{
	struct lrd_range merged[LRD_PARTS_MAX + 1];
	size_t count = 0, i = 0;

	while (i < parts->count && !touches(parts->at[i], range))
		merged[count++] = parts->at[i++];
	for (; i < parts->count && touches(range, parts->at[i]); i++) {
		if (parts->at[i].first < range.first)
			range.first = parts->at[i].first;
		if (parts->at[i].last > range.last)
			range.last = parts->at[i].last;
	}
	merged[count++] = range;
	while (i < parts->count)
		merged[count++] = parts->at[i++];
	if (count > LRD_PARTS_MAX)
		return LARDER_ELIMIT;
	memcpy(parts->at, merged, count * sizeof(*merged));
	parts->count = count;
	return 0;
}

bool lrd_parts_whole(const struct lrd_parts *parts)
{
	return parts->count == 1 && parts->at[0].first == 0 &&
	       parts->at[0].last + 1 == parts->size;
}

uint64_t lrd_parts_bytes(const struct lrd_parts *parts)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < parts->count; i++)
		bytes += parts->at[i].last - parts->at[i].first + 1;
	return bytes;
}

bool lrd_parts_find(const struct lrd_parts *parts, struct lrd_range range,
		    uint64_t *offset)
{
	uint64_t before = 0;

	for (size_t i = 0; i < parts->count; i++) {
		const struct lrd_range *part = &parts->at[i];

		if (range.first >= part->first && range.last <= part->last) {
			*offset = before + (range.first - part->first);
			return true;
		}
		before += part->last - part->first + 1;
	}
	return false;
}

bool lrd_parts_valid(const struct lrd_parts *parts)
{
	if (parts->count == 0 || parts->count > LRD_PARTS_MAX || parts->size > INT64_MAX)
		return false;
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->at[i].first > parts->at[i].last ||
		    parts->at[i].last >= parts->size)
			return false;
		if (i > 0 && parts->at[i].first <= parts->at[i - 1].last + 1)
			return false;
	}
	return true;
}

/* ---- validators -------------------------------------------------------------------------- */

static bool strong_tag(const struct lrd_validators *validators, struct lrd_etag *tag)
{
	return validators->etag.ptr && lrd_etag_parse(validators->etag, tag) == 0 &&
	       !tag->weak;
}

/* RFC 9110 s8.8.2.2, as validate.c has it: the date proves itself against its own copy. */
static bool strong_date(const struct lrd_validators *validators)
{
	larder_field field = { LRD_SLICE("Last-Modified"), validators->last_modified };
	struct lrd_validators dated = { .last_modified = validators->last_modified,
					.date = validators->date };

	return validators->last_modified.ptr &&
	       lrd_validate_same_strong(lrd_view_of(&field, 1), &dated);
}

larder_slice lrd_parts_if_range(const struct lrd_validators *validators)
{
	struct lrd_etag tag;

	if (strong_tag(validators, &tag))
		return validators->etag;
	/* A weak tag beside it says that equal dates need not mean equal bytes. */
	if (!validators->etag.ptr && strong_date(validators))
		return validators->last_modified;
	return (larder_slice){ "", 0 };
}

bool lrd_parts_strong(const struct lrd_validators *validators)
{
	return lrd_parts_if_range(validators).len > 0;
}

/* RFC 9110 s13.1.5: true when Range counts. */
static bool if_range_holds(const struct lrd_request_facts *request,
			   const struct lrd_validators *stored, int64_t now)
{
	struct lrd_etag asked, tag;
	int64_t date, changed;
	larder_slice value;

	if (lrd_view_single(request->fields, LRD_SLICE("If-Range"), &value) != 1)
		return false;
	if (lrd_etag_parse(value, &asked) == 0)
		return strong_tag(stored, &tag) && lrd_etag_equal_strong(&asked, &tag);
	return lrd_date_parse(value, now, &date) == 0 && strong_date(stored) &&
	       lrd_date_parse(stored->last_modified, now, &changed) == 0 &&
	       date == changed;
}

/* ---- what is wanted ---------------------------------------------------------------------- */

struct lrd_wanted lrd_parts_wanted(const struct lrd_request_facts *request,
				   const struct lrd_validators *stored, uint64_t size,
				   int64_t now)
{
	struct lrd_wanted whole = { .wish = LRD_WISH_WHOLE };
	struct lrd_wanted part = { .wish = LRD_WISH_PART };
	struct lrd_range ranges[LRD_RANGES_READ];
	larder_slice value;
	size_t count;

	/* RFC 9110 s14.2: Range is defined for GET alone. */
	if (request->method != LRD_METHOD_GET || !(request->has & LRD_HAS_RANGE) ||
	    lrd_view_single(request->fields, LRD_SLICE("Range"), &value) != 1)
		return whole;
	if ((request->has & LRD_HAS_IF_RANGE) && !if_range_holds(request, stored, now))
		return whole;
	switch (lrd_range_parse(value, size, ranges, LRD_RANGES_READ, &count)) {
	case LRD_RANGE_IGNORED:
		return whole;
	case LRD_RANGE_UNSATISFIABLE:
		return (struct lrd_wanted){ .wish = LRD_WISH_UNSATISFIABLE };
	case LRD_RANGE_SATISFIABLE:
		break;
	}
	if (count > 1)
		return (struct lrd_wanted){ .wish = LRD_WISH_SEVERAL };
	part.range = ranges[0];
	return part;
}

/* ---- what arrives ------------------------------------------------------------------------ */

enum lrd_why lrd_parts_received(const struct lrd_response_facts *response,
				int64_t body_length, struct lrd_range *range,
				uint64_t *size)
{
	struct lrd_content_range content;
	struct lrd_validators validators;
	larder_slice value;

	/* Several parts come as multipart/byteranges and without Content-Range. */
	if (lrd_view_single(response->fields, LRD_SLICE("Content-Range"), &value) != 1 ||
	    lrd_content_range_parse(value, &content) < 0 || content.unsatisfied ||
	    content.size == LRD_RANGE_SIZE_UNKNOWN)
		return LRD_WHY_PARTIAL;
	if (body_length >= 0 &&
	    (uint64_t)body_length != content.range.last - content.range.first + 1)
		return LRD_WHY_PARTIAL;
	lrd_validators_read(response->fields, response->date, &validators);
	if (!lrd_parts_strong(&validators))
		return LRD_WHY_NO_STRONG_VALIDATOR;
	*range = content.range;
	*size = content.size;
	return LRD_WHY_STORABLE;
}
