/* SPDX-License-Identifier: MIT */
/* lost_update.c - If-Match for a write, from the entity tag of what is stored (RFC 9110 s13.1.1). */
#include "session/lost_update.h"

#include "proto/bytes/slice.h"
#include "proto/http/fields.h"

/* Is the method one of the session's list? */
static bool overwrites(const larder_session *session, larder_slice method)
{
	larder_slice rest = lrd_slice_cstr(session->if_match_methods);
	larder_slice word;

	while (lrd_slice_split(&rest, ' ', &word)) {
		if (word.len && lrd_slice_equal(word, method))
			return true;
	}
	return false;
}

/* RFC 9110 s8.8.3.2: If-Match compares strongly, so that a weak tag would never match. */
static bool is_strong(larder_slice tag)
{
	return tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"';
}

static int stored_tag(const larder_plan *plan, struct lrd_buf *out)
{
	size_t count = 0;
	const larder_field *fields = larder_plan_fields(plan, &count);
	uint32_t status = larder_plan_status(plan);
	larder_slice tag;

	if (status < 200 || status >= 300 ||
	    !lrd_view_get(lrd_view_of(fields, count), LRD_SLICE("ETag"), &tag))
		return 0;
	tag = lrd_slice_trim(tag);
	if (!is_strong(tag))
		return 0;
	return lrd_buf_append_slice(out, tag) < 0 ? 0 : 1;
}

int lrd_lost_update_tag(const larder_session *session, const struct lrd_request *request,
			const larder_lookup *lookup, struct lrd_buf *out)
{
	struct lrd_field_view fields = lrd_view_of(request->fields, request->field_count);
	larder_lookup wanted = *lookup;
	larder_plan *plan = NULL;
	int found = 0;

	if (!session->cache || request->ignore_etag ||
	    request->mode == LARDER_MODE_NO_STORE ||
	    !overwrites(session, request->method) ||
	    lrd_view_has(fields, LRD_SLICE("If-Match")) ||
	    lrd_view_has(fields, LRD_SLICE("If-None-Match")))
		return 0;
	wanted.method = LRD_SLICE("GET");
	wanted.mode = LARDER_MODE_ONLY_IF_CACHED;
	if (larder_cache_lookup(session->cache, &wanted, &plan) < 0)
		return 0;
	if (larder_plan_verdict(plan) == LARDER_SERVE)
		found = stored_tag(plan, out);
	larder_plan_free(plan);
	return found;
}
