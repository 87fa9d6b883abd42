/* SPDX-License-Identifier: MIT */
/* custom.h - connections of the caller's own making as streams (larder/transport.h). */
#ifndef LRD_TRANSPORT_CUSTOM_H
#define LRD_TRANSPORT_CUSTOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/transport.h>

#include "transport/stream.h"

/* Has it what it must have? */
bool lrd_custom_valid(const larder_transport *transport);

/* Where to; `place` is "host:port" for messages. */
struct lrd_custom_target {
	const char *scheme;
	const char *host;
	const char *place;
	uint16_t port;
};

/*
 * Opens a connection of its making, until the wait's deadline; the vtable is copied. Errors:
 * what it returns, with a message; ETIMEDOUT, ECANCELED, ENOMEM.
 */
int lrd_custom_open(const larder_transport *transport,
		    const struct lrd_custom_target *target, const struct lrd_wait *wait,
		    const larder_allocator *allocator, struct lrd_stream **out,
		    larder_error *err) LARDER_MUST_USE;

/*
 * What makes its connections differ from others', for the pool's key: its functions, its ctx
 * and the scheme. Returns the number of bytes written, at most LRD_CUSTOM_IDENTITY_MAX.
 */
enum { LRD_CUSTOM_IDENTITY_MAX = 64 };
size_t lrd_custom_identity(const larder_transport *transport, bool https,
			   unsigned char out[LRD_CUSTOM_IDENTITY_MAX]);

#endif
