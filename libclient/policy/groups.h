/* SPDX-License-Identifier: MIT */
/* groups.h - the groups that a response belongs to, or invalidates (RFC 9875). */
#ifndef LRD_POLICY_GROUPS_H
#define LRD_POLICY_GROUPS_H

#include "policy/facts.h"
#include "proto/bytes/buf.h"

/* RFC 9875 s2 wants at least 32 groups of at least 32 characters. */
enum { LRD_GROUPS_MAX = 64, LRD_GROUP_BYTES = 255, LRD_GROUPS_TEXT = 16384 };

/* Slices into the buffer that was given, or into hostile bytes of the store. */
struct lrd_groups {
	size_t count;
	larder_slice at[LRD_GROUPS_MAX];
};

/*
 * The members of Cache-Groups or Cache-Group-Invalidation, each once, their text appended to
 * `text` (LRD_GROUPS_TEXT bytes suffice). A field that is no list of strings names none, nor
 * does what is beyond the limits. ENOMEM.
 */
LARDER_MUST_USE int lrd_groups_read(struct lrd_field_view response, larder_slice field,
				    struct lrd_buf *text, struct lrd_groups *out);

/* Does a response to this method invalidate the groups it names? Not to safe ones (s3). */
bool lrd_groups_invalidates(enum lrd_method method, uint32_t status);

#endif
