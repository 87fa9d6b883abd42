/* SPDX-License-Identifier: MIT */
/* fetch_openssl.c - the floor for https: SSL_read and SSL_write on a blocking socket. */
#include "bench.h"
#include "fetch.h"
#include "raw_http.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	size_t cap;
	char request[BENCH_PATH_MAX];
};

static void *open_openssl(const struct fetch_target *target)
{
	struct state *state = bench_alloc(sizeof(*state));

	state->fd = bench_connect_port(target->port);
	state->cap = target->body_bytes;
	bench_format(state->request, sizeof(state->request),
		     "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: raw\r\nAccept: "
		     "*/*\r\n\r\n",
		     target->path, target->host, target->port);
	state->context = SSL_CTX_new(TLS_client_method());
	if (!state->context ||
	    SSL_CTX_load_verify_locations(state->context, target->ca_file, NULL) != 1)
		bench_die("openssl: cannot read %s", target->ca_file);
	SSL_CTX_set_verify(state->context, SSL_VERIFY_PEER, NULL);
	state->ssl = SSL_new(state->context);
	if (!state->ssl || SSL_set_fd(state->ssl, state->fd) != 1 ||
	    SSL_set1_host(state->ssl, target->host) != 1 || SSL_connect(state->ssl) != 1)
		bench_die("openssl: no handshake");
	return state;
}

static ssize_t read_ssl(void *ctx, void *buf, size_t len)
{
	return SSL_read(ctx, buf, (int)len);
}

static ssize_t write_ssl(void *ctx, const void *buf, size_t len)
{
	return SSL_write(ctx, buf, (int)len);
}

static size_t get_openssl(void *opaque, char *buf)
{
	struct state *state = opaque;
	struct raw_stream stream = { read_ssl, write_ssl, state->ssl };

	return raw_get(&stream, state->request, strlen(state->request), buf, state->cap,
		       NULL);
}

static void close_openssl(void *opaque)
{
	struct state *state = opaque;

	SSL_free(state->ssl);
	SSL_CTX_free(state->context);
	close(state->fd);
	free(state);
}

const struct fetch_contender fetch_openssl = {
	.name = "raw OpenSSL loop",
	.open = open_openssl,
	.get = get_openssl,
	.close = close_openssl,
};
