/* SPDX-License-Identifier: MIT */
/* failing_alloc.c - an allocator whose i-th allocation fails. */
#include "tests/support/failing_alloc.h"

#include <stdlib.h>

void lrd_failing_alloc_init(struct lrd_failing_alloc *fa, size_t fail_at)
{
	*fa = (struct lrd_failing_alloc){ .fail_at = fail_at };
}

static bool must_fail(struct lrd_failing_alloc *fa)
{
	fa->calls++;
	if (fa->fail_at == 0)
		return false;
	return fa->calls == fa->fail_at || (fa->sticky && fa->calls > fa->fail_at);
}

void *lrd_failing_malloc(size_t size, void *ctx)
{
	struct lrd_failing_alloc *fa = ctx;
	void *ptr;

	if (must_fail(fa))
		return NULL;
	ptr = malloc(size);
	if (ptr)
		fa->live++;
	return ptr;
}

void *lrd_failing_realloc(void *ptr, size_t size, void *ctx)
{
	struct lrd_failing_alloc *fa = ctx;
	void *moved;

	if (must_fail(fa))
		return NULL;
	moved = realloc(ptr, size);
	if (moved && !ptr)
		fa->live++;
	return moved;
}

void lrd_failing_free(void *ptr, void *ctx)
{
	struct lrd_failing_alloc *fa = ctx;

	if (ptr)
		fa->live--;
	free(ptr);
}
