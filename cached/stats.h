/* SPDX-License-Identifier: MIT */
/*
 * stats.h - the command `stats` and its kinds.
 */
#ifndef LRD_CACHED_STATS_H
#define LRD_CACHED_STATS_H

#include "cached/task.h"

/* Answers "stats WORDS" completely. */
void lrd_stats_answer(struct lrd_task *task, larder_slice words);

#endif
