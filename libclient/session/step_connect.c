/* SPDX-License-Identifier: MIT */
/* step_connect.c - the steps that come by a connection: an idle one, or a new one. */
#include "session/exchange.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "session/trace.h"
#include "sys/clock.h"

/* Describes the connection that the request needs. */
static void aim(struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	const struct lrd_request *request = ex->request;

	ex->dial = (struct lrd_dial){
		.host = request->host,
		.port = request->uri.port_number,
		.unix_path = ex->route.unix_path,
		.transport = request->transport,
		.tls = ex->route.tls,
		.proxy = ex->route.proxied ? &ex->route.proxy : NULL,
		.resolver = ex->session->resolver,
		.allocator = ex->session->mem,
		.resolve_timeout_ms = options->resolve_timeout_ms,
		.connect_timeout_ms = options->connect_timeout_ms,
		.tls_timeout_ms = options->tls_timeout_ms,
		.deadline_ns = ex->deadline_ns,
		.wake_fd = ex->wake_fd,
		.times = ex->session->watch ? &ex->session->watch->dial : NULL,
	};
	ex->poolable = lrd_pool_key_make(&ex->dial, LRD_SLICE(""), &ex->key) == 0;
}

/* A connection is there: from here on everything on it is this exchange's. */
static enum lrd_result attach(struct lrd_exchange *ex, struct lrd_stream *stream,
			      bool reused)
{
	ex->stream = stream;
	ex->bytes_in = stream->bytes_in;
	ex->bytes_out = stream->bytes_out;
	ex->keep = !ex->request->close;
	ex->readable = false;
	ex->request_time = lrd_clock_now_s();
	ex->step = LRD_STEP_FLUSH;
	if (ex->session->watch) {
		if (reused)
			lrd_trace_reused(ex);
		else
			lrd_trace_dialed(ex);
		lrd_trace_request(ex);
	}
	return LRD_NEXT;
}

enum lrd_result lrd_step_take(struct lrd_exchange *ex)
{
	struct lrd_stream *stream = NULL;

	aim(ex);
	if (ex->poolable)
		stream = lrd_pool_take(ex->session->pool, &ex->key);
	if (stream)
		return attach(ex, stream, true);
	ex->step = LRD_STEP_DIAL;
	return LRD_NEXT;
}

/* Which of the deadlines it was that passed. */
static void name_limit(struct lrd_exchange *ex)
{
	const larder_options *options = &ex->session->options;
	larder_error *err = ex->err;
	char message[sizeof(err->message)];
	const char *option = "connect_timeout_ms";
	uint32_t ms = options->connect_timeout_ms;

	if (err->phase == LARDER_PHASE_RESOLVE) {
		option = "resolve_timeout_ms";
		ms = options->resolve_timeout_ms;
	} else if (err->phase == LARDER_PHASE_TLS) {
		option = "tls_timeout_ms";
		ms = options->tls_timeout_ms;
	}
	if (ex->deadline_ns && lrd_clock_mono_ns() >= ex->deadline_ns) {
		option = "total_timeout_ms";
		ms = ex->total_ms;
	}
	(void)snprintf(message, sizeof(message), "%.400s; %s (%u) passed", err->message,
		       option, ms);
	memcpy(err->message, message, sizeof(message));
}

enum lrd_result lrd_step_dial(struct lrd_exchange *ex)
{
	struct lrd_stream *stream = NULL;
	int rc = lrd_authorize_dial(ex, &stream);

	if (rc == LARDER_ECANCELED && ex->wake_fd)
		lrd_wake_heard(&ex->session->wake);
	if (rc == LARDER_ETIMEDOUT)
		name_limit(ex);
	if (rc < 0)
		return lrd_exchange_fail(ex, rc);
	return attach(ex, stream, false);
}
