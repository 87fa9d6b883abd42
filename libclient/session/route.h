/* SPDX-License-Identifier: MIT */
/*
 * route.h - by which way a request reaches its origin: a unix socket, a proxy, or directly; and
 * as whom.
 */
#ifndef LRD_SESSION_ROUTE_H
#define LRD_SESSION_ROUTE_H

#include <stdbool.h>

#include <larder/larder.h>

#include "auth/credentials.h"
#include "session/request.h"
#include "transport/proxy.h"
#include "transport/proxy_url.h"

/* One request's way. */
struct lrd_route {
	const char *unix_path; /* or NULL; borrowed */
	struct lrd_tls *tls;   /* the origin's; NULL: plain. Borrowed */
	bool proxied;
	bool speaks_http;       /* the proxy does: HTTP or HTTPS */
	bool forwards;          /* it takes whole requests, no tunnel */
	struct lrd_proxy proxy; /* when `proxied`; points into `url` */
	struct lrd_proxy_url url;
	struct lrd_credentials *credentials; /* for the proxy's challenges, NULL: none */
	struct lrd_auth_origin at;           /* the proxy's */
};

/*
 * Chooses; the request is located. EINVAL (a proxy that is none: nobody is sent past it),
 * what lrd_session_tls() and the caller's choose_proxy return, ENOMEM.
 */
LARDER_MUST_USE int lrd_route_choose(larder_session *session,
				     const struct lrd_request *request,
				     struct lrd_route *route, larder_error *err);
/* Overwrites the password in it. */
void lrd_route_release(struct lrd_route *route);

#endif
