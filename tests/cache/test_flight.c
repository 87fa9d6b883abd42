/* SPDX-License-Identifier: MIT */
/* test_flight.c - one plan fetches, the others wait: who gets what, and when nobody may wait. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/handle.h"
#include "check_main.h"
#include "drive.h"
#include "proto/bytes/slice.h"
#include "store/event.h"
#include "store/lease.h"
#include "sys/clock.h"

static larder_cache *cache;

static const struct drive_request waits = { .can_wait = 1 };
static const struct drive_response hour = { .fields = "Cache-Control: max-age=3600\n",
					    .body = "hour" };

static void set_up(void)
{
	cache = drive_open(NULL);
}

static void tear_down(void)
{
	larder_cache_close(cache);
}

static uint64_t now_ms(void)
{
	return lrd_clock_mono_ns() / 1000000;
}

/* A plan that must have this verdict. */
static larder_plan *plan_with(const struct drive_request *request,
			      enum larder_verdict want)
{
	larder_plan *plan = drive_lookup(cache, request);

	ck_assert_msg(larder_plan_verdict(plan) == want, "verdict %d, not %d: %s %s",
		      (int)larder_plan_verdict(plan), (int)want,
		      larder_how_name(larder_plan_served(plan)->how),
		      larder_why_name(larder_plan_served(plan)->why));
	return plan;
}

static larder_plan *fetching(const struct drive_request *request)
{
	return plan_with(request, LARDER_FETCH);
}

static larder_plan *waiting(const struct drive_request *request)
{
	return plan_with(request, LARDER_WAIT);
}

static void expect_after_wait(larder_plan *plan, enum larder_verdict want)
{
	ck_assert_int_eq(larder_plan_wait(plan, 0), 0);
	ck_assert_int_eq(larder_plan_verdict(plan), want);
}

/* ---- cold ---------------------------------------------------------------------------------- */

START_TEST(served_what_another_stored)
{
	larder_plan *owner = fetching(&waits), *waiter = waiting(&waits);
	char status[256];

	ck_assert_int_eq(larder_plan_wait(waiter, 0), LARDER_ETIMEDOUT);
	ck_assert_int_eq(larder_plan_verdict(waiter), LARDER_WAIT);
	drive_answer(owner, &hour);
	expect_after_wait(waiter, LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(waiter).ptr, "hour");
	ck_assert_uint_eq(larder_plan_served(waiter)->collapsed, 1);
	ck_assert_uint_eq(larder_plan_served(waiter)->how, LARDER_HOW_FRESH);
	(void)larder_plan_cache_status(waiter, status, sizeof(status));
	ck_assert_ptr_nonnull(strstr(status, "fwd=uri-miss; collapsed"));
	ck_assert_int_eq(larder_plan_wait(waiter, 0), 0);
	larder_plan_free(owner);
	larder_plan_free(waiter);
}
END_TEST

/* Who does not know the verdict is never told it, and whoever waits for him is served. */
START_TEST(only_those_who_can_wait)
{
	struct drive_request plain = { 0 };
	larder_plan *owner = fetching(&plain), *other = fetching(&plain);
	larder_plan *waiter = waiting(&waits);

	drive_answer(other, &hour);
	/* The flight is the first one's still. */
	ck_assert_int_eq(larder_plan_wait(waiter, 0), LARDER_ETIMEDOUT);
	larder_plan_free(owner);
	expect_after_wait(waiter, LARDER_SERVE);
	larder_plan_free(other);
	larder_plan_free(waiter);
}
END_TEST

START_TEST(stale_needs_validation)
{
	larder_plan *owner;

	larder_plan_free(
		drive(cache, &waits,
		      &(struct drive_response){
			      .fields = "Cache-Control: max-age=5\nETag: \"1\"\n",
			      .body = "five",
			      .ago_s = 60 }));
	/* It came too late to be used: nobody waits for such answers. Another URL's does. */
	owner = fetching(&waits);
	larder_plan_free(fetching(&waits));
	drive_answer(owner,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "Cache-Control: max-age=60\nETag: \"1\"\n" });
	ck_assert_int_eq(larder_plan_verdict(owner), LARDER_SERVE);
	larder_plan_free(owner);
	larder_plan_free(plan_with(&waits, LARDER_SERVE));
}
END_TEST

START_TEST(waiters_share_a_validation)
{
	struct drive_request no_cache = { .mode = LARDER_MODE_NO_CACHE };
	struct drive_response stored = {
		.fields = "Cache-Control: max-age=1\nETag: \"1\"\n", .body = "one"
	};
	larder_plan *owner, *waiter;

	larder_plan_free(drive(cache, &waits, &stored));
	sleep(2);
	owner = fetching(&waits);
	waiter = waiting(&waits);
	ck_assert_str_eq(drive_condition(owner, "If-None-Match"), "\"1\"");
	drive_answer(owner,
		     &(struct drive_response){
			     .status = 304,
			     .fields = "Cache-Control: max-age=60\nETag: \"1\"\n" });
	expect_after_wait(waiter, LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(waiter).ptr, "one");
	larder_plan_free(owner);
	larder_plan_free(waiter);
	/* Those who want an answer of now do not wait for one of before. */
	owner = fetching(&no_cache);
	no_cache.can_wait = 1;
	larder_plan_free(fetching(&no_cache));
	larder_plan_free(owner);
}
END_TEST

/* ---- answers that are not for others --------------------------------------------------------- */

static const struct {
	const char *name;
	struct drive_response answer;
} not_for_others[] = {
	{ "no-store", { .fields = "Cache-Control: no-store\n", .body = "x" } },
	{ "no-cache", { .fields = "Cache-Control: no-cache\nETag: \"1\"\n", .body = "x" } },
	{ "max-age=0",
	  { .fields = "Cache-Control: max-age=0\nETag: \"1\"\n", .body = "x" } },
	{ "vary *", { .fields = "Cache-Control: max-age=60\nVary: *\n", .body = "x" } },
	{ "403", { .status = 403, .body = "x" } },
	{ "503", { .status = 503, .body = "x" } },
};

START_TEST(nobody_queues_for_what_is_not_stored)
{
	const struct drive_response *answer = &not_for_others[_i].answer;
	larder_plan *owner = fetching(&waits);
	larder_plan *waiter = waiting(&waits);
	larder_plan *plans[4];

	drive_answer(owner, answer);
	expect_after_wait(waiter, LARDER_FETCH);
	/* From now on all fetch, at the same time. */
	for (size_t i = 0; i < 4; i++)
		plans[i] = fetching(&waits);
	drive_answer(waiter, answer);
	for (size_t i = 0; i < 4; i++) {
		drive_answer(plans[i], answer);
		larder_plan_free(plans[i]);
	}
	larder_plan_free(owner);
	larder_plan_free(waiter);
	larder_plan_free(fetching(&waits));
	larder_plan_free(fetching(&waits));
}
END_TEST

START_TEST(forgotten_once_it_is_cacheable)
{
	larder_plan *owner = fetching(&waits), *other;

	drive_answer(owner, &not_for_others[0].answer);
	larder_plan_free(owner);
	owner = fetching(&waits);
	other = fetching(&waits);
	drive_answer(owner, &hour);
	larder_plan_free(other);
	larder_plan_free(owner);
	ck_assert_int_ge(
		larder_cache_purge(cache, LRD_SLICE("http://origin.test/page"), ""), 1);
	owner = fetching(&waits);
	larder_plan_free(waiting(&waits));
	larder_plan_free(owner);
}
END_TEST

/* ---- owners that come to nothing -------------------------------------------------------------- */

START_TEST(given_up)
{
	larder_plan *owner = fetching(&waits);
	larder_plan *second = waiting(&waits), *third = waiting(&waits);

	drive_answer(owner, &(struct drive_response){ .fields = hour.fields,
						      .body = "half of it",
						      .no_commit = true });
	larder_plan_free(owner);
	expect_after_wait(second, LARDER_FETCH);
	ck_assert_int_eq(larder_plan_wait(third, 0), LARDER_ETIMEDOUT);
	drive_answer(second, &hour);
	expect_after_wait(third, LARDER_SERVE);
	larder_plan_free(second);
	larder_plan_free(third);
}
END_TEST

/* Where the origin fails, those who waited do not fail one after the other. */
START_TEST(failures_are_not_queued_for)
{
	larder_plan *owner = fetching(&waits), *plans[5];

	for (size_t i = 0; i < 5; i++)
		plans[i] = waiting(&waits);
	ck_assert_int_eq(larder_plan_fail(owner, LARDER_ECONNECT), 0);
	for (size_t i = 0; i < 5; i++)
		expect_after_wait(plans[i], LARDER_FETCH);
	larder_plan_free(owner);
	for (size_t i = 0; i < 5; i++)
		larder_plan_free(plans[i]);
	/* It passes. */
	(void)poll(NULL, 0, 1200);
	owner = fetching(&waits);
	larder_plan_free(waiting(&waits));
	larder_plan_free(owner);
}
END_TEST

/* An owner that stands still is waited for no longer than its lease. */
START_TEST(stands_still)
{
	struct drive_request owns = { .can_wait = 1, .lease_ms = 150 };
	uint64_t begin = now_ms();
	larder_plan *owner = fetching(&owns), *waiter = waiting(&owns);

	/* Asleep in the owner's own thread: told to fetch rather than to wait for itself. */
	ck_assert_int_eq(larder_plan_wait(waiter, UINT32_MAX), 0);
	ck_assert_int_eq(larder_plan_verdict(waiter), LARDER_FETCH);
	ck_assert_uint_lt(now_ms() - begin, 100);
	larder_plan_free(waiter);
	waiter = waiting(&owns);
	for (int i = 0; i < 6; i++) {
		(void)poll(NULL, 0, 50);
		larder_plan_keep(owner);
		ck_assert_int_eq(larder_plan_wait(waiter, 0), LARDER_ETIMEDOUT);
	}
	(void)poll(NULL, 0, 250);
	expect_after_wait(waiter, LARDER_FETCH);
	/* The late one may still store, and disturbs nobody. */
	drive_answer(owner, &hour);
	larder_plan_free(owner);
	larder_plan_free(waiter);
	larder_plan_free(plan_with(&waits, LARDER_SERVE));
}
END_TEST

START_TEST(waits_no_longer_than_asked)
{
	struct drive_request brief = { .can_wait = 1, .wait_ms = 60 };
	larder_plan *owner = fetching(&brief), *waiter = waiting(&brief);

	ck_assert_int_eq(larder_plan_wait(waiter, 0), LARDER_ETIMEDOUT);
	(void)poll(NULL, 0, 80);
	expect_after_wait(waiter, LARDER_FETCH);
	larder_plan_free(owner);
	larder_plan_free(waiter);
}
END_TEST

/* ---- who has a flight in common ------------------------------------------------------------- */

START_TEST(partitions_never_share)
{
	struct drive_request alice = { .can_wait = 1, .partition = "alice" };
	struct drive_request bob = { .can_wait = 1, .partition = "bob" };
	struct drive_request carol = { .can_wait = 1,
				       .fields = "Authorization: Basic Y2Fyb2w6\n" };
	larder_plan *a = fetching(&alice), *b = fetching(&bob), *c = fetching(&carol);
	larder_plan *nobody = fetching(&waits), *waiter = waiting(&bob);

	drive_answer(a, &hour);
	ck_assert_int_eq(larder_plan_wait(waiter, 0), LARDER_ETIMEDOUT);
	drive_answer(b, &hour);
	expect_after_wait(waiter, LARDER_SERVE);
	larder_plan_free(a);
	larder_plan_free(b);
	larder_plan_free(c);
	larder_plan_free(nobody);
	larder_plan_free(waiter);
}
END_TEST

/* One fetch for each variant: at first all wait for one, then each for its own. */
START_TEST(variants)
{
	struct drive_request de = { .can_wait = 1, .fields = "Accept-Language: de\n" };
	struct drive_request fr = { .can_wait = 1, .fields = "Accept-Language: fr\n" };
	struct drive_request it = { .can_wait = 1, .fields = "Accept-Language: it\n" };
	struct drive_response vary = {
		.fields = "Cache-Control: max-age=60\nVary: Accept-Language\n", .body = "de"
	};
	larder_plan *owner = fetching(&de), *same = waiting(&de);
	larder_plan *fr1 = waiting(&fr), *fr2 = waiting(&fr), *it1 = waiting(&it);

	drive_answer(owner, &vary);
	expect_after_wait(same, LARDER_SERVE);
	expect_after_wait(fr1, LARDER_FETCH);
	ck_assert_int_eq(larder_plan_wait(fr2, 0), LARDER_ETIMEDOUT);
	/* Italian does not wait for French. */
	expect_after_wait(it1, LARDER_FETCH);
	vary.body = "fr";
	drive_answer(fr1, &vary);
	expect_after_wait(fr2, LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(fr2).ptr, "fr");
	larder_plan_free(owner);
	larder_plan_free(same);
	larder_plan_free(fr1);
	larder_plan_free(fr2);
	larder_plan_free(it1);
}
END_TEST

static const struct {
	const char *name;
	struct drive_request request;
} apart[] = {
	{ "HEAD", { .can_wait = 1, .method = "HEAD" } },
	{ "POST", { .can_wait = 1, .method = "POST" } },
	{ "no-store mode", { .can_wait = 1, .mode = LARDER_MODE_NO_STORE } },
	{ "no-store field", { .can_wait = 1, .fields = "Cache-Control: no-store\n" } },
	{ "reload", { .can_wait = 1, .mode = LARDER_MODE_RELOAD } },
	{ "own condition", { .can_wait = 1, .fields = "If-None-Match: \"x\"\n" } },
};

START_TEST(these_do_not_wait)
{
	larder_plan *owner = fetching(&waits);

	larder_plan_free(fetching(&apart[_i].request));
	larder_plan_free(owner);
}
END_TEST

START_TEST(a_hit_leaves_the_leases_alone)
{
	struct lrd_lease lease;
	larder_plan *plan;
	struct lrd_key key;

	larder_plan_free(drive(cache, &waits, &hour));
	ck_assert_int_eq(lrd_key_init(cache->store, LRD_SLICE(""),
				      LRD_SLICE("http://origin.test/page"), &key),
			 0);
	/* Somebody refreshes it: whoever is served fresh does not even notice. */
	ck_assert_int_eq(lrd_lease_try(cache->store, key.hash, 1000, &lease),
			 LRD_LEASE_TAKEN);
	plan = plan_with(&waits, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(plan)->collapsed, 0);
	larder_plan_free(plan);
	ck_assert(lrd_lease_owned(&lease));
	ck_assert_int_eq(lrd_lease_release(&lease, LRD_LEASE_STORED), 0);
}
END_TEST

/* ---- stale while it is refreshed --------------------------------------------------------------- */

static const struct drive_request swr = { .can_wait = 1, .can_refresh = 1 };

static void store_stale(void)
{
	larder_plan_free(drive(
		cache, &swr,
		&(struct drive_response){
			.fields =
				"Cache-Control: max-age=10, stale-while-revalidate=100\n"
				"ETag: \"1\"\n",
			.body = "old",
			.ago_s = 50 }));
}

START_TEST(one_of_all_refreshes)
{
	larder_plan *first, *second, *refresh = NULL;

	store_stale();
	first = plan_with(&swr, LARDER_SERVE);
	second = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(first)->refresh, 1);
	ck_assert_uint_eq(larder_plan_served(second)->refresh, 0);
	ck_assert_int_eq(larder_plan_refresh(second, &refresh), LARDER_EINVAL);
	ck_assert_int_eq(larder_plan_refresh(first, &refresh), 0);
	ck_assert_int_eq(larder_plan_verdict(refresh), LARDER_FETCH);
	ck_assert_str_eq(drive_condition(refresh, "If-None-Match"), "\"1\"");
	/* No mode of ours shows on the wire. */
	ck_assert_ptr_null(drive_condition(refresh, "Cache-Control"));
	larder_plan_free(first);
	larder_plan_free(second);
	second = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(second)->refresh, 0);
	larder_plan_free(second);
	drive_answer(refresh,
		     &(struct drive_response){ .fields = "Cache-Control: max-age=60\n",
					       .body = "new" });
	larder_plan_free(refresh);
	first = plan_with(&swr, LARDER_SERVE);
	ck_assert_str_eq(larder_plan_body(first).ptr, "new");
	larder_plan_free(first);
}
END_TEST

/* Whoever is told and does nothing leaves it to the next; after a failure there is a pause. */
START_TEST(refresh_left_and_failed)
{
	larder_plan *plan, *refresh = NULL;

	store_stale();
	plan = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(plan)->refresh, 1);
	larder_plan_free(plan);
	plan = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(plan)->refresh, 1);
	ck_assert_int_eq(larder_plan_refresh(plan, &refresh), 0);
	ck_assert_int_eq(larder_plan_fail(refresh, LARDER_ECONNECT), 0);
	larder_plan_free(refresh);
	larder_plan_free(plan);
	plan = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(plan)->refresh, 0);
	larder_plan_free(plan);
	(void)poll(NULL, 0, 1200);
	plan = plan_with(&swr, LARDER_SERVE);
	ck_assert_uint_eq(larder_plan_served(plan)->refresh, 1);
	larder_plan_free(plan);
}
END_TEST

/* ---- event loops -------------------------------------------------------------------------------- */

START_TEST(by_descriptor)
{
	larder_plan *owner = fetching(&waits), *waiter = waiting(&waits);
	struct pollfd poll_fd = { .fd = larder_plan_wait_fd(waiter), .events = POLLIN };
	uint64_t begin = now_ms();
	bool answered = false;

	ck_assert_int_ge(poll_fd.fd, 0);
	ck_assert_int_eq(larder_plan_wait_fd(owner), LARDER_EINVAL);
	while (larder_plan_verdict(waiter) == LARDER_WAIT) {
		ck_assert_int_eq(poll(&poll_fd, 1, 1000), 1);
		if (larder_plan_wait(waiter, 0) == 0)
			break;
		/* Asked in vain it is quiet again. */
		ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
		if (now_ms() - begin > 50 && !answered) {
			drive_answer(owner, &hour);
			answered = true;
		}
	}
	ck_assert_int_eq(larder_plan_verdict(waiter), LARDER_SERVE);
	ck_assert_uint_lt(now_ms() - begin, 200);
	larder_plan_free(owner);
	larder_plan_free(waiter);
}
END_TEST

/* ---- threads and processes ------------------------------------------------------------------------ */

enum { THREADS = 8, CHILDREN = 20 };

static void *wait_in_thread(void *arg)
{
	larder_plan *plan = drive_lookup(cache, &waits);
	bool *served = arg;

	*served = larder_plan_wait(plan, UINT32_MAX) == 0 &&
		  larder_plan_verdict(plan) == LARDER_SERVE &&
		  larder_plan_served(plan)->collapsed == 1;
	larder_plan_free(plan);
	return NULL;
}

START_TEST(threads_wait_for_each_other)
{
	larder_plan *owner = fetching(&waits);
	pthread_t threads[THREADS];
	bool served[THREADS] = { false };

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, wait_in_thread, &served[i]), 0);
	(void)poll(NULL, 0, 50);
	drive_answer(owner, &hour);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_msg(served[i], "thread %zu", i);
	larder_plan_free(owner);
}
END_TEST

static void reap(pid_t pid, int want)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == want, "child: %x",
		      (unsigned)status);
}

/* A child that asks for what its parent fetches must not wait: the parent may wait for it. */
START_TEST(a_child_does_not_wait_for_its_parent)
{
	larder_plan *owner = fetching(&waits);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		larder_plan *plan = drive_lookup(cache, &waits);

		if (larder_plan_wait(plan, UINT32_MAX) != 0 ||
		    larder_plan_verdict(plan) != LARDER_FETCH)
			_exit(1);
		larder_plan_free(plan);
		/* The parent's plan is a copy here, and its lease is not touched. */
		larder_plan_free(owner);
		_exit(0);
	}
	reap(pid, 0);
	larder_plan_free(waiting(&waits));
	drive_answer(owner, &hour);
	larder_plan_free(owner);
}
END_TEST

/* The owner is killed: one of those who wait fetches, soon, and the others wait for him. */
START_TEST(killed)
{
	pid_t pids[CHILDREN], owner;
	int ready[2], fetched[2];
	uint64_t begin;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(fetched), 0);
	owner = fork();
	ck_assert_int_ge(owner, 0);
	if (owner == 0) {
		larder_plan *plan = drive_lookup(cache, &waits);

		if (larder_plan_verdict(plan) != LARDER_FETCH ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	for (size_t i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			larder_plan *plan = drive_lookup(cache, &waits);
			int rc = larder_plan_wait(plan, UINT32_MAX);

			if (rc == 0 && larder_plan_verdict(plan) == LARDER_FETCH) {
				drive_answer(plan, &hour);
				rc = write(fetched[1], "", 1) == 1 ? 0 : 1;
			} else if (larder_plan_verdict(plan) != LARDER_SERVE) {
				rc = 1;
			}
			larder_plan_free(plan);
			_exit(rc == 0 ? 0 : 1);
		}
	}
	(void)poll(NULL, 0, 100);
	begin = now_ms();
	ck_assert_int_eq(kill(owner, SIGKILL), 0);
	for (size_t i = 0; i < CHILDREN; i++)
		reap(pids[i], 0);
	ck_assert_uint_lt(now_ms() - begin, 1000);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
	close(fetched[1]);
	ck_assert_int_eq(read(fetched[0], &byte, 1), 1);
	ck_assert_int_eq(read(fetched[0], &byte, 1), 0); /* exactly one */
	close(fetched[0]);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

/* ---- what is told ------------------------------------------------------------------------------- */

static void expect_event(struct lrd_event_watch *watch, enum lrd_event_type type)
{
	struct lrd_event event;

	do {
		ck_assert_msg(lrd_event_next(watch, &event) == 1, "no %s",
			      lrd_event_name(type));
	} while (event.type != type);
	ck_assert_str_eq(event.key, "http://origin.test/page");
	ck_assert_uint_ne(event.hash, 0);
}

START_TEST(events)
{
	struct drive_request no_cache = { .mode = LARDER_MODE_NO_CACHE };
	struct drive_response tagged = {
		.fields = "Cache-Control: max-age=60\nETag: \"1\"\n", .body = "x"
	};
	struct drive_request put = { .method = "PUT" };
	struct lrd_event_watch watch;

	ck_assert_int_eq(lrd_event_watch_begin(cache->store, LRD_WATCH_HITS, &watch), 0);
	larder_plan_free(drive(cache, &waits, &tagged));
	expect_event(&watch, LRD_EVENT_MISS);
	expect_event(&watch, LRD_EVENT_STORED);
	larder_plan_free(plan_with(&waits, LARDER_SERVE));
	expect_event(&watch, LRD_EVENT_HIT);
	larder_plan_free(
		drive(cache, &no_cache,
		      &(struct drive_response){ .status = 304, .fields = tagged.fields }));
	expect_event(&watch, LRD_EVENT_REVALIDATED);
	larder_plan_free(drive(cache, &put, &(struct drive_response){ .status = 204 }));
	expect_event(&watch, LRD_EVENT_INVALIDATED);
	larder_plan_free(drive(cache, &waits, &not_for_others[0].answer));
	expect_event(&watch, LRD_EVENT_REFUSED);
	lrd_event_watch_end(&watch);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/flight");
	TCase *tcase = tcase_create("flight");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, served_what_another_stored);
	tcase_add_test(tcase, only_those_who_can_wait);
	tcase_add_test(tcase, stale_needs_validation);
	tcase_add_test(tcase, waiters_share_a_validation);
	tcase_add_loop_test(tcase, nobody_queues_for_what_is_not_stored, 0,
			    COUNT(not_for_others));
	tcase_add_test(tcase, forgotten_once_it_is_cacheable);
	tcase_add_test(tcase, given_up);
	tcase_add_test(tcase, failures_are_not_queued_for);
	tcase_add_test(tcase, stands_still);
	tcase_add_test(tcase, waits_no_longer_than_asked);
	tcase_add_test(tcase, partitions_never_share);
	tcase_add_test(tcase, variants);
	tcase_add_loop_test(tcase, these_do_not_wait, 0, COUNT(apart));
	tcase_add_test(tcase, a_hit_leaves_the_leases_alone);
	tcase_add_test(tcase, one_of_all_refreshes);
	tcase_add_test(tcase, refresh_left_and_failed);
	tcase_add_test(tcase, by_descriptor);
	tcase_add_test(tcase, threads_wait_for_each_other);
	tcase_add_test(tcase, a_child_does_not_wait_for_its_parent);
	tcase_add_test(tcase, killed);
	tcase_add_test(tcase, events);
	suite_add_tcase(suite, tcase);
	return suite;
}
