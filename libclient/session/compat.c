/* SPDX-License-Identifier: MIT */
/* compat.c - httplib2's habits where an RFC has it otherwise (the option `compat`). */
#include "session/compat.h"

#include "policy/facts.h"
#include "policy/redirect.h"
#include "proto/bytes/slice.h"

static void pragma_brings_cache_control(struct lrd_request *request,
					const struct lrd_request_facts *facts)
{
	if (!facts->pragma_no_cache || request->field_count + 2 > request->line_room)
		return;
	request->lines[1 + request->field_count++] =
		(larder_field){ LRD_SLICE("Cache-Control"), LRD_SLICE("no-cache") };
}

void lrd_compat_request(struct lrd_request *request)
{
	struct lrd_request_facts facts;

	lrd_request_facts_read(request->method,
			       lrd_view_of(request->fields, request->field_count),
			       request->mode, &facts);
	if (facts.method == LRD_METHOD_HEAD)
		request->close = true;
	pragma_brings_cache_control(request, &facts);
	if (request->mode != LARDER_MODE_DEFAULT)
		return;
	if (facts.has & LRD_HAS_RANGE)
		request->mode = LARDER_MODE_NO_STORE;
	else if (lrd_request_only_if_cached(&facts))
		request->mode = LARDER_MODE_ONLY_IF_CACHED;
}

/* As if the origin had already said that it did what it was asked. */
static void invalidate(const larder_session *session, const larder_lookup *lookup)
{
	larder_head head = LARDER_HEAD_INIT;
	larder_plan *plan = NULL;

	head.status = 204;
	head.version = 11;
	head.no_body = 1;
	if (larder_cache_lookup(session->cache, lookup, &plan) < 0)
		return;
	if (larder_plan_verdict(plan) == LARDER_FETCH)
		(void)!larder_plan_receive(plan, &head);
	larder_plan_free(plan);
}

int lrd_compat_lookup(const larder_session *session, const larder_lookup *lookup,
		      larder_plan **ret)
{
	larder_lookup wanted = *lookup;
	larder_plan *plan = NULL;

	if (lookup->mode == LARDER_MODE_NO_STORE || lookup->mode == LARDER_MODE_RELOAD)
		return 0;
	if (lrd_method_unsafe(lrd_method_of(lookup->method))) {
		invalidate(session, lookup);
		return 0;
	}
	wanted.mode = LARDER_MODE_ONLY_IF_CACHED;
	if (larder_cache_lookup(session->cache, &wanted, &plan) < 0)
		return 0;
	if (larder_plan_verdict(plan) == LARDER_SERVE &&
	    lrd_redirect_permanent(larder_plan_status(plan))) {
		*ret = plan;
		return 1;
	}
	larder_plan_free(plan);
	return 0;
}
