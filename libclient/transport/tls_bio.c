/* SPDX-License-Identifier: MIT */
/* tls_bio.c - OpenSSL's view of the stream below, which is a socket or another TLS. */
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>

#include "transport/tls_internal.h"

/* What to tell OpenSSL about a result that is neither bytes nor the end. */
static void note(BIO *bio, struct lrd_tls_stream *stream, ptrdiff_t rc)
{
	if (rc == LRD_WANT_READ)
		BIO_set_retry_read(bio);
	else if (rc == LRD_WANT_WRITE)
		BIO_set_retry_write(bio);
	else
		stream->below_rc = (int)rc;
}

static int bio_read(BIO *bio, char *buf, int len)
{
	struct lrd_tls_stream *stream = BIO_get_data(bio);
	struct lrd_stream *below = stream->base.below;
	ptrdiff_t got;

	BIO_clear_retry_flags(bio);
	/* After a failed write what came before it may still be read. */
	if (len <= 0 || stream->below_ended)
		return 0;
	if (stream->no_io) {
		BIO_set_retry_read(bio);
		return -1;
	}
	got = below->ops->read(below, buf, (size_t)len, &stream->below_error);
	if (got > 0)
		return (int)got;
	if (got == 0) {
		stream->below_ended = true;
		return 0;
	}
	note(bio, stream, got);
	return -1;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
	struct lrd_tls_stream *stream = BIO_get_data(bio);
	struct lrd_stream *below = stream->base.below;
	struct iovec iov = { .iov_len = (size_t)len };
	ptrdiff_t sent;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	if (stream->below_rc)
		return -1;
	/* write() only reads the bytes; iov_base has no const. */
	memcpy(&iov.iov_base, &buf, sizeof(iov.iov_base));
	sent = below->ops->write(below, &iov, 1, &stream->below_error);
	if (sent >= 0)
		return (int)sent;
	note(bio, stream, sent);
	return -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *ptr)
{
	const struct lrd_tls_stream *stream = BIO_get_data(bio);

	(void)number;
	(void)ptr;
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return stream->below_ended || stream->below_rc;
	default:
		return 0;
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *lrd_tls_bio_method_new(void)
{
	/* No index of its own: those are few and for the whole process, and nobody looks us up. */
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "larder stream");

	if (!method)
		return NULL;
	if (BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
	    BIO_meth_set_ctrl(method, bio_ctrl) && BIO_meth_set_create(method, bio_create))
		return method;
	BIO_meth_free(method);
	return NULL;
}
