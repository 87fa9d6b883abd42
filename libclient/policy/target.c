/* SPDX-License-Identifier: MIT */
/* target.c - cache directives that are aimed at some caches only (RFC 9213). */
#include "policy/target.h"

#include "proto/bytes/slice.h"
#include "proto/http/sf.h"

enum { MEMBERS = 32 };

/*
 * A member spelled as a directive is one: what the dictionary lets through is read by the one
 * reader of directives, with its care for what is malformed. 0 for one that says "not so".
 */
static size_t as_directive(const struct lrd_sf_item *item, larder_field *out)
{
	if (item->kind == LRD_SF_BOOLEAN && !item->truth)
		return 0;
	out->name = LRD_SLICE("Cache-Control");
	out->value = item->kind == LRD_SF_BOOLEAN ? item->key : item->whole;
	return 1;
}

static bool apply(larder_slice name, struct lrd_response_facts *response)
{
	struct lrd_sf_item items[MEMBERS];
	larder_field directives[MEMBERS];
	size_t count, used = 0;

	if (lrd_sf_dictionary(response->fields, name, items, MEMBERS, &count) != 1 ||
	    count == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		used += as_directive(&items[i], &directives[used]);
	lrd_cache_control_parse(lrd_view_of(directives, used), &response->cc);
	response->expires = LRD_EXPIRES_NONE;
	response->expires_at = 0;
	return true;
}

bool lrd_target_apply(const struct lrd_policy *policy,
		      struct lrd_response_facts *response)
{
	larder_slice rest = policy->targets, name;

	while (rest.len > 0 && lrd_slice_split(&rest, ',', &name)) {
		name = lrd_slice_trim(name);
		if (name.len > 0 && apply(name, response))
			return true;
	}
	return false;
}

void lrd_response_facts_read_for(const struct lrd_policy *policy, uint32_t status,
				 struct lrd_field_view fields, int64_t request_time,
				 int64_t response_time, struct lrd_response_facts *out)
{
	lrd_response_facts_read(status, fields, request_time, response_time, out);
	if (policy->targets.len > 0)
		(void)lrd_target_apply(policy, out);
}
