/* SPDX-License-Identifier: MIT */
/*
 * tls.h - TLS over a stream, by OpenSSL: one configuration, many connections.
 *
 * What a configuration always does: TLS 1.2 or newer, SNI (never for addresses), no
 * renegotiation, no compression. Unless told to be insecure it verifies the chain, the dates
 * and the host name (subjectAltName alone, a wildcard only as the whole first label, addresses
 * against addresses). Sessions are resumed per configuration and host.
 *
 * Calling sequence:
 *	lrd_tls_new(&options, &tls, err);		once
 *	lrd_tls_handshake(tls, name, &stream, ...);	per connection: wraps the stream
 *	lrd_tls_unref(tls);				connections keep what they need
 */
#ifndef LRD_TRANSPORT_TLS_H
#define LRD_TRANSPORT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "transport/stream.h"

/* Protocol versions as the wire numbers them. */
enum { LRD_TLS_1_2 = 0x0303, LRD_TLS_1_3 = 0x0304 };

/* Most pins of one configuration. */
enum { LRD_TLS_PINS_MAX = 16 };

/*
 * The password of an encrypted key: writes at most `size` bytes into `buf` and returns how
 * many, or a negative number to give up. Called while lrd_tls_new() runs, at no other time.
 */
typedef int lrd_tls_password(char *buf, int size, void *ctx);

/*
 * All zero: verified against the system's authorities. Strings are borrowed for lrd_tls_new()
 * alone. An authority file is parsed once per process and shared by all configurations that
 * name it.
 */
struct lrd_tls_options {
	const larder_allocator *allocator; /* NULL: libc; OpenSSL itself uses malloc */
	const char *ca_file;               /* PEM bundle in place of the system's */
	const char *ca_dir;                /* hashed directory in place of the system's */
	bool insecure;                     /* neither chain nor name is checked */
	uint16_t min_version;              /* LRD_TLS_*; 0: 1.2 */
	uint16_t max_version;              /* 0: the newest */

	/*
	 * Who we are, to servers that ask: PEM files, the certificate with its chain, and its
	 * key (NULL: in the same file), which may be encrypted. Every server of this
	 * configuration that asks gets the certificate: one configuration for each identity.
	 */
	const char *cert_file;
	const char *key_file;
	const char *key_password;      /* NULL: none; else in place of the callback */
	lrd_tls_password *on_password; /* asked when the key is encrypted */
	void *on_password_ctx;

	/*
	 * "sha256//<base64>" of the public keys (SubjectPublicKeyInfo) that the server may
	 * have, separated by ';'. Checked besides all else, `insecure` or not, resumed or not.
	 */
	const char *pins;

	/* Protocols to offer, separated by ','; NULL: "http/1.1"; "": none. */
	const char *alpn;
};

struct lrd_tls;

/*
 * Errors: ECERT (no authorities found or readable, no client certificate or key that fits; the
 * message names the places), EINVAL (versions, pins, protocols), ENOMEM, ETLS.
 */
int lrd_tls_new(const struct lrd_tls_options *options, struct lrd_tls **out,
		larder_error *err) LARDER_MUST_USE;
/* Counted; may be shared by threads. Both accept NULL. */
struct lrd_tls *lrd_tls_ref(struct lrd_tls *tls);
void lrd_tls_unref(struct lrd_tls *tls);

enum { LRD_TLS_IDENTITY_LEN = 16 };

/*
 * Bytes that no other configuration of this process or its children has, not even one made of
 * equal options (a key file may hold another key by then): two connections with different
 * ones must not be taken for each other. Sessions are kept inside their configuration, so
 * none is resumed under another one.
 */
const unsigned char *lrd_tls_identity(const struct lrd_tls *tls);

/*
 * Puts TLS on top of *stream: on success *stream is the secured one and owns the other. On
 * failure *stream is as before and good for nothing but closing. `name` is the host to
 * verify and to announce (a final dot does not count); stream->host and stream->route key the
 * resumption.
 * Errors: ECERT with the reason in words ("certificate has expired", "host name does not
 * match: wanted a, certificate has b, c", "public key is none of the pinned ones"), ETLS for any other handshake failure, ECLOSED,
 * ETIMEDOUT, ECANCELED, ENOMEM.
 */
int lrd_tls_handshake(struct lrd_tls *tls, const char *name, struct lrd_stream **stream,
		      const struct lrd_wait *wait, larder_error *err) LARDER_MUST_USE;

/* Of a secured stream: "TLSv1.3", NULL for any other stream. Static. */
const char *lrd_tls_version(const struct lrd_stream *stream);
/* "TLS_AES_256_GCM_SHA384", "" for any other stream. Static. */
const char *lrd_tls_cipher(const struct lrd_stream *stream);
/* The protocol that the server chose by ALPN; empty: none, or no secured stream. */
larder_slice lrd_tls_protocol(const struct lrd_stream *stream);
/* Whether the handshake resumed an earlier session. False for any other stream. */
bool lrd_tls_resumed(const struct lrd_stream *stream);

#endif
