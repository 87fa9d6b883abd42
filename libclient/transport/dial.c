/* SPDX-License-Identifier: MIT */
/* dial.c - from a host and a port to a connected stream, directly or through a proxy. */
#include "transport/dial.h"

#include <stdio.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "transport/dial_internal.h"
#include "transport/tcp.h"

struct lrd_wait lrd_dial_wait(const struct lrd_dial *dial, uint32_t timeout_ms,
			      uint32_t phase)
{
	return (struct lrd_wait){
		.deadline_ns = lrd_wait_deadline(dial->deadline_ns, timeout_ms),
		.wake_fd = dial->wake_fd,
		.phase = phase,
	};
}

bool lrd_dial_place(const char *host, uint16_t port, char *place, size_t size)
{
	bool brackets = strchr(host, ':') != NULL;
	int len = snprintf(place, size, "%s%s%s:%u", brackets ? "[" : "", host,
			   brackets ? "]" : "", port);

	return len > 0 && (size_t)len < size;
}

bool lrd_dial_forwards(const struct lrd_dial *dial)
{
	const struct lrd_proxy *proxy = dial->proxy;

	return proxy && !dial->transport && !dial->tls && !proxy->tunnel &&
	       (proxy->kind == LRD_PROXY_HTTP || proxy->kind == LRD_PROXY_HTTPS);
}

/* ---- the steps -------------------------------------------------------------------------- */

int lrd_dial_resolve(const struct lrd_dial *dial, const char *host, uint16_t port,
		     struct lrd_addr_list *list, larder_error *err)
{
	struct lrd_wait wait =
		lrd_dial_wait(dial, dial->resolve_timeout_ms, LARDER_PHASE_RESOLVE);

	return lrd_resolve(dial->resolver, host, port, &wait, list, err);
}

static int addresses(const struct lrd_dial *dial, const char *host, uint16_t port,
		     struct lrd_addr_list *list, larder_error *err)
{
	int rc;

	if (dial->unix_path) {
		list->count = 1;
		if (lrd_addr_unix(dial->unix_path, &list->addr[0]))
			return 0;
		return lrd_error_set(
			err, LARDER_EINVAL, LARDER_PHASE_CONNECT, 0, host,
			"the path of a unix socket has 1 to 107 bytes: %.200s",
			dial->unix_path);
	}
	rc = lrd_dial_resolve(dial, host, port, list, err);
	if (rc == 0 && dial->times)
		dial->times->resolved_ns = lrd_clock_mono_ns();
	return rc;
}

int lrd_dial_reach(const struct lrd_dial *dial, const char *host, uint16_t port,
		   const char *place, struct lrd_stream **out, larder_error *err)
{
	struct lrd_addr_list list;
	struct lrd_wait wait;
	int rc = addresses(dial, host, port, &list, err);

	if (rc < 0)
		return rc;
	wait = lrd_dial_wait(dial, dial->connect_timeout_ms, LARDER_PHASE_CONNECT);
	rc = lrd_tcp_connect(&list, place, &wait, dial->allocator, out, err);
	if (rc < 0) {
		/* The name may have moved: look it up anew next time. */
		if (dial->resolver && !dial->unix_path)
			lrd_resolver_forget(dial->resolver, host);
		return rc;
	}
	if (dial->times)
		dial->times->connected_ns = lrd_clock_mono_ns();
	return 0;
}

int lrd_dial_secure(const struct lrd_dial *dial, struct lrd_tls *tls, const char *host,
		    struct lrd_stream **stream, larder_error *err)
{
	struct lrd_wait wait = lrd_dial_wait(dial, dial->tls_timeout_ms, LARDER_PHASE_TLS);

	return lrd_tls_handshake(tls, host, stream, &wait, err);
}

static int reach_by_transport(const struct lrd_dial *dial, const char *place,
			      struct lrd_stream **out, larder_error *err)
{
	struct lrd_wait wait =
		lrd_dial_wait(dial, dial->connect_timeout_ms, LARDER_PHASE_CONNECT);
	struct lrd_custom_target target = {
		.scheme = dial->tls ? "https" : "http",
		.host = dial->host,
		.place = place,
		.port = dial->port,
	};
	int rc = lrd_custom_open(dial->transport, &target, &wait, dial->allocator, out,
				 err);

	if (rc == 0 && dial->times)
		dial->times->connected_ns = lrd_clock_mono_ns();
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------- */

/* Errors met on the way to a proxy say so: their words name its address alone. */
static void tell_proxy(const struct lrd_dial *dial, const char *at, const char *place,
		       larder_error *err)
{
	char message[sizeof(err->message)];

	if (!dial->proxy || strcmp(at, place) == 0 || strstr(err->message, "proxy"))
		return;
	(void)snprintf(message, sizeof(message), "proxy: %.500s", err->message);
	memcpy(err->message, message, sizeof(message));
}

int lrd_dial(const struct lrd_dial *dial, struct lrd_stream **out, larder_error *err)
{
	struct lrd_stream *stream = NULL;
	char place[sizeof(err->host)];
	char at[sizeof(err->host)];
	int rc;

	if (!dial->host || !lrd_dial_place(dial->host, dial->port, place, sizeof(place))) {
		/* No lookup could succeed: names have at most 253 bytes. */
		return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0,
				     dial->host ? dial->host : "",
				     "cannot resolve %.200s...: %s",
				     dial->host ? dial->host : "",
				     "no such name can exist");
	}
	if (dial->times)
		*dial->times = (struct lrd_dial_times){ .begin_ns = lrd_clock_mono_ns() };
	memcpy(at, place, sizeof(at));
	if (dial->transport)
		rc = reach_by_transport(dial, place, &stream, err);
	else if (dial->proxy)
		rc = lrd_dial_through(dial, place, at, sizeof(at), &stream, err);
	else
		rc = lrd_dial_reach(dial, dial->host, dial->port, place, &stream, err);
	if (rc == 0 && dial->tls && !(dial->transport && dial->transport->secures)) {
		rc = lrd_dial_secure(dial, dial->tls, dial->host, &stream, err);
		if (rc == 0 && dial->times)
			dial->times->secured_ns = lrd_clock_mono_ns();
	}
	if (rc == 0) {
		*out = stream;
		return 0;
	}
	lrd_stream_abort(stream);
	if (err) {
		tell_proxy(dial, at, place, err);
		(void)snprintf(err->host, sizeof(err->host), "%s", at);
	}
	return rc;
}
