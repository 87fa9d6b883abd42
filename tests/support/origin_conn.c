/* SPDX-License-Identifier: MIT */
/* origin_conn.c - one connection of the test origin: its requests, and script or handler. */
#include "tests/support/origin_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* lrd_origin_pattern() comes back to its beginning after so many bytes. */
enum { PATTERN_PERIOD = 26 * 251, READ_MAX = 256 * 1024 };

/* ---- bytes in and out ------------------------------------------------------------------- */

/* False when the origin is being freed. */
static bool wait_for(const struct lrd_origin_conn *conn, short events, int ms)
{
	struct pollfd fds[2] = {
		{ .fd = conn->fd, .events = events },
		{ .fd = conn->origin->stop[0], .events = POLLIN },
	};
	int rc;

	do {
		rc = poll(fds, 2, ms);
	} while (rc < 0 && errno == EINTR);
	return fds[1].revents == 0;
}

/* What a failed SSL call wants: true to try again. */
static bool tls_wait(const struct lrd_origin_conn *conn, int rc)
{
	switch (SSL_get_error(conn->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(conn, POLLIN, -1);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(conn, POLLOUT, -1);
	default:
		ERR_clear_error();
		return false;
	}
}

/* > 0 bytes; 0 at the end, a reset, or when the origin stops. */
static size_t read_some(struct lrd_origin_conn *conn, void *buf, size_t len)
{
	while (conn->fd >= 0) {
		ssize_t got;

		if (conn->ssl) {
			got = SSL_read(conn->ssl, buf, (int)len);
			if (got > 0)
				return (size_t)got;
			if (!tls_wait(conn, (int)got))
				return 0;
			continue;
		}
		got = recv(conn->fd, buf, len, 0);
		if (got >= 0)
			return (size_t)got;
		if (errno != EAGAIN && errno != EINTR)
			return 0;
		if (!wait_for(conn, POLLIN, -1))
			return 0;
	}
	return 0;
}

/* Reads what is there, noting it; false at the end. */
static bool fill_in(struct lrd_origin_conn *conn)
{
	char *buf = malloc(READ_MAX);
	size_t got;

	origin_must(buf != NULL, "malloc");
	got = read_some(conn, buf, READ_MAX);
	if (got) {
		pthread_mutex_lock(&conn->origin->lock);
		origin_bytes_add(&conn->received, buf, got);
		pthread_mutex_unlock(&conn->origin->lock);
		origin_bytes_add(&conn->in, buf, got);
	}
	free(buf);
	return got > 0;
}

static bool need(struct lrd_origin_conn *conn, size_t count)
{
	while (conn->in.len < count) {
		if (!fill_in(conn))
			return false;
	}
	return true;
}

/* A client that is gone is no error: the connection ends here. */
void lrd_origin_send(struct lrd_origin_conn *conn, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len && conn->fd >= 0) {
		ssize_t sent;

		if (conn->ssl) {
			sent = SSL_write(conn->ssl, from, len > 65536 ? 65536 : (int)len);
			if (sent <= 0 && !tls_wait(conn, (int)sent))
				break;
		} else {
			sent = send(conn->fd, from, len, MSG_NOSIGNAL);
			if (sent < 0 && errno != EAGAIN && errno != EINTR)
				break;
			if (sent < 0 && !wait_for(conn, POLLOUT, -1))
				break;
		}
		if (sent > 0) {
			from += sent;
			len -= (size_t)sent;
		}
	}
	if (len)
		lrd_origin_cut(conn);
}

void lrd_origin_sendf(struct lrd_origin_conn *conn, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	origin_must(len >= 0, "vasprintf");
	lrd_origin_send(conn, text, (size_t)len);
	free(text);
}

void lrd_origin_send_fill(struct lrd_origin_conn *conn, uint64_t count)
{
	const size_t size = 10 * PATTERN_PERIOD;
	char *bytes = malloc(size);

	origin_must(bytes != NULL, "malloc");
	for (size_t i = 0; i < size; i++)
		bytes[i] = lrd_origin_pattern(i);
	while (count && conn->fd >= 0 && wait_for(conn, POLLOUT, -1)) {
		size_t now = count < size ? (size_t)count : size;

		lrd_origin_send(conn, bytes, now);
		count -= now;
	}
	free(bytes);
}

void lrd_origin_pause(struct lrd_origin_conn *conn, unsigned ms)
{
	(void)wait_for(conn, 0, (int)ms);
}

/* ---- endings ---------------------------------------------------------------------------- */

static void drop(struct lrd_origin_conn *conn)
{
	if (conn->ssl) {
		SSL_set_quiet_shutdown(conn->ssl, 1);
		SSL_free(conn->ssl);
		conn->ssl = NULL;
	}
	close(conn->fd);
	conn->fd = -1;
}

void lrd_origin_reset(struct lrd_origin_conn *conn)
{
	const struct linger now = { .l_onoff = 1 };
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (conn->fd < 0)
		return;
	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	/* Also where a forked child still holds a copy of the descriptor. */
	if (connect(conn->fd, &nobody, sizeof(nobody)) < 0)
		errno = 0;
	drop(conn);
}

void lrd_origin_cut(struct lrd_origin_conn *conn)
{
	char rest[4096];

	if (conn->fd < 0)
		return;
	shutdown(conn->fd, SHUT_WR);
	/* Unread bytes would turn the close into a reset. */
	while (recv(conn->fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	drop(conn);
}

void lrd_origin_close(struct lrd_origin_conn *conn)
{
	if (conn->fd < 0)
		return;
	if (conn->ssl)
		SSL_shutdown(conn->ssl);
	ERR_clear_error();
	lrd_origin_cut(conn);
}

/* ---- requests --------------------------------------------------------------------------- */

larder_slice lrd_origin_field(const struct lrd_origin_request *request, const char *name)
{
	const char *line = memchr(request->head.ptr, '\n', request->head.len);
	const char *end = request->head.ptr + request->head.len;
	size_t name_len = strlen(name);

	while (line && ++line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((next ? next : end) - line);

		if (len > name_len && line[name_len] == ':' &&
		    strncasecmp(line, name, name_len) == 0) {
			const char *from = line + name_len + 1;
			const char *to = line + len;

			while (from < to && (*from == ' ' || *from == '\t'))
				from++;
			while (to > from && strchr(" \t\r", to[-1]))
				to--;
			return (larder_slice){ from, (size_t)(to - from) };
		}
		line = next;
	}
	return (larder_slice){ NULL, 0 };
}

static bool field_is(const struct lrd_origin_request *request, const char *name,
		     const char *value)
{
	larder_slice field = lrd_origin_field(request, name);

	return field.ptr && field.len == strlen(value) &&
	       strncasecmp(field.ptr, value, field.len) == 0;
}

/* The offset behind the next `text` from offset `at` on, 0 when the client ended before it. */
static size_t read_until(struct lrd_origin_conn *conn, size_t at, const char *text)
{
	size_t len = strlen(text);

	for (;;) {
		const char *found = NULL;

		if (conn->in.len > at)
			found = memmem(conn->in.ptr + at, conn->in.len - at, text, len);
		if (found)
			return (size_t)(found - conn->in.ptr) + len;
		if (!fill_in(conn))
			return 0;
	}
}

/* Decodes chunks from offset `at` on: the offset behind the trailers, 0 at an early end. */
static size_t read_chunks(struct lrd_origin_conn *conn, size_t at)
{
	for (;;) {
		size_t data = read_until(conn, at, "\r\n");
		size_t size;

		if (!data)
			return 0;
		size = strtoul(conn->in.ptr + at, NULL, 16);
		/* From the size's own line end on: trailers may be none, and end with an empty line. */
		if (size == 0)
			return read_until(conn, data - 2, "\r\n\r\n");
		if (!need(conn, data + size + 2))
			return 0;
		origin_bytes_add(&conn->body, conn->in.ptr + data, size);
		at = data + size + 2;
	}
}

static void split_request_line(struct lrd_origin_request *request)
{
	const char *head = request->head.ptr;
	size_t method = strcspn(head, " \r\n");
	size_t target = strcspn(head + method + 1, " \r\n");

	request->method = (larder_slice){ head, method };
	request->target = (larder_slice){ head + method + 1, target };
}

/* Notes the request; its bytes, kept in the record, are returned for the handler's view. */
static char *record(struct lrd_origin_conn *conn, size_t len)
{
	struct lrd_origin *origin = conn->origin;
	struct origin_bytes mine = { 0 };
	struct origin_bytes copy = { 0 };
	struct origin_record *grown;

	origin_bytes_add(&mine, conn->in.ptr, len);
	origin_bytes_add(&copy, conn->in.ptr, len);
	memmove(conn->in.ptr, conn->in.ptr + len, conn->in.len - len + 1);
	conn->in.len -= len;
	pthread_mutex_lock(&origin->lock);
	grown = realloc(origin->records, (origin->record_count + 1) * sizeof(*grown));
	origin_must(grown != NULL, "realloc");
	origin->records = grown;
	grown[origin->record_count++] = (struct origin_record){
		.connection = conn->number,
		.bytes = copy.ptr,
		.len = len,
	};
	pthread_cond_broadcast(&origin->changed);
	pthread_mutex_unlock(&origin->lock);
	return mine.ptr;
}

/*
 * Reads one whole request: its bytes, for the caller to free, or NULL at the end. The request
 * points into them and into conn->body.
 */
static char *read_request(struct lrd_origin_conn *conn, bool answer_expect,
			  struct lrd_origin_request *request, size_t *len)
{
	size_t head = read_until(conn, 0, "\r\n\r\n");
	size_t at = head;
	larder_slice length;
	char *bytes;

	if (!head)
		return NULL;
	conn->body.len = 0;
	request->head = (larder_slice){ conn->in.ptr, head };
	length = lrd_origin_field(request, "Content-Length");
	if (answer_expect && field_is(request, "Expect", "100-continue"))
		lrd_origin_sendf(conn, "HTTP/1.1 100 Continue\r\n\r\n");
	if (field_is(request, "Transfer-Encoding", "chunked")) {
		at = read_chunks(conn, head);
		if (!at)
			return NULL;
	} else if (length.ptr) {
		size_t size = strtoul(length.ptr, NULL, 10);

		if (!need(conn, head + size))
			return NULL;
		origin_bytes_add(&conn->body, conn->in.ptr + head, size);
		at = head + size;
	}
	bytes = record(conn, at);
	*len = at;
	request->connection = conn->number;
	request->number = ++conn->requests;
	request->head = (larder_slice){ bytes, head };
	request->body =
		(larder_slice){ conn->body.ptr ? conn->body.ptr : "", conn->body.len };
	split_request_line(request);
	conn->head_request = request->method.len == 4 && memcmp(bytes, "HEAD", 4) == 0;
	conn->last = field_is(request, "Connection", "close") ||
		     memmem(bytes, head, " HTTP/1.0\r\n", 11) != NULL;
	return bytes;
}

void lrd_origin_reply(struct lrd_origin_conn *conn, const char *status,
		      const char *fields, const char *body)
{
	bool bodiless = strncmp(status, "204", 3) == 0 || strncmp(status, "304", 3) == 0;
	time_t now = time(NULL);
	char date[64];
	char length[64] = "";
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!bodiless)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	lrd_origin_sendf(conn, "HTTP/1.1 %s\r\nDate: %s\r\n%s%s\r\n%s", status, date,
			 length, fields ? fields : "",
			 bodiless || conn->head_request ? "" : body);
}

/* ---- the two ways to serve -------------------------------------------------------------- */

static void serve_handler(struct lrd_origin_conn *conn)
{
	const struct lrd_origin_options *options = &conn->origin->options;

	while (conn->fd >= 0) {
		struct lrd_origin_request request;
		size_t len;
		char *bytes = read_request(conn, true, &request, &len);

		if (!bytes)
			return;
		options->handler(conn, &request, options->ctx);
		free(bytes);
		if (conn->last)
			lrd_origin_close(conn);
	}
}

/* False when the connection is over. */
static bool expect(struct lrd_origin_conn *conn, const struct lrd_origin_step *step)
{
	struct lrd_origin_request request;
	size_t len;
	char *bytes = read_request(conn, false, &request, &len);
	bool found;

	if (!bytes)
		return false;
	found = memmem(bytes, len, step->bytes, step->len) != NULL;
	free(bytes);
	if (found)
		return true;
	pthread_mutex_lock(&conn->origin->lock);
	conn->origin->unexpected++;
	pthread_mutex_unlock(&conn->origin->lock);
	lrd_origin_reset(conn);
	return false;
}

static const struct lrd_origin_step *script_of(const struct lrd_origin_conn *conn)
{
	const struct lrd_origin_step *const *scripts = conn->origin->options.scripts;

	for (unsigned i = 1; i < conn->number && scripts[1]; i++)
		scripts++;
	return scripts[0];
}

static void serve_script(struct lrd_origin_conn *conn)
{
	const struct lrd_origin_step *script = script_of(conn);
	const struct lrd_origin_step *step = script;

	while (conn->fd >= 0) {
		switch (step->action) {
		case ORIGIN_ACT_EXPECT:
			if (!expect(conn, step))
				return;
			break;
		case ORIGIN_ACT_SEND:
			lrd_origin_send(conn, step->bytes, step->len);
			break;
		case ORIGIN_ACT_FILL:
			lrd_origin_send_fill(conn, step->len);
			break;
		case ORIGIN_ACT_PAUSE:
			lrd_origin_pause(conn, step->ms);
			break;
		case ORIGIN_ACT_RESET:
			lrd_origin_reset(conn);
			return;
		case ORIGIN_ACT_CUT:
			lrd_origin_cut(conn);
			return;
		case ORIGIN_ACT_END:
		case ORIGIN_ACT_CLOSE:
			lrd_origin_close(conn);
			return;
		case ORIGIN_ACT_HOLD:
			while (fill_in(conn))
				;
			return;
		case ORIGIN_ACT_LOOP:
			if (!wait_for(conn, 0, 0))
				return;
			step = script;
			continue;
		}
		step++;
	}
}

static bool accept_tls(struct lrd_origin_conn *conn)
{
	struct lrd_origin *origin = conn->origin;
	int rc;

	conn->ssl = SSL_new(origin->tls);
	origin_must(conn->ssl && SSL_set_fd(conn->ssl, conn->fd) == 1, "SSL_new");
	do {
		rc = SSL_accept(conn->ssl);
	} while (rc != 1 && tls_wait(conn, rc));
	pthread_mutex_lock(&origin->lock);
	if (rc != 1)
		origin->tls_failed++;
	else if (SSL_session_reused(conn->ssl))
		origin->tls_resumed++;
	pthread_cond_broadcast(&origin->changed);
	pthread_mutex_unlock(&origin->lock);
	return rc == 1;
}

void origin_conn_run(struct lrd_origin_conn *conn)
{
	const int one = 1;

	/* As it would delay the second of two small sends; refused by unix sockets. */
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!conn->origin->tls || accept_tls(conn)) {
		if (conn->origin->options.scripts)
			serve_script(conn);
		else
			serve_handler(conn);
	}
	lrd_origin_cut(conn);
	free(conn->in.ptr);
	free(conn->body.ptr);
}
