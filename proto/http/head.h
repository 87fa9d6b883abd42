/* SPDX-License-Identifier: MIT */
/*
 * head.h - the head of a request or response (RFC 9112 s2 to s5): read while it arrives, and
 * written.
 *
 * Reading is strict, since every leniency here has been a smuggling hole somewhere. Refused:
 * LF without CR, CR without LF, NUL and other controls, folded lines (obs-fold), a blank
 * before the colon or before the first field, an empty or malformed name, HTTP/0.9, any
 * version but HTTP/1.x, a status that is not three digits from 100 on. Allowed: an empty or
 * missing reason, obs-text in reason and values, one empty line before a request.
 *
 * Calling sequence, `in` holding all bytes since the start of the head:
 *	lrd_head_init(&head, LRD_HEAD_RESPONSE, &limits, allocator);
 *	for (;;) {
 *		n = lrd_head_read(&head, in);
 *		if (n != LRD_PARTIAL)
 *			break;
 *		... append to `in`; it may move, its first bytes stay the same ...
 *	}
 *	n > 0: the head was n bytes long; the body starts at in.ptr + n
 *	n < 0: EPROTO, ELIMIT or ENOMEM, the same again at each further call
 *	lrd_head_reset(&head);		ready for the next head, memory kept
 *	lrd_head_release(&head);
 */
#ifndef LRD_HTTP_HEAD_H
#define LRD_HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "proto/http/fields.h"

/* What a resumable reader returns when the bytes end before the thing does. */
enum { LRD_PARTIAL = 0 };

enum lrd_head_kind {
	LRD_HEAD_REQUEST,
	LRD_HEAD_RESPONSE,
};

struct lrd_head_limits {
	size_t max_line;   /* bytes of one line, its CR LF included */
	size_t max_bytes;  /* of the whole head */
	size_t max_fields; /* field lines */
};

struct lrd_head {
	/* Valid once lrd_head_read() has returned more than 0, until reset or release. */
	struct lrd_fields fields;
	int minor;           /* 0 or 1 of HTTP/1.x; a higher digit counts as 1 */
	int status;          /* response: 100 to 999 */
	larder_slice reason; /* response: may be empty; may hold obs-text: escape to print */
	larder_slice method; /* request: a token, case as given */
	larder_slice target; /* request: no blanks, no controls, not empty */

	/* private */
	enum lrd_head_kind kind;
	struct lrd_head_limits limits;
	struct lrd_buf start; /* the start line; reason, method and target point into it */
	int state;
	int error;
	size_t line;    /* where the line being read starts */
	size_t scanned; /* up to here no LF was found in it */
	size_t consumed;
};

/* `allocator` may be NULL and must outlive the head. Nothing is allocated yet. */
void lrd_head_init(struct lrd_head *head, enum lrd_head_kind kind,
		   const struct lrd_head_limits *limits,
		   const larder_allocator *allocator);
void lrd_head_reset(struct lrd_head *head);
void lrd_head_release(struct lrd_head *head); /* NULL is welcome */

/*
 * Reads on. Bytes more than 0: the length of the complete head. LRD_PARTIAL: more are needed.
 * EPROTO: not HTTP; ELIMIT: larger than allowed; ENOMEM. Errors are sticky, as is the end:
 * further calls return the same. A fault is reported when its line is complete, or has grown
 * too long; a response that does not start with "HTTP/1." at once. The answer does not depend
 * on how the bytes were split.
 */
LARDER_MUST_USE ptrdiff_t lrd_head_read(struct lrd_head *head, larder_slice in);

/*
 * One field line without its CR LF: name, ':', value; trimmed, slices of `line`. EPROTO.
 */
LARDER_MUST_USE int lrd_field_line_parse(larder_slice line, larder_field *out);

/*
 * Appends request line, fields and the empty line, HTTP/1.1. EINVAL for a method that is no
 * token, a target that is empty or holds blanks, controls or bytes above 0x7f, a field that
 * may not be sent; ELIMIT, ENOMEM; `out` is unchanged on failure.
 */
LARDER_MUST_USE int lrd_head_write_request(larder_slice method, larder_slice target,
					   struct lrd_field_view fields,
					   struct lrd_buf *out);

/* The same for a response; `reason` may be empty. */
LARDER_MUST_USE int lrd_head_write_response(int status, larder_slice reason,
					    struct lrd_field_view fields,
					    struct lrd_buf *out);

/* Appends the field lines alone, each with CR LF. Errors as above. */
LARDER_MUST_USE int lrd_head_write_fields(struct lrd_field_view fields,
					  struct lrd_buf *out);

#endif
