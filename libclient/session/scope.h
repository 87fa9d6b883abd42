/* SPDX-License-Identifier: MIT */
/* scope.h - origins as users write them: "https://example.org:8443", "example.org", or none. */
#ifndef LRD_SESSION_SCOPE_H
#define LRD_SESSION_SCOPE_H

#include <larder/types.h>

#include "auth/credentials.h"
#include "session/request.h"

/*
 * Reads one: NULL or "" is every origin, without scheme both fit, without port the default one
 * of the scheme does. Slices point into `text`. EINVAL with words for paths, users and all
 * that is no origin; `what` says in them what it was for.
 */
LARDER_MUST_USE int lrd_scope_read(const char *text, const char *what,
				   struct lrd_auth_origin *out, larder_error *err);

/* The origin of a located request; borrows from it. */
struct lrd_auth_origin lrd_scope_of(const struct lrd_request *request);

#endif
