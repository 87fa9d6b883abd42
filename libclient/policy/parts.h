/* SPDX-License-Identifier: MIT */
/*
 * parts.h - parts of a response: which one a request wants, which ones are stored, and what
 * comes of joining them (RFC 9110 s14, RFC 9111 s3.3 and s3.4).
 */
#ifndef LRD_POLICY_PARTS_H
#define LRD_POLICY_PARTS_H

#include "policy/facts.h"
#include "policy/validate.h"
#include "policy/why.h"
#include "proto/http/range.h"

/* Parts of one response that are kept apart; ranges of one request that are looked at. */
enum { LRD_PARTS_MAX = 16, LRD_RANGES_READ = 64 };

/* What of a representation is there: in order, neither touching nor overlapping. */
struct lrd_parts {
	uint64_t size; /* of the whole */
	size_t count;
	struct lrd_range at[LRD_PARTS_MAX];
};

/* Adds a part and joins those that touch it. ELIMIT, *parts untouched. */
LARDER_MUST_USE int lrd_parts_add(struct lrd_parts *parts, struct lrd_range range);

bool lrd_parts_whole(const struct lrd_parts *parts);

/* Bytes in all parts together. */
uint64_t lrd_parts_bytes(const struct lrd_parts *parts);

/* Is all of `range` there? *offset is where it starts among the bytes of all parts. */
bool lrd_parts_find(const struct lrd_parts *parts, struct lrd_range range,
		    uint64_t *offset);

/* In order, apart, inside the whole? What the store gives may be anything. */
bool lrd_parts_valid(const struct lrd_parts *parts);

enum lrd_wish {
	LRD_WISH_WHOLE,         /* no Range, or one that is to be ignored */
	LRD_WISH_PART,          /* `range` */
	LRD_WISH_SEVERAL,       /* more than one part */
	LRD_WISH_UNSATISFIABLE, /* none that exists: 416 */
};

struct lrd_wanted {
	enum lrd_wish wish;
	struct lrd_range range;
};

/*
 * What a request wants of a stored representation of `size` bytes, after If-Range (RFC 9110
 * s13.1.5) and Range (s14.2) in this order.
 */
struct lrd_wanted lrd_parts_wanted(const struct lrd_request_facts *request,
				   const struct lrd_validators *stored, uint64_t size,
				   int64_t now);

/* Is one of the validators strong (RFC 9110 s8.8.1)? Only such responses can be joined. */
bool lrd_parts_strong(const struct lrd_validators *validators);

/* What If-Range has to say for it: the strong tag, else the strong date; empty without. */
larder_slice lrd_parts_if_range(const struct lrd_validators *validators);

/*
 * The part that a 206 brings: LRD_WHY_STORABLE with *range and *size set, or why it cannot be
 * kept. `body_length` as framed, -1: unknown.
 */
enum lrd_why lrd_parts_received(const struct lrd_response_facts *response,
				int64_t body_length, struct lrd_range *range,
				uint64_t *size);

#endif
