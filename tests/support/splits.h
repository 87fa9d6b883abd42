/* SPDX-License-Identifier: MIT */
/* splits.h - the same input fed to a parser in every way a socket may cut it. */
#ifndef LARDER_TESTS_SPLITS_H
#define LARDER_TESTS_SPLITS_H

#include <stddef.h>

/* One piece of the input, in memory of its own that ends at a guard page. */
struct lrd_piece {
	const char *ptr;
	size_t len;
};

/*
 * Called once for each way to cut the input: must set up a fresh parser, feed it
 * the pieces in order and assert the outcome, which is the same for all cuts.
 * `how` names the cut ("whole", "bytes", "cut at 17") for the failure message.
 */
typedef void lrd_feed_fn(const struct lrd_piece *pieces, size_t count, const char *how,
			 void *ctx);

/*
 * Feeds the input whole, byte by byte, and cut in two at every place. Each piece
 * is freed when the callback returns, so a parser that keeps a pointer into its
 * input is caught as well.
 */
void feed_all_splits(const void *input, size_t len, lrd_feed_fn *feed, void *ctx);

#endif
