/* SPDX-License-Identifier: MIT */
/* proxy_url.h - a proxy as users write it: "http://user:password@proxy.example:3128". */
#ifndef LRD_TRANSPORT_PROXY_URL_H
#define LRD_TRANSPORT_PROXY_URL_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "transport/proxy.h"

enum { LRD_PROXY_USER_MAX = 255, LRD_PROXY_PASSWORD_MAX = 1023 };

/* A value: holds its own text. Wipe it when done. */
struct lrd_proxy_url {
	enum lrd_proxy_kind kind;
	bool local_dns;
	bool has_user; /* an '@' stood there; the user may still be empty */
	uint16_t port;
	uint16_t user_len;
	uint16_t password_len;
	char host[256];                    /* without brackets, NUL-terminated */
	char user[LRD_PROXY_USER_MAX + 1]; /* decoded, NUL-terminated */
	char password[LRD_PROXY_PASSWORD_MAX + 1];
};

/*
 * Reads a URL. Schemes, in any case, with the port that stands for none:
 *
 *	http    80    HTTP proxy; also where there is no scheme at all ("proxy:3128")
 *	https  443    HTTP proxy within TLS
 *	socks5h, socks  1080  SOCKS5, names looked up by the proxy
 *	socks5 1080   SOCKS5, names looked up here
 *	socks4a 1080  SOCKS4a, names looked up by the proxy
 *	socks4 1080   SOCKS4, names looked up here
 *
 * User and password are percent-decoded; controls in them are refused. Behind the port only
 * a "/" may stand. EINVAL with words (never with the password), *out untouched, for all else:
 * who asked for a proxy is not sent past it.
 */
int lrd_proxy_url_parse(larder_slice text, struct lrd_proxy_url *out,
			larder_error *err) LARDER_MUST_USE;

/* The same as struct lrd_dial wants it; borrows from `url`. tls is for the caller to set. */
struct lrd_proxy lrd_proxy_url_view(const struct lrd_proxy_url *url);

/* Overwrites it, the password above all. Accepts NULL. */
void lrd_proxy_url_wipe(struct lrd_proxy_url *url);

#endif
