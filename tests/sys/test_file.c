/* SPDX-License-Identifier: MIT */
/* test_file.c - files opened, made and reserved safely; locks that fall with their holder. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <larder/types.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static int open_tmp(void)
{
	int fd = -1;

	ck_assert_int_eq(lrd_dir_open(lrd_tmpdir_new(), &fd), 0);
	return fd;
}

START_TEST(directories)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_file_facts facts;
	char path[512], link_path[512];
	int fd = -7;

	lrd_tmpdir_path(path, sizeof(path), dir, "a//b/c");
	lrd_tmpdir_path(link_path, sizeof(link_path), dir, "link");
	ck_assert_int_eq(lrd_dir_open(path, &fd), LARDER_ENOTFOUND);
	ck_assert_int_eq(fd, -7);
	(void)umask(077);
	ck_assert_int_eq(lrd_dir_ensure(path, 02770), 0);
	ck_assert_int_eq(lrd_dir_ensure(path, 0700), 0); /* as it was */
	ck_assert_int_eq(lrd_dir_open(path, &fd), 0);
	ck_assert_int_eq(lrd_file_facts(fd, &facts), 0);
	ck_assert(facts.is_dir);
	ck_assert_uint_eq(facts.mode, 02770);
	(void)close(fd);
	ck_assert_int_eq(symlink(path, link_path), 0);
	ck_assert_int_eq(lrd_dir_open(link_path, &fd), LARDER_EIO);
	ck_assert_int_eq(lrd_dir_open("/etc/passwd", &fd), LARDER_EIO);
	ck_assert_int_lt(lrd_dir_ensure("/etc/passwd/x", 0700), 0);
	ck_assert_int_eq(lrd_dir_ensure("", 0700), LARDER_EINVAL);
}
END_TEST

START_TEST(files)
{
	int dir = open_tmp();
	struct lrd_file_facts facts;
	int fd = -1, again = -7;

	(void)umask(077);
	ck_assert_int_eq(lrd_file_open_at(dir, "f", &fd), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_file_create_at(dir, "f", 0660, &fd), 0);
	ck_assert_int_eq(lrd_file_facts(fd, &facts), 0);
	ck_assert_uint_eq(facts.mode, 0660);
	ck_assert_int_eq(lrd_file_create_at(dir, "f", 0660, &again), LARDER_EEXIST);
	ck_assert_int_eq(again, -7);
	ck_assert_int_eq(lrd_file_reserve(fd, 0, 100000), 0);
	ck_assert_int_eq(lrd_file_reserve(fd, 100000, 50), 0);
	ck_assert_int_eq(lrd_file_facts(fd, &facts), 0);
	ck_assert_uint_eq(facts.size_bytes, 100000);
	ck_assert_uint_ge(facts.disk_bytes, 100000);
	ck_assert_int_eq(lrd_file_reserve(fd, 0, UINT64_MAX), LARDER_EFULL);
	ck_assert_int_eq(symlinkat("f", dir, "s"), 0);
	ck_assert_int_eq(lrd_file_open_at(dir, "s", &again), LARDER_EIO);
	ck_assert_int_eq(lrd_file_facts_at(dir, "s", &facts), 0);
	ck_assert(facts.is_symlink);
	/* A FIFO must not make us wait for its other end. */
	ck_assert_int_eq(mkfifoat(dir, "p", 0600), 0);
	ck_assert_int_eq(lrd_file_open_at(dir, "p", &again), LARDER_EIO);
	ck_assert_int_eq(lrd_file_rename_at(dir, "f", "g"), 0);
	ck_assert_int_eq(lrd_file_facts_at(dir, "f", &facts), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_file_unlink_at(dir, "g"), 0);
	ck_assert_int_eq(lrd_file_unlink_at(dir, "g"), 0);
	(void)close(fd);
	(void)close(dir);
}
END_TEST

START_TEST(local_file_systems_are_no_network)
{
	const char *name = "x";
	int dir = open_tmp();

	ck_assert_int_eq(lrd_file_network_name(dir, &name), 0);
	ck_assert_ptr_null(name);
	(void)close(dir);
	ck_assert(lrd_file_in_group((uint32_t)getegid()));
	ck_assert(!lrd_file_in_group(3999999999u));
}
END_TEST

START_TEST(locks_fall_with_their_file)
{
	int dir = open_tmp();
	int a = -1, b = -1;
	bool held = false;
	uint64_t start;

	ck_assert_int_eq(lrd_file_create_at(dir, "f", 0600, &a), 0);
	ck_assert_int_eq(lrd_file_open_at(dir, "f", &b), 0);
	ck_assert_int_eq(lrd_lock_try(a, UINT64_C(1) << 40, 1, false), 0);
	/* The same process, but another open file. */
	ck_assert_int_eq(lrd_lock_try(b, UINT64_C(1) << 40, 1, false), LARDER_EBUSY);
	ck_assert_int_eq(lrd_lock_try(b, (UINT64_C(1) << 40) + 1, 1, false), 0);
	ck_assert_int_eq(lrd_lock_probe(b, UINT64_C(1) << 40, 1, &held), 0);
	ck_assert(held);
	ck_assert_int_eq(lrd_lock_probe(b, (UINT64_C(1) << 40) + 1, 100, &held), 0);
	ck_assert(!held); /* one's own does not count */
	start = lrd_clock_mono_ns();
	ck_assert_int_eq(lrd_lock_wait(b, UINT64_C(1) << 40, 1, start + 20000000),
			 LARDER_EBUSY);
	ck_assert_uint_ge(lrd_clock_mono_ns() - start, 20000000);
	(void)close(a);
	ck_assert_int_eq(lrd_lock_try(b, UINT64_C(1) << 40, 1, false), 0);
	ck_assert_int_eq(lrd_lock_drop(b, UINT64_C(1) << 40, 1), 0);
	(void)close(b);
	(void)close(dir);
}
END_TEST

START_TEST(locks_fall_with_their_process)
{
	int dir = open_tmp();
	int fd = -1;
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(lrd_file_create_at(dir, "f", 0600, &fd), 0);
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int mine = -1;

		if (lrd_file_open_at(dir, "f", &mine) < 0 ||
		    lrd_lock_try(mine, 5, 1, false) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(lrd_lock_try(fd, 5, 1, false), LARDER_EBUSY);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(lrd_lock_try(fd, 5, 1, false), 0);
	(void)close(fd);
	(void)close(dir);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *tc = tcase_create("file");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, directories);
	tcase_add_test(tc, files);
	tcase_add_test(tc, local_file_systems_are_no_network);
	tcase_add_test(tc, locks_fall_with_their_file);
	tcase_add_test(tc, locks_fall_with_their_process);
	return suite;
}
