/* SPDX-License-Identifier: MIT */
/* identity.h - whether a directory and its files are a store that this process may open. */
#ifndef LRD_STORE_IDENTITY_H
#define LRD_STORE_IDENTITY_H

#include <stdbool.h>

#include <larder/types.h>

#include "sys/file.h"

/* The names below the directory. */
#define LRD_FILE_CONTROL  "control"
#define LRD_FILE_DATA     "data.mdb"
#define LRD_FILE_LOCK     "lock.mdb"
#define LRD_FILE_NEW_DATA "new.mdb"
#define LRD_FILE_NEW_LOCK "new.mdb-lock"

/*
 * Opens the directory and checks its type, owner, mode and file system. With `create`, makes
 * it where absent (0700, or 02770 when `group_shared`). ESTORE says what is wrong in `err`.
 */
int lrd_identity_open_dir(const char *path, bool create, bool group_shared, int *out,
			  larder_error *err);

/* The directory is writable by its group: refused unless the store was made so. */
int lrd_identity_check_group(const char *path, int dir_fd, bool group_shared,
			     larder_error *err);

/* Checks type, owner and mode of an open file of the store. */
int lrd_identity_check_file(const char *path, const char *name, int dir_fd, int fd,
			    larder_error *err);

#endif
