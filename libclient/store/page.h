/* SPDX-License-Identifier: MIT */
/*
 * page.h - the layout of one page of LMDB 0.9 on a 64-bit little-endian machine.
 *
 *	0	page number u64		8  pad u16	10  flags u16
 *	12	lower u16, upper u16: ends of the free space; of an overflow page its count u32
 *	16	offsets of the nodes u16, in key order; nodes grow down from the page's end
 *
 *	node:	low u16, high u16, flags u16, key size u16, key, data
 *	leaf:	high << 16 | low is the data's size; branch: with the flags on top a page number
 *
 * data.mdb is for machines of one kind (FORMAT.md), and these are the ones there are.
 */
#ifndef LRD_STORE_PAGE_H
#define LRD_STORE_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/layout.h"

static_assert(sizeof(void *) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "page.h describes LMDB's pages on 64-bit little-endian machines only");

enum {
	LRD_PAGE_HEAD = 16,
	LRD_PAGE_BRANCH = 0x01,
	LRD_PAGE_LEAF = 0x02,
	LRD_PAGE_OVERFLOW = 0x04,
	LRD_PAGE_META = 0x08,
	LRD_PAGE_KINDS =
		0x6f, /* with the two kinds of duplicates that are never used here */
	LRD_NODE_HEAD = 8,
	LRD_NODE_BIG = 0x01,  /* the data is the number of an overflow page */
	LRD_NODE_TABLE = 0x02 /* the data is the head of a tree */
};

enum {
	LRD_META_MAGIC_AT = 16,
	LRD_META_VERSION_AT = 20,
	LRD_META_MAP_AT = 32,
	LRD_META_FREE_AT = 40,
	LRD_META_MAIN_AT = 88,
	LRD_META_LAST_AT = 136,
	LRD_META_TXNID_AT = 144,
	LRD_META_END = 152,
	LRD_TABLE_SIZE = 48
};
#define LRD_META_MAGIC   UINT32_C(0xBEEFC0DE)
#define LRD_META_VERSION 1
#define LRD_PAGE_NONE    UINT64_MAX

static inline uint16_t lrd_page_u16(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t lrd_page_u32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint64_t lrd_page_u64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* How many nodes a page has; -1: its free space makes no sense. */
static inline int lrd_page_nodes(const unsigned char *page)
{
	uint32_t lower = lrd_page_u16(page + 12);
	uint32_t upper = lrd_page_u16(page + 14);

	if (lower < LRD_PAGE_HEAD || lower > upper || upper > LRD_PAGE || lower % 2 != 0)
		return -1;
	return (int)(lower - LRD_PAGE_HEAD) / 2;
}

static inline bool lrd_page_is(const unsigned char *page, uint64_t number, uint32_t kind)
{
	return lrd_page_u64(page) == number &&
	       (lrd_page_u16(page + 10) & LRD_PAGE_KINDS) == kind;
}

static inline uint32_t lrd_page_offset(const unsigned char *page, uint32_t index)
{
	return lrd_page_u16(page + LRD_PAGE_HEAD + 2 * index);
}

static inline uint64_t lrd_node_child(const unsigned char *node)
{
	return lrd_page_u32(node) | (uint64_t)lrd_page_u16(node + 4) << 32;
}

/*
 * A page that LMDB may work on: head and nodes are within bounds, and the nodes fill what the
 * head says they fill. `any_key`: keys need not have 8 bytes (the table of tables).
 */
bool lrd_page_sound(const unsigned char *page, uint64_t number, uint32_t kind,
		    uint64_t pages, bool any_key);

#endif
