/* SPDX-License-Identifier: MIT */
/* tls_client.c - who we are to servers that ask: a certificate and its key, from PEM files. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sys/error.h"
#include "transport/tls_internal.h"

/* What became of the question for a password. */
struct question {
	const struct lrd_tls_options *options;
	bool asked;
	bool answered;
};

/* Always set: OpenSSL's own would ask at the terminal. */
static int on_password(char *buf, int size, int writing, void *arg)
{
	struct question *question = arg;
	const struct lrd_tls_options *options = question->options;
	int len = -1;

	(void)writing;
	question->asked = true;
	if (options->key_password) {
		size_t given = strlen(options->key_password);

		if (given <= (size_t)size) {
			memcpy(buf, options->key_password, given);
			len = (int)given;
		}
	} else if (options->on_password) {
		len = options->on_password(buf, size, options->on_password_ctx);
	}
	if (len > size)
		len = -1;
	question->answered = len >= 0;
	return len;
}

static int fail(const char *what, const char *path, const char *why, larder_error *err)
{
	char doing[400];

	(void)snprintf(doing, sizeof(doing), "cannot use the client %s in %.300s", what,
		       path);
	if (!why)
		return lrd_tls_setup_error(LARDER_ECERT, doing, err);
	ERR_clear_error();
	return lrd_error_set(err, LARDER_ECERT, LARDER_PHASE_TLS, 0, NULL, "%s: %s",
			     doing, why);
}

static int load(SSL_CTX *ctx, const struct question *question, larder_error *err)
{
	const struct lrd_tls_options *options = question->options;
	const char *key_file = options->key_file ? options->key_file : options->cert_file;

	if (SSL_CTX_use_certificate_chain_file(ctx, options->cert_file) != 1)
		return fail("certificate", options->cert_file, NULL, err);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1) {
		unsigned long code = ERR_peek_error();

		/* OpenSSL 3 compares key and certificate here already. */
		if (ERR_GET_LIB(code) == ERR_LIB_X509)
			return fail("key", key_file, "it is not the certificate's", err);
		if (question->asked && !question->answered)
			return fail("key", key_file,
				    "it is encrypted, and no password was given", err);
		if (question->asked)
			return fail("key", key_file, "wrong password, or damaged", err);
		return fail("key", key_file, NULL, err);
	}
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail("key", key_file, "it is not the certificate's", err);
	return 0;
}

int lrd_tls_client_cert(SSL_CTX *ctx, const struct lrd_tls_options *options,
			larder_error *err)
{
	struct question question = { .options = options };
	int rc;

	if (!options->cert_file) {
		if (!options->key_file)
			return 0;
		return fail("key", options->key_file, "no certificate goes with it", err);
	}
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ctx, on_password);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &question);
	rc = load(ctx, &question, err);
	/* The question and its password end with this call. */
	SSL_CTX_set_default_passwd_cb(ctx, NULL);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
	return rc;
}
