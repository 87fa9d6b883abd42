/* SPDX-License-Identifier: MIT */
/* prepare.h - making ready what is to be stored, out of the origin's answer. */
#ifndef LRD_CACHE_PREPARE_H
#define LRD_CACHE_PREPARE_H

#include "cache/plan.h"

/*
 * A whole response: *why is LRD_WHY_STORABLE, and plan->storing is set up, or the reason why
 * it is not stored. ENOMEM.
 */
LARDER_MUST_USE int lrd_prepare(struct larder_plan *plan, const larder_head *head,
				const struct lrd_response_facts *response,
				enum lrd_why *why);

/*
 * A 304 or a HEAD: plan->answer takes over its fields and its freshness. ENOMEM, ELIMIT; the
 * answer is unchanged then.
 */
LARDER_MUST_USE int lrd_prepare_merge(struct larder_plan *plan,
				      const struct lrd_response_facts *update);

/*
 * The answer is another variant than this request selects, confirmed for it by a 304: sets up
 * plan->storing with it, so that the next such request finds it. A large body stays where it
 * is, and nothing is set up.
 */
void lrd_prepare_again(struct larder_plan *plan);

/*
 * The answer, made whole by what arrives: sets up plan->storing with its head and fields for
 * `body_length` bytes more. LRD_WHY_STORABLE, or why it is not stored.
 */
enum lrd_why lrd_prepare_rest(struct larder_plan *plan, uint64_t body_length);

/* The times and the head of an entry as the store wants them; `head` is encoded into `buf`. */
LARDER_MUST_USE int lrd_prepare_put(const struct larder_plan *plan,
				    const struct lrd_response *head,
				    struct lrd_field_view fields, struct lrd_buf *buf,
				    struct lrd_put *put);

#endif
