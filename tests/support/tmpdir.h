/* SPDX-License-Identifier: MIT */
/* tmpdir.h - a directory of a test's own, gone when the test ends. */
#ifndef LARDER_TESTS_TMPDIR_H
#define LARDER_TESTS_TMPDIR_H

#include <stddef.h>

/*
 * Makes a new directory (mode 0700) under $TMPDIR, or /tmp, and returns its path,
 * which lives until the process ends. It is removed with all its contents when
 * the process that made it exits normally; children that fork() from it leave it
 * alone. A failure ends the test.
 */
const char *lrd_tmpdir_new(void);

/* Writes "<dir>/<name>" into path. A path that does not fit ends the test. */
void lrd_tmpdir_path(char *path, size_t size, const char *dir, const char *name);

/* Removes a tree at once; nothing happens when it is not there. */
void lrd_tmpdir_remove(const char *path);

#endif
