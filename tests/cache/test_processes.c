/* SPDX-License-Identifier: MIT */
/* test_processes.c - several processes on one store: what one writes the next reads, whole. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"

static void wait_for(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %x",
		      (unsigned)status);
}

/* One process stores, another is served at once; its invalidation is seen by the first. */
START_TEST(share)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request get = { 0 };
	pid_t pid;

	larder_plan_free(
		drive(cache, &get,
		      &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
						.body = "shared" }));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_cache *other = drive_open_in(drive_dir(), NULL);
		larder_plan *plan = drive_lookup(other, &get);

		if (larder_plan_verdict(plan) != LARDER_SERVE ||
		    strcmp(larder_plan_body(plan).ptr, "shared") != 0)
			_exit(1);
		larder_plan_free(plan);
		/* The inherited handle works as well. */
		plan = drive_lookup(cache, &get);
		if (larder_plan_verdict(plan) != LARDER_SERVE)
			_exit(2);
		larder_plan_free(plan);
		larder_plan_free(drive(other, &(struct drive_request){ .method = "DELETE" },
				       &(struct drive_response){ .status = 204 }));
		_exit(0);
	}
	wait_for(pid);
	ck_assert_str_eq(drive_says(cache, &get), "miss invalidated");
	larder_cache_close(cache);
}
END_TEST

enum { LARGE = 5 << 20 };

static char *pattern(unsigned seed)
{
	char *body = malloc(LARGE);

	ck_assert_ptr_nonnull(body);
	for (size_t i = 0; i < LARGE; i++)
		body[i] = (char)((i + seed) * 2654435761u >> 11);
	return body;
}

/* A large body is read to its end while another process replaces and removes it. */
START_TEST(large_body_held)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request get = { 0 };
	char *body = pattern(1), *got;
	larder_plan *plan;
	size_t len;
	pid_t pid;

	larder_plan_free(
		drive(cache, &get,
		      &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
						.body = body,
						.body_len = LARGE }));
	plan = drive_lookup(cache, &get);
	ck_assert_int_eq(larder_plan_verdict(plan), LARDER_SERVE);
	ck_assert_ptr_null(larder_plan_body(plan).ptr);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_cache *other = drive_open_in(drive_dir(), NULL);
		char *next = pattern(2);

		if (larder_cache_purge(other, LRD_SLICE("http://origin.test/page"),
				       NULL) != 1)
			_exit(1);
		/* Fill the place that the body leaves, if it does. */
		for (int i = 0; i < 4; i++) {
			char url[64];

			snprintf(url, sizeof(url), "http://origin.test/%d", i);
			larder_plan_free(
				drive(other, &(struct drive_request){ .url = url },
				      &(struct drive_response){
					      .fields = "Cache-Control: max-age=60\n",
					      .body = next,
					      .body_len = LARGE }));
		}
		_exit(0);
	}
	wait_for(pid);
	got = drive_body(plan, &len);
	ck_assert_uint_eq(len, LARGE);
	ck_assert(memcmp(got, body, LARGE) == 0);
	free(got);
	free(body);
	larder_plan_free(plan);
	ck_assert_str_eq(drive_says(cache, &get), "miss invalidated");
	larder_cache_close(cache);
}
END_TEST

/*
 * Writers replace a response again and again, readers never see a mixture: every body is one
 * byte over and over, and a field says which.
 */
enum { WRITERS = 2, READERS = 2, ROUNDS = 150 };

static void write_rounds(unsigned seed)
{
	larder_cache *cache = drive_open_in(drive_dir(), NULL);
	struct drive_request request = { .mode = LARDER_MODE_RELOAD };
	static char body[300 * 1024];
	char fields[128];

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned mark = 'a' + (i * 7 + seed * 3) % 26;
		size_t len = 1 + (i * 7919 + seed) % sizeof(body);

		memset(body, (int)mark, len);
		snprintf(fields, sizeof(fields),
			 "Cache-Control: max-age=60\nX-Mark: %c\nX-Len: %zu\n%s",
			 (char)mark, len, i % 3 ? "" : "Vary: Accept\n");
		larder_plan_free(drive(cache, &request,
				       &(struct drive_response){ .fields = fields,
								 .body = body,
								 .body_len = len }));
	}
	_exit(0);
}

static void read_rounds(void)
{
	larder_cache *cache = drive_open_in(drive_dir(), NULL);
	size_t hits = 0;

	for (unsigned i = 0; i < ROUNDS * 4; i++) {
		larder_plan *plan = drive_lookup(cache, &(struct drive_request){ 0 });

		if (larder_plan_verdict(plan) == LARDER_SERVE) {
			char mark = drive_field(plan, "X-Mark")[0];
			size_t len, said = strtoul(drive_field(plan, "X-Len"), NULL, 10);
			char *body = drive_body(plan, &len);

			if (len != said)
				_exit(1);
			for (size_t at = 0; at < len; at++)
				if (body[at] != mark)
					_exit(2);
			free(body);
			hits++;
		}
		larder_plan_free(plan);
	}
	_exit(hits > 0 ? 0 : 3);
}

START_TEST(never_a_mixture)
{
	larder_cache *cache = drive_open(NULL);
	pid_t pids[WRITERS + READERS];

	larder_plan_free(drive(
		cache, &(struct drive_request){ 0 },
		&(struct drive_response){
			.fields = "Cache-Control: max-age=60\nX-Mark: x\nX-Len: 1\n",
			.body = "x" }));
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0 && i < WRITERS)
			write_rounds(i);
		if (pids[i] == 0)
			read_rounds();
	}
	for (unsigned i = 0; i < WRITERS + READERS; i++)
		wait_for(pids[i]);
	larder_cache_close(cache);
}
END_TEST

/* A worker killed inside its body leaves nothing that anybody could read. */
START_TEST(killed_midway)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request get = { 0 };
	int pipes[2];
	char ready;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_cache *other = drive_open_in(drive_dir(), NULL);
		larder_plan *plan = drive_lookup(other, &get);
		char *body = pattern(3);

		drive_answer(plan, &(struct drive_response){
					   .fields = "Cache-Control: max-age=60\n",
					   .body = body,
					   .body_len = LARGE,
					   .claimed_len = LARGE * 2,
					   .no_commit = true });
		if (write(pipes[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(2);
	}
	ck_assert_int_eq(read(pipes[0], &ready, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_str_eq(drive_says(cache, &get), "miss uri-miss");
	larder_plan_free(
		drive(cache, &get,
		      &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
						.body = "whole" }));
	ck_assert_str_eq(drive_says(cache, &get), "fresh max-age");
	close(pipes[0]);
	close(pipes[1]);
	larder_cache_close(cache);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/processes");
	TCase *tcase = tcase_create("processes");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, share);
	tcase_add_test(tcase, large_body_held);
	tcase_add_test(tcase, never_a_mixture);
	tcase_add_test(tcase, killed_midway);
	suite_add_tcase(suite, tcase);
	return suite;
}
