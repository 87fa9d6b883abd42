/* SPDX-License-Identifier: MIT */
/*
 * authorize.h - an exchange's answers to challenges of its origin and of a proxy that forwards,
 * and of one that is asked for a tunnel.
 */
#ifndef LRD_SESSION_AUTHORIZE_H
#define LRD_SESSION_AUTHORIZE_H

#include <stdbool.h>

#include "auth/choose.h"
#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

struct lrd_exchange;
struct lrd_stream;

/* Part of an exchange. */
struct lrd_authorize {
	bool begun; /* fields below are in use */
	bool has_origin;
	bool has_proxy;
	struct lrd_auth_attempt origin;
	struct lrd_auth_attempt proxy;
	struct lrd_fields origin_fields; /* Authorization, X-WSSE */
	struct lrd_fields proxy_fields;  /* Proxy-Authorization */
};

/* The first request's answers, before anybody asked; the exchange has target and route. */
LARDER_MUST_USE int lrd_authorize_begin(struct lrd_exchange *ex);
void lrd_authorize_end(struct lrd_exchange *ex);

/* Was the request just sent an answer, or could there be one to this status? */
bool lrd_authorize_concerns(const struct lrd_exchange *ex);

/*
 * The response is a 401 or a 407: 1 when there is another answer to send, 0 when the response
 * is the user's; ENOMEM, ELIMIT and what a token callback returned, in ex->err.
 */
LARDER_MUST_USE int lrd_authorize_answer(struct lrd_exchange *ex);

/* The response is none of these: EPROTO when the server could not prove who it is; ENOMEM. */
LARDER_MUST_USE int lrd_authorize_accept(struct lrd_exchange *ex);

/*
 * Dials by the exchange's route and gets over a proxy's 407 on the way. As lrd_dial().
 */
LARDER_MUST_USE int lrd_authorize_dial(struct lrd_exchange *ex, struct lrd_stream **out);

#endif
