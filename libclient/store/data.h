/* SPDX-License-Identifier: MIT */
/* data.h - data.mdb and lock.mdb: building them, checking what names lead to, opening. */
#ifndef LRD_STORE_DATA_H
#define LRD_STORE_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

/* Whether the two names lead to the files that the header names, and those can be mapped. */
enum lrd_data_verdict {
	LRD_DATA_GOOD,
	LRD_DATA_MOVED,   /* whole files, but not those: a copied directory */
	LRD_DATA_UNUSABLE /* missing, cut short, or no files at all */
};
enum lrd_data_verdict lrd_data_inspect(const struct lrd_mount *mount, int dir_fd);

/*
 * Looks at the meta pages before anything is mapped. Where they contradict the file's
 * length every page is looked at. False: something is damaged. With nobody else in the store.
 */
bool lrd_data_looks_sound(const struct lrd_mount *mount, int dir_fd);

/* Writes the identities of the files that are there now into the header. */
int lrd_data_adopt(struct lrd_mount *mount, int dir_fd);

/*
 * Builds new, empty files beside the old ones and renames them over. The old ones live on,
 * nameless, for whoever still reads them.
 */
int lrd_data_build(struct lrd_mount *mount, const struct lrd_mount_request *request,
		   larder_error *err);

/* Opens the environment and the tables. ECORRUPT, EFORMAT: rebuild. */
int lrd_data_open(struct lrd_mount *mount, const char *path, int dir_fd);

/* Makes next_body_id larger than every id in use: for the first opener. */
int lrd_data_check_ids(struct lrd_mount *mount);

#endif
