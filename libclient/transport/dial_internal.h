/* SPDX-License-Identifier: MIT */
/* dial_internal.h - what the files behind dial.h share: the steps of a dial. */
#ifndef LRD_TRANSPORT_DIAL_INTERNAL_H
#define LRD_TRANSPORT_DIAL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "transport/dial.h"

/* The limits of one phase that begins now. */
struct lrd_wait lrd_dial_wait(const struct lrd_dial *dial, uint32_t timeout_ms,
			      uint32_t phase);

/*
 * "example.org:443", "[2001:db8::1]:80": what messages and the error's host say. False when
 * it does not fit.
 */
bool lrd_dial_place(const char *host, uint16_t port, char *place, size_t size);

int lrd_dial_resolve(const struct lrd_dial *dial, const char *host, uint16_t port,
		     struct lrd_addr_list *list, larder_error *err) LARDER_MUST_USE;

/* Resolves and connects: to the origin, or to the proxy. */
int lrd_dial_reach(const struct lrd_dial *dial, const char *host, uint16_t port,
		   const char *place, struct lrd_stream **out,
		   larder_error *err) LARDER_MUST_USE;

int lrd_dial_secure(const struct lrd_dial *dial, struct lrd_tls *tls, const char *host,
		    struct lrd_stream **stream, larder_error *err) LARDER_MUST_USE;

/*
 * dial_proxy.c: to the origin by way of dial->proxy. `place` is the origin's; `at` gets the
 * place that an error is about, which is the proxy's until the origin is reached.
 */
int lrd_dial_through(const struct lrd_dial *dial, const char *place, char *at,
		     size_t at_size, struct lrd_stream **out,
		     larder_error *err) LARDER_MUST_USE;

#endif
