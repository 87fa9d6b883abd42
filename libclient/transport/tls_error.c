/* SPDX-License-Identifier: MIT */
/* tls_error.c - OpenSSL's failures as LARDER_E* codes with the reason in words. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "sys/error.h"
#include "transport/tls_internal.h"

/* Empties the queue: the first error is the cause, those after it are its consequences. */
static unsigned long take_first(void)
{
	unsigned long first = ERR_get_error();

	ERR_clear_error();
	return first;
}

static const char *reason_text(unsigned long code)
{
	const char *reason = ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code))
		return "the operating system refused";
	return reason ? reason : "unknown reason";
}

/* ---- what a certificate is for ---------------------------------------------------------- */

/* Bytes from the peer: whatever is not plain text becomes '?'. */
static void append_name(char *list, size_t size, const unsigned char *name, int len)
{
	size_t at = strlen(list);

	if (at && at + 3 < size) {
		list[at++] = ',';
		list[at++] = ' ';
	}
	for (int i = 0; i < len && at + 1 < size; i++)
		list[at++] = (char)(name[i] > ' ' && name[i] < 0x7f ? name[i] : '?');
	list[at] = '\0';
}

static void append_address(char *list, size_t size, const ASN1_OCTET_STRING *bytes)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int len = ASN1_STRING_length(bytes);

	if (len == 4)
		(void)inet_ntop(AF_INET, ASN1_STRING_get0_data(bytes), text, sizeof(text));
	else if (len == 16)
		(void)inet_ntop(AF_INET6, ASN1_STRING_get0_data(bytes), text,
				sizeof(text));
	append_name(list, size, (const unsigned char *)text, (int)strlen(text));
}

static void names_of(const X509 *cert, char *list, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	list[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *value =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type == GEN_DNS)
			append_name(list, size, ASN1_STRING_get0_data(value),
				    ASN1_STRING_length(value));
		else if (type == GEN_IPADD)
			append_address(list, size, value);
	}
	GENERAL_NAMES_free(names);
	if (list[0] == '\0')
		(void)snprintf(list, size, "no host name");
}

static int certificate_error(const struct lrd_tls_stream *stream, long verdict,
			     larder_error *err)
{
	const char *host = stream->base.host;
	char names[300];

	if (verdict != X509_V_ERR_HOSTNAME_MISMATCH &&
	    verdict != X509_V_ERR_IP_ADDRESS_MISMATCH) {
		return lrd_error_set(err, LARDER_ECERT, LARDER_PHASE_TLS, 0, host,
				     "certificate of %s not trusted: %s", host,
				     X509_verify_cert_error_string(verdict));
	}
	if (stream->refused)
		names_of(stream->refused, names, sizeof(names));
	else
		(void)snprintf(names, sizeof(names), "another one");
	return lrd_error_set(
		err, LARDER_ECERT, LARDER_PHASE_TLS, 0, host,
		"certificate of %s not trusted: host name does not match: wanted %s, "
		"certificate has %s",
		host, stream->name, names);
}

int lrd_tls_on_verify(int ok, X509_STORE_CTX *ctx)
{
	const SSL *ssl =
		X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct lrd_tls_stream *stream = ssl ? SSL_get_app_data(ssl) : NULL;
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

	/* OpenSSL lets go of the peer's certificate when it refuses it. */
	if (!ok && stream && !stream->refused && cert && X509_up_ref(cert) == 1)
		stream->refused = cert;
	return ok;
}

/* ---- the two translations --------------------------------------------------------------- */

/* The stream below ended where TLS had not. */
static int ended_early(const struct lrd_tls_stream *stream, larder_error *err)
{
	const char *host = stream->base.host;

	if (!stream->established) {
		return lrd_error_set(err, LARDER_ECLOSED, LARDER_PHASE_TLS, 0, host,
				     "%s closed the connection during the TLS handshake",
				     host);
	}
	return lrd_error_set(
		err, LARDER_ETRUNCATED, LARDER_PHASE_NONE, 0, host,
		"%s ended TLS without close_notify: what came may be cut short", host);
}

int lrd_tls_stream_error(struct lrd_tls_stream *stream, int ssl_rc, larder_error *err)
{
	const char *host = stream->base.host;
	int kind = SSL_get_error(stream->ssl, ssl_rc);
	unsigned long code = take_first();
	long verdict = SSL_get_verify_result(stream->ssl);
	const char *hint = "";

	if (!stream->tls->insecure && !stream->established && verdict != X509_V_OK)
		return certificate_error(stream, verdict, err);
	/* A fault of TLS itself says more than the loss of the connection that followed. */
	if (ERR_GET_LIB(code) != ERR_LIB_SSL ||
	    ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		if (stream->below_rc)
			*err = stream->below_error;
		if (stream->below_rc)
			return stream->below_rc;
		if (stream->below_ended)
			return ended_early(stream, err);
	}
	if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_TLS, 0, host,
				     "no memory for TLS with %s", host);
	}
	switch (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		hint = " (the peer does not seem to speak TLS)";
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		hint = " (no common version from TLS 1.2 on)";
		break;
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		hint = " (the peer wants a client certificate)";
		break;
	default:
		break;
	}
	if (code == 0)
		return lrd_error_set(err, LARDER_ETLS, LARDER_PHASE_TLS, 0, host,
				     "TLS with %s failed: error kind %d", host, kind);
	return lrd_error_set(err, LARDER_ETLS, LARDER_PHASE_TLS, 0, host,
			     "TLS %s with %s failed: %s%s",
			     stream->established ? "connection" : "handshake", host,
			     reason_text(code), hint);
}

int lrd_tls_setup_error(int code, const char *doing, larder_error *err)
{
	unsigned long first = take_first();

	if (ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE)
		code = LARDER_ENOMEM;
	return lrd_error_set(err, code, LARDER_PHASE_TLS, 0, NULL, "%s: %s", doing,
			     first ? reason_text(first) : "unknown reason");
}
