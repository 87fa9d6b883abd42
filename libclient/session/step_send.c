/* SPDX-License-Identifier: MIT */
/* step_send.c - the steps that send: compose the head, flush, and take a body piece by piece. */
#include "session/exchange.h"

#include <limits.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/chunked.h"
#include "session/trace.h"
#include "sys/assert.h"
#include "sys/error.h"

#define LAST_CHUNK "0\r\n\r\n"

static void queue(struct lrd_exchange *ex, const void *bytes, size_t len)
{
	lrd_assert(ex->iov_count < (int)(sizeof(ex->iov) / sizeof(ex->iov[0])));
	/* struct iovec has no const; nobody writes through it on the way out. */
	ex->iov[ex->iov_count].iov_base = (void *)(uintptr_t)bytes;
	ex->iov[ex->iov_count++].iov_len = len;
}

/* Content in the form in which it goes out. */
static void queue_content(struct lrd_exchange *ex, const char *bytes, size_t len)
{
	struct lrd_buf line;

	if (ex->session->watch)
		lrd_trace_content(ex, true, lrd_slice_of(bytes, len));
	if (ex->request->body_length >= 0) {
		ex->iov_content = ex->iov_count;
		queue(ex, bytes, len);
		return;
	}
	if (len) {
		lrd_buf_init_fixed(&line, ex->chunk_line, sizeof(ex->chunk_line));
		lrd_assert(lrd_chunked_write_head(len, &line) == 0);
		queue(ex, line.ptr, line.len);
		ex->iov_content = ex->iov_count;
		queue(ex, bytes, len);
		queue(ex, LRD_CHUNKED_TAIL, sizeof(LRD_CHUNKED_TAIL) - 1);
	}
	if (ex->upload_done && ex->tail.len)
		queue(ex, ex->tail.ptr, ex->tail.len);
	else if (ex->upload_done)
		queue(ex, LAST_CHUNK, sizeof(LAST_CHUNK) - 1);
}

/* All that the caller supplied and is still held, from `from` on. */
static void queue_piece(struct lrd_exchange *ex, size_t from)
{
	queue_content(ex, ex->piece.ptr + from, ex->piece.len - from);
}

void lrd_exchange_requeue(struct lrd_exchange *ex)
{
	ex->expect = ex->expected;
	ex->expect_ns = 0;
	ex->iov_at = 0;
	ex->iov_count = 0;
	ex->iov_content = -1;
	ex->content_sent = 0;
	queue(ex, ex->out.ptr, ex->out.len);
	if (ex->request->body_kind == LRD_REQUEST_MEMORY)
		queue_content(ex, ex->request->body.ptr, ex->request->body.len);
	if (ex->request->body_kind == LRD_REQUEST_CALLBACK)
		queue_piece(ex, 0);
}

/* The caller's body is at fault: nothing would be different on another connection. */
static int bad_body(struct lrd_exchange *ex, int rc, const char *text)
{
	ex->retries = UINT32_MAX;
	return lrd_error_set(ex->err, rc, LARDER_PHASE_SEND, 0, NULL,
			     "request body: %s (after %llu bytes)", text,
			     (unsigned long long)ex->uploaded);
}

/* The body is over: what stands behind it is known now. */
static int take_trailers(struct lrd_exchange *ex)
{
	int rc;

	lrd_buf_clear(&ex->tail);
	if (!lrd_trailers_any(&ex->request->trailers))
		return 0;
	rc = lrd_trailers_write(&ex->request->trailers, &ex->tail, ex->err);
	if (rc < 0)
		ex->retries = UINT32_MAX; /* the same again on another connection */
	return rc;
}

/*
 * Asks the caller for the next piece, behind those that are still held; nothing is the end.
 * As long as all of it fits the buffer it is held, so that it can go out once more.
 */
static int take_piece(struct lrd_exchange *ex)
{
	const struct lrd_request *request = ex->request;
	bool known = request->body_length >= 0;
	uint64_t left = known ? (uint64_t)request->body_length - ex->uploaded : UINT64_MAX;
	size_t len;
	ptrdiff_t got;

	if (!ex->held || ex->piece.len == LRD_EXCHANGE_PIECE) {
		lrd_buf_clear(&ex->piece);
		ex->held = ex->uploaded == 0;
	}
	len = LRD_EXCHANGE_PIECE - ex->piece.len;
	/* Where nothing is announced the callback is still asked, to see that it agrees. */
	if (left < len)
		len = left ? (size_t)left : 1;
	if (lrd_buf_reserve(&ex->piece, len) < 0)
		return bad_body(ex, LARDER_ENOMEM, "out of memory");
	ex->begun = true;
	ex->request->body_begun = true;
	got = request->body_read(ex->piece.ptr + ex->piece.len, len, request->body_ctx);
	if (got < 0)
		return bad_body(ex, got < INT_MIN ? LARDER_ECANCELED : (int)got,
				"the callback gave up");
	if ((size_t)got > len)
		return bad_body(ex, LARDER_EINVAL,
				"the callback claims more than it was asked");
	if (known && (uint64_t)got > left)
		return bad_body(ex, LARDER_EINVAL,
				"the callback has more than body_length");
	if (known && got == 0 && left > 0)
		return bad_body(ex, LARDER_EINVAL, "the callback ends before body_length");
	lrd_buf_commit(&ex->piece, (size_t)got);
	ex->uploaded += (uint64_t)got;
	ex->upload_done =
		known ? ex->uploaded == (uint64_t)request->body_length : got == 0;
	return ex->upload_done ? take_trailers(ex) : 0;
}

int lrd_exchange_restart_body(struct lrd_exchange *ex)
{
	if (ex->request->body_kind == LRD_REQUEST_MEMORY)
		return take_trailers(ex);
	if (ex->request->body_kind != LRD_REQUEST_CALLBACK || (ex->begun && ex->held))
		return 0;
	if (ex->begun) {
		int rc = lrd_request_rewind(ex->request, ex->err);

		if (rc < 0)
			return rc;
	}
	lrd_buf_clear(&ex->piece);
	ex->held = true;
	ex->uploaded = 0;
	ex->upload_done = false;
	return take_piece(ex);
}

/* Finds out where to and as whom, once for all requests of the exchange. */
static int prepare(struct lrd_exchange *ex)
{
	int rc = lrd_request_locate(ex->request, ex->err);

	if (rc < 0)
		return rc;
	lrd_buf_clear(&ex->target);
	rc = lrd_request_target(ex->request, &ex->target);
	if (rc < 0)
		return lrd_error_set(ex->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "target of the request: %s", larder_strerror(rc));
	rc = lrd_route_choose(ex->session, ex->request, &ex->route, ex->err);
	return rc < 0 ? rc : lrd_authorize_begin(ex);
}

/* The cache's conditions, without the entity tag where the caller wants none of it. */
static struct lrd_field_view conditions(const struct lrd_exchange *ex, larder_field *kept,
					size_t cap)
{
	size_t count = 0;
	size_t all = 0;
	const larder_field *at = larder_plan_condition(ex->plan, &all);

	if (!ex->request->ignore_etag)
		return lrd_view_of(at, all);
	for (size_t i = 0; i < all && count < cap; i++) {
		if (!lrd_slice_equal_nocase(at[i].name, LRD_SLICE("If-None-Match")))
			kept[count++] = at[i];
	}
	return lrd_view_of(kept, count);
}

/* Is the body large enough to ask first whether it is wanted? */
static bool wants_expect(const struct lrd_exchange *ex)
{
	return ex->request->body_kind != LRD_REQUEST_NO_BODY && !ex->expect_refused &&
	       ex->request->body_length > 0 &&
	       (uint64_t)ex->request->body_length > ex->session->options.expect_min_bytes;
}

static int write_head(struct lrd_exchange *ex)
{
	larder_field kept[8];
	struct lrd_request_extra extra = {
		.if_match = ex->if_match,
		.expect = wants_expect(ex),
		.absolute = ex->route.forwards,
	};

	ex->expected = extra.expect;

	if (ex->plan)
		extra.conditions = conditions(ex, kept, sizeof(kept) / sizeof(kept[0]));
	if (ex->auth.begun)
		extra.auth = lrd_fields_view(&ex->auth.origin_fields);
	if (ex->route.forwards) {
		extra.proxy = lrd_fields_view(&ex->session->proxies.fields);
		extra.proxy_auth = ex->auth.begun ? lrd_fields_view(&ex->auth.proxy_fields)
						  : lrd_view_of(NULL, 0);
	}
	lrd_buf_clear(&ex->out);
	return lrd_request_write(ex->request, lrd_buf_slice(&ex->target), &extra,
				 &ex->out, ex->err);
}

enum lrd_result lrd_step_compose(struct lrd_exchange *ex)
{
	int rc = ex->asked ? 0 : prepare(ex);

	if (rc == 0)
		rc = write_head(ex);
	if (rc == 0)
		rc = lrd_exchange_restart_body(ex);
	if (rc < 0)
		return lrd_exchange_fail(ex, rc);
	ex->asked++;
	lrd_exchange_requeue(ex);
	ex->step = LRD_STEP_TAKE;
	return LRD_NEXT;
}

/* All is sent: from now on the peer has first_byte_timeout_ms. */
static enum lrd_result turn_to_receive(struct lrd_exchange *ex)
{
	ex->first_byte_ns = lrd_wait_deadline(ex->deadline_ns,
					      ex->session->options.first_byte_timeout_ms);
	ex->step = LRD_STEP_RECEIVE;
	return LRD_NEXT;
}

/*
 * A server may answer before it has read the whole body, and close: its answer is worth more
 * than our error. LRD_WAIT: no answer yet.
 */
static enum lrd_result look_for_answer(struct lrd_exchange *ex)
{
	ptrdiff_t n;

	ex->readable = true;
	n = lrd_exchange_fill(ex, LARDER_PHASE_SEND);
	if (n == LRD_WANT_READ || n == LRD_WANT_WRITE)
		return LRD_WAIT;
	if (n < 0)
		return lrd_exchange_fail(ex, (int)n);
	if (n == 0)
		return lrd_exchange_fault(ex, LARDER_ECLOSED, LARDER_PHASE_SEND,
					  "sending to",
					  "the server closed the connection");
	return turn_to_receive(ex);
}

/* Writing failed. What the server said before it closed may still lie in the socket. */
static enum lrd_result write_failed(struct lrd_exchange *ex, int rc)
{
	ptrdiff_t n;

	if (rc != LARDER_ECLOSED || ex->request->body_kind == LRD_REQUEST_NO_BODY)
		return lrd_exchange_fail(ex, rc);
	/* Reading what has arrived is sound after a failed write; the stream cannot know. */
	ex->stream->broken = false;
	ex->readable = true;
	n = lrd_exchange_fill(ex, LARDER_PHASE_SEND);
	if (n > 0)
		return turn_to_receive(ex);
	return lrd_exchange_fail(ex, rc);
}

/* Strikes what went out off the queue. */
static void sent(struct lrd_exchange *ex, size_t count)
{
	while (ex->iov_at < ex->iov_count) {
		struct iovec *at = &ex->iov[ex->iov_at];
		size_t part = count < at->iov_len ? count : at->iov_len;

		if (ex->iov_at == ex->iov_content)
			ex->content_sent += part;
		count -= part;
		at->iov_base = (char *)at->iov_base + part;
		at->iov_len -= part;
		if (at->iov_len)
			return;
		ex->iov_at++;
	}
}

static enum lrd_result turn_to_expect(struct lrd_exchange *ex)
{
	if (!ex->expect_ns)
		ex->expect_ns = lrd_wait_deadline(ex->deadline_ns,
						  ex->session->options.expect_wait_ms);
	ex->step = LRD_STEP_EXPECT;
	return LRD_NEXT;
}

enum lrd_result lrd_step_expect(struct lrd_exchange *ex)
{
	ex->want = LRD_READABLE;
	return look_for_answer(ex);
}

enum lrd_result lrd_step_flush(struct lrd_exchange *ex)
{
	bool has_body = ex->request->body_kind != LRD_REQUEST_NO_BODY;

	if (ex->readable && has_body) {
		enum lrd_result answer = look_for_answer(ex);

		if (answer != LRD_WAIT)
			return answer;
	}
	sent(ex, 0); /* empty entries would make a write of nothing */
	while (ex->iov_at < ex->iov_count) {
		/* While the body waits, the head goes alone. */
		int count = ex->expect ? 1 : ex->iov_count - ex->iov_at;
		ptrdiff_t n;

		if (ex->expect && ex->iov_at > 0)
			return turn_to_expect(ex);
		n = lrd_stream_write_now(ex->stream, ex->iov + ex->iov_at, count,
					 LARDER_PHASE_SEND, ex->err);

		if (n == LRD_WANT_READ || n == LRD_WANT_WRITE) {
			ex->want = n == LRD_WANT_READ ? LRD_READABLE : LRD_WRITABLE;
			if (has_body)
				ex->want |= LRD_READABLE;
			return LRD_WAIT;
		}
		if (n < 0)
			return write_failed(ex, (int)n);
		ex->writes++;
		sent(ex, (size_t)n);
		if (has_body) {
			int rc = lrd_control_progress(ex);

			if (rc < 0)
				return lrd_exchange_fail(ex, rc);
		}
	}
	if (ex->upload_done && has_body && ex->session->watch)
		lrd_trace_upload(ex);
	if (ex->upload_done)
		return turn_to_receive(ex);
	ex->step = LRD_STEP_UPLOAD;
	return LRD_NEXT;
}

enum lrd_result lrd_step_upload(struct lrd_exchange *ex)
{
	enum lrd_result answer = look_for_answer(ex);
	size_t from;
	int rc;

	if (answer != LRD_WAIT)
		return answer;
	from = ex->piece.len;
	rc = take_piece(ex);
	if (rc < 0)
		return lrd_exchange_fail(ex, rc);
	ex->iov_at = 0;
	ex->iov_count = 0;
	ex->iov_content = -1;
	queue_piece(ex, ex->held ? from : 0);
	ex->step = LRD_STEP_FLUSH;
	return LRD_NEXT;
}
