/* SPDX-License-Identifier: MIT */
/*
 * spaces.h - protection spaces learned from challenges (RFC 9110 s11.5): what to answer before
 * being asked again.
 *
 * A space is an origin, a realm and a list of path prefixes that end at segment borders:
 * "/dir/" covers "/dir/a" and not "/dirt". The longest prefix decides. Bounded: the space that
 * has not been used for longest makes room.
 */
#ifndef LRD_AUTH_SPACES_H
#define LRD_AUTH_SPACES_H

#include <stddef.h>

#include <larder/types.h>

#include "auth/credentials.h"

struct lrd_auth; /* scheme.h */
struct lrd_spaces;

enum {
	LRD_SPACES_MAX = 64,
	LRD_SPACE_PREFIXES_MAX = 16,
	LRD_SPACE_PREFIX_MAX = 1024 /* bytes; a longer path is not learned */
};

LARDER_MUST_USE int lrd_spaces_new(const larder_allocator *mem, struct lrd_spaces **ret);
void lrd_spaces_free(struct lrd_spaces *spaces); /* accepts NULL */
void lrd_spaces_clear(struct lrd_spaces *spaces);
size_t lrd_spaces_count(const struct lrd_spaces *spaces);

/*
 * `auth` was accepted by `origin` for `target`. The same realm with the same credential takes
 * the new prefixes and the new `auth` in. Domains of other origins are not believed. ENOMEM.
 */
LARDER_MUST_USE int lrd_spaces_learn(struct lrd_spaces *spaces,
				     const struct lrd_auth_origin *origin,
				     larder_slice target, struct lrd_auth *auth);

/* What is known to hold for `target`, or NULL. Borrowed. */
struct lrd_auth *lrd_spaces_find(struct lrd_spaces *spaces,
				 const struct lrd_auth_origin *origin,
				 larder_slice target);

/* `auth` was refused: its space goes. */
void lrd_spaces_forget(struct lrd_spaces *spaces, const struct lrd_auth *auth);

#endif
