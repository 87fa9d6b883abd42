/* SPDX-License-Identifier: MIT */
/* test_threads.c - one store used by many threads at once, generations changing under them. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/layout.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { NAMES = 40, THREADS_MAX = 100 };

struct shared {
	struct lrd_store *store;
	atomic_int wrong;
	atomic_int missing_allowed;
	atomic_int stop;
	int rounds;
};

static size_t len_of(unsigned int i)
{
	return (size_t)i * 997 + (i % 7 == 0 ? 70000 : 0);
}

static int write_one(struct shared *shared, unsigned int i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "t%u", i);
	return i % 2 ? test_store_body(shared->store, name, i, len_of(i))
		     : test_fill_body(shared->store, name, i, len_of(i), 20000);
}

static void *run_reader(void *arg)
{
	struct shared *shared = arg;
	unsigned int random = (unsigned int)(uintptr_t)&arg;

	for (int round = 0; round < shared->rounds; round++) {
		unsigned int i = (unsigned int)rand_r(&random) % NAMES;
		char name[16];
		long got;

		(void)snprintf(name, sizeof(name), "t%u", i);
		got = test_verify_body(shared->store, name, i);
		if (got == (long)len_of(i))
			continue;
		if ((got == LARDER_ENOTFOUND || got == LARDER_EBUSY) &&
		    atomic_load(&shared->missing_allowed))
			continue;
		(void)fprintf(stderr, "reader: %s: %ld\n", name, got);
		atomic_fetch_add(&shared->wrong, 1);
	}
	return NULL;
}

static void *run_writer(void *arg)
{
	struct shared *shared = arg;
	unsigned int random = (unsigned int)(uintptr_t)&arg;

	while (!atomic_load(&shared->stop)) {
		int rc = write_one(shared, (unsigned int)rand_r(&random) % NAMES);

		if (rc < 0 && rc != LARDER_EBUSY &&
		    !(rc == LARDER_ECONFLICT && atomic_load(&shared->missing_allowed))) {
			(void)fprintf(stderr, "writer: %d\n", rc);
			atomic_fetch_add(&shared->wrong, 1);
		}
	}
	return NULL;
}

static void run(struct shared *shared, int readers, int writers,
		void (*meanwhile)(void *), void *ctx)
{
	pthread_t threads[THREADS_MAX];

	for (int i = 0; i < readers + writers; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
						i < readers ? run_reader : run_writer,
						shared),
				 0);
	if (meanwhile)
		meanwhile(ctx);
	for (int i = 0; i < readers; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	atomic_store(&shared->stop, 1);
	for (int i = readers; i < readers + writers; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&shared->wrong), 0);
}

START_TEST(readers_and_writers)
{
	struct shared shared = { .store = test_open(lrd_tmpdir_new(), 64), .rounds = 400 };

	for (unsigned int i = 0; i < NAMES; i++)
		ck_assert_int_eq(write_one(&shared, i), 0);
	run(&shared, 6, 3, NULL, NULL);
	ck_assert_int_eq(test_findings(shared.store), 0);
	lrd_store_close(shared.store);
}
END_TEST

/* More readers at once than there are places. */
static void *stay_in_read(void *arg)
{
	struct shared *shared = arg;
	struct lrd_read read;

	if (lrd_read_begin(shared->store, &read) < 0) {
		atomic_fetch_add(&shared->wrong, 1);
		return NULL;
	}
	atomic_fetch_add(&shared->stop, 1);
	while (atomic_load(&shared->stop) < THREADS_MAX)
		(void)usleep(1000);
	lrd_read_end(&read);
	return NULL;
}

START_TEST(more_readers_than_places)
{
	struct shared shared = { .store = test_open(lrd_tmpdir_new(), 64) };
	pthread_t threads[THREADS_MAX];

	for (int i = 0; i < THREADS_MAX; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, stay_in_read, &shared),
				 0);
	for (int i = 0; i < THREADS_MAX; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&shared.wrong), 0);
	lrd_store_close(shared.store);
}
END_TEST

struct poisoner {
	struct shared *shared;
	const char *dir;
};

static void poison_often(void *ctx)
{
	struct poisoner *p = ctx;
	struct lrd_control_shared *control;
	char path[512];
	int fd;
	unsigned char *map;

	lrd_tmpdir_path(path, sizeof(path), p->dir, "control");
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	map = mmap(NULL, 2 * LRD_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	(void)close(fd);
	control = (void *)(map + LRD_PAGE);
	for (int i = 0; i < 8; i++) {
		(void)usleep(30000);
		atomic_fetch_or(&control->state, LRD_STATE_POISON);
	}
	(void)munmap(map, 2 * LRD_PAGE);
}

START_TEST(generations_change_under_threads)
{
	const char *dir = lrd_tmpdir_new();
	struct shared shared = { .store = test_open(dir, 64), .rounds = 1500 };
	struct poisoner poisoner = { &shared, dir };
	struct lrd_store_stat stat;

	atomic_store(&shared.missing_allowed, 1);
	run(&shared, 4, 2, poison_often, &poisoner);
	ck_assert_int_eq(lrd_store_stat(shared.store, &stat), 0);
	ck_assert_uint_ge(stat.generation, 4);
	ck_assert_int_eq(test_store_body(shared.store, "k", 1, 1000), 0);
	ck_assert_int_eq(test_findings(shared.store), 0);
	lrd_store_close(shared.store);
}
END_TEST

static void *open_and_close(void *arg)
{
	const char *dir = arg;

	for (int i = 0; i < 30; i++) {
		struct lrd_store *store = test_open(dir, 64);

		if (test_verify_body(store, "k", 1) != 1000)
			return arg;
		lrd_store_close(store);
	}
	return NULL;
}

START_TEST(opening_and_closing_at_once)
{
	char *dir = (char *)lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	pthread_t threads[4];

	ck_assert_int_eq(test_store_body(store, "k", 1, 1000), 0);
	lrd_store_close(store);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close, dir),
				 0);
	for (int i = 0; i < 4; i++) {
		void *failed;

		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("threads");
	TCase *tc = tcase_create("threads");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, readers_and_writers);
	tcase_add_test(tc, more_readers_than_places);
	tcase_add_test(tc, generations_change_under_threads);
	tcase_add_test(tc, opening_and_closing_at_once);
	return suite;
}
