/* SPDX-License-Identifier: MIT */
/* step_receive.c - the steps that receive: the head, the cache's decision, the body, the end. */
#include "session/exchange.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"
#include "session/trace.h"
#include "sys/clock.h"
#include "sys/error.h"

enum {
	DIRECT_MIN = 64 * 1024,
	DIRECT_REST = 4096,
	DRAIN_MAX_BYTES = 64 * 1024,
	DRAIN_MAX_MS = 1000,
	KEEP_ALIVE_MAX_S = 3600 /* beyond it our own limit is the shorter one */
};

/* ---- the head ---------------------------------------------------------------------------- */

static enum lrd_result bad_head(struct lrd_exchange *ex, int rc)
{
	const larder_options *options = &ex->session->options;
	char detail[128];

	if (rc == LARDER_EPROTO)
		return lrd_exchange_fault(ex, rc, LARDER_PHASE_FIRST_BYTE,
					  "response head of",
					  "is not HTTP/1.1 (RFC 9112)");
	if (rc != LARDER_ELIMIT)
		return lrd_exchange_fault(ex, rc, LARDER_PHASE_FIRST_BYTE,
					  "response head of", larder_strerror(rc));
	(void)snprintf(
		detail, sizeof(detail),
		"is larger than max_head_bytes (%u) or has more than max_fields (%u)",
		options->max_head_bytes, options->max_fields);
	return lrd_exchange_fault(ex, rc, LARDER_PHASE_FIRST_BYTE, "response head of",
				  detail);
}

/* A 1xx that we did not ask for is kept aside (RFC 9110 s15.2), but not for ever. */
static enum lrd_result skip_interim(struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	int rc = 0;

	if (ex->head.status == 101)
		return lrd_exchange_fault(ex, LARDER_EPROTO, LARDER_PHASE_FIRST_BYTE,
					  "response of",
					  "switches protocols unasked (101)");
	if (++ex->interim > LRD_EXCHANGE_INTERIM_MAX)
		return lrd_exchange_fault(ex, LARDER_ELIMIT, LARDER_PHASE_FIRST_BYTE,
					  "response of",
					  "has more than 32 interim heads (1xx)");
	if (ex->head.status != 100 && ex->early)
		rc = lrd_early_add(ex->early, (uint32_t)ex->head.status,
				   lrd_fields_view(&ex->head.fields),
				   options->max_head_bytes, options->max_fields,
				   ex->session->mem);
	if (rc < 0)
		return bad_head(ex, rc);
	if (ex->head.status == 100)
		ex->expect = false;
	lrd_head_reset(&ex->head);
	if (ex->iov_at < ex->iov_count || !ex->upload_done)
		ex->step = LRD_STEP_FLUSH;
	return LRD_NEXT;
}

/* The connection ended before a whole head. */
static enum lrd_result lost_head(struct lrd_exchange *ex)
{
	if (ex->stream->bytes_in == ex->bytes_in)
		return lrd_exchange_fault(
			ex, LARDER_ECLOSED, LARDER_PHASE_FIRST_BYTE, "request for",
			"was not answered: the server closed the connection");
	return lrd_exchange_fault(ex, LARDER_ECLOSED, LARDER_PHASE_FIRST_BYTE,
				  "response head of",
				  "was cut short: the server closed the "
				  "connection");
}

enum lrd_result lrd_step_receive(struct lrd_exchange *ex)
{
	larder_slice in = lrd_exchange_in(ex);
	ptrdiff_t n = LRD_PARTIAL;

	if (in.len)
		n = lrd_head_read(&ex->head, in);
	if (n < 0)
		return bad_head(ex, (int)n);
	if (n > 0) {
		lrd_exchange_consume(ex, (size_t)n);
		if (ex->session->watch)
			lrd_trace_response(ex);
		if (ex->head.status < 200)
			return skip_interim(ex);
		ex->response_time = lrd_clock_now_s();
		ex->step = LRD_STEP_DECIDE;
		return LRD_NEXT;
	}
	n = lrd_exchange_fill(ex, LARDER_PHASE_FIRST_BYTE);
	if (n == LRD_WANT_READ || n == LRD_WANT_WRITE)
		return LRD_WAIT;
	if (n == LARDER_ELIMIT)
		return bad_head(ex, LARDER_ELIMIT);
	/* TLS cut off without a goodbye is no better than a closed connection here. */
	if (n == LARDER_ETRUNCATED || n == 0)
		return lost_head(ex);
	if (n < 0)
		return lrd_exchange_fail(ex, (int)n);
	return LRD_NEXT;
}

/* ---- the decision ------------------------------------------------------------------------ */

static int tell_plan(struct lrd_exchange *ex, const struct lrd_framing *framing)
{
	struct lrd_field_view fields = lrd_fields_view(&ex->head.fields);
	larder_head head = LARDER_HEAD_INIT;

	head.status = (uint32_t)ex->head.status;
	head.version = ex->head.minor ? 11 : 10;
	head.reason = ex->head.reason;
	head.fields = fields.at;
	head.field_count = fields.count;
	head.request_time = ex->request_time;
	head.response_time = ex->response_time;
	head.body_length = lrd_body_length(&ex->body);
	head.no_body = framing->kind == LRD_BODY_NONE;
	return larder_plan_receive(ex->plan, &head);
}

/* Uses up what has arrived of a body that nobody wants; never waits for the rest. */
static void drop_body(struct lrd_exchange *ex)
{
	larder_slice piece;

	while (!ex->body.ended && lrd_exchange_in(ex).len) {
		ptrdiff_t n = lrd_body_take(&ex->body, lrd_exchange_in(ex), &piece);

		if (n <= 0)
			break;
		lrd_exchange_consume(ex, (size_t)n);
	}
	if (!ex->body.ended)
		ex->keep = false;
}

/* The response is over and done with: another request follows. */
static enum lrd_result start_over(struct lrd_exchange *ex)
{
	(void)lrd_step_finish(ex);
	lrd_body_release(&ex->body);
	lrd_head_reset(&ex->head);
	lrd_buf_clear(&ex->in);
	ex->in_at = 0;
	ex->interim = 0;
	ex->step = LRD_STEP_COMPOSE;
	return LRD_NEXT;
}

/* The cache wants the origin asked once more, without what it had asked before. */
static enum lrd_result ask_again(struct lrd_exchange *ex)
{
	if (ex->unmatched++)
		return lrd_exchange_fault(ex, LARDER_EPROTO, LARDER_PHASE_FIRST_BYTE,
					  "response of",
					  "answers 304 to a request without "
					  "conditions");
	drop_body(ex);
	return start_over(ex);
}

/* A challenge's body, up to where it is cheaper to make a new connection. */
enum lrd_result lrd_step_drain(struct lrd_exchange *ex)
{
	larder_slice piece;

	while (!ex->body.ended && !ex->given_up) {
		larder_slice in = lrd_exchange_in(ex);
		ptrdiff_t n;

		if (in.len) {
			n = lrd_body_take(&ex->body, in, &piece);
			if (n >= 0)
				lrd_exchange_consume(ex, (size_t)n);
		} else if (ex->body.received > DRAIN_MAX_BYTES) {
			break;
		} else {
			n = lrd_exchange_fill(ex, LARDER_PHASE_BODY);
			if (n == LRD_WANT_READ || n == LRD_WANT_WRITE)
				return LRD_WAIT;
			if (n == 0) {
				ex->keep = false;
				n = lrd_body_close(&ex->body);
			}
		}
		if (n < 0)
			break;
	}
	if (!ex->body.ended)
		ex->keep = false;
	ex->drain_ns = 0;
	ex->given_up = false;
	return start_over(ex);
}

/*
 * Answers a challenge, takes note of its success. LRD_DONE: nothing of the kind, the response
 * is what it is.
 */
static enum lrd_result authorize(struct lrd_exchange *ex)
{
	bool challenge = ex->head.status == 401 || ex->head.status == 407;
	int rc = challenge ? lrd_authorize_answer(ex) : 0;

	if (rc == 0)
		rc = lrd_authorize_accept(ex);
	else if (rc > 0) {
		if (ex->session->watch)
			lrd_trace_challenge(ex);
		ex->drain_ns = lrd_wait_deadline(ex->deadline_ns, DRAIN_MAX_MS);
		ex->step = LRD_STEP_DRAIN;
		return LRD_NEXT;
	}
	return rc < 0 ? lrd_exchange_fail(ex, rc) : LRD_DONE;
}

/* A server that will have no Expect gets the same request without (RFC 9110 s15.5.18). */
static enum lrd_result drop_expect(struct lrd_exchange *ex)
{
	ex->expect_refused = true;
	ex->drain_ns = lrd_wait_deadline(ex->deadline_ns, DRAIN_MAX_MS);
	ex->step = LRD_STEP_DRAIN;
	return LRD_NEXT;
}

static enum lrd_result decided(struct lrd_exchange *ex)
{
	enum larder_verdict verdict =
		ex->plan ? larder_plan_verdict(ex->plan) : LARDER_PASS;

	switch (verdict) {
	case LARDER_SERVE:
		ex->outcome = LRD_OUTCOME_SERVE;
		drop_body(ex);
		ex->step = LRD_STEP_FINISH;
		return LRD_NEXT;
	case LARDER_FETCH:
		return ask_again(ex);
	default:
		ex->outcome = LRD_OUTCOME_PASS;
		/* What is not surely the representation is passed on, never stored. */
		ex->store = ex->plan && !ex->body.framing.opaque;
		ex->step = ex->body.ended ? LRD_STEP_FINISH : LRD_STEP_BODY;
		return ex->body.ended ? LRD_NEXT : LRD_DONE;
	}
}

/* What is wrong with fields that do not say where the body ends. */
static const char *bad_framing(struct lrd_field_view fields)
{
	static const larder_slice name = LRD_SLICE_INIT("Content-Length");
	larder_slice value;
	uint64_t length;
	int count = lrd_view_single(fields, name, &value);

	if (count < 0 || (count > 0 && lrd_slice_find(value, ',') < value.len))
		return "has more than one Content-Length";
	if (lrd_content_length(fields, &length) < 0)
		return "has a Content-Length that is no number of bytes";
	if (count > 0)
		return "contradicts itself about where its body ends (Content-Length and "
		       "Transfer-Encoding)";
	return "has a Transfer-Encoding that is empty or names chunked twice";
}

enum lrd_result lrd_step_decide(struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	struct lrd_body_limits limits = {
		.max_bytes = options->max_body_bytes,
		.max_trailer_bytes = options->max_head_bytes,
		.max_trailer_fields = options->max_fields,
	};
	struct lrd_framing framing;
	int rc = lrd_framing_response(ex->request->method, ex->head.minor, ex->head.status,
				      lrd_fields_view(&ex->head.fields), &framing);

	if (rc < 0)
		return lrd_exchange_fault(ex, rc, LARDER_PHASE_FIRST_BYTE, "response of",
					  bad_framing(lrd_fields_view(&ex->head.fields)));
	/* An answer that came before the request was out says nothing about what follows. */
	if (ex->iov_at < ex->iov_count || !ex->upload_done || !framing.reusable)
		ex->keep = false;
	lrd_body_begin(&ex->body, &framing, &limits, ex->session->mem);
	if (ex->head.status == 417 && ex->expected && lrd_exchange_repeatable(ex))
		return drop_expect(ex);
	if (lrd_authorize_concerns(ex)) {
		enum lrd_result result = authorize(ex);

		if (result != LRD_DONE)
			return result;
	}
	if (ex->plan) {
		rc = tell_plan(ex, &framing);
		if (rc < 0)
			return lrd_exchange_fault(ex, rc, LARDER_PHASE_STORE,
						  "response of", larder_strerror(rc));
	}
	return decided(ex);
}

/* ---- the body ---------------------------------------------------------------------------- */

static enum lrd_result bad_body(struct lrd_exchange *ex, int rc)
{
	unsigned long long received = ex->body.received;
	int os_errno = ex->err->os_errno;
	char detail[160];
	enum lrd_result result;

	if (rc == LARDER_EPROTO) {
		return lrd_exchange_fault(ex, rc, LARDER_PHASE_BODY, "body of",
					  "is not chunked as RFC 9112 s7.1 has it");
	}
	if (rc == LARDER_ELIMIT) {
		(void)snprintf(
			detail, sizeof(detail),
			"passes a limit (max_body_bytes is %llu, 0 for none; trailers "
			"are limited like heads)",
			(unsigned long long)ex->session->options.max_body_bytes);
		return lrd_exchange_fault(ex, rc, LARDER_PHASE_BODY, "body of", detail);
	}
	if (rc != LARDER_ETRUNCATED && rc != LARDER_ECLOSED)
		return lrd_exchange_fail(ex, rc);
	/* What came is a part that ranges can be cut out of (RFC 9111 s3.3). */
	if (ex->store) {
		if (ex->pulled)
			(void)larder_plan_append(ex->plan, ex->pull, ex->pulled);
		(void)larder_plan_cut(ex->plan);
	}
	if (ex->body.framing.kind == LRD_BODY_LENGTH)
		(void)snprintf(detail, sizeof(detail),
			       "cut short after %llu of %llu bytes", received,
			       (unsigned long long)ex->body.framing.length);
	else
		(void)snprintf(detail, sizeof(detail), "cut short after %llu bytes",
			       received);
	result = lrd_exchange_fault(ex, LARDER_ETRUNCATED, LARDER_PHASE_BODY, "body of",
				    detail);
	ex->err->os_errno = os_errno;
	return result;
}

/* Takes what lies in our buffer; bytes of it used up, or an error. */
static ptrdiff_t take_buffered(struct lrd_exchange *ex)
{
	larder_slice in = lrd_slice_first(lrd_exchange_in(ex), ex->pull_len - ex->pulled);
	larder_slice piece;
	ptrdiff_t n = lrd_body_take(&ex->body, in, &piece);

	if (n < 0)
		return n;
	if (piece.len)
		memcpy(ex->pull + ex->pulled, piece.ptr, piece.len);
	ex->pulled += piece.len;
	lrd_exchange_consume(ex, (size_t)n);
	return n;
}

/*
 * Reads more: a large piece of a large body goes straight to the caller. The last bytes never
 * do, so that whatever a server sends behind them comes along and is seen.
 */
static ptrdiff_t read_more(struct lrd_exchange *ex)
{
	uint64_t plain = lrd_body_plain(&ex->body);
	size_t len = ex->pull_len;
	ptrdiff_t n;
	int rc;

	if (plain < DIRECT_MIN + DIRECT_REST || len < DIRECT_MIN)
		return lrd_exchange_fill(ex, LARDER_PHASE_BODY);
	if (len > plain - DIRECT_REST)
		len = (size_t)(plain - DIRECT_REST);
	n = lrd_exchange_read(ex, ex->pull, len, LARDER_PHASE_BODY);
	if (n <= 0)
		return n;
	rc = lrd_body_count(&ex->body, (size_t)n);
	if (rc < 0)
		return rc;
	ex->pulled = (size_t)n;
	return n;
}

enum lrd_result lrd_step_body(struct lrd_exchange *ex)
{
	while (ex->pulled < ex->pull_len && !ex->body.ended) {
		ptrdiff_t n;

		if (lrd_exchange_in(ex).len) {
			n = take_buffered(ex);
		} else if (ex->pulled) {
			break; /* what there is goes out before we wait for more */
		} else {
			n = read_more(ex);
			if (n == LRD_WANT_READ || n == LRD_WANT_WRITE)
				return LRD_WAIT;
			if (n == 0) {
				ex->keep = false;
				n = lrd_body_close(&ex->body);
			}
		}
		if (n < 0)
			return bad_body(ex, (int)n);
	}
	if (ex->pulled) {
		int rc = lrd_control_progress(ex);

		if (rc < 0)
			return lrd_exchange_fail(ex, rc);
	}
	if (ex->session->watch && ex->pulled)
		lrd_trace_content(ex, false, lrd_slice_of(ex->pull, ex->pulled));
	/* Storing never fails the request: the plan goes on without the store. */
	if (ex->store && ex->pulled)
		(void)larder_plan_append(ex->plan, ex->pull, ex->pulled);
	if (!ex->body.ended)
		return LRD_DONE;
	ex->step = LRD_STEP_FINISH;
	return LRD_NEXT;
}

/* ---- the end ----------------------------------------------------------------------------- */

/*
 * What the server says about how long it keeps an idle connection ("Keep-Alive: timeout=5"),
 * less a tenth, so that ours goes first. False where it does not keep it at all.
 */
static bool server_keeps(struct lrd_field_view fields, uint32_t *keep_ms)
{
	struct lrd_list list;
	larder_slice member;
	larder_slice name;
	larder_slice value;
	uint64_t seconds;

	*keep_ms = 0;
	lrd_list_init(&list, fields, LRD_SLICE("Keep-Alive"));
	while (lrd_list_next(&list, &member)) {
		if (!lrd_slice_cut(member, '=', &name, &value) ||
		    !lrd_slice_equal_nocase(lrd_slice_trim(name), LRD_SLICE("timeout")) ||
		    lrd_u64_parse(lrd_slice_trim(value), &seconds) < 0)
			continue;
		if (seconds < KEEP_ALIVE_MAX_S)
			*keep_ms = (uint32_t)seconds * 900;
		return seconds > 0;
	}
	return true;
}

enum lrd_result lrd_step_finish(struct lrd_exchange *ex)
{
	/* Bytes behind the end: the server and we disagree about what it sent. */
	bool excess = lrd_exchange_in(ex).len > 0;
	uint32_t keep_ms;

	if (excess)
		lrd_stream_abort(ex->stream);
	else if (ex->keep && ex->poolable &&
		 server_keeps(lrd_fields_view(&ex->head.fields), &keep_ms))
		lrd_pool_put(ex->session->pool, &ex->key, ex->stream, keep_ms);
	else
		lrd_stream_close(ex->stream);
	ex->stream = NULL;
	lrd_exchange_give_buffer(ex);
	if (ex->session->watch && ex->body.ended)
		lrd_trace_body(ex);
	ex->complete = ex->store && !excess;
	if (!ex->hold)
		lrd_exchange_commit(ex);
	ex->step = LRD_STEP_OVER;
	return LRD_DONE;
}

void lrd_exchange_commit(struct lrd_exchange *ex)
{
	if (ex->complete)
		(void)larder_plan_commit(ex->plan);
	ex->complete = false;
}
