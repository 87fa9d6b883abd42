/* SPDX-License-Identifier: MIT */
/*
 * framing.h - where a message body ends (RFC 9112 s6), and whether the connection may carry
 * another message afterwards (s9.3).
 *
 * Anything over which two readers could disagree is refused (EPROTO: close the connection,
 * store nothing): Content-Length together with Transfer-Encoding; more than one
 * Content-Length, be it a line or a list member, even when equal; one that is not plain
 * digits or does not fit; a Transfer-Encoding that is empty or names chunked twice.
 */
#ifndef LRD_HTTP_FRAMING_H
#define LRD_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/http/fields.h"

enum lrd_body_kind {
	LRD_BODY_NONE,    /* the head is all */
	LRD_BODY_LENGTH,  /* exactly `length` bytes, which may be 0 */
	LRD_BODY_CHUNKED, /* chunked.h finds the end */
	LRD_BODY_UNTIL_CLOSE, /* until the peer closes: no telling a cut body from a whole one */
	LRD_BODY_TUNNEL, /* no body: the connection is no longer HTTP */
};

struct lrd_framing {
	enum lrd_body_kind kind;
	uint64_t length; /* of LRD_BODY_LENGTH, at most INT64_MAX */
	bool reusable;   /* after this message, read to its end, another may follow */
	/*
	 * The framing is doubtful: a transfer coding that we do not undo is left on the bytes,
	 * or the version does not allow what the fields say. The body may be passed on; it must
	 * not be stored or decoded as the representation.
	 */
	bool opaque;
};

/*
 * The body of a response with HTTP/1.`minor` and `status` to a request with `method`.
 * A body that may not be there (HEAD, 1xx, 204, 304) is never expected; fields that announce
 * one where that is forbidden, or that contradict each other, take `reusable` away. A 1xx is
 * no final response: read on. 101, and 2xx to CONNECT, give a tunnel. EPROTO, *out untouched.
 */
LARDER_MUST_USE int lrd_framing_response(larder_slice method, int minor, int status,
					 struct lrd_field_view fields,
					 struct lrd_framing *out);

/* The body of a request. Never LRD_BODY_UNTIL_CLOSE or LRD_BODY_TUNNEL. EPROTO. */
LARDER_MUST_USE int lrd_framing_request(int minor, struct lrd_field_view fields,
					struct lrd_framing *out);

/* Does the sender of these fields keep the connection open (Connection and version)? */
bool lrd_framing_persistent(int minor, struct lrd_field_view fields);

/*
 * The one Content-Length: 1 with *length set, 0 when absent, EPROTO when there are several or
 * it is malformed, *length untouched.
 */
LARDER_MUST_USE int lrd_content_length(struct lrd_field_view fields, uint64_t *length);

#endif
