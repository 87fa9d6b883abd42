/* SPDX-License-Identifier: MIT */
/* metrics.c - the names of what a worker counts. */
#include "cached/metrics.h"

static const char *const names[LRD_METRIC_END] = {
#define LRD_METRIC(name, text) [LRD_METRIC_##name] = text,
#include "cached/metrics.def"
};

const char *lrd_metric_name(enum lrd_metric metric)
{
	return names[metric];
}
