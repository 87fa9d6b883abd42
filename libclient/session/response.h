/* SPDX-License-Identifier: MIT */
/* response.h - one object for responses from the store, from the wire and made here. */
#ifndef LRD_SESSION_RESPONSE_H
#define LRD_SESSION_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "proto/bytes/num.h"
#include "session/decode.h"
#include "session/early.h"
#include "session/exchange.h"
#include "session/session.h"

/* Where status, fields and body come from. */
enum lrd_source {
	LRD_SOURCE_NONE,
	LRD_SOURCE_STORE, /* the plan's stored response */
	LRD_SOURCE_WIRE,  /* the exchange's */
	LRD_SOURCE_LOCAL, /* one of our own: a 504, or what stands for an error (status.h) */
};

struct larder_response {
	larder_session *session; /* counted, so that it outlives its handle */
	enum lrd_source source;
	larder_plan *plan;             /* owned; NULL without a cache */
	struct lrd_exchange *exchange; /* owned; NULL unless from the wire */
	larder_response *previous;     /* owned: the redirect that led here, or NULL */
	struct lrd_buf url;   /* its memory is kept from one response to the next */
	struct lrd_buf whole; /* what larder_response_body() gathered */
	bool gathered;
	bool fetched;   /* `whole` is what larder_response_read() hands out */
	size_t read_at; /* of `whole`, then */
	uint64_t pulled;
	bool may_decode; /* wanted, and the method has a body to decode */
	bool decoding_begun;
	struct lrd_decoding decoding;
	struct lrd_early early;
	struct lrd_buf content_location; /* made absolute, once somebody asked */
	struct lrd_buf reason;           /* when `status` is set */
	uint32_t status;                 /* in place of the source's; 0: the source's */
	larder_field local_fields[2];
	size_t local_field_count;
	char local_length[LRD_NUM_SIZE];
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
