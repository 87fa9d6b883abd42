/* SPDX-License-Identifier: MIT */
/* test_real_proxies.c - through tinyproxy and dante as Debian ships them, where installed. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "proto/http/challenges.h"
#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/origin.h"
#include "tests/support/peer.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"
#include "transport/dial.h"

#define MS UINT64_C(1000000)

/* base64 of "alice:sesame" and of "ORIGIN" */
#define PROXY_PROOF  "YWxpY2U6c2VzYW1l"
#define ORIGIN_PROOF "T1JJR0lO"

static struct lrd_test_cert *ca;
static struct lrd_test_cert *cert;
static struct lrd_tls *tls;
static pid_t running;
static uint16_t port;
static larder_error err;

/* ---- programs --------------------------------------------------------------------------- */

static const char *find(const char *const *places)
{
	for (; *places; places++) {
		if (access(*places, X_OK) == 0)
			return *places;
	}
	return NULL;
}

static const char *tinyproxy(void)
{
	static const char *const places[] = { "/usr/bin/tinyproxy", "/usr/sbin/tinyproxy",
					      NULL };

	return find(places);
}

static const char *danted(void)
{
	static const char *const places[] = { "/usr/sbin/danted", "/usr/sbin/sockd",
					      NULL };

	return find(places);
}

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static bool is_listening(void)
{
	const struct lrd_dial dial = { .host = "127.0.0.1", .port = port };
	struct lrd_stream *stream = NULL;

	if (lrd_dial(&dial, &stream, NULL) < 0)
		return false;
	lrd_stream_close(stream);
	return true;
}

/* Starts the program; its configuration is `before`, the port, and `behind`. */
static void start(const char *program, const char *const *args, const char *before,
		  const char *behind)
{
	for (int attempt = 0; attempt < 3; attempt++) {
		const char *dir = lrd_tmpdir_new();
		char conf[200];
		char pid[200];
		const char *argv[10] = { program };
		size_t n = 1;
		FILE *file;

		port = free_port();
		lrd_tmpdir_path(conf, sizeof(conf), dir, "conf");
		lrd_tmpdir_path(pid, sizeof(pid), dir, "pid");
		file = fopen(conf, "w");
		ck_assert_ptr_nonnull(file);
		fprintf(file, "%s%u\n%s", before, port, behind);
		fclose(file);
		for (size_t i = 0; args[i]; i++)
			argv[n++] = strcmp(args[i], "CONF") == 0  ? conf
				    : strcmp(args[i], "PID") == 0 ? pid
								  : args[i];
		running = fork();
		if (running == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* dante makes processes of its own; they go with their group. */
			setpgid(0, 0);
			if (!freopen("/dev/null", "w", stdout) ||
			    !freopen("/dev/null", "w", stderr))
				_exit(126);
			execv(program, (char *const *)argv);
			_exit(127);
		}
		setpgid(running, running);
		for (int i = 0; i < 250; i++) {
			if (is_listening())
				return;
			if (waitpid(running, NULL, WNOHANG) == running)
				break;
			usleep(20000);
		}
		kill(-running, SIGKILL);
		waitpid(running, NULL, 0);
	}
	ck_abort_msg("%s does not start", program);
}

static void start_tinyproxy(bool with_password)
{
	static const char *const args[] = { "-d", "-c", "CONF", NULL };

	start(tinyproxy(), args, "Port ",
	      with_password
		      ? "Listen 127.0.0.1\nTimeout 20\nMaxClients 20\n"
			"Allow 127.0.0.1\nLogLevel Critical\nBasicAuth alice sesame\n"
		      : "Listen 127.0.0.1\nTimeout 20\nMaxClients 20\n"
			"Allow 127.0.0.1\nLogLevel Critical\n");
}

static void start_danted(void)
{
	static const char *const args[] = { "-f", "CONF", "-p", "PID", NULL };

	start(danted(), args, "internal: 127.0.0.1 port = ",
	      "external: 127.0.0.1\nlogoutput: /dev/null\n"
	      "clientmethod: none\nsocksmethod: none\n"
	      "client pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }\n"
	      "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n");
}

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
}

static void tear_down(void)
{
	if (running > 0) {
		kill(-running, SIGKILL);
		waitpid(running, NULL, 0);
		running = 0;
	}
	lrd_tls_unref(tls);
	lrd_test_cert_free(cert);
	lrd_test_cert_free(ca);
}

/* ---- the origin ------------------------------------------------------------------------- */

static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	(void)request;
	(void)ctx;
	lrd_origin_reply(conn, "200 OK", NULL, "hello");
}

/* Sends the head and reads up to "hello", or to the end: the status. */
static int ask(struct lrd_stream *stream, const char *head)
{
	const struct lrd_wait wait = { .deadline_ns = lrd_clock_mono_ns() + 10000 * MS };
	char request[1000];
	char buf[4000] = "";
	size_t len = 0;
	struct iovec iov = { request, strlen(head) };
	ptrdiff_t got = 1;

	memcpy(request, head, iov.iov_len);
	ck_assert_int_eq(lrd_stream_write_all(stream, &iov, 1, &wait, &err), 0);
	while (got > 0 && len < sizeof(buf) - 1 &&
	       (len < 5 || memcmp(buf + len - 5, "hello", 5) != 0)) {
		got = lrd_stream_read(stream, buf + len, sizeof(buf) - 1 - len, &wait,
				      &err);
		len += got > 0 ? (size_t)got : 0;
	}
	return len > 12 ? (int)strtol(buf + 9, NULL, 10) : 0;
}

/* ---- tinyproxy -------------------------------------------------------------------------- */

/* Without a tunnel: the request goes to the proxy itself, in absolute-form. */
START_TEST(forwarding)
{
	struct lrd_origin *origin =
		lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
	struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTP, .host = "127.0.0.1" };
	struct lrd_dial dial = { .host = "localhost",
				 .port = lrd_origin_port(origin),
				 .proxy = &proxy };
	struct lrd_stream *stream = NULL;
	char head[500];

	start_tinyproxy(true);
	proxy.port = port;
	ck_assert(lrd_dial_forwards(&dial));
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	snprintf(head, sizeof(head),
		 "GET http://127.0.0.1:%u/a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
		 dial.port, dial.port);
	ck_assert_int_eq(ask(stream, head), 407);
	lrd_stream_close(stream);
	ck_assert_uint_eq(lrd_origin_requests(origin), 0);

	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), 0);
	snprintf(head, sizeof(head),
		 "GET http://127.0.0.1:%u/a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		 "Proxy-Authorization: Basic " PROXY_PROOF
		 "\r\nConnection: close\r\n\r\n",
		 dial.port, dial.port);
	ck_assert_int_eq(ask(stream, head), 200);
	lrd_stream_close(stream);
	ck_assert_uint_eq(lrd_origin_requests(origin), 1);
	ck_assert(lrd_origin_saw(origin, "GET /a HTTP/1."));
	ck_assert(!lrd_origin_saw(origin, PROXY_PROOF));
	lrd_origin_free(origin);
}
END_TEST

/* Row: is the origin secured; is the proxy, by TLS in front of it. */
START_TEST(tunnels_with_a_password)
{
	bool secured = _i & 1;
	bool secured_proxy = _i & 2;
	static const struct lrd_peer_step front[] = { PEER_RELAY };
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = secured ? cert : NULL });
	struct lrd_peer *peer = NULL;
	struct lrd_proxy proxy = { .kind = secured_proxy ? LRD_PROXY_HTTPS
							 : LRD_PROXY_HTTP,
				   .host = "localhost",
				   .tls = secured_proxy ? tls : NULL,
				   .tunnel = true };
	struct lrd_proxy_refusal refusal;
	/* An address: the proxy would ask the machine's resolver, which may know no name. */
	struct lrd_dial dial = { .host = "127.0.0.1",
				 .port = lrd_origin_port(origin),
				 .tls = secured ? tls : NULL,
				 .proxy = &proxy,
				 .refusal = &refusal };
	struct lrd_challenges challenges;
	struct lrd_challenge challenge;
	struct lrd_stream *stream = NULL;

	start_tinyproxy(true);
	proxy.port = port;
	if (secured_proxy) {
		peer = lrd_peer_new(&(struct lrd_peer_options){
			.steps = front, .relay_port = port, .cert = cert });
		proxy.port = lrd_peer_port(peer);
	}
	lrd_proxy_refusal_init(&refusal, NULL);
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	ck_assert_int_eq(refusal.status, 407);
	ck_assert_uint_gt(refusal.body.len, 0);
	lrd_challenges_init(&challenges, lrd_fields_view(&refusal.fields),
			    LRD_SLICE("Proxy-Authenticate"));
	ck_assert_int_eq(lrd_challenges_next(&challenges, &challenge), 1);
	ck_assert(lrd_slice_equal(challenge.scheme, LRD_SLICE("Basic")));
	ck_assert_uint_eq(lrd_origin_connections(origin), 0);
	lrd_proxy_refusal_release(&refusal);

	proxy.authorization = LRD_SLICE("Basic " PROXY_PROOF);
	lrd_proxy_refusal_init(&refusal, NULL);
	ck_assert_msg(lrd_dial(&dial, &stream, &err) == 0, "%s", err.message);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(stream,
				     "GET / HTTP/1.1\r\nHost: localhost\r\n"
				     "Authorization: Basic " ORIGIN_PROOF "\r\n\r\n"),
				 200);
	lrd_stream_close(stream);
	ck_assert_uint_eq(lrd_origin_requests(origin), 3);
	ck_assert(lrd_origin_saw(origin, ORIGIN_PROOF));
	ck_assert(!lrd_origin_saw(origin, PROXY_PROOF));
	ck_assert(!lrd_origin_saw(origin, "Proxy-"));
	if (peer && secured)
		ck_assert(!lrd_peer_saw(peer, ORIGIN_PROOF));
	lrd_proxy_refusal_release(&refusal);
	lrd_peer_free(peer);
	lrd_origin_free(origin);
}
END_TEST

START_TEST(an_origin_that_is_not_there)
{
	struct lrd_proxy proxy = { .kind = LRD_PROXY_HTTP, .host = "127.0.0.1" };
	struct lrd_proxy_refusal refusal;
	struct lrd_dial dial = {
		.host = "127.0.0.1", .tls = tls, .proxy = &proxy, .refusal = &refusal
	};
	struct lrd_stream *stream = NULL;

	start_tinyproxy(false);
	proxy.port = port;
	dial.port = free_port();
	lrd_proxy_refusal_init(&refusal, NULL);
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	ck_assert_int_ge(refusal.status, 500);
	lrd_proxy_refusal_release(&refusal);
}
END_TEST

/* ---- dante ------------------------------------------------------------------------------ */

static const struct {
	enum lrd_proxy_kind kind;
	bool local_dns;
	const char *host;
	bool secured;
} socks[] = {
	{ LRD_PROXY_SOCKS4, true, "localhost", false },
	{ LRD_PROXY_SOCKS4, true, "localhost", true },
	{ LRD_PROXY_SOCKS4, false, "127.0.0.1", false },
	{ LRD_PROXY_SOCKS5, true, "localhost", true },
	{ LRD_PROXY_SOCKS5, false, "localhost", false },
	{ LRD_PROXY_SOCKS5, false, "localhost", true },
	{ LRD_PROXY_SOCKS5, false, "127.0.0.1", true },
	/* No 4a by name: dante 1.4 refuses that to every client. */
};

/* Of the machine's resolver, which without /etc/hosts need not. */
static bool machine_knows(const char *name)
{
	const struct addrinfo hints = { .ai_family = AF_INET };
	struct addrinfo *found = NULL;
	bool known = getaddrinfo(name, NULL, &hints, &found) == 0;

	if (known)
		freeaddrinfo(found);
	return known;
}

START_TEST(through_dante)
{
	struct lrd_origin *origin = lrd_origin_new(&(struct lrd_origin_options){
		.handler = hello, .cert = socks[_i].secured ? cert : NULL });
	struct lrd_proxy proxy = { .kind = socks[_i].kind,
				   .host = "127.0.0.1",
				   .local_dns = socks[_i].local_dns };
	struct lrd_dial dial = { .host = socks[_i].host,
				 .port = lrd_origin_port(origin),
				 .tls = socks[_i].secured ? tls : NULL,
				 .proxy = &proxy };
	struct lrd_stream *stream = NULL;

	if (!socks[_i].local_dns && !machine_knows(socks[_i].host)) {
		fprintf(stderr,
			"left out: nothing here resolves \"%s\" for dante; is there an "
			"/etc/hosts?\n",
			socks[_i].host);
		lrd_origin_free(origin);
		return;
	}
	start_danted();
	proxy.port = port;
	ck_assert_msg(lrd_dial(&dial, &stream, &err) == 0, "%s", err.message);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
				 200);
	lrd_stream_close(stream);
	ck_assert_uint_eq(lrd_origin_requests(origin), 3);
	dial.port = free_port();
	ck_assert_int_eq(lrd_dial(&dial, &stream, &err), LARDER_ECONNECT);
	ck_assert_ptr_nonnull(strstr(err.message, "refused"));
	lrd_origin_free(origin);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/real_proxies");
	TCase *tcase = tcase_create("real_proxies");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	if (tinyproxy()) {
		tcase_add_test(tcase, forwarding);
		tcase_add_loop_test(tcase, tunnels_with_a_password, 0, 4);
		tcase_add_test(tcase, an_origin_that_is_not_there);
	} else {
		printf("tinyproxy is not installed: its tests are left out\n");
	}
	if (danted())
		tcase_add_loop_test(tcase, through_dante, 0,
				    sizeof(socks) / sizeof(socks[0]));
	else
		printf("dante-server is not installed: its tests are left out\n");
	suite_add_tcase(suite, tcase);
	return suite;
}
