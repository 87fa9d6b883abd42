/* SPDX-License-Identifier: MIT */
/* response.h - one object for responses from the store, from the wire and made here. */
#ifndef LRD_SESSION_RESPONSE_H
#define LRD_SESSION_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "session/exchange.h"
#include "session/session.h"

/* Where status, fields and body come from. */
enum lrd_source {
	LRD_SOURCE_NONE,
	LRD_SOURCE_STORE, /* the plan's stored response */
	LRD_SOURCE_WIRE,  /* the exchange's */
	LRD_SOURCE_LOCAL, /* a 504 of our own: nothing stored fits, and nobody may be asked */
};

struct larder_response {
	larder_session *session; /* counted, so that it outlives its handle */
	enum lrd_source source;
	larder_plan *plan;             /* owned; NULL without a cache */
	struct lrd_exchange *exchange; /* owned; NULL unless from the wire */
	struct lrd_buf url;   /* its memory is kept from one response to the next */
	struct lrd_buf whole; /* what larder_response_body() gathered */
	bool gathered;
	uint64_t pulled;
	larder_served served; /* where there is no plan to ask */
	larder_error err;
};

enum { LRD_STATUS_REFUSED = 504 }; /* RFC 9111 s5.2.1.7 */

/* A response of this session for `url`, without source or plan. ENOMEM. */
LARDER_MUST_USE int lrd_response_new(larder_session *session, larder_slice url,
				     larder_response **ret);

/* Frees the memory of a response that is in nobody's hands. Accepts NULL. */
void lrd_response_drop(larder_session *session, larder_response *response);

/* How a response came about that no plan knows of. */
void lrd_served_without_plan(larder_response *response);

#endif
