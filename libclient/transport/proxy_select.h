/* SPDX-License-Identifier: MIT */
/* proxy_select.h - which proxy the environment names for an origin. Pure. */
#ifndef LRD_TRANSPORT_PROXY_SELECT_H
#define LRD_TRANSPORT_PROXY_SELECT_H

#include <stdint.h>

#include <larder/types.h>

#include "transport/proxy_url.h"

/* The value of an environment variable, or NULL: getenv() as the caller has it. */
typedef const char *lrd_proxy_env(const char *name, void *ctx);

/*
 * 1 with *out set: go through that proxy. 0: go directly. EINVAL with words that name the
 * variable: it holds no proxy that we know; neither guess nor go directly then.
 *
 * Read in this order, the first that is not empty:
 *	for http	http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY
 *	for https	https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY
 * A lower-case variable that is there and empty hides its upper-case twin. HTTP_PROXY is not
 * read where REQUEST_METHOD is set: under CGI it is the client's "Proxy:" field. Hosts on
 * no_proxy (else NO_PROXY; see no_proxy.h) are reached directly, whatever the others hold.
 */
int lrd_proxy_from_env(larder_slice scheme, larder_slice host, uint16_t port,
		       lrd_proxy_env *env, void *ctx, struct lrd_proxy_url *out,
		       larder_error *err) LARDER_MUST_USE;

#endif
