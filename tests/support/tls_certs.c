/* SPDX-License-Identifier: MIT */
/* tls_certs.c - authorities and certificates made on the spot (EC P-256), for servers in tests. */
#include "tests/support/tls_certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tls_certs: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static void add_extension(X509 *cert, const X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, (X509 *)issuer, cert, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(ext != NULL, value);
	must(X509_add_ext(cert, ext, -1), "X509_add_ext");
	X509_EXTENSION_free(ext);
}

static void set_serial(X509 *cert)
{
	unsigned char bytes[8];
	uint64_t serial = 0;

	must(RAND_bytes(bytes, sizeof(bytes)), "RAND_bytes");
	memcpy(&serial, bytes, sizeof(serial));
	must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial | 1), "serial");
}

static void set_name(X509 *cert, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(cert);

	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					(const unsigned char *)common_name, -1, -1, 0),
	     "common name");
}

struct lrd_test_cert *lrd_test_cert_new(const struct lrd_test_cert_spec *spec,
					const struct lrd_test_cert *issuer)
{
	struct lrd_test_cert *made = calloc(1, sizeof(*made));
	const char *alt_names = spec->alt_names;
	X509 *signer;

	must(made != NULL, "calloc");
	made->key = EVP_EC_gen("P-256");
	made->cert = X509_new();
	must(made->key && made->cert, "EVP_EC_gen");
	if (!issuer)
		issuer = made;
	signer = issuer->cert;

	must(X509_set_version(made->cert, X509_VERSION_3), "version");
	set_serial(made->cert);
	set_name(made->cert, spec->common_name && *spec->common_name ? spec->common_name
								     : "larder test");
	must(X509_set_issuer_name(made->cert, X509_get_subject_name(signer)), "issuer");
	must(X509_gmtime_adj(X509_getm_notBefore(made->cert),
			     spec->not_before_s ? (long)spec->not_before_s : -3600L) !=
		     NULL,
	     "not before");
	must(X509_gmtime_adj(X509_getm_notAfter(made->cert),
			     spec->not_after_s ? (long)spec->not_after_s : 86400L) != NULL,
	     "not after");
	must(X509_set_pubkey(made->cert, made->key), "public key");

	add_extension(made->cert, signer, NID_basic_constraints,
		      spec->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(made->cert, signer, NID_subject_key_identifier, "hash");
	if (!alt_names && !spec->authority)
		alt_names = "DNS:localhost,IP:127.0.0.1";
	if (alt_names && *alt_names)
		add_extension(made->cert, signer, NID_subject_alt_name, alt_names);
	must(X509_sign(made->cert, issuer->key, EVP_sha256()) > 0, "sign");
	return made;
}

struct lrd_test_cert *lrd_test_ca_new(const char *common_name)
{
	const struct lrd_test_cert_spec spec = {
		.common_name = common_name,
		.authority = true,
	};

	return lrd_test_cert_new(&spec, NULL);
}

void lrd_test_cert_free(struct lrd_test_cert *cert)
{
	if (!cert)
		return;
	X509_free(cert->cert);
	EVP_PKEY_free(cert->key);
	free(cert);
}

void lrd_test_cert_write(const struct lrd_test_cert *cert, const char *path, bool with_key)
{
	FILE *file = fopen(path, "w");

	must(file != NULL, path);
	must(PEM_write_X509(file, cert->cert), path);
	if (with_key)
		must(PEM_write_PrivateKey(file, cert->key, NULL, NULL, 0, NULL, NULL),
		     path);
	must(fclose(file) == 0, path);
}
