/* SPDX-License-Identifier: MIT */
/* test_pool.c - connections found again by those they belong to, and by nobody else. */
#include "transport/pool.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "transport/tcp.h"

static struct lrd_pool *pool;

static void set_up(void)
{
	ck_assert_int_eq(lrd_pool_new(NULL, &pool), 0);
}

static void tear_down(void)
{
	lrd_pool_free(pool);
}

static struct lrd_pool_key key_of(const char *host, uint16_t port)
{
	const struct lrd_dial dial = { .host = host, .port = port };
	struct lrd_pool_key key;

	ck_assert_int_eq(lrd_pool_key_make(&dial, (larder_slice){ NULL, 0 }, &key), 0);
	return key;
}

/* A stream whose other end is *peer. */
static struct lrd_stream *stream_to(int *peer)
{
	struct lrd_stream *stream;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(lrd_tcp_take_fd(fds[0], "h:1", NULL, &stream, NULL), 0);
	*peer = fds[1];
	return stream;
}

static bool is_closed(int peer)
{
	char byte;

	return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

/* ---- keys ------------------------------------------------------------------------------- */

/* The rows are all different connections. */
START_TEST(every_difference_makes_another_key)
{
	enum { ROWS = 16 };
	int ctx;
	const larder_transport custom = { .size = sizeof(custom) };
	const larder_transport other = { .size = sizeof(other), .ctx = &ctx };
	const larder_transport secures = { .size = sizeof(secures), .secures = 1 };
	const struct lrd_tls_options insecure = { .insecure = true };
	struct lrd_tls *a = NULL;
	struct lrd_tls *b = NULL;
	struct lrd_pool_key keys[ROWS];

	ck_assert_int_eq(lrd_tls_new(&insecure, &a, NULL), 0);
	ck_assert_int_eq(lrd_tls_new(&insecure, &b, NULL), 0);

	const struct {
		struct lrd_dial dial;
		larder_slice credential;
	} rows[ROWS] = {
		{ { .host = "a.test", .port = 80 }, { NULL, 0 } },
		{ { .host = "b.test", .port = 80 }, { NULL, 0 } },
		{ { .host = "a.test.", .port = 80 }, { NULL, 0 } },
		{ { .host = "a.test", .port = 81 }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .tls = a }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .tls = b }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .unix_path = "/x" }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .unix_path = "/X" }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80 }, { "alice", 5 } },
		{ { .host = "a.test", .port = 80 }, { "Alice", 5 } },
		{ { .host = "a.test", .port = 80 }, { "\0", 1 } },
		{ { .host = "a.tes", .port = 80 }, { "t", 1 } },
		{ { .host = "a.test", .port = 80, .transport = &custom }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .transport = &other }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .transport = &secures }, { NULL, 0 } },
		{ { .host = "a.test", .port = 80, .transport = &secures, .tls = a },
		  { NULL, 0 } },
	};

	for (size_t i = 0; i < ROWS; i++)
		ck_assert_int_eq(
			lrd_pool_key_make(&rows[i].dial, rows[i].credential, &keys[i]), 0);
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < ROWS; k++) {
			bool same = keys[i].len == keys[k].len &&
				    memcmp(keys[i].bytes, keys[k].bytes, keys[i].len) == 0;

			ck_assert_msg(same == (i == k), "rows %zu and %zu", i, k);
		}
	}
	lrd_tls_unref(a);
	lrd_tls_unref(b);
}
END_TEST

/* From one proxied connection each member of the proxy is changed in turn. */
START_TEST(every_difference_of_a_proxy_makes_another_key)
{
	enum { ROWS = 19 };
	static const larder_field fields[] = {
		{ LRD_SLICE_INIT("X-Route"), LRD_SLICE_INIT("7") },
		{ LRD_SLICE_INIT("X-Route"), LRD_SLICE_INIT("8") },
	};
	const struct lrd_tls_options insecure = { .insecure = true };
	struct lrd_tls *a = NULL;
	struct lrd_tls *b = NULL;
	struct lrd_proxy proxies[ROWS];
	struct lrd_dial dial = { .host = "a.test", .port = 80 };
	struct lrd_pool_key keys[ROWS];
	struct lrd_pool_key again;
	size_t n = 0;

	ck_assert_int_eq(lrd_tls_new(&insecure, &a, NULL), 0);
	ck_assert_int_eq(lrd_tls_new(&insecure, &b, NULL), 0);
	for (size_t i = 0; i < ROWS; i++)
		proxies[i] = (struct lrd_proxy){ .kind = LRD_PROXY_HTTP,
						 .host = "p.test",
						 .port = 80 };
	n = 1;
	proxies[n++].kind = LRD_PROXY_SOCKS4;
	proxies[n++].kind = LRD_PROXY_SOCKS5;
	proxies[n++].host = "q.test";
	proxies[n++].port = 81;
	proxies[n].kind = LRD_PROXY_HTTPS;
	proxies[n++].tls = a;
	proxies[n].kind = LRD_PROXY_HTTPS;
	proxies[n++].tls = b;
	proxies[n++].user = LRD_SLICE("alice");
	proxies[n++].user = LRD_SLICE("Alice");
	proxies[n++].user = LRD_SLICE("");
	proxies[n].user = LRD_SLICE("alice");
	proxies[n++].password = LRD_SLICE("sesame");
	proxies[n].user = LRD_SLICE("alices");
	proxies[n++].password = LRD_SLICE("esame");
	proxies[n++].authorization = LRD_SLICE("Bearer a");
	proxies[n++].authorization = LRD_SLICE("Bearer b");
	proxies[n++].fields = lrd_view_of(fields, 1);
	proxies[n++].fields = lrd_view_of(fields + 1, 1);
	proxies[n++].fields = lrd_view_of(fields, 2);
	proxies[n++].local_dns = true;
	proxies[n++].tunnel = true;
	ck_assert_uint_eq(n, ROWS);

	for (size_t i = 0; i < ROWS; i++) {
		dial.proxy = &proxies[i];
		ck_assert_int_eq(
			lrd_pool_key_make(&dial, (larder_slice){ NULL, 0 }, &keys[i]), 0);
		/* A digest stands there, no secret. */
		ck_assert_ptr_null(memmem(keys[i].bytes, keys[i].len, "sesame", 6));
		ck_assert_ptr_null(memmem(keys[i].bytes, keys[i].len, "alice", 5));
		ck_assert_ptr_null(memmem(keys[i].bytes, keys[i].len, "Bearer", 6));
	}
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < ROWS; k++) {
			bool same = keys[i].len == keys[k].len &&
				    memcmp(keys[i].bytes, keys[k].bytes, keys[i].len) == 0;

			ck_assert_msg(same == (i == k), "rows %zu and %zu", i, k);
		}
	}
	dial.proxy = NULL;
	ck_assert_int_eq(lrd_pool_key_make(&dial, (larder_slice){ NULL, 0 }, &again), 0);
	ck_assert(again.len != keys[0].len);
	/* The proof of one and the same user changes with every connection under Digest. */
	proxies[10].authorization = LRD_SLICE("Digest nc=00000002");
	proxies[10].host = "P.Test";
	dial.proxy = &proxies[10];
	ck_assert_int_eq(lrd_pool_key_make(&dial, (larder_slice){ NULL, 0 }, &again), 0);
	ck_assert_uint_eq(again.len, keys[10].len);
	ck_assert_mem_eq(again.bytes, keys[10].bytes, again.len);
	lrd_tls_unref(a);
	lrd_tls_unref(b);
}
END_TEST

START_TEST(the_case_of_a_host_is_no_difference)
{
	struct lrd_pool_key a = key_of("WWW.Example.ORG", 80);
	struct lrd_pool_key b = key_of("www.example.org", 80);

	ck_assert_uint_eq(a.hash, b.hash);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.bytes, b.bytes, a.len);
}
END_TEST

START_TEST(what_does_not_fit_is_not_pooled)
{
	static char big[2000];
	const struct lrd_dial dial = { .host = "a", .port = 80 };
	struct lrd_pool_key key;

	ck_assert_int_eq(lrd_pool_key_make(&dial, (larder_slice){ big, sizeof(big) }, &key),
			 LARDER_EINVAL);
	ck_assert_int_eq(lrd_pool_key_make(&dial, (larder_slice){ big, 900 }, &key), 0);
}
END_TEST

/* ---- the pool --------------------------------------------------------------------------- */

START_TEST(the_last_in_is_the_first_out)
{
	struct lrd_pool_key a = key_of("a", 80);
	struct lrd_pool_key b = key_of("b", 80);
	struct lrd_stream *streams[3];
	struct lrd_stream *taken;
	int peers[3];

	for (int i = 0; i < 3; i++) {
		streams[i] = stream_to(&peers[i]);
		lrd_pool_put(pool, i == 2 ? &b : &a, streams[i], 0);
	}
	ck_assert_uint_eq(lrd_pool_idle(pool), 3);
	taken = lrd_pool_take(pool, &a);
	ck_assert_ptr_eq(taken, streams[1]);
	ck_assert(taken->reused);
	lrd_stream_close(taken);
	taken = lrd_pool_take(pool, &a);
	ck_assert_ptr_eq(taken, streams[0]);
	lrd_stream_close(taken);
	ck_assert_ptr_null(lrd_pool_take(pool, &a));
	ck_assert_uint_eq(lrd_pool_idle(pool), 1);
	for (int i = 0; i < 3; i++)
		close(peers[i]);
}
END_TEST

/* Closed by the peer, or with a byte that nobody asked for. */
START_TEST(dead_ones_are_passed_over)
{
	struct lrd_pool_key key = key_of("a", 80);
	struct lrd_stream *good;
	int peers[3];

	good = stream_to(&peers[0]);
	lrd_pool_put(pool, &key, good, 0);
	lrd_pool_put(pool, &key, stream_to(&peers[1]), 0);
	lrd_pool_put(pool, &key, stream_to(&peers[2]), 0);
	close(peers[1]);
	ck_assert_int_eq(write(peers[2], "HTTP/1.1 408\r\n\r\n", 16), 16);
	ck_assert_ptr_eq(lrd_pool_take(pool, &key), good);
	ck_assert_uint_eq(lrd_pool_idle(pool), 0);
	lrd_stream_close(good);
	close(peers[0]);
	close(peers[2]);
}
END_TEST

START_TEST(limits_put_out_the_oldest)
{
	const struct lrd_pool_options options = { .max_idle = 4, .max_idle_per_key = 2 };
	struct lrd_pool *small;
	struct lrd_pool_key a = key_of("a", 80);
	int peers[8];

	ck_assert_int_eq(lrd_pool_new(&options, &small), 0);
	for (int i = 0; i < 3; i++)
		lrd_pool_put(small, &a, stream_to(&peers[i]), 0);
	ck_assert_uint_eq(lrd_pool_idle(small), 2);
	ck_assert(is_closed(peers[0]));
	ck_assert(!is_closed(peers[1]));
	for (int i = 3; i < 8; i++) {
		struct lrd_pool_key key = key_of("b", (uint16_t)i);

		lrd_pool_put(small, &key, stream_to(&peers[i]), 0);
	}
	ck_assert_uint_eq(lrd_pool_idle(small), 4);
	for (int i = 0; i < 8; i++) {
		ck_assert_msg(is_closed(peers[i]) == (i < 4), "connection %d", i);
		close(peers[i]);
	}
	lrd_pool_free(small);
}
END_TEST

START_TEST(the_idle_are_not_kept_for_ever)
{
	const struct lrd_pool_options options = {
		.idle_keep_ms = _i == 0 ? 40 : 0,
		.max_age_ms = _i == 1 ? 40 : 0,
	};
	struct lrd_pool *small;
	struct lrd_pool_key key = key_of("a", 80);
	int peer;

	ck_assert_int_eq(lrd_pool_new(&options, &small), 0);
	lrd_pool_put(small, &key, stream_to(&peer), _i == 2 ? 40 : 0);
	ck_assert_uint_eq(lrd_pool_idle(small), 1);
	usleep(60000);
	ck_assert_ptr_null(lrd_pool_take(small, &key));
	ck_assert(is_closed(peer));
	close(peer);
	lrd_pool_free(small);
}
END_TEST

START_TEST(the_broken_are_not_taken_in)
{
	struct lrd_pool_key key = key_of("a", 80);
	struct lrd_stream *stream;
	int peer;

	stream = stream_to(&peer);
	stream->broken = true;
	lrd_pool_put(pool, &key, stream, 0);
	ck_assert_uint_eq(lrd_pool_idle(pool), 0);
	ck_assert(is_closed(peer));
	close(peer);
}
END_TEST

START_TEST(a_child_finds_the_pool_empty_and_leaves_the_parents_alone)
{
	struct lrd_pool_key key = key_of("a", 80);
	struct lrd_stream *stream;
	char byte;
	int status;
	int peer;
	int own;
	pid_t child;

	stream = stream_to(&peer);
	lrd_pool_put(pool, &key, stream, 0);
	child = fork();
	if (child == 0) {
		int wrong = lrd_pool_idle(pool) != 0 || lrd_pool_take(pool, &key) != NULL;
		struct lrd_stream *mine = stream_to(&own);

		lrd_pool_put(pool, &key, mine, 0);
		wrong = wrong || lrd_pool_take(pool, &key) != mine;
		lrd_stream_close(mine);
		lrd_pool_free(pool);
		_exit(wrong);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_ptr_eq(lrd_pool_take(pool, &key), stream);
	lrd_stream_close(stream);
	close(peer);
}
END_TEST

START_TEST(memory_may_fail_anywhere)
{
	struct lrd_failing_alloc fa;
	const larder_allocator allocator = {
		.malloc_fn = lrd_failing_malloc,
		.realloc_fn = lrd_failing_realloc,
		.free_fn = lrd_failing_free,
		.ctx = &fa,
	};
	const struct lrd_pool_options options = { .allocator = &allocator };
	struct lrd_pool_key key = key_of("a", 80);

	for (size_t fail_at = 0; fail_at <= 2; fail_at++) {
		struct lrd_pool *p = NULL;
		int peer;
		int rc;

		lrd_failing_alloc_init(&fa, fail_at);
		rc = lrd_pool_new(&options, &p);
		ck_assert_int_eq(rc, fail_at == 1 ? LARDER_ENOMEM : 0);
		if (rc == 0) {
			lrd_pool_put(p, &key, stream_to(&peer), 0);
			ck_assert_uint_eq(lrd_pool_idle(p), fail_at == 2 ? 0 : 1);
			close(peer);
		}
		lrd_pool_free(p);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/pool");
	TCase *tcase = tcase_create("pool");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, every_difference_makes_another_key);
	tcase_add_test(tcase, every_difference_of_a_proxy_makes_another_key);
	tcase_add_test(tcase, the_case_of_a_host_is_no_difference);
	tcase_add_test(tcase, what_does_not_fit_is_not_pooled);
	tcase_add_test(tcase, the_last_in_is_the_first_out);
	tcase_add_test(tcase, dead_ones_are_passed_over);
	tcase_add_test(tcase, limits_put_out_the_oldest);
	tcase_add_loop_test(tcase, the_idle_are_not_kept_for_ever, 0, 3);
	tcase_add_test(tcase, the_broken_are_not_taken_in);
	tcase_add_test(tcase, a_child_finds_the_pool_empty_and_leaves_the_parents_alone);
	tcase_add_test(tcase, memory_may_fail_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}
