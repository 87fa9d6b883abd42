/* SPDX-License-Identifier: MIT */
/* trace.c - telling a session's watcher what goes on (larder/trace.h). */
#include "session/trace.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/head.h"
#include "session/exchange.h"
#include "session/redact.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "transport/tls.h"

enum { DEBUG_MAX = 2, STATUS_LINE = 64 };

const char *larder_trace_name(uint32_t kind)
{
	static const char *const names[] = {
		[LARDER_TRACE_BEGIN] = "begin",
		[LARDER_TRACE_PLAN] = "plan",
		[LARDER_TRACE_REUSE] = "reuse",
		[LARDER_TRACE_RESOLVE] = "resolve",
		[LARDER_TRACE_CONNECT] = "connect",
		[LARDER_TRACE_PROXY] = "proxy",
		[LARDER_TRACE_TLS] = "tls",
		[LARDER_TRACE_REQUEST] = "request",
		[LARDER_TRACE_INTERIM] = "interim",
		[LARDER_TRACE_RESPONSE] = "response",
		[LARDER_TRACE_CHALLENGE] = "challenge",
		[LARDER_TRACE_REDIRECT] = "redirect",
		[LARDER_TRACE_RETRY] = "retry",
		[LARDER_TRACE_UPLOAD] = "upload",
		[LARDER_TRACE_BODY] = "body",
		[LARDER_TRACE_DONE] = "done",
		[LARDER_TRACE_FAIL] = "fail",
	};

	if (kind >= sizeof(names) / sizeof(names[0]) || !names[kind])
		return "unknown";
	return names[kind];
}

int lrd_trace_open(larder_session *session, const larder_options *options,
		   larder_error *err)
{
	struct lrd_watch *watch;

	if (options->debug > DEBUG_MAX)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "debug is 0, 1 or 2");
	if (!options->trace && !options->debug)
		return 0;
	watch = lrd_alloc_zero(session->mem, sizeof(*watch));
	if (!watch)
		return LARDER_ENOMEM;
	watch->trace = options->trace;
	watch->ctx = options->trace_ctx;
	watch->debug = (struct lrd_debug){
		.level = options->debug,
		.write = options->debug_write,
		.ctx = options->debug_ctx,
	};
	watch->timing.size = sizeof(watch->timing);
	session->watch = watch;
	return 0;
}

void lrd_trace_close(larder_session *session)
{
	lrd_alloc_free(session->mem, session->watch);
	session->watch = NULL;
}

static void tell(struct lrd_watch *watch, larder_trace_event *event, larder_slice start)
{
	event->size = sizeof(*event);
	event->at_ns = lrd_clock_mono_ns();
	lrd_debug_event(&watch->debug, event, start);
	if (watch->trace)
		watch->trace(event, watch->ctx);
}

static void tell_plain(struct lrd_watch *watch, larder_trace_event event)
{
	tell(watch, &event, LRD_SLICE(""));
}

/* ---- larder_send ------------------------------------------------------------------------- */

void lrd_trace_start(larder_session *session)
{
	struct lrd_watch *watch = session->watch;

	watch->begin_ns = lrd_clock_mono_ns();
	watch->planned = false;
	memset(&watch->timing, 0, sizeof(watch->timing));
	watch->timing.size = sizeof(watch->timing);
}

void lrd_trace_begin(larder_session *session, const struct lrd_request *request)
{
	char url[LRD_URL_TEXT_MAX];

	tell_plain(session->watch,
		   (larder_trace_event){
			   .kind = LARDER_TRACE_BEGIN,
			   .method = request->method,
			   .url = lrd_slice_cstr(lrd_url_text(request->url, url)),
		   });
}

void lrd_trace_plan(larder_session *session, const larder_plan *plan)
{
	struct lrd_watch *watch = session->watch;
	const larder_served *served = larder_plan_served(plan);
	enum larder_verdict verdict = larder_plan_verdict(plan);
	/* What is not served has no reason of its own yet, but one for asking the origin. */
	uint32_t why = served->why ? served->why : served->fwd_why;

	if (!watch->planned)
		watch->timing.cache_ns = lrd_clock_mono_ns() - watch->begin_ns;
	watch->planned = true;
	tell_plain(watch, (larder_trace_event){
				  .kind = LARDER_TRACE_PLAN,
				  .verdict = verdict,
				  .why = why,
				  .text = lrd_slice_cstr(larder_why_text(why)),
			  });
}

void lrd_trace_redirect(larder_session *session, uint32_t status, larder_slice url)
{
	char text[LRD_URL_TEXT_MAX];

	tell_plain(session->watch, (larder_trace_event){
					   .kind = LARDER_TRACE_REDIRECT,
					   .status = status,
					   .url = lrd_slice_cstr(lrd_url_text(url, text)),
				   });
}

static const larder_timing *timing_now(struct lrd_watch *watch)
{
	watch->timing.total_ns = lrd_clock_mono_ns() - watch->begin_ns;
	return &watch->timing;
}

void lrd_trace_done(larder_session *session, const larder_response *response)
{
	char url[LRD_URL_TEXT_MAX];

	tell_plain(session->watch, (larder_trace_event){
					   .kind = LARDER_TRACE_DONE,
					   .status = larder_response_status(response),
					   .url = lrd_slice_cstr(lrd_url_text(
						   larder_response_url(response), url)),
					   .timing = timing_now(session->watch),
				   });
}

void lrd_trace_fail(larder_session *session, const larder_error *err)
{
	tell_plain(session->watch, (larder_trace_event){
					   .kind = LARDER_TRACE_FAIL,
					   .code = err->code,
					   .phase = err->phase,
					   .host = lrd_slice_cstr(err->host),
					   .text = lrd_slice_cstr(err->message),
					   .timing = timing_now(session->watch),
				   });
}

/* ---- connections ------------------------------------------------------------------------- */

void lrd_trace_reused(struct lrd_exchange *ex)
{
	tell_plain(ex->session->watch, (larder_trace_event){
					       .kind = LARDER_TRACE_REUSE,
					       .host = lrd_slice_cstr(ex->stream->host),
					       .bytes = ex->stream->bytes_in,
				       });
}

/* One leg of a dial, from *since on; what did not take place is not told. */
static uint64_t tell_leg(struct lrd_exchange *ex, larder_trace_event event,
			 uint64_t *since_ns, uint64_t end_ns)
{
	if (end_ns == 0)
		return 0;
	event.host = lrd_slice_cstr(ex->stream->host);
	event.took_ns = end_ns - *since_ns;
	*since_ns = end_ns;
	tell(ex->session->watch, &event, LRD_SLICE(""));
	return event.took_ns;
}

static uint32_t version_number(const struct lrd_stream *stream)
{
	const char *version = lrd_tls_version(stream);

	if (!version)
		return 0;
	return strcmp(version, "TLSv1.3") == 0 ? 0x0304 : 0x0303;
}

void lrd_trace_dialed(struct lrd_exchange *ex)
{
	struct lrd_watch *watch = ex->session->watch;
	const struct lrd_dial_times *times = &watch->dial;
	larder_timing *timing = &watch->timing;
	uint64_t since_ns = times->begin_ns;
	larder_trace_event secured = {
		.kind = LARDER_TRACE_TLS,
		.tls_version = version_number(ex->stream),
		.text = lrd_slice_cstr(lrd_tls_cipher(ex->stream)),
		.alpn = lrd_tls_protocol(ex->stream),
	};

	timing->resolve_ns =
		tell_leg(ex, (larder_trace_event){ .kind = LARDER_TRACE_RESOLVE },
			 &since_ns, times->resolved_ns);
	timing->connect_ns =
		tell_leg(ex, (larder_trace_event){ .kind = LARDER_TRACE_CONNECT },
			 &since_ns, times->connected_ns);
	timing->proxy_ns = tell_leg(ex, (larder_trace_event){ .kind = LARDER_TRACE_PROXY },
				    &since_ns, times->tunneled_ns);
	timing->tls_ns = tell_leg(ex, secured, &since_ns, times->secured_ns);
}

void lrd_trace_retry(struct lrd_exchange *ex, int rc)
{
	tell_plain(ex->session->watch, (larder_trace_event){
					       .kind = LARDER_TRACE_RETRY,
					       .code = rc,
					       .attempt = ex->retries,
				       });
}

/* ---- messages ---------------------------------------------------------------------------- */

static void tell_head(struct lrd_exchange *ex, larder_trace_event *event,
		      struct lrd_field_view fields, larder_slice start)
{
	larder_field *shown = lrd_redact_fields(fields, ex->session->mem);

	event->fields = shown;
	event->field_count = shown ? fields.count : 0;
	tell(ex->session->watch, event, start);
	lrd_alloc_free(ex->session->mem, shown);
}

/* The request line without what its query may hold. */
static void tell_request(struct lrd_exchange *ex, const struct lrd_head *head)
{
	char url[LRD_URL_TEXT_MAX];
	larder_slice target = lrd_redact_target(head->target);
	larder_trace_event event = {
		.kind = LARDER_TRACE_REQUEST,
		.method = head->method,
		.url = lrd_slice_cstr(lrd_url_text(ex->url, url)),
	};
	struct lrd_buf line;
	int rc;

	lrd_buf_init(&line, LRD_REQUEST_HEAD_MAX, ex->session->mem);
	rc = lrd_buf_append_slice(&line, head->method);
	if (rc == 0)
		rc = lrd_buf_append_slice(&line, LRD_SLICE(" "));
	if (rc == 0)
		rc = lrd_buf_append_slice(&line, target);
	if (rc == 0 && target.len < head->target.len)
		rc = lrd_buf_append_slice(&line, LRD_SLICE("..."));
	if (rc == 0)
		rc = lrd_buf_append_slice(&line, LRD_SLICE(" HTTP/1.1"));
	if (rc == 0) {
		event.text = lrd_buf_slice(&line);
		tell_head(ex, &event, lrd_fields_view(&head->fields), event.text);
	}
	lrd_buf_release(&line);
}

void lrd_trace_request(struct lrd_exchange *ex)
{
	static const struct lrd_head_limits limits = {
		.max_line = LRD_REQUEST_HEAD_MAX,
		.max_bytes = LRD_REQUEST_HEAD_MAX,
		.max_fields = LRD_REQUEST_HEAD_MAX,
	};
	struct lrd_head head;

	ex->session->watch->request_ns = lrd_clock_mono_ns();
	/* Read from the wire's bytes: what is told is what goes out. */
	lrd_head_init(&head, LRD_HEAD_REQUEST, &limits, ex->session->mem);
	if (lrd_head_read(&head, lrd_buf_slice(&ex->out)) > 0)
		tell_request(ex, &head);
	lrd_head_release(&head);
}

void lrd_trace_response(struct lrd_exchange *ex)
{
	struct lrd_watch *watch = ex->session->watch;
	bool interim = ex->head.status < 200;
	char line[STATUS_LINE + 256];
	larder_trace_event event = {
		.kind = interim ? LARDER_TRACE_INTERIM : LARDER_TRACE_RESPONSE,
		.status = (uint32_t)ex->head.status,
		.text = ex->head.reason,
	};
	int shown = ex->head.reason.len < 256 ? (int)ex->head.reason.len : 255;

	if (!interim) {
		event.took_ns = lrd_clock_mono_ns() - watch->request_ns;
		watch->timing.first_byte_ns = event.took_ns;
	}
	(void)snprintf(line, sizeof(line), "HTTP/1.%d %d %.*s", ex->head.minor,
		       ex->head.status, shown, ex->head.reason.ptr);
	tell_head(ex, &event, lrd_fields_view(&ex->head.fields), lrd_slice_cstr(line));
}

void lrd_trace_challenge(struct lrd_exchange *ex)
{
	tell_plain(ex->session->watch, (larder_trace_event){
					       .kind = LARDER_TRACE_CHALLENGE,
					       .status = (uint32_t)ex->head.status,
				       });
}

void lrd_trace_upload(struct lrd_exchange *ex)
{
	tell_plain(ex->session->watch, (larder_trace_event){
					       .kind = LARDER_TRACE_UPLOAD,
					       .bytes = ex->content_sent,
					       .pieces = ex->writes,
				       });
}

void lrd_trace_body(struct lrd_exchange *ex)
{
	struct lrd_field_view trailers = lrd_fields_view(&ex->body.trailers);
	larder_field *shown = lrd_redact_fields(trailers, ex->session->mem);
	larder_trace_event event = {
		.kind = LARDER_TRACE_BODY,
		.bytes = ex->body.received,
		.pieces = ex->reads,
		.fields = shown,
		.field_count = shown ? trailers.count : 0,
	};

	tell(ex->session->watch, &event, LRD_SLICE(""));
	lrd_alloc_free(ex->session->mem, shown);
}

void lrd_trace_content(struct lrd_exchange *ex, bool outgoing, larder_slice bytes)
{
	lrd_debug_content(&ex->session->watch->debug, outgoing, bytes);
}
