/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what a request did on its way, told to a callback as it happens.
 *
 *	static void tell(const larder_trace_event *event, void *ctx)
 *	{
 *		if (event->kind == LARDER_TRACE_DONE)
 *			fprintf(ctx, "%.*s %u in %.3f ms\n", (int)event->url.len,
 *				event->url.ptr, event->status, event->timing->total_ns / 1e6);
 *	}
 *	options.trace = tell;
 *	options.trace_ctx = stderr;
 *
 * Secrets are never told: the values of Authorization, Proxy-Authorization, Cookie, Set-Cookie,
 * X-WSSE, Authentication-Info and their kin are "...", and those of fields whose names have
 * token, secret, passw, api-key, session, auth-, signature or credential in them; URLs come
 * without user, password, query and fragment. Bodies are told by debug level 2 alone. Without a callback all of this costs one comparison a request.
 */
#ifndef LARDER_TRACE_H
#define LARDER_TRACE_H

#include <larder/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happened; numbers are part of the ABI. In brackets the members that are set. */
enum larder_trace_kind {
	LARDER_TRACE_BEGIN = 1,     /**< a request begins, or goes on elsewhere [method, url] */
	LARDER_TRACE_PLAN = 2,      /**< the cache has decided [verdict, why, text] */
	LARDER_TRACE_REUSE = 3,     /**< an idle connection is taken [host, bytes: received on it
				         so far] */
	LARDER_TRACE_RESOLVE = 4,   /**< the host has addresses [host, took_ns] */
	LARDER_TRACE_CONNECT = 5,   /**< a connection is there, to the proxy where there is one
				         [host, took_ns] */
	LARDER_TRACE_PROXY = 6,     /**< the proxy opened the way [host, took_ns] */
	LARDER_TRACE_TLS = 7,       /**< the handshake is over [host, tls_version, text: cipher,
				         alpn, took_ns] */
	LARDER_TRACE_REQUEST = 8,   /**< a head goes out [method, url, text: the request line,
				         fields] */
	LARDER_TRACE_INTERIM = 9,   /**< a 1xx came [status, text: reason, fields] */
	LARDER_TRACE_RESPONSE = 10, /**< a head came [status, text: reason, fields, took_ns: since
				         the request] */
	LARDER_TRACE_CHALLENGE = 11, /**< a 401 or 407 will be answered [status] */
	LARDER_TRACE_REDIRECT = 12,  /**< and followed [status, url: to where] */
	LARDER_TRACE_RETRY = 13,     /**< sent again on a new connection [code: why, attempt] */
	LARDER_TRACE_UPLOAD = 14,    /**< the request's body is out [bytes, pieces] */
	LARDER_TRACE_BODY = 15,      /**< the response's body is at its end [bytes, pieces, fields:
				          its trailers] */
	LARDER_TRACE_DONE = 16,      /**< the head is the caller's [status, url, timing] */
	LARDER_TRACE_FAIL = 17       /**< larder_send or a read fails [code, phase, text: message,
				         timing] */
};

/** Where a request's time went, nanoseconds; 0 for what did not take place. */
typedef struct larder_timing {
	size_t size;
	uint64_t total_ns;      /**< from the call on; all below are parts of it */
	uint64_t cache_ns;      /**< until the cache's first decision, waits for others included */
	uint64_t resolve_ns;    /**< of the last connection that was made */
	uint64_t connect_ns;
	uint64_t proxy_ns;
	uint64_t tls_ns;
	uint64_t first_byte_ns; /**< from the last request's head to the response's */
} larder_timing;

/** One event. Everything is borrowed for the call; what the kind does not set is 0. */
typedef struct larder_trace_event {
	size_t size;
	uint32_t kind;        /**< enum larder_trace_kind */
	int32_t code;         /**< enum larder_code */
	uint64_t at_ns;       /**< monotonic clock */
	uint64_t took_ns;
	uint64_t bytes;
	uint64_t pieces;      /**< writes or reads that these bytes took */
	uint32_t status;      /**< HTTP's */
	uint32_t verdict;     /**< enum larder_verdict */
	uint32_t why;         /**< number of the reason, see larder_why_name */
	uint32_t tls_version; /**< 0x0303, 0x0304 */
	uint32_t phase;       /**< enum larder_phase */
	uint32_t attempt;     /**< 1 for the first retry */
	larder_slice method;
	larder_slice url;
	larder_slice host;    /**< "example.org:443" */
	larder_slice text;
	larder_slice alpn;
	const larder_field *fields;
	size_t field_count;
	const larder_timing *timing;
} larder_trace_event;

/** Called in the thread of the call under way; it must not use the session. */
typedef void (*larder_trace_fn)(const larder_trace_event *event, void *ctx);

/**
 * Takes lines of the debugging print, each with its newline: "> " requests, "< " responses,
 * "* " everything else.
 */
typedef void (*larder_debug_fn)(const char *text, size_t len, void *ctx);

/** The name of an event's kind ("response"). Never NULL. */
LARDER_API const char *larder_trace_name(uint32_t kind);

#ifdef __cplusplus
}
#endif

#endif
