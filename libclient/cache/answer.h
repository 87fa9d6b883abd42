/* SPDX-License-Identifier: MIT */
/*
 * answer.h - a stored response brought into this process's memory.
 *
 * Head and fields are always copied; a body of up to LRD_ANSWER_COPY_MAX bytes too, in the
 * same read transaction and into the same block. A larger body stays in the store, held so
 * that it is not freed, and is copied as it is read.
 */
#ifndef LRD_CACHE_ANSWER_H
#define LRD_CACHE_ANSWER_H

#include <stdbool.h>

#include "cache/handle.h"
#include "cache/record.h"

enum { LRD_ANSWER_COPY_MAX = 256 * 1024 };

enum { LRD_ANSWER_AGE_SIZE = 24 };

/* Fields that serving may add: Age, Content-Length, Content-Range. */
enum { LRD_ANSWER_SPARE = 3 };

struct lrd_answer {
	struct lrd_response head; /* slices into the block */
	larder_field *fields;     /* room for LRD_ANSWER_SPARE more */
	size_t field_count;
	larder_slice body; /* ptr NULL: to be read through `hold`, or not wanted */
	uint64_t body_len;
	uint64_t cas;
	bool marked; /* LRD_MARK_STALE */
	bool held;
	struct lrd_hold hold;
	char age[LRD_ANSWER_AGE_SIZE];
};

/*
 * Copies an entry out. `prefix` bytes in front of the block are the caller's (0: none): so a
 * hit allocates once. *block is what to free, and starts with them. ECORRUPT, ENOMEM, ELIMIT.
 * With `want_body`, a body too large to copy is left: take a hold on `record->body_id` when
 * the transaction is over (lrd_answer_hold).
 */
LARDER_MUST_USE int lrd_answer_copy(struct larder_cache *cache, struct lrd_read *read,
				    const struct lrd_record *record, bool want_body,
				    size_t prefix, void **block, struct lrd_answer *out);

static inline bool lrd_answer_needs_hold(const struct lrd_answer *answer, bool want_body)
{
	return want_body && answer->body_len > 0 && !answer->body.ptr;
}

/* ENOTFOUND: replaced meanwhile, look up again. EBUSY: every place is taken. */
LARDER_MUST_USE int lrd_answer_hold(struct larder_cache *cache, const struct lrd_key *key,
				    uint64_t body_id, struct lrd_answer *answer);
void lrd_answer_release(struct lrd_answer *answer); /* the hold; the block is the caller's */

/* Sets or renews the Age field (RFC 9111 s5.1), the last of all. */
void lrd_answer_set_age(struct lrd_answer *answer, int64_t age_s);

/* Leaves out what no-cache="..." names (RFC 9111 s5.2.2.4). */
void lrd_answer_drop_unvalidated(struct lrd_answer *answer);

/* Leaves what a 304 carries (RFC 9110 s15.4.5). */
void lrd_answer_reduce_to_304(struct lrd_answer *answer);

#endif
