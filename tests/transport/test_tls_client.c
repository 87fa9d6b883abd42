/* SPDX-License-Identifier: MIT */
/* test_tls_client.c - client certificates, pins, versions, ALPN; and what is resumed when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/origin.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"
#include "transport/dial.h"
#include "transport/tls_internal.h"

#define MS UINT64_C(1000000)

enum { PATH_SIZE = 200 };

static struct lrd_test_cert *ca;
static struct lrd_test_cert *cert;   /* the server's */
static struct lrd_test_cert *client; /* ours */
static const char *dir;
static char ca_path[PATH_SIZE];
static char client_path[PATH_SIZE];    /* certificate and key */
static char encrypted_path[PATH_SIZE]; /* the key alone, password "open sesame" */
static char other_path[PATH_SIZE];     /* another key */
static larder_error err;

static void write_key(EVP_PKEY *key, const char *path, const char *password)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(PEM_write_PKCS8PrivateKey(
				 file, key, password ? EVP_aes_256_cbc() : NULL, password,
				 password ? (int)strlen(password) : 0, NULL, NULL),
			 1);
	fclose(file);
}

static void set_up(void)
{
	static const struct lrd_test_cert_spec spec = { 0 };
	static const struct lrd_test_cert_spec who = { .common_name = "alice",
						       .alt_names = "" };

	ca = lrd_test_ca_new("larder test CA");
	cert = lrd_test_cert_new(&spec, ca);
	client = lrd_test_cert_new(&who, ca);
	dir = lrd_tmpdir_new();
	lrd_tmpdir_path(ca_path, PATH_SIZE, dir, "ca.pem");
	lrd_tmpdir_path(client_path, PATH_SIZE, dir, "client.pem");
	lrd_tmpdir_path(encrypted_path, PATH_SIZE, dir, "client.key");
	lrd_tmpdir_path(other_path, PATH_SIZE, dir, "other.key");
	lrd_test_cert_write(ca, ca_path, false);
	lrd_test_cert_write(client, client_path, true);
	write_key(client->key, encrypted_path, "open sesame");
	write_key(cert->key, other_path, NULL);
}

static void tear_down(void)
{
	lrd_test_cert_free(client);
	lrd_test_cert_free(cert);
	lrd_test_cert_free(ca);
}

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

/* One GET over a new connection: 0 with what was negotiated, or the error. */
static int fetch(struct lrd_tls *tls, const char *host, const struct lrd_origin *origin,
		 bool *resumed, char version[16], char protocol[32])
{
	char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct iovec iov = { request, sizeof(request) - 1 };
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	const struct lrd_dial dial = { .host = host,
				       .port = lrd_origin_port(origin),
				       .tls = tls,
				       .tls_timeout_ms = 10000 };
	struct lrd_stream *stream = NULL;
	larder_slice chosen;
	char buf[1000];
	size_t len = 0;
	int rc = lrd_dial(&dial, &stream, &err);

	if (rc < 0)
		return rc;
	*resumed = lrd_tls_resumed(stream);
	chosen = lrd_tls_protocol(stream);
	if (version)
		snprintf(version, 16, "%s", lrd_tls_version(stream));
	if (protocol)
		snprintf(protocol, 32, "%.*s", (int)chosen.len,
			 chosen.ptr ? chosen.ptr : "");
	rc = lrd_stream_write_all(stream, &iov, 1, &wait, &err);
	while (rc == 0 && (len < 5 || memcmp(buf + len - 5, "hello", 5) != 0)) {
		ptrdiff_t got = lrd_stream_read(stream, buf + len, sizeof(buf) - len,
						&wait, &err);

		if (got <= 0)
			rc = got < 0 ? (int)got : LARDER_ECLOSED;
		else
			len += (size_t)got;
	}
	lrd_stream_close(stream);
	return rc;
}

static struct lrd_tls *tls_of(const struct lrd_tls_options *options)
{
	struct lrd_tls *tls = NULL;
	int rc = lrd_tls_new(options, &tls, &err);

	ck_assert_msg(rc == 0, "%s", err.message);
	return tls;
}

/* ---- who we are ------------------------------------------------------------------------- */

static int asked;

static int on_password(char *buf, int size, void *ctx)
{
	size_t len = ctx ? strlen(ctx) : 0;

	asked++;
	if (!ctx || len > (size_t)size)
		return -1;
	memcpy(buf, ctx, len);
	return (int)len;
}

static char good_word[] = "open sesame";
static char bad_word[] = "open barley";

static const struct {
	const char *what;
	const char *cert, *key; /* names in set_up()'s directory; NULL: none */
	const char *password;
	lrd_tls_password *on_password;
	char *ctx;
	int rc;
	const char *says;
} keys[] = {
	{ "both in one file", "client.pem", NULL, NULL, NULL, NULL, 0, NULL },
	{ "key apart, password", "client.pem", "client.key", good_word, NULL, NULL, 0,
	  NULL },
	{ "key apart, callback", "client.pem", "client.key", NULL, on_password, good_word,
	  0, NULL },
	{ "no password", "client.pem", "client.key", NULL, NULL, NULL, LARDER_ECERT,
	  "encrypted, and no password was given" },
	{ "callback gives up", "client.pem", "client.key", NULL, on_password, NULL,
	  LARDER_ECERT, "encrypted, and no password was given" },
	{ "wrong password", "client.pem", "client.key", bad_word, NULL, NULL,
	  LARDER_ECERT, "wrong password, or damaged" },
	{ "wrong password, callback", "client.pem", "client.key", NULL, on_password,
	  bad_word, LARDER_ECERT, "wrong password, or damaged" },
	{ "another key", "client.pem", "other.key", NULL, NULL, NULL, LARDER_ECERT,
	  "not the certificate's" },
	{ "no such certificate", "none.pem", NULL, NULL, NULL, NULL, LARDER_ECERT,
	  "client certificate in" },
	{ "no such key", "client.pem", "none.key", NULL, NULL, NULL, LARDER_ECERT,
	  "client key in" },
	{ "no key in the file", "ca.pem", NULL, NULL, NULL, NULL, LARDER_ECERT,
	  "client key in" },
	{ "a key without certificate", NULL, "client.key", good_word, NULL, NULL,
	  LARDER_ECERT, "no certificate goes with it" },
};

START_TEST(certificates_and_keys)
{
	char cert_path[PATH_SIZE];
	char key_path[PATH_SIZE];
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = cert, .client_ca = ca });
	struct lrd_tls_options options = { .ca_file = ca_path,
					   .key_password = keys[_i].password,
					   .on_password = keys[_i].on_password,
					   .on_password_ctx = keys[_i].ctx };
	struct lrd_tls *tls = NULL;
	bool resumed;
	int rc;

	if (keys[_i].cert) {
		lrd_tmpdir_path(cert_path, PATH_SIZE, dir, keys[_i].cert);
		options.cert_file = cert_path;
	}
	if (keys[_i].key) {
		lrd_tmpdir_path(key_path, PATH_SIZE, dir, keys[_i].key);
		options.key_file = key_path;
	}
	asked = 0;
	rc = lrd_tls_new(&options, &tls, &err);
	ck_assert_msg(rc == keys[_i].rc, "%s: %d %s", keys[_i].what, rc, err.message);
	ck_assert_int_eq(asked > 0, keys[_i].on_password != NULL);
	if (rc == 0) {
		rc = fetch(tls, "localhost", origin, &resumed, NULL, NULL);
		ck_assert_msg(rc == 0, "%s: %s", keys[_i].what, err.message);
	} else {
		ck_assert_msg(strstr(err.message, keys[_i].says) != NULL, "%s: %s",
			      keys[_i].what, err.message);
		ck_assert_ptr_null(strstr(err.message, "open "));
		ck_assert_ptr_null(tls);
	}
	lrd_tls_unref(tls);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(a_server_that_wants_one_says_so)
{
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello,
		.cert = cert,
		.client_ca = ca,
		.tls_max_version = _i == 0 ? TLS1_2_VERSION : 0 });
	struct lrd_tls *tls = tls_of(&(struct lrd_tls_options){ .ca_file = ca_path });
	bool resumed;
	int rc = fetch(tls, "localhost", origin, &resumed, NULL, NULL);

	/* The alert may be lost where the server resets with our request unread. */
	ck_assert_msg(rc == LARDER_ETLS || rc == LARDER_ECLOSED, "%d %s", rc, err.message);
	if (_i == 1 && rc == LARDER_ETLS)
		ck_assert_msg(strstr(err.message, "wants a client certificate") != NULL,
			      "%s", err.message);
	lrd_tls_unref(tls);
	lrd_origin_free(origin);
}
END_TEST

/* ---- pins ------------------------------------------------------------------------------- */

/* "sha256//..." of a key, in a buffer of the caller's. */
static void pin_of(const struct lrd_test_cert *of, char pin[80])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char base64[64];
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(of->key, &der);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL),
			 1);
	EVP_EncodeBlock(base64, digest, 32);
	snprintf(pin, 80, "sha256//%s", (char *)base64);
	OPENSSL_free(der);
}

/* Row: TLS version; first with verification, then without. */
START_TEST(only_pinned_keys)
{
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello,
		.cert = cert,
		.tls_max_version = _i & 1 ? TLS1_2_VERSION : 0 });
	struct lrd_tls_options options = { .ca_file = ca_path, .insecure = _i & 2 };
	char right[80];
	char wrong[80];
	char list[200];
	bool resumed = false;

	pin_of(cert, right);
	pin_of(client, wrong);
	for (int i = 0; i < 3; i++) {
		struct lrd_tls *tls;

		snprintf(list, sizeof(list), "%s%s%s", i < 2 ? wrong : "",
			 i == 1 ? " ; " : "", i > 0 ? right : "");
		options.pins = list;
		tls = tls_of(&options);
		for (int k = 0; k < 3; k++) {
			int rc = fetch(tls, "localhost", origin, &resumed, NULL, NULL);

			if (i > 0) {
				ck_assert_msg(rc == 0, "%s", err.message);
				ck_assert_int_eq(resumed, k > 0);
				continue;
			}
			/* Also where a session was kept before the key was looked at. */
			ck_assert_int_eq(rc, LARDER_ECERT);
			ck_assert_ptr_nonnull(
				strstr(err.message, "none of the pinned ones"));
		}
		lrd_tls_unref(tls);
		if (i == 0)
			ck_assert_uint_eq(lrd_origin_requests(origin), 0);
	}
	lrd_origin_free(origin);
}
END_TEST

static const struct {
	struct lrd_tls_options options;
	const char *says;
} bad_options[] = {
	{ { .insecure = true, .pins = "" }, "pinned public key 1" },
	{ { .insecure = true, .pins = "sha256//" }, "pinned public key 1" },
	{ { .insecure = true, .pins = "sha1//AAAA" }, "pinned public key 1" },
	{ { .insecure = true, .pins = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	  "pinned public key 1" },
	{ { .insecure = true,
	    .pins = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" },
	  "pinned public key 1" },
	{ { .insecure = true,
	    .pins = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;" },
	  "pinned public key 2" },
	{ { .insecure = true,
	    .pins = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;sha256//x" },
	  "pinned public key 2" },
	{ { .insecure = true, .min_version = 0x0302 }, "TLS versions" },
	{ { .insecure = true, .max_version = 0x0305 }, "TLS versions" },
	{ { .insecure = true, .min_version = LRD_TLS_1_3, .max_version = LRD_TLS_1_2 },
	  "TLS versions" },
	{ { .insecure = true, .alpn = "h2,,http/1.1" }, "ALPN" },
	{ { .insecure = true, .alpn = "," }, "ALPN" },
};

START_TEST(options_that_cannot_be)
{
	struct lrd_tls *tls = NULL;

	ck_assert_int_eq(lrd_tls_new(&bad_options[_i].options, &tls, &err), LARDER_EINVAL);
	ck_assert_msg(strstr(err.message, bad_options[_i].says) != NULL, "%s",
		      err.message);
	ck_assert_ptr_null(tls);
}
END_TEST

/* ---- versions and ALPN ------------------------------------------------------------------ */

static const struct {
	uint16_t min, max;
	int server_min, server_max;
	const char *version; /* NULL: ETLS */
} versions[] = {
	{ 0, 0, 0, 0, "TLSv1.3" },
	{ 0, LRD_TLS_1_2, 0, 0, "TLSv1.2" },
	{ LRD_TLS_1_3, 0, 0, 0, "TLSv1.3" },
	{ LRD_TLS_1_3, LRD_TLS_1_3, 0, 0, "TLSv1.3" },
	{ LRD_TLS_1_2, LRD_TLS_1_2, 0, 0, "TLSv1.2" },
	{ LRD_TLS_1_3, 0, 0, TLS1_2_VERSION, NULL },
	{ 0, LRD_TLS_1_2, TLS1_3_VERSION, 0, NULL },
	{ 0, 0, 0, TLS1_1_VERSION, NULL },
};

START_TEST(versions_are_kept_to)
{
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello,
		.cert = cert,
		.tls_min_version = versions[_i].server_min,
		.tls_max_version = versions[_i].server_max });
	struct lrd_tls *tls =
		tls_of(&(struct lrd_tls_options){ .ca_file = ca_path,
						  .min_version = versions[_i].min,
						  .max_version = versions[_i].max });
	char version[16];
	bool resumed;
	int rc = fetch(tls, "localhost", origin, &resumed, version, NULL);

	if (versions[_i].version)
		ck_assert_msg(rc == 0 && strcmp(version, versions[_i].version) == 0, "%s",
			      err.message);
	else
		ck_assert_int_eq(rc, LARDER_ETLS);
	lrd_tls_unref(tls);
	lrd_origin_free(origin);
}
END_TEST

static const struct {
	const char *alpn;
	int rc;
	const char *protocol;
} offers[] = {
	{ NULL, 0, "http/1.1" },
	{ "http/1.1", 0, "http/1.1" },
	{ "h2,http/1.1", 0, "http/1.1" },
	{ "http/1.1 , h2", 0, "http/1.1" },
	{ "", 0, "" },
	{ "h2", LARDER_ETLS, NULL }, /* the origin knows nothing but http/1.1 */
};

START_TEST(protocols_are_offered)
{
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_tls *tls = tls_of(
		&(struct lrd_tls_options){ .ca_file = ca_path, .alpn = offers[_i].alpn });
	char protocol[32];
	bool resumed;
	int rc = fetch(tls, "localhost", origin, &resumed, NULL, protocol);

	ck_assert_msg(rc == offers[_i].rc, "%d %s", rc, err.message);
	if (rc == 0)
		ck_assert_str_eq(protocol, offers[_i].protocol);
	lrd_tls_unref(tls);
	lrd_origin_free(origin);
}
END_TEST

/* ---- what is resumed -------------------------------------------------------------------- */

/*
 * Every configuration, and the same host by another name: each a full handshake at first,
 * resumed only by itself afterwards. Row: TLS version.
 */
START_TEST(nobody_resumes_for_another)
{
	enum { CONFIGS = 7 };
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello,
		.cert = cert,
		.tls_max_version = _i == 0 ? TLS1_2_VERSION : 0 });
	char pin[80];
	struct lrd_tls_options options[CONFIGS] = {
		{ .ca_file = ca_path },
		{ .ca_file = ca_path }, /* equal, and yet another */
		{ .insecure = true },
		{ .ca_file = ca_path, .cert_file = client_path },
		{ .ca_file = ca_path, .pins = pin },
		{ .ca_file = ca_path, .alpn = "" },
		{ .ca_file = ca_path, .max_version = _i == 0 ? LRD_TLS_1_2 : LRD_TLS_1_3 },
	};
	struct lrd_tls *tls[CONFIGS];
	bool resumed;

	pin_of(cert, pin);
	for (size_t i = 0; i < CONFIGS; i++) {
		tls[i] = tls_of(&options[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_mem_ne(lrd_tls_identity(tls[i]),
					 lrd_tls_identity(tls[k]), LRD_TLS_IDENTITY_LEN);
	}
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < CONFIGS; i++) {
			ck_assert_int_eq(fetch(tls[i], "localhost", origin, &resumed,
					       NULL, NULL),
					 0);
			ck_assert_msg(resumed == (round > 0), "config %zu, round %d", i,
				      round);
		}
	}
	/* Another host is another peer, even at the same address. */
	ck_assert_int_eq(fetch(tls[0], "127.0.0.1", origin, &resumed, NULL, NULL), 0);
	ck_assert(!resumed);
	ck_assert_int_eq(fetch(tls[0], "127.0.0.1", origin, &resumed, NULL, NULL), 0);
	ck_assert(resumed);
	for (size_t i = 0; i < CONFIGS; i++)
		lrd_tls_unref(tls[i]);
	lrd_origin_free(origin);
}
END_TEST

/* A ticket that came by one route is not shown on another. */
START_TEST(routes_do_not_share_sessions)
{
	struct lrd_tls_sessions sessions;
	struct lrd_stream direct = { .host = "o.test:443" };
	struct lrd_stream proxied = { .host = "o.test:443", .route = 7 };
	SSL_SESSION *session = SSL_SESSION_new();
	SSL_SESSION *found;

	lrd_tls_sessions_init(&sessions);
	ck_assert_int_eq(lrd_tls_sessions_put(&sessions, "o.test", &proxied, session), 1);
	ck_assert_ptr_null(lrd_tls_sessions_take(&sessions, "o.test", &direct));
	proxied.route = 8;
	ck_assert_ptr_null(lrd_tls_sessions_take(&sessions, "o.test", &proxied));
	proxied.route = 7;
	found = lrd_tls_sessions_take(&sessions, "o.test", &proxied);
	ck_assert_ptr_eq(found, session);
	SSL_SESSION_free(found);
	lrd_tls_sessions_release(&sessions);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/tls_client");
	TCase *tcase = tcase_create("tls_client");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, certificates_and_keys, 0,
			    sizeof(keys) / sizeof(keys[0]));
	tcase_add_loop_test(tcase, a_server_that_wants_one_says_so, 0, 2);
	tcase_add_loop_test(tcase, only_pinned_keys, 0, 4);
	tcase_add_loop_test(tcase, options_that_cannot_be, 0,
			    sizeof(bad_options) / sizeof(bad_options[0]));
	tcase_add_loop_test(tcase, versions_are_kept_to, 0,
			    sizeof(versions) / sizeof(versions[0]));
	tcase_add_loop_test(tcase, protocols_are_offered, 0,
			    sizeof(offers) / sizeof(offers[0]));
	tcase_add_loop_test(tcase, nobody_resumes_for_another, 0, 2);
	tcase_add_test(tcase, routes_do_not_share_sessions);
	suite_add_tcase(suite, tcase);
	return suite;
}
