/* SPDX-License-Identifier: MIT */
/* tunnel.h - asking an HTTP proxy for a tunnel to an origin (CONNECT, RFC 9110 s9.3.6). */
#ifndef LRD_TRANSPORT_TUNNEL_H
#define LRD_TRANSPORT_TUNNEL_H

#include <larder/types.h>

#include "transport/proxy.h"
#include "transport/stream.h"

/*
 * Asks over `stream`, which leads to the proxy, for `authority` ("example.org:443"). On
 * success the stream carries the origin's bytes from the next one on. It is good for nothing
 * but closing after:
 *   ECONNECT  the proxy refused; `refusal` (may be NULL) has its answer
 *   EPROTO    what came is no HTTP head, or bytes followed a 2xx that nobody asked for
 *   EINVAL    a field of the proxy's may not be sent
 *   ELIMIT, ECLOSED, ETIMEDOUT, ECANCELED, ENOMEM and what else the stream meets
 */
int lrd_tunnel_open(struct lrd_stream *stream, const struct lrd_proxy *proxy,
		    const char *authority, const struct lrd_wait *wait,
		    struct lrd_proxy_refusal *refusal, larder_error *err) LARDER_MUST_USE;

#endif
