/* SPDX-License-Identifier: MIT */
/* names.c - the words and sentences in which users read how and why they were served. */
#include <assert.h>

#include <larder/cache.h>

#include "policy/facts.h"
#include "policy/why.h"

static_assert((int)LRD_MODE_DEFAULT == (int)LARDER_MODE_DEFAULT &&
		      (int)LRD_MODE_NO_STORE == (int)LARDER_MODE_NO_STORE &&
		      (int)LRD_MODE_RELOAD == (int)LARDER_MODE_RELOAD &&
		      (int)LRD_MODE_NO_CACHE == (int)LARDER_MODE_NO_CACHE &&
		      (int)LRD_MODE_FORCE_CACHE == (int)LARDER_MODE_FORCE_CACHE &&
		      (int)LRD_MODE_ONLY_IF_CACHED == (int)LARDER_MODE_ONLY_IF_CACHED &&
		      (int)LRD_MODE_REFRESH == (int)LARDER_MODE_REFRESH,
	      "the policy's modes are the public ones");

const char *larder_how_name(uint32_t how)
{
	static const char *const names[] = { "unknown", "fresh",  "stale",  "revalidated",
					     "miss",    "bypass", "refused" };

	return how < sizeof(names) / sizeof(names[0]) ? names[how] : names[0];
}

const char *larder_why_name(uint32_t why)
{
	return lrd_why_name(why);
}

const char *larder_why_text(uint32_t why)
{
	return lrd_why_text(why);
}

const char *larder_why_section(uint32_t why)
{
	return lrd_why_section(why);
}
