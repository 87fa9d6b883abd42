/* SPDX-License-Identifier: MIT */
/*
 * choose.h - one exchange's dealings with the challenges of one origin or one proxy: which
 * scheme, which credential, in which order, and when to give up.
 *
 * The strongest scheme that both sides can goes first, over all credentials that may be sent
 * there in the order added; what is refused is not repeated, but for a nonce that was stale
 * and for what a learned space or a pre-emptive answer tried before there was a challenge.
 * Unknown schemes and malformed lines are passed over; when nothing is left the caller gets
 * the 401 or 407 as it came. Bounded by LRD_AUTH_ROUNDS_MAX answers.
 *
 * The caller leaves this alone when the user set Authorization himself, and begins anew at
 * each redirect.
 *
 *	lrd_auth_begin(&attempt, credentials, &origin, mem);
 *	rc = lrd_auth_first(&attempt, &request, &fields);	1: send these with the request
 *	while the status is 401 (407 when request.proxy):
 *		lrd_fields_clear(&fields);
 *		rc = lrd_auth_challenged(&attempt, response, &request, &fields);
 *		0: the response is the user's; 1: send the request again with `fields`
 *	rc = lrd_auth_accepted(&attempt, response, &request);	any other status
 *	lrd_auth_end(&attempt);
 */
#ifndef LRD_AUTH_CHOOSE_H
#define LRD_AUTH_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

#include <larder/types.h>

#include "auth/credentials.h"
#include "auth/scheme.h"
#include "proto/http/fields.h"

enum {
	LRD_AUTH_ROUNDS_MAX = 16,
	LRD_AUTH_CHALLENGES_MAX = 16 /* looked at in one response */
};

struct lrd_auth_attempt {
	/* private */
	struct lrd_credentials *credentials;
	struct lrd_auth_origin origin;
	const larder_allocator *mem;
	struct lrd_auth *current; /* what the last request carried */
	bool learned;             /* `current` comes from a challenge of this exchange */
	size_t rounds;
	struct lrd_auth_tried {
		struct lrd_secret *secret;
		const struct lrd_auth_scheme *scheme;
		unsigned strength;
		bool stale_used; /* its one repeat for a stale nonce is gone */
	} tried[LRD_AUTH_ROUNDS_MAX + 1];
	size_t tried_count;
};

/*
 * `credentials` may be NULL: nothing is ever answered. Everything is borrowed until
 * lrd_auth_end(), the slices of `origin` included; for a proxy it is the proxy's.
 */
void lrd_auth_begin(struct lrd_auth_attempt *attempt, struct lrd_credentials *credentials,
		    const struct lrd_auth_origin *origin, const larder_allocator *mem);
void lrd_auth_end(struct lrd_auth_attempt *attempt); /* NULL is welcome */

/*
 * What to send before being asked: from a learned protection space, else by a credential that
 * is pre-emptive. 1 with fields added to `out`, 0: nothing; ENOMEM, ELIMIT, or what a token
 * callback returned.
 */
LARDER_MUST_USE int lrd_auth_first(struct lrd_auth_attempt *attempt,
				   const struct lrd_auth_request *request,
				   struct lrd_fields *out);

/*
 * The response is a challenge: 1 with the next answer added to `out`, 0 when there is none
 * left; ENOMEM, ELIMIT, or what a token callback returned.
 */
LARDER_MUST_USE int lrd_auth_challenged(struct lrd_auth_attempt *attempt,
					struct lrd_field_view response,
					const struct lrd_auth_request *request,
					struct lrd_fields *out);

/*
 * The response is none: learns the protection space and what Authentication-Info says. EPROTO:
 * the server proved not to know the password (rspauth); ENOMEM.
 */
LARDER_MUST_USE int lrd_auth_accepted(struct lrd_auth_attempt *attempt,
				      struct lrd_field_view response,
				      const struct lrd_auth_request *request);

/* What the last request carried, NULL: nothing. For lrd_auth_learn() once a body is known. */
struct lrd_auth *lrd_auth_current(const struct lrd_auth_attempt *attempt);

#endif
