/* SPDX-License-Identifier: MIT */
/*
 * test_task.c - commands in batches on a real store: what a client is told when a transaction
 * is lost, when the gate is held by another process, and when replies outgrow the output.
 */
#include "cached/task.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached/server.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static struct lrd_server server;
static struct lrd_metrics metrics;
static char dir[256];

static void open_server(bool no_evictions)
{
	const struct lrd_store_options options = { .budget_bytes = 8 << 20 };
	larder_error err = { 0 };

	memset(&server, 0, sizeof(server));
	server.config.item_max = 1 << 20;
	server.config.reqs_per_event = 20;
	server.config.no_evictions = no_evictions;
	server.limits =
		(struct lrd_mc_limits){ 1 << 20, LRD_LINE_LONG_MAX, LRD_BLOCK_INLINE_MAX,
					LRD_BLOCK_JOINED_MAX };
	ck_assert_int_eq(lrd_prefix_init(&server.prefixes, ':', false), 0);
	lrd_tmpdir_path(dir, sizeof(dir), lrd_tmpdir_new(), "store");
	ck_assert_msg(lrd_store_open(dir, &options, &server.store, &err) == 0, "%s",
		      err.message);
}

static void setup(void)
{
	open_server(false);
}

static void setup_no_evictions(void)
{
	open_server(true);
}

static void teardown(void)
{
	lrd_store_close(server.store);
	lrd_prefix_release(&server.prefixes);
	lrd_tmpdir_remove(dir);
}

/* Runs all of `input` and gathers the replies, as a connection does. */
static void converse(struct lrd_task *task, larder_slice input, struct lrd_buf *replies)
{
	size_t used;

	for (int turn = 0; turn < 1000; turn++) {
		enum lrd_ran ran = lrd_task_run(task, input, &used);

		while (lrd_task_is_pumping(task))
			ck_assert_int_eq(lrd_task_pump(task), 0);
		ck_assert_int_eq(lrd_buf_append_slice(replies, lrd_buf_slice(&task->out)),
				 0);
		lrd_buf_clear(&task->out);
		input = lrd_slice_skip(input, used);
		if (ran == LRD_RAN_OUT_OF_INPUT || ran == LRD_RAN_CLOSE)
			return;
	}
	ck_abort_msg("the task does not come to an end");
}

static void expect(const char *input, const char *expected)
{
	struct lrd_buf replies;
	struct lrd_task task;

	lrd_buf_init(&replies, 64 << 20, NULL);
	lrd_task_init(&task, &server, &metrics);
	converse(&task, lrd_slice_cstr(input), &replies);
	ck_assert_str_eq(replies.ptr, expected);
	lrd_task_release(&task);
	lrd_buf_release(&replies);
}

/* A set of `len` bytes. */
static void add_set(struct lrd_buf *input, const char *key, size_t len)
{
	ck_assert_int_eq(lrd_buf_appendf(input, "set %s 0 0 %zu\r\n", key, len), 0);
	ck_assert_int_eq(lrd_buf_reserve(input, len), 0);
	memset(input->ptr + input->len, 'v', len);
	lrd_buf_commit(input, len);
	ck_assert_int_eq(lrd_buf_append_cstr(input, "\r\n"), 0);
}

START_TEST(a_batch_sees_its_own_writes)
{
	expect("set a 0 0 1\r\n1\r\nget a\r\nincr a 5\r\nget a\r\ndelete a\r\nget a\r\n",
	       "STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n6\r\nVALUE a 0 "
	       "1\r\n6\r\nEND\r\nDELETED\r\n"
	       "END\r\n");
}
END_TEST

/*
 * The counter is raised before and behind a set that does not fit. The batch is lost and run
 * again command by command: each incr must count once, and the set alone is refused.
 */
START_TEST(a_lost_batch_is_run_again_exactly_once)
{
	struct lrd_buf input, replies;
	struct lrd_task task;
	int lines = 0;

	expect("set n 0 0 1\r\n0\r\n", "STORED\r\n");
	lrd_buf_init(&input, 64 << 20, NULL);
	lrd_buf_init(&replies, 64 << 20, NULL);
	lrd_task_init(&task, &server, &metrics);
	for (int i = 0; i < 60; i++)
		add_set(&input, i % 2 ? "x" : "y", 100);
	converse(&task, lrd_buf_slice(&input), &replies);
	lrd_buf_clear(&input);
	lrd_buf_clear(&replies);
	/* Nearly fill the store, then the batch itself. */
	for (int i = 0; i < 30; i++) {
		char key[16];

		snprintf(key, sizeof(key), "f%d", i);
		add_set(&input, key, 200000);
	}
	converse(&task, lrd_buf_slice(&input), &replies);
	ck_assert_ptr_nonnull(strstr(replies.ptr, "STORED"));
	lrd_buf_clear(&input);
	lrd_buf_clear(&replies);
	ck_assert_int_eq(lrd_buf_append_cstr(&input, "incr n 1\r\nset ok 0 0 1\r\n1\r\n"),
			 0);
	add_set(&input, "huge", 250000);
	add_set(&input, "huge", 250000);
	add_set(&input, "huge", 250000);
	add_set(&input, "huge", 250000);
	add_set(&input, "huge", 250000);
	add_set(&input, "huge", 250000);
	ck_assert_int_eq(lrd_buf_append_cstr(&input, "incr n 1\r\nget n\r\nget ok\r\n"),
			 0);
	converse(&task, lrd_buf_slice(&input), &replies);
	ck_assert_msg(strstr(replies.ptr,
			     "SERVER_ERROR out of memory storing object\r\n"),
		      "nothing was refused: %s", replies.ptr);
	ck_assert_msg(strncmp(replies.ptr, "1\r\nSTORED\r\n", 11) == 0, "%s", replies.ptr);
	ck_assert_msg(strstr(replies.ptr,
			     "2\r\nVALUE n 0 1\r\n2\r\nEND\r\nVALUE ok 0 1\r\n1\r\n"
			     "END\r\n"),
		      "%s", replies.ptr);
	/* 2 before the sets, 6 for them, 1 for incr, 3 for each get: nothing is said twice. */
	for (size_t i = 0; i < replies.len; i++)
		lines += replies.ptr[i] == '\n';
	ck_assert_int_eq(lines, 2 + 6 + 1 + 3 + 3);
	lrd_task_release(&task);
	lrd_buf_release(&input);
	lrd_buf_release(&replies);
}
END_TEST

START_TEST(a_held_gate_refuses_at_once_and_lets_gets_through)
{
	int ready[2];
	uint64_t start_ns, took_ms;
	pid_t child;
	char byte;

	expect("set a 0 0 1\r\n1\r\n", "STORED\r\n");
	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct lrd_write *held;

		if (lrd_write_begin(server.store, &held) == 0 &&
		    write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	start_ns = lrd_clock_mono_ns();
	expect("get a\r\nset b 0 0 1\r\n1\r\nset c 0 0 1\r\n1\r\nincr a 1\r\ndelete "
	       "a\r\nget a b\r\n"
	       "set d 0 0 1 noreply\r\n1\r\nadd e 0 0 1\r\n1\r\nappend a 0 0 "
	       "1\r\n1\r\ntouch a 5\r\n",
	       "VALUE a 0 1\r\n1\r\nEND\r\nSERVER_ERROR store busy\r\nSERVER_ERROR store "
	       "busy\r\n"
	       "SERVER_ERROR store busy\r\nSERVER_ERROR store busy\r\nVALUE a 0 "
	       "1\r\n1\r\nEND\r\n"
	       "SERVER_ERROR store busy\r\nSERVER_ERROR store busy\r\nSERVER_ERROR store "
	       "busy\r\n");
	took_ms = (lrd_clock_mono_ns() - start_ns) / 1000000;
	ck_assert_msg(took_ms < 300, "nine writes waited %llu ms",
		      (unsigned long long)took_ms);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	expect("set b 0 0 1\r\n2\r\nget a b\r\n",
	       "STORED\r\nVALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n");
}
END_TEST

/* A get of very many keys, none of which is there, does not keep the thread to itself. */
START_TEST(a_get_of_many_keys_rests)
{
	enum { KEYS = 100000 };
	struct lrd_buf input;
	struct lrd_task task;
	larder_slice left;
	int turns = 0;
	size_t used;

	lrd_buf_init(&input, 64 << 20, NULL);
	lrd_task_init(&task, &server, &metrics);
	ck_assert_int_eq(lrd_buf_append_cstr(&input, "get"), 0);
	for (int i = 0; i < KEYS; i++)
		ck_assert_int_eq(lrd_buf_append_cstr(&input, " k"), 0);
	ck_assert_int_eq(lrd_buf_append_cstr(&input, "\r\nget z\r\n"), 0);
	left = lrd_buf_slice(&input);
	do {
		enum lrd_ran ran = lrd_task_run(&task, left, &used);

		ck_assert_int_eq(ran, task.resting ? LRD_RAN_SHARE : LRD_RAN_OUT_OF_INPUT);
		turns++;
		left = lrd_slice_skip(left, used);
	} while (left.len && turns < KEYS);
	ck_assert_int_ge(turns, KEYS / LRD_KEYS_A_TURN);
	ck_assert_str_eq(task.out.ptr, "END\r\nEND\r\n");
	lrd_task_release(&task);
	lrd_buf_release(&input);
}
END_TEST

/* Many large replies to one get: they leave in parts, and none is missing or twice. */
START_TEST(a_get_of_much_leaves_in_parts)
{
	struct lrd_buf input, replies;
	struct lrd_task task;
	/* "VALUE s 0 100", "VALUE m 0 60000", "VALUE l 0 600000", each with its line ends. */
	const size_t small = 15 + 100 + 2, middle = 17 + 60000 + 2,
		     large = 18 + 600000 + 2;

	lrd_buf_init(&input, 64 << 20, NULL);
	lrd_buf_init(&replies, 64 << 20, NULL);
	lrd_task_init(&task, &server, &metrics);
	add_set(&input, "s", 100);
	add_set(&input, "m", 60000);
	add_set(&input, "l", 600000);
	converse(&task, lrd_buf_slice(&input), &replies);
	ck_assert_str_eq(replies.ptr, "STORED\r\nSTORED\r\nSTORED\r\n");
	lrd_buf_clear(&input);
	lrd_buf_clear(&replies);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(lrd_buf_append_cstr(&input, i ? "gat 0" : "get"), 0);
		for (int k = 0; k < 10; k++)
			ck_assert_int_eq(lrd_buf_append_cstr(&input, " s m none l m s l"),
					 0);
		ck_assert_int_eq(lrd_buf_append_cstr(&input, "\r\n"), 0);
	}
	converse(&task, lrd_buf_slice(&input), &replies);
	ck_assert_uint_eq(replies.len, 2 * (10 * 2 * (small + middle + large) + 5));
	lrd_task_release(&task);
	lrd_buf_release(&input);
	lrd_buf_release(&replies);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cached/task");
	TCase *tcase = tcase_create("batches");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_batch_sees_its_own_writes);
	tcase_add_test(tcase, a_held_gate_refuses_at_once_and_lets_gets_through);
	tcase_add_test(tcase, a_get_of_much_leaves_in_parts);
	tcase_add_test(tcase, a_get_of_many_keys_rests);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("full");
	tcase_add_checked_fixture(tcase, setup_no_evictions, teardown);
	tcase_add_test(tcase, a_lost_batch_is_run_again_exactly_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
