/* SPDX-License-Identifier: MIT */
/* tls.c - one TLS configuration, built once and shared by its connections. */
#include "transport/tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"
#include "sys/random.h"
#include "transport/tls_internal.h"

/*
 * What OpenSSL reads from below at once: several records, so that a large body needs few
 * system calls.
 */
enum { READ_AHEAD_BYTES = 64 * 1024, ALPN_MAX = 512 };

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct lrd_tls_stream *stream = SSL_get_app_data(ssl);

	if (!SSL_SESSION_is_resumable(session))
		return 0;
	return lrd_tls_sessions_put(&stream->tls->sessions, stream->name, &stream->base,
				    session);
}

static bool configure(SSL_CTX *ctx, const struct lrd_tls_options *options)
{
	uint16_t min_version = options->min_version ? options->min_version : LRD_TLS_1_2;

	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_verify(ctx, options->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
			   options->insecure ? NULL : lrd_tls_on_verify);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD_BYTES);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
						    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	return SSL_CTX_set_min_proto_version(ctx, min_version) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, options->max_version) == 1;
}

static bool is_version(uint16_t version)
{
	return version == 0 || version == LRD_TLS_1_2 || version == LRD_TLS_1_3;
}

static int check_versions(const struct lrd_tls_options *options, larder_error *err)
{
	uint16_t min_version = options->min_version ? options->min_version : LRD_TLS_1_2;
	uint16_t max_version = options->max_version ? options->max_version : LRD_TLS_1_3;

	if (is_version(options->min_version) && is_version(options->max_version) &&
	    min_version <= max_version)
		return 0;
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "TLS versions are 1.2 and 1.3, the minimum not above the "
			     "maximum");
}

/* Each name behind its length in one byte (RFC 7301 s3.1). */
static int offer(SSL_CTX *ctx, const char *alpn, larder_error *err)
{
	unsigned char list[ALPN_MAX];
	larder_slice rest = lrd_slice_cstr(alpn ? alpn : "http/1.1");
	larder_slice name;
	size_t len = 0;

	if (rest.len == 0)
		return 0;
	while (lrd_slice_split(&rest, ',', &name)) {
		name = lrd_slice_trim(name);
		if (name.len == 0 || name.len > UINT8_MAX ||
		    sizeof(list) - len < name.len + 1)
			return lrd_error_set(
				err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				"protocols for ALPN have 1 to 255 bytes, all of "
				"them less than %d",
				(int)ALPN_MAX);
		list[len++] = (unsigned char)name.len;
		memcpy(list + len, name.ptr, name.len);
		len += name.len;
	}
	/* Unlike its siblings this one returns 0 when all is well. */
	if (SSL_CTX_set_alpn_protos(ctx, list, (unsigned)len) != 0)
		return lrd_tls_setup_error(LARDER_ENOMEM, "cannot set up ALPN", err);
	return 0;
}

static int trust(SSL_CTX *ctx, const struct lrd_tls_options *options, larder_error *err)
{
	X509_STORE *store = NULL;
	int rc;

	if (options->insecure)
		return 0;
	rc = lrd_tls_ca_store(options->ca_file, options->ca_dir, &store, err);
	if (rc == 0)
		SSL_CTX_set_cert_store(ctx, store); /* takes the reference */
	return rc;
}

int lrd_tls_new(const struct lrd_tls_options *options, struct lrd_tls **out,
		larder_error *err)
{
	struct lrd_tls *tls = NULL;
	struct lrd_tls_pins pins;
	int rc = check_versions(options, err);

	if (rc == 0)
		rc = lrd_tls_pins_parse(options->pins, &pins, err);
	if (rc < 0)
		return rc;
	/*
	 * OpenSSL would tear itself down at exit, under the feet of threads that are still in
	 * it; a library has no business to start that.
	 */
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
	tls = lrd_alloc_zero(options->allocator, sizeof(*tls));
	if (!tls)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_TLS, 0, NULL,
				     "no memory for a TLS configuration");
	atomic_init(&tls->refs, 1);
	tls->allocator = options->allocator;
	tls->insecure = options->insecure;
	tls->pins = pins;
	lrd_random_bytes(tls->identity, sizeof(tls->identity));
	lrd_tls_sessions_init(&tls->sessions);
	ERR_clear_error();
	tls->bio_method = lrd_tls_bio_method_new();
	tls->ctx = SSL_CTX_new(TLS_client_method());
	if (!tls->bio_method || !tls->ctx || !configure(tls->ctx, options)) {
		rc = lrd_tls_setup_error(LARDER_ETLS, "cannot set up TLS", err);
		goto out;
	}
	rc = offer(tls->ctx, options->alpn, err);
	if (rc == 0)
		rc = trust(tls->ctx, options, err);
	if (rc == 0)
		rc = lrd_tls_client_cert(tls->ctx, options, err);
	if (rc < 0)
		goto out;
	*out = tls;
	tls = NULL; /* moved to the caller */
out:
	lrd_tls_unref(tls);
	return rc;
}

struct lrd_tls *lrd_tls_ref(struct lrd_tls *tls)
{
	if (tls)
		atomic_fetch_add(&tls->refs, 1);
	return tls;
}

void lrd_tls_unref(struct lrd_tls *tls)
{
	if (!tls || atomic_fetch_sub(&tls->refs, 1) != 1)
		return;
	lrd_tls_sessions_release(&tls->sessions);
	SSL_CTX_free(tls->ctx);
	BIO_meth_free(tls->bio_method);
	lrd_alloc_free(tls->allocator, tls);
}

const unsigned char *lrd_tls_identity(const struct lrd_tls *tls)
{
	return tls->identity;
}
