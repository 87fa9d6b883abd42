/* SPDX-License-Identifier: MIT */
/* tls_stream.c - a stream secured by TLS, over any other stream. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "proto/bytes/alloc.h"
#include "sys/error.h"
#include "transport/addr.h"
#include "transport/tls_internal.h"

/* What fits into one record: small pieces are put together up to here. */
enum { RECORD_BYTES = 16 * 1024 };

static const struct lrd_stream_ops tls_ops;

static struct lrd_tls_stream *tls_of(struct lrd_stream *stream)
{
	return (struct lrd_tls_stream *)stream;
}

/* LRD_WANT_*, 0 for the clean end, or an error: what an SSL call that gave no bytes means. */
static int outcome(struct lrd_tls_stream *tls, int ssl_rc, larder_error *err)
{
	switch (SSL_get_error(tls->ssl, ssl_rc)) {
	case SSL_ERROR_WANT_READ:
		return LRD_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return LRD_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return lrd_tls_stream_error(tls, ssl_rc, err);
	}
}

static ptrdiff_t tls_read(struct lrd_stream *stream, void *buf, size_t len,
			  larder_error *err)
{
	struct lrd_tls_stream *tls = tls_of(stream);
	size_t total = 0;

	/*
	 * One record at a time, as long as there is room; after the first only from what was
	 * read ahead, for which no system call is made.
	 */
	while (total < len) {
		size_t got = 0;
		int rc;

		ERR_clear_error();
		tls->no_io = total > 0;
		rc = SSL_read_ex(tls->ssl, (char *)buf + total, len - total, &got);
		tls->no_io = false;
		if (rc != 1 && total == 0) {
			tls->undrained = false;
			return outcome(tls, rc, err);
		}
		/* An end or an error behind data is met again by the next read. */
		if (rc != 1)
			break;
		total += got;
	}
	tls->undrained = total == len && SSL_has_pending(tls->ssl) == 1;
	return (ptrdiff_t)total;
}

/* The bytes that the next record carries, put together where they are small and several. */
static struct iovec next_record(struct lrd_tls_stream *tls, const struct iovec *iov,
				int count)
{
	size_t len = 0;

	while (count > 1 && iov->iov_len == 0) {
		iov++;
		count--;
	}
	if (count == 1 || iov->iov_len >= RECORD_BYTES)
		return *iov;
	if (!tls->gather)
		tls->gather = lrd_alloc(tls->base.allocator, RECORD_BYTES);
	if (!tls->gather)
		return *iov;
	for (int i = 0; i < count && len < RECORD_BYTES; i++) {
		size_t room = RECORD_BYTES - len;
		size_t part = iov[i].iov_len < room ? iov[i].iov_len : room;

		if (part)
			memcpy(tls->gather + len, iov[i].iov_base, part);
		len += part;
	}
	return (struct iovec){ .iov_base = tls->gather, .iov_len = len };
}

static ptrdiff_t tls_write(struct lrd_stream *stream, const struct iovec *iov, int count,
			   larder_error *err)
{
	struct lrd_tls_stream *tls = tls_of(stream);
	struct iovec record = next_record(tls, iov, count);
	size_t sent = 0;
	int rc;

	if (record.iov_len == 0)
		return 0;
	ERR_clear_error();
	rc = SSL_write_ex(tls->ssl, record.iov_base, record.iov_len, &sent);
	if (rc == 1)
		return (ptrdiff_t)sent;
	rc = outcome(tls, rc, err);
	if (rc != 0)
		return rc;
	return lrd_error_set(err, LARDER_ECLOSED, LARDER_PHASE_NONE, 0, stream->host,
			     "%s closed the TLS connection", stream->host);
}

static bool tls_pending(const struct lrd_stream *stream)
{
	/* Below may be TLS too, with more in its buffers than this one took. */
	return ((const struct lrd_tls_stream *)stream)->undrained ||
	       stream->below->ops->pending(stream->below);
}

static bool tls_alive(struct lrd_stream *stream)
{
	struct lrd_tls_stream *tls = tls_of(stream);
	size_t got = 0;
	char byte;
	int rc;

	/*
	 * What is there, in OpenSSL or below, may be session tickets or a key update, which are
	 * harmless; anything else, and half a record too, is not.
	 */
	ERR_clear_error();
	tls->no_io = stream->below->ops->alive(stream->below);
	rc = SSL_peek_ex(tls->ssl, &byte, 1, &got);
	tls->no_io = false;
	rc = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, rc);
	ERR_clear_error();
	return rc == SSL_ERROR_WANT_READ && SSL_has_pending(tls->ssl) == 0;
}

static void tls_close(struct lrd_stream *stream, bool graceful)
{
	struct lrd_tls_stream *tls = tls_of(stream);

	/* Sends close_notify if that needs no wait, and does not wait for the peer's. */
	if (graceful && tls->established && !tls->below_rc && !tls->below_ended) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl);
		ERR_clear_error();
	}
	SSL_free(tls->ssl);
	X509_free(tls->refused);
	lrd_alloc_free(stream->allocator, tls->gather);
	lrd_alloc_free(stream->allocator, tls->name);
	lrd_tls_unref(tls->tls);
	lrd_alloc_free(stream->allocator, tls);
}

static const struct lrd_stream_ops tls_ops = {
	.name = "tls",
	.read = tls_read,
	.write = tls_write,
	.pending = tls_pending,
	.alive = tls_alive,
	.close = tls_close,
};

/* ---- the handshake ---------------------------------------------------------------------- */

/* Whom to ask for and whom to accept. */
static bool set_peer(struct lrd_tls_stream *tls)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
	bool literal = lrd_addr_is_literal(tls->name);

	/* RFC 6066 s3: a server name is a name. */
	if (!literal && SSL_set_tlsext_host_name(tls->ssl, tls->name) != 1)
		return false;
	if (tls->tls->insecure)
		return true;
	if (literal)
		return X509_VERIFY_PARAM_set1_ip_asc(param, tls->name) == 1;
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
						X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return X509_VERIFY_PARAM_set1_host(param, tls->name, 0) == 1;
}

static bool set_ssl(struct lrd_tls_stream *tls)
{
	SSL_SESSION *session;
	BIO *bio;

	tls->ssl = SSL_new(tls->tls->ctx);
	if (!tls->ssl)
		return false;
	bio = BIO_new(tls->tls->bio_method);
	if (!bio)
		return false;
	BIO_set_data(bio, tls);
	SSL_set_bio(tls->ssl, bio, bio); /* takes it */
	SSL_set_app_data(tls->ssl, tls);
	SSL_set_connect_state(tls->ssl);
	if (!set_peer(tls))
		return false;
	session = lrd_tls_sessions_take(&tls->tls->sessions, tls->name, &tls->base);
	if (session) {
		/* One that does not fit means a full handshake, no more. */
		(void)SSL_set_session(tls->ssl, session);
		SSL_SESSION_free(session);
	}
	return true;
}

/* Without the final dot of a name (RFC 6066 s3) and without the zone of an address. */
static size_t name_len(const char *name)
{
	size_t len = strcspn(name, "%");

	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

static int handshake(struct lrd_tls_stream *tls, const struct lrd_wait *wait,
		     larder_error *err)
{
	for (;;) {
		larder_error detail;
		int rc;

		ERR_clear_error();
		rc = SSL_do_handshake(tls->ssl);
		if (rc == 1)
			return 0;
		rc = outcome(tls, rc, &detail);
		if (rc == 0)
			rc = lrd_error_set(&detail, LARDER_ECLOSED, LARDER_PHASE_TLS, 0,
					   tls->base.host, "%s ended the TLS handshake",
					   tls->base.host);
		if (rc != LRD_WANT_READ && rc != LRD_WANT_WRITE) {
			detail.phase = LARDER_PHASE_TLS;
			if (err)
				*err = detail;
			return rc;
		}
		rc = lrd_stream_wait(tls->base.below,
				     rc == LRD_WANT_READ ? LRD_READABLE : LRD_WRITABLE,
				     wait, err);
		if (rc < 0)
			return rc;
	}
}

/*
 * After every handshake, resumed ones too: what a session of TLS 1.2 was kept for is decided
 * before its key is looked at here.
 */
static int check_pins(const struct lrd_tls_stream *tls, larder_error *err)
{
	const struct lrd_tls_pins *pins = &tls->tls->pins;
	const X509 *cert;

	if (pins->count == 0)
		return 0;
	cert = SSL_get0_peer_certificate(tls->ssl);
	if (cert && lrd_tls_pins_match(pins, cert))
		return 0;
	return lrd_error_set(
		err, LARDER_ECERT, LARDER_PHASE_TLS, 0, tls->base.host,
		"certificate of %s not trusted: its public key is none of the "
		"pinned ones",
		tls->base.host);
}

int lrd_tls_handshake(struct lrd_tls *tls, const char *name, struct lrd_stream **stream,
		      const struct lrd_wait *wait, larder_error *err)
{
	struct lrd_stream *below = *stream;
	struct lrd_wait own = *wait;
	struct lrd_tls_stream *made = lrd_alloc_zero(below->allocator, sizeof(*made));
	int rc;

	if (!made)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_TLS, 0, below->host,
				     "no memory for TLS with %s", below->host);
	lrd_stream_init(&made->base, &tls_ops, below, below->allocator);
	made->tls = lrd_tls_ref(tls);
	made->name = lrd_alloc_copy(below->allocator, name, name_len(name));
	ERR_clear_error();
	/* To OpenSSL "" is any name at all, and ".a" any name below a. */
	if (made->name && !tls->insecure &&
	    (made->name[0] == '\0' || made->name[0] == '.')) {
		rc = lrd_error_set(err, LARDER_ECERT, LARDER_PHASE_TLS, 0, below->host,
				   "no certificate can be for the host name \"%.200s\"",
				   made->name);
		goto out;
	}
	if (!made->name) {
		rc = lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_TLS, 0, below->host,
				   "no memory for TLS with %s", below->host);
		goto out;
	}
	if (!set_ssl(made)) {
		rc = lrd_tls_setup_error(LARDER_ETLS, "cannot set up a TLS connection",
					 err);
		goto out;
	}
	own.phase = LARDER_PHASE_TLS;
	rc = handshake(made, &own, err);
	if (rc == 0)
		rc = check_pins(made, err);
	if (rc < 0)
		goto out;
	made->established = true;
	made->resumed = SSL_session_reused(made->ssl) == 1;
	made->undrained = SSL_has_pending(made->ssl) == 1;
	*stream = &made->base;
	made = NULL; /* moved to the caller */
out:
	/* The stream below stays the caller's. */
	if (made)
		tls_close(&made->base, false);
	return rc;
}

const char *lrd_tls_version(const struct lrd_stream *stream)
{
	if (stream->ops != &tls_ops)
		return NULL;
	return SSL_get_version(((const struct lrd_tls_stream *)stream)->ssl);
}

const char *lrd_tls_cipher(const struct lrd_stream *stream)
{
	if (stream->ops != &tls_ops)
		return "";
	return SSL_get_cipher_name(((const struct lrd_tls_stream *)stream)->ssl);
}

larder_slice lrd_tls_protocol(const struct lrd_stream *stream)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (stream->ops == &tls_ops)
		SSL_get0_alpn_selected(((const struct lrd_tls_stream *)stream)->ssl,
				       &name, &len);
	return (larder_slice){ (const char *)name, len };
}

bool lrd_tls_resumed(const struct lrd_stream *stream)
{
	return stream->ops == &tls_ops && ((const struct lrd_tls_stream *)stream)->resumed;
}
