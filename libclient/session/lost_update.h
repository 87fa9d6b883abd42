/* SPDX-License-Identifier: MIT */
/* lost_update.h - If-Match for a write, from the entity tag of what is stored (RFC 9110 s13.1.1). */
#ifndef LRD_SESSION_LOST_UPDATE_H
#define LRD_SESSION_LOST_UPDATE_H

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "session/request.h"

/*
 * 1 with the tag appended to `out`: the request is one of those that overwrite, the caller says
 * nothing of If-Match, and a response with a strong tag is stored. 0: nothing to add, for
 * whatever reason. `lookup` is the request's own, whose partition and identity count.
 */
LARDER_MUST_USE int lrd_lost_update_tag(const larder_session *session,
					const struct lrd_request *request,
					const larder_lookup *lookup, struct lrd_buf *out);

#endif
