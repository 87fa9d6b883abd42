/* SPDX-License-Identifier: MIT */
/* status.h - responses that stand for errors, for callers who want no errors (errors_to_status). */
#ifndef LRD_SESSION_STATUS_H
#define LRD_SESSION_STATUS_H

#include <larder/larder.h>

/*
 * Reads the whole body into the response, so that nothing can fail later. What fails now makes
 * it, or another one in its place, a response that says so. ENOMEM where even that fails.
 */
LARDER_MUST_USE int lrd_status_fetch(larder_session *session, larder_response **response);

/*
 * A response for the session's error: 408 for a deadline, 500 with the redirect that was not
 * followed, else 400; the error's message is the body. ENOMEM.
 */
LARDER_MUST_USE int lrd_status_answer(larder_session *session, larder_slice url,
				      larder_response **out);

#endif
