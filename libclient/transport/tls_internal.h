/* SPDX-License-Identifier: MIT */
/* tls_internal.h - what the files behind tls.h share: configuration and secured stream. */
#ifndef LRD_TRANSPORT_TLS_INTERNAL_H
#define LRD_TRANSPORT_TLS_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "transport/tls.h"
#include "transport/tls_sessions.h"

enum { LRD_TLS_PIN_LEN = 32 };

/* Digests of the public keys that a server may have. */
struct lrd_tls_pins {
	size_t count; /* 0: any key will do */
	unsigned char digest[LRD_TLS_PINS_MAX][LRD_TLS_PIN_LEN];
};

struct lrd_tls {
	atomic_uint refs;
	const larder_allocator *allocator;
	SSL_CTX *ctx;
	BIO_METHOD *bio_method; /* reads from and writes to the stream below */
	bool insecure;
	struct lrd_tls_pins pins;
	unsigned char identity[LRD_TLS_IDENTITY_LEN];
	struct lrd_tls_sessions sessions;
};

struct lrd_tls_stream {
	struct lrd_stream base; /* first */
	struct lrd_tls *tls;    /* a reference */
	SSL *ssl;
	char *name;            /* the host verified, without final dot or zone */
	X509 *refused;         /* the certificate whose names did not match, or NULL */
	unsigned char *gather; /* small pieces become one record here; NULL until needed */
	bool established;      /* the handshake is over */
	bool resumed;
	bool undrained;   /* the last read filled its buffer and left something behind */
	bool no_io;       /* the BIO serves only what OpenSSL has buffered */
	bool below_ended; /* the stream below came to its end */
	int below_rc;     /* its error, described in below_error; 0 for none */
	larder_error below_error;
};

/* ca_store.c: the authorities to trust, parsed once per process; *out is counted by OpenSSL. */
int lrd_tls_ca_store(const char *ca_file, const char *ca_dir, X509_STORE **out,
		     larder_error *err) LARDER_MUST_USE;

/* tls_pins.c: reads "sha256//...;sha256//..."; NULL gives no pins. EINVAL. */
int lrd_tls_pins_parse(const char *text, struct lrd_tls_pins *out,
		       larder_error *err) LARDER_MUST_USE;
/* Whether the certificate's public key is one of them. */
bool lrd_tls_pins_match(const struct lrd_tls_pins *pins, const X509 *cert);

/* tls_client.c: the certificate and the key of the options, into `ctx`. ECERT, ENOMEM. */
int lrd_tls_client_cert(SSL_CTX *ctx, const struct lrd_tls_options *options,
			larder_error *err) LARDER_MUST_USE;

/* tls_bio.c: OpenSSL's view of the stream below. */
BIO_METHOD *lrd_tls_bio_method_new(void);

/*
 * tls_error.c, the one place that reads OpenSSL's error queue (and empties it): turns the
 * failure of an SSL call into a LARDER_E* code with its reason in words. `ssl_rc` is what the
 * call returned.
 */
int lrd_tls_stream_error(struct lrd_tls_stream *stream, int ssl_rc, larder_error *err);
/* Keeps what lrd_tls_stream_error() will want to say; for SSL_CTX_set_verify(). */
int lrd_tls_on_verify(int ok, X509_STORE_CTX *ctx);
/* The same where no connection is concerned: `code`, or ENOMEM, is returned. */
int lrd_tls_setup_error(int code, const char *doing, larder_error *err);

#endif
