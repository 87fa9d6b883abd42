/* SPDX-License-Identifier: MIT */
/*
 * dial.h - from a host and a port to a connected stream: resolve, connect, secure; directly
 * or through a proxy.
 */
#ifndef LRD_TRANSPORT_DIAL_H
#define LRD_TRANSPORT_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "transport/custom.h"
#include "transport/proxy.h"
#include "transport/resolve.h"
#include "transport/stream.h"
#include "transport/tls.h"

/* When each phase of a dial ended, of lrd_clock_mono_ns(); 0 for one that did not take place. */
struct lrd_dial_times {
	uint64_t begin_ns;
	uint64_t resolved_ns;
	uint64_t connected_ns; /* to the proxy where there is one */
	uint64_t tunneled_ns;  /* the proxy has opened the way to the origin */
	uint64_t secured_ns;
};

/*
 * Where to and how. Zero means none or the default. Everything is borrowed for the call; a
 * secured stream keeps its own reference to `tls`. Each member that makes two connections
 * differ is also in the pool's key (pool.h): whoever adds one here adds it there.
 */
struct lrd_dial {
	const char *host; /* name or literal without brackets; what TLS verifies */
	uint16_t port;
	const char *unix_path; /* connect to this socket in place of host and port */
	/*
	 * Makes the connection, without resolver, unix_path and proxy; NULL: sockets. Where it
	 * secures https itself `tls` is for the scheme alone.
	 */
	const larder_transport *transport;
	struct lrd_tls *tls;   /* NULL: plain */
	const struct lrd_proxy *proxy;     /* NULL: direct */
	struct lrd_resolver *resolver;     /* NULL: nothing is kept */
	const larder_allocator *allocator; /* NULL: libc; must outlive the stream */
	uint32_t resolve_timeout_ms; /* each phase's own limit, from its beginning; 0: none */
	uint32_t connect_timeout_ms; /* for all addresses together; anew for a proxy's answer */
	uint32_t tls_timeout_ms;
	uint64_t deadline_ns;         /* and the end of all of it; 0: none */
	int wake_fd;                  /* as in struct lrd_wait */
	struct lrd_dial_times *times; /* filled as far as the dial came, where not NULL */
	struct lrd_proxy_refusal *refusal; /* initialised; filled on a refusal, where not NULL */
};

/*
 * Whether the stream of this dial ends at an HTTP proxy that forwards: the request then goes
 * in absolute-form (RFC 9112 s3.2.2) and carries Proxy-Authorization and the other fields for
 * the proxy itself. Everything else is a stream to the origin, which must never see those.
 */
bool lrd_dial_forwards(const struct lrd_dial *dial);

/*
 * Opens the connection; *out is owned by the caller. The error's phase tells which step
 * failed, its host is "host:port" (the proxy's while on the way to it), and its message the
 * most telling failure ("connect to example.org:80 (192.0.2.1): connection refused"):
 * ERESOLVE, ECONNECT, ETIMEDOUT, ECANCELED, ECERT, ETLS, ECLOSED, EINVAL, ENOMEM, EIO; from a
 * proxy also EPROTO and ELIMIT. A proxy that fails is never gone round.
 */
int lrd_dial(const struct lrd_dial *dial, struct lrd_stream **out,
	     larder_error *err) LARDER_MUST_USE;

#endif
