/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - a proxy between us and the origin: what it is, and what it said when it refused.
 */
#ifndef LRD_TRANSPORT_PROXY_H
#define LRD_TRANSPORT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"
#include "transport/tls.h"

enum lrd_proxy_kind {
	LRD_PROXY_HTTP,  /* HTTP, spoken in clear */
	LRD_PROXY_HTTPS, /* HTTP within TLS; an origin's TLS goes within that */
	LRD_PROXY_SOCKS4,
	LRD_PROXY_SOCKS5,
};

/*
 * Where the proxy is and how to speak to it. All borrowed, as everything of struct lrd_dial.
 * Zero means none or the default. The pool's key counts every member (pool.h).
 */
struct lrd_proxy {
	enum lrd_proxy_kind kind;
	uint16_t port;
	const char *host;    /* name or literal without brackets */
	struct lrd_tls *tls; /* of an HTTPS proxy, and of no other */

	/*
	 * What it is asked with. SOCKS sends them: a user of 1 to 255 bytes, a password of at
	 * most 255 (SOCKS5), neither holding NUL for SOCKS4. HTTP proxies get `authorization`
	 * alone, which the caller makes of them; they are set all the same, for the pool.
	 */
	larder_slice user;
	larder_slice password;

	/*
	 * The value of Proxy-Authorization for CONNECT; empty: none. It may change from one
	 * connection to the next (Digest), so where there is a user the pool's key counts the
	 * user and the password in its place.
	 */
	larder_slice authorization;

	/* More for CONNECT (User-Agent and the like); the origin never gets them. */
	struct lrd_field_view fields;

	bool local_dns; /* look the origin up here, and give the proxy an address */
	bool tunnel;    /* HTTP: CONNECT for plain origins too */
};

enum {
	LRD_PROXY_TEXT_MAX = 255,       /* user, password and host name of SOCKS */
	LRD_PROXY_HEAD_MAX = 64 * 1024, /* bytes of the answer's head */
	LRD_PROXY_BODY_MAX = 64 * 1024, /* bytes kept of a refusal's body */
	LRD_PROXY_BODY_WAIT_MS = 2000,  /* how long to wait for it */
};

/*
 * What an HTTP proxy answered in place of opening the tunnel. A 407 is met so:
 *	lrd_proxy_refusal_init(&refusal, allocator);
 *	rc = lrd_dial(&dial, &stream, err);		dial.refusal = &refusal
 *	if (rc == LARDER_ECONNECT && refusal.status == 407)
 *		... Proxy-Authenticate in refusal.fields gives proxy.authorization; dial again
 *	lrd_proxy_refusal_release(&refusal);
 */
struct lrd_proxy_refusal {
	int status; /* 0: it never came to an answer, or the tunnel stands */
	struct lrd_fields fields;
	struct lrd_buf body;
	bool body_complete; /* else cut at a limit, or by the proxy */
};

void lrd_proxy_refusal_init(struct lrd_proxy_refusal *refusal,
			    const larder_allocator *allocator);
void lrd_proxy_refusal_release(struct lrd_proxy_refusal *refusal); /* accepts NULL */

enum { LRD_PROXY_IDENTITY_LEN = 32 };

/*
 * A digest (SHA-256) of all that makes two ways through proxies differ, secrets included and
 * not to be read out of it: every member, but `authorization` only where there is no user.
 * ENOMEM.
 */
int lrd_proxy_identity(const struct lrd_proxy *proxy,
		       unsigned char out[LRD_PROXY_IDENTITY_LEN]) LARDER_MUST_USE;

/* "HTTP", "HTTPS", "SOCKS4", "SOCKS5": for messages. Never NULL. */
const char *lrd_proxy_kind_name(enum lrd_proxy_kind kind);

#endif
