/* SPDX-License-Identifier: MIT */
/*
 * test_partition.c - nobody sees what was stored for another: alice, bob and the anonymous, by
 * every kind of credential, over every kind of response, in two processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "drive.h"

/* How a request shows who sends it. */
static const struct means {
	const char *name;
	const char *fields[2]; /* alice's and bob's */
	const char *identity[2];
	const char *url[2];
	bool changes; /* the field differs with every request */
} means[] = {
	{ "Basic",
	  { "Authorization: Basic YWxpY2U6MQ==\n", "Authorization: Basic Ym9iOjE=\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "Bearer",
	  { "Authorization: Bearer alice-token\n", "Authorization: Bearer bob-token\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "Digest",
	  { "Authorization: Digest username=\"alice\", nc=00000001, response=\"aa\"\n",
	    "Authorization: Digest username=\"bob\", nc=00000001, response=\"bb\"\n" },
	  { "alice", "bob" },
	  { NULL, NULL },
	  true },
	{ "WSSE",
	  { "Authorization: WSSE profile=\"UsernameToken\"\nX-WSSE: UsernameToken a\n",
	    "Authorization: WSSE profile=\"UsernameToken\"\nX-WSSE: UsernameToken b\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "Cookie",
	  { "Cookie: sid=1\n", "Cookie: sid=2\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "several cookies",
	  { "Cookie: a=1\nCookie: sid=1\n", "Cookie: a=1\nCookie: sid=2\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "client certificate", { "", "" }, { "cert:01", "cert:02" }, { NULL, NULL }, false },
	{ "proxy login",
	  { "Proxy-Authorization: Basic YQ==\n", "Proxy-Authorization: Basic Yg==\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "API key",
	  { "X-Api-Key: 1\n", "X-Api-Key: 2\n" },
	  { NULL, NULL },
	  { NULL, NULL },
	  false },
	{ "userinfo",
	  { "", "" },
	  { NULL, NULL },
	  { "http://alice:1@origin.test/page", "http://bob:1@origin.test/page" },
	  false },
};

static const char *const responses[] = {
	"Cache-Control: private, max-age=600\n",
	"Cache-Control: public, max-age=600\n",
	"Cache-Control: max-age=600\n",
	"Cache-Control: max-age=600\nSet-Cookie: sid=9\n",
	"Cache-Control: max-age=600\nVary: Accept\n",
	"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n",
	"Cache-Control: no-cache\nETag: \"same\"\n",
};

enum {
	MEANS = sizeof(means) / sizeof(means[0]),
	RESPONSES = sizeof(responses) / sizeof(responses[0])
};

/* 0 alice, 1 bob, 2 nobody */
static struct drive_request request_of(const struct means *how, int who)
{
	if (who == 2)
		return (struct drive_request){ 0 };
	return (struct drive_request){
		.fields = how->fields[who],
		.identity = how->identity[who],
		.url = how->url[who],
	};
}

static const char *const bodies[] = { "for alice", "for bob", "for all" };

/* Stores for `who`, unless the store answers: then with that one's own body. */
static void fetch(larder_cache *cache, const struct means *how, int who, int response)
{
	struct drive_request request = request_of(how, who);
	larder_plan *plan = drive(cache, &request,
				  &(struct drive_response){ .fields = responses[response],
							    .body = bodies[who] });

	if (larder_plan_verdict(plan) == LARDER_SERVE)
		ck_assert_str_eq(larder_plan_body(plan).ptr, bodies[who]);
	else
		ck_assert_msg(larder_plan_served(plan)->stored == 1, "%s",
			      drive_store_why(plan));
	larder_plan_free(plan);
}

/* Whatever answers `who`, it is that one's own; a validation is about that one's own, too. */
static bool is_safe(larder_cache *cache, const struct means *how, int who, bool *hit)
{
	struct drive_request request = request_of(how, who);
	larder_plan *plan = drive_lookup(cache, &request);
	bool safe = true;

	*hit = false;
	if (larder_plan_verdict(plan) == LARDER_FETCH &&
	    drive_condition(plan, "If-None-Match"))
		drive_answer(plan, &(struct drive_response){
					   .status = 304, .fields = "ETag: \"same\"\n" });
	if (larder_plan_verdict(plan) == LARDER_SERVE) {
		*hit = true;
		safe = strcmp(larder_plan_body(plan).ptr, bodies[who]) == 0;
	}
	larder_plan_free(plan);
	return safe;
}

/* In a child process, with a cache of its own on the same store. */
static void check_in_child(const struct means *how, int stored_for)
{
	pid_t pid = fork();
	int status = 0;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_cache *cache = drive_open_in(drive_dir(), NULL);
		bool hit;

		for (int who = 0; who < 3; who++) {
			if (!is_safe(cache, how, who, &hit))
				_exit(10 + who);
			if (who != stored_for && hit)
				_exit(20 + who);
			if (who == stored_for && !hit)
				_exit(30 + who);
		}
		larder_cache_close(cache);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d", how->name,
		      WEXITSTATUS(status));
}

START_TEST(matrix)
{
	const struct means *how = &means[_i / RESPONSES];
	int response = _i % RESPONSES;

	for (int who = 0; who < 3; who++) {
		larder_cache *cache = drive_open(NULL);
		bool hit;

		fetch(cache, how, who, response);
		for (int other = 0; other < 3; other++) {
			ck_assert_msg(is_safe(cache, how, other, &hit), "%s: %s",
				      how->name, responses[response]);
			ck_assert_msg(hit == (other == who), "%s: %s: %d sees %d",
				      how->name, responses[response], other, who);
		}
		check_in_child(how, who);
		/* Side by side. */
		for (int other = 0; other < 3; other++)
			fetch(cache, how, other, response);
		for (int other = 0; other < 3; other++) {
			ck_assert(is_safe(cache, how, other, &hit));
			ck_assert(hit);
		}
		larder_cache_close(cache);
	}
}
END_TEST

/* What changes with every request is one principal where an identity stands for it. */
START_TEST(digest_hits)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request first = {
		.fields = "Authorization: Digest username=\"alice\", nc=00000001\n",
		.identity = "alice:realm"
	};
	struct drive_request second = {
		.fields = "Authorization: Digest username=\"alice\", nc=00000002\n",
		.identity = "alice:realm"
	};

	larder_plan_free(drive(
		cache, &first,
		&(struct drive_response){ .fields = "Cache-Control: max-age=60\n" }));
	ck_assert_str_eq(drive_says(cache, &second), "fresh max-age");
	second.identity = NULL;
	ck_assert_str_eq(drive_says(cache, &second), "miss uri-miss");
	second.identity = "bob:realm";
	ck_assert_str_eq(drive_says(cache, &second), "miss uri-miss");
	larder_cache_close(cache);
}
END_TEST

/* A name that the caller gives overrides credentials; names are told apart exactly. */
START_TEST(named)
{
	larder_cache *cache = drive_open(NULL);
	struct drive_request one = { .fields = "Cookie: a=1\n", .partition = "team" };
	struct drive_request two = { .fields = "Cookie: a=2\n", .partition = "team" };
	static const char *const others[] = { "", "Team", "team ", "teams", "~team" };

	larder_plan_free(drive(
		cache, &one,
		&(struct drive_response){ .fields = "Cache-Control: max-age=60\n" }));
	ck_assert_str_eq(drive_says(cache, &two), "fresh max-age");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		two.partition = others[i];
		ck_assert_str_eq(drive_says(cache, &two), "miss uri-miss");
	}
	larder_cache_close(cache);
}
END_TEST

/* Caches of both kinds on one store: neither uses what the other's rules kept. */
START_TEST(shared_and_private)
{
	static const struct {
		const char *request;
		const char *fields;
		bool shared_stores, shared_reads, private_reads;
	} rows[] = {
		{ "", "Cache-Control: max-age=60\n", true, true, true },
		{ "", "Cache-Control: private, max-age=60\n", false, false, false },
		{ "", "Cache-Control: private=\"X\", max-age=60\nX: 1\n", true, true,
		  false },
		{ "Authorization: Basic YQ==\n", "Cache-Control: max-age=60\n", false,
		  false, false },
		{ "Authorization: Basic YQ==\n", "Cache-Control: public, max-age=60\n",
		  true, true, true },
		{ "", "Cache-Control: s-maxage=60\n", true, true, true },
	};
	larder_cache_options options = LARDER_CACHE_OPTIONS_INIT;
	struct drive_request request = { .fields = rows[_i].request, .partition = "" };
	struct drive_response response = { .fields = rows[_i].fields, .body = "x" };
	larder_cache *mine = drive_open(NULL), *shared;
	larder_plan *plan;

	options.shared = 1;
	shared = drive_open_in(drive_dir(), &options);
	plan = drive(shared, &request, &response);
	ck_assert_int_eq(larder_plan_served(plan)->stored, rows[_i].shared_stores);
	larder_plan_free(plan);
	plan = drive_lookup(shared, &request);
	ck_assert_int_eq(larder_plan_verdict(plan) == LARDER_SERVE, rows[_i].shared_reads);
	if (rows[_i].shared_reads)
		ck_assert_ptr_null(drive_field(plan, "X"));
	larder_plan_free(plan);
	/* What the shared one kept whole serves a private one by that one's own rules. */
	if (_i != 5) {
		plan = drive_lookup(mine, &request);
		ck_assert_int_eq(larder_plan_verdict(plan) == LARDER_SERVE,
				 rows[_i].private_reads);
		larder_plan_free(plan);
	}
	/* And what a private one kept, only if a shared one might have kept it. */
	request.mode = LARDER_MODE_RELOAD;
	larder_plan_free(drive(mine, &request, &response));
	request.mode = LARDER_MODE_DEFAULT;
	plan = drive_lookup(shared, &request);
	ck_assert_msg((larder_plan_verdict(plan) == LARDER_SERVE) ==
			      (rows[_i].shared_stores && _i != 2),
		      "row %d", _i);
	larder_plan_free(plan);
	larder_cache_close(shared);
	larder_cache_close(mine);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/partition");
	TCase *tcase = tcase_create("partition");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, matrix, 0, MEANS * RESPONSES);
	tcase_add_test(tcase, digest_hits);
	tcase_add_test(tcase, named);
	tcase_add_loop_test(tcase, shared_and_private, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}
