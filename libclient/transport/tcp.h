/* SPDX-License-Identifier: MIT */
/*
 * tcp.h - connecting a stream socket, TCP or unix, and the stream over it.
 *
 * Sockets are close-on-exec and TCP_NODELAY; keep-alive probes are off, since a peer is judged
 * by deadlines. Operations do not wait, but for reads that may, for a slice.
 */
#ifndef LRD_TRANSPORT_TCP_H
#define LRD_TRANSPORT_TCP_H

#include <stdint.h>

#include <larder/types.h>

#include "transport/resolve.h"
#include "transport/stream.h"

/* What is kept between two attempts before the next address gets its chance (RFC 8305 s5). */
enum { LRD_TCP_STAGGER_MS = 250 };

/*
 * Connects to the first address that answers: they are tried in order, each beginning when
 * the one before failed or LRD_TCP_STAGGER_MS passed; the first to connect wins and the
 * others are dropped. `host` ("example.org:80") goes into messages. On failure `err` tells of
 * the last address that failed, with how many were tried: ECONNECT, ETIMEDOUT, ECANCELED,
 * ENOMEM.
 */
int lrd_tcp_connect(const struct lrd_addr_list *list, const char *host,
		    const struct lrd_wait *wait, const larder_allocator *allocator,
		    struct lrd_stream **out, larder_error *err) LARDER_MUST_USE;

/*
 * A stream over a connected socket, whose descriptor it takes (also on failure: closed).
 * ENOMEM, EIO.
 */
int lrd_tcp_take_fd(int fd, const char *host, const larder_allocator *allocator,
		    struct lrd_stream **out, larder_error *err) LARDER_MUST_USE;

#endif
