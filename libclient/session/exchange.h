/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - one request and its response on one connection, as a machine of named steps.
 *
 * The whole state is in the struct and every wait happens in one place, between two steps: a
 * step that cannot go on says which events it wants. So one thread can drive many exchanges.
 *
 * Calling sequence:
 *	lrd_exchange_take(session, &exchange);
 *	lrd_exchange_begin(exchange, &request, plan, url, err);
 *	rc = lrd_exchange_run(exchange);		0: exchange->head is the response
 *	switch (exchange->outcome) ...			whose response answers
 *	n = lrd_exchange_pull(exchange, buf, len, err);	until 0: the proven end
 *	lrd_exchange_put(exchange);			cuts off what is unfinished
 *
 * The request must live until lrd_exchange_run() has returned, plan and url until put.
 */
#ifndef LRD_SESSION_EXCHANGE_H
#define LRD_SESSION_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "proto/http/head.h"
#include "session/authorize.h"
#include "session/body.h"
#include "session/control.h"
#include "session/early.h"
#include "session/request.h"
#include "session/route.h"
#include "session/session.h"
#include "transport/dial.h"
#include "transport/pool.h"
#include "transport/stream.h"

enum lrd_step {
#define LRD_STEP(name, text, function) LRD_STEP_##name,
#include "session/steps.def"
};

/* What a step tells the machine. */
enum lrd_result {
	LRD_NEXT, /* exchange->step is the next one */
	LRD_WAIT, /* call again once one of exchange->want is true */
	LRD_DONE, /* what the caller asked for is there */
	LRD_FAIL, /* exchange->rc says why, exchange->err tells */
};

enum lrd_outcome {
	LRD_OUTCOME_NONE,
	LRD_OUTCOME_PASS,  /* the response received answers */
	LRD_OUTCOME_SERVE, /* the plan's stored response answers */
};

enum {
	LRD_EXCHANGE_IN = 256 * 1024,   /* received at once */
	LRD_EXCHANGE_PIECE = 64 * 1024, /* of an uploaded body */
	LRD_EXCHANGE_INTERIM_MAX = 32,  /* 1xx responses before the final one */
	LRD_EXCHANGE_KEEP_MS = 1000, /* how often a wait tells the plan that it goes on */
	LRD_EXCHANGE_LINE_MAX = 64 * 1024
};

struct lrd_exchange {
	larder_session *session;
	struct lrd_request *request; /* NULL once the final head is there */
	larder_plan *plan;           /* borrowed; NULL: no cache */
	larder_slice url;            /* borrowed, for messages */
	larder_error *err;           /* of the call under way */
	enum lrd_step step;
	enum lrd_outcome outcome;
	int rc; /* sticky, once a step failed */

	/* waiting */
	unsigned want;          /* enum lrd_stream_events */
	bool readable;          /* a read is worth the system call */
	uint64_t deadline_ns;   /* of the whole exchange; 0: none */
	uint64_t first_byte_ns; /* deadline of the response's first byte */
	uint32_t total_ms;      /* what deadline_ns comes from */
	int wake_fd; /* readable: give up (ECANCELED); 0: none. Set after begin */

	uint64_t drain_ns;      /* deadline of a body that nobody wants; 0: none */
	bool given_up;          /* it passed */

	/* where to, and who we are there */
	struct lrd_route route;
	struct lrd_authorize auth;
	struct lrd_buf target;  /* in origin-form */
	larder_slice if_match;  /* an entity tag; borrowed, empty: none */

	/* the connection */
	struct lrd_dial dial;
	struct lrd_pool_key key;
	bool poolable; /* the key is good */
	struct lrd_stream *stream;
	uint64_t bytes_in; /* of the stream, before this exchange */
	uint64_t bytes_out;
	uint32_t retries; /* done so far */
	bool keep; /* nothing so far forbids another exchange on it */

	/* the request going out */
	struct lrd_buf out;   /* its head */
	struct lrd_buf piece; /* of the caller's body */
	struct lrd_buf tail;  /* of a chunked body with trailers */
	char chunk_line[24];
	struct iovec iov[5];
	int iov_at;
	int iov_count;
	int iov_content;       /* which of them is content; -1: none */
	uint64_t content_sent; /* bytes of it that went out */
	int64_t to_upload;     /* of it; -1: not known */
	bool expect;         /* the body waits */
	bool expected;       /* the head says so (RFC 9110 s10.1.1) */
	bool expect_refused; /* by 417: not again */
	uint64_t expect_ns;  /* until when it waits; 0: not yet */
	bool begun;        /* the caller's body was asked for */
	bool held;         /* piece is all that the caller supplied so far */
	uint64_t uploaded; /* bytes taken from the caller */
	bool upload_done;
	unsigned asked;     /* requests composed */
	unsigned unmatched; /* 304s that fitted nothing */

	/* the response coming in */
	struct lrd_buf in;
	size_t in_at; /* of in.ptr: what is not used up */
	struct lrd_head head;
	unsigned interim;
	struct lrd_early *early; /* borrowed: where 1xx heads are kept; NULL: nowhere */
	int64_t request_time;
	int64_t response_time;
	struct lrd_body body;
	bool store; /* the plan gets the body */
	bool hold;  /* ... and is committed by lrd_exchange_commit() alone */
	bool complete; /* the body is: a commit that was held may be made */

	struct lrd_progress progress;
	uint32_t writes; /* of the request's head and body */
	uint32_t reads;  /* of the response's */

	/* the caller's pull */
	char *pull;
	size_t pull_len;
	size_t pulled;
};

/* The session's spare one, or a new one. ENOMEM. */
LARDER_MUST_USE int lrd_exchange_take(larder_session *session, struct lrd_exchange **ret);
/* Resets it and gives it back: the session's spare one, or freed. Accepts NULL. */
void lrd_exchange_put(struct lrd_exchange *ex);
void lrd_exchange_free(struct lrd_exchange *ex); /* accepts NULL */

/* Makes ready for a request. `plan` may be NULL. Allocates nothing. */
void lrd_exchange_begin(struct lrd_exchange *ex, struct lrd_request *request,
			larder_plan *plan, larder_slice url, larder_error *err);

/* Runs until the final response head is there and the cache has seen it. */
LARDER_MUST_USE int lrd_exchange_run(struct lrd_exchange *ex);

/* Body bytes: how many, 0 at the proven end, or an error, the same at each further call. */
LARDER_MUST_USE ptrdiff_t lrd_exchange_pull(struct lrd_exchange *ex, void *buf,
					    size_t len, larder_error *err);

/* What was held back by `hold`: the body proved to be what it says it is. */
void lrd_exchange_commit(struct lrd_exchange *ex);

/* Is all that a callback supplied still here? Then it is *body, borrowed. */
bool lrd_exchange_held(const struct lrd_exchange *ex, larder_slice *body);

/*
 * The rest of the body is not wanted by anybody but the cache: up to `max_bytes` of it are read
 * for at most `max_ms`, else the connection is cut. The head stays; buffers go.
 */
void lrd_exchange_leave(struct lrd_exchange *ex, size_t max_bytes, uint32_t max_ms);

/* "flush", for traces. */
const char *lrd_step_name(enum lrd_step step);

/* ---- for the steps ----------------------------------------------------------------------- */

#define LRD_STEP(name, text, function) enum lrd_result function(struct lrd_exchange *ex);
#include "session/steps.def"

/*
 * The exchange failed with `rc`, whose text is in ex->err. Where that may only mean that an
 * idle connection was dead it starts over on a new one (RFC 9112 s9.3.1).
 */
enum lrd_result lrd_exchange_fail(struct lrd_exchange *ex, int rc);
/* The same with a text: "what" is the beginning, the URL follows, then `detail`. */
enum lrd_result lrd_exchange_fault(struct lrd_exchange *ex, int rc, uint32_t phase,
				   const char *what, const char *detail);

/*
 * A body from a callback goes out from its beginning: what is still held does so by itself,
 * else the caller is asked, for the first time or after a rewind. Errors are in ex->err.
 */
LARDER_MUST_USE int lrd_exchange_restart_body(struct lrd_exchange *ex);

/* What is under way: enum larder_phase. */
uint32_t lrd_exchange_phase(const struct lrd_exchange *ex);

/* Can the body go out once more? */
bool lrd_exchange_repeatable(const struct lrd_exchange *ex);

/* Puts head and first piece in line to go out. */
void lrd_exchange_requeue(struct lrd_exchange *ex);

/*
 * One read without waiting, into `buf` or behind ex->in: bytes, 0 at the clean end, LRD_WANT_*
 * with ex->want set, or an error.
 */
LARDER_MUST_USE ptrdiff_t lrd_exchange_read(struct lrd_exchange *ex, void *buf,
					    size_t len, uint32_t phase);
LARDER_MUST_USE ptrdiff_t lrd_exchange_fill(struct lrd_exchange *ex, uint32_t phase);

/* Received and not used up. */
static inline larder_slice lrd_exchange_in(const struct lrd_exchange *ex)
{
	return (larder_slice){ ex->in.ptr + ex->in_at, ex->in.len - ex->in_at };
}

void lrd_exchange_consume(struct lrd_exchange *ex, size_t count);

/*
 * The receive buffer, which is large, goes back to the session with whatever is in it: a
 * response that is held open has no use for it.
 */
void lrd_exchange_give_buffer(struct lrd_exchange *ex);

#endif
