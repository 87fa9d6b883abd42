/* SPDX-License-Identifier: MIT */
/* test_event.c - the ring of events under writers and watchers that also die; counters too. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/event.h"
#include "store/layout.h"
#include "sys/clock.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static void sleep_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&pause, NULL);
}

static void *shared_new(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	return map;
}

static larder_slice slice(const char *text)
{
	return (larder_slice){ text, strlen(text) };
}

static struct lrd_event_watch watch(struct lrd_store *store, uint32_t flags)
{
	struct lrd_event_watch out;

	ck_assert_int_eq(lrd_event_watch_begin(store, flags, &out), 0);
	return out;
}

static void nothing_more(struct lrd_event_watch *w)
{
	struct lrd_event event;

	ck_assert_int_eq(lrd_event_next(w, &event), 0);
}

/* An event whose parts all follow from `n`, so that any mixture shows. */
static void add_numbered(struct lrd_store *store, enum lrd_event_type type, uint64_t n)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "key-%016llx-%016llx", (unsigned long long)n,
		       (unsigned long long)~n);
	lrd_event_add(store, type, n * 3, slice(key), ~n);
}

static bool is_numbered(const struct lrd_event *event)
{
	uint64_t n = ~event->detail;
	char key[64];

	(void)snprintf(key, sizeof(key), "key-%016llx-%016llx", (unsigned long long)n,
		       (unsigned long long)~n);
	return event->hash == n * 3 && strcmp(event->key, key) == 0 &&
	       event->key_len == strlen(key) && event->pid != 0;
}

/* ---- one process ------------------------------------------------------------------------- */

START_TEST(comes_out_as_it_went_in)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch w = watch(store, 0);
	char name[300];
	struct lrd_event event;

	nothing_more(&w);
	lrd_event_add(store, LRD_EVENT_EVICTED, 7, slice("http://a/b?c=\x1b[2J \xc3\xa9"),
		      99);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_EVICTED);
	ck_assert_uint_eq(event.hash, 7);
	ck_assert_uint_eq(event.detail, 99);
	ck_assert_uint_eq(event.pid, (uint32_t)getpid());
	ck_assert_int_ge(event.at_ms, (int64_t)(time(NULL) - 5) * 1000);
	ck_assert_int_le(event.at_ms, (int64_t)(time(NULL) + 5) * 1000);
	/* Nothing that a terminal would obey. */
	ck_assert_str_eq(event.key, "http://a/b?c=?[2J???");
	nothing_more(&w);
	memset(name, 'x', sizeof(name));
	lrd_event_add(store, LRD_EVENT_MISS, 8, (larder_slice){ name, sizeof(name) }, 0);
	lrd_event_add(store, LRD_EVENT_REBUILT, 0, (larder_slice){ NULL, 0 }, 1);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.key_len, sizeof(name));
	ck_assert_uint_eq(strlen(event.key), LRD_EVENT_TEXT);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_str_eq(event.key, "");
	ck_assert_str_eq(lrd_event_name(event.type), "rebuilt");
	ck_assert_str_eq(lrd_event_name(4000), "unknown");
	lrd_event_add(store, LRD_EVENT_END, 0, slice("no such type"), 0);
	nothing_more(&w);
	ck_assert_uint_eq(w.lost, 0);
	lrd_event_watch_end(&w);
	lrd_store_close(store);
}
END_TEST

START_TEST(the_slow_are_told_what_they_missed)
{
	enum { MANY = LRD_EVENTS + 1000 };
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch w = watch(store, 0);
	struct lrd_event_watch late;
	struct lrd_event event;

	for (uint64_t i = 0; i < MANY; i++)
		add_numbered(store, LRD_EVENT_STORED, i);
	for (uint64_t i = MANY - LRD_EVENTS; i < MANY; i++) {
		ck_assert_int_eq(lrd_event_next(&w, &event), 1);
		ck_assert_uint_eq(event.number, i);
		ck_assert_uint_eq(event.detail, ~i);
		ck_assert(is_numbered(&event));
	}
	nothing_more(&w);
	ck_assert_uint_eq(w.lost, MANY - LRD_EVENTS);
	/* Whoever comes late finds what is left, and lost nothing that was his. */
	late = watch(store, LRD_WATCH_OLDEST);
	for (int i = 0; i < LRD_EVENTS; i++)
		ck_assert_int_eq(lrd_event_next(&late, &event), 1);
	nothing_more(&late);
	ck_assert_uint_eq(late.lost, 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(hits_only_while_watched)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch plain = watch(store, 0);
	struct lrd_event_watch hits;
	struct lrd_event event;
	uint64_t start;

	lrd_event_add(store, LRD_EVENT_HIT, 1, slice("unseen"), 0);
	nothing_more(&plain);
	hits = watch(store, LRD_WATCH_HITS);
	lrd_event_add(store, LRD_EVENT_HIT, 2, slice("seen"), 0);
	ck_assert_int_eq(lrd_event_next(&hits, &event), 1);
	ck_assert_str_eq(event.key, "seen");
	/* As long as it asks, hits come. */
	start = lrd_clock_mono_ns();
	while (lrd_clock_mono_ns() - start <
	       UINT64_C(1000000) * (LRD_WATCH_HITS_MS + 500)) {
		sleep_ms(100);
		lrd_event_add(store, LRD_EVENT_STALE, 3, slice("again"), 0);
		ck_assert_int_eq(lrd_event_next(&hits, &event), 1);
	}
	lrd_event_watch_end(&hits);
	sleep_ms(LRD_WATCH_HITS_MS + 100);
	plain = watch(store, 0);
	lrd_event_add(store, LRD_EVENT_HIT, 4, slice("unseen"), 0);
	nothing_more(&plain);
	lrd_store_close(store);
}
END_TEST

static void watch_and_die(void *ctx)
{
	struct lrd_event_watch w;

	if (lrd_event_watch_begin(ctx, LRD_WATCH_HITS, &w) < 0)
		_exit(1);
	(void)raise(SIGKILL);
}

START_TEST(a_killed_watcher_is_forgotten)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch w = watch(store, 0);
	struct lrd_event event;

	ck_assert(WIFSIGNALED(test_wait(test_fork(watch_and_die, store))));
	lrd_event_add(store, LRD_EVENT_HIT, 1, slice("for the dead"), 0);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	sleep_ms(LRD_WATCH_HITS_MS + 100);
	lrd_event_add(store, LRD_EVENT_HIT, 1, slice("for nobody"), 0);
	nothing_more(&w);
	lrd_store_close(store);
}
END_TEST

START_TEST(the_store_tells)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_put put = test_put(store, "mortal");
	struct lrd_key key = test_key(store, "gone");
	struct lrd_event_watch w = watch(store, 0);
	struct lrd_write *write;
	struct lrd_upkeep upkeep;
	struct lrd_event event;

	ck_assert_int_eq(test_store_body(store, "gone", 1, 1234), 0);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_STORED);
	ck_assert_str_eq(event.key, "gone");
	ck_assert_uint_eq(event.hash, key.hash);
	ck_assert_uint_eq(event.detail, 1234);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_delete(write, &key), 0);
	put.stale_until = 1500;
	ck_assert_int_eq(lrd_write_put(write, &put, slice("body"), NULL), 0);
	ck_assert_int_eq(lrd_write_commit(write), 0);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_DELETED);
	ck_assert_str_eq(event.key, "gone");
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_STORED);
	ck_assert_int_eq(lrd_store_upkeep(store, 2000, &upkeep), 0);
	ck_assert_uint_eq(upkeep.expired, 1);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_EXPIRED);
	ck_assert_str_eq(event.key, "mortal");
	ck_assert_int_eq(lrd_store_flush(store, TEST_KIND), 0);
	ck_assert_int_eq(lrd_event_next(&w, &event), 1);
	ck_assert_uint_eq(event.type, LRD_EVENT_PURGED);
	ck_assert_uint_eq(event.detail, TEST_KIND);
	nothing_more(&w);
	lrd_store_close(store);
}
END_TEST

/* ---- writers that die -------------------------------------------------------------------- */

#ifdef LARDER_FAULTS
static const char *const points[] = { "store.event.opened", "store.event.filled" };
enum { POINTS = sizeof(points) / sizeof(points[0]) };

struct dying {
	struct lrd_store *store;
	const char *point;
};

static void write_and_die(void *ctx)
{
	struct dying *dying = ctx;

	(void)setenv("LARDER_CRASH_POINT", dying->point, 1);
	add_numbered(dying->store, LRD_EVENT_STORED, 1);
}

START_TEST(killed_in_the_middle)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch w = watch(store, 0);
	struct dying dying = { store, points[_i] };
	struct lrd_event event;
	int rc = 0;

	ck_assert(WIFSIGNALED(test_wait(test_fork(write_and_die, &dying))));
	add_numbered(store, LRD_EVENT_STORED, 2);
	/* It is awaited for a moment, for its writer may live; then it is lost. */
	for (int i = 0; i < 1000 && rc == 0; i++) {
		rc = lrd_event_next(&w, &event);
		if (rc == 0)
			sleep_ms(1);
	}
	ck_assert_int_eq(rc, 1);
	ck_assert_uint_eq(event.detail, ~UINT64_C(2));
	ck_assert_uint_eq(w.lost, 1);
	/* The next round of the ring takes the place. */
	for (uint64_t i = 3; i < LRD_EVENTS + 3; i++)
		add_numbered(store, LRD_EVENT_STORED, i);
	for (uint64_t i = 3; i < LRD_EVENTS + 3; i++) {
		ck_assert_int_eq(lrd_event_next(&w, &event), 1);
		ck_assert(is_numbered(&event));
	}
	ck_assert_uint_eq(w.lost, 1);
	lrd_store_close(store);
}
END_TEST
#endif

enum { WRITERS = 8, KILLS = 60 };

struct crowd {
	struct lrd_store *store;
	_Atomic uint64_t written;
};

static void write_for_ever(void *ctx)
{
	struct crowd *crowd = ctx;
	uint64_t n = (uint64_t)getpid() << 32;

	for (;; n++) {
		add_numbered(crowd->store, (enum lrd_event_type)(LRD_EVENT_MISS + n % 8),
			     n);
		atomic_fetch_add_explicit(&crowd->written, 1, memory_order_relaxed);
	}
}

struct tally {
	uint64_t seen, torn, disorder;
};

/* Reads what is there; every event must be whole and later than the one before. */
static void drain(struct lrd_event_watch *w, struct tally *tally, uint64_t *last)
{
	struct lrd_event event;

	for (int i = 0; i < LRD_EVENTS && lrd_event_next(w, &event) > 0; i++) {
		tally->seen++;
		if (!is_numbered(&event))
			tally->torn++;
		if (event.number < *last)
			tally->disorder++;
		*last = event.number + 1;
	}
}

START_TEST(eight_writers_that_die)
{
	struct crowd *crowd = shared_new(sizeof(*crowd));
	struct tally tally = { 0 };
	struct lrd_event_watch w;
	unsigned int random = 3;
	pid_t pids[WRITERS];
	uint64_t start, last = 0;

	crowd->store = test_open(lrd_tmpdir_new(), 64);
	w = watch(crowd->store, LRD_WATCH_OLDEST);
	start = lrd_clock_mono_ns();
	for (int i = 0; i < WRITERS; i++)
		pids[i] = test_fork(write_for_ever, crowd);
	for (int i = 0; i < KILLS; i++) {
		int victim = rand_r(&random) % WRITERS;
		uint64_t pause = lrd_clock_mono_ns() + (uint64_t)rand_r(&random) % 6000000;

		while (lrd_clock_mono_ns() < pause)
			drain(&w, &tally, &last);
		ck_assert_int_eq(kill(pids[victim], SIGKILL), 0);
		ck_assert(WIFSIGNALED(test_wait(pids[victim])));
		pids[victim] = test_fork(write_for_ever, crowd);
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
		(void)test_wait(pids[i]);
	}
	for (int i = 0; i < 200; i++) {
		drain(&w, &tally, &last);
		sleep_ms(1);
	}
	(void)printf("%llu events by %d writers, %d killed, in %.1f s: %llu seen, %llu "
		     "lost, %llu "
		     "torn\n",
		     (unsigned long long)atomic_load(&crowd->written), WRITERS, KILLS,
		     (double)(lrd_clock_mono_ns() - start) / 1e9,
		     (unsigned long long)tally.seen, (unsigned long long)w.lost,
		     (unsigned long long)tally.torn);
	ck_assert_uint_eq(tally.torn, 0);
	ck_assert_uint_eq(tally.disorder, 0);
	ck_assert_uint_gt(tally.seen, 0);
	/* Every number that was drawn is accounted for, once. */
	ck_assert_uint_eq(tally.seen + w.lost, w.next);
	ck_assert_uint_ge(w.next, atomic_load(&crowd->written));
	ck_assert_uint_le(w.next, atomic_load(&crowd->written) + KILLS + WRITERS);
	lrd_store_close(crowd->store);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------- */

static void *write_some(void *ctx)
{
	for (uint64_t i = 0; i < 20000; i++)
		add_numbered(ctx, LRD_EVENT_STORED, i);
	return NULL;
}

START_TEST(threads_write_and_watch)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_event_watch w = watch(store, 0);
	struct tally tally = { 0 };
	pthread_t threads[4];
	uint64_t last = 0;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_some, store), 0);
	while (tally.seen + w.lost < 80000)
		drain(&w, &tally, &last);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(tally.torn, 0);
	ck_assert_uint_eq(tally.disorder, 0);
	ck_assert_uint_gt(tally.seen, 0);
	lrd_store_close(store);
}
END_TEST

/* ---- counters ---------------------------------------------------------------------------- */

struct sums {
	struct lrd_store *store;
	_Atomic uint64_t begun, done;
};

static void count_for_ever(void *ctx)
{
	struct sums *sums = ctx;

	for (;;) {
		atomic_fetch_add(&sums->begun, 1);
		lrd_store_count(sums->store, LRD_COUNT_HIT, 1);
		atomic_fetch_add(&sums->done, 1);
	}
}

/* The sum is exact but for those that were killed between counting and saying so. */
START_TEST(counters_outlive_the_killed)
{
	struct sums *sums = shared_new(sizeof(*sums));
	struct lrd_store_stat stat;
	struct lrd_upkeep upkeep;
	uint64_t folded;

	sums->store = test_open(lrd_tmpdir_new(), 64);
	for (int i = 0; i < 60; i++) {
		pid_t a = test_fork(count_for_ever, sums);
		pid_t b = test_fork(count_for_ever, sums);

		sleep_ms(3);
		ck_assert_int_eq(kill(a, SIGKILL), 0);
		ck_assert_int_eq(kill(b, SIGKILL), 0);
		ck_assert(WIFSIGNALED(test_wait(a)));
		ck_assert(WIFSIGNALED(test_wait(b)));
		/* Now and then the dead are folded in; their places are used again anyhow. */
		if (i % 7 == 0)
			ck_assert_int_eq(lrd_store_upkeep(sums->store, 1000, &upkeep), 0);
		ck_assert_int_eq(lrd_store_stat(sums->store, &stat), 0);
		ck_assert_uint_ge(stat.counters[LRD_COUNT_HIT], atomic_load(&sums->done));
		ck_assert_uint_le(stat.counters[LRD_COUNT_HIT], atomic_load(&sums->begun));
	}
	sleep_ms(1100); /* the dead are looked for once a second */
	folded = stat.counters[LRD_COUNT_HIT];
	ck_assert_int_eq(lrd_store_upkeep(sums->store, 1000, &upkeep), 0);
	ck_assert_uint_eq(upkeep.processes, 2);
	ck_assert_int_eq(lrd_store_stat(sums->store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_HIT], folded);
	ck_assert_uint_eq(stat.processes, 1);
	lrd_store_close(sums->store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *tc = tcase_create("ring");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, comes_out_as_it_went_in);
	tcase_add_test(tc, the_slow_are_told_what_they_missed);
	tcase_add_test(tc, the_store_tells);
	tcase_add_test(tc, hits_only_while_watched);
	tcase_add_test(tc, a_killed_watcher_is_forgotten);
#ifdef LARDER_FAULTS
	tcase_add_loop_test(tc, killed_in_the_middle, 0, POINTS);
#endif
	tcase_add_test(tc, eight_writers_that_die);
	tcase_add_test(tc, threads_write_and_watch);
	tc = tcase_create("counters");
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, counters_outlive_the_killed);
	return suite;
}
