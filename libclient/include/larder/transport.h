/* SPDX-License-Identifier: MIT */
/*
 * transport.h - connections of the caller's own making, in place of resolver and sockets.
 *
 *	static const larder_transport through_ssh = {
 *		.size = sizeof(larder_transport),
 *		.open = ssh_open, .read = ssh_read, .write = ssh_write,
 *		.wait = ssh_wait, .close = ssh_close,
 *	};
 *	options.transport = &through_ssh;
 *
 * Everything above it is as ever: the pool, deadlines, cancellation, HTTP, the cache, and TLS
 * for https, unless the transport does that itself. Proxies, unix sockets and addresses that
 * the session was told do not matter where a transport serves.
 */
#ifndef LARDER_TRANSPORT_H
#define LARDER_TRANSPORT_H

#include <larder/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What read and write return where they would have to wait. */
enum larder_transport_result {
	LARDER_TRANSPORT_WAIT_READ = -1001, /**< until something is there to be read */
	LARDER_TRANSPORT_WAIT_WRITE = -1002 /**< until something can be written */
};

enum larder_transport_events {
	LARDER_TRANSPORT_READABLE = 1, /**< bytes, the end or an error */
	LARDER_TRANSPORT_WRITABLE = 2
};

/**
 * How connections are made and used. Functions that fail return a negative enum larder_code
 * (LARDER_ECONNECT, LARDER_ECLOSED, ...), which the request then fails with; other negative
 * numbers become LARDER_EIO. They are called by the thread that uses the session or reads the
 * response, never two at a time for one connection. `ctx` is the struct's.
 */
typedef struct larder_transport {
	size_t size;
	void *ctx; /**< must live as long as the session, and as its responses */
	/**
	 * Connects, within `timeout_ms` (0: no limit), and sets *conn, which stays its own. The
	 * scheme is "http" or "https", the host is without brackets. Required.
	 */
	int (*open)(const char *scheme, const char *host, uint32_t port, uint32_t timeout_ms,
		    void **conn, void *ctx);
	/**
	 * Up to `len` > 0 bytes: how many, 0 at the clean end, or WAIT_READ or WAIT_WRITE. Must
	 * not wait itself. Required.
	 */
	ptrdiff_t (*read)(void *conn, void *buf, size_t len, void *ctx);
	/** How many of `len` > 0 bytes were taken (> 0), WAIT_WRITE or WAIT_READ. Required. */
	ptrdiff_t (*write)(void *conn, const void *buf, size_t len, void *ctx);
	/**
	 * Waits up to `timeout_ms` for one of `events`: those that are true, 0 when the time is
	 * up. Needed where there is no fd; called with at most 100 ms at a time, so that a
	 * cancellation is heard.
	 */
	int (*wait)(void *conn, uint32_t events, uint32_t timeout_ms, void *ctx);
	/**
	 * A descriptor that poll() can wait on, the same for the connection's life; -1: none.
	 * NULL where `wait` serves.
	 */
	int (*fd)(void *conn, void *ctx);
	/**
	 * 1 while an idle connection may carry another request; must not wait. NULL: each
	 * connection serves one request.
	 */
	int (*alive)(void *conn, void *ctx);
	/**
	 * Closes and frees. In the child of a fork too, where the peer must notice nothing.
	 * Required.
	 */
	void (*close)(void *conn, void *ctx);
	uint32_t secures; /**< 1: https is its own affair; what it reads and writes is plain */
	uint32_t reserved;
} larder_transport;
#define LARDER_TRANSPORT_INIT LARDER_SIZED_INIT(larder_transport)

#ifdef __cplusplus
}
#endif

#endif
