/* SPDX-License-Identifier: MIT */
/* test_connect.c - connecting: refused, silent, several addresses, unix sockets. */
#include "transport/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

#define MS UINT64_C(1000000)

static larder_error err;

/* A socket bound to an ephemeral port; nobody listens on it yet. */
static int bound(uint16_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

/* A listener whose queue is full, so that further connections get no answer at all. */
struct blackhole {
	int listener;
	int fillers[4];
	uint16_t port;
};

static void blackhole_open(struct blackhole *hole)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	hole->listener = bound(&hole->port);
	ck_assert_int_eq(listen(hole->listener, 0), 0);
	in.sin_port = htons(hole->port);
	for (size_t i = 0; i < 4; i++) {
		hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(hole->fillers[i], (struct sockaddr *)&in, sizeof(in)) < 0)
			ck_assert_int_eq(errno, EINPROGRESS);
	}
	usleep(20000);
}

static void blackhole_close(struct blackhole *hole)
{
	for (size_t i = 0; i < 4; i++)
		close(hole->fillers[i]);
	close(hole->listener);
}

static void list_add(struct lrd_addr_list *list, const char *text, uint16_t port)
{
	ck_assert(lrd_addr_parse(text, port, &list->addr[list->count]));
	list->count++;
}

static struct lrd_wait within(unsigned ms)
{
	return (struct lrd_wait){ .deadline_ns = lrd_clock_mono_ns() + ms * MS,
				  .phase = LARDER_PHASE_CONNECT };
}

START_TEST(connects)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_wait wait = within(2000);
	struct lrd_stream *stream = NULL;
	uint16_t port;
	int listener = bound(&port);
	int peer;
	char bytes[] = "hello";
	struct iovec iov = { bytes, 5 };

	ck_assert_int_eq(listen(listener, 8), 0);
	list_add(&list, "127.0.0.1", port);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err), 0);
	ck_assert_str_eq(stream->host, "h:1");
	peer = accept(listener, NULL, NULL);
	ck_assert_int_eq(lrd_stream_write_all(stream, &iov, 1, &wait, &err), 0);
	ck_assert_int_eq(recv(peer, bytes, 5, MSG_WAITALL), 5);
	ck_assert_mem_eq(bytes, "hello", 5);
	lrd_stream_close(stream);
	ck_assert_int_eq(recv(peer, bytes, 5, 0), 0);
	close(peer);
	close(listener);
}
END_TEST

START_TEST(refused_names_the_address)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_wait wait = within(2000);
	struct lrd_stream *stream = NULL;
	uint16_t port;
	int fd = bound(&port);

	list_add(&list, "127.0.0.1", port);
	ck_assert_int_eq(lrd_tcp_connect(&list, "example.org:80", &wait, NULL, &stream,
					 &err),
			 LARDER_ECONNECT);
	ck_assert_ptr_null(stream);
	ck_assert_int_eq(err.os_errno, ECONNREFUSED);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_CONNECT);
	ck_assert_str_eq(err.host, "example.org:80");
	ck_assert_str_eq(err.message,
			 "connect to example.org:80 (127.0.0.1): connection refused");
	close(fd);
}
END_TEST

START_TEST(a_silent_address_meets_the_deadline)
{
	struct lrd_addr_list list = { 0 };
	struct blackhole hole;
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait;
	uint64_t begin_ns;

	blackhole_open(&hole);
	list_add(&list, "127.0.0.1", hole.port);
	begin_ns = lrd_clock_mono_ns();
	wait = within(100);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err),
			 LARDER_ETIMEDOUT);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_CONNECT);
	ck_assert_str_eq(err.message, "connect to h:1 (127.0.0.1): timed out");
	ck_assert_uint_ge(lrd_clock_mono_ns() - begin_ns, 100 * MS);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 900 * MS);
	blackhole_close(&hole);
}
END_TEST

START_TEST(a_connect_can_be_cancelled)
{
	struct lrd_addr_list list = { 0 };
	struct blackhole hole;
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait = { .wake_fd = eventfd(1, EFD_CLOEXEC) };

	blackhole_open(&hole);
	list_add(&list, "127.0.0.1", hole.port);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err),
			 LARDER_ECANCELED);
	close(wait.wake_fd);
	blackhole_close(&hole);
}
END_TEST

START_TEST(a_refusal_leads_to_the_next_at_once)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_wait wait = within(5000);
	struct lrd_stream *stream = NULL;
	uint64_t begin_ns;
	uint16_t port;
	int listener = bound(&port);

	ck_assert_int_eq(listen(listener, 8), 0);
	for (int i = 0; i < 6; i++)
		list_add(&list, i % 2 ? "127.0.0.2" : "127.0.0.3", port);
	list_add(&list, "127.0.0.1", port);
	begin_ns = lrd_clock_mono_ns();
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err), 0);
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, LRD_TCP_STAGGER_MS * MS);
	lrd_stream_close(stream);
	close(listener);
}
END_TEST

START_TEST(silence_leads_to_the_next_after_a_moment)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_wait wait;
	struct lrd_stream *stream = NULL;
	struct blackhole hole;
	uint64_t begin_ns;
	uint64_t took_ns;
	uint16_t port;
	int listener = bound(&port);

	blackhole_open(&hole);
	ck_assert_int_eq(listen(listener, 8), 0);
	list_add(&list, "127.0.0.1", hole.port);
	list_add(&list, "127.0.0.1", port);
	begin_ns = lrd_clock_mono_ns();
	wait = within(5000);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err), 0);
	took_ns = lrd_clock_mono_ns() - begin_ns;
	ck_assert_uint_ge(took_ns, (LRD_TCP_STAGGER_MS - 1) * MS);
	ck_assert_uint_lt(took_ns, 5 * LRD_TCP_STAGGER_MS * MS);
	lrd_stream_close(stream);
	close(listener);
	blackhole_close(&hole);
}
END_TEST

START_TEST(the_most_telling_failure_is_told)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_wait wait = within(2000);
	struct lrd_stream *stream = NULL;
	uint16_t port;
	int fd = bound(&port);

	/* A refusal, then an address to which TCP knows no way on any machine. */
	list_add(&list, "127.0.0.1", port);
	list_add(&list, "255.255.255.255", port);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, &err),
			 LARDER_ECONNECT);
	ck_assert_str_eq(
		err.message,
		"connect to h:1 (127.0.0.1): connection refused; 2 of 2 addresses tried");
	close(fd);
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	struct lrd_addr_list list = { 0 };
	struct lrd_stream *stream = NULL;
	struct lrd_wait wait = within(20000);
	uint16_t port;
	int fd = bound(&port);
	int before = dup(fd);

	close(before);
	for (int i = 0; i < 8; i++)
		list_add(&list, "127.0.0.1", port);
	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(lrd_tcp_connect(&list, "h:1", &wait, NULL, &stream, NULL),
				 LARDER_ECONNECT);
	ck_assert_int_eq(dup(fd), before);
	close(before);
	close(fd);
}
END_TEST

START_TEST(unix_sockets)
{
	const char *dir = lrd_tmpdir_new();
	char path[100];
	struct lrd_addr_list list = { .count = 1 };
	struct lrd_stream *stream = NULL;
	struct lrd_stream *more[8];
	size_t made = 0;
	struct lrd_wait wait = within(2000);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	lrd_tmpdir_path(path, sizeof(path), dir, "s");
	ck_assert(lrd_addr_unix(path, &list.addr[0]));
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:80", &wait, NULL, &stream, &err),
			 LARDER_ECONNECT);
	ck_assert_int_eq(err.os_errno, ENOENT);
	ck_assert_ptr_nonnull(strstr(err.message, path));
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&list.addr[0].storage,
			      list.addr[0].len),
			 0);
	ck_assert_int_eq(lrd_tcp_connect(&list, "h:80", &wait, NULL, &stream, &err),
			 LARDER_ECONNECT);
	ck_assert_int_eq(err.os_errno, ECONNREFUSED);
	ck_assert_int_eq(listen(listener, 0), 0);
	/* Until the queue is full; then there is only the deadline. */
	do {
		wait = within(50);
		rc = lrd_tcp_connect(&list, "h:80", &wait, NULL, &more[made], &err);
	} while (rc == 0 && ++made < 8);
	ck_assert_uint_ge(made, 1);
	ck_assert_int_eq(rc, LARDER_ETIMEDOUT);
	while (made)
		lrd_stream_close(more[--made]);
	close(listener);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/connect");
	TCase *tcase = tcase_create("connect");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, connects);
	tcase_add_test(tcase, refused_names_the_address);
	tcase_add_test(tcase, a_silent_address_meets_the_deadline);
	tcase_add_test(tcase, a_connect_can_be_cancelled);
	tcase_add_test(tcase, a_refusal_leads_to_the_next_at_once);
	tcase_add_test(tcase, silence_leads_to_the_next_after_a_moment);
	tcase_add_test(tcase, the_most_telling_failure_is_told);
	tcase_add_test(tcase, no_descriptor_is_left);
	tcase_add_test(tcase, unix_sockets);
	suite_add_tcase(suite, tcase);
	return suite;
}
