/* SPDX-License-Identifier: MIT */
/*
 * trace.h - telling a session's watcher what goes on (larder/trace.h).
 *
 * Whoever reports something asks first, so that nothing is made ready for nobody:
 *	if (session->watch)
 *		lrd_trace_plan(session, plan);
 */
#ifndef LRD_SESSION_TRACE_H
#define LRD_SESSION_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/larder.h>

#include "session/debug.h"
#include "transport/dial.h"

struct lrd_exchange;
struct lrd_request;

/* A session's, when it has a trace callback or a debug level. */
struct lrd_watch {
	larder_trace_fn trace; /* or NULL */
	void *ctx;
	struct lrd_debug debug;
	uint64_t begin_ns;   /* of the larder_send under way, or the last one */
	uint64_t request_ns; /* when the last head went out */
	bool planned;        /* timing.cache_ns is set */
	larder_timing timing;
	struct lrd_dial_times dial; /* of the last connection made */
};

/* Sets session->watch where the options want one. EINVAL, ENOMEM. */
LARDER_MUST_USE int lrd_trace_open(larder_session *session, const larder_options *options,
				   larder_error *err);
void lrd_trace_close(larder_session *session);

/* ---- the way of a request; session->watch is set ----------------------------------------- */

void lrd_trace_start(larder_session *session); /* larder_send was called */
void lrd_trace_begin(larder_session *session, const struct lrd_request *request);
void lrd_trace_plan(larder_session *session, const larder_plan *plan);
void lrd_trace_redirect(larder_session *session, uint32_t status, larder_slice url);
void lrd_trace_done(larder_session *session, const larder_response *response);
void lrd_trace_fail(larder_session *session, const larder_error *err);

void lrd_trace_reused(struct lrd_exchange *ex);
void lrd_trace_dialed(struct lrd_exchange *ex);
void lrd_trace_request(struct lrd_exchange *ex);
void lrd_trace_response(struct lrd_exchange *ex); /* interim ones too */
void lrd_trace_challenge(struct lrd_exchange *ex);
void lrd_trace_retry(struct lrd_exchange *ex, int rc);
void lrd_trace_upload(struct lrd_exchange *ex);
void lrd_trace_body(struct lrd_exchange *ex);
void lrd_trace_content(struct lrd_exchange *ex, bool outgoing, larder_slice bytes);

#endif
