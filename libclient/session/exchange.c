/* SPDX-License-Identifier: MIT */
/* exchange.c - one request and its response on one connection, as a machine of named steps. */
#include "session/exchange.h"

#include <stdio.h>
#include <string.h>

#include "policy/retry.h"
#include "proto/bytes/alloc.h"
#include "session/trace.h"
#include "sys/assert.h"
#include "sys/error.h"

enum { SLEEP_MIN_MS = 5 * LRD_STREAM_SLICE_MS };

static const struct {
	const char *name;
	enum lrd_result (*run)(struct lrd_exchange *ex);
} steps[] = {
#define LRD_STEP(name, text, function) [LRD_STEP_##name] = { text, function },
#include "session/steps.def"
};

const char *lrd_step_name(enum lrd_step step)
{
	return steps[step].name;
}

/* ---- life -------------------------------------------------------------------------------- */

static int exchange_new(larder_session *session, struct lrd_exchange **ret)
{
	const larder_options *options = &session->options;
	struct lrd_exchange *ex = lrd_alloc_zero(session->mem, sizeof(*ex));
	struct lrd_head_limits limits = {
		.max_line = options->max_head_bytes < LRD_EXCHANGE_LINE_MAX
				    ? options->max_head_bytes
				    : LRD_EXCHANGE_LINE_MAX,
		.max_bytes = options->max_head_bytes,
		.max_fields = options->max_fields,
	};

	if (!ex)
		return LARDER_ENOMEM;
	ex->session = session;
	ex->step = LRD_STEP_OVER;
	lrd_buf_init(&ex->out, LRD_REQUEST_HEAD_MAX, session->mem);
	lrd_buf_init(&ex->piece, LRD_EXCHANGE_PIECE, session->mem);
	lrd_buf_init(&ex->in, session->spare_in.max, session->mem);
	lrd_buf_init(&ex->tail, LRD_REQUEST_HEAD_MAX, session->mem);
	lrd_buf_init(&ex->target, LRD_REQUEST_HEAD_MAX, session->mem);
	lrd_head_init(&ex->head, LRD_HEAD_RESPONSE, &limits, session->mem);
	*ret = ex;
	return 0;
}

int lrd_exchange_take(larder_session *session, struct lrd_exchange **ret)
{
	if (!session->spare_exchange)
		return exchange_new(session, ret);
	*ret = session->spare_exchange;
	session->spare_exchange = NULL;
	return 0;
}

/* Forgets everything but its memory; an unfinished connection is cut off. */
static void reset(struct lrd_exchange *ex)
{
	lrd_stream_abort(ex->stream);
	ex->stream = NULL;
	lrd_authorize_end(ex);
	lrd_route_release(&ex->route);
	lrd_body_release(&ex->body);
	memset(&ex->body, 0, sizeof(ex->body));
	lrd_head_reset(&ex->head);
	lrd_buf_clear(&ex->out);
	lrd_buf_clear(&ex->piece);
	lrd_buf_clear(&ex->tail);
	lrd_exchange_give_buffer(ex);
	ex->request = NULL;
	ex->plan = NULL;
	ex->step = LRD_STEP_OVER;
}

void lrd_exchange_free(struct lrd_exchange *ex)
{
	if (!ex)
		return;
	reset(ex);
	lrd_head_release(&ex->head);
	lrd_buf_release(&ex->out);
	lrd_buf_release(&ex->piece);
	lrd_buf_release(&ex->in);
	lrd_buf_release(&ex->target);
	lrd_buf_release(&ex->tail);
	lrd_alloc_free(ex->session->mem, ex);
}

void lrd_exchange_put(struct lrd_exchange *ex)
{
	if (!ex)
		return;
	if (ex->session->spare_exchange) {
		lrd_exchange_free(ex);
		return;
	}
	reset(ex);
	ex->session->spare_exchange = ex;
}

void lrd_exchange_begin(struct lrd_exchange *ex, struct lrd_request *request,
			larder_plan *plan, larder_slice url, larder_error *err)
{
	ex->request = request;
	ex->plan = plan;
	ex->url = url;
	ex->err = err;
	ex->step = LRD_STEP_COMPOSE;
	ex->outcome = LRD_OUTCOME_NONE;
	ex->rc = 0;
	ex->want = 0;
	ex->total_ms = request->total_timeout_ms;
	if (!request->deadline_ns)
		request->deadline_ns = lrd_wait_deadline(0, ex->total_ms);
	ex->deadline_ns = request->deadline_ns;
	ex->drain_ns = 0;
	ex->given_up = false;
	ex->if_match = (larder_slice){ NULL, 0 };
	ex->early = NULL;
	ex->hold = false;
	ex->complete = false;
	ex->retries = 0;
	ex->begun = false;
	ex->wake_fd = 0;
	ex->asked = 0;
	ex->unmatched = 0;
	ex->interim = 0;
	ex->held = true;
	ex->uploaded = 0;
	ex->upload_done = request->body_kind != LRD_REQUEST_CALLBACK;
	ex->store = false;
	ex->expect = false;
	ex->expected = false;
	ex->expect_refused = false;
	ex->iov_content = -1;
	ex->content_sent = 0;
	ex->to_upload =
		request->body_kind == LRD_REQUEST_NO_BODY ? 0 : request->body_length;
	ex->progress = request->progress;
	ex->writes = 0;
	ex->reads = 0;
}

/* ---- the machine ------------------------------------------------------------------------- */

/* A deadline, and the option that it comes from. */
struct limit {
	uint64_t deadline_ns;
	uint32_t ms;
	const char *option;
};

/* Until when the present step may wait. */
static struct limit wait_limit(const struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	struct limit limit = { .ms = options->idle_timeout_ms,
			       .option = "idle_timeout_ms" };

	if (ex->step == LRD_STEP_RECEIVE && lrd_exchange_in(ex).len == 0) {
		limit.ms = options->first_byte_timeout_ms;
		limit.option = "first_byte_timeout_ms";
		limit.deadline_ns = ex->first_byte_ns;
	} else if (ex->step == LRD_STEP_EXPECT) {
		limit.deadline_ns = ex->expect_ns;
	} else {
		limit.deadline_ns = lrd_wait_deadline(ex->deadline_ns, limit.ms);
	}
	if (ex->drain_ns && ex->drain_ns < limit.deadline_ns)
		limit.deadline_ns = ex->drain_ns;
	if (ex->deadline_ns && limit.deadline_ns == ex->deadline_ns) {
		limit.ms = ex->total_ms;
		limit.option = "total_timeout_ms";
	}
	return limit;
}

uint32_t lrd_exchange_phase(const struct lrd_exchange *ex)
{
	switch (ex->step) {
	case LRD_STEP_TAKE:
	case LRD_STEP_DIAL:
		return LARDER_PHASE_CONNECT;
	case LRD_STEP_RECEIVE:
	case LRD_STEP_DECIDE:
	case LRD_STEP_DRAIN:
		return LARDER_PHASE_FIRST_BYTE;
	case LRD_STEP_BODY:
		return LARDER_PHASE_BODY;
	default:
		return LARDER_PHASE_SEND;
	}
}

static enum lrd_result waited_too_long(struct lrd_exchange *ex, const struct limit *limit)
{
	const char *what = ex->step == LRD_STEP_RECEIVE ? "response of"
			   : ex->step == LRD_STEP_BODY  ? "body of"
							: "request for";
	char detail[96];

	(void)snprintf(detail, sizeof(detail), "timed out: %s (%u) passed", limit->option,
		       limit->ms);
	return lrd_exchange_fault(ex, LARDER_ETIMEDOUT, lrd_exchange_phase(ex), what,
				  detail);
}

/* Nothing came for a while, and there is time left: those who want to know are told. */
static enum lrd_result still_waiting(struct lrd_exchange *ex)
{
	int rc;

	lrd_error_clear(ex->err);
	if (ex->plan && ex->step == LRD_STEP_RECEIVE)
		larder_plan_keep(ex->plan);
	rc = lrd_control_progress(ex);
	return rc < 0 ? lrd_exchange_fail(ex, rc) : LRD_NEXT;
}

/* The one place where an exchange waits. */
static enum lrd_result wait_for_peer(struct lrd_exchange *ex)
{
	struct limit limit = wait_limit(ex);
	struct lrd_wait wait = {
		.deadline_ns = limit.deadline_ns,
		.wake_fd = ex->wake_fd,
		.phase = lrd_exchange_phase(ex),
	};
	int events;

	/* Others may wait for this response: those who wait must hear that we still do. */
	if (ex->plan && ex->step == LRD_STEP_RECEIVE)
		wait.deadline_ns =
			lrd_wait_deadline(limit.deadline_ns, LRD_EXCHANGE_KEEP_MS);
	if (ex->progress.fn)
		wait.deadline_ns =
			lrd_wait_deadline(wait.deadline_ns, LRD_CONTROL_PROGRESS_MS);
	events = lrd_stream_wait(ex->stream, ex->want, &wait, ex->err);
	if (events == LARDER_ETIMEDOUT && wait.deadline_ns != limit.deadline_ns)
		return still_waiting(ex);
	if (events == LARDER_ECANCELED && ex->wake_fd)
		lrd_wake_heard(&ex->session->wake);
	/* A server that knows nothing of 100 (Continue) waits for the body. */
	if (events == LARDER_ETIMEDOUT && ex->step == LRD_STEP_EXPECT &&
	    limit.deadline_ns != ex->deadline_ns) {
		lrd_error_clear(ex->err);
		ex->expect = false;
		ex->step = LRD_STEP_FLUSH;
		return LRD_NEXT;
	}
	/* Nobody wants what did not come: the next connection is a new one. */
	if (events < 0 && ex->step == LRD_STEP_DRAIN) {
		ex->given_up = true;
		return LRD_NEXT;
	}
	if (events == LARDER_ETIMEDOUT)
		return waited_too_long(ex, &limit);
	if (events < 0)
		return lrd_exchange_fail(ex, events);
	if (events & LRD_READABLE)
		ex->readable = true;
	return LRD_NEXT;
}

static int run(struct lrd_exchange *ex)
{
	for (;;) {
		/* What is complete may still be finished. */
		int rc = ex->step < LRD_STEP_FINISH ? lrd_control_canceled(ex) : 0;
		enum lrd_result result;

		if (rc < 0)
			result = lrd_exchange_fail(ex, rc);
		else
			result = steps[ex->step].run(ex);
		if (result == LRD_WAIT)
			result = wait_for_peer(ex);
		if (result == LRD_DONE)
			return 0;
		if (result == LRD_FAIL)
			return ex->rc;
	}
}

int lrd_exchange_run(struct lrd_exchange *ex)
{
	int rc;

	lrd_assert(ex->step == LRD_STEP_COMPOSE);
	rc = run(ex);
	ex->request = NULL; /* the caller's, for the time of this call */
	return rc;
}

ptrdiff_t lrd_exchange_pull(struct lrd_exchange *ex, void *buf, size_t len,
			    larder_error *err)
{
	int rc;

	if (ex->rc < 0)
		return ex->rc;
	ex->err = err;
	ex->pull = buf;
	ex->pull_len = len;
	ex->pulled = 0;
	rc = run(ex);
	/* What nobody wants any more fails for nobody. */
	if (rc < 0 && ex->session->watch && !ex->drain_ns)
		lrd_trace_fail(ex->session, ex->err);
	return rc < 0 ? rc : (ptrdiff_t)ex->pulled;
}

bool lrd_exchange_held(const struct lrd_exchange *ex, larder_slice *body)
{
	if (!ex->begun || !ex->held || !ex->upload_done)
		return false;
	*body = lrd_buf_slice(&ex->piece);
	return true;
}

void lrd_exchange_leave(struct lrd_exchange *ex, size_t max_bytes, uint32_t max_ms)
{
	int64_t length = lrd_body_length(&ex->body);
	larder_error unheard;
	char unwanted[4096];
	size_t total = 0;

	ex->drain_ns = lrd_wait_deadline(ex->deadline_ns, max_ms);
	while (ex->step == LRD_STEP_BODY && total < max_bytes &&
	       length <= (int64_t)max_bytes) {
		ptrdiff_t n = lrd_exchange_pull(ex, unwanted, sizeof(unwanted), &unheard);

		if (n <= 0)
			break;
		total += (size_t)n;
	}
	lrd_stream_abort(ex->stream);
	ex->stream = NULL;
	ex->step = LRD_STEP_OVER;
	ex->err = NULL;
	lrd_authorize_end(ex);
	lrd_route_release(&ex->route);
	lrd_exchange_give_buffer(ex);
	lrd_buf_release(&ex->piece);
	lrd_buf_release(&ex->out);
}

enum lrd_result lrd_step_over(struct lrd_exchange *ex)
{
	(void)ex;
	return LRD_DONE;
}

/* ---- failing, and starting over ---------------------------------------------------------- */

bool lrd_exchange_repeatable(const struct lrd_exchange *ex)
{
	return ex->request->body_kind != LRD_REQUEST_CALLBACK || ex->held ||
	       ex->request->body_rewind;
}

static bool may_retry(const struct lrd_exchange *ex, int rc)
{
	const larder_options *options = &ex->session->options;
	struct lrd_failure failure;

	if (!ex->stream || !ex->request)
		return false;
	if (ex->step != LRD_STEP_FLUSH && ex->step != LRD_STEP_EXPECT &&
	    ex->step != LRD_STEP_UPLOAD && ex->step != LRD_STEP_RECEIVE)
		return false;
	failure = (struct lrd_failure){
		.code = rc,
		.connected = true,
		.reused = ex->stream->reused,
		.idempotent = ex->request->idempotent,
		.sent = ex->stream->bytes_out != ex->bytes_out,
		.answered = ex->stream->bytes_in != ex->bytes_in || ex->interim,
		.repeatable = lrd_exchange_repeatable(ex),
		.done = ex->retries,
		.max = options->no_retries ? 0 : options->retries,
	};
	return lrd_retry(&failure);
}

static enum lrd_result give_up(struct lrd_exchange *ex, int rc)
{
	ex->rc = rc;
	ex->step = LRD_STEP_OVER;
	return LRD_FAIL;
}

enum lrd_result lrd_exchange_fail(struct lrd_exchange *ex, int rc)
{
	bool retry = may_retry(ex, rc);

	lrd_stream_abort(ex->stream);
	ex->stream = NULL;
	if (!retry)
		return give_up(ex, rc);
	ex->retries++;
	if (ex->session->watch)
		lrd_trace_retry(ex, rc);
	rc = lrd_exchange_restart_body(ex);
	if (rc < 0)
		return give_up(ex, rc);
	lrd_exchange_requeue(ex);
	ex->step = LRD_STEP_DIAL;
	return LRD_NEXT;
}

enum lrd_result lrd_exchange_fault(struct lrd_exchange *ex, int rc, uint32_t phase,
				   const char *what, const char *detail)
{
	char url[LRD_URL_TEXT_MAX];

	lrd_error_set(ex->err, rc, phase, 0, ex->stream ? ex->stream->host : NULL,
		      "%s %s %s", what, lrd_url_text(ex->url, url), detail);
	return lrd_exchange_fail(ex, rc);
}

/* ---- received bytes ---------------------------------------------------------------------- */

void lrd_exchange_consume(struct lrd_exchange *ex, size_t count)
{
	ex->in_at += count;
	if (ex->in_at < ex->in.len)
		return;
	lrd_buf_clear(&ex->in);
	ex->in_at = 0;
}

void lrd_exchange_give_buffer(struct lrd_exchange *ex)
{
	struct lrd_buf *spare = &ex->session->spare_in;

	lrd_buf_clear(&ex->in);
	ex->in_at = 0;
	if (ex->in.size && !spare->size) {
		struct lrd_buf empty = *spare;

		*spare = ex->in;
		ex->in = empty;
	}
	lrd_buf_release(&ex->in);
}

/* Room for what comes: the session's buffer, or a new one. */
static int ensure_buffer(struct lrd_exchange *ex)
{
	struct lrd_buf *spare = &ex->session->spare_in;
	size_t more;

	if (lrd_buf_room(&ex->in) > 0)
		return 0;
	if (!ex->in.size && spare->size) {
		struct lrd_buf empty = ex->in;

		ex->in = *spare;
		*spare = empty;
		return 0;
	}
	more = ex->in.size ? ex->in.max - ex->in.len : LRD_EXCHANGE_IN;
	return more ? lrd_buf_reserve(&ex->in, more) : LARDER_ELIMIT;
}

/*
 * May a read sleep in the system call for a slice? Where an answer is all we wait for, and no
 * deadline passes meanwhile.
 */
static bool may_sleep(const struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	uint32_t ms = ex->step == LRD_STEP_RECEIVE ? options->first_byte_timeout_ms
						   : options->idle_timeout_ms;

	if (ex->step != LRD_STEP_RECEIVE && ex->step != LRD_STEP_BODY)
		return false;
	if (ms < SLEEP_MIN_MS || ex->drain_ns)
		return false;
	return !ex->deadline_ns ||
	       lrd_wait_deadline(ex->deadline_ns, SLEEP_MIN_MS) != ex->deadline_ns;
}

ptrdiff_t lrd_exchange_read(struct lrd_exchange *ex, void *buf, size_t len, uint32_t phase)
{
	ptrdiff_t n;

	/* After a request went out nothing can be there yet: waiting first saves a call. */
	if (!ex->readable && !may_sleep(ex)) {
		ex->want = LRD_READABLE;
		return LRD_WANT_READ;
	}
	if (ex->readable)
		n = lrd_stream_read_now(ex->stream, buf, len, phase, ex->err);
	else
		n = lrd_stream_read_soon(ex->stream, buf, len, phase, ex->err);
	ex->want = n == LRD_WANT_WRITE ? LRD_WRITABLE : LRD_READABLE;
	ex->reads += n > 0;
	ex->readable = n == (ptrdiff_t)len; /* a full buffer: there may be more */
	return n;
}

ptrdiff_t lrd_exchange_fill(struct lrd_exchange *ex, uint32_t phase)
{
	ptrdiff_t n;
	int rc;

	if (ex->in_at && lrd_buf_room(&ex->in) == 0) {
		lrd_buf_consume(&ex->in, ex->in_at);
		ex->in_at = 0;
	}
	rc = ensure_buffer(ex);
	if (rc < 0)
		return lrd_error_set(ex->err, rc, phase, 0, ex->stream->host,
				     "receive from %s: %s", ex->stream->host,
				     larder_strerror(rc));
	n = lrd_exchange_read(ex, ex->in.ptr + ex->in.len, lrd_buf_room(&ex->in), phase);
	if (n > 0)
		lrd_buf_commit(&ex->in, (size_t)n);
	return n;
}
