/* SPDX-License-Identifier: MIT */
/* hit_entries.h - the stored responses that larder's contenders get, filled by cache.h. */
#ifndef LARDER_BENCH_HIT_ENTRIES_H
#define LARDER_BENCH_HIT_ENTRIES_H

#include "hit.h"

#include <larder/cache.h>

/* The URL of an entry. */
void hit_entry_url(size_t index, char *url, size_t cap);

/* Stores every entry of a load. */
void hit_entries_fill(larder_cache *cache, const struct hit_load *load);

#endif
