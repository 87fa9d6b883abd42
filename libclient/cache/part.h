/* SPDX-License-Identifier: MIT */
/*
 * part.h - parts of responses: cut out of what is stored, kept when they arrive, and joined.
 *
 *	stored:		0 ────── 99		300 ── 399	of 1000
 *	arrives:		   80 ─────────── 299
 *	stored then:	0 ─────────────────────────────── 399
 *
 * Joining writes a new body: the stored bytes in front of the part that arrives, then that
 * part as it comes, then the stored bytes behind it. The old entry stands until the new one is
 * published, so a join that breaks off costs nothing but the copy.
 */
#ifndef LRD_CACHE_PART_H
#define LRD_CACHE_PART_H

#include <larder/cache.h>

#include "cache/extra.h"
#include "policy/parts.h"

struct larder_plan;
struct lrd_ask;

enum lrd_part_kind {
	LRD_PART_NONE,  /* the stored response as it is */
	LRD_PART_CUT,   /* `range` of it */
	LRD_PART_NOWHERE, /* 416 */
	LRD_PART_UNFIT, /* it cannot answer; it may still take part in a join */
};

enum { LRD_PART_TEXT = 96 };

/* What the plan's request wants of the plan's answer. */
struct lrd_part {
	enum lrd_part_kind kind;
	bool resume;     /* the origin is asked for the rest of it */
	uint64_t offset; /* where the range starts in the stored body */
	uint64_t length; /* of the range */
	uint64_t size;   /* of the whole */
	char length_text[24];
	char range_text[LRD_PART_TEXT];
};

/* A part on its way into the store: plan->storing.joint. */
struct lrd_joint {
	struct lrd_parts before; /* what the plan's answer has; count 0: it has no part in this */
	struct lrd_range live;   /* what arrives */
	uint64_t size;
};

/*
 * Works out what the request wants of plan->answer and leaves it in plan->part. NONE when the
 * answer can give it, or why it cannot.
 */
enum lrd_why lrd_part_settle(struct larder_plan *plan,
			     const struct lrd_request_facts *facts, bool can_resume,
			     int64_t now);

/* Makes a 206 or 416 out of the answer that plan_serve has set up. */
void lrd_part_apply(struct larder_plan *plan);

/* Range and If-Range for the rest of what is stored. 1 when they were added, 0, ENOMEM. */
LARDER_MUST_USE int lrd_part_ask_rest(struct larder_plan *plan);

/* Reads stored bytes of the answer: how many, or an error. */
LARDER_MUST_USE ptrdiff_t lrd_part_read(struct larder_plan *plan, uint64_t offset,
					void *buf, size_t len);

/*
 * A 206 that goes to the user: sets plan->storing.joint where it can be kept, and copies the
 * stored bytes in front of it. Called with plan->storing set up from the response. ENOMEM.
 */
LARDER_MUST_USE int lrd_part_begin(struct larder_plan *plan, const larder_head *head,
				   const struct lrd_response_facts *response,
				   enum lrd_why *why);

/*
 * The answer to lrd_part_ask_rest(): 1 when the plan's verdict is LARDER_RESUME now, 0 when
 * the two do not fit and the whole must be asked for. ENOMEM, ELIMIT.
 */
LARDER_MUST_USE int lrd_part_resume(struct larder_plan *plan, const larder_head *head,
				    const struct lrd_response_facts *response, int64_t now);

/*
 * The last byte of the part has come, or, with `cut`, the last that will ever come: makes
 * plan->storing ready for publishing. LRD_WHY_STORABLE, or why nothing is to be kept.
 */
enum lrd_why lrd_part_finish(struct larder_plan *plan, bool cut);

#endif
