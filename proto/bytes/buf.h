/* SPDX-License-Identifier: MIT */
/*
 * buf.h - bytes that grow, up to a maximum that the owner must name.
 *
 * Invariants, from lrd_buf_init() to lrd_buf_release():
 *   - ptr is never NULL and ptr[len] is NUL, even while nothing has been allocated;
 *   - len <= max;
 *   - a call that fails (ELIMIT: would pass max; ENOMEM) leaves the content untouched.
 * Any appending call may move ptr: hold offsets, not pointers, across it. Bytes appended
 * may lie inside the buffer itself.
 *
 * Calling sequence:
 *	struct lrd_buf buf;
 *	lrd_buf_init(&buf, 64 * 1024, NULL);
 *	rc = lrd_buf_append(&buf, bytes, len);	any number of appends
 *	... buf.ptr, buf.len, lrd_buf_slice(&buf) ...
 *	lrd_buf_clear(&buf);			empty, memory kept for the next use
 *	lrd_buf_release(&buf);			memory given back; usable again as after init
 */
#ifndef LRD_BYTES_BUF_H
#define LRD_BYTES_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

struct lrd_buf {
	char *ptr;   /* readable: ptr[0 .. len], ptr[len] is NUL */
	size_t len;  /* readable */
	size_t size; /* bytes allocated, NUL's place included; 0: none */
	size_t max;  /* len never passes it */
	const larder_allocator *allocator; /* NULL: libc */
	bool fixed;                        /* storage is the caller's */
};

/* Empty, nothing allocated. `allocator` may be NULL and must outlive the buffer. */
void lrd_buf_init(struct lrd_buf *buf, size_t max, const larder_allocator *allocator);

/*
 * The same over `size` >= 1 bytes of the caller's: never allocates; the maximum is size - 1,
 * passed with ELIMIT.
 */
void lrd_buf_init_fixed(struct lrd_buf *buf, char *storage, size_t size);

/* Frees what was allocated and leaves the buffer as after init. NULL is welcome. */
void lrd_buf_release(struct lrd_buf *buf);

/* len = 0; memory is kept. */
void lrd_buf_clear(struct lrd_buf *buf);

/* Cuts down to `len`, which must not be larger than the present one (larger: no change). */
void lrd_buf_truncate(struct lrd_buf *buf, size_t len);

/* Drops the first `count` bytes, all when there are fewer; what remains moves to ptr[0]. */
void lrd_buf_consume(struct lrd_buf *buf, size_t count);

LARDER_MUST_USE int lrd_buf_append(struct lrd_buf *buf, const void *bytes, size_t len);
LARDER_MUST_USE int lrd_buf_append_slice(struct lrd_buf *buf, larder_slice slice);
LARDER_MUST_USE int lrd_buf_append_cstr(struct lrd_buf *buf, const char *text);
LARDER_MUST_USE int lrd_buf_append_char(struct lrd_buf *buf, char byte);
LARDER_MUST_USE int lrd_buf_append_u64(struct lrd_buf *buf, uint64_t number); /* decimal */
LARDER_MUST_USE int lrd_buf_append_i64(struct lrd_buf *buf, int64_t number); /* decimal */

/* EINVAL when vsnprintf refuses the format. */
LARDER_MUST_USE LARDER_PRINTF(2, 3) int lrd_buf_appendf(struct lrd_buf *buf,
							const char *format, ...);
LARDER_MUST_USE LARDER_PRINTF(2, 0) int lrd_buf_vappendf(struct lrd_buf *buf,
							 const char *format, va_list args);

/*
 * Makes room for `count` more bytes, to be written at ptr + len by the caller and then
 * counted by lrd_buf_commit(). Room stays until the next call that changes the buffer.
 */
LARDER_MUST_USE int lrd_buf_reserve(struct lrd_buf *buf, size_t count);

/* Bytes that may be written at ptr + len without a further reserve. */
size_t lrd_buf_room(const struct lrd_buf *buf);

/* Counts `count` bytes written into reserved room; never more than lrd_buf_room(). */
void lrd_buf_commit(struct lrd_buf *buf, size_t count);

/*
 * Moves the bytes out: *ret is the caller's, to be freed by the allocator given at init
 * (libc's free() for NULL), NUL-terminated at (*ret)[*len]; the buffer is empty afterwards.
 * A fixed or empty buffer gives an allocated copy. ENOMEM leaves everything in place.
 * `len` may be NULL.
 */
LARDER_MUST_USE int lrd_buf_take(struct lrd_buf *buf, char **ret, size_t *len);

static inline larder_slice lrd_buf_slice(const struct lrd_buf *buf)
{
	return (larder_slice){ buf->ptr, buf->len };
}

#endif
