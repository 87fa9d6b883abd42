/* SPDX-License-Identifier: MIT */
/* test_tunnel.c - CONNECT byte for byte: what proxies are asked, and all they may answer. */
#include "transport/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "proto/http/challenges.h"
#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/origin.h"
#include "tests/support/peer.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"
#include "transport/dial.h"

#define MS UINT64_C(1000000)

static struct lrd_test_cert *ca;
static struct lrd_test_cert *cert;
static struct lrd_tls *tls;       /* of the origin */
static struct lrd_tls *proxy_tls; /* of the proxy */
static larder_error err;

static void set_up(void)
{
	static const struct lrd_test_cert_spec spec = { 0 };
	char path[200];
	const struct lrd_tls_options options = { .ca_file = path };

	ca = lrd_test_ca_new("larder test CA");
	cert = lrd_test_cert_new(&spec, ca);
	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "ca.pem");
	lrd_test_cert_write(ca, path, false);
	ck_assert_int_eq(lrd_tls_new(&options, &tls, &err), 0);
	ck_assert_int_eq(lrd_tls_new(&options, &proxy_tls, &err), 0);
}

static void tear_down(void)
{
	lrd_tls_unref(tls);
	lrd_tls_unref(proxy_tls);
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

static void large(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	lrd_origin_send_fill(conn, *(const uint64_t *)ctx);
	lrd_origin_close(conn);
}

static int send_text(struct lrd_stream *stream, const char *text)
{
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	char copy[500];
	struct iovec iov = { copy, strlen(text) };

	memcpy(copy, text, iov.iov_len);
	return lrd_stream_write_all(stream, &iov, 1, &wait, &err);
}

static bool says_hello(struct lrd_stream *stream)
{
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	char buf[1000];
	size_t len = 0;

	if (send_text(stream, "GET / HTTP/1.1\r\nAuthorization: Basic T1JJR0lO\r\n\r\n") <
	    0)
		return false;
	while (len < 5 || memcmp(buf + len - 5, "hello", 5) != 0) {
		ptrdiff_t got = lrd_stream_read(stream, buf + len, sizeof(buf) - len,
						&wait, &err);

		if (got <= 0)
			return false;
		len += (size_t)got;
	}
	return memcmp(buf, "HTTP/1.1 200", 12) == 0;
}

/* ---- what is asked ---------------------------------------------------------------------- */

START_TEST(the_question_to_the_byte)
{
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("User-Agent"), LRD_SLICE_INIT("test/1") },
		{ LRD_SLICE_INIT("X-Route"), LRD_SLICE_INIT("7") },
		{ LRD_SLICE_INIT("proxy-authorization"), LRD_SLICE_INIT("Basic T0xE") },
	};
	static const struct {
		const char *host;
		const char *text;
		size_t fields;
		const char *proof;
		bool local_dns;
	} rows[] = {
		{ "O.test", "CONNECT O.test:4660 HTTP/1.1\r\nHost: O.test:4660\r\n\r\n",
		  0, "", false },
		{ "o.test",
		  "CONNECT o.test:4660 HTTP/1.1\r\nHost: o.test:4660\r\n"
		  "Proxy-Authorization: Basic UFJPWFk=\r\n\r\n",
		  0, "Basic UFJPWFk=", false },
		{ "o.test",
		  "CONNECT o.test:4660 HTTP/1.1\r\nHost: o.test:4660\r\n"
		  "Proxy-Authorization: Basic UFJPWFk=\r\nUser-Agent: test/1\r\nX-Route: "
		  "7\r\n\r\n",
		  3, "Basic UFJPWFk=", false },
		{ "o.test",
		  "CONNECT o.test:4660 HTTP/1.1\r\nHost: o.test:4660\r\nUser-Agent: "
		  "test/1\r\n"
		  "X-Route: 7\r\nproxy-authorization: Basic T0xE\r\n\r\n",
		  3, "", false },
		{ "2001:db8::1", "CONNECT [2001:db8::1]:4660 HTTP/1.1\r\nHost: [2001:db8::1]:4660\r\n\r\n",
		  0, "", false },
		{ "fe80::1%lo",
		  "CONNECT [fe80::1]:4660 HTTP/1.1\r\nHost: [fe80::1]:4660\r\n\r\n", 0,
		  "", false },
		{ "localhost",
		  "CONNECT 127.0.0.1:4660 HTTP/1.1\r\nHost: 127.0.0.1:4660\r\n\r\n", 0,
		  "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lrd_origin *origin =
			lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
		const struct lrd_peer_step steps[] = {
			PEER_EXPECT_BYTES(rows[i].text, strlen(rows[i].text)),
			PEER_SEND("HTTP/1.1 200 OK\r\n\r\n"),
			PEER_RELAY,
		};
		struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){
			.steps = steps, .relay_port = lrd_origin_port(origin) });
		const struct lrd_proxy proxy = {
			.kind = LRD_PROXY_HTTP,
			.host = "127.0.0.1",
			.port = lrd_peer_port(peer),
			.tunnel = true,
			.local_dns = rows[i].local_dns,
			.authorization = lrd_slice_cstr(rows[i].proof),
			.fields = lrd_view_of(fields, rows[i].fields),
		};
		const struct lrd_dial dial = { .host = rows[i].host,
					       .port = 4660,
					       .proxy = &proxy };
		struct lrd_stream *stream = NULL;
		int rc = lrd_dial(&dial, &stream, &err);

		ck_assert_msg(rc == 0, "%zu: %s", i, err.message);
		ck_assert_uint_eq(lrd_peer_unexpected(peer), 0);
		ck_assert(says_hello(stream));
		ck_assert(!lrd_origin_saw(origin, "Proxy-"));
		ck_assert(!lrd_origin_saw(origin, "UFJPWFk"));
		lrd_stream_close(stream);
		lrd_peer_free(peer);
		lrd_origin_free(origin);
	}
}
END_TEST

/* Nothing of it goes out. */
START_TEST(fields_that_cannot_be_sent)
{
	static const larder_field rows[] = {
		{ LRD_SLICE_INIT("X"), LRD_SLICE_INIT("a\r\nEvil: 1") },
		{ LRD_SLICE_INIT("X Y"), LRD_SLICE_INIT("a") },
		{ LRD_SLICE_INIT("Content-Length"), LRD_SLICE_INIT("5") },
		{ LRD_SLICE_INIT("transfer-encoding"), LRD_SLICE_INIT("chunked") },
		{ LRD_SLICE_INIT("Host"), LRD_SLICE_INIT("other") },
	};
	static const struct lrd_peer_step silence[] = { PEER_HOLD };
	struct lrd_peer *peer =
		lrd_peer_new(&(struct lrd_peer_options){ .steps = silence });
	struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTP,
				   .host = "127.0.0.1",
				   .port = lrd_peer_port(peer),
				   .tunnel = true };
	struct lrd_dial dial = { .host = "o.test", .port = 80, .proxy = &proxy };
	struct lrd_stream *stream = NULL;
	size_t len;
	char *received;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		proxy.fields = lrd_view_of(&rows[i], 1);
		ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	}
	proxy.fields.count = 0;
	proxy.authorization = LRD_SLICE("Basic x\r\nEvil: 1");
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	proxy.authorization.len = 0;
	dial.host = "o.test\r\nEvil";
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	dial.host = "o.test HTTP/1.1";
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	received = lrd_peer_received(peer, &len);
	ck_assert_uint_eq(len, 0);
	free(received);
	lrd_peer_free(peer);
}
END_TEST

/* ---- what is answered ------------------------------------------------------------------- */

static char flood[80 * 1024];

static const struct {
	const char *what;
	struct lrd_peer_step steps[6];
	int rc;
	const char *says;
	int status;
	const char *body; /* NULL: not looked at */
	bool complete;
} answers[] = {
	{ "1.0",
	  { PEER_SEND("HTTP/1.0 200 Connection established\r\n\r\n"), PEER_RELAY },
	  0,
	  NULL,
	  0,
	  NULL,
	  false },
	{ "201",
	  { PEER_SEND("HTTP/1.1 201 Created\r\nX: y\r\n\r\n"), PEER_RELAY },
	  0,
	  NULL,
	  0,
	  NULL,
	  false },
	/* RFC 9110 s9.3.6: a client ignores these in a 2xx. */
	{ "2xx with Content-Length",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), PEER_RELAY },
	  0,
	  NULL,
	  0,
	  NULL,
	  false },
	{ "2xx with Transfer-Encoding",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    PEER_RELAY },
	  0,
	  NULL,
	  0,
	  NULL,
	  false },
	{ "2xx and a body",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") },
	  LARDER_EPROTO,
	  "bytes of its own",
	  0,
	  "",
	  false },
	{ "2xx and another answer",
	  { PEER_SEND("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
		      "0\r\n\r\n") },
	  LARDER_EPROTO,
	  "bytes of its own",
	  0,
	  "",
	  false },
	{ "interim answers first",
	  { PEER_SEND(
		    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n"),
	    PEER_PAUSE(10), PEER_SEND("\r\nHTTP/1.1 200 OK\r\n\r\n"), PEER_RELAY },
	  0,
	  NULL,
	  0,
	  NULL,
	  false },
	{ "interim answers without end",
	  { PEER_SEND("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		      "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		      "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		      "HTTP/1.1 200 OK\r\n\r\n"),
	    PEER_HOLD },
	  LARDER_EPROTO,
	  "no final answer",
	  0,
	  "",
	  false },
	{ "101",
	  { PEER_SEND("HTTP/1.1 101 Switching\r\n\r\n"), PEER_HOLD },
	  LARDER_EPROTO,
	  "no final answer",
	  0,
	  "",
	  false },
	{ "407 with a length",
	  { PEER_SEND("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a, b\", "
		      "nonce=\"n\""
		      "\r\nProxy-Authenticate: Basic realm=\"c\"\r\nContent-Length: "
		      "5\r\n\r\nhel"),
	    PEER_PAUSE(10), PEER_SEND("lo and more") },
	  LARDER_ECONNECT,
	  "refused a tunnel to o.test:80: 407 Who?",
	  407,
	  "hello",
	  true },
	{ "407 in chunks",
	  { PEER_SEND(
		    "HTTP/1.1 407 Who\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"),
	    PEER_PAUSE(10), PEER_SEND("2\r\nlo\r\n0\r\n\r\n"), PEER_HOLD },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "hello",
	  true },
	{ "407 until close",
	  { PEER_SEND("HTTP/1.0 407 Who\r\n\r\nhello") },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "hello",
	  true },
	{ "407 without body",
	  { PEER_SEND("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"), PEER_HOLD },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "",
	  true },
	{ "407 cut short",
	  { PEER_SEND("HTTP/1.1 407 Who\r\nContent-Length: 9\r\n\r\nhello") },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "hello",
	  false },
	{ "407 in bad chunks",
	  { PEER_SEND(
		    "HTTP/1.1 407 Who\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX"),
	    PEER_HOLD },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "hello",
	  false },
	{ "407 with two lengths",
	  { PEER_SEND("HTTP/1.1 407 Who\r\nContent-Length: 5\r\nContent-Length: "
		      "6\r\n\r\nhello"),
	    PEER_HOLD },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "",
	  false },
	{ "407 with a slow body",
	  { PEER_SEND("HTTP/1.1 407 Who\r\nContent-Length: 5\r\n\r\nhe"), PEER_HOLD },
	  LARDER_ECONNECT,
	  "407",
	  407,
	  "he",
	  false },
	{ "403 with a flood",
	  { PEER_SEND("HTTP/1.1 403 No\r\n\r\n"), PEER_SEND_BYTES(flood, sizeof(flood)) },
	  LARDER_ECONNECT,
	  "403 No",
	  403,
	  NULL,
	  false },
	{ "a reason of other bytes",
	  { PEER_SEND("HTTP/1.1 502 \xff"
		      "bad\x80\r\nContent-Length: 0\r\n\r\n") },
	  LARDER_ECONNECT,
	  "502 ?bad?",
	  502,
	  "",
	  true },
	{ "302",
	  { PEER_SEND("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n"
		      "Content-Length: 0\r\n\r\n") },
	  LARDER_ECONNECT,
	  "302",
	  302,
	  "",
	  true },
	{ "no HTTP",
	  { PEER_SEND("SSH-2.0-x\r\n"), PEER_HOLD },
	  LARDER_EPROTO,
	  "not HTTP",
	  0,
	  "",
	  false },
	{ "LF alone",
	  { PEER_SEND("HTTP/1.1 200 OK\n\n"), PEER_HOLD },
	  LARDER_EPROTO,
	  "not HTTP",
	  0,
	  "",
	  false },
	{ "folded",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), PEER_HOLD },
	  LARDER_EPROTO,
	  "not HTTP",
	  0,
	  "",
	  false },
	{ "blank before colon",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), PEER_HOLD },
	  LARDER_EPROTO,
	  "not HTTP",
	  0,
	  "",
	  false },
	{ "a head that is too long",
	  { PEER_SEND("HTTP/1.1 200 OK\r\nA: "), PEER_SEND_BYTES(flood, sizeof(flood)),
	    PEER_HOLD },
	  LARDER_ELIMIT,
	  "too long",
	  0,
	  "",
	  false },
	{ "closed", { PEER_END }, LARDER_ECLOSED, "before a whole answer", 0, "", false },
	{ "closed in the head",
	  { PEER_SEND("HTTP/1.1 200 OK\r\n") },
	  LARDER_ECLOSED,
	  "before a whole answer",
	  0,
	  "",
	  false },
};

START_TEST(all_they_may_answer)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	struct lrd_peer_step steps[7] = { PEER_HEAD };
	struct lrd_proxy_refusal refusal;
	struct lrd_stream *stream = NULL;
	struct lrd_peer *peer;
	int rc;

	memset(flood, 'x', sizeof(flood));
	memcpy(steps + 1, answers[_i].steps, sizeof(answers[_i].steps));
	peer = lrd_peer_new(&(struct lrd_peer_options){
		.steps = steps, .relay_port = lrd_origin_port(origin) });
	lrd_proxy_refusal_init(&refusal, NULL);

	const struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTP,
					 .host = "127.0.0.1",
					 .port = lrd_peer_port(peer),
					 .tunnel = true };
	const struct lrd_dial dial = { .host = "o.test",
				       .port = 80,
				       .proxy = &proxy,
				       .connect_timeout_ms = 10000,
				       .refusal = &refusal };

	rc = lrd_dial(&dial, &stream, &err);
	ck_assert_msg(rc == answers[_i].rc, "%s: %d %s", answers[_i].what, rc,
		      err.message);
	ck_assert_int_eq(refusal.status, answers[_i].status);
	if (rc == 0) {
		ck_assert(says_hello(stream));
	} else {
		ck_assert_msg(strstr(err.message, answers[_i].says) != NULL, "%s",
			      err.message);
		ck_assert_ptr_null(stream);
		ck_assert_int_eq(refusal.body_complete, answers[_i].complete);
		ck_assert_uint_le(refusal.body.len, LRD_PROXY_BODY_MAX);
		if (answers[_i].body)
			ck_assert_str_eq(refusal.body.ptr, answers[_i].body);
		else
			ck_assert_uint_eq(refusal.body.len, LRD_PROXY_BODY_MAX);
	}
	lrd_proxy_refusal_release(&refusal);
	lrd_stream_close(stream);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(challenges_reach_the_caller)
{
	static const struct lrd_peer_step steps[] = {
		PEER_HEAD,
		PEER_SEND("HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"a, "
			  "b\"\r\n"
			  "Proxy-Authenticate: Basic realm=c, Negotiate\r\n"
			  "Content-Length: 0\r\n\r\n"),
		PEER_END,
	};
	static const char *const schemes[] = { "Digest", "Basic", "Negotiate" };
	struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){ .steps = steps });
	const struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTP,
					 .host = "127.0.0.1",
					 .port = lrd_peer_port(peer) };
	struct lrd_proxy_refusal refusal;
	const struct lrd_dial dial = { .host = "o.test",
				       .port = 443,
				       .tls = tls,
				       .proxy = &proxy,
				       .refusal = &refusal };
	struct lrd_challenges challenges;
	struct lrd_challenge challenge;
	struct lrd_stream *stream = NULL;

	lrd_proxy_refusal_init(&refusal, NULL);
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	ck_assert_int_eq(refusal.status, 407);
	lrd_challenges_init(&challenges, lrd_fields_view(&refusal.fields),
			    LRD_SLICE("Proxy-Authenticate"));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(lrd_challenges_next(&challenges, &challenge), 1);
		ck_assert(lrd_slice_equal(challenge.scheme, lrd_slice_cstr(schemes[i])));
	}
	lrd_proxy_refusal_release(&refusal);
	lrd_peer_free(peer);
}
END_TEST

/* ---- TLS over, under and on both sides -------------------------------------------------- */

static const struct lrd_peer_step open_way[] = {
	PEER_HEAD,
	PEER_SEND("HTTP/1.1 200 OK\r\n\r\n"),
	PEER_RELAY,
};

/* Row: is the proxy secured, is the origin. No secret of one is on the other's wire. */
START_TEST(secrets_stay_on_their_wire)
{
	bool secured_proxy = _i & 1;
	bool secured_origin = _i & 2;
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = secured_origin ? cert : NULL });
	struct lrd_peer *peer = lrd_peer_new(
		&(struct lrd_peer_options){ .steps = open_way,
					    .relay_port = lrd_origin_port(origin),
					    .cert = secured_proxy ? cert : NULL });
	const struct lrd_proxy proxy = {
		.kind = secured_proxy ? LRD_PROXY_HTTPS : LRD_PROXY_HTTP,
		.host = "localhost",
		.port = lrd_peer_port(peer),
		.tls = secured_proxy ? proxy_tls : NULL,
		.tunnel = true,
		.user = LRD_SLICE("PROXYUSER"),
		.password = LRD_SLICE("PROXYPASS"),
		.authorization = LRD_SLICE("Basic UFJPWFk="),
	};
	struct lrd_dial_times times;
	const struct lrd_dial dial = { .host = "127.0.0.1",
				       .port = 4660,
				       .tls = secured_origin ? tls : NULL,
				       .proxy = &proxy,
				       .times = &times };
	struct lrd_stream *stream = NULL;

	ck_assert_msg(lrd_dial(&dial, &stream, &err) == 0, "%s", err.message);
	ck_assert_uint_lt(times.connected_ns, times.tunneled_ns);
	ck_assert(!secured_origin == !times.secured_ns);
	for (int i = 0; i < 3; i++) {
		ck_assert(says_hello(stream));
		ck_assert(lrd_stream_alive(stream));
	}
	ck_assert(lrd_peer_saw(peer, "UFJPWFk="));
	ck_assert(!lrd_peer_saw(peer, "PROXYUSER"));
	ck_assert(!lrd_peer_saw(peer, "PROXYPASS"));
	ck_assert(lrd_origin_saw(origin, "T1JJR0lO"));
	ck_assert(!lrd_origin_saw(origin, "Proxy-Authorization"));
	ck_assert(!lrd_origin_saw(origin, "UFJPWFk"));
	/* Through the tunnel the proxy sees what is not secured, and nothing else. */
	ck_assert_int_eq(lrd_peer_saw(peer, "T1JJR0lO"), !secured_origin);
	ck_assert_uint_eq(lrd_origin_requests(origin), 3);
	lrd_stream_close(stream);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

/* How many of the bytes are those that the origin's body has from `at` on. */
static ptrdiff_t right_bytes(const char *buf, ptrdiff_t len, uint64_t at)
{
	ptrdiff_t i = 0;

	while (i < len && buf[i] == lrd_origin_pattern(at + (uint64_t)i))
		i++;
	return i;
}

/* Records within records, at every size of read. */
START_TEST(tls_in_tls_carries_much)
{
	static const size_t sizes[] = { 1, 7, 4096, 16384, 65536, 300000 };
	uint64_t total = _i < 2 ? 100000 : 3000000;
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = large, .ctx = &total, .cert = cert });
	struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){
		.steps = open_way, .relay_port = lrd_origin_port(origin), .cert = cert });
	const struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTPS,
					 .host = "localhost",
					 .port = lrd_peer_port(peer),
					 .tls = proxy_tls };
	const struct lrd_dial dial = {
		.host = "127.0.0.1", .port = 443, .tls = tls, .proxy = &proxy
	};
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 15000 * MS };
	char *buf = malloc(sizes[_i]);
	struct lrd_stream *stream = NULL;
	uint64_t at = 0;
	ptrdiff_t got;

	ck_assert_msg(lrd_dial(&dial, &stream, &err) == 0, "%s", err.message);
	ck_assert_int_eq(send_text(stream, "GET / HTTP/1.1\r\n\r\n"), 0);
	while ((got = lrd_stream_read(stream, buf, sizes[_i], &wait, &err)) > 0) {
		/* One assertion a body, not one a byte: each of them is written to a file. */
		if (right_bytes(buf, got, at) != got)
			break;
		at += (uint64_t)got;
	}
	ck_assert_msg(got == 0, "%s after %llu",
		      got < 0 ? err.message : "other bytes than were sent",
		      (unsigned long long)at);
	ck_assert_uint_eq(at, total);
	lrd_stream_close(stream);
	free(buf);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

/* The certificate of each is for its own name, and no other will do. */
START_TEST(both_are_verified)
{
	const struct lrd_test_cert_spec other = { .alt_names = "DNS:other.test" };
	struct lrd_test_cert *wrong = lrd_test_cert_new(&other, ca);
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = _i == 0 ? cert : wrong });
	struct lrd_peer *peer = lrd_peer_new(
		&(struct lrd_peer_options){ .steps = open_way,
					    .relay_port = lrd_origin_port(origin),
					    .cert = _i == 0 ? wrong : cert });
	const struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTPS,
					 .host = "localhost",
					 .port = lrd_peer_port(peer),
					 .tls = proxy_tls,
					 .authorization = LRD_SLICE("Basic UFJPWFk=") };
	const struct lrd_dial dial = {
		.host = "127.0.0.1", .port = 443, .tls = tls, .proxy = &proxy
	};
	struct lrd_stream *stream = NULL;
	char at[64];

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECERT);
	snprintf(at, sizeof(at), _i == 0 ? "localhost:%u" : "127.0.0.1:443",
		 lrd_peer_port(peer));
	ck_assert_str_eq(err.host, at);
	ck_assert_msg((strstr(err.message, "proxy") != NULL) == (_i == 0), "%s",
		      err.message);
	/* A proxy that is not who it claims to be hears no credentials. */
	ck_assert_int_eq(lrd_peer_saw(peer, "UFJPWFk="), _i == 1);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
	lrd_test_cert_free(wrong);
}
END_TEST

START_TEST(a_proxy_that_is_not_there_is_not_gone_round)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	uint16_t closed_port;
	int refusing = lrd_origin_refusing(&closed_port);
	struct lrd_proxy proxy = { .kind = (enum lrd_proxy_kind)_i,
				   .host = "127.0.0.1",
				   .port = closed_port,
				   .tls = _i == LRD_PROXY_HTTPS ? proxy_tls : NULL };
	struct lrd_dial dial = { .host = "127.0.0.1",
				 .port = lrd_origin_port(origin),
				 .proxy = &proxy };
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	close(refusing);
	ck_assert_int_eq(strncmp(err.message, "proxy: connect to 127.0.0.1:", 28), 0);
	proxy.host = "no..such.proxy";
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ERESOLVE);
	ck_assert_ptr_nonnull(strstr(err.message, "proxy"));
	proxy.host = NULL;
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	proxy.host = "127.0.0.1";
	proxy.tls = _i == LRD_PROXY_HTTPS ? NULL : proxy_tls;
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	proxy.tls = _i == LRD_PROXY_HTTPS ? proxy_tls : NULL;
	dial.unix_path = "/tmp/x";
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(memory_may_fail_anywhere)
{
	struct lrd_origin *origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = hello, .cert = cert });
	struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){
		.steps = open_way, .relay_port = lrd_origin_port(origin), .cert = cert });
	struct lrd_failing_alloc fa;
	const larder_allocator allocator = {
		.malloc_fn = lrd_failing_malloc,
		.realloc_fn = lrd_failing_realloc,
		.free_fn = lrd_failing_free,
		.ctx = &fa,
	};
	const struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTPS,
					 .host = "localhost",
					 .port = lrd_peer_port(peer),
					 .tls = proxy_tls };
	const struct lrd_dial dial = { .host = "127.0.0.1",
				       .port = 443,
				       .tls = tls,
				       .proxy = &proxy,
				       .allocator = &allocator };
	size_t calls = 1;

	for (size_t fail_at = 0; fail_at <= calls; fail_at++) {
		struct lrd_stream *stream = NULL;
		int rc;

		lrd_failing_alloc_init(&fa, fail_at);
		rc = lrd_dial(&dial, &stream, &err);
		if (fail_at == 0)
			calls = fa.calls;
		ck_assert_int_eq(rc, fail_at ? LARDER_ENOMEM : 0);
		lrd_stream_close(stream);
		ck_assert_int_eq(fa.live, 0);
	}
	ck_assert_uint_ge(calls, 6);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/tunnel");
	TCase *tcase = tcase_create("tunnel");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, the_question_to_the_byte);
	tcase_add_test(tcase, fields_that_cannot_be_sent);
	tcase_add_loop_test(tcase, all_they_may_answer, 0,
			    sizeof(answers) / sizeof(answers[0]));
	tcase_add_test(tcase, challenges_reach_the_caller);
	tcase_add_loop_test(tcase, secrets_stay_on_their_wire, 0, 4);
	tcase_add_loop_test(tcase, tls_in_tls_carries_much, 0, 6);
	tcase_add_loop_test(tcase, both_are_verified, 0, 2);
	tcase_add_loop_test(tcase, a_proxy_that_is_not_there_is_not_gone_round, 0, 4);
	tcase_add_test(tcase, memory_may_fail_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}
