/* SPDX-License-Identifier: MIT */
/* groups.c - the groups that a response belongs to, or invalidates (RFC 9875). */
#include "policy/groups.h"

#include "policy/invalidate.h"
#include "proto/bytes/slice.h"
#include "proto/http/sf.h"

static bool known(const struct lrd_groups *groups, larder_slice name)
{
	for (size_t i = 0; i < groups->count; i++)
		if (lrd_slice_equal(groups->at[i], name))
			return true;
	return false;
}

int lrd_groups_read(struct lrd_field_view response, larder_slice field,
		    struct lrd_buf *text, struct lrd_groups *out)
{
	struct lrd_sf_item items[LRD_GROUPS_MAX];
	size_t count = 0, bytes = 0, start;
	int rc;

	out->count = 0;
	if (lrd_sf_list(response, field, items, LRD_GROUPS_MAX, &count) != 1)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind != LRD_SF_STRING)
			return 0;
		bytes += items[i].text.len;
	}
	/* Slices must not move under what is appended later. */
	rc = lrd_buf_reserve(text, bytes + 1);
	if (rc < 0)
		return rc == LARDER_ELIMIT ? 0 : rc;
	for (size_t i = 0; i < count; i++) {
		larder_slice name;

		start = text->len;
		if (lrd_sf_string(&items[i], text) < 0)
			continue;
		name = lrd_slice_skip(lrd_buf_slice(text), start);
		if (name.len == 0 || name.len > LRD_GROUP_BYTES || known(out, name))
			lrd_buf_truncate(text, start);
		else
			out->at[out->count++] = name;
	}
	return 0;
}

bool lrd_groups_invalidates(enum lrd_method method, uint32_t status)
{
	return lrd_invalidate_applies(method, status);
}
