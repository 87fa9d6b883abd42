/* SPDX-License-Identifier: MIT */
/* origin_conn.h - what origin.c and origin_conn.c share: one accepted connection. */
#ifndef LARDER_TESTS_ORIGIN_CONN_H
#define LARDER_TESTS_ORIGIN_CONN_H

#include <pthread.h>

#include <openssl/types.h>

#include "tests/support/origin.h"

/* Bytes that grow without bound; memory that is not there ends the test. */
struct origin_bytes {
	char *ptr;
	size_t len;
	size_t size;
};

struct lrd_origin_conn {
	struct lrd_origin *origin;
	struct lrd_origin_conn *next;
	unsigned number;
	int fd; /* -1 once ended */
	SSL *ssl;
	struct origin_bytes received; /* all of it; guarded by the origin's lock */
	struct origin_bytes in;       /* read and not yet part of a whole request */
	struct origin_bytes body;     /* of the present request, decoded */
	unsigned requests;
	bool head_request; /* the one being answered carries no body back */
	bool last;         /* the client asked to close */
};

struct origin_record {
	unsigned connection;
	char *bytes;
	size_t len;
};

struct lrd_origin {
	struct lrd_origin_options options;
	SSL_CTX *tls;
	int listener;
	int stop[2]; /* a pipe; readable once the origin is being freed */
	uint16_t port;
	pthread_t acceptor;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* all below: guarded by the lock */
	struct lrd_origin_conn *conns;
	struct origin_record *records;
	size_t record_count;
	unsigned serial;   /* the number of the newest connection */
	unsigned accepted; /* connections since the last clear */
	unsigned running;  /* threads of connections */
	unsigned open;
	unsigned unexpected;
	unsigned tls_failed;
	unsigned tls_resumed;
};

void origin_must(bool ok, const char *what);
void origin_bytes_add(struct origin_bytes *bytes, const void *more, size_t len);

/* Serves the connection to its end; the thread of lrd_origin_conn. */
void origin_conn_run(struct lrd_origin_conn *conn);

#endif
