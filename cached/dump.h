/* SPDX-License-Identifier: MIT */
/*
 * dump.h - listing what is in the store: `stats cachedump` and `lru_crawler metadump`.
 */
#ifndef LRD_CACHED_DUMP_H
#define LRD_CACHED_DUMP_H

#include "cached/task.h"

/* Begins a metadump: task->dumping. */
void lrd_dump_begin(struct lrd_task *task);
/* Its next lines; after the last one END, and dumping is over. */
int lrd_dump_some(struct lrd_task *task) LARDER_MUST_USE;

/* ITEM lines of at most `limit` entries (0: as many as a reply may hold), then END. */
void lrd_dump_items(struct lrd_task *task, uint64_t limit);

#endif
