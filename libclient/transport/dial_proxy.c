/* SPDX-License-Identifier: MIT */
/* dial_proxy.c - the way to an origin through a proxy: reach the proxy, then ask it. */
#include <stdio.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "transport/dial_internal.h"
#include "transport/socks.h"
#include "transport/tunnel.h"

/* The origin as its address, for a proxy that is not to look it up. */
static int origin_address(const struct lrd_dial *dial, struct lrd_addr *addr,
			  larder_error *err)
{
	bool four = dial->proxy->kind == LRD_PROXY_SOCKS4;
	struct lrd_addr_list list;
	int rc = lrd_dial_resolve(dial, dial->host, dial->port, &list, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list.count; i++) {
		if (four && list.addr[i].storage.ss_family != AF_INET)
			continue;
		*addr = list.addr[i];
		return 0;
	}
	return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0, dial->host,
			     "%.200s has no IPv4 address, and SOCKS4 knows no other",
			     dial->host);
}

static int ask_socks(const struct lrd_dial *dial, const struct lrd_addr *addr,
		     struct lrd_stream *stream, larder_error *err)
{
	const struct lrd_socks_target target = { dial->host, dial->port, addr };
	struct lrd_wait wait =
		lrd_dial_wait(dial, dial->connect_timeout_ms, LARDER_PHASE_CONNECT);

	return lrd_socks_connect(stream, dial->proxy, &target, &wait, err);
}

static int ask_http(const struct lrd_dial *dial, const struct lrd_addr *addr,
		    struct lrd_stream *stream, larder_error *err)
{
	struct lrd_wait wait =
		lrd_dial_wait(dial, dial->connect_timeout_ms, LARDER_PHASE_CONNECT);
	char host[sizeof(stream->host)];
	char authority[sizeof(stream->host) + 16];

	if (addr)
		(void)lrd_addr_text(addr, host, sizeof(host));
	else
		(void)snprintf(host, sizeof(host), "%s", dial->host);
	/* The zone of an address means something on this machine alone. */
	host[strcspn(host, "%")] = '\0';
	if (!lrd_dial_place(host, dial->port, authority, sizeof(authority)))
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_CONNECT, 0, NULL,
				     "host name too long for a tunnel");
	return lrd_tunnel_open(stream, dial->proxy, authority, &wait, dial->refusal, err);
}

/* Has the proxy open the way to the origin, where it does not forward requests. */
static int pass_through(const struct lrd_dial *dial, const struct lrd_addr *addr,
			const char *place, struct lrd_stream *stream, larder_error *err)
{
	int rc;

	if (lrd_dial_forwards(dial))
		return 0;
	if (dial->proxy->kind == LRD_PROXY_SOCKS4 || dial->proxy->kind == LRD_PROXY_SOCKS5)
		rc = ask_socks(dial, addr, stream, err);
	else
		rc = ask_http(dial, addr, stream, err);
	if (rc < 0)
		return rc;
	/* From here on it is the origin's, who has seen nothing yet. */
	(void)snprintf(stream->host, sizeof(stream->host), "%s", place);
	stream->bytes_in = 0;
	stream->bytes_out = 0;
	stream->likely_empty = false;
	if (dial->times)
		dial->times->tunneled_ns = lrd_clock_mono_ns();
	return 0;
}

/* What can be known to be wrong before anybody connects; finds the origin's address too. */
static int prepare_proxy(const struct lrd_dial *dial, struct lrd_addr *addr,
			 const struct lrd_addr **use, larder_error *err)
{
	const struct lrd_proxy *proxy = dial->proxy;
	bool socks = proxy->kind == LRD_PROXY_SOCKS4 || proxy->kind == LRD_PROXY_SOCKS5;
	const char *wrong = NULL;
	int rc = 0;

	if (proxy->kind > LRD_PROXY_SOCKS5)
		wrong = "no such kind of proxy";
	else if (!proxy->host)
		wrong = "its host is missing";
	else if (dial->unix_path)
		wrong = "a unix socket is not reached through a proxy";
	else if ((proxy->kind == LRD_PROXY_HTTPS) != (proxy->tls != NULL))
		wrong = "an HTTPS proxy, and no other, takes a TLS configuration";
	if (wrong)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_CONNECT, 0,
				     proxy->host, "%s proxy %.200s: %s",
				     lrd_proxy_kind_name(proxy->kind),
				     proxy->host ? proxy->host : "", wrong);
	if (lrd_dial_forwards(dial))
		return 0;
	/* SOCKS has forms of its own for addresses; they need no lookup by anybody. */
	if (socks && lrd_addr_parse(dial->host, dial->port, addr)) {
		*use = addr;
	} else if (proxy->local_dns) {
		rc = origin_address(dial, addr, err);
		*use = addr;
	}
	if (rc == 0 && socks) {
		const struct lrd_socks_target target = { dial->host, dial->port, *use };

		rc = lrd_socks_check(proxy, &target, err);
	}
	return rc;
}

int lrd_dial_through(const struct lrd_dial *dial, const char *place, char *at,
		     size_t at_size, struct lrd_stream **out, larder_error *err)
{
	const struct lrd_proxy *proxy = dial->proxy;
	unsigned char identity[LRD_PROXY_IDENTITY_LEN];
	const struct lrd_addr *use = NULL;
	struct lrd_addr addr;
	struct lrd_stream *stream = NULL;
	int rc;

	rc = prepare_proxy(dial, &addr, &use, err);
	if (rc < 0)
		return rc;
	if (!lrd_dial_place(proxy->host, proxy->port, at, at_size))
		return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0, NULL,
				     "cannot resolve the proxy %.200s...: %s",
				     proxy->host, "no such name can exist");
	rc = lrd_dial_reach(dial, proxy->host, proxy->port, at, &stream, err);
	if (rc < 0)
		goto out;
	rc = lrd_proxy_identity(proxy, identity);
	if (rc < 0) {
		(void)lrd_error_set(err, rc, LARDER_PHASE_CONNECT, 0, at,
				    "no memory for the way through %s", at);
		goto out;
	}
	memcpy(&stream->route, identity, sizeof(stream->route));
	if (proxy->tls)
		rc = lrd_dial_secure(dial, proxy->tls, proxy->host, &stream, err);
	if (rc == 0)
		rc = pass_through(dial, use, place, stream, err);
	if (rc < 0)
		goto out;
	if (!lrd_dial_forwards(dial))
		(void)snprintf(at, at_size, "%s", place);
	*out = stream;
	stream = NULL; /* moved to the caller */
out:
	lrd_stream_abort(stream);
	return rc;
}
