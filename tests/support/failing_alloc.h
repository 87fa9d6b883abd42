/* SPDX-License-Identifier: MIT */
/* failing_alloc.h - an allocator whose i-th allocation fails. */
#ifndef LARDER_TESTS_FAILING_ALLOC_H
#define LARDER_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * For a loop that proves every out-of-memory path:
 *
 *	- lrd_failing_alloc_init() with fail_at = 0 lets all succeed; run the
 *	  operation once and read `calls`;
 *	- for i = 1 .. calls: init with fail_at = i, run, expect LARDER_ENOMEM (or
 *	  success, where the code can do without), outputs untouched;
 *	- after each run `live` is 0, or something leaked.
 *
 * The three functions have the signatures of larder_allocator, with this struct
 * as their ctx.
 */
struct lrd_failing_alloc {
	size_t calls;	/* allocations asked for so far, grown blocks included */
	size_t fail_at; /* the call that fails, from 1; 0 for none */
	bool sticky;	/* every later call fails too */
	long live;	/* blocks handed out and not yet freed */
};

void lrd_failing_alloc_init(struct lrd_failing_alloc *fa, size_t fail_at);

void *lrd_failing_malloc(size_t size, void *ctx);
void *lrd_failing_realloc(void *ptr, size_t size, void *ctx);
void lrd_failing_free(void *ptr, void *ctx);

#endif
