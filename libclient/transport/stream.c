/* SPDX-License-Identifier: MIT */
/* stream.c - waiting on a byte stream under a deadline, whatever it is made of. */
#include "transport/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fork.h"

enum { NS_PER_MS = 1000000, IOV_MAX_COPIED = 16 };

/* ---- waiting ---------------------------------------------------------------------------- */

uint64_t lrd_wait_deadline(uint64_t base_ns, uint32_t timeout_ms)
{
	uint64_t own_ns;

	if (timeout_ms == 0)
		return base_ns;
	own_ns = lrd_clock_mono_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	return base_ns && base_ns < own_ns ? base_ns : own_ns;
}

/* For poll(): rounded up, so that it never ends before the deadline; -1 for no end. */
static int timeout_ms_until(uint64_t deadline_ns)
{
	uint64_t now_ns;
	uint64_t left_ms;

	if (deadline_ns == 0)
		return -1;
	now_ns = lrd_clock_mono_ns();
	if (now_ns >= deadline_ns)
		return 0;
	left_ms = (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static const char *waited_for(uint32_t phase)
{
	switch (phase) {
	case LARDER_PHASE_CONNECT:
		return "connecting";
	case LARDER_PHASE_TLS:
		return "in the TLS handshake";
	case LARDER_PHASE_SEND:
		return "sending the request";
	case LARDER_PHASE_FIRST_BYTE:
		return "waiting for the response";
	case LARDER_PHASE_BODY:
		return "waiting for more of the body";
	default:
		return "waiting for the network";
	}
}

int lrd_wait_fd(int fd, unsigned events, const struct lrd_wait *wait, const char *host,
		larder_error *err)
{
	struct pollfd fds[2] = {
		{ .fd = fd },
		{ .fd = wait->wake_fd, .events = POLLIN },
	};
	nfds_t count = wait->wake_fd > 0 ? 2 : 1;

	if (events & LRD_READABLE)
		fds[0].events |= POLLIN;
	if (events & LRD_WRITABLE)
		fds[0].events |= POLLOUT;
	for (;;) {
		int timeout_ms = timeout_ms_until(wait->deadline_ns);
		int rc = poll(fds, count, timeout_ms);

		if (rc < 0 && errno != EINTR && errno != EAGAIN) {
			return lrd_error_set(err, LARDER_EIO, wait->phase, errno, host,
					     "poll failed");
		}
		if (rc > 0 && count == 2 && fds[1].revents) {
			return lrd_error_set(err, LARDER_ECANCELED, wait->phase, 0, host,
					     "canceled while %s", waited_for(wait->phase));
		}
		if (rc > 0) {
			/* An error or a hang-up is found out by the operation that was waited for. */
			if (fds[0].revents & ~(POLLIN | POLLOUT))
				return (int)events;
			return (fds[0].revents & POLLIN ? LRD_READABLE : 0) |
			       (fds[0].revents & POLLOUT ? LRD_WRITABLE : 0);
		}
		/* Only a deadline that was not cut down to poll()'s range ends the wait. */
		if (rc == 0 && timeout_ms >= 0 && timeout_ms != INT_MAX) {
			return lrd_error_set(err, LARDER_ETIMEDOUT, wait->phase, 0, host,
					     "timed out %s%s%s", waited_for(wait->phase),
					     host && *host ? ", host " : "",
					     host ? host : "");
		}
	}
}

static int block_on(struct lrd_stream *stream, unsigned events,
		    const struct lrd_wait *wait, larder_error *err)
{
	/* TLS over a stream without a descriptor waits as that one does. */
	for (struct lrd_stream *at = stream; at; at = at->below) {
		if (at->ops->wait)
			return at->ops->wait(at, events, wait, err);
	}
	return lrd_wait_fd(stream->fd, events, wait, stream->host, err);
}

/* ---- the life of a stream --------------------------------------------------------------- */

void lrd_stream_init(struct lrd_stream *stream, const struct lrd_stream_ops *ops,
		     struct lrd_stream *below, const larder_allocator *allocator)
{
	*stream = (struct lrd_stream){
		.ops = ops,
		.below = below,
		.allocator = allocator,
		.fd = below ? below->fd : -1,
		.fork_generation = below ? below->fork_generation : lrd_fork_generation(),
		.created_ns = below ? below->created_ns : lrd_clock_mono_ns(),
		.route = below ? below->route : 0,
	};
	if (below)
		memcpy(stream->host, below->host, sizeof(stream->host));
}

bool lrd_stream_inherited(const struct lrd_stream *stream)
{
	return stream->fork_generation != lrd_fork_generation();
}

bool lrd_stream_alive(struct lrd_stream *stream)
{
	return !stream->broken && !lrd_stream_inherited(stream) &&
	       stream->ops->alive(stream);
}

static void close_stack(struct lrd_stream *stream, bool graceful)
{
	while (stream) {
		struct lrd_stream *below = stream->below;

		stream->ops->close(stream, graceful);
		stream = below;
	}
}

void lrd_stream_close(struct lrd_stream *stream)
{
	close_stack(stream, stream && !stream->broken && !lrd_stream_inherited(stream));
}

void lrd_stream_abort(struct lrd_stream *stream)
{
	close_stack(stream, false);
}

/* ---- reading and writing ---------------------------------------------------------------- */

static int refuse(const struct lrd_stream *stream, bool broken, uint32_t phase,
		  larder_error *err)
{
	if (lrd_stream_inherited(stream)) {
		return lrd_error_set(err, LARDER_ECLOSED, phase, 0, stream->host,
				     "the connection belongs to the parent process");
	}
	if (broken) {
		return lrd_error_set(err, LARDER_ECLOSED, phase, 0, stream->host,
				     "the connection failed before");
	}
	return 0;
}

static ptrdiff_t fail(struct lrd_stream *stream, ptrdiff_t code, uint32_t phase,
		      larder_error *err)
{
	stream->broken = true;
	err->phase = phase;
	return code;
}

static bool is_want(ptrdiff_t rc)
{
	return rc == LRD_WANT_READ || rc == LRD_WANT_WRITE;
}

static unsigned wanted(ptrdiff_t rc)
{
	return rc == LRD_WANT_WRITE ? LRD_WRITABLE : LRD_READABLE;
}

ptrdiff_t lrd_stream_read_now(struct lrd_stream *stream, void *buf, size_t len,
			      uint32_t phase, larder_error *err)
{
	larder_error unasked;
	ptrdiff_t got = refuse(stream, stream->read_broken, phase, err);

	if (got < 0)
		return got;
	if (!err)
		err = &unasked;
	got = stream->ops->read(stream, buf, len, err);
	/* The reset that a write met is gone from the socket: its end is no clean one. */
	if (got == 0 && stream->broken) {
		got = lrd_error_set(err, LARDER_ECLOSED, phase, 0, stream->host,
				    "connection to %s lost", stream->host);
	}
	if (is_want(got))
		return got;
	if (got < 0) {
		stream->read_broken = true;
		return fail(stream, got, phase, err);
	}
	stream->bytes_in += (size_t)got;
	/* A short read drained it: asking again at once would be a system call for nothing. */
	stream->likely_empty = (size_t)got < len;
	return got;
}

ptrdiff_t lrd_stream_read_soon(struct lrd_stream *stream, void *buf, size_t len,
			       uint32_t phase, larder_error *err)
{
	struct lrd_stream *bottom = stream;
	ptrdiff_t got;

	while (bottom->below)
		bottom = bottom->below;
	bottom->may_block = true;
	got = lrd_stream_read_now(stream, buf, len, phase, err);
	bottom->may_block = false;
	return got;
}

ptrdiff_t lrd_stream_read(struct lrd_stream *stream, void *buf, size_t len,
			  const struct lrd_wait *wait, larder_error *err)
{
	bool wait_first = stream->likely_empty && !stream->read_broken &&
			  !lrd_stream_inherited(stream) && !stream->ops->pending(stream);
	unsigned events = LRD_READABLE;

	for (;;) {
		ptrdiff_t got;

		if (wait_first) {
			int rc = block_on(stream, events, wait, err);

			if (rc < 0)
				return rc;
		}
		got = lrd_stream_read_now(stream, buf, len, wait->phase, err);
		if (!is_want(got))
			return got;
		events = wanted(got);
		wait_first = true;
	}
}

ptrdiff_t lrd_stream_write_now(struct lrd_stream *stream, const struct iovec *iov,
			       int count, uint32_t phase, larder_error *err)
{
	larder_error unasked;
	ptrdiff_t sent = refuse(stream, stream->broken, phase, err);

	if (sent < 0)
		return sent;
	if (!err)
		err = &unasked;
	sent = stream->ops->write(stream, iov, count, err);
	if (sent < 0)
		return is_want(sent) ? sent : fail(stream, sent, phase, err);
	stream->bytes_out += (size_t)sent;
	stream->likely_empty = true;
	return sent;
}

ptrdiff_t lrd_stream_write(struct lrd_stream *stream, const struct iovec *iov, int count,
			   const struct lrd_wait *wait, larder_error *err)
{
	for (;;) {
		ptrdiff_t sent =
			lrd_stream_write_now(stream, iov, count, wait->phase, err);
		int rc;

		if (!is_want(sent))
			return sent;
		rc = block_on(stream, wanted(sent), wait, err);
		if (rc < 0)
			return rc;
	}
}

/* Writes up to IOV_MAX_COPIED pieces, from a copy that can be cut as they go out. */
static int write_pieces(struct lrd_stream *stream, const struct iovec *iov, int count,
			const struct lrd_wait *wait, larder_error *err)
{
	struct iovec left[IOV_MAX_COPIED];
	int at = 0;

	memcpy(left, iov, (size_t)count * sizeof(left[0]));
	for (;;) {
		ptrdiff_t sent;

		while (at < count && left[at].iov_len == 0)
			at++;
		if (at == count)
			return 0;
		sent = lrd_stream_write(stream, left + at, count - at, wait, err);
		if (sent < 0)
			return (int)sent;
		while (sent > 0 && (size_t)sent >= left[at].iov_len)
			sent -= (ptrdiff_t)left[at++].iov_len;
		if (sent > 0) {
			left[at].iov_base = (char *)left[at].iov_base + sent;
			left[at].iov_len -= (size_t)sent;
		}
	}
}

int lrd_stream_write_all(struct lrd_stream *stream, const struct iovec *iov, int count,
			 const struct lrd_wait *wait, larder_error *err)
{
	int rc = 0;

	while (rc == 0 && count > 0) {
		int now = count < IOV_MAX_COPIED ? count : IOV_MAX_COPIED;

		rc = write_pieces(stream, iov, now, wait, err);
		iov += now;
		count -= now;
	}
	return rc;
}

int lrd_stream_wait(struct lrd_stream *stream, unsigned events,
		    const struct lrd_wait *wait, larder_error *err)
{
	if ((events & LRD_READABLE) && stream->ops->pending(stream))
		return LRD_READABLE;
	return block_on(stream, events, wait, err);
}
