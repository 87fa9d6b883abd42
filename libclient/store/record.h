/* SPDX-License-Identifier: MIT */
/*
 * record.h - the bytes of an entry's record, and back: pure, no store needed.
 *
 *	0	sum		u64 of bytes 8 to the end of the texts, seeded with the key hash
 *	8	version		u8
 *	9	kind		u8
 *	10	flags		u8, 0
 *	11	partition_len	u8
 *	12	name_len	u16
 *	14	reserved	u16, 0
 *	16	head_len	u32
 *	20	marks		u32
 *	24	client_flags	u32
 *	28	slot		u32, number + 1; 0: none
 *	32	epoch		u32
 *	36	reserved	u32, 0
 *	40	cas		u64
 *	48	stored_at	i64
 *	56	expires_at	i64
 *	64	stale_until	i64
 *	72	body_len	u64
 *	80	body_id		u64, 0: the body is in the record
 *	88	text_id		u64, 0: the texts are in the record
 *	96	body_sum	u64 of an inline body, seeded with `hash` too
 *	104	partition, name, head (unless text_id), body (unless body_id)
 */
#ifndef LRD_STORE_RECORD_H
#define LRD_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "store/layout.h"
#include "store/store.h"

enum { LRD_RECORD_VERSION = 1, LRD_RECORD_HEADER = 104 };

/* What of a record is the store's business alone. */
struct lrd_record_links {
	uint64_t text_id;
	uint64_t text_len; /* partition, name and head together */
	uint32_t epoch;
};

/*
 * Checks `len` hostile bytes and their checksum. With texts in rows the three slices of `out`
 * have lengths but NULL pointers. ECORRUPT; outputs untouched then.
 */
int lrd_record_decode(const void *value, size_t len, uint64_t hash,
		      struct lrd_record *out, struct lrd_record_links *links);

/* Points the three slices into one run of text bytes. */
void lrd_record_set_texts(struct lrd_record *record, const char *texts);

/* How many bytes the record takes; `links` and `record->body_id` say what is outside. */
size_t lrd_record_size(const struct lrd_record *record,
		       const struct lrd_record_links *links);

/*
 * Writes the record; `out` has lrd_record_size() bytes, at most LRD_VALUE_MAX. Texts and the
 * inline body come from the record's slices; body_sum is computed here.
 */
void lrd_record_encode(const struct lrd_record *record,
		       const struct lrd_record_links *links, void *out);

/* Which parts go to rows so that the rest fits one value. */
void lrd_record_place(size_t text_len, uint64_t body_len, int *texts_in_rows,
		      int *body_in_rows);

/* The checksum of an inline body. */
uint64_t lrd_record_body_sum(const void *body, size_t len, uint64_t hash);

#endif
