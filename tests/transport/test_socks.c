/* SPDX-License-Identifier: MIT */
/* test_socks.c - every byte of SOCKS 4, 4a and 5, against peers that count them. */
#include "transport/socks.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/origin.h"
#include "tests/support/peer.h"
#include "transport/dial.h"

#define MS UINT64_C(1000000)

static larder_error err;

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

/* One GET and its answer over the stream; whether "hello" came. */
static bool says_hello(struct lrd_stream *stream)
{
	char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct iovec iov = { request, sizeof(request) - 1 };
	struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	char buf[1000];
	size_t len = 0;

	if (lrd_stream_write_all(stream, &iov, 1, &wait, &err) < 0)
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

/* ---- conversations ---------------------------------------------------------------------- */

enum { STEPS = 8 };

static const struct conversation {
	const char *what;
	enum lrd_proxy_kind kind;
	const char *user, *password;
	bool local_dns;
	const char *host; /* port 0x1234 */
	struct lrd_peer_step steps[STEPS];
	int rc;
	const char *says;
} conversations[] = {
	{ "4a, name to the proxy",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\0\x5a\x01\x02\x03\x04\x05\x06"), PEER_RELAY },
	  0,
	  NULL },
	{ "4a, user",
	  LRD_PROXY_SOCKS4,
	  "u",
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01u\0o.test\0"), PEER_SEND("\0\x5a"),
	    PEER_PAUSE(20), PEER_SEND("\0\0\0\0\0\0"), PEER_RELAY },
	  0,
	  NULL },
	{ "4, name looked up here",
	  LRD_PROXY_SOCKS4,
	  "u",
	  NULL,
	  true,
	  "localhost",
	  { PEER_EXPECT("\x04\x01\x12\x34\x7f\0\0\x01u\0"),
	    PEER_SEND("\0\x5a\0\0\0\0\0\0"), PEER_RELAY },
	  0,
	  NULL },
	{ "4a, an address goes as one",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "192.0.2.7",
	  { PEER_EXPECT("\x04\x01\x12\x34\xc0\0\x02\x07\0"),
	    PEER_SEND("\0\x5a\0\0\0\0\0\0"), PEER_RELAY },
	  0,
	  NULL },
	{ "4, refused",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\0\x5b\0\0\0\0\0\0") },
	  LARDER_ECONNECT,
	  "refused the connection" },
	{ "4, no identd",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\0\x5c\0\0\0\0\0\0") },
	  LARDER_ECONNECT,
	  "identd" },
	{ "4, another version",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\x05\x5a\0\0\0\0\0\0") },
	  LARDER_EPROTO,
	  "not SOCKS4" },
	{ "4, unknown code",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\0\0\0\0\0\0\0\0") },
	  LARDER_EPROTO,
	  "not SOCKS4" },
	{ "4, cut short",
	  LRD_PROXY_SOCKS4,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x04\x01\x12\x34\0\0\0\x01\0o.test\0"),
	    PEER_SEND("\0\x5a\0\0\0\0\0") },
	  LARDER_ECLOSED,
	  "during its handshake" },

	{ "5, no user: one method",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"),
	    PEER_SEND("\x05\0\0\x01\x7f\0\0\x01\0\x50"), PEER_RELAY },
	  0,
	  NULL },
	{ "5, user, proxy wants none",
	  LRD_PROXY_SOCKS5,
	  "u",
	  "p",
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x02\0\x02"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"),
	    PEER_SEND("\x05\0\0\x01\x7f\0\0\x01\0\x50"), PEER_RELAY },
	  0,
	  NULL },
	{ "5, user and password",
	  LRD_PROXY_SOCKS5,
	  "user",
	  "pass",
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x02\0\x02"), PEER_SEND("\x05\x02"),
	    PEER_EXPECT("\x01\x04user\x04pass"), PEER_SEND("\x01\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"),
	    PEER_SEND("\x05\0\0\x03\x03"
		      "abc\0\x50"),
	    PEER_RELAY },
	  0,
	  NULL },
	{ "5, wrong password",
	  LRD_PROXY_SOCKS5,
	  "user",
	  "pass",
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x02\0\x02"), PEER_SEND("\x05\x02"),
	    PEER_EXPECT("\x01\x04user\x04pass"), PEER_SEND("\x01\x01") },
	  LARDER_ECONNECT,
	  "does not accept user and password" },
	{ "5, wants a user",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\xff") },
	  LARDER_ECONNECT,
	  "wants a user and a password" },
	{ "5, wants another way",
	  LRD_PROXY_SOCKS5,
	  "u",
	  "p",
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x02\0\x02"), PEER_SEND("\x05\xff") },
	  LARDER_ECONNECT,
	  "another way" },
	{ "5, password that nobody offered",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\x02") },
	  LARDER_EPROTO,
	  "not offered" },
	{ "5, GSSAPI that nobody offered",
	  LRD_PROXY_SOCKS5,
	  "u",
	  "p",
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x02\0\x02"), PEER_SEND("\x05\x01") },
	  LARDER_EPROTO,
	  "not offered" },
	{ "5, an HTTP proxy",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("HTTP/1.1 400 Bad Request\r\n\r\n") },
	  LARDER_EPROTO,
	  "not SOCKS5" },
	{ "5, IPv4 goes as one",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "192.0.2.7",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x01\xc0\0\x02\x07\x12\x34"),
	    PEER_SEND("\x05\0\0\x01\0\0\0\0\0\0"), PEER_RELAY },
	  0,
	  NULL },
	{ "5, IPv6 goes as one",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "2001:db8::9",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT(
		    "\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x12\x34"),
	    PEER_SEND("\x05\0\0\x04"), PEER_PAUSE(10),
	    PEER_SEND("0123456789abcdef\0\x50"), PEER_RELAY },
	  0,
	  NULL },
	{ "5, name looked up here",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  true,
	  "localhost",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x01\x7f\0\0\x01\x12\x34"),
	    PEER_SEND("\x05\0\0\x01\0\0\0\0\0\0"), PEER_RELAY },
	  0,
	  NULL },
	{ "5, rules",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"), PEER_SEND("\x05\x02\0\x01") },
	  LARDER_ECONNECT,
	  "rules do not allow" },
	{ "5, refused there",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"),
	    PEER_SEND("\x05\x05\0\x01\0\0\0\0\0\0") },
	  LARDER_ECONNECT,
	  "host refused" },
	{ "5, unknown reason",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"), PEER_SEND("\x05\x7f\0\x01") },
	  LARDER_ECONNECT,
	  "no known reason" },
	{ "5, unknown kind of address",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"), PEER_SEND("\x05\0\0\x02") },
	  LARDER_EPROTO,
	  "not SOCKS5" },
	{ "5, answer cut in its address",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0"), PEER_SEND("\x05\0"),
	    PEER_EXPECT("\x05\x01\0\x03\x06o.test\x12\x34"),
	    PEER_SEND("\x05\0\0\x03\xff") },
	  LARDER_ECLOSED,
	  "during its handshake" },
	{ "5, closed at once",
	  LRD_PROXY_SOCKS5,
	  NULL,
	  NULL,
	  false,
	  "o.test",
	  { PEER_EXPECT("\x05\x01\0") },
	  LARDER_ECLOSED,
	  "during its handshake" },
};

static struct lrd_proxy proxy_of(const struct conversation *row,
				 const struct lrd_peer *peer)
{
	return (struct lrd_proxy){
		.kind = row->kind,
		.host = "127.0.0.1",
		.port = lrd_peer_port(peer),
		.user = lrd_slice_cstr(row->user),
		.password = lrd_slice_cstr(row->password),
		.local_dns = row->local_dns,
	};
}

START_TEST(byte_for_byte)
{
	const struct conversation *row = &conversations[_i];
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){
		.steps = row->steps, .relay_port = lrd_origin_port(origin) });
	const struct lrd_proxy proxy = proxy_of(row, peer);
	const struct lrd_dial dial = { .host = row->host,
				       .port = 0x1234,
				       .proxy = &proxy,
				       .connect_timeout_ms = 10000 };
	struct lrd_stream *stream = NULL;
	char at[64];
	int rc = lrd_dial(&dial, &stream, &err);

	ck_assert_msg(rc == row->rc, "%s: %d %s", row->what, rc, err.message);
	ck_assert_uint_eq(lrd_peer_unexpected(peer), 0);
	ck_assert(!lrd_dial_forwards(&dial));
	if (rc == 0) {
		ck_assert_uint_eq(stream->bytes_out, 0);
		ck_assert_uint_eq(stream->bytes_in, 0);
		ck_assert(says_hello(stream));
		ck_assert_ptr_nonnull(strstr(stream->host, "4660"));
	} else {
		snprintf(at, sizeof(at), "127.0.0.1:%u", lrd_peer_port(peer));
		ck_assert_str_eq(err.host, at);
		ck_assert_msg(strstr(err.message, row->says) != NULL, "%s", err.message);
		ck_assert_ptr_nonnull(strstr(err.message, "proxy"));
		ck_assert_uint_eq(err.phase, LARDER_PHASE_CONNECT);
	}
	lrd_stream_close(stream);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

/* ---- lengths ---------------------------------------------------------------------------- */

/* One byte too long is refused before anybody connects; the longest ones go through. */
START_TEST(lengths_around_one_byte)
{
	static char text[300];
	const bool four = _i == 1;
	char expected[700];
	size_t len = 0;
	struct lrd_peer_step steps[4] = { PEER_EXPECT_BYTES(expected, 0), PEER_END };
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });

	memset(text, 'a', sizeof(text));
	for (size_t user = 253; user <= 257; user++) {
		struct lrd_peer *peer;
		struct lrd_stream *stream = NULL;
		struct lrd_proxy proxy = { .kind = four ? LRD_PROXY_SOCKS4
							: LRD_PROXY_SOCKS5,
					   .host = "127.0.0.1",
					   .user = { text, user } };
		struct lrd_dial dial = { .host = "o.test",
					 .port = 80,
					 .proxy = &proxy,
					 .connect_timeout_ms = 10000 };
		int rc;

		len = 0;
		if (four) {
			memcpy(expected, "\x04\x01\0\x50\0\0\0\x01", 8);
			memset(expected + 8, 'a', user);
			memcpy(expected + 8 + user, "\0o.test\0", 8);
			len = user + 16;
			steps[1] = (struct lrd_peer_step)PEER_SEND("\0\x5a\0\0\0\0\0\0");
			steps[2] = (struct lrd_peer_step)PEER_RELAY;
		} else {
			proxy.password = (larder_slice){ text, user };
			memcpy(expected, "\x05\x02\0\x02", 4);
			len = 4;
			/* The answer is given before the question: it waits in the socket. */
			steps[1] = (struct lrd_peer_step)PEER_SEND("\x05\x02\x01\x01");
			steps[2] = (struct lrd_peer_step)PEER_HOLD;
		}
		steps[0].len = len;
		peer = lrd_peer_new(&(struct lrd_peer_options){
			.steps = steps, .relay_port = lrd_origin_port(origin) });
		proxy.port = lrd_peer_port(peer);
		rc = lrd_dial(&dial, &stream, &err);
		if (user > 255) {
			ck_assert_int_eq(rc, LARDER_EINVAL);
			ck_assert_uint_eq(lrd_peer_connections(peer), 0);
		} else {
			ck_assert_int_eq(rc, four ? 0 : LARDER_ECONNECT);
		}
		ck_assert_uint_eq(lrd_peer_unexpected(peer), 0);
		lrd_stream_close(stream);
		lrd_peer_free(peer);
	}
	lrd_origin_free(origin);
}
END_TEST

/* The class of CVE-2023-38545: a name that does not fit is never sent, cut or looked up here. */
START_TEST(long_names)
{
	static const struct lrd_peer_step silence[] = { PEER_HOLD };
	struct lrd_peer *peer =
		lrd_peer_new(&(struct lrd_peer_options){ .steps = silence });
	struct lrd_stream *below = NULL;
	char host[400];
	struct lrd_proxy proxy = { .kind = _i == 0 ? LRD_PROXY_SOCKS5 : LRD_PROXY_SOCKS4,
				   .host = "127.0.0.1",
				   .port = lrd_peer_port(peer) };
	const struct lrd_socks_target target = { host, 80, NULL };
	const struct lrd_dial dial = { .host = host, .port = 80, .proxy = &proxy };
	const struct lrd_dial to_peer = { .host = "127.0.0.1", .port = proxy.port };
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 50 * MS };

	memset(host, 'a', sizeof(host));
	host[256] = '\0';
	ck_assert_int_eq(lrd_socks_check(&proxy, &target, &err), LARDER_EINVAL);
	ck_assert_int_lt(lrd_dial(&dial, &below, &err), 0);
	ck_assert_uint_eq(lrd_peer_connections(peer), 0);
	ck_assert_int_eq(lrd_dial(&to_peer, &below, &err), 0);
	ck_assert_int_eq(lrd_socks_connect(below, &proxy, &target, &wait, &err),
			 LARDER_EINVAL);
	ck_assert_uint_eq(below->bytes_out, 0);
	host[255] = '\0';
	ck_assert_int_eq(lrd_socks_check(&proxy, &target, &err), 0);
	ck_assert_int_eq(lrd_socks_connect(below, &proxy, &target, &wait, &err),
			 LARDER_ETIMEDOUT);
	host[0] = '\0';
	ck_assert_int_eq(lrd_socks_check(&proxy, &target, &err), LARDER_EINVAL);
	lrd_stream_abort(below);
	lrd_peer_free(peer);
}
END_TEST

static const struct {
	enum lrd_proxy_kind kind;
	larder_slice user, password;
	const char *host;
	const char *says;
} refused[] = {
	{ LRD_PROXY_SOCKS4, { "u\0x", 3 }, { NULL, 0 }, "o.test", "NUL" },
	{ LRD_PROXY_SOCKS4, { "u", 1 }, { "p", 1 }, "o.test", "no passwords" },
	{ LRD_PROXY_SOCKS4, { NULL, 0 }, { NULL, 0 }, "2001:db8::1", "IPv6" },
	{ LRD_PROXY_SOCKS5, { "", 0 }, { "p", 1 }, "o.test", "needs a user" },
};

START_TEST(questions_that_cannot_be_asked)
{
	static const struct lrd_peer_step silence[] = { PEER_HOLD };
	struct lrd_peer *peer =
		lrd_peer_new(&(struct lrd_peer_options){ .steps = silence });
	const struct lrd_proxy proxy = { .kind = refused[_i].kind,
					 .host = "127.0.0.1",
					 .port = lrd_peer_port(peer),
					 .user = refused[_i].user,
					 .password = refused[_i].password };
	const struct lrd_dial dial = { .host = refused[_i].host,
				       .port = 80,
				       .proxy = &proxy };
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_EINVAL);
	ck_assert_msg(strstr(err.message, refused[_i].says) != NULL, "%s", err.message);
	ck_assert_uint_eq(lrd_peer_connections(peer), 0);
	lrd_peer_free(peer);
}
END_TEST

/* What the target says right behind the proxy's answer is the holder's to read. */
START_TEST(not_a_byte_too_many)
{
	static const struct lrd_peer_step steps[] = {
		PEER_EXPECT("\x05\x01\0"),
		PEER_SEND("\x05\0\x05\0\0\x03\x02xy\0\x50SSH-2.0-first\r\n"),
		PEER_HOLD,
	};
	struct lrd_peer *peer = lrd_peer_new(&(struct lrd_peer_options){ .steps = steps });
	const struct lrd_proxy proxy = { .kind = LRD_PROXY_SOCKS5,
					 .host = "127.0.0.1",
					 .port = lrd_peer_port(peer) };
	const struct lrd_dial dial = { .host = "o.test", .port = 22, .proxy = &proxy };
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 5000 * MS };
	struct lrd_stream *stream = NULL;
	char buf[100];

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	ck_assert_int_eq(lrd_stream_read(stream, buf, sizeof(buf), &wait, &err), 15);
	ck_assert_mem_eq(buf, "SSH-2.0-first\r\n", 15);
	lrd_stream_close(stream);
	lrd_peer_free(peer);
}
END_TEST

START_TEST(a_silent_proxy_times_out)
{
	static const struct lrd_peer_step silence[] = { PEER_HOLD };
	struct lrd_peer *peer =
		lrd_peer_new(&(struct lrd_peer_options){ .steps = silence });
	const struct lrd_proxy proxy = { .kind = _i == 0   ? LRD_PROXY_SOCKS5
						 : _i == 1 ? LRD_PROXY_SOCKS4
							   : LRD_PROXY_HTTP,
					 .host = "127.0.0.1",
					 .port = lrd_peer_port(peer),
					 .tunnel = true };
	const struct lrd_dial dial = {
		.host = "o.test", .port = 80, .proxy = &proxy, .connect_timeout_ms = 60
	};
	uint64_t begin_ns = lrd_clock_mono_ns();
	struct lrd_stream *stream = NULL;

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ETIMEDOUT);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_CONNECT);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 5000 * MS);
	lrd_peer_free(peer);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/socks");
	TCase *tcase = tcase_create("socks");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, byte_for_byte, 0,
			    sizeof(conversations) / sizeof(conversations[0]));
	tcase_add_loop_test(tcase, lengths_around_one_byte, 0, 2);
	tcase_add_loop_test(tcase, long_names, 0, 2);
	tcase_add_loop_test(tcase, questions_that_cannot_be_asked, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tcase, not_a_byte_too_many);
	tcase_add_loop_test(tcase, a_silent_proxy_times_out, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite;
}
