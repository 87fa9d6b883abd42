/* SPDX-License-Identifier: MIT */
/*
 * socks.h - asking a SOCKS proxy for a connection: versions 4, 4a and 5 (RFC 1928, RFC 1929).
 */
#ifndef LRD_TRANSPORT_SOCKS_H
#define LRD_TRANSPORT_SOCKS_H

#include <stdint.h>

#include <larder/types.h>

#include "transport/addr.h"
#include "transport/proxy.h"
#include "transport/stream.h"

/* Whom to ask for: an address where there is one, else the name, which the proxy looks up. */
struct lrd_socks_target {
	const char *host;
	uint16_t port;
	const struct lrd_addr *addr; /* NULL: `host` goes to the proxy */
};

/*
 * Whether the question can be asked at all, before anybody connects: EINVAL with words for a
 * user, password or name that is too long for its one-byte length, for a NUL in what SOCKS4
 * ends with one, for a password or an IPv6 address with SOCKS4.
 */
int lrd_socks_check(const struct lrd_proxy *proxy, const struct lrd_socks_target *target,
		    larder_error *err) LARDER_MUST_USE;

/*
 * Asks over `stream`, which leads to the proxy. On success it carries the target's bytes from
 * the next one on: not one byte more than the answer has been read. ECONNECT when the proxy
 * refuses (its reason in words), EPROTO when it does not speak SOCKS, EINVAL as
 * lrd_socks_check(), ECLOSED, ETIMEDOUT, ECANCELED and what else the stream meets.
 */
int lrd_socks_connect(struct lrd_stream *stream, const struct lrd_proxy *proxy,
		      const struct lrd_socks_target *target, const struct lrd_wait *wait,
		      larder_error *err) LARDER_MUST_USE;

#endif
