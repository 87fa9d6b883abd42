/* SPDX-License-Identifier: MIT */
/* test_lease.c - leases between threads and processes, whose owners also stop and die. */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/layout.h"
#include "store/lease.h"
#include "sys/clock.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

#ifdef __SANITIZE_THREAD__
enum { ROUNDS = 100000 };
#else
enum { ROUNDS = 1000000 };
#endif

enum { LONG_MS = 60000, WORKERS = 4, WAITERS = 20 };

/* Keys of one stripe, told apart by their tags alone. */
static uint64_t hash_in_stripe(uint64_t stripe, uint64_t tag)
{
	return tag << 42 | stripe;
}

static uint64_t in_ms(uint64_t ms)
{
	return lrd_clock_mono_ns() + ms * 1000000;
}

static void sleep_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&pause, NULL);
}

/* Memory that forked children share. */
static void *shared_new(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	return map;
}

static struct lrd_lease taken(struct lrd_store *store, uint64_t hash, uint32_t lease_ms)
{
	struct lrd_lease lease;

	ck_assert_int_eq(lrd_lease_try(store, hash, lease_ms, &lease), LRD_LEASE_TAKEN);
	ck_assert(lrd_lease_owned(&lease));
	return lease;
}

static struct lrd_lease held(struct lrd_store *store, uint64_t hash)
{
	struct lrd_lease lease;

	ck_assert_int_eq(lrd_lease_try(store, hash, LONG_MS, &lease), LRD_LEASE_HELD);
	ck_assert(!lrd_lease_owned(&lease));
	return lease;
}

/* ---- one process ------------------------------------------------------------------------- */

START_TEST(one_after_the_other)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease mine = taken(store, 77, LONG_MS);
	struct lrd_lease other = held(store, 77);
	enum lrd_lease_result result = LRD_LEASE_UNKNOWN;

	ck_assert_int_eq(lrd_lease_poll(&other, &result), LRD_LEASE_HELD);
	ck_assert_int_eq(lrd_lease_wait(&other, in_ms(5), &result), LARDER_ETIMEDOUT);
	/* Not its owner: nothing happens. */
	ck_assert_int_eq(lrd_lease_release(&other, LRD_LEASE_FAILED), 0);
	ck_assert_int_eq(lrd_lease_renew(&other, 10), LARDER_EINVAL);
	ck_assert(lrd_lease_owned(&mine));
	ck_assert_int_eq(lrd_lease_release(&mine, LRD_LEASE_STORED), 0);
	ck_assert_int_eq(lrd_lease_release(&mine, LRD_LEASE_FAILED), 0);
	ck_assert(!lrd_lease_owned(&mine));
	ck_assert_int_eq(lrd_lease_wait(&other, in_ms(1000), &result), LRD_LEASE_ENDED);
	ck_assert_int_eq(result, LRD_LEASE_STORED);
	mine = taken(store, 77, LONG_MS);
	ck_assert_int_eq(lrd_lease_release(&mine, LRD_LEASE_FAILED), 0);
	ck_assert_int_eq(lrd_lease_try(store, 77, 0, &mine), LARDER_EINVAL);
	ck_assert_int_eq(lrd_lease_try(store, 77, LRD_LEASE_MAX_MS + 1, &mine),
			 LARDER_EINVAL);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_stripe_holds_many_keys)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease leases[LRD_LEASE_PLACES];
	struct lrd_lease more;

	for (uint64_t i = 0; i < LRD_LEASE_PLACES; i++)
		leases[i] = taken(store, hash_in_stripe(5, i + 1), LONG_MS);
	/* None hides another, one more finds no room, other stripes do. */
	for (uint64_t i = 0; i < LRD_LEASE_PLACES; i++)
		(void)held(store, hash_in_stripe(5, i + 1));
	ck_assert_int_eq(lrd_lease_try(store, hash_in_stripe(5, 99), LONG_MS, &more),
			 LARDER_EBUSY);
	ck_assert_int_eq(more.state, LRD_LEASE_NONE);
	ck_assert_int_eq(lrd_lease_release(&more, LRD_LEASE_FAILED), 0);
	more = taken(store, hash_in_stripe(6, 99), LONG_MS);
	ck_assert_int_eq(lrd_lease_release(&leases[_i], LRD_LEASE_STORED), 0);
	more = taken(store, hash_in_stripe(5, 99), LONG_MS);
	(void)held(store, hash_in_stripe(5, 99));
	ck_assert_int_eq(lrd_lease_release(&more, LRD_LEASE_STORED), 0);
	leases[_i] = taken(store, hash_in_stripe(5, (uint64_t)_i + 1), 1);
	/* Full again, but one is overdue. */
	sleep_ms(20);
	more = taken(store, hash_in_stripe(5, 99), LONG_MS);
	ck_assert(!lrd_lease_owned(&leases[_i]));
	ck_assert_int_eq(lrd_lease_release(&leases[_i], LRD_LEASE_STORED),
			 LARDER_ECONFLICT);
	lrd_store_close(store);
}
END_TEST

START_TEST(many_at_once)
{
	enum { MANY = 2000 };
	static struct lrd_lease leases[MANY];
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	uint64_t hash = 88172645463325252u;
	int full = 0;

	for (int i = 0; i < MANY; i++) {
		int rc;

		hash = hash * UINT64_C(6364136223846793005) + 1442695040888963407u;
		rc = lrd_lease_try(store, hash ^ hash >> 29, LONG_MS, &leases[i]);
		if (rc == LARDER_EBUSY)
			full++;
		else
			ck_assert_int_eq(rc, LRD_LEASE_TAKEN);
	}
	/* Two a stripe on the average: more than eight is rare. */
	ck_assert_int_le(full, MANY / 100);
	for (int i = 0; i < MANY; i++) {
		if (leases[i].state == LRD_LEASE_TAKEN)
			(void)held(store, leases[i].hash);
	}
	for (int i = MANY; i-- > 0;) {
		if (leases[i].state != LRD_LEASE_TAKEN)
			continue;
		ck_assert(lrd_lease_owned(&leases[i]));
		ck_assert_int_eq(lrd_lease_release(&leases[i], LRD_LEASE_STORED), 0);
	}
	(void)printf("%d of %d leases at once found their stripe full\n", full, MANY);
	lrd_store_close(store);
}
END_TEST

START_TEST(renewed_and_lost)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease mine = taken(store, 3, 30);
	struct lrd_lease other;
	enum lrd_lease_result result;

	ck_assert_int_eq(lrd_lease_renew(&mine, LONG_MS), 0);
	sleep_ms(50);
	other = held(store, 3);
	ck_assert_int_eq(lrd_lease_poll(&other, &result), LRD_LEASE_HELD);
	/* Overdue, but nobody wanted it: still ours. */
	ck_assert_int_eq(lrd_lease_renew(&mine, 1), 0);
	sleep_ms(20);
	ck_assert(lrd_lease_owned(&mine));
	ck_assert_int_eq(lrd_lease_poll(&other, &result), LRD_LEASE_GONE);
	ck_assert_int_eq(lrd_lease_renew(&mine, 1), 0);
	sleep_ms(20);
	other = taken(store, 3, LONG_MS);
	ck_assert(!lrd_lease_owned(&mine));
	ck_assert_int_eq(lrd_lease_renew(&mine, 1000), LARDER_ECONFLICT);
	ck_assert_int_eq(lrd_lease_release(&mine, LRD_LEASE_STORED), LARDER_ECONFLICT);
	ck_assert(lrd_lease_owned(&other));
	ck_assert_int_eq(lrd_lease_release(&other, LRD_LEASE_STORED), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(marks)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease mine = taken(store, 9, LONG_MS);
	struct lrd_lease other = held(store, 9);
	enum lrd_lease_result result;

	ck_assert_int_eq(lrd_lease_mark(&mine, LONG_MS), 0);
	ck_assert_int_eq(lrd_lease_wait(&other, in_ms(1000), &result), LRD_LEASE_ENDED);
	ck_assert_int_eq(result, LRD_LEASE_UNCACHEABLE);
	ck_assert_int_eq(lrd_lease_try(store, 9, LONG_MS, &other), LRD_LEASE_MARKED);
	ck_assert_int_eq(lrd_lease_release(&other, LRD_LEASE_STORED), 0);
	ck_assert_int_eq(lrd_lease_try(store, 9, LONG_MS, &other), LRD_LEASE_MARKED);
	/* It ends at its time, by word, or because its place is needed. */
	lrd_lease_remark(store, 9, 5);
	sleep_ms(25);
	mine = taken(store, 9, LONG_MS);
	ck_assert_int_eq(lrd_lease_mark(&mine, LONG_MS), 0);
	lrd_lease_remark(store, 9, 0);
	mine = taken(store, 9, LONG_MS);
	ck_assert_int_eq(lrd_lease_mark(&mine, LONG_MS), 0);
	for (uint64_t i = 1; i < LRD_LEASE_PLACES; i++)
		(void)taken(store, hash_in_stripe(9, i + 100), LONG_MS);
	ck_assert_int_eq(lrd_lease_try(store, 9, LONG_MS, &other), LRD_LEASE_MARKED);
	(void)taken(store, hash_in_stripe(9, 99), LONG_MS);
	ck_assert_int_eq(lrd_lease_try(store, 9, LONG_MS, &other), LARDER_EBUSY);
	/* Without a mark an uncacheable answer only tells the waiters. */
	mine = taken(store, 10, LONG_MS);
	ck_assert_int_eq(lrd_lease_release(&mine, LRD_LEASE_UNCACHEABLE), 0);
	(void)taken(store, 10, LONG_MS);
	/* Remarking what is held, or was never marked, changes nothing. */
	lrd_lease_remark(store, 10, LONG_MS);
	lrd_lease_remark(store, 11, LONG_MS);
	(void)held(store, 10);
	(void)taken(store, 11, LONG_MS);
	lrd_store_close(store);
}
END_TEST

/* ---- contention -------------------------------------------------------------------------- */

enum { KEYS = 3 };

/* What contenders share. */
struct arena {
	struct lrd_store *store;
	atomic_uint inside[KEYS];
	atomic_ullong rounds, waits, full;
	atomic_uint doubles, lost;
	unsigned int each;
};

/* Takes and gives back leases as fast as it can, checking that it is alone. */
static void contend(struct arena *arena, unsigned int seed)
{
	for (unsigned int i = 0; i < arena->each && atomic_load(&arena->lost) == 0; i++) {
		unsigned int key = (unsigned int)rand_r(&seed) % KEYS;
		enum lrd_lease_result result;
		struct lrd_lease lease;
		int rc = lrd_lease_try(arena->store, hash_in_stripe(8, key + 1), LONG_MS,
				       &lease);

		if (rc == LRD_LEASE_TAKEN) {
			if (atomic_fetch_add(&arena->inside[key], 1) != 0)
				atomic_fetch_add(&arena->doubles, 1);
			if (i % 64 == 0)
				(void)sched_yield();
			atomic_fetch_sub(&arena->inside[key], 1);
			if (lrd_lease_release(&lease, LRD_LEASE_STORED) != 0)
				atomic_fetch_add(&arena->doubles, 1);
		} else if (rc == LRD_LEASE_HELD) {
			atomic_fetch_add(&arena->waits, 1);
			rc = lrd_lease_wait(&lease, in_ms(20000), &result);
			if (rc != LRD_LEASE_ENDED)
				atomic_fetch_add(&arena->lost, 1);
		} else {
			/* The stripe may be full for a moment, and only then. */
			atomic_fetch_add(&arena->full, 1);
			if (rc != LARDER_EBUSY)
				atomic_fetch_add(&arena->lost, 1);
		}
		atomic_fetch_add(&arena->rounds, 1);
	}
}

static void *contend_in_thread(void *ctx)
{
	contend(ctx, (unsigned int)(uintptr_t)&ctx);
	return NULL;
}

static void contend_in_process(void *ctx)
{
	contend(ctx, (unsigned int)getpid());
}

/* Only few places are left to the contenders' keys, so that these move between them. */
static struct arena *arena_new(void)
{
	struct arena *arena = shared_new(sizeof(*arena));

	/* A look at the owner must not make up for a wake that was lost. */
	(void)setenv("LARDER_LEASE_LOOK_MS", "60000", 1);
	arena->store = test_open(lrd_tmpdir_new(), 64);
	for (uint64_t i = 0; i + KEYS < LRD_LEASE_PLACES; i++)
		(void)taken(arena->store, hash_in_stripe(8, 100 + i), LRD_LEASE_MAX_MS);
	arena->each = ROUNDS / WORKERS;
	return arena;
}

static void arena_judge(struct arena *arena, uint64_t started_ns)
{
	uint64_t ns = lrd_clock_mono_ns() - started_ns;

	(void)printf("%llu rounds, %llu waits, %llu found the stripe full, %u doubles, "
		     "%u lost, "
		     "%.0f ns a round\n",
		     atomic_load(&arena->rounds), atomic_load(&arena->waits),
		     atomic_load(&arena->full), atomic_load(&arena->doubles),
		     atomic_load(&arena->lost),
		     (double)ns / (double)atomic_load(&arena->rounds));
	ck_assert_uint_eq(atomic_load(&arena->doubles), 0);
	ck_assert_uint_eq(atomic_load(&arena->lost), 0);
	ck_assert_uint_eq(atomic_load(&arena->rounds), (unsigned int)ROUNDS);
	ck_assert_uint_gt(atomic_load(&arena->waits), 0);
	(void)unsetenv("LARDER_LEASE_LOOK_MS");
	lrd_store_close(arena->store);
}

START_TEST(threads_contend)
{
	struct arena *arena = arena_new();
	uint64_t start = lrd_clock_mono_ns();
	pthread_t threads[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, contend_in_thread, arena), 0);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	arena_judge(arena, start);
}
END_TEST

START_TEST(processes_contend)
{
	struct arena *arena = arena_new();
	uint64_t start = lrd_clock_mono_ns();
	pid_t pids[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		pids[i] = test_fork(contend_in_process, arena);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	arena_judge(arena, start);
}
END_TEST

/* ---- contenders that die ----------------------------------------------------------------- */

struct deadly {
	struct lrd_store *store;
	atomic_int inside[KEYS]; /* who believes to be the owner: number + 1 of its life */
	atomic_bool doomed[1024];
	atomic_ullong rounds;
	atomic_uint doubles, late;
};

/* Copied by the fork: which life a child is. */
static int next_life;

static void contend_until_killed(void *ctx)
{
	struct deadly *deadly = ctx;
	unsigned int seed = (unsigned int)getpid();
	int me = next_life;

	for (;;) {
		unsigned int key = (unsigned int)rand_r(&seed) % KEYS;
		enum lrd_lease_result result;
		struct lrd_lease lease;
		int rc = lrd_lease_try(deadly->store, hash_in_stripe(8, key + 1), LONG_MS,
				       &lease);

		if (rc == LRD_LEASE_TAKEN) {
			int before = atomic_exchange(&deadly->inside[key], me + 1);

			if (before != 0 && !atomic_load(&deadly->doomed[before - 1]))
				atomic_fetch_add(&deadly->doubles, 1);
			(void)sched_yield();
			(void)atomic_compare_exchange_strong(&deadly->inside[key],
							     &(int){ me + 1 }, 0);
			if (lrd_lease_release(&lease, LRD_LEASE_STORED) != 0)
				atomic_fetch_add(&deadly->doubles, 1);
			atomic_fetch_add(&deadly->rounds, 1);
		} else if (rc == LRD_LEASE_HELD) {
			if (lrd_lease_wait(&lease, in_ms(20000), &result) < 0)
				atomic_fetch_add(&deadly->late, 1);
		}
	}
}

START_TEST(killed_at_random)
{
	enum { KILLS = 300 };
	struct deadly *deadly = shared_new(sizeof(*deadly));
	unsigned int random = 11;
	int lives[WORKERS];
	pid_t pids[WORKERS];

	deadly->store = test_open(lrd_tmpdir_new(), 64);
	for (int i = 0; i < WORKERS; i++, next_life++) {
		lives[i] = next_life;
		pids[i] = test_fork(contend_until_killed, deadly);
	}
	for (int i = 0; i < KILLS; i++) {
		int victim = rand_r(&random) % WORKERS;
		struct timespec pause = { 0, rand_r(&random) % 8000000 };

		(void)nanosleep(&pause, NULL);
		/* What it holds from now on it may lose. */
		atomic_store(&deadly->doomed[lives[victim]], true);
		ck_assert_int_eq(kill(pids[victim], SIGKILL), 0);
		ck_assert(WIFSIGNALED(test_wait(pids[victim])));
		lives[victim] = next_life;
		pids[victim] = test_fork(contend_until_killed, deadly);
		next_life++;
	}
	for (int i = 0; i < WORKERS; i++)
		atomic_store(&deadly->doomed[lives[i]], true);
	for (int i = 0; i < WORKERS; i++) {
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
		(void)test_wait(pids[i]);
	}
	(void)printf("%d owners or waiters killed: %llu rounds, %u doubles, %u late\n",
		     KILLS, atomic_load(&deadly->rounds), atomic_load(&deadly->doubles),
		     atomic_load(&deadly->late));
	ck_assert_uint_eq(atomic_load(&deadly->doubles), 0);
	ck_assert_uint_eq(atomic_load(&deadly->late), 0);
	ck_assert_uint_gt(atomic_load(&deadly->rounds), KILLS);
	/* Nobody is left, and nothing of them. */
	for (uint64_t key = 0; key < KEYS; key++)
		(void)taken(deadly->store, hash_in_stripe(8, key + 1), LONG_MS);
	lrd_store_close(deadly->store);
}
END_TEST

/* ---- owners of other processes ------------------------------------------------------------ */

/* What a child does with a lease, and what came of it. */
struct stage {
	struct lrd_store *store;
	uint64_t hash;
	uint32_t lease_ms;
	atomic_int step;
	atomic_int release_rc;
	atomic_bool owned;
	atomic_ullong at_ns;
	atomic_ullong woken_ns[WAITERS];
	atomic_int waiter;
	int result;
};

static struct stage *stage_new(uint64_t hash, uint32_t lease_ms)
{
	struct stage *stage = shared_new(sizeof(*stage));

	stage->store = test_open(lrd_tmpdir_new(), 64);
	stage->hash = hash;
	stage->lease_ms = lease_ms;
	return stage;
}

static void await_step(struct stage *stage, int step)
{
	for (int i = 0; atomic_load(&stage->step) < step; i++) {
		ck_assert_int_lt(i, 10000);
		sleep_ms(1);
	}
}

/* Takes it, says so, waits to be killed, stopped or asked, releases it. */
static void own(void *ctx)
{
	struct stage *stage = ctx;
	struct lrd_lease lease;

	if (lrd_lease_try(stage->store, stage->hash, stage->lease_ms, &lease) !=
	    LRD_LEASE_TAKEN)
		_exit(1);
	atomic_store(&stage->step, 1);
	while (atomic_load(&stage->step) < 2)
		sleep_ms(1);
	atomic_store(&stage->owned, lrd_lease_owned(&lease));
	atomic_store(&stage->at_ns, lrd_clock_mono_ns());
	atomic_store(&stage->release_rc, lrd_lease_release(&lease, LRD_LEASE_STORED));
}

START_TEST(owner_is_killed)
{
	struct stage *stage = stage_new(4711, LONG_MS);
	double worst_ms = 0;

	for (int i = 0; i < 10; i++) {
		enum lrd_lease_result result;
		struct lrd_lease lease;
		uint64_t killed_ns;
		double ms;
		pid_t pid;

		atomic_store(&stage->step, 0);
		pid = test_fork(own, stage);
		await_step(stage, 1);
		lease = held(stage->store, stage->hash);
		ck_assert_int_eq(lrd_lease_wait(&lease, in_ms(10), &result),
				 LARDER_ETIMEDOUT);
		killed_ns = lrd_clock_mono_ns();
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		/* Not reaped: a zombie is dead. */
		ck_assert_int_eq(lrd_lease_wait(&lease, in_ms(5000), &result),
				 LRD_LEASE_GONE);
		lease = taken(stage->store, stage->hash, LONG_MS);
		ms = (double)(lrd_clock_mono_ns() - killed_ns) / 1e6;
		worst_ms = ms > worst_ms ? ms : worst_ms;
		(void)test_wait(pid);
		ck_assert_int_eq(lrd_lease_release(&lease, LRD_LEASE_STORED), 0);
	}
	(void)printf("owner killed: the next had it after %.1f ms at worst\n", worst_ms);
	ck_assert_double_lt(worst_ms, 1000);
	lrd_store_close(stage->store);
}
END_TEST

START_TEST(owner_is_stopped)
{
	struct stage *stage = stage_new(4712, 200);
	pid_t pid = test_fork(own, stage);
	uint64_t start = lrd_clock_mono_ns();
	enum lrd_lease_result result;
	struct lrd_lease lease;
	double ms;

	await_step(stage, 1);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	lease = held(stage->store, stage->hash);
	ck_assert_int_eq(lrd_lease_wait(&lease, in_ms(10000), &result), LRD_LEASE_GONE);
	lease = taken(stage->store, stage->hash, LONG_MS);
	ms = (double)(lrd_clock_mono_ns() - start) / 1e6;
	(void)printf(
		"owner stopped with a lease of 200 ms: the next had it after %.1f ms\n",
		ms);
	ck_assert_double_ge(ms, 180);
	atomic_store(&stage->step, 2);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(test_wait(pid), 0);
	/* It noticed, and did no harm. */
	ck_assert(!atomic_load(&stage->owned));
	ck_assert_int_eq(atomic_load(&stage->release_rc), LARDER_ECONFLICT);
	ck_assert(lrd_lease_owned(&lease));
	lrd_store_close(stage->store);
}
END_TEST

/* A newcomer takes the dead owner's place in the process table before anybody has looked. */
START_TEST(place_of_the_dead_is_taken)
{
	char *dir = (char *)lrd_tmpdir_new();
	struct stage *stage = shared_new(sizeof(*stage));
	pid_t owner, newcomer;
	struct lrd_lease lease;

	stage->store = test_open(dir, 64);
	stage->hash = 4713;
	stage->lease_ms = LONG_MS;
	owner = test_fork(own, stage);
	await_step(stage, 1);
	lease = held(stage->store, stage->hash);
	ck_assert_int_eq(kill(owner, SIGKILL), 0);
	(void)test_wait(owner);
	stage->hash = 4714;
	atomic_store(&stage->step, 0);
	newcomer = test_fork(own, stage);
	await_step(stage, 1);
	lease = taken(stage->store, 4713, LONG_MS);
	(void)held(stage->store, 4714);
	ck_assert(lrd_lease_owned(&lease));
	ck_assert_int_eq(kill(newcomer, SIGKILL), 0);
	(void)test_wait(newcomer);
	lrd_store_close(stage->store);
}
END_TEST

#ifdef LARDER_FAULTS
static const char *const points[] = { "store.lease.claimed", "store.lease.held",
				      "store.lease.taking_over" };
enum { POINTS = sizeof(points) / sizeof(points[0]) };

static void die_at_a_point(void *ctx)
{
	struct stage *stage = ctx;
	struct lrd_lease lease;

	(void)setenv("LARDER_CRASH_POINT", points[stage->result], 1);
	if (lrd_lease_try(stage->store, stage->hash, 200, &lease) > 0)
		_exit(1);
}

START_TEST(killed_at_a_point)
{
	struct stage *stage = stage_new(4715, 1);
	enum lrd_lease_result result;
	struct lrd_lease lease, other;
	pid_t pid;

	stage->result = _i;
	/* To be taken over, a lease must be there. */
	if (_i == POINTS - 1)
		(void)taken(stage->store, stage->hash, 1);
	sleep_ms(20);
	pid = test_fork(die_at_a_point, stage);
	ck_assert(WIFSIGNALED(test_wait(pid)));
	if (_i == POINTS - 1) {
		/* It looks as if the taker had it: until its time is over. */
		lease = held(stage->store, stage->hash);
		ck_assert_int_eq(lrd_lease_wait(&lease, in_ms(10000), &result),
				 LRD_LEASE_GONE);
		(void)taken(stage->store, stage->hash, LONG_MS);
	} else {
		lease = taken(stage->store, stage->hash, LONG_MS);
		other = held(stage->store, stage->hash);
		ck_assert_int_eq(lrd_lease_release(&lease, LRD_LEASE_STORED), 0);
		ck_assert_int_eq(lrd_lease_wait(&other, in_ms(1000), &result),
				 LRD_LEASE_ENDED);
		ck_assert_int_eq(result, LRD_LEASE_STORED);
	}
	lrd_store_close(stage->store);
}
END_TEST
#endif

static void meddle_after_fork(void *ctx)
{
	struct lrd_lease *lease = ctx;
	struct lrd_lease copy = *lease;
	struct lrd_lease own_lease;

	if (lrd_lease_owned(&copy) || lrd_lease_renew(&copy, 1000) != LARDER_ECONFLICT ||
	    lrd_lease_release(&copy, LRD_LEASE_STORED) != LARDER_ECONFLICT)
		_exit(1);
	if (lrd_lease_try(lease->store, lease->hash, 1000, &own_lease) != LRD_LEASE_HELD)
		_exit(2);
	if (lrd_lease_try(lease->store, 9999, LONG_MS, &own_lease) != LRD_LEASE_TAKEN)
		_exit(3);
	if (!lrd_lease_owned(&own_lease))
		_exit(4);
	/* Ends without giving it back. */
}

START_TEST(fork_inherits_nothing)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease lease = taken(store, 31, LONG_MS);

	ck_assert_int_eq(test_wait(test_fork(meddle_after_fork, &lease)), 0);
	ck_assert(lrd_lease_owned(&lease));
	ck_assert_int_eq(lrd_lease_release(&lease, LRD_LEASE_STORED), 0);
	(void)taken(store, 9999, LONG_MS);
	lrd_store_close(store);
}
END_TEST

static void wait_for_it(void *ctx)
{
	struct stage *stage = ctx;
	int me = atomic_fetch_add(&stage->waiter, 1);
	enum lrd_lease_result result = LRD_LEASE_UNKNOWN;
	struct lrd_lease lease;

	if (lrd_lease_try(stage->store, stage->hash, LONG_MS, &lease) != LRD_LEASE_HELD)
		_exit(1);
	atomic_fetch_add(&stage->step, 1);
	if (lrd_lease_wait(&lease, in_ms(30000), &result) != LRD_LEASE_ENDED ||
	    (int)result != stage->result)
		_exit(2);
	atomic_store(&stage->woken_ns[me], lrd_clock_mono_ns());
	sleep_ms(200); /* ending takes longer than waking: not before all are awake */
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int find_lease(const struct lrd_lease_info *info, void *ctx)
{
	struct lrd_lease_info *out = ctx;

	if (info->hash != out->hash)
		return 0;
	*out = *info;
	return 1;
}

START_TEST(all_waiters_wake)
{
	struct stage *stage = stage_new(55, LONG_MS);
	struct lrd_lease lease = taken(stage->store, 55, LONG_MS);
	struct lrd_lease_info info = { .hash = 55 };
	uint64_t latency[WAITERS];
	uint64_t released_ns;
	pid_t pids[WAITERS];

	stage->result = LRD_LEASE_STORED;
	for (int i = 0; i < WAITERS; i++)
		pids[i] = test_fork(wait_for_it, stage);
	await_step(stage, WAITERS);
	sleep_ms(30); /* until all sleep */
	ck_assert_int_eq(lrd_lease_walk(stage->store, find_lease, &info), 1);
	ck_assert_uint_eq(info.pid, (uint32_t)getpid());
	ck_assert(info.alive && !info.marked);
	ck_assert_uint_gt(info.left_ms, 0);
	(void)printf("%u of %d waiters asleep\n", info.waiters, WAITERS);
	ck_assert_uint_gt(info.waiters, 0);
	ck_assert_uint_le(info.waiters, WAITERS);
	released_ns = lrd_clock_mono_ns();
	ck_assert_int_eq(lrd_lease_release(&lease, LRD_LEASE_STORED), 0);
	for (int i = 0; i < WAITERS; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	for (int i = 0; i < WAITERS; i++)
		latency[i] = atomic_load(&stage->woken_ns[i]) - released_ns;
	qsort(latency, WAITERS, sizeof(latency[0]), compare_ns);
	(void)printf("%d waiters woke after %.3f ms (median), %.3f ms (last)\n", WAITERS,
		     (double)latency[WAITERS / 2] / 1e6,
		     (double)latency[WAITERS - 1] / 1e6);
	ck_assert_uint_lt(latency[WAITERS - 1], UINT64_C(5000000000));
	info.hash = 55;
	ck_assert_int_eq(lrd_lease_walk(stage->store, find_lease, &info), 0);
	lrd_store_close(stage->store);
}
END_TEST

/* A lease that one thread takes and another ends, as a streamed fetch does. */
static void *end_it(void *ctx)
{
	return lrd_lease_release(ctx, LRD_LEASE_STORED) == 0 ? ctx : NULL;
}

START_TEST(moves_between_threads)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_lease lease = taken(store, 12, LONG_MS);
	struct lrd_lease other = held(store, 12);
	enum lrd_lease_result result;
	pthread_t thread;
	void *done = NULL;

	ck_assert_int_eq(pthread_create(&thread, NULL, end_it, &lease), 0);
	ck_assert_int_eq(lrd_lease_wait(&other, in_ms(20000), &result), LRD_LEASE_ENDED);
	ck_assert_int_eq(pthread_join(thread, &done), 0);
	ck_assert_ptr_eq(done, &lease);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("lease");
	TCase *tc = tcase_create("rules");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, one_after_the_other);
	tcase_add_loop_test(tc, a_stripe_holds_many_keys, 0, LRD_LEASE_PLACES);
	tcase_add_test(tc, many_at_once);
	tcase_add_test(tc, renewed_and_lost);
	tcase_add_test(tc, marks);
	tcase_add_test(tc, moves_between_threads);
	tc = tcase_create("others");
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, owner_is_killed);
	tcase_add_test(tc, owner_is_stopped);
	tcase_add_test(tc, place_of_the_dead_is_taken);
	tcase_add_test(tc, fork_inherits_nothing);
#ifdef LARDER_FAULTS
	tcase_add_loop_test(tc, killed_at_a_point, 0, POINTS);
#endif
	tcase_add_test(tc, all_waiters_wake);
	tc = tcase_create("contention");
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, threads_contend);
	tcase_add_test(tc, processes_contend);
	tcase_add_test(tc, killed_at_random);
	return suite;
}
