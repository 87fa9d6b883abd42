/* SPDX-License-Identifier: MIT */
/* peer.c - a byte-exact peer for tests of handshakes below HTTP. */
#include "tests/support/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/support/origin_conn.h"
#include "tests/support/tls_certs.h"

enum { CONNECTIONS_MAX = 64, RELAY_BYTES = 16384 };

struct connection {
	struct lrd_peer *peer;
	pthread_t thread;
	int fd;
	SSL *ssl;
};

struct lrd_peer {
	struct lrd_peer_options options;
	SSL_CTX *tls;
	int listener;
	uint16_t port;
	pthread_t acceptor;
	pthread_mutex_t lock;
	/* below: guarded by the lock */
	struct connection connections[CONNECTIONS_MAX];
	unsigned count;
	unsigned unexpected;
	struct origin_bytes received;
	bool stopping;
};

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* ---- bytes ------------------------------------------------------------------------------ */

/* Blocking; 0 at the end, and at whatever ends a connection. */
static size_t read_some(struct connection *conn, char *buf, size_t len)
{
	ssize_t got = conn->ssl ? SSL_read(conn->ssl, buf, (int)len)
				: recv(conn->fd, buf, len, 0);

	ERR_clear_error();
	if (got <= 0)
		return 0;
	pthread_mutex_lock(&conn->peer->lock);
	origin_bytes_add(&conn->peer->received, buf, (size_t)got);
	pthread_mutex_unlock(&conn->peer->lock);
	return (size_t)got;
}

static bool write_all(struct connection *conn, const char *bytes, size_t len)
{
	while (len) {
		ssize_t sent = conn->ssl ? SSL_write(conn->ssl, bytes, (int)len)
					 : send(conn->fd, bytes, len, MSG_NOSIGNAL);

		ERR_clear_error();
		if (sent <= 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* ---- steps ------------------------------------------------------------------------------ */

static bool expect(struct connection *conn, const struct lrd_peer_step *step)
{
	for (size_t i = 0; i < step->len; i++) {
		char byte;

		if (read_some(conn, &byte, 1) == 0)
			return false;
		if (byte == step->bytes[i])
			continue;
		pthread_mutex_lock(&conn->peer->lock);
		conn->peer->unexpected++;
		pthread_mutex_unlock(&conn->peer->lock);
		return false;
	}
	return true;
}

static bool read_head(struct connection *conn)
{
	static const char end[] = "\r\n\r\n";
	size_t matched = 0;
	char byte;

	while (matched < 4) {
		if (read_some(conn, &byte, 1) == 0)
			return false;
		if (byte == end[matched])
			matched++;
		else
			matched = byte == '\r';
	}
	return true;
}

static void relay(struct connection *conn)
{
	struct sockaddr_in to = loopback(conn->peer->options.relay_port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd fds[2] = { { .fd = conn->fd, .events = POLLIN },
				 { .fd = fd, .events = POLLIN } };
	char buf[RELAY_BYTES];

	origin_must(fd >= 0, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		goto out;
	for (;;) {
		bool buffered = conn->ssl && SSL_pending(conn->ssl) > 0;

		if (poll(fds, 2, buffered ? 0 : -1) < 0)
			break;
		if (buffered || fds[0].revents) {
			size_t got = read_some(conn, buf, sizeof(buf));

			if (got == 0 || send(fd, buf, got, MSG_NOSIGNAL) != (ssize_t)got)
				break;
		}
		if (fds[1].revents) {
			ssize_t got = recv(fd, buf, sizeof(buf), 0);

			if (got <= 0 || !write_all(conn, buf, (size_t)got))
				break;
		}
	}
out:
	close(fd);
}

static void play(struct connection *conn)
{
	char rest[4096];

	for (const struct lrd_peer_step *step = conn->peer->options.steps;; step++) {
		switch (step->action) {
		case PEER_ACT_EXPECT:
			if (!expect(conn, step))
				return;
			break;
		case PEER_ACT_HEAD:
			if (!read_head(conn))
				return;
			break;
		case PEER_ACT_SEND:
			if (!write_all(conn, step->bytes, step->len))
				return;
			break;
		case PEER_ACT_PAUSE:
			usleep((useconds_t)step->len * 1000);
			break;
		case PEER_ACT_RELAY:
			relay(conn);
			return;
		case PEER_ACT_HOLD:
			while (read_some(conn, rest, sizeof(rest)))
				;
			return;
		case PEER_ACT_END:
			return;
		}
	}
}

static void *conn_thread(void *arg)
{
	struct connection *conn = arg;
	bool ready = true;

	if (conn->peer->tls) {
		conn->ssl = SSL_new(conn->peer->tls);
		origin_must(conn->ssl && SSL_set_fd(conn->ssl, conn->fd) == 1, "SSL_new");
		ready = SSL_accept(conn->ssl) == 1;
		ERR_clear_error();
	}
	if (ready)
		play(conn);
	if (conn->ssl && ready)
		SSL_shutdown(conn->ssl);
	ERR_clear_error();
	SSL_free(conn->ssl);
	/* The descriptor stays until the end, so that lrd_peer_free() shuts no other. */
	shutdown(conn->fd, SHUT_RDWR);
	OPENSSL_thread_stop();
	return NULL;
}

static void *accept_thread(void *arg)
{
	struct lrd_peer *peer = arg;

	for (;;) {
		int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
		struct connection *conn;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&peer->lock);
		origin_must(peer->count < CONNECTIONS_MAX, "too many connections");
		conn = &peer->connections[peer->count];
		*conn = (struct connection){ .peer = peer, .fd = fd };
		if (peer->stopping ||
		    pthread_create(&conn->thread, NULL, conn_thread, conn) != 0)
			close(fd);
		else
			peer->count++;
		pthread_mutex_unlock(&peer->lock);
	}
}

/* ---- the peer --------------------------------------------------------------------------- */

struct lrd_peer *lrd_peer_new(const struct lrd_peer_options *options)
{
	struct lrd_peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_in addr = loopback(0);
	socklen_t len = sizeof(addr);
	sigset_t all;
	sigset_t before;

	origin_must(peer != NULL, "calloc");
	peer->options = *options;
	if (options->cert) {
		peer->tls = SSL_CTX_new(TLS_server_method());
		origin_must(peer->tls &&
				    SSL_CTX_use_certificate(peer->tls,
							    options->cert->cert) == 1 &&
				    SSL_CTX_use_PrivateKey(peer->tls,
							   options->cert->key) == 1,
			    "certificate");
	}
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	origin_must(peer->listener >= 0, "socket");
	origin_must(bind(peer->listener, (struct sockaddr *)&addr, len) == 0, "bind");
	origin_must(getsockname(peer->listener, (struct sockaddr *)&addr, &len) == 0,
		    "getsockname");
	origin_must(listen(peer->listener, 64) == 0, "listen");
	peer->port = ntohs(addr.sin_port);
	pthread_mutex_init(&peer->lock, NULL);
	/* No signal of the test is for our threads, and none of ours (SIGPIPE) for the test. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	origin_must(pthread_create(&peer->acceptor, NULL, accept_thread, peer) == 0,
		    "pthread_create");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return peer;
}

void lrd_peer_free(struct lrd_peer *peer)
{
	if (!peer)
		return;
	pthread_mutex_lock(&peer->lock);
	peer->stopping = true;
	pthread_mutex_unlock(&peer->lock);
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->acceptor, NULL);
	for (unsigned i = 0; i < peer->count; i++)
		shutdown(peer->connections[i].fd, SHUT_RDWR);
	for (unsigned i = 0; i < peer->count; i++) {
		pthread_join(peer->connections[i].thread, NULL);
		close(peer->connections[i].fd);
	}
	close(peer->listener);
	SSL_CTX_free(peer->tls);
	free(peer->received.ptr);
	pthread_mutex_destroy(&peer->lock);
	free(peer);
}

uint16_t lrd_peer_port(const struct lrd_peer *peer)
{
	return peer->port;
}

static unsigned read_count(struct lrd_peer *peer, const unsigned *count)
{
	unsigned value;

	pthread_mutex_lock(&peer->lock);
	value = *count;
	pthread_mutex_unlock(&peer->lock);
	return value;
}

unsigned lrd_peer_connections(struct lrd_peer *peer)
{
	return read_count(peer, &peer->count);
}

unsigned lrd_peer_unexpected(struct lrd_peer *peer)
{
	return read_count(peer, &peer->unexpected);
}

bool lrd_peer_saw(struct lrd_peer *peer, const char *text)
{
	bool found;

	pthread_mutex_lock(&peer->lock);
	found = peer->received.len &&
		memmem(peer->received.ptr, peer->received.len, text, strlen(text));
	pthread_mutex_unlock(&peer->lock);
	return found;
}

char *lrd_peer_received(struct lrd_peer *peer, size_t *len)
{
	struct origin_bytes copy = { 0 };

	pthread_mutex_lock(&peer->lock);
	origin_bytes_add(&copy, peer->received.ptr ? peer->received.ptr : "",
			 peer->received.len);
	pthread_mutex_unlock(&peer->lock);
	if (len)
		*len = copy.len;
	return copy.ptr;
}
