/* SPDX-License-Identifier: MIT */
/* served.c - how a response was come by and why, with a cache and without one. */
#include "session/response.h"

#include <stdio.h>
#include <string.h>

#include "policy/why.h"

void lrd_served_without_plan(larder_response *response)
{
	bool refused = response->source == LRD_SOURCE_LOCAL;

	response->served = (larder_served){
		.how = refused ? LARDER_HOW_REFUSED : LARDER_HOW_BYPASS,
		.why = refused ? LRD_WHY_ONLY_IF_CACHED : LRD_WHY_CACHE_OFF,
		.age_s = -1,
		.ttl_s = INT64_MIN,
		.fwd_status = refused ? 0 : larder_response_status(response),
	};
}

const larder_served *larder_response_served(const larder_response *response)
{
	return response->plan ? larder_plan_served(response->plan) : &response->served;
}

size_t larder_response_cache_status(const larder_response *response, char *buf, size_t cap)
{
	const larder_served *served = &response->served;
	int len;

	if (response->plan)
		return larder_plan_cache_status(response->plan, buf, cap);
	if (served->how == LARDER_HOW_REFUSED)
		len = snprintf(buf, cap, "larder; detail=%s",
			       larder_why_name(served->why));
	else
		len = snprintf(buf, cap, "larder; fwd=bypass; fwd-status=%u; detail=%s",
			       served->fwd_status, larder_why_name(served->why));
	return len < 0 ? 0 : (size_t)len;
}
