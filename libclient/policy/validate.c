/* SPDX-License-Identifier: MIT */
/* validate.c - conditional requests, both ways (RFC 9111 s4.3). */
#include "policy/validate.h"

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "proto/http/etag.h"

/* RFC 9110 s8.8.2.2: a date is a strong validator when the response is this much younger. */
enum { STRONG_DATE_S = 60 };

void lrd_validators_read(struct lrd_field_view fields, int64_t date,
			 struct lrd_validators *out)
{
	*out = (struct lrd_validators){ .date = date };
	(void)lrd_view_get(fields, LRD_SLICE("ETag"), &out->etag);
	(void)lrd_view_get(fields, LRD_SLICE("Last-Modified"), &out->last_modified);
}

static bool listed_before(const struct lrd_validators *at, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (lrd_slice_equal(at[i].etag, at[index].etag))
			return true;
	return false;
}

int lrd_validate_tags(const struct lrd_validators *at, size_t count, struct lrd_buf *out)
{
	size_t before = out->len, tags = 0;
	int rc;

	for (size_t i = 0; i < count && tags < LRD_VALIDATE_TAGS; i++) {
		if (at[i].etag.len == 0 || listed_before(at, i))
			continue;
		/* One tag of any length is sent back; a long one does not join a list. */
		if (tags > 0 && at[i].etag.len > LRD_VALIDATE_TAG_BYTES)
			continue;
		rc = tags > 0 ? lrd_buf_append_cstr(out, ", ") : 0;
		if (rc == 0)
			rc = lrd_buf_append_slice(out, at[i].etag);
		if (rc < 0) {
			lrd_buf_truncate(out, before);
			return rc;
		}
		tags++;
	}
	return tags > 0;
}

enum sameness { DIFFERENT, SAME_WEAK, SAME_STRONG };

static enum sameness compare_tags(larder_slice a, larder_slice b)
{
	struct lrd_etag left, right;

	if (lrd_etag_parse(a, &left) < 0 || lrd_etag_parse(b, &right) < 0)
		return lrd_slice_equal(a, b) ? SAME_WEAK : DIFFERENT;
	if (lrd_etag_equal_strong(&left, &right))
		return SAME_STRONG;
	return lrd_etag_equal_weak(&left, &right) ? SAME_WEAK : DIFFERENT;
}

static enum sameness compare_dates(larder_slice a, larder_slice b, int64_t date_of_b)
{
	int64_t left, right;

	if (lrd_date_parse(a, date_of_b, &left) < 0 ||
	    lrd_date_parse(b, date_of_b, &right) < 0)
		return lrd_slice_equal(a, b) ? SAME_WEAK : DIFFERENT;
	if (left != right)
		return DIFFERENT;
	return lrd_i64_sub_sat(date_of_b, right) >= STRONG_DATE_S ? SAME_STRONG
								  : SAME_WEAK;
}

/* `update` comes from the origin, `stored` from here. */
static enum sameness compare(const struct lrd_validators *update,
			     const struct lrd_validators *stored)
{
	if (update->etag.ptr)
		return stored->etag.ptr ? compare_tags(update->etag, stored->etag)
					: DIFFERENT;
	if (update->last_modified.ptr && stored->last_modified.ptr)
		return compare_dates(update->last_modified, stored->last_modified,
				     stored->date);
	return DIFFERENT;
}

ptrdiff_t lrd_validate_select(struct lrd_field_view response,
			      const struct lrd_validators *at, size_t count)
{
	struct lrd_validators update;
	ptrdiff_t best = -1;
	enum sameness best_same = DIFFERENT, same;

	lrd_validators_read(response, 0, &update);
	/*
	 * A 304 ought to repeat the validator (RFC 9110 s15.4.5), yet many do not. When there
	 * is one response only that we asked about, there is no doubt which is meant.
	 */
	if (!update.etag.ptr && !update.last_modified.ptr)
		return count == 1 ? 0 : -1;
	for (size_t i = 0; i < count; i++) {
		same = compare(&update, &at[i]);
		if (same == DIFFERENT || same < best_same)
			continue;
		if (best >= 0 && same == best_same && at[i].date <= at[best].date)
			continue;
		best = (ptrdiff_t)i;
		best_same = same;
	}
	return best;
}

bool lrd_validate_same_strong(struct lrd_field_view response,
			      const struct lrd_validators *stored)
{
	struct lrd_validators update;

	lrd_validators_read(response, 0, &update);
	return compare(&update, stored) == SAME_STRONG;
}

bool lrd_validate_head_fits(struct lrd_field_view response,
			    const struct lrd_validators *stored, uint64_t stored_body_len)
{
	struct lrd_validators update;
	uint64_t length;
	larder_slice value;

	lrd_validators_read(response, 0, &update);
	if (update.etag.ptr &&
	    (!stored->etag.ptr || compare_tags(update.etag, stored->etag) == DIFFERENT))
		return false;
	if (update.last_modified.ptr &&
	    (!stored->last_modified.ptr ||
	     compare_dates(update.last_modified, stored->last_modified, stored->date) ==
		     DIFFERENT))
		return false;
	if (!lrd_view_get(response, LRD_SLICE("Content-Length"), &value))
		return true;
	return lrd_u64_parse(value, &length) == 0 && length == stored_body_len;
}

bool lrd_validate_not_modified(const struct lrd_request_facts *request,
			       const struct lrd_validators *stored, int64_t now)
{
	struct lrd_etag tag;
	enum lrd_etag_match match;
	int64_t since, changed = stored->date;
	larder_slice value;
	bool tagged;

	if (request->method != LRD_METHOD_GET && request->method != LRD_METHOD_HEAD)
		return false;
	if (request->has & LRD_HAS_IF_NONE_MATCH) {
		tagged = stored->etag.ptr && lrd_etag_parse(stored->etag, &tag) == 0;
		match = lrd_etag_find(request->fields, LRD_SLICE("If-None-Match"),
				      tagged ? &tag : NULL, false);
		return match == LRD_ETAG_ANY || match == LRD_ETAG_MATCH;
	}
	if (!(request->has & LRD_HAS_IF_MODIFIED_SINCE) ||
	    lrd_view_single(request->fields, LRD_SLICE("If-Modified-Since"), &value) != 1 ||
	    lrd_date_parse(value, now, &since) < 0)
		return false;
	if (stored->last_modified.ptr &&
	    lrd_date_parse(stored->last_modified, now, &changed) < 0)
		changed = stored->date;
	return changed <= since;
}

bool lrd_validate_field_in_304(larder_slice name)
{
	static const larder_slice names[] = {
		LRD_SLICE_INIT("cache-control"), LRD_SLICE_INIT("content-location"),
		LRD_SLICE_INIT("date"),          LRD_SLICE_INIT("etag"),
		LRD_SLICE_INIT("expires"),       LRD_SLICE_INIT("vary"),
		LRD_SLICE_INIT("last-modified"), LRD_SLICE_INIT("age"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (lrd_slice_equal_nocase(name, names[i]))
			return true;
	return false;
}
