/* SPDX-License-Identifier: MIT */
/* test_ours.c - directories of other programs are refused, and left as they were. */
#include <check.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/layout.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

enum { PATH_SIZE = 512, CONTENT_MAX = 1 << 16 };

static int try_open(const char *dir, bool must_exist, larder_error *err)
{
	struct lrd_store_options options = { .budget_bytes = 1 << 20,
					     .must_exist = must_exist };
	struct lrd_store *store = NULL;
	int rc = lrd_store_open(dir, &options, &store, err);

	lrd_store_close(store);
	return rc;
}

static void put_file(const char *dir, const char *name, const void *bytes, size_t len,
		     mode_t mode)
{
	char path[PATH_SIZE];
	int fd;

	lrd_tmpdir_path(path, sizeof(path), dir, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (long)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	lrd_tmpdir_path(path, sizeof(path), dir, name);
	return lstat(path, &st) == 0;
}

/* What a file has and how it may be used, in one line of numbers; -1 where it is absent. */
struct look {
	off_t size;
	mode_t mode;
	uint64_t sum;
};

static struct look look_at(const char *dir, const char *name)
{
	static unsigned char bytes[CONTENT_MAX];
	struct look look = { -1, 0, 0 };
	char path[PATH_SIZE];
	struct stat st;
	ssize_t got;
	int fd;

	lrd_tmpdir_path(path, sizeof(path), dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return look;
	ck_assert_int_eq(fstat(fd, &st), 0);
	look.size = st.st_size;
	look.mode = st.st_mode;
	got = read(fd, bytes, sizeof(bytes));
	for (ssize_t i = 0; i < got; i++)
		look.sum = look.sum * 31 + bytes[i];
	(void)close(fd);
	return look;
}

static const char *const names[] = { "control", "data.mdb", "lock.mdb", "new.mdb",
				     "new.mdb-lock" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* Opening is refused, saying why, and every file is as before. */
static void expect_untouched(const char *dir, const char *words)
{
	struct look before[NAMES];
	larder_error err;

	for (int i = 0; i < NAMES; i++)
		before[i] = look_at(dir, names[i]);
	for (int must_exist = 0; must_exist < 2; must_exist++) {
		int rc = try_open(dir, must_exist != 0, &err);

		if (must_exist && !is_there(dir, "control")) {
			ck_assert_int_eq(rc, LARDER_ENOTFOUND);
			continue;
		}
		ck_assert_msg(rc == LARDER_ESTORE, "%d: %s", rc, err.message);
		ck_assert_ptr_nonnull(strstr(err.message, "not a larder store"));
		ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
		ck_assert_ptr_nonnull(strstr(err.message, "name another directory"));
	}
	for (int i = 0; i < NAMES; i++) {
		struct look now = look_at(dir, names[i]);

		ck_assert_msg(now.size == before[i].size && now.mode == before[i].mode &&
				      now.sum == before[i].sum,
			      "%s was changed", names[i]);
	}
}

/* An environment of another program, with these tables. */
static void make_env(const char *dir, const char *const *tables, unsigned int flags)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	char bytes[] = "8 bytes.precious";
	MDB_val key = { 8, bytes };
	MDB_val value = { 8, bytes + 8 };

	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 8), 0);
	ck_assert_int_eq(mdb_env_open(env, dir, 0, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	if (!*tables) {
		ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
		ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	}
	for (; *tables; tables++) {
		ck_assert_int_eq(mdb_dbi_open(txn, *tables, MDB_CREATE | flags, &dbi), 0);
		ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	}
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static const struct {
	const char *tables[5];
	unsigned int flags;
} envs[] = {
	{ { NULL }, 0 },
	{ { "users", NULL }, 0 },
	{ { "entries", "rows", NULL }, MDB_INTEGERKEY },
	{ { "entries", "rows", "garbage", NULL }, 0 },
	{ { "entries", "rows", "garbage", "users", NULL }, MDB_INTEGERKEY },
};
enum { ENVS = sizeof(envs) / sizeof(envs[0]) };

START_TEST(an_environment_of_another_program_is_left_alone)
{
	const char *dir = lrd_tmpdir_new();
	char path[PATH_SIZE];

	make_env(dir, envs[_i].tables, envs[_i].flags);
	expect_untouched(dir, "data.mdb");
	/* Without its lock file, too. */
	lrd_tmpdir_path(path, sizeof(path), dir, "lock.mdb");
	ck_assert_int_eq(unlink(path), 0);
	expect_untouched(dir, "data.mdb");
	/* An empty file named control vouches for nothing. */
	put_file(dir, "control", "", 0, 0600);
	expect_untouched(dir, "data.mdb");
}
END_TEST

START_TEST(a_control_of_another_program_is_left_alone)
{
	static const char *const texts[] = { "Source: hello\n", "x", "LARDER",
					     "LARDERc\x02" };
	const char *dir = lrd_tmpdir_new();
	const char *text = texts[_i / 2];

	put_file(dir, "control", text, strlen(text), _i % 2 ? 0644 : 0600);
	expect_untouched(dir, "control");
}
END_TEST

START_TEST(a_name_of_ours_is_enough_to_refuse)
{
	const char *dir = lrd_tmpdir_new();

	put_file(dir, names[1 + _i], "something", 9, 0600);
	expect_untouched(dir, "data.mdb");
	ck_assert(!is_there(dir, "control"));
}
END_TEST

START_TEST(other_files_are_in_nobodys_way)
{
	const char *dir = lrd_tmpdir_new();
	larder_error err;

	put_file(dir, "notes", "something", 9, 0644);
	ck_assert_int_eq(try_open(dir, false, &err), 0);
	ck_assert(is_there(dir, "notes"));
}
END_TEST

/* ---- what is ours all the same ----------------------------------------------------------- */

/* The beginnings of `control` that a creation that was killed may leave. */
static const struct {
	const char *bytes;
	size_t len;
	size_t file_bytes;
} beginnings[] = {
	{ "", 0, 0 },
	{ "", 0, 1 << 20 },
	{ LRD_CONTROL_MAGIC, 8, 8 },
	{ LRD_CONTROL_MAGIC, 8, 1 << 20 },
};
enum { BEGINNINGS = sizeof(beginnings) / sizeof(beginnings[0]) };

START_TEST(a_creation_that_died_is_no_store_and_is_done_again)
{
	const char *dir = lrd_tmpdir_new();
	char path[PATH_SIZE];
	larder_error err;
	struct stat st;

	put_file(dir, "control", beginnings[_i].bytes, beginnings[_i].len, 0644);
	lrd_tmpdir_path(path, sizeof(path), dir, "control");
	ck_assert_int_eq(truncate(path, (off_t)beginnings[_i].file_bytes), 0);
	ck_assert_int_eq(try_open(dir, true, &err), LARDER_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.message, "no store at"));
	ck_assert(!is_there(dir, "data.mdb"));
	ck_assert_int_eq(try_open(dir, false, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(loose_modes_of_control_are_tightened)
{
	const char *dir = lrd_tmpdir_new();
	char path[PATH_SIZE];
	larder_error err;
	struct stat st;

	ck_assert_int_eq(try_open(dir, false, &err), 0);
	lrd_tmpdir_path(path, sizeof(path), dir, "control");
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_assert_int_eq(try_open(dir, true, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* A file size limit stands for a full disk: `control` or the data does not fit. */
START_TEST(a_creation_without_room_leaves_nothing)
{
	const rlim_t limits[] = { 4096, 2 << 20 };
	const char *dir = lrd_tmpdir_new();
	struct rlimit before, small;
	larder_error err;
	int rc;

	if (_i >= 2)
		put_file(dir, "control", "", 0, 0600);
	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = limits[_i % 2];
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = try_open(dir, false, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_msg(rc == LARDER_EFULL, "%d: %s", rc, err.message);
	ck_assert_ptr_nonnull(strstr(err.message, _i % 2 ? "data.mdb" : "control"));
	for (int i = 0; i < NAMES; i++)
		ck_assert_msg(!is_there(dir, names[i]), "%s is left", names[i]);
	ck_assert_int_eq(try_open(dir, true, &err), LARDER_ENOTFOUND);
	ck_assert_int_eq(try_open(dir, false, &err), 0);
}
END_TEST

START_TEST(a_new_store_is_small)
{
	static const char *const made[] = { "control", "data.mdb", "lock.mdb" };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 4096);
	blkcnt_t blocks = 0;

	for (int i = 0; i < 3; i++) {
		char path[PATH_SIZE];
		struct stat st;

		lrd_tmpdir_path(path, sizeof(path), dir, made[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		(void)printf("%s: %lld KiB\n", made[i], (long long)st.st_blocks / 2);
		blocks += st.st_blocks;
	}
	lrd_store_close(store);
	ck_assert_int_lt(blocks * 512, 8 << 20);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("ours");
	TCase *tc = tcase_create("alien");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, an_environment_of_another_program_is_left_alone, 0, ENVS);
	tcase_add_loop_test(tc, a_control_of_another_program_is_left_alone, 0, 8);
	tcase_add_loop_test(tc, a_name_of_ours_is_enough_to_refuse, 0, NAMES - 1);
	tcase_add_test(tc, other_files_are_in_nobodys_way);
	suite_add_tcase(suite, tc);

	tc = tcase_create("ours");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_creation_that_died_is_no_store_and_is_done_again, 0,
			    BEGINNINGS);
	tcase_add_test(tc, loose_modes_of_control_are_tightened);
	tcase_add_loop_test(tc, a_creation_without_room_leaves_nothing, 0, 4);
	tcase_add_test(tc, a_new_store_is_small);
	suite_add_tcase(suite, tc);
	return suite;
}
