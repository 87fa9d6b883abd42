/* SPDX-License-Identifier: MIT */
/* follow.h - from a redirect to the next request, under one larder_send. */
#ifndef LRD_SESSION_FOLLOW_H
#define LRD_SESSION_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/larder.h>

#include "policy/redirect.h"
#include "session/request.h"

/* How one larder_send follows; from the session's options and the request's. */
struct lrd_follow {
	struct lrd_redirect_rules rules;
	uint32_t mode; /* enum larder_redirect, never DEFAULT */
	uint32_t left; /* redirects that may still be followed */
	uint32_t max;
};

void lrd_follow_begin(struct lrd_follow *follow, const larder_session *session,
		      const larder_request *theirs);

/*
 * The response has a status of the 3xx kind: 1 when it is to be followed, with the URL in
 * `url` (cleared before); 0 when it is the user's; EREDIRECT, ENOMEM, with words in the
 * session's error.
 */
LARDER_MUST_USE int lrd_follow_where(struct lrd_follow *follow, larder_session *session,
				     const struct lrd_request *request,
				     const larder_response *response, struct lrd_buf *url);

/*
 * Takes what is wanted of a response that is left behind: a short body is read to its end, so
 * that it is stored and its connection stays; a long or slow one is cut off. A body of the
 * request that went out whole is held for the next one.
 */
LARDER_MUST_USE int lrd_follow_leave(larder_session *session, struct lrd_request *request,
				     larder_response *response);

/*
 * Makes the request the next one: `url` is where it goes, and lives as long as the request.
 * EREDIRECT (no http or https URL, or one that names a user), EREPEAT, or what the caller's
 * rewind returned.
 */
LARDER_MUST_USE int lrd_follow_turn(struct lrd_follow *follow, larder_session *session,
				    struct lrd_request *request, uint32_t status,
				    larder_slice url);

#endif
