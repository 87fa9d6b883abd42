/* SPDX-License-Identifier: MIT */
/* compat.h - httplib2's habits where an RFC has it otherwise (the option `compat`). */
#ifndef LRD_SESSION_COMPAT_H
#define LRD_SESSION_COMPAT_H

#include <larder/larder.h>

#include "session/request.h"

/*
 * Before anything is looked up: only-if-cached takes what is stored whatever its age, a Range
 * goes past the cache, Pragma: no-cache brings its Cache-Control along, and a HEAD closes its
 * connection.
 */
void lrd_compat_request(struct lrd_request *request);

/*
 * With the lookup of that request: 1 with a plan that serves a stored permanent redirect,
 * fresh or not; 0: there is none. An unsafe request invalidates here and now.
 */
LARDER_MUST_USE int lrd_compat_lookup(const larder_session *session,
				      const larder_lookup *lookup, larder_plan **ret);

#endif
