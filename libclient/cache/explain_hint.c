/* SPDX-License-Identifier: MIT */
/* explain_hint.c - what would turn a decision into a hit. */
#include "cache/explain.h"

#include <inttypes.h>
#include <stdio.h>

/* By the deciding reason; what is not here has nothing that anybody could do about it. */
static const struct {
	enum lrd_why why;
	const char *hint;
} hints[] = {
	{ LRD_WHY_URI_MISS, "fetch it once; check that the URL and the credentials are those "
			    "of the request that stored it" },
	{ LRD_WHY_VARY_MISS,
	  "send the selecting fields as the request did that stored a variant" },
	{ LRD_WHY_NO_LIFETIME, "the origin should send Cache-Control: max-age, or at least a "
			       "Last-Modified some time in the past" },
	{ LRD_WHY_INVALID_LIFETIME,
	  "the origin should send a lifetime that is a plain number, or an Expires that is a "
	  "date" },
	{ LRD_WHY_NO_CACHE, "the origin says no-cache: it wants to be asked each time" },
	{ LRD_WHY_MUST_REVALIDATE,
	  "without must-revalidate the stale response could have been used" },
	{ LRD_WHY_MARKED_STALE, "it is a hit again once the origin has confirmed it" },
	{ LRD_WHY_GROUP_INVALIDATED, "it is a hit again once the origin has confirmed it" },
	{ LRD_WHY_CLOCK, "set the clock of the machine right" },
	{ LRD_WHY_REQUEST_NO_CACHE, "leave no-cache out of the request's Cache-Control" },
	{ LRD_WHY_PRAGMA, "leave Pragma: no-cache out of the request" },
	{ LRD_WHY_REQUEST_MAX_AGE, "leave max-age out of the request, or allow a greater age" },
	{ LRD_WHY_REQUEST_MIN_FRESH, "leave min-fresh out of the request, or ask for less" },
	{ LRD_WHY_MODE_NO_CACHE, "use another mode than no-cache" },
	{ LRD_WHY_MODE_REFRESH, "use another mode than refresh" },
	{ LRD_WHY_MODE_RELOAD, "use another mode than reload" },
	{ LRD_WHY_MODE_NO_STORE, "use another mode than no-store" },
	{ LRD_WHY_PRECONDITION, "leave If-Match and If-Unmodified-Since out of the request" },
	{ LRD_WHY_NOT_SHARED, "look with the kind of cache, shared or private, that stored it" },
	{ LRD_WHY_PARTIAL_STORED,
	  "ask for a range that is stored; a fetch of the whole replaces the parts" },
	{ LRD_WHY_SEVERAL_RANGES, "ask for one range at a time" },
	{ LRD_WHY_METHOD, "only GET, HEAD and QUERY are answered from the store" },
	{ LRD_WHY_NO_CONTENT, "give the content of the QUERY" },
	{ LRD_WHY_INVALIDATED, "fetch it once: an unsafe request has removed it" },
};

void lrd_explain_hint(const struct lrd_ask *ask, const struct lrd_judged *judged, char *out,
		      size_t size)
{
	int64_t stale_s = judged->reuse.ttl_s < 0 ? -judged->reuse.ttl_s : 0;

	(void)ask;
	out[0] = '\0';
	if (judged->serves)
		return;
	if (judged->why == LRD_WHY_EXPIRED) {
		snprintf(out, size,
			 "it is stale by %" PRId64 " s: max-stale=%" PRId64
			 " in the request takes it, or a longer lifetime from the origin",
			 stale_s, stale_s);
		return;
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].why == judged->why)
			snprintf(out, size, "%s", hints[i].hint);
}
