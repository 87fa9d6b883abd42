/* SPDX-License-Identifier: MIT */
/*
 * pages.h - the structure of data.mdb, page by page, by pread(2) alone.
 *
 * Nothing is mapped and LMDB is not asked, so that no damage can hurt. Every page of one
 * committed state is looked at: meta pages, the free list, the table of tables, the three
 * tables; heads, nodes, order and bounds of keys, depth, overflow pages, the counts that the
 * trees keep of themselves; each page in use once, or free once, and none forgotten.
 */
#ifndef LRD_STORE_PAGES_H
#define LRD_STORE_PAGES_H

#include <stdint.h>

#include "store/tree.h"

struct lrd_pages {
	uint64_t pages; /* in use or free */
	uint64_t free_pages;
	uint64_t bad_pages;  /* findings: something about a page is wrong */
	uint64_t lost_pages; /* neither in use nor free */
};

/*
 * Checks the state that `snapshot` names, which a read transaction must keep from being written
 * over; NULL: the newest in the file, which nobody must write to meanwhile. Returns 0 with
 * `out` filled, whatever was found; EIO, ENOMEM. `report` gets a line for each of the first
 * findings.
 */
int lrd_pages_check(int fd, const struct lrd_snapshot *snapshot, struct lrd_pages *out,
		    void (*report)(const char *line, void *ctx), void *ctx);

#endif
