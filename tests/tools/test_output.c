/* SPDX-License-Identifier: MIT */
/* test_output.c - a file appears whole or not at all, and replaces what was there at the end. */
#include "tools/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static const char *folder;

static void enter(void)
{
	folder = lrd_tmpdir_new();
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	lrd_tmpdir_remove(folder);
}

/* Names in the folder but "." and "..". */
static int count_names(void)
{
	DIR *dir = opendir(".");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void expect_file(const char *name, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(name, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_lt(fread(got, 1, sizeof(got), file), sizeof(got));
	fclose(file);
	ck_assert_str_eq(got, text);
}

START_TEST(nothing_is_there_before_the_commit)
{
	struct lrd_cli_output out;

	ck_assert_int_eq(lrd_cli_output_open("new", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "half", 4), 0);
	ck_assert_int_ne(access("new", F_OK), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, " whole", 6), 0);
	ck_assert_int_eq(lrd_cli_output_commit(&out), 0);
	expect_file("new", "half whole");
	ck_assert_int_eq(count_names(), 1);
}
END_TEST

START_TEST(an_abort_leaves_what_was_there)
{
	struct lrd_cli_output out;

	write_file("old", "old");
	ck_assert_int_eq(lrd_cli_output_open("old", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "new", 3), 0);
	expect_file("old", "old");
	lrd_cli_output_abort(&out);
	expect_file("old", "old");
	ck_assert_int_eq(count_names(), 1);
}
END_TEST

START_TEST(a_commit_replaces_and_keeps_the_mode)
{
	struct lrd_cli_output out;
	struct stat facts;

	write_file("old", "old");
	ck_assert_int_eq(chmod("old", 0600), 0);
	ck_assert_int_eq(lrd_cli_output_open("old", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "new", 3), 0);
	ck_assert_int_eq(lrd_cli_output_commit(&out), 0);
	expect_file("old", "new");
	ck_assert_int_eq(stat("old", &facts), 0);
	ck_assert_uint_eq(facts.st_mode & 0777, 0600);
	ck_assert_int_eq(count_names(), 1);
}
END_TEST

START_TEST(a_symlink_stays_and_its_file_is_replaced)
{
	struct lrd_cli_output out;
	struct stat facts;

	write_file("target", "old");
	ck_assert_int_eq(symlink("target", "link"), 0);
	ck_assert_int_eq(lrd_cli_output_open("link", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "new", 3), 0);
	ck_assert_int_eq(lrd_cli_output_commit(&out), 0);
	ck_assert_int_eq(lstat("link", &facts), 0);
	ck_assert(S_ISLNK(facts.st_mode));
	expect_file("target", "new");
}
END_TEST

START_TEST(devices_are_written_to)
{
	struct lrd_cli_output out;
	struct stat facts;

	ck_assert_int_eq(lrd_cli_output_open("/dev/null", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "x", 1), 0);
	ck_assert_int_eq(lrd_cli_output_commit(&out), 0);
	ck_assert_int_eq(stat("/dev/null", &facts), 0);
	ck_assert(S_ISCHR(facts.st_mode));
	ck_assert_int_eq(lrd_cli_output_open("/dev/full", &out), 0);
	ck_assert_int_eq(lrd_cli_output_write(&out, "x", 1), LARDER_EFULL);
	lrd_cli_output_abort(&out);
}
END_TEST

START_TEST(a_missing_folder_is_named)
{
	struct lrd_cli_output out = { .fd = 77 };

	ck_assert_int_eq(lrd_cli_output_open("no/such/file", &out), LARDER_ENOTFOUND);
	ck_assert_int_eq(out.fd, 77);
	ck_assert_int_eq(lrd_cli_output_open(folder, &out), LARDER_EIO);
	ck_assert_int_eq(out.fd, 77);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("tools/output");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, enter, leave);
	tcase_add_test(tcase, nothing_is_there_before_the_commit);
	tcase_add_test(tcase, an_abort_leaves_what_was_there);
	tcase_add_test(tcase, a_commit_replaces_and_keeps_the_mode);
	tcase_add_test(tcase, a_symlink_stays_and_its_file_is_replaced);
	tcase_add_test(tcase, devices_are_written_to);
	tcase_add_test(tcase, a_missing_folder_is_named);
	suite_add_tcase(suite, tcase);
	return suite;
}
