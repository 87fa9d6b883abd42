/* SPDX-License-Identifier: MIT */
/* splits.c - the same input fed to a parser in every way a socket may cut it. */
#include "tests/support/splits.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/guard.h"

static void feed_pieces(const char *input, const size_t *lens, size_t count,
			const char *how, lrd_feed_fn *feed, void *ctx)
{
	struct lrd_piece *pieces = calloc(count + 1, sizeof(*pieces));
	char **copies = calloc(count + 1, sizeof(*copies));
	size_t at = 0;

	if (!pieces || !copies) {
		perror("feed_all_splits");
		abort();
	}
	for (size_t i = 0; i < count; i++) {
		copies[i] = lrd_guard_alloc(input + at, lens[i]);
		pieces[i] = (struct lrd_piece){ copies[i], lens[i] };
		at += lens[i];
	}
	feed(pieces, count, how, ctx);
	for (size_t i = 0; i < count; i++)
		lrd_guard_free(copies[i], lens[i]);
	free(copies);
	free(pieces);
}

/*
 * Two pages a byte: a long input byte by byte would pass the kernel's limit of
 * mappings, so it is fed in equal steps of a few bytes instead.
 */
static void feed_bytes(const char *input, size_t len, lrd_feed_fn *feed, void *ctx)
{
	size_t step = len / 8192 + 1;
	size_t count = (len + step - 1) / step;
	size_t *lens = calloc(count + 1, sizeof(*lens));

	if (!lens) {
		perror("feed_all_splits");
		abort();
	}
	for (size_t i = 0; i < count; i++)
		lens[i] = step;
	if (count > 0)
		lens[count - 1] = len - step * (count - 1);
	feed_pieces(input, lens, count, "bytes", feed, ctx);
	free(lens);
}

void feed_all_splits(const void *input, size_t len, lrd_feed_fn *feed, void *ctx)
{
	char how[48];

	feed_pieces(input, &len, 1, "whole", feed, ctx);
	feed_bytes(input, len, feed, ctx);
	for (size_t cut = 1; cut < len; cut++) {
		size_t lens[2] = { cut, len - cut };

		snprintf(how, sizeof(how), "cut at %zu", cut);
		feed_pieces(input, lens, 2, how, feed, ctx);
	}
}
