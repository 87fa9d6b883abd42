/* SPDX-License-Identifier: MIT */
/* shelf_files.c - the old way: a file for each entry, written aside and renamed. */
#include "bench.h"
#include "shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct state {
	char root[BENCH_PATH_MAX];
};

static void entry_path(const struct state *state, size_t index, char *path)
{
	bench_format(path, BENCH_PATH_MAX, "%s/%016llx", state->root,
		     (unsigned long long)shelf_number(index));
}

static void *open_files(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));

	bench_format(state->root, sizeof(state->root), "%s/files-%zu", folder,
		     load->value_bytes);
	mkdir(state->root, 0700);
	return state;
}

static size_t get_files(void *opaque, size_t index, char *buf)
{
	char path[BENCH_PATH_MAX];
	struct stat facts;
	ssize_t got = 0;
	int fd;

	entry_path(opaque, index, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &facts) == 0)
		got = read(fd, buf, (size_t)facts.st_size);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

static void put_files(void *opaque, size_t first, size_t count, const char *value,
		      size_t len)
{
	struct state *state = opaque;
	char path[BENCH_PATH_MAX], aside[BENCH_PATH_MAX];
	int fd;

	(void)count;
	entry_path(state, first, path);
	bench_format(aside, sizeof(aside), "%s/aside-%ld", state->root, (long)getpid());
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, value, len) != (ssize_t)len || close(fd) != 0 ||
	    rename(aside, path) != 0)
		bench_die("files: %s: %s", path, strerror(errno));
}

static void remove_files(void *opaque, size_t index)
{
	char path[BENCH_PATH_MAX];

	entry_path(opaque, index, path);
	if (unlink(path) != 0)
		bench_die("files: %s: %s", path, strerror(errno));
}

static void child_files(void *opaque)
{
	(void)opaque;
}

static void close_files(void *opaque)
{
	free(opaque);
}

const struct shelf_contender shelf_files = {
	.name = "a file for each entry",
	.entries_max = 5000,
	.open = open_files,
	.get = get_files,
	.put = put_files,
	.remove = remove_files,
	.child = child_files,
	.close = close_files,
};
