/* SPDX-License-Identifier: MIT */
/* explain.h - what would turn a decision into a hit. */
#ifndef LRD_CACHE_EXPLAIN_H
#define LRD_CACHE_EXPLAIN_H

#include "cache/plan.h"

/* One sentence, or "": nothing would, or the answer is one. */
void lrd_explain_hint(const struct lrd_ask *ask, const struct lrd_judged *judged, char *out,
		      size_t size);

#endif
