/* SPDX-License-Identifier: MIT */
/* dial.c - from a host and a port to a connected stream: resolve, connect, secure. */
#include "transport/dial.h"

#include <stdio.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "transport/tcp.h"

static void now(const struct lrd_dial *dial, uint64_t *when)
{
	if (dial->times)
		*when = lrd_clock_mono_ns();
}

static struct lrd_wait wait_for(const struct lrd_dial *dial, uint32_t timeout_ms,
				uint32_t phase)
{
	return (struct lrd_wait){
		.deadline_ns = lrd_wait_deadline(dial->deadline_ns, timeout_ms),
		.wake_fd = dial->wake_fd,
		.phase = phase,
	};
}

/* "example.org:443", "[2001:db8::1]:80": what messages and the error's host say. */
static bool name_place(const struct lrd_dial *dial, char *place, size_t size)
{
	bool brackets = strchr(dial->host, ':') != NULL;
	int len = snprintf(place, size, "%s%s%s:%u", brackets ? "[" : "", dial->host,
			   brackets ? "]" : "", dial->port);

	return len > 0 && (size_t)len < size;
}

static int addresses(const struct lrd_dial *dial, const char *place,
		     struct lrd_addr_list *list, larder_error *err)
{
	struct lrd_wait wait =
		wait_for(dial, dial->resolve_timeout_ms, LARDER_PHASE_RESOLVE);
	int rc;

	if (dial->unix_path) {
		list->count = 1;
		if (lrd_addr_unix(dial->unix_path, &list->addr[0]))
			return 0;
		return lrd_error_set(
			err, LARDER_EINVAL, LARDER_PHASE_CONNECT, 0, place,
			"the path of a unix socket has 1 to 107 bytes: %.200s",
			dial->unix_path);
	}
	rc = lrd_resolve(dial->resolver, dial->host, dial->port, &wait, list, err);
	if (rc == 0 && dial->times)
		now(dial, &dial->times->resolved_ns);
	return rc;
}

static int secure(const struct lrd_dial *dial, struct lrd_stream **stream,
		  larder_error *err)
{
	struct lrd_wait wait = wait_for(dial, dial->tls_timeout_ms, LARDER_PHASE_TLS);
	int rc = lrd_tls_handshake(dial->tls, dial->host, stream, &wait, err);

	if (rc == 0 && dial->times)
		now(dial, &dial->times->secured_ns);
	return rc;
}

static int dial_at(const struct lrd_dial *dial, const char *place,
		   struct lrd_stream **out, larder_error *err)
{
	struct lrd_stream *stream = NULL;
	struct lrd_addr_list list;
	struct lrd_wait wait;
	int rc = addresses(dial, place, &list, err);

	if (rc < 0)
		goto out;
	wait = wait_for(dial, dial->connect_timeout_ms, LARDER_PHASE_CONNECT);
	rc = lrd_tcp_connect(&list, place, &wait, dial->allocator, &stream, err);
	if (rc < 0) {
		/* The name may have moved: look it up anew next time. */
		if (dial->resolver && !dial->unix_path)
			lrd_resolver_forget(dial->resolver, dial->host);
		goto out;
	}
	if (dial->times)
		now(dial, &dial->times->connected_ns);
	if (dial->tls)
		rc = secure(dial, &stream, err);
	if (rc < 0)
		goto out;
	*out = stream;
	stream = NULL; /* moved to the caller */
out:
	lrd_stream_abort(stream);
	return rc;
}

int lrd_dial(const struct lrd_dial *dial, struct lrd_stream **out, larder_error *err)
{
	char place[sizeof(err->host)];
	int rc;

	if (!dial->host || !name_place(dial, place, sizeof(place))) {
		/* No lookup could succeed: names have at most 253 bytes. */
		return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0,
				     dial->host ? dial->host : "",
				     "cannot resolve %.200s...: %s",
				     dial->host ? dial->host : "",
				     "no such name can exist");
	}
	if (dial->times)
		*dial->times = (struct lrd_dial_times){ .begin_ns = lrd_clock_mono_ns() };
	rc = dial_at(dial, place, out, err);
	if (rc < 0 && err)
		(void)snprintf(err->host, sizeof(err->host), "%s", place);
	return rc;
}
