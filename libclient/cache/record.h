/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the cache writes into the store: kinds of entries, and the opaque head of a
 * stored response.
 *
 * A response is stored with the content coding it arrived with and without its transfer
 * coding. So validators, Vary and Content-Length stay true, the caller may have the coded
 * bytes, and what is compressed stays small; whoever wants it decoded decodes on the way out.
 *
 * Everything a hit needs stands in front at fixed places; numbers are little-endian:
 *
 *	 0  u8   form (1, 2: with extra)  1  u8   0
 *	 2  u16  status			 4  u16  version (10, 11, 20)
 *	 6  u16  why the lifetime	 8  u16  why the shared lifetime
 *	10  u16  extra_len		12  u32  LRD_FRESH_* flags
 *	16  u32  reason_len		20  u32  selecting_len
 *	24  i64  response_time		32  i64  initial_age_s
 *	40  i64  lifetime_s		48  i64  shared_lifetime_s
 *	56  i64  date			64  i64  stale-while-revalidate, -1: none
 *	72  i64  stale-if-error, -1: none
 *	80  u64  fence
 *	88  extra, reason, NUL, selecting text, NUL, fields in their stored form (fields.h)
 *
 * The selecting text (policy/vary.h) is empty unless the response is one of several variants.
 * The fence is the number of the last invalidation known when it was stored: see fence.h.
 * Extra (extra.h) is there in form 2 alone: a reader that knows only form 1 takes such an
 * entry for damaged, and so never serves a part as a whole. Of an incomplete response the
 * status is 206, whatever it was when it came.
 */
#ifndef LRD_CACHE_RECORD_H
#define LRD_CACHE_RECORD_H

#include <stdint.h>

#include "policy/freshness.h"
#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

/* Kinds of entries in the store. Numbers are part of its format. */
enum lrd_kind {
	LRD_KIND_VALUE = 1,       /* bytes of a memcache client */
	LRD_KIND_RESPONSE = 2,    /* a stored response: record.h */
	LRD_KIND_VARIANTS = 3,    /* which responses a URL has: variants.h */
	LRD_KIND_UNCACHEABLE = 4, /* a URL whose answers cannot be shared; kept for later */
	LRD_KIND_TOMBSTONE = 5,   /* invalidated lately: fence.h */
	LRD_KIND_GROUP = 6,       /* stands for a group of responses: groups.h */
	LRD_KIND_SEARCH = 7,      /* queries of one path that may stand in for others: search.h */
};

enum {
	LRD_RESPONSE_FORM = 1,
	LRD_RESPONSE_FORM_EXTRA = 2,
	LRD_RESPONSE_FIXED = 88,
	LRD_RESPONSE_FIELDS = 5000, /* field lines of one stored response */
};

struct lrd_response {
	uint16_t status;
	uint16_t version;
	struct lrd_freshness fresh;
	uint64_t fence;
	larder_slice extra; /* encoded: extra.h */
	larder_slice reason;
	larder_slice selecting;
	larder_slice fields; /* stored form; set by decoding only */
};

/* Appends the head of a response. ELIMIT, ENOMEM; `out` is unchanged on failure. */
LARDER_MUST_USE int lrd_response_encode(const struct lrd_response *response,
					struct lrd_field_view fields, struct lrd_buf *out);

/*
 * Reads a head, copying nothing: slices point into `bytes`, which may be hostile. ECORRUPT,
 * *out untouched. The fields are checked only by lrd_fields_decode().
 */
LARDER_MUST_USE int lrd_response_decode(larder_slice bytes, struct lrd_response *out);

#endif
