/* SPDX-License-Identifier: MIT */
/* origin.c - an HTTP origin for tests: listening, its threads, and what it saw. */
#include "tests/support/origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/support/origin_conn.h"
#include "tests/support/tls_certs.h"

void origin_must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "origin: %s: %s\n", what, strerror(errno));
	abort();
}

void origin_bytes_add(struct origin_bytes *bytes, const void *more, size_t len)
{
	size_t size = bytes->size ? bytes->size : 256;

	while (size - bytes->len <= len)
		size *= 2;
	if (size != bytes->size) {
		char *grown = realloc(bytes->ptr, size);

		origin_must(grown != NULL, "realloc");
		bytes->ptr = grown;
		bytes->size = size;
	}
	memcpy(bytes->ptr + bytes->len, more, len);
	bytes->len += len;
	bytes->ptr[bytes->len] = '\0';
}

/* ---- TLS -------------------------------------------------------------------------------- */

static int choose_http11(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			 const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof(ours) - 1,
				  in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_tls(const struct lrd_origin_options *options)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	origin_must(ctx != NULL, "SSL_CTX_new");
	/* Old versions are offered where a test wants them refused. */
	SSL_CTX_set_security_level(ctx, options->tls_max_version ? 0 : 1);
	SSL_CTX_set_min_proto_version(
		ctx, options->tls_min_version ? options->tls_min_version : TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, options->tls_max_version);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(ctx, choose_http11, NULL);
	if (options->client_ca) {
		static const unsigned char context[] = "larder test";

		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
		/* Resumption is refused without a context where clients are verified. */
		SSL_CTX_set_session_id_context(ctx, context, sizeof(context) - 1);
		origin_must(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx),
						options->client_ca->cert) == 1,
			    "client authority");
	}
	if (options->tls_no_tickets) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
	}
	origin_must(SSL_CTX_use_certificate(ctx, options->cert->cert) == 1 &&
			    SSL_CTX_use_PrivateKey(ctx, options->cert->key) == 1,
		    "certificate");
	return ctx;
}

/* ---- listening -------------------------------------------------------------------------- */

static void listen_on_port(struct lrd_origin *origin)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);

	origin->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	origin_must(origin->listener >= 0, "socket");
	origin_must(bind(origin->listener, (struct sockaddr *)&addr, len) == 0, "bind");
	origin_must(getsockname(origin->listener, (struct sockaddr *)&addr, &len) == 0,
		    "getsockname");
	origin->port = ntohs(addr.sin_port);
}

static void listen_on_path(struct lrd_origin *origin, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	origin_must(len < sizeof(addr.sun_path), path);
	memcpy(addr.sun_path, path, len);
	origin->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	origin_must(origin->listener >= 0, "socket");
	origin_must(bind(origin->listener, (struct sockaddr *)&addr, sizeof(addr)) == 0,
		    path);
}

static void *conn_thread(void *arg)
{
	struct lrd_origin_conn *conn = arg;
	struct lrd_origin *origin = conn->origin;

	origin_conn_run(conn);
	/* Per-thread state of OpenSSL would count as a leak where nobody joins. */
	OPENSSL_thread_stop();
	pthread_mutex_lock(&origin->lock);
	origin->open--;
	origin->running--;
	pthread_cond_broadcast(&origin->changed);
	pthread_mutex_unlock(&origin->lock);
	return NULL;
}

static void start_conn(struct lrd_origin *origin, int fd)
{
	struct lrd_origin_conn *conn = calloc(1, sizeof(*conn));
	pthread_attr_t attr;
	pthread_t thread;

	origin_must(conn != NULL, "calloc");
	conn->origin = origin;
	conn->fd = fd;
	pthread_mutex_lock(&origin->lock);
	conn->number = ++origin->serial;
	origin->accepted++;
	conn->next = origin->conns;
	origin->conns = conn;
	origin->running++;
	origin->open++;
	pthread_mutex_unlock(&origin->lock);
	origin_must(pthread_attr_init(&attr) == 0, "pthread_attr_init");
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	errno = pthread_create(&thread, &attr, conn_thread, conn);
	origin_must(errno == 0, "pthread_create");
	pthread_attr_destroy(&attr);
}

static void *accept_thread(void *arg)
{
	struct lrd_origin *origin = arg;
	struct pollfd fds[2] = {
		{ .fd = origin->listener, .events = POLLIN },
		{ .fd = origin->stop[0], .events = POLLIN },
	};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return NULL;
		fd = accept4(origin->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			start_conn(origin, fd);
	}
}

struct lrd_origin *lrd_origin_new(const struct lrd_origin_options *options)
{
	struct lrd_origin *origin = calloc(1, sizeof(*origin));
	sigset_t all;
	sigset_t before;

	origin_must(origin != NULL, "calloc");
	origin_must(!options->scripts != !options->handler, "scripts or a handler");
	origin->options = *options;
	if (options->cert)
		origin->tls = new_tls(options);
	if (options->unix_path)
		listen_on_path(origin, options->unix_path);
	else
		listen_on_port(origin);
	origin_must(listen(origin->listener, 512) == 0, "listen");
	origin_must(pipe2(origin->stop, O_CLOEXEC) == 0, "pipe2");
	pthread_mutex_init(&origin->lock, NULL);
	pthread_cond_init(&origin->changed, NULL);
	/* No signal of the test is for our threads, and none of ours (SIGPIPE) for the test. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&origin->acceptor, NULL, accept_thread, origin);
	origin_must(errno == 0, "pthread_create");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return origin;
}

static void free_records(struct lrd_origin *origin)
{
	for (size_t i = 0; i < origin->record_count; i++)
		free(origin->records[i].bytes);
	free(origin->records);
	origin->records = NULL;
	origin->record_count = 0;
}

void lrd_origin_free(struct lrd_origin *origin)
{
	if (!origin)
		return;
	origin_must(write(origin->stop[1], "x", 1) == 1, "stop");
	pthread_join(origin->acceptor, NULL);
	pthread_mutex_lock(&origin->lock);
	while (origin->running)
		pthread_cond_wait(&origin->changed, &origin->lock);
	pthread_mutex_unlock(&origin->lock);
	close(origin->listener);
	close(origin->stop[0]);
	close(origin->stop[1]);
	while (origin->conns) {
		struct lrd_origin_conn *conn = origin->conns;

		origin->conns = conn->next;
		free(conn->received.ptr);
		free(conn);
	}
	free_records(origin);
	SSL_CTX_free(origin->tls);
	pthread_cond_destroy(&origin->changed);
	pthread_mutex_destroy(&origin->lock);
	free(origin);
}

uint16_t lrd_origin_port(const struct lrd_origin *origin)
{
	return origin->port;
}

/* ---- what it saw ------------------------------------------------------------------------ */

static unsigned read_count(struct lrd_origin *origin, const unsigned *count)
{
	unsigned value;

	pthread_mutex_lock(&origin->lock);
	value = *count;
	pthread_mutex_unlock(&origin->lock);
	return value;
}

unsigned lrd_origin_connections(struct lrd_origin *origin)
{
	return read_count(origin, &origin->accepted);
}

unsigned lrd_origin_open(struct lrd_origin *origin)
{
	return read_count(origin, &origin->open);
}

unsigned lrd_origin_unexpected(struct lrd_origin *origin)
{
	return read_count(origin, &origin->unexpected);
}

unsigned lrd_origin_tls_failed(struct lrd_origin *origin)
{
	return read_count(origin, &origin->tls_failed);
}

unsigned lrd_origin_tls_resumed(struct lrd_origin *origin)
{
	return read_count(origin, &origin->tls_resumed);
}

unsigned lrd_origin_requests(struct lrd_origin *origin)
{
	unsigned count;

	pthread_mutex_lock(&origin->lock);
	count = (unsigned)origin->record_count;
	pthread_mutex_unlock(&origin->lock);
	return count;
}

char *lrd_origin_request_bytes(struct lrd_origin *origin, unsigned i, size_t *len,
			       unsigned *connection)
{
	struct origin_bytes copy = { 0 };

	pthread_mutex_lock(&origin->lock);
	if (i < origin->record_count) {
		origin_bytes_add(&copy, origin->records[i].bytes, origin->records[i].len);
		if (len)
			*len = copy.len;
		if (connection)
			*connection = origin->records[i].connection;
	}
	pthread_mutex_unlock(&origin->lock);
	return copy.ptr;
}

bool lrd_origin_saw(struct lrd_origin *origin, const char *text)
{
	bool found = false;

	pthread_mutex_lock(&origin->lock);
	for (struct lrd_origin_conn *conn = origin->conns; conn && !found;
	     conn = conn->next)
		found = conn->received.len &&
			memmem(conn->received.ptr, conn->received.len, text, strlen(text));
	pthread_mutex_unlock(&origin->lock);
	return found;
}

bool lrd_origin_await_requests(struct lrd_origin *origin, unsigned count, unsigned ms)
{
	struct timespec until;
	bool there;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&origin->lock);
	while (origin->record_count < count && rc == 0)
		rc = pthread_cond_timedwait(&origin->changed, &origin->lock, &until);
	there = origin->record_count >= count;
	pthread_mutex_unlock(&origin->lock);
	return there;
}

void lrd_origin_clear(struct lrd_origin *origin)
{
	pthread_mutex_lock(&origin->lock);
	free_records(origin);
	for (struct lrd_origin_conn *conn = origin->conns; conn; conn = conn->next)
		conn->received.len = 0;
	origin->accepted = 0;
	origin->unexpected = 0;
	origin->tls_failed = 0;
	origin->tls_resumed = 0;
	pthread_mutex_unlock(&origin->lock);
}

int lrd_origin_refusing(uint16_t *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	origin_must(fd >= 0, "socket");
	origin_must(bind(fd, (struct sockaddr *)&addr, len) == 0, "bind");
	origin_must(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, "getsockname");
	*port = ntohs(addr.sin_port);
	return fd;
}
