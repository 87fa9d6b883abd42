/* SPDX-License-Identifier: MIT */
/* tcp.c - a connected socket, TCP or unix, as a stream. */
#include "transport/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proto/bytes/alloc.h"
#include "sys/error.h"

/* The one translation of a connected socket's errno. */
static int socket_error(const struct lrd_stream *stream, int os_errno, const char *doing,
			larder_error *err)
{
	char text[128];
	int code = LARDER_ECLOSED;

	if (os_errno == ENOMEM || os_errno == ENOBUFS)
		code = LARDER_ENOMEM;
	return lrd_error_set(err, code, LARDER_PHASE_NONE, os_errno, stream->host,
			     "connection to %s lost while %s: %s", stream->host, doing,
			     lrd_error_os_text(os_errno, text, sizeof(text)));
}

static ptrdiff_t tcp_read(struct lrd_stream *stream, void *buf, size_t len,
			  larder_error *err)
{
	int flags = stream->may_block ? 0 : MSG_DONTWAIT;
	ssize_t got;

	do {
		got = recv(stream->fd, buf, len, flags);
	} while (got < 0 && errno == EINTR && flags);
	if (got >= 0)
		return got;
	/* A signal may have been sent to stop us: whoever waits looks into that. */
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return LRD_WANT_READ;
	return socket_error(stream, errno, "reading", err);
}

static ptrdiff_t tcp_write(struct lrd_stream *stream, const struct iovec *iov, int count,
			   larder_error *err)
{
	struct msghdr message = { .msg_iovlen = (size_t)count };
	ssize_t sent;

	/* sendmsg() only reads the vector; its type has no const. */
	message.msg_iov = (struct iovec *)iov;
	do {
		if (count == 1)
			sent = send(stream->fd, iov->iov_base, iov->iov_len,
				    MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return LRD_WANT_WRITE;
	return socket_error(stream, errno, "writing", err);
}

static bool tcp_pending(const struct lrd_stream *stream)
{
	(void)stream;
	return false;
}

static bool tcp_alive(struct lrd_stream *stream)
{
	char byte;
	ssize_t got;

	do {
		got = recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	/* A byte that nobody asked for, the end, or an error: all of them say dead. */
	return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void tcp_close(struct lrd_stream *stream, bool graceful)
{
	(void)graceful;
	/* Never shutdown(): the parent of a fork may still use the connection. */
	(void)close(stream->fd);
	lrd_alloc_free(stream->allocator, stream);
}

static const struct lrd_stream_ops tcp_ops = {
	.name = "socket",
	.read = tcp_read,
	.write = tcp_write,
	.pending = tcp_pending,
	.alive = tcp_alive,
	.close = tcp_close,
};

int lrd_tcp_take_fd(int fd, const char *host, const larder_allocator *allocator,
		    struct lrd_stream **out, larder_error *err)
{
	const struct timeval slice = { .tv_usec = LRD_STREAM_SLICE_MS * 1000 };
	struct lrd_stream *stream;
	int flags = fcntl(fd, F_GETFL);

	/* Each call says for itself whether it may wait, and none waits for longer. */
	if (flags < 0 ||
	    ((flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice)) < 0) {
		int os_errno = errno;

		(void)close(fd);
		return lrd_error_set(err, LARDER_EIO, LARDER_PHASE_CONNECT, os_errno,
				     host, "cannot prepare the socket");
	}
	stream = lrd_alloc(allocator, sizeof(*stream));
	if (!stream) {
		(void)close(fd);
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_CONNECT, 0, host,
				     "no memory for a connection");
	}
	lrd_stream_init(stream, &tcp_ops, NULL, allocator);
	stream->fd = fd;
	(void)snprintf(stream->host, sizeof(stream->host), "%s", host ? host : "");
	*out = stream;
	return 0;
}
