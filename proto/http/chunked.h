/* SPDX-License-Identifier: MIT */
/*
 * chunked.h - the chunked transfer coding (RFC 9112 s7.1): read while it arrives, and written.
 *
 * The reader takes bytes as they come and points at the body bytes among them; nothing is
 * copied but trailers. It stops exactly behind the last CR LF: what follows is not touched.
 * Refused: sizes that are not plain hexadecimal digits or do not fit 63 bits, LF without CR,
 * blanks after a size unless an extension follows, controls in extensions, folded trailers.
 * Extensions are skipped, within a limit for each line and one for all of them.
 *
 * Calling sequence:
 *	lrd_chunked_init(&chunked, &limits, &trailers, allocator);
 *	for (;;) {
 *		n = lrd_chunked_read(&chunked, in, &piece);
 *		n < 0: EPROTO, ELIMIT, ENOMEM; sticky
 *		... use piece, which may be empty; skip n bytes of `in` ...
 *		if (lrd_chunked_done(&chunked))
 *			break;			`in` is at the next message
 *		... when `in` is empty, wait for more ...
 *	}
 *	lrd_chunked_release(&chunked);
 * If the bytes end before lrd_chunked_done(), the body is cut short: ETRUNCATED.
 */
#ifndef LRD_HTTP_CHUNKED_H
#define LRD_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http/fields.h"

struct lrd_chunked_limits {
	size_t max_line; /* a chunk's size line, or a trailer line, CR LF included */
	uint64_t max_extension_bytes; /* of all size lines together, beyond the sizes */
	size_t max_trailer_bytes; /* the trailer section without the empty line at its end */
	size_t max_trailer_fields; /* kept or dropped */
};

struct lrd_chunked {
	/* private */
	struct lrd_chunked_limits limits;
	struct lrd_fields *trailers; /* borrowed; NULL: trailers are checked and dropped */
	struct lrd_buf line;         /* a trailer line that has not arrived whole */
	int state;
	int error;
	bool has_digit;    /* this size line has begun */
	uint64_t left;     /* the size being read, then the chunk's bytes still to come */
	size_t line_bytes; /* of this size line */
	uint64_t extension_bytes; /* of all size lines */
	size_t trailer_bytes;
	size_t trailer_fields;
};

/* `trailers`, when not NULL, receives the fields that are allowed there; it must outlive. */
void lrd_chunked_init(struct lrd_chunked *chunked, const struct lrd_chunked_limits *limits,
		      struct lrd_fields *trailers, const larder_allocator *allocator);
void lrd_chunked_release(struct lrd_chunked *chunked); /* NULL is welcome */

/*
 * Reads on: returns how many bytes of `in` it has taken and sets *piece to the body bytes
 * among them, one run at a time. Call again with the rest, until all is taken. Never takes a
 * byte past the end of the body. EPROTO, ELIMIT, ENOMEM: sticky, *piece is empty then.
 */
LARDER_MUST_USE ptrdiff_t lrd_chunked_read(struct lrd_chunked *chunked, larder_slice in,
					   larder_slice *piece);

bool lrd_chunked_done(const struct lrd_chunked *chunked);

/*
 * May a field stand in a trailer section (RFC 9110 s6.5.1)? Not those that frame, route,
 * authenticate, modify a request, control caching or describe the content.
 */
bool lrd_trailer_allowed(larder_slice name);

/* Appends what stands before `size` > 0 body bytes; behind them goes LRD_CHUNKED_TAIL. */
LARDER_MUST_USE int lrd_chunked_write_head(uint64_t size, struct lrd_buf *out);
#define LRD_CHUNKED_TAIL "\r\n"

/*
 * Appends the last chunk, the trailers and the end. EINVAL for a trailer that is not allowed
 * there; ELIMIT, ENOMEM; `out` is unchanged on failure.
 */
LARDER_MUST_USE int lrd_chunked_write_end(struct lrd_field_view trailers,
					  struct lrd_buf *out);

#endif
