/* SPDX-License-Identifier: MIT */
/*
 * extra.h - what few stored responses carry beside their head: which parts of them are there,
 * and the groups with which they stand and fall.
 *
 * It stands between the fixed bytes of the head and its texts, so that a plain response pays
 * nothing for it. Little-endian:
 *
 *	 0  u16  parts			 2  u16  stamps
 *	 4  u32  0			 8  u64  size of the whole, 0 without parts
 *	16  parts times:  u64 first  u64 last
 *	    stamps times: u64 number  u8 kind  u8 name_len  name
 *
 * The body of a response that has parts is their bytes, in order and without gaps between.
 * A stamp is the number (cas) of the record of a group (groups.h) when the response was
 * stored: as long as that record has this number, nobody has invalidated the group.
 */
#ifndef LRD_CACHE_EXTRA_H
#define LRD_CACHE_EXTRA_H

#include "policy/groups.h"
#include "policy/parts.h"
#include "proto/bytes/buf.h"

enum { LRD_EXTRA_FIXED = 16, LRD_EXTRA_MAX = 60000 };

enum lrd_stamp_kind {
	LRD_STAMP_GROUP = 1, /* a group of the response's origin, by its name */
	LRD_STAMP_QUERY = 2, /* all answers to QUERY on the response's URL; no name */
};

enum { LRD_STAMPS_MAX = LRD_GROUPS_MAX + 1 };

struct lrd_stamp {
	uint64_t number;
	enum lrd_stamp_kind kind;
	larder_slice name;
};

struct lrd_extra {
	struct lrd_parts parts; /* count 0: the response is whole */
	size_t stamp_count;
	struct lrd_stamp stamps[LRD_STAMPS_MAX]; /* names point into what was decoded */
};

/* Appends nothing where there is nothing to say. ELIMIT, ENOMEM; `out` unchanged then. */
LARDER_MUST_USE int lrd_extra_encode(const struct lrd_extra *extra, struct lrd_buf *out);

/* Empty bytes give an empty extra. ECORRUPT, *out then undefined. */
LARDER_MUST_USE int lrd_extra_decode(larder_slice bytes, struct lrd_extra *out);

#endif
