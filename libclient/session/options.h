/* SPDX-License-Identifier: MIT */
/* options.h - reading a caller's sized struct, be it older or newer than this library. */
#ifndef LRD_SESSION_OPTIONS_H
#define LRD_SESSION_OPTIONS_H

#include <stddef.h>

#include <larder/types.h>

/* No struct of ours is near it; more is a `size` that nobody set. */
enum { LRD_OPTIONS_MAX = 4096 };

/*
 * Copies a struct whose first member is its own size_t size into `ours`, which is `our_size`
 * bytes: members that an older caller lacks are zero, those of a newer caller must be.
 * `theirs` may be NULL: all zero. `what` names the struct in the message. EINVAL.
 */
LARDER_MUST_USE int lrd_options_copy(void *ours, size_t our_size, const void *theirs,
				     const char *what, larder_error *err);

#endif
