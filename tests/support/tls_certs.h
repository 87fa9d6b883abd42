/* SPDX-License-Identifier: MIT */
/*
 * tls_certs.h - authorities and certificates made on the spot (EC P-256), for servers in tests.
 *
 * Nothing fails softly here: what cannot be made ends the test.
 */
#ifndef LARDER_TESTS_TLS_CERTS_H
#define LARDER_TESTS_TLS_CERTS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

/* A key and its certificate. */
struct lrd_test_cert {
	EVP_PKEY *key;
	X509 *cert;
};

/* What a certificate says. All zero: for "localhost" and 127.0.0.1, valid from an hour ago for a day. */
struct lrd_test_cert_spec {
	const char *common_name; /* NULL or "": "larder test" */
	const char *alt_names; /* "DNS:a.example,DNS:*.b.example,IP:127.0.0.1"; "": no such extension */
	int64_t not_before_s; /* seconds from now; 0: -3600 */
	int64_t not_after_s;  /* seconds from now; 0: +86400 */
	bool authority;       /* may sign others */
};

/* Signed by `issuer`, or by itself when NULL. */
struct lrd_test_cert *lrd_test_cert_new(const struct lrd_test_cert_spec *spec,
					const struct lrd_test_cert *issuer);
void lrd_test_cert_free(struct lrd_test_cert *cert);

/* An authority of that name: the issuer for lrd_test_cert_new(). */
struct lrd_test_cert *lrd_test_ca_new(const char *common_name);

/* Writes the certificate, and with `with_key` the key behind it, as PEM. */
void lrd_test_cert_write(const struct lrd_test_cert *cert, const char *path,
			 bool with_key);

#endif
