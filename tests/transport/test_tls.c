/* SPDX-License-Identifier: MIT */
/* test_tls.c - whom TLS trusts, how it ends, against real servers with fresh certificates. */
#include "transport/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/origin.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"
#include "transport/tcp.h"

#define MS UINT64_C(1000000)

static struct lrd_test_cert *ca;
static char ca_path[200];
static struct lrd_tls *tls;
static larder_error err;

static const struct lrd_test_cert_spec plain_spec = { 0 };

static void set_up(void)
{
	struct lrd_tls_options options = { .ca_file = ca_path };

	ca = lrd_test_ca_new("larder test CA");
	lrd_tmpdir_path(ca_path, sizeof(ca_path), lrd_tmpdir_new(), "ca.pem");
	lrd_test_cert_write(ca, ca_path, false);
	ck_assert_int_eq(lrd_tls_new(&options, &tls, &err), 0);
	signal(SIGPIPE, SIG_DFL);
}

static void tear_down(void)
{
	lrd_tls_unref(tls);
	lrd_test_cert_free(ca);
}

static struct lrd_wait soon(void)
{
	return (struct lrd_wait){ .deadline_ns = lrd_clock_mono_ns() + 10000 * MS,
				  .phase = LARDER_PHASE_BODY };
}

static struct lrd_stream *connect_to(const struct lrd_origin *origin)
{
	struct lrd_addr_list list = { .count = 1 };
	struct lrd_wait wait = soon();
	struct lrd_stream *stream = NULL;
	char place[64];

	snprintf(place, sizeof(place), "origin.test:%u", lrd_origin_port(origin));
	ck_assert(lrd_addr_parse("127.0.0.1", lrd_origin_port(origin), &list.addr[0]));
	ck_assert_int_eq(lrd_tcp_connect(&list, place, &wait, NULL, &stream, &err), 0);
	return stream;
}

/* Connects and secures: 0 with *out set, or the handshake's error with nothing left. */
static int secure(struct lrd_tls *with, const struct lrd_origin *origin, const char *name,
		  struct lrd_stream **out)
{
	struct lrd_wait wait = soon();
	struct lrd_stream *stream = connect_to(origin);
	struct lrd_stream *before = stream;
	int rc = lrd_tls_handshake(with, name, &stream, &wait, &err);

	if (rc < 0) {
		ck_assert_ptr_eq(stream, before);
		ck_assert_int_eq(err.code, rc);
		ck_assert_uint_eq(err.phase, LARDER_PHASE_TLS);
		lrd_stream_abort(stream);
		return rc;
	}
	*out = stream;
	return 0;
}

static void send_text(struct lrd_stream *stream, const char *text)
{
	struct lrd_wait wait = soon();
	char copy[200];
	struct iovec iov = { copy, strlen(text) };

	memcpy(copy, text, iov.iov_len);
	ck_assert_int_eq(lrd_stream_write_all(stream, &iov, 1, &wait, &err), 0);
}

/* Reads to the end or an error, which it returns; at most `size` bytes, *len of them. */
static ptrdiff_t read_to_end(struct lrd_stream *stream, char *buf, size_t size,
			     size_t *len)
{
	struct lrd_wait wait = soon();
	ptrdiff_t got = 1;

	*len = 0;
	while (got > 0 && *len < size) {
		got = lrd_stream_read(stream, buf + *len, size - *len, &wait, &err);
		if (got > 0)
			*len += (size_t)got;
	}
	return got;
}

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

/* ---- whom it trusts --------------------------------------------------------------------- */

enum issuer { OUR_CA, ITSELF, FOREIGN_CA };

/* clang-format off */
static const struct {
	const char *what;
	struct lrd_test_cert_spec spec;
	enum issuer issuer;
	const char *name;
	int code;
	const char *says;
} peers[] = {
	{ "good", { .common_name = NULL }, OUR_CA, "localhost", 0, NULL },
	{ "good, by address", { .common_name = NULL }, OUR_CA, "127.0.0.1", 0, NULL },
	{ "expired", { .not_before_s = -7200, .not_after_s = -3600 }, OUR_CA, "localhost",
	  LARDER_ECERT, "certificate has expired" },
	{ "not yet valid", { .not_before_s = 3600, .not_after_s = 7200 }, OUR_CA, "localhost",
	  LARDER_ECERT, "certificate is not yet valid" },
	{ "another host", { .alt_names = "DNS:b.test,DNS:c.test,IP:192.0.2.1" }, OUR_CA,
	  "a.test", LARDER_ECERT,
	  "host name does not match: wanted a.test, certificate has b.test, c.test, 192.0.2.1" },
	{ "another address", { .alt_names = "DNS:b.test,IP:2001:db8::1" }, OUR_CA, "127.0.0.1",
	  LARDER_ECERT, "wanted 127.0.0.1, certificate has b.test, 2001:db8::1" },
	{ "no names", { .common_name = "a.test", .alt_names = "" }, OUR_CA, "a.test",
	  LARDER_ECERT, "wanted a.test, certificate has no host name" },
	{ "self-signed", { .common_name = NULL }, ITSELF, "localhost", LARDER_ECERT,
	  "self-signed certificate" },
	{ "unknown authority", { .common_name = NULL }, FOREIGN_CA, "localhost", LARDER_ECERT,
	  "unable to get local issuer certificate" },
};
/* clang-format on */

START_TEST(trusts_who_is_to_be_trusted)
{
	struct lrd_test_cert *foreign = lrd_test_ca_new("another CA");
	const struct lrd_test_cert *issuer = peers[_i].issuer == OUR_CA   ? ca
					     : peers[_i].issuer == ITSELF ? NULL
									  : foreign;
	struct lrd_test_cert *cert = lrd_test_cert_new(&peers[_i].spec, issuer);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_stream *stream = NULL;
	int rc = secure(tls, origin, peers[_i].name, &stream);

	ck_assert_msg(rc == peers[_i].code, "%s: %d %s", peers[_i].what, rc, err.message);
	if (peers[_i].says)
		ck_assert_msg(strstr(err.message, peers[_i].says) != NULL, "%s",
			      err.message);
	if (rc == 0)
		ck_assert_str_eq(lrd_tls_version(stream), "TLSv1.3");
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
	lrd_test_cert_free(foreign);
}
END_TEST

START_TEST(asked_to_it_trusts_anybody)
{
	const struct lrd_tls_options options = { .insecure = true };
	struct lrd_tls *insecure = NULL;
	const struct lrd_test_cert_spec spec = { .alt_names = "DNS:b.test",
						 .not_after_s = -60 };
	struct lrd_test_cert *cert = lrd_test_cert_new(&spec, NULL);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(lrd_tls_new(&options, &insecure, &err), 0);
	ck_assert_int_eq(secure(insecure, origin, "a.test", &stream), 0);
	lrd_stream_close(stream);
	lrd_tls_unref(insecure);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* The names of a certificate against the name of a host. */
static const struct {
	const char *alt_names;
	const char *name;
	bool match;
} matches[] = {
	{ "DNS:a.test", "a.test", true },
	{ "DNS:a.test", "A.TEST", true },
	{ "DNS:A.Test", "a.test", true },
	{ "DNS:a.test", "a.test.", true },
	{ "DNS:a.test", "b.a.test", false },
	{ "DNS:a.test", "xa.test", false },
	{ "DNS:a.test", "a.tes", false },
	{ "DNS:x.test,DNS:y.test,DNS:a.test", "a.test", true },
	{ "DNS:*.a.test", "b.a.test", true },
	{ "DNS:*.a.test", "B.A.test", true },
	{ "DNS:*.a.test", "a.test", false },
	{ "DNS:*.a.test", "c.b.a.test", false },
	{ "DNS:*.a.test", ".a.test", false },
	{ "DNS:a.test", ".", false },
	{ "DNS:a.test", "", false },
	{ "DNS:*.test", "a.test", false },
	{ "DNS:*", "localhost", false },
	{ "DNS:*.*.test", "a.b.test", false },
	{ "DNS:b*.a.test", "bc.a.test", false },
	{ "DNS:*b.a.test", "cb.a.test", false },
	{ "DNS:b*c.a.test", "bxc.a.test", false },
	{ "DNS:b.*.test", "b.a.test", false },
	{ "DNS:xn--*.a.test", "xn--b.a.test", false },
	{ "DNS:*.a.test", "xn--b.a.test", true },
	{ "IP:127.0.0.1", "127.0.0.1", true },
	{ "IP:127.0.0.2", "127.0.0.1", false },
	{ "DNS:127.0.0.1", "127.0.0.1", false },
	{ "DNS:*.0.0.1", "127.0.0.1", false },
	{ "IP:::1", "::1", true },
	{ "IP:::1", "0:0:0:0:0:0:0:1", true },
	{ "IP:fe80::1", "fe80::1%lo", true },
	{ "IP:::1", "::2", false },
	{ "IP:127.0.0.1", "localhost", false },
	{ "email:a@a.test", "a.test", false },
	{ "URI:https://a.test/", "a.test", false },
};

START_TEST(names_match_or_do_not)
{
	/* The common name would match each time: it must not count. */
	const struct lrd_test_cert_spec spec = { .common_name = matches[_i].name,
						 .alt_names = matches[_i].alt_names };
	struct lrd_test_cert *cert = lrd_test_cert_new(&spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_stream *stream = NULL;
	int rc = secure(tls, origin, matches[_i].name, &stream);

	ck_assert_msg(rc == (matches[_i].match ? 0 : LARDER_ECERT), "%s against %s: %d %s",
		      matches[_i].name, matches[_i].alt_names, rc, rc ? err.message : "");
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* ---- handshakes that come to nothing ---------------------------------------------------- */

START_TEST(old_versions_are_refused)
{
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = cert, .tls_max_version = TLS1_1_VERSION });
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), LARDER_ETLS);
	ck_assert_msg(strstr(err.message, "TLS 1.2") != NULL, "%s", err.message);
	lrd_origin_free(origin);
	origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = cert, .tls_max_version = TLS1_2_VERSION });
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	ck_assert_str_eq(lrd_tls_version(stream), "TLSv1.2");
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* clang-format off */
static const struct {
	const char *what;
	struct lrd_origin_step steps[3];
	int code;
	const char *says;
} strangers[] = {
	{ "speaks HTTP", { ORIGIN_SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), ORIGIN_HOLD },
	  LARDER_ETLS, "does not seem to speak TLS" },
	{ "closes", { ORIGIN_PAUSE(10), ORIGIN_CLOSE }, LARDER_ECLOSED, "origin.test" },
	{ "resets", { ORIGIN_PAUSE(10), ORIGIN_RESET }, LARDER_ECLOSED, "origin.test" },
	{ "says nothing", { ORIGIN_HOLD }, LARDER_ETIMEDOUT, "TLS handshake" },
};
/* clang-format on */

START_TEST(peers_without_tls)
{
	const struct lrd_origin_step *const scripts[] = { strangers[_i].steps, NULL };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
	struct lrd_stream *stream = connect_to(origin);
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 300 * MS };
	int rc = lrd_tls_handshake(tls, "localhost", &stream, &wait, &err);

	ck_assert_msg(rc == strangers[_i].code, "%s: %d %s", strangers[_i].what, rc,
		      err.message);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_TLS);
	ck_assert_msg(strstr(err.message, strangers[_i].says) != NULL, "%s", err.message);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(authorities_that_are_not_there)
{
	const char *dir = lrd_tmpdir_new();
	char path[200];
	struct lrd_tls_options options = { .ca_file = path };
	struct lrd_tls *made = NULL;
	FILE *file;

	lrd_tmpdir_path(path, sizeof(path), dir, "none.pem");
	ck_assert_int_eq(lrd_tls_new(&options, &made, &err), LARDER_ECERT);
	ck_assert_ptr_nonnull(strstr(err.message, path));
	ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
	file = fopen(path, "w");
	fputs("no certificate\n", file);
	fclose(file);
	ck_assert_int_eq(lrd_tls_new(&options, &made, &err), LARDER_ECERT);
	ck_assert_ptr_nonnull(strstr(err.message, path));
	ck_assert_ptr_null(made);
	options.ca_file = NULL;
	options.ca_dir = path;
	ck_assert_int_eq(lrd_tls_new(&options, &made, &err), LARDER_ECERT);
}
END_TEST

START_TEST(authorities_by_environment_and_directory)
{
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_tls_options options = { 0 };
	struct lrd_tls *made = NULL;
	struct lrd_stream *stream = NULL;
	char dir[200];
	char hashed[300];

	if (_i == 0) {
		ck_assert_int_eq(setenv("SSL_CERT_FILE", ca_path, 1), 0);
	} else {
		lrd_tmpdir_path(dir, sizeof(dir), lrd_tmpdir_new(), "");
		snprintf(hashed, sizeof(hashed), "%s/%08lx.0", dir,
			 X509_NAME_hash_ex(X509_get_subject_name(ca->cert), NULL, NULL,
					   NULL));
		lrd_test_cert_write(ca, hashed, false);
		options.ca_dir = dir;
	}
	ck_assert_int_eq(lrd_tls_new(&options, &made, &err), 0);
	ck_assert_int_eq(secure(made, origin, "localhost", &stream), 0);
	lrd_stream_close(stream);
	lrd_tls_unref(made);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* A bundle is parsed once, and anew when it changed. */
START_TEST(a_changed_bundle_is_read_again)
{
	struct lrd_test_cert *other = lrd_test_ca_new("another CA");
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, other);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_tls_options options = { .ca_file = ca_path };
	struct lrd_tls *made[20];
	struct lrd_stream *stream = NULL;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(lrd_tls_new(&options, &made[i], &err), 0);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_ne(memcmp(lrd_tls_identity(made[i]), lrd_tls_identity(tls),
					LRD_TLS_IDENTITY_LEN),
				 0);
		lrd_tls_unref(made[i]);
	}
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), LARDER_ECERT);
	unlink(ca_path);
	lrd_test_cert_write(other, ca_path, false);
	ck_assert_int_eq(lrd_tls_new(&options, &made[0], &err), 0);
	ck_assert_int_eq(secure(made[0], origin, "localhost", &stream), 0);
	lrd_stream_close(stream);
	lrd_tls_unref(made[0]);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
	lrd_test_cert_free(other);
}
END_TEST

/* ---- what goes through ------------------------------------------------------------------ */

enum { BIG = 3 << 20 };

static const struct lrd_origin_step closes[] = { ORIGIN_EXPECT(""), ORIGIN_FILL(BIG),
						 ORIGIN_CLOSE };
static const struct lrd_origin_step cuts[] = { ORIGIN_EXPECT(""), ORIGIN_FILL(BIG),
					       ORIGIN_CUT };
static const struct lrd_origin_step resets[] = { ORIGIN_EXPECT(""), ORIGIN_FILL(BIG),
						 ORIGIN_PAUSE(200), ORIGIN_RESET };

static const struct {
	const struct lrd_origin_step *script;
	int max_version;
	size_t read_size;
	ptrdiff_t end;
} endings[] = {
	{ closes, 0, 65536, 0 },
	{ closes, 0, 1000, 0 },
	{ closes, TLS1_2_VERSION, 300000, 0 },
	{ cuts, 0, 65536, LARDER_ETRUNCATED },
	{ cuts, TLS1_2_VERSION, 16384, LARDER_ETRUNCATED },
	{ resets, 0, 65536, LARDER_ECLOSED },
};

START_TEST(every_byte_arrives_and_the_end_is_told)
{
	const struct lrd_origin_step *const scripts[] = { endings[_i].script, NULL };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.scripts = scripts,
		.cert = cert,
		.tls_max_version = endings[_i].max_version });
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait = soon();
	char *buf = malloc(BIG + 300000);
	size_t total = 0;
	ptrdiff_t got;

	ck_assert_ptr_nonnull(buf);
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	send_text(stream, "GET / HTTP/1.1\r\n\r\n");
	do {
		got = lrd_stream_read(stream, buf + total, endings[_i].read_size, &wait,
				      &err);
		if (got > 0)
			total += (size_t)got;
	} while (got > 0);
	ck_assert_msg(got == endings[_i].end, "row %d: %td %s", _i, got, err.message);
	if (got < 0)
		ck_assert_uint_eq(err.phase, LARDER_PHASE_BODY);
	ck_assert_uint_eq(total, BIG);
	ck_assert_uint_eq(stream->bytes_in, BIG);
	for (size_t i = 0; i < total; i++)
		if (buf[i] != lrd_origin_pattern(i))
			ck_abort_msg("byte %zu differs", i);
	free(buf);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

static void count_body(struct lrd_origin_conn *conn,
		       const struct lrd_origin_request *request, void *ctx)
{
	char text[64];
	size_t good = 0;

	(void)ctx;
	while (good < request->body.len &&
	       request->body.ptr[good] == lrd_origin_pattern(good))
		good++;
	snprintf(text, sizeof(text), "%zu of %zu", good, request->body.len);
	lrd_origin_reply(conn, "200 OK", NULL, text);
}

/*
 * A stream of our own between TLS and the socket, as a proxy's tunnel or a caller's transport
 * would be: it hands on a few bytes at a time, and every other call nothing at all.
 */
struct dribble {
	struct lrd_stream base;
	unsigned calls;
};

static ptrdiff_t dribble_read(struct lrd_stream *stream, void *buf, size_t len,
			      larder_error *e)
{
	struct dribble *dribble = (struct dribble *)stream;
	size_t few = 1 + dribble->calls % 777;

	if (++dribble->calls % 2)
		return LRD_WANT_READ;
	return stream->below->ops->read(stream->below, buf, len < few ? len : few, e);
}

static ptrdiff_t dribble_write(struct lrd_stream *stream, const struct iovec *iov,
			       int count, larder_error *e)
{
	struct dribble *dribble = (struct dribble *)stream;
	size_t few = 1 + dribble->calls % 555;
	struct iovec cut = { iov->iov_base, iov->iov_len < few ? iov->iov_len : few };

	ck_assert_int_eq(count, 1);
	if (++dribble->calls % 2)
		return LRD_WANT_WRITE;
	return stream->below->ops->write(stream->below, &cut, 1, e);
}

static bool dribble_pending(const struct lrd_stream *stream)
{
	return stream->below->ops->pending(stream->below);
}

static bool dribble_alive(struct lrd_stream *stream)
{
	return stream->below->ops->alive(stream->below);
}

static void dribble_close(struct lrd_stream *stream, bool graceful)
{
	(void)graceful;
	free(stream);
}

/* Without a descriptor to poll there is a wait of one's own. */
static int dribble_wait(struct lrd_stream *stream, unsigned events,
			const struct lrd_wait *wait, larder_error *e)
{
	/* Readable is what its next call will find, so the socket cannot tell. */
	(void)wait;
	(void)e;
	usleep(((struct dribble *)stream)->calls % 64 == 0 ? 100 : 0);
	return (int)events;
}

static const struct lrd_stream_ops dribble_ops = {
	.name = "dribble",
	.read = dribble_read,
	.write = dribble_write,
	.pending = dribble_pending,
	.alive = dribble_alive,
	.close = dribble_close,
	.wait = dribble_wait,
};

/* The wait that belongs to the top layer must reach the layer that knows how. */
START_TEST(tls_stands_on_any_stream)
{
	enum { SIZE = 200000 };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = count_body,
		.cert = cert,
		.tls_max_version = _i ? TLS1_2_VERSION : 0 });
	struct dribble *dribble = calloc(1, sizeof(*dribble));
	struct lrd_wait wait = soon();
	struct lrd_stream *stream;
	char *body = malloc(SIZE);
	char head[] = "PUT / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n";
	struct iovec iov[2] = { { head, sizeof(head) - 1 }, { body, SIZE } };
	char answer[2000];
	size_t len = 0;

	ck_assert(dribble && body);
	for (size_t i = 0; i < SIZE; i++)
		body[i] = lrd_origin_pattern(i);
	lrd_stream_init(&dribble->base, &dribble_ops, connect_to(origin), NULL);
	dribble->base.fd = -1;
	stream = &dribble->base;
	ck_assert_int_eq(lrd_tls_handshake(tls, "localhost", &stream, &wait, &err), 0);
	ck_assert_int_eq(lrd_stream_write_all(stream, iov, 2, &wait, &err), 0);
	while (len < 16 || memcmp(answer + len - 16, "200000 of 200000", 16) != 0) {
		ptrdiff_t got = lrd_stream_read(stream, answer + len,
						sizeof(answer) - len, &wait, &err);

		ck_assert_msg(got > 0, "%td %s", got, err.message);
		len += (size_t)got;
	}
	ck_assert_uint_eq(stream->bytes_out, SIZE + sizeof(head) - 1);
	free(body);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* A head and a body in pieces of awkward sizes. */
START_TEST(every_byte_is_sent)
{
	enum { PIECES = 9 };
	static const size_t sizes[PIECES] = { 1, 0,     5000,    16384, 16383,
					      1, 70000, 2000000, 3 };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = count_body, .cert = cert });
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait = soon();
	struct iovec iov[PIECES + 1];
	char head[200];
	char want[64];
	char answer[4096];
	ptrdiff_t got;
	size_t total = 0;
	char *body;

	for (int i = 0; i < PIECES; i++)
		total += sizes[i];
	body = malloc(total);
	ck_assert_ptr_nonnull(body);
	for (size_t i = 0; i < total; i++)
		body[i] = lrd_origin_pattern(i);
	iov[0].iov_base = head;
	iov[0].iov_len =
		(size_t)snprintf(head, sizeof(head),
				 "PUT / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", total);
	for (size_t i = 0, at = 0; i < PIECES; at += sizes[i++])
		iov[i + 1] = (struct iovec){ body + at, sizes[i] };
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	ck_assert_int_eq(lrd_stream_write_all(stream, iov, PIECES + 1, &wait, &err), 0);
	ck_assert_uint_eq(stream->bytes_out, total + iov[0].iov_len);
	got = lrd_stream_read(stream, answer, sizeof(answer) - 1, &wait, &err);
	ck_assert_int_gt(got, 0);
	answer[got] = '\0';
	snprintf(want, sizeof(want), "\r\n\r\n%zu of %zu", total, total);
	ck_assert_msg(strstr(answer, want) != NULL, "%s", answer);
	free(body);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

static void exchange(struct lrd_stream *stream)
{
	struct lrd_wait wait = soon();
	char buf[1000];
	size_t len = 0;

	send_text(stream, "GET / HTTP/1.1\r\n\r\n");
	while (len < 5 || memcmp(buf + len - 5, "hello", 5) != 0) {
		ptrdiff_t got = lrd_stream_read(stream, buf + len, sizeof(buf) - len,
						&wait, &err);

		ck_assert_msg(got > 0, "%td %s", got, err.message);
		len += (size_t)got;
	}
}

/* Session tickets that come while a connection is idle do not make it dead. */
START_TEST(an_idle_connection_is_alive_until_it_is_closed)
{
	static const struct lrd_origin_step script[] = {
		ORIGIN_EXPECT(""),    ORIGIN_SEND("hello"), ORIGIN_EXPECT(""),
		ORIGIN_SEND("hello"), ORIGIN_PAUSE(100),    ORIGIN_CLOSE,
	};
	const struct lrd_origin_step *const scripts[] = { script, NULL };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .scripts = scripts, .cert = cert });
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	usleep(30000); /* the server's tickets are there now */
	ck_assert(lrd_stream_alive(stream));
	exchange(stream);
	ck_assert(lrd_stream_alive(stream));
	exchange(stream);
	ck_assert(lrd_stream_alive(stream));
	usleep(200000);
	ck_assert(!lrd_stream_alive(stream));
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

START_TEST(bytes_nobody_asked_for_make_it_dead)
{
	static const struct lrd_origin_step script[] = {
		ORIGIN_EXPECT(""), ORIGIN_SEND("hello"),
		ORIGIN_PAUSE(30),  ORIGIN_SEND("HTTP/1.1 200 OK\r\n"),
		ORIGIN_HOLD,
	};
	const struct lrd_origin_step *const scripts[] = { script, NULL };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .scripts = scripts, .cert = cert });
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	exchange(stream);
	usleep(100000);
	ck_assert(!lrd_stream_alive(stream));
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* A read that asks for exactly what is there leaves nothing in doubt. */
START_TEST(a_buffer_filled_to_the_brim_is_not_pending)
{
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	static const struct lrd_origin_step script[] = { ORIGIN_EXPECT(""),
							 ORIGIN_SEND("hello"),
							 ORIGIN_HOLD };
	const struct lrd_origin_step *const scripts[] = { script, NULL };
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .scripts = scripts, .cert = cert });
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait = soon();
	char buf[5];

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	send_text(stream, "GET / HTTP/1.1\r\n\r\n");
	ck_assert_int_eq(lrd_stream_read(stream, buf, 3, &wait, &err), 3);
	ck_assert(!lrd_stream_alive(stream));
	ck_assert_int_eq(lrd_stream_wait(stream, LRD_READABLE, &wait, &err), LRD_READABLE);
	ck_assert_int_eq(lrd_stream_read(stream, buf + 3, 2, &wait, &err), 2);
	ck_assert_mem_eq(buf, "hello", 5);
	ck_assert(lrd_stream_alive(stream));
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* ---- resumption ------------------------------------------------------------------------- */

static bool resumes(struct lrd_tls *with, const struct lrd_origin *origin,
		    const char *name)
{
	struct lrd_stream *stream = NULL;
	bool resumed;

	ck_assert_int_eq(secure(with, origin, name, &stream), 0);
	exchange(stream);
	resumed = lrd_tls_resumed(stream);
	lrd_stream_close(stream);
	return resumed;
}

START_TEST(sessions_are_resumed_only_where_they_were_made)
{
	static const struct lrd_test_cert_spec spec = { .alt_names =
								"DNS:a.test,DNS:b.test" };
	const struct lrd_tls_options options = { .ca_file = ca_path };
	struct lrd_tls *other = NULL;
	struct lrd_test_cert *cert = lrd_test_cert_new(&spec, ca);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello,
		.cert = cert,
		.tls_max_version = _i ? TLS1_2_VERSION : 0 });

	ck_assert_int_eq(lrd_tls_new(&options, &other, &err), 0);
	ck_assert(!resumes(tls, origin, "a.test"));
	for (int i = 0; i < 20; i++)
		ck_assert_msg(resumes(tls, origin, "a.test"), "connection %d", i);
	/* Another name, and another configuration, start from nothing. */
	ck_assert(!resumes(tls, origin, "b.test"));
	ck_assert(!resumes(other, origin, "a.test"));
	ck_assert_uint_eq(lrd_origin_tls_resumed(origin), 20);
	lrd_tls_unref(other);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* ---- a child ---------------------------------------------------------------------------- */

START_TEST(a_child_closes_without_a_goodbye)
{
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_stream *stream = NULL;
	int status;
	pid_t child;

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	exchange(stream);
	for (int i = 0; i < 3; i++) {
		/* The origin's thread, in this process, is asleep again and holds no lock. */
		usleep(30000);
		child = fork();
		if (child == 0) {
			lrd_stream_close(stream);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
		ck_assert(lrd_stream_alive(stream));
		exchange(stream);
	}
	ck_assert_uint_eq(lrd_origin_connections(origin), 1);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

START_TEST(a_graceful_close_says_goodbye_in_silence)
{
	static const struct lrd_origin_step script[] = { ORIGIN_EXPECT(""), ORIGIN_RESET };
	const struct lrd_origin_step *const scripts[] = { script, NULL };
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .scripts = scripts, .cert = cert });
	struct lrd_stream *stream = NULL;

	/* The peer is gone: close_notify goes nowhere, and raises nothing. */
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	send_text(stream, "GET / HTTP/1.1\r\n\r\n");
	usleep(50000);
	lrd_stream_close(stream);
	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	send_text(stream, "GET / HTTP/1.1\r\n\r\n");
	usleep(50000);
	for (int i = 0; i < 3; i++) {
		char byte = 'x';
		struct iovec iov = { &byte, 1 };
		struct lrd_wait wait = soon();

		ck_assert_int_eq(lrd_stream_write_all(stream, &iov, 1, &wait, &err),
				 LARDER_ECLOSED);
	}
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

/* An error that has nothing to do with us in OpenSSL's queue changes nothing. */
START_TEST(a_foreign_error_in_the_queue_is_no_failure)
{
	struct lrd_test_cert *cert = lrd_test_cert_new(&plain_spec, ca);
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_stream *stream = NULL;
	char buf[1000];
	size_t len;

	ck_assert_int_eq(secure(tls, origin, "localhost", &stream), 0);
	ck_assert_ptr_null(SSL_CTX_new(NULL));
	send_text(stream, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
	ck_assert_ptr_null(SSL_CTX_new(NULL));
	ck_assert_int_eq(read_to_end(stream, buf, sizeof(buf), &len), 0);
	ck_assert_uint_gt(len, 5);
	lrd_stream_close(stream);
	lrd_origin_free(origin);
	lrd_test_cert_free(cert);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/tls");
	TCase *tcase = tcase_create("tls");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, trusts_who_is_to_be_trusted, 0,
			    sizeof(peers) / sizeof(peers[0]));
	tcase_add_test(tcase, asked_to_it_trusts_anybody);
	tcase_add_loop_test(tcase, names_match_or_do_not, 0,
			    sizeof(matches) / sizeof(matches[0]));
	tcase_add_test(tcase, old_versions_are_refused);
	tcase_add_loop_test(tcase, peers_without_tls, 0,
			    sizeof(strangers) / sizeof(strangers[0]));
	tcase_add_test(tcase, authorities_that_are_not_there);
	tcase_add_loop_test(tcase, authorities_by_environment_and_directory, 0, 2);
	tcase_add_test(tcase, a_changed_bundle_is_read_again);
	tcase_add_loop_test(tcase, every_byte_arrives_and_the_end_is_told, 0,
			    sizeof(endings) / sizeof(endings[0]));
	tcase_add_test(tcase, every_byte_is_sent);
	tcase_add_loop_test(tcase, tls_stands_on_any_stream, 0, 2);
	tcase_add_test(tcase, an_idle_connection_is_alive_until_it_is_closed);
	tcase_add_test(tcase, bytes_nobody_asked_for_make_it_dead);
	tcase_add_test(tcase, a_buffer_filled_to_the_brim_is_not_pending);
	tcase_add_loop_test(tcase, sessions_are_resumed_only_where_they_were_made, 0, 2);
	tcase_add_test(tcase, a_child_closes_without_a_goodbye);
	tcase_add_test(tcase, a_graceful_close_says_goodbye_in_silence);
	tcase_add_test(tcase, a_foreign_error_in_the_queue_is_no_failure);
	suite_add_tcase(suite, tcase);
	return suite;
}
