/* SPDX-License-Identifier: MIT */
/* ours.h - whether what lies in a directory is a store's, and may be written over. */
#ifndef LRD_STORE_OURS_H
#define LRD_STORE_OURS_H

#include <stdbool.h>

/* What the files beside `control` say of their maker. */
enum lrd_ours {
	LRD_OURS_NOTHING, /* none of a store's names is there */
	LRD_OURS_STORE, /* data.mdb has a store's three tables and no other, or no byte set */
	LRD_OURS_ALIEN /* another program's, or past telling */
};

/* Looks by pread(2); nothing is changed. What cannot be read is alien. */
enum lrd_ours lrd_ours_data(int dir_fd);

/* Whether a file has no byte that is not zero: a file like that has nothing to lose. */
bool lrd_ours_is_blank(int fd);

#endif
