/* SPDX-License-Identifier: MIT */
/* test_tree.c - which copies of a meta page a reader may believe. */
#include <check.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/env.h"
#include "store/mount.h"
#include "store/tree.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { WORDS = 16, COMMITS = 1000 }; /* more than any other number in the head */

/* Takes back what LMDB tells readers in lock.mdb: the number of the last commit. */
static void step_back(const char *dir, uint64_t last)
{
	char path[512];
	uint64_t *words;
	int found = 0;
	int fd;

	lrd_tmpdir_path(path, sizeof(path), dir, "lock.mdb");
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(words, MAP_FAILED);
	/* Not closed: that would drop the locks that LMDB has on the file. */
	for (int i = 0; i < WORDS; i++) {
		if (words[i] == last) {
			words[i]--;
			found++;
		}
	}
	ck_assert_int_eq(found, 1);
	(void)munmap(words, 4096);
}

/* As a writer leaves it that is killed between writing its meta page and telling of it. */
START_TEST(a_commit_that_was_not_told_of_is_not_seen)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct lrd_mount *mount;

	for (int i = 0; i < COMMITS; i++)
		ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	ck_assert_int_eq(test_store_body(store, "k", 2, 6000), 0);
	ck_assert_int_eq(lrd_env_mount(store->env, &mount), 0);
	step_back(dir, atomic_load(&mount->shared->commit_txnid));
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(test_verify_body(store, "k", 1), 5000);
	lrd_store_close(store);
}
END_TEST

/* The commit after that may be writing over the page by now, whatever two copies say. */
START_TEST(a_commit_that_was_told_of_is_a_conflict)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_snapshot snapshot = { 0 };
	struct lrd_mount *mount;
	MDB_txn *txn;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	ck_assert_int_eq(lrd_env_mount(store->env, &mount), 0);
	ck_assert_int_eq(mdb_txn_begin(mount->env, NULL, MDB_RDONLY, &txn), 0);
	ck_assert_int_eq(test_store_body(store, "k", 2, 6000), 0);
	ck_assert_int_eq(lrd_snapshot_load(mount, txn, _i == 1, &snapshot),
			 LARDER_ECONFLICT);
	mdb_txn_reset(txn);
	ck_assert_int_eq(mdb_txn_renew(txn), 0);
	ck_assert_int_eq(lrd_snapshot_load(mount, txn, _i == 1, &snapshot), 0);
	mdb_txn_abort(txn);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("tree");
	TCase *tc = tcase_create("meta");

	tcase_add_test(tc, a_commit_that_was_not_told_of_is_not_seen);
	tcase_add_loop_test(tc, a_commit_that_was_told_of_is_a_conflict, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
