/* SPDX-License-Identifier: MIT */
/* trailers.h - the fields that a caller sends behind a chunked body (RFC 9110 s6.5). */
#ifndef LRD_SESSION_TRAILERS_H
#define LRD_SESSION_TRAILERS_H

#include <stdbool.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

/* Part of a request; all zero: none. */
struct lrd_trailers {
	struct lrd_field_view fields; /* the caller's array */
	larder_trailers_fn fn;        /* or where they come from */
	void *ctx;
};

static inline bool lrd_trailers_any(const struct lrd_trailers *trailers)
{
	return trailers->fields.count || trailers->fn;
}

/* Checks what is known beforehand: that the body is chunked, and the names. EINVAL. */
LARDER_MUST_USE int lrd_trailers_take(struct lrd_trailers *trailers,
				      const larder_request *theirs, larder_error *err);

/*
 * Appends the end of the body: the last chunk, the fields as they are by now, an empty line.
 * EINVAL, ELIMIT, ENOMEM, what the callback returned.
 */
LARDER_MUST_USE int lrd_trailers_write(const struct lrd_trailers *trailers,
				       struct lrd_buf *out, larder_error *err);

#endif
