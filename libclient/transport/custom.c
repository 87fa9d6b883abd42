/* SPDX-License-Identifier: MIT */
/* custom.c - connections of the caller's own making as streams (larder/transport.h). */
#include "transport/custom.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes/alloc.h"
#include "sys/clock.h"
#include "sys/error.h"

enum { NS_PER_MS = 1000000, SLICE_MS = 100 };

struct custom {
	struct lrd_stream base;
	larder_transport transport;
	void *conn;
	bool opened;
};

bool lrd_custom_valid(const larder_transport *transport)
{
	return transport->open && transport->read && transport->write &&
	       transport->close && (transport->wait || transport->fd) &&
	       transport->secures <= 1;
}

/* Only codes of ours come out, whatever the caller's functions return. */
static int code_of(ptrdiff_t rc)
{
	if (rc < 0 && rc > INT_MIN &&
	    strcmp(larder_error_name((int)rc), larder_error_name(1)) != 0)
		return (int)rc;
	return LARDER_EIO;
}

static int failed(const struct custom *custom, ptrdiff_t rc, const char *doing,
		  larder_error *err)
{
	int code = code_of(rc);

	return lrd_error_set(err, code, LARDER_PHASE_NONE, 0, custom->base.host,
			     "%s %s by the given transport: %s (%lld)", doing,
			     custom->base.host, larder_strerror(code), (long long)rc);
}

static ptrdiff_t custom_read(struct lrd_stream *stream, void *buf, size_t len,
			     larder_error *err)
{
	struct custom *custom = (struct custom *)stream;
	ptrdiff_t got =
		custom->transport.read(custom->conn, buf, len, custom->transport.ctx);

	if (got == LARDER_TRANSPORT_WAIT_READ)
		return LRD_WANT_READ;
	if (got == LARDER_TRANSPORT_WAIT_WRITE)
		return LRD_WANT_WRITE;
	if (got < 0)
		return failed(custom, got, "reading from", err);
	if ((size_t)got > len)
		return failed(custom, LARDER_EINVAL, "more than asked for came from", err);
	return got;
}

static ptrdiff_t custom_write(struct lrd_stream *stream, const struct iovec *iov,
			      int count, larder_error *err)
{
	struct custom *custom = (struct custom *)stream;
	ptrdiff_t total = 0;

	for (int i = 0; i < count; i++) {
		ptrdiff_t sent;

		if (iov[i].iov_len == 0)
			continue;
		sent = custom->transport.write(custom->conn, iov[i].iov_base,
					       iov[i].iov_len, custom->transport.ctx);
		if (sent <= 0 && total > 0)
			return total; /* what is wrong shows again at the next write */
		if (sent == LARDER_TRANSPORT_WAIT_READ)
			return LRD_WANT_READ;
		if (sent == LARDER_TRANSPORT_WAIT_WRITE)
			return LRD_WANT_WRITE;
		if (sent <= 0)
			return failed(custom, sent, "writing to", err);
		if ((size_t)sent > iov[i].iov_len)
			return failed(custom, LARDER_EINVAL, "more than given went to",
				      err);
		total += sent;
		if ((size_t)sent < iov[i].iov_len)
			break;
	}
	return total;
}

static bool custom_pending(const struct lrd_stream *stream)
{
	(void)stream;
	return false;
}

static bool custom_alive(struct lrd_stream *stream)
{
	const struct custom *custom = (const struct custom *)stream;

	return custom->transport.alive &&
	       custom->transport.alive(custom->conn, custom->transport.ctx) == 1;
}

static void custom_close(struct lrd_stream *stream, bool graceful)
{
	struct custom *custom = (struct custom *)stream;

	(void)graceful;
	if (custom->opened)
		custom->transport.close(custom->conn, custom->transport.ctx);
	lrd_alloc_free(stream->allocator, custom);
}

static bool is_raised(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return fd > 0 && poll(&one, 1, 0) == 1;
}

/* How long one call may last; 0: the deadline has passed. */
static uint32_t slice_ms(uint64_t deadline_ns)
{
	uint64_t now_ns;
	uint64_t left_ms;

	if (deadline_ns == 0)
		return SLICE_MS;
	now_ns = lrd_clock_mono_ns();
	if (now_ns >= deadline_ns)
		return 0;
	left_ms = (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return left_ms < SLICE_MS ? (uint32_t)left_ms : SLICE_MS;
}

static int custom_wait(struct lrd_stream *stream, unsigned events,
		       const struct lrd_wait *wait, larder_error *err)
{
	struct custom *custom = (struct custom *)stream;

	for (;;) {
		uint32_t ms = slice_ms(wait->deadline_ns);
		int rc = custom->transport.wait(custom->conn, events, ms,
						custom->transport.ctx);

		if (rc < 0) {
			rc = failed(custom, rc, "waiting for", err);
			if (err)
				err->phase = wait->phase;
			return rc;
		}
		if ((unsigned)rc & events)
			return (int)((unsigned)rc & events);
		if (is_raised(wait->wake_fd))
			return lrd_error_set(err, LARDER_ECANCELED, wait->phase, 0,
					     stream->host, "canceled");
		if (ms == 0)
			return lrd_error_set(err, LARDER_ETIMEDOUT, wait->phase, 0,
					     stream->host, "timed out, host %s",
					     stream->host);
	}
}

static const struct lrd_stream_ops waiting_ops = {
	.name = "transport",
	.read = custom_read,
	.write = custom_write,
	.pending = custom_pending,
	.alive = custom_alive,
	.close = custom_close,
	.wait = custom_wait,
};

/* For those with a descriptor. */
static const struct lrd_stream_ops polled_ops = {
	.name = "transport",
	.read = custom_read,
	.write = custom_write,
	.pending = custom_pending,
	.alive = custom_alive,
	.close = custom_close,
};

static uint32_t left_ms(const struct lrd_wait *wait)
{
	uint64_t now_ns = lrd_clock_mono_ns();
	uint64_t ms;

	if (wait->deadline_ns == 0)
		return 0;
	if (wait->deadline_ns <= now_ns)
		return 1;
	ms = (wait->deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static int open_failed(int rc, const struct lrd_custom_target *target,
		       const struct lrd_wait *wait, larder_error *err)
{
	int code = code_of(rc);

	return lrd_error_set(err, code, wait->phase, 0, target->place,
			     "connect to %s by the given transport: %s (%d)",
			     target->place, larder_strerror(code), rc);
}

int lrd_custom_open(const larder_transport *transport,
		    const struct lrd_custom_target *target, const struct lrd_wait *wait,
		    const larder_allocator *allocator, struct lrd_stream **out,
		    larder_error *err)
{
	struct custom *custom = lrd_alloc_zero(allocator, sizeof(*custom));
	int rc;

	if (!custom)
		return lrd_error_set(err, LARDER_ENOMEM, wait->phase, 0, target->place,
				     "no memory for a connection");
	lrd_stream_init(&custom->base, transport->wait ? &waiting_ops : &polled_ops, NULL,
			allocator);
	(void)snprintf(custom->base.host, sizeof(custom->base.host), "%s", target->place);
	custom->transport = *transport;
	rc = transport->open(target->scheme, target->host, target->port, left_ms(wait),
			     &custom->conn, transport->ctx);
	if (rc < 0) {
		lrd_alloc_free(allocator, custom);
		return open_failed(rc, target, wait, err);
	}
	custom->opened = true;
	if (transport->fd)
		custom->base.fd = transport->fd(custom->conn, transport->ctx);
	if (!transport->wait && custom->base.fd < 0) {
		lrd_stream_abort(&custom->base);
		return lrd_error_set(err, LARDER_EINVAL, wait->phase, 0, target->place,
				     "the transport has neither a descriptor for %s nor "
				     "a wait of its own",
				     target->place);
	}
	*out = &custom->base;
	return 0;
}

size_t lrd_custom_identity(const larder_transport *transport, bool https,
			   unsigned char out[LRD_CUSTOM_IDENTITY_MAX])
{
	size_t len = 0;

	out[len++] = https;
	out[len++] = (unsigned char)transport->secures;
	memcpy(out + len, &transport->open, sizeof(transport->open));
	len += sizeof(transport->open);
	memcpy(out + len, &transport->read, sizeof(transport->read));
	len += sizeof(transport->read);
	memcpy(out + len, &transport->ctx, sizeof(transport->ctx));
	return len + sizeof(transport->ctx);
}
