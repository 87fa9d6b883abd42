/* SPDX-License-Identifier: MIT */
/*
 * plan.h - the inside of a plan: one request on its way through the cache.
 *
 *	lookup ──► SERVE			a stored response answers
 *	       ──► WAIT ──wait──► SERVE, FETCH	another plan asks the origin: flight.h
 *	       ──► REFUSE			only-if-cached
 *	       ──► FETCH ──receive──► SERVE	304, or stale on error
 *	                 ──receive──► RESUME	the rest of what is stored: read, append, commit
 *	                 ──receive──► PASS	with or without storing: append, commit
 *	                 ──receive──► FETCH	a 304 that fits nothing; once
 *	                 ──fail─────► SERVE	stale on error, else stays FETCH
 */
#ifndef LRD_CACHE_PLAN_H
#define LRD_CACHE_PLAN_H

#include <stdbool.h>

#include "cache/answer.h"
#include "cache/asked.h"
#include "cache/flight.h"
#include "cache/part.h"
#include "cache/variants.h"
#include "policy/reuse.h"
#include "proto/http/fields.h"
#include "store/event.h"

/* Bodies up to this size wait in memory for their end; larger ones go to the store at once. */
enum { LRD_PLAN_BUFFER_MAX = 64 * 1024 };

enum { LRD_PLAN_CONDITIONS = 4 };

/* What is to be stored: set up when the head arrives, published at commit. */
struct lrd_storing {
	bool on;
	struct lrd_response head;
	struct lrd_fields fields;
	struct lrd_buf vary; /* canonical list; empty: no Vary */
	struct lrd_buf reason;
	larder_slice etag;   /* in `fields` */
	int64_t body_length; /* as framed, -1: unknown */
	uint64_t received;
	struct lrd_buf body;   /* while small */
	struct lrd_fill *fill; /* once large */
	uint64_t copied;         /* of stored bytes, in front of what is received */
	struct lrd_joint *joint; /* of a part; NULL: the response is whole */
	struct lrd_buf extra;    /* encoded: extra.h */
};

struct larder_plan {
	struct larder_cache *cache;
	enum larder_verdict verdict;
	larder_served served;
	larder_slice reason; /* of the response to serve */
	uint32_t status;     /* the same */
	bool head_only;      /* no body is wanted: HEAD, or a 304 made here */
	bool has_answer;
	bool conditional; /* conditions of ours were sent */
	bool retried;     /* a 304 fitted nothing: asked again */
	bool committed;
	bool fields_merged;
	bool set_up;
	struct lrd_part part; /* what is wanted of `answer` */
	struct lrd_answer answer;
	uint8_t variant[LRD_SIPHASH_SIZE]; /* which one `answer` is, when `is_variant` */
	bool is_variant;
	void *answer_block; /* of an answer that came after the plan; NULL: in the plan */
	struct lrd_asked *asked; /* while the origin is asked */
	struct lrd_flight *flight; /* NULL: no part in one */
	larder_field conditions[LRD_PLAN_CONDITIONS];
	size_t condition_count;
	struct lrd_buf condition_text;
	struct lrd_fields merged;   /* fields after a 304, when `fields_merged` */
	larder_field *merged_array; /* the same with room for Age: what `answer` has then */
	struct lrd_storing storing; /* when `set_up` */
	uint64_t read_pos;
};

/* An empty plan, verdict LARDER_FETCH. NULL without memory. */
struct larder_plan *lrd_plan_new(struct larder_cache *cache);
/* The same in memory that lrd_answer_copy() made, `answer` untouched. */
void lrd_plan_init(struct larder_plan *plan, struct larder_cache *cache);

/* NULL where libc serves. */
static inline const larder_allocator *lrd_plan_allocator(const struct larder_plan *plan)
{
	return plan->cache->allocator.malloc_fn ? &plan->cache->allocator : NULL;
}

/*
 * The plan answers with its stored response: sets status, fields and Age, evaluates the
 * caller's own conditions, counts.
 */
void lrd_plan_serve(struct larder_plan *plan, const struct lrd_request_facts *facts,
		    enum larder_how how, const struct lrd_reuse *reuse, int64_t now);

/* The status that the stored response has for this request: its own, 206, 304 or 416. */
uint32_t lrd_plan_outcome(const struct larder_plan *plan,
			  const struct lrd_request_facts *facts, int64_t now);

/* What a lookup would find, found out without a trace: no counts, no leases. */
struct lrd_judged {
	enum lrd_why why;
	bool serves;
	struct lrd_reuse reuse;   /* when something stored was judged: plan->has_answer */
	struct larder_plan *plan; /* the caller's; may be NULL */
};
LARDER_MUST_USE int lrd_lookup_judge(struct lrd_ask *ask, struct lrd_judged *out);

/* Sets the plan's conditions: of its mode, of what is stored, or for the rest of it. */
LARDER_MUST_USE int lrd_condition_add(struct larder_plan *plan);

/* Lets go of the stored response. */
void lrd_plan_drop_answer(struct larder_plan *plan);

/*
 * Looks up and concludes. `take` is a flight to go on with, moved whatever happens, or NULL.
 * `waited` is the plan that waited, without an answer, and is then *out; NULL: a new one.
 * ENOMEM, EURL; `waited` stays the caller's.
 */
struct lrd_ask;
LARDER_MUST_USE int lrd_lookup_run(struct lrd_ask *ask, struct lrd_flight *take,
				   struct larder_plan *waited, struct larder_plan **out);

/* Tells who watches the store what became of the request; only after a look at the origin. */
void lrd_plan_tell(const struct larder_plan *plan, enum lrd_event_type type,
		   uint64_t detail);

/* What store errors mean for `store_why`; counts what was skipped. */
enum lrd_why lrd_plan_skipped(struct larder_plan *plan, int rc);

/* Is there a response to read: LARDER_SERVE or LARDER_RESUME? */
static inline bool lrd_plan_serves(const struct larder_plan *plan)
{
	return plan->verdict == LARDER_SERVE || plan->verdict == LARDER_RESUME;
}

/* Stores a piece of body, in memory or in the store, as fill.c sees fit. */
LARDER_MUST_USE int lrd_fill_add(struct larder_plan *plan, const void *bytes, size_t len);

/* ---- writing to the store: publish.c, update.c, invalidate.c ------------------------------ */

/* Publishes plan->storing. The reason goes to served.store_why. */
void lrd_publish(struct larder_plan *plan);

/*
 * Writes the fields that a 304 or a HEAD left the stored response with, and those of other
 * variants with the same strong validator. The reason goes to served.store_why.
 */
void lrd_update(struct larder_plan *plan, const struct lrd_response_facts *update);

/* Marks the stored response: to be validated before its next use. */
void lrd_update_mark_stale(struct larder_plan *plan);

/* Removes the stored response, unless it has changed meanwhile. */
void lrd_update_remove(struct larder_plan *plan);

/* Invalidates what a response to an unsafe method makes doubtful. */
void lrd_invalidate(struct larder_plan *plan, const struct lrd_response_facts *response);

#endif
