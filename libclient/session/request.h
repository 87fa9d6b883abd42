/* SPDX-License-Identifier: MIT */
/*
 * request.h - a caller's request, checked and made ready for cache and wire.
 *
 *	lrd_request_prepare(&request, session, theirs, err);	always
 *	... the cache is asked with request.fields ...
 *	lrd_request_locate(&request, err);			only when the origin is asked
 *	lrd_request_target(&request, &target);
 *	lrd_request_write(&request, target, &extra, &out, err);
 *	lrd_request_release(&request);
 *
 * Whatever could split or smuggle a message is refused here, before anything is looked up,
 * resolved or connected.
 */
#ifndef LRD_SESSION_REQUEST_H
#define LRD_SESSION_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"
#include "proto/http/uri.h"
#include "session/control.h"
#include "session/session.h"
#include "session/trailers.h"

enum {
	LRD_REQUEST_INLINE = 24, /* fields that need no allocation */
	LRD_REQUEST_SPARE = 8,   /* places for Host, conditions and framing */
	LRD_REQUEST_HOST_MAX = 256,
	LRD_REQUEST_HEAD_MAX = 1024 * 1024 /* of what we send */
};

enum lrd_request_body {
	LRD_REQUEST_NO_BODY,
	LRD_REQUEST_MEMORY,   /* body.len bytes, may be 0; chunked where body_length is -1 */
	LRD_REQUEST_CALLBACK, /* body_length bytes, or chunked where that is -1 */
};

struct lrd_request {
	/* After lrd_request_prepare(); all text is the caller's or the session's. */
	larder_slice method;
	larder_slice url;
	const char *partition;
	uint32_t mode;
	uint32_t total_timeout_ms;
	const larder_field *fields; /* as they will be sent, without Host and framing */
	size_t field_count;
	bool idempotent; /* may be sent again (RFC 9110 s9.2.2) */
	bool close;      /* the caller wants the connection closed afterwards */
	enum lrd_request_body body_kind;
	larder_slice body;
	larder_body_read body_read;
	void *body_ctx;
	int64_t body_length;
	larder_body_rewind body_rewind;
	struct lrd_trailers trailers;
	bool body_begun;  /* the callback gave away a part of it */
	bool own_auth;    /* the caller set Authorization himself */
	bool ignore_etag; /* stored entity tags are left out of it */
	bool no_decode;   /* the body stays coded */
	struct lrd_progress progress;
	const larder_transport *transport; /* the session's, or &own_transport; or NULL */
	bool no_auth; /* credentials and certificates of the session stay out of it */
	uint64_t deadline_ns; /* of all exchanges; 0: none */

	/* After lrd_request_locate(). */
	struct lrd_uri uri;
	bool https;
	char host[LRD_REQUEST_HOST_MAX]; /* to dial and to verify: lower case, no brackets */

	/* private */
	const larder_allocator *mem;
	larder_transport own_transport;
	struct lrd_buf held;    /* a callback's body, once it is taken over */
	struct lrd_buf escaped; /* the URL, where the caller's had to be escaped */
	larder_field *lines;    /* lines[0] is Host's place, fields are lines[1] and on */
	size_t line_room;
	larder_field inline_lines[LRD_REQUEST_INLINE];
};

/*
 * Checks method, fields and body and joins the session's own fields to the caller's. The
 * request needs no release when it fails. EINVAL, EURL, ENOMEM.
 */
LARDER_MUST_USE int lrd_request_prepare(struct lrd_request *request,
					const larder_session *session,
					const larder_request *theirs, larder_error *err);
void lrd_request_release(struct lrd_request *request);

/* Takes the URL apart: where to connect. EURL. */
LARDER_MUST_USE int lrd_request_locate(struct lrd_request *request, larder_error *err);

/* What one exchange adds to the request; all views may be empty. */
struct lrd_request_extra {
	struct lrd_field_view conditions; /* the cache's */
	struct lrd_field_view auth;       /* answers to challenges */
	struct lrd_field_view proxy;      /* for a proxy that forwards */
	struct lrd_field_view proxy_auth; /* the same */
	larder_slice if_match;            /* an entity tag; empty: none */
	bool expect;   /* the body waits for 100 (Continue) */
	bool absolute; /* the target as a whole URL, for such a proxy */
};

/* Appends the target as the request line has it, in origin-form. EURL, ELIMIT, ENOMEM. */
LARDER_MUST_USE int lrd_request_target(const struct lrd_request *request,
				       struct lrd_buf *out);

/*
 * Appends the head as it goes onto the wire: Host, our fields, the caller's, `extra`,
 * framing. `target` is from lrd_request_target(). EINVAL, ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_request_write(struct lrd_request *request, larder_slice target,
				      const struct lrd_request_extra *extra,
				      struct lrd_buf *out, larder_error *err);

/*
 * The body is to be sent from its first byte again: 0 when it can be, EREPEAT when not, or
 * what the caller's rewind returned.
 */
LARDER_MUST_USE int lrd_request_rewind(struct lrd_request *request, larder_error *err);

/* The callback gave all of its body, and here it is: it can be repeated from now on. ENOMEM. */
LARDER_MUST_USE int lrd_request_hold(struct lrd_request *request, larder_slice body);

/* ---- redirects ---------------------------------------------------------------------------- */

/*
 * Turns the request to another URL, whose text must live as long as the request. EURL with
 * the request as it was.
 */
LARDER_MUST_USE int lrd_request_retarget(struct lrd_request *request, larder_slice url,
					 larder_error *err);
/* It goes on as a GET without content. */
void lrd_request_to_get(struct lrd_request *request);
/* Removes fields for which `drops` is true. */
void lrd_request_drop_fields(struct lrd_request *request,
			     bool (*drops)(larder_slice name, const void *ctx),
			     const void *ctx);

enum { LRD_URL_TEXT_MAX = 200 };

/*
 * A URL as messages may show it: without user name, password, query and fragment, which hold
 * secrets; printable, and cut where it is long. Takes any bytes. Returns `buf`.
 */
const char *lrd_url_text(larder_slice url, char buf[LRD_URL_TEXT_MAX]);

#endif
