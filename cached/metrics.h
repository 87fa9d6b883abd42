/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - what one worker counts. Only its thread adds; any thread may read.
 */
#ifndef LRD_CACHED_METRICS_H
#define LRD_CACHED_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

enum lrd_metric {
#define LRD_METRIC(name, text) LRD_METRIC_##name,
#include "cached/metrics.def"
	LRD_METRIC_END
};

struct lrd_metrics {
	_Atomic uint64_t value[LRD_METRIC_END];
};

/* A plain add: there is one writer, so the pair of load and store loses nothing. */
static inline void lrd_metric_add(struct lrd_metrics *metrics, enum lrd_metric metric,
				  uint64_t by)
{
	uint64_t now = atomic_load_explicit(&metrics->value[metric], memory_order_relaxed);

	atomic_store_explicit(&metrics->value[metric], now + by, memory_order_relaxed);
}

static inline uint64_t lrd_metric_get(const struct lrd_metrics *metrics,
				      enum lrd_metric metric)
{
	return atomic_load_explicit(&metrics->value[metric], memory_order_relaxed);
}

const char *lrd_metric_name(enum lrd_metric metric);

#endif
