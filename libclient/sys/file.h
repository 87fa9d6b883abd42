/* SPDX-License-Identifier: MIT */
/*
 * file.h - opening, checking, reserving and locking files safely.
 *
 * Every call returns 0 or a LARDER_E* code and leaves errno as the system set it, so that the
 * caller can name it. No call follows a symlink in the last part of a path.
 */
#ifndef LRD_SYS_FILE_H
#define LRD_SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lrd_file_facts {
	uint64_t dev;
	uint64_t ino;
	uint64_t size_bytes;
	uint64_t disk_bytes; /* what it occupies */
	uint32_t uid;
	uint32_t gid;
	uint32_t mode; /* permission bits only */
	bool is_dir;
	bool is_regular;
	bool is_symlink;
};

/* Of an open descriptor. */
int lrd_file_facts(int fd, struct lrd_file_facts *out);
/* Of a name below a directory (AT_FDCWD: of a path); a symlink itself, not what it points at. */
int lrd_file_facts_at(int dir_fd, const char *name, struct lrd_file_facts *out);

/* Opens a directory for use with the *_at calls. ENOTFOUND, EIO (a file or a symlink too). */
int lrd_dir_open(const char *path, int *out);
/* Makes `path` and what is missing above it; those above get 0700. Existing ones stay as they are. */
int lrd_dir_ensure(const char *path, uint32_t mode);

/* Opens a regular file for reading and writing; never blocks on a FIFO. ENOTFOUND, EIO. */
int lrd_file_open_at(int dir_fd, const char *name, int *out);
/* Creates it empty, and fails with EEXIST where it is. The mode is exact, whatever the umask. */
int lrd_file_create_at(int dir_fd, const char *name, uint32_t mode, int *out);
/* Renames over what may be there; atomic. */
int lrd_file_rename_at(int dir_fd, const char *from, const char *to);
/* Removes a name; a missing one is no error. */
int lrd_file_unlink_at(int dir_fd, const char *name);

/*
 * Gives [from_bytes, to_bytes) blocks on disk, growing the file, so that a later write there
 * cannot meet a full disk. EFULL. On file systems that cannot, zeroes may be written there.
 */
int lrd_file_reserve(int fd, uint64_t from_bytes, uint64_t to_bytes);

/* The name of the network or user-space file system that `fd` is on, NULL for a local one. */
int lrd_file_network_name(int fd, const char **out);

/* Whether the process's user is in group `gid`. */
bool lrd_file_in_group(uint32_t gid);

/*
 * Locks on byte ranges that belong to the open file, not to the process: they fall when its
 * last descriptor is closed, by death too. Exclusive unless `shared`.
 */
int lrd_lock_try(int fd, uint64_t offset, uint64_t len, bool shared); /* EBUSY */
int lrd_lock_wait(int fd, uint64_t offset, uint64_t len, uint64_t deadline_ns); /* EBUSY */
int lrd_lock_drop(int fd, uint64_t offset, uint64_t len);
/* Sets whether another open file has a lock in the range. */
int lrd_lock_probe(int fd, uint64_t offset, uint64_t len, bool *held);

#endif
