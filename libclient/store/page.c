/* SPDX-License-Identifier: MIT */
/* page.c - whether one page of LMDB may be worked on. */
#include "store/page.h"

bool lrd_page_sound(const unsigned char *page, uint64_t number, uint32_t kind,
		    uint64_t pages, bool any_key)
{
	bool branch = kind == LRD_PAGE_BRANCH;
	uint32_t upper = lrd_page_u16(page + 14);
	uint32_t bytes = 0;
	int count = lrd_page_nodes(page);

	if (!lrd_page_is(page, number, kind) || count < (branch ? 2 : 1))
		return false;
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		uint32_t at = lrd_page_offset(page, i);
		uint32_t key_size, flags, size;

		if (at < upper || at % 2 != 0 || at > LRD_PAGE - LRD_NODE_HEAD)
			return false;
		key_size = lrd_page_u16(page + at + 6);
		flags = lrd_page_u16(page + at + 4);
		size = LRD_NODE_HEAD + key_size;
		if (key_size > LRD_PAGE ||
		    (key_size != 8 && !any_key && !(branch && i == 0)))
			return false;
		if (branch) {
			uint64_t child = lrd_node_child(page + at);

			if (child < 2 || child >= pages)
				return false;
		} else if (flags == LRD_NODE_BIG) {
			size += 8;
		} else {
			uint32_t data = lrd_page_u32(page + at);

			if (data > LRD_PAGE || flags & ~(uint32_t)LRD_NODE_TABLE)
				return false;
			size += data;
		}
		if (at + size > LRD_PAGE)
			return false;
		bytes += (size + 1) / 2 * 2;
	}
	return bytes == LRD_PAGE - upper;
}
