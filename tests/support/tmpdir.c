/* SPDX-License-Identifier: MIT */
/* tmpdir.c - a directory of a test's own, gone when the test ends. */
#include "tests/support/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define PATH_BYTES 512

struct tmpdir {
	struct tmpdir *next;
	pid_t owner;
	char path[PATH_BYTES];
};

static struct tmpdir *all;

static _Noreturn void die(const char *what)
{
	perror(what);
	abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void lrd_tmpdir_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_all(void)
{
	while (all) {
		struct tmpdir *dir = all;

		all = dir->next;
		if (dir->owner == getpid())
			lrd_tmpdir_remove(dir->path);
		free(dir);
	}
}

const char *lrd_tmpdir_new(void)
{
	const char *base = getenv("TMPDIR");
	struct tmpdir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		die("lrd_tmpdir_new");
	if (!base || !*base)
		base = "/tmp";
	lrd_tmpdir_path(dir->path, sizeof(dir->path), base, "larder-test-XXXXXX");
	if (!mkdtemp(dir->path))
		die(dir->path);
	dir->owner = getpid();
	if (!all)
		atexit(remove_all);
	dir->next = all;
	all = dir;
	return dir->path;
}

void lrd_tmpdir_path(char *path, size_t size, const char *dir, const char *name)
{
	int len = snprintf(path, size, "%s/%s", dir, name);

	if (len < 0 || (size_t)len >= size)
		die("lrd_tmpdir_path: too long");
}
