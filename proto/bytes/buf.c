/* SPDX-License-Identifier: MIT */
/* buf.c - bytes that grow, up to a maximum that the owner must name. */
#include "proto/bytes/buf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"

enum {
	MIN_SIZE = 64, /* the first allocation; most heads and URIs need a second at most */
};

static char *empty_string(void)
{
	/* The one cast that drops const: while size is 0 nobody writes through ptr. */
	return (char *)"";
}

static void *resize(const struct lrd_buf *buf, size_t size)
{
	const larder_allocator *a = buf->allocator;
	void *old = buf->size ? buf->ptr : NULL;

	if (!a || !a->malloc_fn)
		return realloc(old, size);
	return old ? a->realloc_fn(old, size, a->ctx) : a->malloc_fn(size, a->ctx);
}

void lrd_buf_init(struct lrd_buf *buf, size_t max, const larder_allocator *allocator)
{
	*buf = (struct lrd_buf){
		.ptr = empty_string(),
		/* One byte is the NUL's, so no buffer can hold SIZE_MAX. */
		.max = max < SIZE_MAX ? max : SIZE_MAX - 1,
		.allocator = allocator,
	};
}

void lrd_buf_init_fixed(struct lrd_buf *buf, char *storage, size_t size)
{
	*buf = (struct lrd_buf){
		.ptr = storage,
		.size = size,
		.max = size - 1,
		.fixed = true,
	};
	storage[0] = '\0';
}

void lrd_buf_release(struct lrd_buf *buf)
{
	const larder_allocator *a;

	if (!buf)
		return;
	a = buf->allocator;
	if (buf->fixed) {
		lrd_buf_clear(buf);
		return;
	}
	if (buf->size) {
		if (a && a->malloc_fn)
			a->free_fn(buf->ptr, a->ctx);
		else
			free(buf->ptr);
	}
	lrd_buf_init(buf, buf->max, a);
}

void lrd_buf_clear(struct lrd_buf *buf)
{
	lrd_buf_truncate(buf, 0);
}

void lrd_buf_truncate(struct lrd_buf *buf, size_t len)
{
	if (len > buf->len || !buf->size)
		return;
	buf->len = len;
	buf->ptr[len] = '\0';
}

void lrd_buf_consume(struct lrd_buf *buf, size_t count)
{
	if (count >= buf->len) {
		lrd_buf_clear(buf);
		return;
	}
	/* The NUL moves along. */
	memmove(buf->ptr, buf->ptr + count, buf->len - count + 1);
	buf->len -= count;
}

int lrd_buf_reserve(struct lrd_buf *buf, size_t count)
{
	size_t need;
	size_t size;
	char *ptr;

	if (count > buf->max - buf->len)
		return LARDER_ELIMIT;
	need = buf->len + count + 1;
	if (need <= buf->size)
		return 0;

	/* Doubling keeps many small appends linear; near the maximum take all of it. */
	size = buf->size < MIN_SIZE ? MIN_SIZE : buf->size;
	while (size < need)
		size = size > buf->max / 2 ? buf->max + 1 : size * 2;
	if (size > buf->max + 1)
		size = buf->max + 1;
	ptr = resize(buf, size);
	if (!ptr)
		return LARDER_ENOMEM;
	buf->ptr = ptr;
	buf->size = size;
	buf->ptr[buf->len] = '\0';
	return 0;
}

size_t lrd_buf_room(const struct lrd_buf *buf)
{
	return buf->size ? buf->size - 1 - buf->len : 0;
}

void lrd_buf_commit(struct lrd_buf *buf, size_t count)
{
	size_t room = lrd_buf_room(buf);

	if (!buf->size)
		return;
	buf->len += count < room ? count : room;
	buf->ptr[buf->len] = '\0';
}

int lrd_buf_append(struct lrd_buf *buf, const void *bytes, size_t len)
{
	const char *from = bytes;
	size_t offset = 0;
	bool inside;
	int rc;

	if (len == 0)
		return 0;
	/* Compared as numbers: only pointers into one object have an order of their own. */
	inside = buf->size && (uintptr_t)from - (uintptr_t)buf->ptr < buf->size;
	if (inside)
		offset = (size_t)(from - buf->ptr);
	rc = lrd_buf_reserve(buf, len);
	if (rc < 0)
		return rc;
	if (inside)
		from = buf->ptr + offset;
	memmove(buf->ptr + buf->len, from, len);
	lrd_buf_commit(buf, len);
	return 0;
}

int lrd_buf_append_slice(struct lrd_buf *buf, larder_slice slice)
{
	return lrd_buf_append(buf, slice.ptr, slice.len);
}

int lrd_buf_append_cstr(struct lrd_buf *buf, const char *text)
{
	return lrd_buf_append(buf, text, strlen(text));
}

int lrd_buf_append_char(struct lrd_buf *buf, char byte)
{
	return lrd_buf_append(buf, &byte, 1);
}

int lrd_buf_append_u64(struct lrd_buf *buf, uint64_t number)
{
	char digits[LRD_NUM_SIZE];

	return lrd_buf_append(buf, digits, lrd_u64_format(number, digits));
}

int lrd_buf_append_i64(struct lrd_buf *buf, int64_t number)
{
	char digits[LRD_NUM_SIZE];

	return lrd_buf_append(buf, digits, lrd_i64_format(number, digits));
}

int lrd_buf_appendf(struct lrd_buf *buf, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = lrd_buf_vappendf(buf, format, args);
	va_end(args);
	return rc;
}

int lrd_buf_vappendf(struct lrd_buf *buf, const char *format, va_list args)
{
	va_list again;
	size_t room = lrd_buf_room(buf);
	int need;
	int rc = 0;

	va_copy(again, args);
	need = vsnprintf(room ? buf->ptr + buf->len : NULL, room ? room + 1 : 0, format,
			 args);
	if (need < 0) {
		rc = LARDER_EINVAL;
	} else if ((size_t)need > room) {
		rc = lrd_buf_reserve(buf, (size_t)need);
		if (rc == 0)
			need = vsnprintf(buf->ptr + buf->len, (size_t)need + 1, format,
					 again);
	}
	va_end(again);

	if (rc < 0) {
		/* The first try may have written past len: the content ends where it did. */
		lrd_buf_truncate(buf, buf->len);
		return rc;
	}
	lrd_buf_commit(buf, (size_t)need);
	return 0;
}

int lrd_buf_take(struct lrd_buf *buf, char **ret, size_t *len)
{
	struct lrd_buf copy;
	int rc;

	if (buf->fixed || !buf->size) {
		lrd_buf_init(&copy, buf->max, buf->allocator);
		rc = lrd_buf_reserve(&copy, buf->len);
		if (rc < 0)
			return rc;
		memcpy(copy.ptr, buf->ptr, buf->len);
		lrd_buf_commit(&copy, buf->len);
		*ret = copy.ptr;
	} else {
		*ret = buf->ptr;
	}
	if (len)
		*len = buf->len;
	if (buf->fixed)
		lrd_buf_clear(buf);
	else
		lrd_buf_init(buf, buf->max, buf->allocator);
	return 0;
}
